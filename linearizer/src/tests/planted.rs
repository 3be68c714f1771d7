//! Planted bugs: with each mistake switched on, the random histories must part from the naive fold, or a drawn DAG from
//! what it should be; without it they do not (see `equivalence`, `golden`).

use super::equivalence::{Dice, deliver, history};
use super::golden;
use crate::fault::{self, Fault};
use crate::testing::Schema;

/// Whether any of some fixed histories parts from the naive fold.
fn histories_part() -> bool {
    let schema = Schema::new();
    (0..200u64).any(|seed| {
        let bytes: Vec<u8> = (0..400u64).map(|i| (mix(seed << 32 | i) >> 32) as u8).collect();
        let mut dice = Dice::new(&bytes);
        let all = history(&schema, &mut dice, 30);
        deliver(&all, &mut dice).is_err()
    })
}

/// A fixed scramble of 64 bits, for bytes that look random and are the same in every run.
fn mix(seed: u64) -> u64 {
    let z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb)
}

#[test]
fn without_a_mistake_nothing_parts() {
    assert!(!histories_part());
}

#[test]
fn a_wrong_tie_break_is_caught() {
    assert!(fault::with(Fault::TieBrokenById, histories_part));
    assert!(!fault::with(Fault::TieBrokenById, golden::failures).is_empty());
}

#[test]
fn an_ignored_guard_is_caught() {
    assert!(fault::with(Fault::GuardIgnored, histories_part));
    assert!(!fault::with(Fault::GuardIgnored, golden::failures).is_empty());
}

#[test]
fn an_equal_value_taken_for_no_conflict_is_caught() {
    assert!(fault::with(Fault::EqualIsNoConflict, histories_part));
    assert!(!fault::with(Fault::EqualIsNoConflict, golden::failures).is_empty());
}

#[test]
fn a_dependent_that_is_not_redone_is_caught() {
    assert!(fault::with(Fault::DependentMissed, histories_part));
    assert!(!fault::with(Fault::DependentMissed, golden::failures).is_empty());
}

#[test]
fn a_unique_entry_not_checked_against_later_places_is_caught() {
    assert!(fault::with(Fault::LaterUniqueUnchecked, histories_part));
    assert!(!fault::with(Fault::LaterUniqueUnchecked, golden::failures).is_empty());
}
