//! At the numbers of `limits`, and one past them: the work is cut differently, what comes of it is the same.

use super::checkpoints::Disk;
use super::equivalence::compare;
use crate::compact::Cuts;
use crate::limits::{BULK, EXACT_ESTIMATE, TRIM_A_CALL};
use crate::linearizer::{Linearizer, NoHistory};
use crate::testing::{Schema, commit};
use crate::view::KeyRange;
use std::collections::BTreeSet;
use std::ops::Bound;

fn inserts(count: usize) -> String {
    (1..=count).map(|n| format!("log:+{n}({n},{n}) ")).collect()
}

#[test]
fn a_commit_of_many_rows_leaves_the_same_in_two_rounds_as_in_one() {
    let schema = Schema::new();
    for count in [BULK - 1, BULK, BULK + 1] {
        let all = [("A1", "-", "create".to_owned()), ("A2", "A1", inserts(count))]
            .map(|(name, parents, words)| commit(&schema, name, parents, "", &words));
        let mut fold = Linearizer::new(Cuts::default());
        fold.add(all.to_vec(), &NoHistory).unwrap();
        compare(&fold, &all, &BTreeSet::new()).unwrap();
    }
}

#[test]
fn an_estimate_is_exact_up_to_the_limit_across_a_checkpoint() {
    let schema = Schema::new();
    for count in [EXACT_ESTIMATE - 1, EXACT_ESTIMATE] {
        let all =
            [("A1", "-", "create".to_owned()), ("A2", "A1", inserts(count)), ("A3", "A2", "log:+0(1,1)".to_owned())]
                .map(|(name, parents, words)| commit(&schema, name, parents, "", &words));
        let mut disk = Disk::new(&all);
        let mut fold = Linearizer::new(Cuts::default());
        fold.add(all[..2].to_vec(), &NoHistory).unwrap();
        disk.cut(&mut fold);
        fold.add(all[2..].to_vec(), &NoHistory).unwrap();
        // All but the row 0 that came behind the checkpoint.
        let range = KeyRange { from: Bound::Excluded(schema.key("log", 0)), to: Bound::Unbounded };
        assert_eq!(fold.view().estimate(schema.table("log").id, &range), count as u64);
    }
}

#[test]
fn more_commits_below_a_checkpoint_than_one_call_trims_go_with_the_next() {
    let schema = Schema::new();
    for (below, left) in [(TRIM_A_CALL, 0), (TRIM_A_CALL + 1, 1)] {
        let mut all = vec![commit(&schema, "A1", "-", "", "create")];
        for n in 2..=below + 2 {
            let words = format!("log:+{n}(1,1)");
            all.push(commit(&schema, &format!("A{n}"), &format!("A{}", n - 1), "", &words));
        }
        let mut disk = Disk::new(&all);
        let mut fold = Linearizer::new(Cuts::default());
        fold.add(all[..below].to_vec(), &NoHistory).unwrap();
        disk.cut(&mut fold);
        for (commit, kept) in all[below..].iter().zip([left + 1, 2]) {
            fold.add(vec![commit.clone()], &NoHistory).unwrap();
            assert_eq!(all.iter().filter(|commit| fold.outcome(commit.id).is_some()).count(), kept);
        }
    }
}
