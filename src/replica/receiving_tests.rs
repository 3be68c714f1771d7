//! What becomes of segments that come: two replicas in one process, and members' programs that misbehave.

use super::fixture::{Hand, Link, Peer, header_of, insert, now, schema};
use dag::author_key::AuthorKey;
use dag::commit::Commit;
use dag::hlc::Hlc;
use dag::id::CommitId;
use gossip::Fault;

/// Two members that have met, the second with all of the first's commits.
fn pair() -> (Peer, Peer) {
    let founder = Peer::founder(1_000);
    let other = founder.newcomer(1_000);
    Link::default().pull(&other, &founder);
    (founder, other)
}

/// A member whose commits the test writes by hand.
fn member(founder: &Peer) -> Hand {
    let key = AuthorKey::from_seed([77; 32]);
    let admission = founder.admit(&key);
    Hand::new(key, 5, admission)
}

/// The next commit of a chain, without changes.
fn empty(hand: &mut Hand, peer: &Peer, hlc: Hlc) -> Commit {
    let header = hand.header(peer, &[], hlc);
    hand.commit(header, &Default::default())
}

fn after(peer: &Peer, id: CommitId) -> Hlc {
    Hlc(header_of(peer, id).hlc.0 + 1)
}

#[test]
fn two_replicas_write_apart_and_agree_when_they_have_pulled_from_each_other() {
    let (mut one, mut two) = pair();
    let (schema, table) = schema();
    one.write(schema);
    assert_eq!(Link::default().pull(&two, &one), 1);
    for n in 0..40 {
        one.write(insert(&table, n, "one"));
        two.write(insert(&table, 20 + n, "two"));
        if n == 15 {
            one.restart();
        }
        if n == 25 {
            two.restart();
        }
    }
    assert_eq!(Link::default().pull(&one, &two), 40);
    assert_eq!(Link::default().pull(&two, &one), 40);
    assert_eq!(one.main(), two.main());
    assert_eq!(one.main().0.len(), 2);
    one.write(insert(&table, 100, "joins"));
    let mut link = Link::default();
    assert_eq!((link.pull(&two, &one), link.messages), (1, 2), "one part, one end");
    assert_eq!((one.main(), one.main().0.len()), (two.main(), 1));
    assert!(one.held().is_empty() && two.held().is_empty());
}

#[test]
fn what_is_not_signed_and_on_disk_does_not_show() {
    let (one, two) = pair();
    let local = one.local();
    let committed = local.write(&mut local.latch(), &local.joining()).unwrap();
    local.desk.finish();
    committed.durable.wait_blocking().unwrap();
    assert!(!one.has(&committed.id), "no tip yet (R14)");
    assert_eq!(Link::default().pull(&two, &one), 1, "announcing signs");
    assert!(one.has(&committed.id) && two.has(&committed.id));
}

#[test]
fn a_segment_without_its_parents_waits_names_them_and_enters_with_them() {
    let (founder, _) = pair();
    let mut hand = member(&founder);
    let time = after(&founder, hand.prev);
    let commits: Vec<Commit> = (0..3).map(|n| empty(&mut hand, &founder, Hlc(time.0 + n))).collect();
    let segments: Vec<_> = commits.iter().map(|c| hand.segment(std::slice::from_ref(c), Hlc(0))).collect();
    let from = hand.key.id();
    let late = founder.local().admit(&from, vec![segments[2].clone(), segments[1].clone()]);
    assert_eq!((late.entered, late.faults, late.missing), (0, vec![], vec![commits[0].id]));
    assert_eq!(founder.held().len(), 2);
    assert_eq!(founder.local().admit(&from, vec![segments[0].clone()]).entered, 3, "what waited follows");
    assert!(founder.held().is_empty() && founder.has(&commits[2].id));
}

#[test]
fn held_commits_survive_restarts_are_relayed_and_enter_in_their_time() {
    let (mut founder, mut other) = pair();
    let mut hand = member(&founder);
    Link::default().pull(&other, &founder);
    let future = Hlc::new(now(&founder) + dag::admit::MAX_CLOCK_SKEW_MILLIS + 2_500, 0);
    let first = empty(&mut hand, &founder, future);
    let child = empty(&mut hand, &founder, Hlc(future.0 + 1));
    let mut newer = hand.header(&founder, &[], Hlc(future.0 + 2));
    newer.rules_level = 2;
    let newer = hand.commit(newer, &Default::default());
    let segments = [&first, &child, &newer].map(|c| hand.segment(std::slice::from_ref(c), Hlc(0)));
    let admission = founder.local().admit(&hand.key.id(), segments.to_vec());
    assert_eq!((admission.entered, admission.faults, admission.missing), (0, vec![], vec![]));
    founder.restart();
    assert_eq!(founder.held().len(), 3, "{:?}", founder.held());
    assert!(founder.held().iter().any(|(id, why)| *id == newer.id && why.contains("rules level 2")));
    // Relayed: whoever asks gets them, and holds them too.
    let relayed: Vec<_> = [&first, &child, &newer].iter().filter_map(|c| founder.local().held_segment(&c.id)).collect();
    assert_eq!(relayed, segments);
    assert_eq!(other.local().admit(&founder.local().author, relayed).entered, 0);
    other.restart();
    std::thread::sleep(std::time::Duration::from_millis(2_600));
    for peer in [&founder, &other] {
        peer.local().admit_due();
        assert!(peer.has(&child.id) && !peer.has(&newer.id));
    }
    Link::default().pull(&founder, &other);
    Link::default().pull(&other, &founder);
    assert_eq!(founder.main(), other.main());
}

#[test]
fn a_bad_segment_is_counted_and_stops_nobody_elses() {
    let (founder, _) = pair();
    let mut hand = member(&founder);
    let time = after(&founder, hand.prev);
    let good = empty(&mut hand, &founder, time);
    let good = hand.segment(&[good], Hlc(0));
    let mut forged = good.clone();
    forged.tip[40] ^= 1;
    let stranger = {
        let mut s = Hand::new(AuthorKey::from_seed([9; 32]), 1, hand.prev);
        let header = s.header(&founder, &[], Hlc(time.0 + 9));
        let c = s.commit(header, &Default::default());
        s.segment(&[c], Hlc(0))
    };
    let garbage = gossip::RawSegment { commits: vec![vec![1, 2, 3].into()], tip: vec![4].into() };
    let admission = founder.local().admit(&hand.key.id(), vec![forged, garbage, good, stranger]);
    assert_eq!((admission.entered, admission.faults), (1, vec![Fault::Invalid; 3]));
}

#[test]
fn two_commits_with_one_number_both_stay_and_a_broken_promise_is_kept_as_proof() {
    let (mut founder, other) = pair();
    let mut hand = member(&founder);
    let time = after(&founder, hand.prev);
    let mut twin = Hand::new(AuthorKey::from_seed([77; 32]), 5, hand.prev);
    let a = empty(&mut hand, &founder, time);
    let b = empty(&mut twin, &founder, Hlc(time.0 + 1));
    let promise = Hlc(time.0 + 1_000);
    let from = hand.key.id();
    let segments =
        vec![hand.segment(std::slice::from_ref(&a), Hlc(0)), twin.segment(std::slice::from_ref(&b), promise)];
    assert_eq!(founder.local().admit(&from, segments).entered, 2);
    assert!(founder.main().0.contains(&a.id) && founder.main().0.contains(&b.id), "both stay (R6)");
    let broken = empty(&mut hand, &founder, Hlc(time.0 + 9));
    let segment = hand.segment(std::slice::from_ref(&broken), Hlc(0));
    let admission = founder.local().admit(&from, vec![segment]);
    assert_eq!((admission.entered, admission.faults), (0, vec![]), "neither admitted nor refused (R15)");
    founder.restart();
    assert!(
        founder.held().iter().any(|(id, why)| *id == broken.id && why.contains("promised")),
        "{:?}",
        founder.held()
    );
    assert!(founder.local().held_segment(&broken.id).is_some(), "the proof can be shown");
    Link::default().pull(&other, &founder);
    assert_eq!(other.main(), founder.main(), "the proof of equivocation spreads");
}

#[test]
fn a_copied_folder_stops_writing_when_it_hears_of_its_twin() {
    let (founder, _) = pair();
    let (schema, _) = schema();
    std::thread::sleep(std::time::Duration::from_millis(100));
    let mut copy = Hand::new(founder.key(), 99, founder.local().latch().prev.unwrap());
    let header = copy.header(&founder, &[], Hlc::new(now(&founder) + 4_950, 0));
    let commit = copy.commit(header, &Default::default());
    assert!(founder.local().refusal().is_none());
    assert_eq!(founder.local().admit(&copy.key.id(), vec![copy.segment(&[commit], Hlc(0))]).entered, 1);
    let (_, basis) = sql::journal::Journal::newest(&**founder.local());
    let draft = sql::journal::Draft { changes: schema, basis, settles: Vec::new(), user: "".into() };
    let refused = sql::journal::Journal::commit(&**founder.local(), draft).err().unwrap();
    assert!(refused.code == 1290 && refused.message.contains("another live instance"), "{refused:?}");
}
