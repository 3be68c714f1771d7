//! Views of exact closures, prefixes and heads are what the naive fold makes of the same commits (R32).

use super::equivalence::{Dice, history, scan};
use crate::commit::Ordered;
use crate::compact::Cuts;
use crate::linearizer::{Linearizer, NoHistory};
use crate::naive::{self, Naive};
use crate::testing::Schema;
use crate::view::View;
use dag::hlc::Hlc;
use dag::id::CommitId;
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::sync::Arc;

fn closure(all: &[Arc<Ordered>], of: CommitId) -> Vec<Arc<Ordered>> {
    let mut open = vec![of];
    let mut inside = BTreeSet::new();
    while let Some(id) = open.pop() {
        if inside.insert(id) {
            open.extend(&all.iter().find(|c| c.id == id).unwrap().parents);
        }
    }
    all.iter().filter(|c| inside.contains(&c.id)).cloned().collect()
}

fn same(view: &dyn View, naive: &Naive) -> bool {
    **view.catalogue() == naive.catalogue
        && naive.catalogue.tables.keys().all(|table| {
            let rows = naive.space(*table).map(|(key, row)| (key.clone(), row.to_vec()));
            scan(view, *table) == rows.collect::<Vec<_>>()
        })
}

fn heads(commits: &[Arc<Ordered>]) -> Vec<CommitId> {
    let parents: BTreeSet<CommitId> = commits.iter().flat_map(|c| c.parents.clone()).collect();
    let heads: BTreeSet<CommitId> = commits.iter().map(|c| c.id).filter(|id| !parents.contains(id)).collect();
    heads.into_iter().collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_view_of_any_closure_or_prefix_is_its_fold(choices in prop::collection::vec(any::<u8>(), 0..300)) {
        let schema = Schema::new();
        let mut dice = Dice::new(&choices);
        let all = history(&schema, &mut dice, 24);
        let mut fold = Linearizer::new(Cuts::default());
        fold.add(all.clone(), &NoHistory).unwrap();
        let void: BTreeSet<CommitId> = BTreeSet::new();
        for commit in &all {
            let inside = closure(&all, commit.id);
            let view = fold.view_at(&[commit.id]).unwrap();
            prop_assert_eq!(view.frontier(), &heads(&inside)[..]);
            prop_assert!(same(&*view, &naive::fold(&inside, &void)));
            let prefix: Vec<_> = all.iter().filter(|c| c.hlc <= commit.hlc).cloned().collect();
            let view = fold.view_as_of(commit.hlc).unwrap();
            prop_assert_eq!(view.frontier(), &heads(&prefix)[..]);
            prop_assert!(same(&*view, &naive::fold(&prefix, &void)));
        }
        prop_assert_eq!(fold.heads(), heads(&all));
        let last = all.iter().max_by_key(|c| (c.hlc, c.author, c.run, c.id)).map(|c| c.id);
        prop_assert_eq!(fold.read_head(), last);
    }
}

#[test]
fn head_mode_reads_the_stable_prefix_and_one_closure() {
    // A1 - A2          stable ends behind A2; B3 and A4 have not met
    //    \ B3   (A2) - A4
    let schema = Schema::new();
    let commit = |name, parents, words| crate::testing::commit(&schema, name, parents, "", words);
    let all = vec![
        commit("A1", "-", "create"),
        commit("A2", "A1", "t:+1(1,1)"),
        commit("B3", "A1", "t:+2(2,2)"),
        commit("A4", "A2", "t:+3(3,3)"),
    ];
    let mut fold = Linearizer::new(Cuts::default());
    fold.add(all, &NoHistory).unwrap();
    fold.set_stable(Hlc::new(2, 0));
    let keys = |view: Arc<dyn View>| scan(&*view, schema.table("t").id).len();
    assert_eq!(keys(fold.view_of_heads(&[crate::testing::commit_id("B3")]).unwrap()), 2, "rows 1 and 2");
    assert_eq!(keys(fold.view_at(&[crate::testing::commit_id("B3")]).unwrap()), 1, "row 2");
    assert_eq!(keys(fold.stable_view(&NoHistory).unwrap()), 1, "row 1");
    assert_eq!(keys(fold.main_view()), 0, "the linearizer has not run");
    fold.advance();
    assert_eq!((keys(fold.main_view()), keys(fold.view())), (3, 3));
}
