//! A peer that gives a large commit and lies about its objects (R10): each lie is counted, and who is honest is asked.

use super::host::{Body, Node, TestHost, World, options};
use super::raw::Raw;
use crate::announcement::Announcement;
use crate::exchange::tests::id;
use crate::faults::Fault;
use crate::hello::TransportId;
use crate::limits::{Limits, MAX_GET, MAX_OBJECT, MAX_RESTS, PART_BYTES};
use crate::message::Message;
use crate::objects::fixture::planted;
use crate::swarm::context::Context;
use dag::id::{CommitId, NodeId};
use dag::tree::{Need, Nodes};
use dag::version::Versions;
use serde_bytes::ByteBuf;
use std::sync::Arc;
use std::time::Duration;

const LIAR: u8 = 9;

/// How often the liar says again what it has.
const EVERY: Duration = Duration::from_millis(100);

/// Commit 1 of author 2, whose changes are a tree of two levels and two large values.
fn body() -> Arc<Body> {
    let (tree, nodes) = planted(500, 250);
    Arc::new(Body { commit: id(1), root: Need::root(tree).unwrap(), nodes })
}

/// What the liar answers to a request for objects; nothing: it never answers.
type Lie = fn(u64, &[NodeId], &Body) -> Option<Vec<Message>>;

fn truth(get: u64, ids: &[NodeId], body: &Body) -> Vec<Message> {
    let objects: Vec<_> = ids.iter().map(|id| body.nodes.get(*id).ok()).collect();
    crate::objects::answer(get, &objects)
}

fn wrong(get: u64, ids: &[NodeId], _: &Body) -> Option<Vec<Message>> {
    let objects: Vec<_> = ids.iter().map(|_| Some(Arc::from(&b"another"[..]))).collect();
    Some(crate::objects::answer(get, &objects))
}

fn of_another_request(get: u64, ids: &[NodeId], body: &Body) -> Option<Vec<Message>> {
    Some(truth(get + 1, ids, body))
}

fn too_many_at_once(get: u64, _: &[NodeId], _: &Body) -> Option<Vec<Message>> {
    Some(crate::objects::answer(get, &vec![None; MAX_GET + 1]))
}

fn too_many(get: u64, _: &[NodeId], _: &Body) -> Option<Vec<Message>> {
    let part = |index, count| Message::Objects { get, index, objects: vec![None; count], cut: false, done: index == 1 };
    Some(vec![part(0, MAX_GET), part(1, 1)])
}

/// One object that never ends.
fn too_long(get: u64, _: &[NodeId], _: &Body) -> Option<Vec<Message>> {
    let part = |index| {
        let objects = vec![Some(ByteBuf::from(vec![0; PART_BYTES]))];
        Message::Objects { get, index, objects, cut: true, done: false }
    };
    Some((0..(MAX_OBJECT / PART_BYTES + 2) as u64).map(part).collect())
}

fn without_end(get: u64, ids: &[NodeId], body: &Body) -> Option<Vec<Message>> {
    let mut messages = truth(get, ids, body);
    if let Some(Message::Objects { done, .. }) = messages.last_mut() {
        *done = false;
    }
    Some(messages)
}

fn no_objects(get: u64, ids: &[NodeId], _: &Body) -> Option<Vec<Message>> {
    Some(crate::objects::answer(get, &vec![None; ids.len()]))
}

fn a_refusal(_: u64, _: &[NodeId], _: &Body) -> Option<Vec<Message>> {
    Some(vec![Message::Holds { held: vec![true] }])
}

/// A member that serves the commit as it should, and lies about its objects.
async fn liar(node: &Node, body: &Arc<Body>, lie: Lie) -> Raw {
    let mut liar = Raw::connect(LIAR, node.address).await;
    let body = body.clone();
    liar.answer = Box::new(move |asked| match asked {
        Message::Fetch { fetch, .. } => {
            let (fetch, commits) = (*fetch, vec![ByteBuf::from(id(1).0.to_vec())]);
            let tip = Some(ByteBuf::from(vec![1]));
            let part = Message::Part { fetch, index: 0, commits, cut: false, tip };
            Some(vec![part, Message::Done { fetch, parts: 1, more: false }])
        }
        Message::Get { get, ids } => lie(*get, ids, &body),
        _ => None,
    });
    let hello = liar.hello();
    liar.say(&hello).await.unwrap();
    liar
}

/// Says again and again that it has the commit, and answers what it is asked.
async fn goes_on(mut liar: Raw) {
    loop {
        let announcement = Announcement::new(None, &[id(1)], [0; 32], &Versions::new(), &[]);
        drop(liar.say(&Message::Announce(announcement)).await);
        drop(liar.listen(EVERY, None).await);
    }
}

/// A node that asks others after a moment without objects, and counts silence after so long.
async fn node(world: &World, body: &Arc<Body>, answer_patience: Duration) -> Node {
    let host = TestHost::with_body(1, &[1, 2, LIAR], world, body);
    let mut impatient = options(1, &[]);
    impatient.limits.objects_patience = Duration::from_millis(300);
    impatient.limits.answer_patience = answer_patience;
    Node::start(&host, impatient).await
}

/// The liar is there first; then the author, from whom the commit comes in spite of it.
async fn comes_from_the_honest(lie: Lie, fault: Fault) {
    let (world, body) = (World::default(), body());
    let patience = if fault == Fault::Silent { Duration::from_secs(1) } else { Duration::from_secs(60) };
    let node = node(&world, &body, patience).await;
    let liar = liar(&node, &body, lie).await;
    let honest = TestHost::with_body(2, &[1, 2], &world, &body);
    honest.kept.lock().unwrap().0 = body.nodes.clone();
    honest.write(2, &[1]);
    let counted = async {
        node.until("the lie is counted", |n| n.faults(LIAR, fault) >= 1).await;
        assert!(node.host.heads().is_empty(), "{fault:?}: nothing enters without its objects");
        let _author = Node::start(&honest, options(2, &[node.address])).await;
        node.until("the author's commit comes", |n| n.host.heads() == [id(1)]).await;
        assert_eq!(node.faults(2, fault), 0, "{fault:?}: nobody else is blamed");
    };
    tokio::select! {
        () = goes_on(liar) => {}
        () = counted => {}
    }
}

#[tokio::test]
async fn whoever_lies_about_objects_is_counted_and_they_come_from_another() {
    let lies: [(Lie, Fault); 9] = [
        (wrong, Fault::Invalid),
        (of_another_request, Fault::Gap),
        (too_many_at_once, Fault::Malformed),
        (too_many, Fault::TooLarge),
        (too_long, Fault::TooLarge),
        (without_end, Fault::Gap),
        (no_objects, Fault::Lacking),
        (a_refusal, Fault::Unasked),
        (|_, _, _| None, Fault::Silent),
    ];
    let cases = lies.map(|(lie, fault)| comes_from_the_honest(lie, fault));
    futures::future::join_all(cases).await;
}

/// A fetch that ended well was paid for each lie that came with it, so that the ban needed a fourth one.
#[tokio::test]
async fn a_third_lie_about_objects_is_the_last() {
    let (world, body) = (World::default(), body());
    let node = node(&world, &body, Duration::from_secs(60)).await;
    let liar = liar(&node, &body, wrong).await;
    tokio::select! {
        () = goes_on(liar) => {}
        () = node.until("the ban", |n| n.bans(LIAR)) => {}
    }
    assert_eq!(node.faults(LIAR, Fault::Invalid), 3);
}

#[test]
fn failures_are_remembered_up_to_the_limit_and_not_one_past_until_they_are_over() {
    let limits = Limits::default();
    let context = Context::new(TestHost::new(1, 1, &[1], &World::default()), TransportId([1; 32]), &limits);
    let (peer, patience) = (TransportId([2; 32]), limits.objects_patience.as_millis() as u64);
    let ids: Vec<CommitId> = (0..=MAX_RESTS as u32).map(id).collect();
    let (most, one_more) = ids.split_at(MAX_RESTS);
    context.failed(peer, most, 0);
    context.failed(peer, one_more, 0);
    assert!(most.iter().all(|id| context.is_left_to_others(&peer, id, 0)));
    assert!(!context.is_left_to_others(&peer, &one_more[0], 0));
    context.failed(peer, one_more, patience);
    assert!(context.is_left_to_others(&peer, &one_more[0], patience), "the older ones are over");
}
