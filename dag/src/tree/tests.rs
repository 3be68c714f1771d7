//! Trees against a sorted map: equal roots for equal rows, whatever happened on the way.

use super::node::{Below, Child, Closed, Node, OpenNode, inline_payload, node_id};
use super::*;
use crate::limits::{MAX_LEVEL, MAX_NODE};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::ops::{Bound, ControlFlow};

type Model = BTreeMap<Vec<u8>, Vec<u8>>;
type Edits = Vec<Edit<Vec<u8>, Vec<u8>>>;
type Batch = BTreeMap<Vec<u8>, Option<Vec<u8>>>;

/// Nodes of 128 bytes: a few hundred rows make four levels.
fn small() -> (MemoryNodes, Trees) {
    let nodes = MemoryNodes::default();
    let trees = Trees::new(Arc::new(nodes.clone()), Shape::with_target([7; 32], 128), 1 << 20);
    (nodes, trees)
}

fn build(nodes: &MemoryNodes, trees: &Trees, rows: &Model) -> Tree {
    let mut sink = nodes.clone();
    let mut builder = Builder::new(trees.shape(), &mut sink);
    rows.iter().for_each(|(key, value)| builder.push(key, value).unwrap());
    builder.finish().unwrap()
}

fn rows_of(
    trees: &Trees,
    tree: Tree,
    from: Bound<&[u8]>,
    to: Bound<&[u8]>,
    direction: Direction,
) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut rows = Vec::new();
    let flow = trees.range(tree, from, to, direction, &mut |key, value| {
        rows.push((key.to_vec(), value.to_vec()));
        ControlFlow::Continue(())
    });
    assert!(flow.unwrap().is_continue());
    rows
}

fn number_rows(count: u32) -> Model {
    (0..count).map(|n| (n.to_be_bytes().to_vec(), format!("value {n}").into_bytes())).collect()
}

fn key() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        4 => (0_u16..400).prop_map(|n| n.to_be_bytes().to_vec()),
        1 => prop::collection::vec(any::<u8>(), 0..40),
    ]
}

fn value() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        20 => prop::collection::vec(any::<u8>(), 0..60),
        1 => (MAX_INLINE_VALUE - 1..MAX_INLINE_VALUE + 3).prop_map(|length| vec![3; length]),
    ]
}

fn history() -> impl Strategy<Value = Vec<Batch>> {
    let edit = (key(), prop::option::weighted(0.7, value()));
    prop::collection::vec(prop::collection::btree_map(edit.0, edit.1, 0..80), 1..10)
}

fn play(model: &mut Model, batch: &Batch) {
    for (key, value) in batch {
        match value {
            Some(value) => model.insert(key.clone(), value.clone()),
            None => model.remove(key),
        };
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn any_history_ends_in_the_root_of_its_rows(history in history()) {
        let (nodes, trees) = small();
        let (mut model, mut tree) = (Model::new(), Tree::EMPTY);
        for batch in &history {
            let (old_model, old_tree) = (model.clone(), tree);
            play(&mut model, batch);
            tree = trees.apply(tree, batch.clone(), &mut nodes.clone()).unwrap();
            prop_assert_eq!(tree, build(&nodes, &trees, &model));
            check_diff(&trees, (old_tree, &old_model), (tree, &model));
        }
        for (key, value) in &model {
            let found = trees.get(tree, key).unwrap();
            prop_assert_eq!(found.as_deref(), Some(&value[..]));
        }
        let cleared: Batch = model.into_keys().map(|key| (key, None)).collect();
        prop_assert_eq!(trees.apply(tree, cleared, &mut nodes.clone()).unwrap(), Tree::EMPTY);
    }

    #[test]
    fn ranges_counts_and_proofs_agree_with_a_sorted_map(rows in prop::collection::btree_map(key(), value(), 0..300), a in key(), b in key()) {
        let (nodes, trees) = small();
        let tree = build(&nodes, &trees, &rows);
        let (low, high) = if a <= b { (a, b) } else { (b, a) };
        for from in [Bound::Unbounded, Bound::Included(&low[..]), Bound::Excluded(&low[..])] {
            for to in [Bound::Unbounded, Bound::Included(&high[..]), Bound::Excluded(&high[..])] {
                let mut expected: Vec<_> = rows.iter().filter(|(key, _)| within(key, from, to)).map(|(k, v)| (k.clone(), v.clone())).collect();
                prop_assert_eq!(trees.count(tree, from, to).unwrap(), expected.len() as u64);
                prop_assert_eq!(&rows_of(&trees, tree, from, to, Direction::Forward), &expected);
                expected.reverse();
                prop_assert_eq!(&rows_of(&trees, tree, from, to, Direction::Backward), &expected);
            }
        }
        let proof = trees.prove(tree, &low).unwrap();
        let proven = proof.verify(tree, &low).unwrap();
        prop_assert_eq!(proven.as_deref(), rows.get(&low).map(Vec::as_slice));
    }

    #[test]
    fn hostile_bytes_are_an_error(flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6)) {
        let (nodes, trees) = small();
        let tree = build(&nodes, &trees, &number_rows(200));
        let mut bytes = nodes.get(tree.root.unwrap()).unwrap().to_vec();
        for (index, byte) in flips {
            let at = index.index(bytes.len());
            bytes[at] = byte;
        }
        let forged = Tree { root: Some(node_id(&bytes)) };
        nodes.clone().put(node_id(&bytes), &bytes).unwrap();
        // Any answer will do as long as there is one: nothing may panic or run for ever.
        let _ = trees.get(forged, &[0, 0, 0, 9]);
        let _ = trees.range(forged, Bound::Unbounded, Bound::Unbounded, Direction::Forward, &mut |_, _| ControlFlow::Continue(()));
        let _ = trees.diff(tree, forged, &mut |_| ControlFlow::Continue(()));
        let _ = trees.count(forged, Bound::Unbounded, Bound::Included(&[0, 0, 0, 9]));
        let _ = trees.apply(forged, [([0, 0, 0, 9], Some([1]))], &mut MemoryNodes::default());
    }
}

fn within(key: &[u8], from: Bound<&[u8]>, to: Bound<&[u8]>) -> bool {
    let above = match from {
        Bound::Unbounded => true,
        Bound::Included(low) => key >= low,
        Bound::Excluded(low) => key > low,
    };
    above
        && match to {
            Bound::Unbounded => true,
            Bound::Included(high) => key <= high,
            Bound::Excluded(high) => key < high,
        }
}

fn check_diff(trees: &Trees, before: (Tree, &Model), after: (Tree, &Model)) {
    let mut seen = Vec::new();
    let flow = trees.diff(before.0, after.0, &mut |d| {
        seen.push((d.key.to_vec(), d.before.map(<[u8]>::to_vec), d.after.map(<[u8]>::to_vec)));
        ControlFlow::Continue(())
    });
    assert!(flow.unwrap().is_continue());
    let keys: std::collections::BTreeSet<_> = before.1.keys().chain(after.1.keys()).cloned().collect();
    let expected: Vec<_> = keys
        .into_iter()
        .map(|key| (before.1.get(&key).cloned(), after.1.get(&key).cloned(), key))
        .filter(|(old, new, _)| old != new)
        .map(|(old, new, key)| (key, old, new))
        .collect();
    assert_eq!(seen, expected);
}

#[test]
fn a_change_to_one_row_is_found_without_reading_the_rest() {
    let nodes = MemoryNodes::default();
    let trees = Trees::new(Arc::new(nodes.clone()), Shape::new([1; 32]), 1 << 24);
    let rows = number_rows(50_000);
    let before = build(&nodes, &trees, &rows);
    let nodes_before = nodes.len();
    let after = trees.apply(before, [(25_000_u32.to_be_bytes(), Some("new"))], &mut nodes.clone()).unwrap();
    assert!(nodes.len() - nodes_before <= 6, "an edit writes a path: {}", nodes.len() - nodes_before);
    let counting = Arc::new(Counting { nodes, reads: 0.into() });
    let fresh = Trees::new(counting.clone(), Shape::new([1; 32]), 1 << 24);
    let mut found = 0;
    assert!(
        fresh
            .diff(before, after, &mut |_| {
                found += 1;
                ControlFlow::Continue(())
            })
            .unwrap()
            .is_continue()
    );
    let reads = counting.reads.load(std::sync::atomic::Ordering::Relaxed);
    assert!(found == 1 && reads <= 12, "found {found} in {reads} reads");
}

struct Counting {
    nodes: MemoryNodes,
    reads: std::sync::atomic::AtomicUsize,
}

impl Nodes for Counting {
    fn get(&self, id: NodeId) -> Result<Arc<[u8]>, TreeError> {
        self.reads.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        self.nodes.get(id)
    }
}

#[test]
fn a_break_ends_a_walk_and_it_resumes_behind_its_last_key() {
    let (nodes, trees) = small();
    let rows = number_rows(500);
    let tree = build(&nodes, &trees, &rows);
    let (mut seen, mut from) = (Vec::new(), Bound::Unbounded);
    loop {
        let mut batch = Vec::new();
        let flow = trees.range(
            tree,
            from.as_ref().map(|k: &Vec<u8>| &k[..]),
            Bound::Unbounded,
            Direction::Forward,
            &mut |key, _| {
                batch.push(key.to_vec());
                if batch.len() == 37 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            },
        );
        seen.extend(batch);
        if flow.unwrap().is_continue() {
            break;
        }
        from = Bound::Excluded(seen.last().unwrap().clone());
    }
    assert_eq!(seen, rows.into_keys().collect::<Vec<_>>());
}

#[test]
fn what_a_tree_cannot_hold_is_an_error() {
    let (nodes, trees) = small();
    let tree = build(&nodes, &trees, &number_rows(10));
    let long = vec![0; MAX_NODE_KEY + 1];
    let cases: [(Edits, &str); 3] = [
        (vec![(long, Some(vec![]))], "a key of 8193 bytes does not fit a tree; the limit is 8192"),
        (vec![(vec![2], None), (vec![1], None)], "rows for a tree must come in strictly ascending key order"),
        (vec![(vec![2], Some(vec![])), (vec![2], None)], "rows for a tree must come in strictly ascending key order"),
    ];
    for (edits, message) in cases {
        for start in [tree, Tree::EMPTY] {
            let refused = trees.apply(start, edits.clone(), &mut nodes.clone());
            // Deletes from an empty tree are nothing to do, in any order.
            if start == tree || edits.iter().all(|(_, value)| value.is_some()) {
                assert_eq!(refused.unwrap_err().to_string(), message);
            }
        }
    }
}

#[test]
fn limits_hold_at_the_limit_and_not_one_past() {
    let (nodes, trees) = small();
    let pushed = |key: usize| Builder::new(trees.shape(), &mut nodes.clone()).push(&vec![0; key], &[]).is_ok();
    let parsed = |level: u8, value: usize, last: usize| {
        let mut open = OpenNode::new(level.min(1));
        let child = Child { id: NodeId::ZERO, below: Below { rows: 1, has_outside: false } };
        for key in 0..4_u8 {
            let long = if key == 3 { last } else { value };
            let payload = if level == 0 { inline_payload(&vec![0; long]) } else { child.payload().to_vec() };
            open.push(trees.shape(), &[key], &payload);
        }
        let mut bytes = open.close().bytes;
        bytes[1] = level;
        (bytes.len(), Node::parse(node_id(&bytes), bytes.into()).is_ok())
    };
    // A node's head has 6 bytes, an entry here 8 beside its value.
    let last = MAX_NODE - 6 - 4 * 8 - 3 * MAX_INLINE_VALUE;
    let built = |level: u8| {
        let mut sink = nodes.clone();
        let mut builder = Builder::above(trees.shape(), &mut sink, level);
        builder.push_entry(0, &[1], &inline_payload(&[])).is_ok()
    };
    let level = usize::from(MAX_LEVEL);
    type Case<'a> = (&'a str, usize, &'a dyn Fn(usize) -> bool);
    let cases: [Case<'_>; 4] = [
        ("bytes of a key", MAX_NODE_KEY, &|n| pushed(n)),
        ("bytes of a node", MAX_NODE, &|n| parsed(0, MAX_INLINE_VALUE, last + n - MAX_NODE) == (n, true)),
        ("bytes of a value in a leaf", MAX_INLINE_VALUE, &|n| parsed(0, 1, n).1),
        ("levels read", level, &|n| parsed(n as u8, 1, 1).1),
    ];
    for (what, limit, fits) in cases {
        assert_eq!((fits(limit), fits(limit + 1)), (true, false), "{what}");
    }
    assert_eq!((built(MAX_LEVEL), built(MAX_LEVEL + 1)), (true, false), "levels built");
}

#[test]
fn a_proof_for_one_root_proves_nothing_for_another() {
    let (nodes, trees) = small();
    let mut rows = number_rows(300);
    let tree = build(&nodes, &trees, &rows);
    rows.insert(vec![9; 4], vec![1]);
    let other = build(&nodes, &trees, &rows);
    let key = 100_u32.to_be_bytes();
    let proof = trees.prove(tree, &key).unwrap();
    assert_eq!(proof.verify(tree, &key).unwrap().as_deref(), Some(&b"value 100"[..]));
    assert!(proof.verify(other, &key).is_err());
}

#[test]
fn leaves_that_overlap_are_damage_not_unsorted_rows() {
    let (nodes, trees) = small();
    let close = |level: u8, entries: &[(u8, Vec<u8>)]| {
        let mut open = OpenNode::new(level);
        for (key, payload) in entries {
            open.push(trees.shape(), &[*key], payload);
        }
        let Closed { child, bytes, .. } = open.close();
        nodes.clone().put(child.id, &bytes).unwrap();
        child
    };
    let leaf = |keys: [u8; 2]| keys.map(|key| (key, inline_payload(&[key])));
    let children = [(5, close(0, &leaf([1, 5]))), (9, close(0, &leaf([3, 9])))];
    let root = close(1, &children.map(|(key, child)| (key, child.payload().to_vec()))).id;
    let tree = Tree { root: Some(root) };
    assert_eq!(trees.get(tree, &[9]).unwrap().as_deref(), Some(&[9][..]));
    for direction in [Direction::Forward, Direction::Backward] {
        let walk =
            trees.range(tree, Bound::Unbounded, Bound::Unbounded, direction, &mut |_, _| ControlFlow::Continue(()));
        assert!(walk.unwrap_err().to_string().contains("overlaps the node before it"));
    }
}

/// Golden: the shape and bytes of version 1 never change (R40).
#[test]
fn the_root_of_a_thousand_rows_is_pinned() {
    let nodes = MemoryNodes::default();
    let trees = Trees::new(Arc::new(nodes.clone()), Shape::new([0; 32]), 1 << 20);
    let root = build(&nodes, &trees, &number_rows(1000)).root.unwrap();
    assert_eq!(root.to_string(), "d3gadxontidfvjxqxyvxcnaya3sn6mhmqrprtcgkg22tmwssi6kq");
}
