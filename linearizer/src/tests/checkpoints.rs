//! Checkpoints: cutting, reopening and falling back leave the same main and the same state (R30, R31).

use super::equivalence::{Dice, history, scan};
use crate::checkpoint::Checkpoint;
use crate::commit::Ordered;
use crate::compact::Cuts;
use crate::linearizer::{History, Linearizer, NoHistory};
use crate::order::Place;
use crate::testing::{Schema, commit};
use crate::view::ViewError;
use crate::window::Weight;
use dag::hlc::Hlc;
use dag::tree::{MemoryNodes, Shape, Trees};
use proptest::prelude::*;
use std::sync::Arc;

pub(super) struct Disk {
    nodes: MemoryNodes,
    trees: Trees,
    commits: Vec<Arc<Ordered>>,
}

impl Disk {
    pub(super) fn new(commits: &[Arc<Ordered>]) -> Self {
        let nodes = MemoryNodes::default();
        let trees = Trees::new(Arc::new(nodes.clone()), Shape::new([7; 32]), 1 << 20);
        Disk { nodes, trees, commits: commits.to_vec() }
    }

    /// Cuts through all that main holds; `None` if that is nothing new.
    pub(super) fn cut(&mut self, fold: &mut Linearizer) -> Option<Checkpoint> {
        fold.advance();
        let cut = fold.cut()?;
        let checkpoint = cut.write(&self.trees, &mut self.nodes).unwrap();
        let base = checkpoint.open(&self.nodes, &self.trees).unwrap();
        assert!(fold.adopt(checkpoint.clone(), base, cut.weight()));
        assert_eq!(fold.weight().commits, fold.outcomes().count() as u64);
        Some(checkpoint)
    }

    fn reopen(&self, checkpoint: &Checkpoint) -> Linearizer {
        let base = checkpoint.open(&self.nodes, &self.trees).unwrap();
        Linearizer::open(Cuts::default(), vec![(checkpoint.clone(), base)])
    }
}

/// What arrived so far: the same store that a replica reads its old commits from.
struct Arrived<'a>(&'a [Arc<Ordered>]);

impl History for Arrived<'_> {
    fn between(&self, after: Option<Place>, through: Place) -> Result<Vec<Arc<Ordered>>, ViewError> {
        let place = |c: &Ordered| Place::new(c.hlc, c.author, c.run, c.id);
        let inside = |c: &&Arc<Ordered>| after.is_none_or(|after| place(c) > after) && place(c) <= through;
        Ok(self.0.iter().filter(inside).cloned().collect())
    }
}

fn assert_same(schema: &Schema, a: &Linearizer, b: &Linearizer) {
    assert_eq!(a.main_hash(), b.main_hash());
    assert_eq!(a.heads(), b.heads());
    assert_eq!(a.read_head(), b.read_head());
    let (a, b) = (a.view(), b.view());
    assert_eq!(a.catalogue(), b.catalogue());
    assert_eq!(a.frontier(), b.frontier());
    assert!(scan(&*a, schema.table("t").id).is_empty() || a.catalogue().tables.contains_key(&schema.table("t").id));
    for table in a.catalogue().tables.values() {
        assert_eq!(scan(&*a, table.id), scan(&*b, table.id), "{}", table.name);
        for index in &table.indexes {
            assert_eq!(scan(&*a, index.id), scan(&*b, index.id), "{}", index.name);
        }
    }
}

fn codes(fold: &Linearizer) -> Vec<(dag::id::CommitId, u8)> {
    fold.parked().unwrap().into_iter().map(|p| (p.commit, p.code)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn cutting_anywhere_changes_nothing(choices in prop::collection::vec(any::<u8>(), 0..300), every in 1usize..6) {
        let schema = Schema::new();
        let all = history(&schema, &mut Dice::new(&choices), 24);
        let mut disk = Disk::new(&all);
        let mut plain = Linearizer::new(Cuts::default());
        let mut cut = Linearizer::new(Cuts::default());
        // In the order they were written: parents first, yet many lie before what has been cut already.
        for (count, commit) in all.iter().enumerate() {
            plain.add(vec![commit.clone()], &NoHistory).unwrap();
            cut.add(vec![commit.clone()], &Arrived(&disk.commits[..count])).unwrap();
            if count % every == 0 {
                disk.cut(&mut cut);
            }
            // `plain` keeps no hash of any prefix.
            cut.advance();
            for seen in &all[..=count] {
                let hash = cut.main_hash_at(seen.hlc);
                prop_assert!(hash.is_none() || hash == plain.main_hash_at(seen.hlc), "at {}", seen.hlc);
            }
            assert_same(&schema, &plain, &cut);
            prop_assert_eq!(codes(&plain), codes(&cut));
        }
        if let Some(last) = cut.checkpoints().next_back() {
            let mut again = disk.reopen(last);
            let place = |c: &Ordered| Place::new(c.hlc, c.author, c.run, c.id);
            let tail = all.iter().filter(|c| place(c) > last.place).cloned().collect();
            again.add(tail, &NoHistory).unwrap();
            assert_same(&schema, &plain, &again);
        }
    }
}

#[test]
fn equal_places_have_equal_roots_however_they_were_reached() {
    let schema = Schema::new();
    let all = vec![
        commit(&schema, "A1", "-", "", "create"),
        commit(&schema, "A2", "A1", "", "t:+1(1,1) t:+2(2,2) g:+1(1,1)"),
        commit(&schema, "B3", "A1", "", "t:+1(7,7)"),
        commit(&schema, "A4", "A2", "", "t:1.a=1>5 t:-2(2,2)"),
        commit(&schema, "C5", "A4 B3", "B3", "log:+1(1,1)"),
    ];
    let mut disk = Disk::new(&all);
    let mut roots = Vec::new();
    for step in 1..=all.len() {
        let mut fold = Linearizer::new(Cuts::default());
        for commits in all.chunks(step) {
            fold.add(commits.to_vec(), &NoHistory).unwrap();
            disk.cut(&mut fold);
        }
        roots.push(fold.checkpoints().next_back().map(|c| (c.root(), c.indexes.clone())).unwrap());
    }
    assert!(roots.windows(2).all(|pair| pair[0] == pair[1]), "{roots:?}");
}

#[test]
fn a_checkpoint_that_a_late_commit_came_below_is_not_taken() {
    let schema = Schema::new();
    let all = [("A1", "-", "create"), ("A5", "A1", "t:+1(1,1)"), ("B3", "A1", "t:+1(2,2)")]
        .map(|(name, parents, words)| commit(&schema, name, parents, "", words));
    let mut disk = Disk::new(&all);
    let mut fold = Linearizer::new(Cuts::default());
    fold.add(all[..2].to_vec(), &NoHistory).unwrap();
    fold.advance();
    let cut = fold.cut().unwrap();
    let checkpoint = cut.write(&disk.trees, &mut disk.nodes).unwrap();
    let base = checkpoint.open(&disk.nodes, &disk.trees).unwrap();
    fold.add(all[2..].to_vec(), &NoHistory).unwrap();
    assert!(!fold.adopt(checkpoint, base, cut.weight()));
}

/// The background linearizer and somebody who asks may cut at the same time; the second would be taken off twice.
#[test]
fn a_checkpoint_cut_before_another_was_taken_is_cut_again() {
    let schema = Schema::new();
    let all = [("A1", "-", "create"), ("A5", "A1", "t:+1(1,1)"), ("A6", "A5", "t:+1(2,2)")]
        .map(|(name, parents, words)| commit(&schema, name, parents, "", words));
    let mut disk = Disk::new(&all);
    let mut fold = Linearizer::new(Cuts::default());
    let mut cut = |fold: &mut Linearizer, commits: &[Arc<Ordered>]| {
        fold.add(commits.to_vec(), &NoHistory).unwrap();
        fold.advance();
        let cut = fold.cut().unwrap();
        let checkpoint = cut.write(&disk.trees, &mut disk.nodes).unwrap();
        let base = checkpoint.open(&disk.nodes, &disk.trees).unwrap();
        (checkpoint, base, cut.weight())
    };
    let (first, second) = (cut(&mut fold, &all[..2]), cut(&mut fold, &all[2..]));
    assert!(fold.adopt(first.0, first.1, first.2));
    assert!(!fold.adopt(second.0, second.1, second.2));
    assert_eq!(fold.weight().commits, 1);
    let again = cut(&mut fold, &[]);
    assert!(fold.adopt(again.0, again.1, again.2));
    assert_eq!(fold.weight(), Weight::default());
}

#[test]
fn stable_checkpoints_are_cut_at_the_ends_of_epochs() {
    let schema = Schema::new();
    let cuts = Cuts { epoch_millis: 10, ..Cuts::default() };
    let all =
        [("A1", "-", "create"), ("A9", "A1", "t:+1(1,1)"), ("A12", "A9", "t:+2(2,2)"), ("A25", "A12", "t:+3(3,3)")]
            .map(|(name, parents, words)| commit(&schema, name, parents, "", words));
    let disk = Disk::new(&all);
    let mut fold = Linearizer::new(cuts);
    fold.add(all.to_vec(), &NoHistory).unwrap();
    assert!(fold.stable_cut().is_none(), "nobody has promised anything");
    for (stable, millis) in [(9, None), (15, Some(9)), (30, Some(12))] {
        fold.set_stable(Hlc::new(stable, 0));
        let cut = fold.stable_cut().map(|cut| cut.write(&disk.trees, &mut disk.nodes.clone()).unwrap());
        assert_eq!(cut.as_ref().map(|c| c.place.hlc.millis()), millis);
        assert!(cut.is_none_or(|c| c.stable));
    }
}

#[test]
fn a_tentative_checkpoint_above_stable_moves_no_stable_reader_and_becomes_stable_itself() {
    let schema = Schema::new();
    let all = [("A1", "-", "create"), ("A5", "A1", "t:+1(1,1)"), ("A7", "A5", "t:+2(2,2)"), ("A9", "A7", "t:+3(3,3)")]
        .map(|(name, parents, words)| commit(&schema, name, parents, "", words));
    let mut disk = Disk::new(&all);
    let mut fold = Linearizer::new(Cuts::default());
    fold.add(all.to_vec(), &NoHistory).unwrap();
    fold.set_stable(Hlc::new(5, 0));
    let rows = |fold: &mut Linearizer| scan(&*fold.stable_view(&Arrived(&all)).unwrap(), schema.table("t").id).len();
    let checkpoint = disk.cut(&mut fold).unwrap();
    assert!(!checkpoint.stable);
    for (stable, wanted, is_stable) in [(5, 1, false), (7, 2, false), (8, 2, false), (9, 3, true)] {
        fold.set_stable(Hlc::new(stable, 0));
        assert_eq!(rows(&mut fold), wanted, "stable through {stable}");
        assert_eq!(fold.checkpoints().next_back().unwrap().stable, is_stable);
    }
}
