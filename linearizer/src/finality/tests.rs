//! Tables over floors, stable, disputes, and when to speak.

use super::*;
use crate::limits::MAX_PENDING;

const ME: AuthorId = AuthorId([1; 32]);

fn author(n: u8) -> AuthorId {
    AuthorId([n; 32])
}

fn hash(of: u64) -> NodeId {
    NodeId([of as u8; 32])
}

fn word(promise: u64, floor: u64, of: u64) -> Word {
    Word { promise: Hlc(promise), floor: Hlc(floor), floor_hash: hash(of) }
}

/// Everybody's words; writing since 0 unless said; main's hash at a time is that time, known from 10 on.
fn settled(words: &[(u8, Word)], writing: &[(u8, u64)]) -> Finality {
    let mut finality = Finality::new(ME, Hlc(30));
    words.iter().for_each(|(n, word)| _ = finality.heard(author(*n), *word));
    settle(&mut finality, writing);
    finality
}

fn settle(finality: &mut Finality, writing: &[(u8, u64)]) -> bool {
    let writing = writing.iter().map(|(n, since)| (author(*n), Hlc(*since))).collect();
    finality.settle(writing, &mut |at| (at.0 >= 10).then(|| hash(at.0)))
}

#[test]
fn stable_is_the_least_floor_of_those_who_agree() {
    let both: &[(u8, u64)] = &[(1, 0), (2, 0)];
    type Case<'a> = (&'a str, &'a [(u8, Word)], &'a [(u8, u64)], u64, u64, usize);
    let cases: &[Case<'_>] = &[
        ("alone, its own promise", &[(1, word(70, 0, 0))], &[(1, 0)], 70, 70, 0),
        ("two, the lower floor", &[(1, word(70, 0, 0)), (2, word(60, 50, 50))], both, 60, 50, 0),
        ("a floor above ours waits", &[(1, word(70, 0, 0)), (2, word(60, 65, 65))], both, 60, 30, 0),
        ("a silent one holds it, never turns it back", &[(1, word(70, 0, 0)), (2, word(9, 8, 8))], both, 30, 30, 0),
        ("another main stops it", &[(1, word(70, 0, 0)), (2, word(60, 50, 51))], both, 60, 30, 1),
        ("one that never spoke stands where it was let in", &[(1, word(70, 0, 0))], &[(1, 0), (2, 40)], 40, 40, 0),
        ("a reader's floor does not count", &[(1, word(70, 0, 0)), (2, word(35, 34, 3))], &[(1, 0)], 70, 70, 0),
    ];
    for (name, words, writing, floor, stable, disputes) in cases {
        let finality = settled(words, writing);
        let found = (finality.floor().0, finality.stable().0, finality.disputes().count());
        assert_eq!(found, (*floor, *stable, *disputes), "{name}");
    }
}

#[test]
fn a_floor_heard_too_early_is_compared_once_ours_is_there_even_behind_later_ones() {
    let both: &[(u8, u64)] = &[(1, 0), (2, 0)];
    let mut finality = settled(&[(1, word(40, 0, 0)), (2, word(60, 50, 50))], both);
    (61..200).for_each(|n| _ = finality.heard(author(2), word(n + 5, n, n)));
    finality.heard(ME, word(55, 0, 0));
    assert!(settle(&mut finality, both));
    assert_eq!((finality.stable(), finality.voice(&author(2)).unwrap().agreed()), (Hlc(50), Hlc(50)));
}

/// The 65th floor told before ours is there takes the place of the 64th; the oldest stay.
#[test]
fn so_many_floors_of_a_member_wait_and_no_more() {
    let both: &[(u8, u64)] = &[(1, 0), (2, 0)];
    let last = 30 + MAX_PENDING as u64;
    for (told, ours, agreed) in [(last, last, last), (last + 1, last, last - 1), (last + 1, last + 1, last + 1)] {
        let floors = (31..=told).map(|n| (2, word(1_000, n, n)));
        let words: Vec<_> = floors.chain([(1, word(ours, 0, 0))]).collect();
        let finality = settled(&words, both);
        assert_eq!(finality.voice(&author(2)).unwrap().agreed(), Hlc(agreed), "told through {told}, ours at {ours}");
    }
}

#[test]
fn a_dispute_is_named_and_ends_when_main_is_the_same_again() {
    let both: &[(u8, u64)] = &[(1, 0), (2, 0)];
    let mut finality = settled(&[(1, word(90, 0, 0)), (2, word(80, 50, 51))], both);
    assert_eq!(finality.disputes().collect::<Vec<_>>(), [(author(2), Hlc(50))]);
    finality.heard(author(2), word(80, 60, 61));
    settle(&mut finality, both);
    assert_eq!((finality.stable(), finality.disputes().next()), (Hlc(30), Some((author(2), Hlc(50)))));
    finality.heard(author(2), word(80, 70, 70));
    settle(&mut finality, both);
    assert_eq!((finality.stable(), finality.disputes().next()), (Hlc(70), None));
}

/// 2 and 3 have each what 4 sent to them: none of them is to blame, nor are we.
#[test]
fn the_author_behind_two_branches_is_named_and_not_a_member_that_has_another_of_them() {
    let four: &[(u8, u64)] = &[(1, 0), (2, 0), (3, 0), (4, 0)];
    let words = [(1, word(90, 0, 0)), (2, word(80, 50, 51)), (3, word(80, 50, 50)), (4, word(80, 50, 50))];
    let mut finality = settled(&words, four);
    assert_eq!(finality.culprits(), [author(2)], "no proof against anybody yet");
    for mark in [Mark::Equivocated, Mark::BrokePromise] {
        finality.mark(author(4), mark);
        assert_eq!((finality.culprits(), finality.holds(Hlc(60))), (vec![author(4)], vec![author(4)]), "{mark:?}");
    }
    assert_eq!(finality.stable(), Hlc(30), "stable stands still");
    finality.heard(author(2), word(90, 60, 60));
    settle(&mut finality, four);
    assert_eq!((finality.culprits(), finality.stable()), (vec![], Hlc(50)), "no dispute, nobody to cut");
}

#[test]
fn two_hashes_at_one_floor_mark_their_author() {
    let mut finality = settled(&[(1, word(90, 0, 0)), (2, word(80, 50, 50))], &[(1, 0), (2, 0)]);
    finality.heard(author(2), word(85, 50, 50));
    finality.heard(author(2), word(85, 60, 60));
    assert!(finality.marks(&author(2)).is_empty(), "the same again, and more of it");
    finality.heard(author(2), word(86, 60, 61));
    assert_eq!(finality.marks(&author(2)), [Mark::TwoTongues].into());
}

#[test]
fn who_holds_stable_back_is_named() {
    let words = [(1, word(90, 0, 0)), (2, word(80, 50, 50)), (3, word(40, 35, 35))];
    let finality = settled(&words, &[(1, 0), (2, 0), (3, 0)]);
    assert_eq!(finality.holds(Hlc(60)), [author(3)], "its promise");
    assert_eq!(finality.holds(Hlc(40)), [author(3)], "its floor");
    assert_eq!(finality.holds(Hlc(30)), []);
}

#[test]
fn a_tip_is_due_for_commits_promises_floors_and_after_long_silence() {
    let three = [(1, 0), (2, 0), (3, 0)];
    let mut finality = settled(&[(2, word(70, 0, 0)), (3, word(60, 0, 0))], &three);
    let outlook = |newest, newest_heard, now_millis| Outlook {
        unsigned: false,
        newest: Hlc(newest),
        newest_heard: Hlc(newest_heard),
        unvouched: false,
        now_millis,
    };
    assert_eq!(finality.due(&outlook(0, 0, 1)), None, "no commit of its own to sign");
    finality.spoke(word(65, 40, 40), 1_000);
    settle(&mut finality, &three);
    for (name, outlook, due) in [
        ("own commits", Outlook { unsigned: true, ..outlook(65, 40, 1_001) }, Some(Renewal::Commits)),
        ("a commit above the promise", outlook(66, 40, 1_001), Some(Renewal::Promise)),
        ("all is said", outlook(65, 40, 1_001), None),
        ("the floor passed a commit", outlook(65, 55, 1_001), Some(Renewal::Floor)),
        ("what the floor has not passed", outlook(65, 40, 1_001), None),
        ("a checkpoint", Outlook { unvouched: true, ..outlook(65, 40, 1_001) }, Some(Renewal::Checkpoint)),
        ("just before the heartbeat", outlook(65, 40, 60_999), None),
        ("the heartbeat", outlook(65, 40, 61_000), Some(Renewal::Heartbeat)),
    ] {
        assert_eq!(finality.due(&outlook), due, "{name}");
    }
}

/// Members in a circle of tips: every tip reaches everybody at once, and whoever is due speaks, until nobody is.
#[test]
fn a_commit_becomes_stable_everywhere_and_then_everybody_is_quiet() {
    const MEMBERS: u8 = 5;
    let writing: Vec<Writing> = (1..=MEMBERS).map(|n| (author(n), Hlc(1))).collect();
    let mut members: Vec<Finality> = (1..=MEMBERS).map(|n| Finality::new(author(n), Hlc(0))).collect();
    let mut hash_at = |at: Hlc| Some(hash(at.0));
    let mut tips: Vec<(AuthorId, Word)> = Vec::new();
    for (n, member) in members.iter_mut().enumerate() {
        member.settle(writing.clone(), &mut hash_at);
        let word = Word { promise: Hlc(2), ..Word::default() };
        member.spoke(word, 0);
        tips.push((author(n as u8 + 1), word));
    }
    let commit = Hlc::new(100, 0);
    let mut spoken = 0;
    for round in 0.. {
        let heard = std::mem::take(&mut tips);
        for (n, member) in members.iter_mut().enumerate() {
            heard.iter().for_each(|(author, word)| _ = member.heard(*author, *word));
            member.settle(writing.clone(), &mut hash_at);
            let newest_heard = if member.floor() >= commit { commit } else { Hlc(2) };
            let unsigned = round == 0 && n == 0;
            let outlook = Outlook { unsigned, newest: commit, newest_heard, unvouched: false, now_millis: 100 + round };
            if member.due(&outlook).is_some() {
                let promise = promise(commit, member.promise(), 100 + round);
                let floor = member.floor_with(promise);
                let word = Word { promise, floor, floor_hash: hash(floor.0) };
                member.spoke(word, 100 + round);
                tips.push((member.own, word));
                spoken += 1;
            }
        }
        if tips.is_empty() {
            assert!(round <= 4, "{round} rounds");
            break;
        }
    }
    assert!(members.iter().all(|member| member.stable() >= commit), "{members:?}");
    assert!(spoken <= 3 * usize::from(MEMBERS), "{spoken} tips");
}
