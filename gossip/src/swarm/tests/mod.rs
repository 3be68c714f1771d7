//! Real networks on this machine: hosts of plain letters, and a node that says what it likes.

mod host;
mod objects;
mod raw;

use crate::announcement::Announcement;
use crate::codec::frame;
use crate::exchange::tests::id;
use crate::faults::Fault;
use crate::handle::AskError;
use crate::hello::Access;
use crate::limits::{MAX_FRAME, Rate};
use crate::message::Message;
use crate::options::StartError;
use crate::swarm::Network;
use crate::ticket::RefusalKind;
use dag::id::NodeId;
use dag::version::Versions;
use host::{Node, TestHost, World, author, options};
use raw::Raw;
use serde_bytes::ByteBuf;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// A node of author 1 that knows authors 1 to 5 as members, and has a commit.
async fn node() -> Node {
    let host = TestHost::new(1, 1, &[1, 2, 3, 4, 5], &World::default());
    host.write(1, &[1]);
    Node::start(&host, options(1, &[])).await
}

#[tokio::test]
async fn what_is_written_anywhere_arrives_everywhere() {
    let world = World::default();
    let hosts = [1, 2, 3].map(|n| TestHost::new(n, 1, &[1, 2, 3], &world));
    hosts[0].write(1, &[1, 2, 3]);
    let first = Node::start(&hosts[0], options(1, &[])).await;
    let second = Node::start(&hosts[1], options(2, &[first.address])).await;
    // The third knows only the second; it learns of the first from what others announce.
    let third = Node::start(&hosts[2], options(3, &[second.address])).await;
    third.until("the first's commits arrive", |n| n.host.heads() == [id(3)]).await;
    hosts[2].write(3, &[4]);
    third.handle.changed();
    first.until("the third's commit arrives", |n| n.host.heads() == [id(4)]).await;
    first.handle.ask(2).await.unwrap();
    assert_eq!(first.handle.ask(9).await, Err(AskError::Few { wanted: 8, connected: first.handle.peers().len() }));
}

#[tokio::test]
async fn a_stranger_is_served_nothing_until_it_is_admitted() {
    let node = node().await;
    let mut raw = Raw::connect(9, node.address).await;
    let fetch = Message::Fetch { fetch: 1, want: vec![id(1)], have: vec![] };
    for said in [raw.hello(), fetch.clone(), Message::Ask, Message::Root, Message::Checkpoints] {
        let answer = raw.say(&said).await.unwrap();
        let refused = matches!(&answer[..], [Message::Refused(r)] if r.kind == RefusalKind::Stranger);
        assert!(refused, "{said:?}: {answer:?}");
    }
    assert_eq!(node.faults(9, Fault::Stranger), 4, "greeting is no fault");
    node.host.members.lock().unwrap().insert(author(9));
    let greeted = raw.hello();
    assert!(matches!(raw.say(&greeted).await.unwrap()[..], [Message::Hello(_)]));
    assert!(matches!(raw.say(&fetch).await.unwrap().last(), Some(Message::Done { parts: 1, .. })));
    assert!(matches!(raw.say(&Message::Root).await.unwrap()[..], [Message::Stock(_)]));
    let has = Message::Has { ids: vec![NodeId([1; 32]), NodeId([2; 32])] };
    assert_eq!(raw.say(&has).await.unwrap(), [Message::Holds { held: vec![false, false] }]);
}

#[tokio::test]
async fn bytes_that_no_honest_program_sends_end_in_a_ban() {
    let ask = frame(&Message::Ask).unwrap();
    let huge = ((MAX_FRAME + 1) as u32).to_be_bytes().to_vec();
    let cases = [
        (2, b"\x00\x00\x00\x03abc".to_vec(), Fault::Malformed, true),
        (3, ask[..ask.len() - 1].to_vec(), Fault::Gap, false),
        (4, huge, Fault::TooLarge, true),
    ];
    let node = node().await;
    for (seed, bytes, fault, banned) in cases {
        let mut raw = Raw::connect(seed, node.address).await;
        let hello = raw.hello();
        raw.say(&hello).await.unwrap();
        for _ in 0..3 {
            assert_eq!(raw.say_bytes(bytes.clone()).await, None);
        }
        node.until("the faults are counted", |n| n.faults(seed, fault) == 3).await;
        if banned {
            node.until("the ban", |n| n.bans(seed)).await;
        } else {
            assert!(!node.bans(seed), "a cut line is no malice");
        }
    }
    // Nobody else is any worse off.
    let mut honest = Raw::connect(5, node.address).await;
    let hello = honest.hello();
    assert!(matches!(honest.say(&hello).await.unwrap()[..], [Message::Hello(_)]));
}

#[tokio::test]
async fn forged_segments_and_unasked_ones_are_counted_and_end_in_a_ban() {
    let node = node().await;
    let mut raw = Raw::connect(2, node.address).await;
    let forged = Message::Part {
        fetch: 1,
        index: 0,
        commits: vec![ByteBuf::from(vec![9; 32])],
        cut: false,
        tip: Some(ByteBuf::from(vec![1])),
    };
    let answer = vec![forged.clone(), Message::Done { fetch: 1, parts: 1, more: false }];
    raw.answer = Box::new(move |asked| matches!(asked, Message::Fetch { .. }).then(|| answer.clone()));
    let hello = raw.hello();
    raw.say(&hello).await.unwrap();
    // A part as a request: nobody can make another one write.
    assert_eq!(raw.say(&forged).await, None);
    node.until("the unasked part is counted", |n| n.faults(2, Fault::Unasked) == 1).await;
    let announcement = Announcement::new(None, &[id(99)], [0; 32], &Versions::new(), &[]);
    drop(raw.say(&Message::Announce(announcement)).await);
    raw.listen(Duration::from_millis(300), None).await;
    node.until("the forgery is counted", |n| n.faults(2, Fault::Invalid) >= 1).await;
    assert_eq!(node.host.heads(), [id(1)], "nothing entered");
}

#[tokio::test]
async fn a_flood_is_cut_off_and_its_ban_ends() {
    let announcement = Announcement::new(None, &[], [0; 32], &Versions::new(), &[]);
    tokio::join!(floods(Message::Ask), floods(Message::Announce(announcement)));
}

async fn floods(with: Message) {
    let mut limited = options(1, &[]);
    limited.limits.requests = Rate { per_second: 5, burst: 10 };
    limited.limits.first_ban = Duration::from_millis(300);
    let host = TestHost::new(1, 1, &[1, 2, 3], &World::default());
    let node = Node::start(&host, limited).await;
    let mut raw = Raw::connect(2, node.address).await;
    let mut answered = 0;
    for _ in 0..60 {
        match raw.say(&with).await {
            Some(_) => answered += 1,
            None if node.bans(2) => break,
            None => {}
        }
    }
    assert!((10..20).contains(&answered), "{answered} of a burst of 10");
    node.until("the ban", |n| n.bans(2) && n.faults(2, Fault::Flood) >= 10).await;
    let mut other = Raw::connect(3, node.address).await;
    let hello = other.hello();
    assert!(other.say(&hello).await.is_some() && other.say(&Message::Ask).await.is_some(), "nobody else is cut off");
    // The status keeps the end of the last ban; the ban itself is over by then.
    tokio::time::sleep(Duration::from_millis(500)).await;
    let mut again = Raw::connect(2, node.address).await;
    let hello = again.hello();
    assert!(again.say(&hello).await.is_some());
}

#[tokio::test]
async fn a_peer_that_never_answers_stops_nobody_else() {
    let world = World::default();
    let hosts = [1, 2].map(|n| TestHost::new(n, 1, &[1, 2, 9], &world));
    let mut impatient = options(1, &[]);
    impatient.limits.answer_patience = Duration::from_secs(1);
    let node = Node::start(&hosts[0], impatient).await;
    let mut silent = Raw::connect(9, node.address).await;
    let hello = silent.hello();
    silent.say(&hello).await.unwrap();
    let announcement = Announcement::new(None, &[id(1)], [0; 32], &Versions::new(), &[]);
    drop(silent.say(&Message::Announce(announcement)).await);
    hosts[1].write(2, &[1]);
    let _other = Node::start(&hosts[1], options(2, &[node.address])).await;
    node.until("the other's commit arrives", |n| n.host.heads() == [id(1)]).await;
    node.until("the silence is counted", |n| n.faults(9, Fault::Silent) >= 1).await;
}

// Commit 2 stands on 1, which nobody has: its author never gives it.
#[tokio::test]
async fn a_commit_on_parents_that_nobody_has_is_counted_and_stops_nobody_else() {
    let world = World::default();
    let hosts = [1, 2].map(|n| TestHost::new(n, 1, &[1, 2, 9], &world));
    TestHost::new(9, 1, &[], &world).write(9, &[1, 2]);
    hosts[1].write(2, &[3]);
    let node = Node::start(&hosts[0], options(1, &[])).await;
    let mut raw = Raw::connect(9, node.address).await;
    raw.answer = Box::new(|asked| {
        let Message::Fetch { fetch, want, .. } = asked else { return None };
        let (fetch, commits) = (*fetch, vec![ByteBuf::from(id(2).0.to_vec())]);
        let part = Message::Part { fetch, index: 0, commits, cut: false, tip: Some(ByteBuf::from(vec![1])) };
        let parts = if want.contains(&id(2)) { vec![part] } else { vec![] };
        let done = Message::Done { fetch, parts: parts.len() as u64, more: false };
        Some(parts.into_iter().chain([done]).collect())
    });
    let hello = raw.hello();
    raw.say(&hello).await.unwrap();
    let announcement = Announcement::new(None, &[id(2)], [0; 32], &Versions::new(), &[]);
    drop(raw.say(&Message::Announce(announcement)).await);
    let others = async {
        node.until("it is counted", |n| n.faults(9, Fault::Lacking) >= 1).await;
        let _other = Node::start(&hosts[1], options(2, &[node.address])).await;
        node.until("the other's commit arrives", |n| n.host.heads() == [id(3)]).await;
        assert_eq!(node.faults(2, Fault::Lacking), 0);
    };
    tokio::select! {
        () = others => {}
        _ = raw.listen(Duration::from_secs(60), None) => panic!("it stays"),
    }
}

/// Of requests without an answer each was taken for one that is still being answered, and in the end all for a flood.
#[tokio::test]
async fn requests_that_have_no_answer_are_done_with() {
    let mut narrow = options(1, &[]);
    narrow.limits.requests_waiting = 4;
    let node = Node::start(&TestHost::new(1, 1, &[1, 2], &World::default()), narrow).await;
    let mut raw = Raw::connect(2, node.address).await;
    let hello = raw.hello();
    raw.say(&hello).await.unwrap();
    for _ in 0..10 {
        assert_eq!(raw.say(&Message::Climb { fetch: 1, also: vec![] }).await, None, "the fetch is over");
    }
    assert!(raw.say(&Message::Ask).await.is_some());
    assert_eq!(node.faults(2, Fault::Flood), 0);
}

#[tokio::test]
async fn who_never_says_anything_is_counted_and_goes_and_stops_nobody_else() {
    let world = World::default();
    let hosts = [1, 2].map(|n| TestHost::new(n, 1, &[1, 2, 3], &world));
    hosts[1].write(2, &[1]);
    let mut impatient = options(1, &[]);
    impatient.limits.stranger_patience = Duration::from_millis(500);
    impatient.limits.request_patience = Duration::from_millis(300);
    let node = Node::start(&hosts[0], impatient).await;
    // Sockets without a word, a peer without a hello, and one that begins a request and never ends it.
    let mut sockets = Vec::new();
    for _ in 0..8 {
        sockets.push(tokio::net::TcpStream::connect(node.address).await.unwrap());
    }
    let mut mute = Raw::connect(9, node.address).await;
    mute.mute = true;
    let mut halting = Raw::connect(3, node.address).await;
    let hello = halting.hello();
    halting.say(&hello).await.unwrap();
    let halts = halting.halt();
    let others = async {
        let _other = Node::start(&hosts[1], options(2, &[node.address])).await;
        node.until("the other's commit arrives", |n| n.host.heads() == [id(1)]).await;
        node.until("silence is counted", |n| n.faults(9, Fault::Silent) == 1 && n.faults(3, Fault::Silent) == 1).await;
        let mute = |n: &Node| n.handle.peers().iter().any(|(_, p)| p.author.is_none() && !p.connected);
        node.until("the mute one is let go", mute).await;
    };
    tokio::select! {
        () = others => {}
        _ = halts => panic!("a request without its end was answered"),
        () = async {
            drop(mute.listen(Duration::from_secs(60), None).await);
            std::future::pending().await
        } => {}
    }
}

#[tokio::test]
async fn two_live_processes_of_one_author_are_both_told() {
    let world = World::default();
    let (one, other) = (TestHost::new(1, 1, &[1], &world), TestHost::new(1, 2, &[1], &world));
    let first = Node::start(&one, options(1, &[])).await;
    let second = Node::start(&other, options(2, &[first.address])).await;
    for node in [&first, &second] {
        node.until("it is told", |n| n.host.twins.load(Ordering::Relaxed) > 0).await;
    }
    first.until("the other is counted", |n| n.faults(2, Fault::Twin) > 0).await;
    second.until("the other is counted", |n| n.faults(1, Fault::Twin) > 0).await;
}

#[tokio::test]
async fn twins_that_do_not_meet_are_told_by_who_knows_both() {
    let world = World::default();
    let (one, other) = (TestHost::new(1, 1, &[1, 3], &world), TestHost::new(1, 2, &[1, 3], &world));
    let between = Node::start(&TestHost::new(3, 1, &[1, 3], &world), options(3, &[])).await;
    let mut alone = options(1, &[between.address]);
    alone.listen = None;
    let (network, _handle) = Network::start(alone, one.clone()).await.unwrap();
    let mut tasks = tokio::task::JoinSet::new();
    tasks.spawn(network.run(std::future::pending()));
    between.until("the first is there", |n| n.handle.peers().iter().any(|(_, p)| p.is_served())).await;
    let second = Node::start(&other, options(2, &[between.address])).await;
    second.until("it is told", |n| n.host.twins.load(Ordering::Relaxed) > 0).await;
    second.until("the first is told", |_| one.twins.load(Ordering::Relaxed) > 0).await;
}

/// Who had dialed a member went on listening to what it announced after its removal.
#[tokio::test]
async fn a_removed_member_is_told_so_and_goes_whoever_dialed() {
    for dialed_by_the_removed in [true, false] {
        let world = World::default();
        let hosts = [1, 2].map(|n| TestHost::new(n, 1, &[1, 2], &world));
        let (stays, goes) = if dialed_by_the_removed {
            let stays = Node::start(&hosts[0], options(1, &[])).await;
            let goes = Node::start(&hosts[1], options(2, &[stays.address])).await;
            (stays, goes)
        } else {
            let goes = Node::start(&hosts[1], options(2, &[])).await;
            (Node::start(&hosts[0], options(1, &[goes.address])).await, goes)
        };
        let together = |n: &Node| n.handle.peers().iter().any(|(_, p)| p.is_served());
        stays.until("they meet", together).await;
        goes.until("they meet", together).await;
        hosts[0].remove(2);
        stays.until("it is removed", |n| n.handle.peers().iter().all(|(_, p)| p.access == Some(Access::Removed))).await;
        hosts[1].write(2, &[1]);
        let alone = |n: &Node| n.handle.peers().iter().all(|(_, p)| !p.connected);
        stays.until("the connection is closed", alone).await;
        goes.until("it is gone on the other side", alone).await;
        let said = |n: &Node| n.handle.peers().iter().any(|(_, p)| p.refusal.iter().any(|why| why.contains("removed")));
        goes.until("it is told", said).await;
        // Longer than it takes to dial again and to announce everything again.
        tokio::time::sleep(Duration::from_secs(3)).await;
        assert_eq!(hosts[0].heads(), [], "nothing of it is heard");
    }
}

#[tokio::test]
async fn what_the_operator_wrote_wrong_is_said_at_the_start() {
    let node = node().await;
    let mut taken = options(2, &[]);
    taken.listen = Some(node.address);
    let error = Network::start(taken, node.host.clone()).await.err().unwrap();
    assert!(matches!(&error, StartError::Listen { .. }) && error.to_string().contains("--peers-listen"), "{error}");
    let mut named = options(2, &[]);
    named.bootstrap = vec!["db.example".to_owned()];
    let error = Network::start(named, node.host.clone()).await.err().unwrap();
    assert!(error.to_string().contains("the port is missing"), "{error}");
    assert!(matches!(node.handle.dial("127.0.0.1:1").await, Err(AskError::Address(_))));
}
