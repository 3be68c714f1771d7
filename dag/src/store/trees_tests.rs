//! Trees on disk: nodes of finished checkpoints stay, of unfinished ones go, and dead segments are found.

use super::{Roots, TreeRecovery, TreeStore};
use crate::disk::{Fault, Image, Tear};
use crate::tree::{Builder, Nodes, Shape, Tree, Trees};
use std::collections::BTreeSet;
use std::sync::Arc;

const ROWS: u32 = 3000;

fn shape() -> Shape {
    Shape::with_target([3; 32], 256)
}

fn open(disk: &Image) -> (Arc<TreeStore>, Trees, TreeRecovery) {
    let (store, recovery) = TreeStore::open(Arc::new(disk.clone())).unwrap();
    let store = Arc::new(store);
    (store.clone(), Trees::new(store, shape(), 1 << 20), recovery)
}

/// A first checkpoint: every hundredth row has a value out of line.
fn first(store: &TreeStore) -> Option<(Tree, Vec<u64>)> {
    let mut writer = store.write().ok()?;
    let mut builder = Builder::new(&shape(), &mut writer);
    for number in 0..ROWS {
        let value = vec![number as u8; if number.is_multiple_of(100) { 20_000 } else { 20 }];
        builder.push(&number.to_be_bytes(), &value).ok()?;
    }
    let tree = builder.finish().ok()?;
    Some((tree, writer.finish().ok()?))
}

fn next(store: &TreeStore, trees: &Trees, tree: Tree, rows: std::ops::Range<u32>) -> (Tree, Vec<u64>) {
    let mut writer = store.write().unwrap();
    let edits = rows.map(|number| (number.to_be_bytes(), Some([1])));
    let tree = trees.apply(tree, edits, &mut writer).unwrap();
    (tree, writer.finish().unwrap())
}

fn roots<const N: usize>(trees: [Tree; N]) -> Roots {
    Roots { trees: trees.to_vec(), objects: Vec::new() }
}

fn count(trees: &Trees, tree: Tree) -> usize {
    let mut rows = 0;
    let whole = (std::ops::Bound::Unbounded, std::ops::Bound::Unbounded);
    let walk = trees.range(tree, whole.0, whole.1, crate::tree::Direction::Forward, &mut |_, _| {
        rows += 1;
        std::ops::ControlFlow::Continue(())
    });
    walk.map_or(0, |_| rows)
}

#[test]
fn finished_checkpoints_stay_and_unfinished_ones_leave_nothing() {
    let disk = Image::default();
    let (store, trees, _) = open(&disk);
    let (tree, segments) = first(&store).unwrap();
    assert_eq!((count(&trees, tree), segments), (ROWS as usize, vec![1]));
    let mut writer = store.write().unwrap();
    let lost = trees.apply(tree, [([9; 4], Some([9]))], &mut writer).unwrap();
    assert!(store.get(lost.root.unwrap()).is_ok(), "nodes can be read while they are written");
    drop(writer);
    assert!(store.get(lost.root.unwrap()).is_err());
    let (store, trees, recovery) = open(&disk.after_power_cut(Tear::Lost));
    assert_eq!((recovery, store.segments(), count(&trees, tree)), (TreeRecovery::default(), vec![1], ROWS as usize));
}

#[test]
fn a_power_cut_at_any_operation_leaves_a_checkpoint_whole_or_not_at_all() {
    let whole = Image::default();
    first(&open(&whole).0).unwrap();
    for at in 0..whole.operations() {
        let disk = Image::default();
        disk.strike(at, Fault::PowerCut);
        let finished = first(&open(&disk).0);
        assert!(finished.is_none());
        for tear in [Tear::Lost, Tear::Kept, Tear::Torn(at), Tear::Torn(at + 1000)] {
            let (store, trees, _) = open(&disk.after_power_cut(tear));
            let (tree, _) = first(&store).unwrap();
            assert_eq!(count(&trees, tree), ROWS as usize);
        }
    }
}

#[test]
fn a_segment_goes_when_no_root_needs_it_and_can_be_emptied() {
    let disk = Image::default();
    let (store, trees, _) = open(&disk);
    let (old, _) = first(&store).unwrap();
    let (middle, _) = next(&store, &trees, old, 0..ROWS / 2);
    let (new, _) = next(&store, &trees, middle, ROWS / 2..ROWS - 60);
    let reached = store.reach(&trees, &roots([new])).unwrap();
    assert_eq!(reached.keys().copied().collect::<Vec<_>>(), [1, 2, 3]);
    assert!(reached[&1] < 20, "the first checkpoint is nearly dead: {reached:?}");
    assert!(store.reach(&trees, &roots([old, new])).unwrap()[&1] > 100);
    let mut writer = store.write().unwrap();
    store.evacuate(&trees, &roots([new]), &BTreeSet::from([1]), &mut writer).unwrap();
    let added = writer.finish().unwrap();
    let live: BTreeSet<_> = [2, 3].into_iter().chain(added).collect();
    assert_eq!(store.sweep(&live).unwrap(), [1]);
    let (store, fresh, recovery) = open(&disk);
    assert_eq!((recovery, store.segments()), (TreeRecovery::default(), vec![2, 3, 4]));
    assert_eq!(count(&fresh, new), ROWS as usize);
    assert_eq!(count(&fresh, old), 0, "the old root is gone with its segment");
}

#[test]
fn a_broken_index_is_made_again_and_what_cannot_be_read_is_dropped() {
    let disk = Image::default();
    let (tree, _) = first(&open(&disk).0).unwrap();
    disk.damage("trees/0000000001.idx", 60, 1);
    let (_, trees, recovery) = open(&disk);
    assert_eq!((recovery.indexes_rebuilt, count(&trees, tree)), (1, ROWS as usize));
    disk.damage("trees/0000000001.idx", 60, 1);
    disk.damage("trees/0000000001.seg", 5000, 1);
    let (store, _, recovery) = open(&disk);
    assert_eq!((recovery.dropped, store.segments()), (vec![1], vec![]));
}

#[test]
fn a_checkpoint_that_failed_to_sync_is_gone_and_the_next_try_is_whole() {
    let whole = Image::default();
    first(&open(&whole).0).unwrap();
    for at in 0..whole.operations() {
        let disk = Image::default();
        let (store, trees, _) = open(&disk);
        disk.strike(at, Fault::Broken);
        assert!(first(&store).is_none() && store.segments().is_empty(), "failed at {at}");
        let (tree, _) = first(&store).unwrap();
        assert_eq!(count(&trees, tree), ROWS as usize);
        let (_, trees, _) = open(&disk.after_power_cut(Tear::Lost));
        assert_eq!(count(&trees, tree), ROWS as usize, "failed at {at}");
    }
}
