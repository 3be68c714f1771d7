//! Two thousand seeded worlds, and the worlds in which a planted bug must be caught.

use acceptance::simulation::compacting::Compacting;
use acceptance::simulation::fold::{Fold, Real};
use acceptance::simulation::planted::{Mistake, Mistaken};
use acceptance::simulation::{Failure, Habit, Kind, Summary, run};

/// Every second replica cuts checkpoints, each at its own pace: that must make no difference to anybody.
fn linearizers(replica: usize, kind: Kind) -> Box<dyn Fold> {
    match replica % 2 {
        1 => Box::new(Compacting::new(3 + replica)),
        // Newcomers take a checkpoint for which more than half have signed.
        _ if kind == Kind::Cloned => Box::new(Compacting::stable()),
        _ => Box::new(Real::new()),
    }
}

/// A number from the environment, to replay one world or to run more of them.
fn number(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

fn honest(seed: u64) -> Result<Summary, Failure> {
    run(seed, &linearizers, Habit::Honest)
}

/// Runs the worlds with these seeds on two threads; panics with the first that goes wrong.
fn worlds(seeds: std::ops::Range<u64>) -> Vec<Summary> {
    let half = |odd: u64| {
        let seeds = seeds.clone().filter(move |seed| seed % 2 == odd);
        seeds.map(honest).collect::<Result<Vec<_>, _>>()
    };
    let (one, other) = std::thread::scope(|scope| {
        let other = scope.spawn(|| half(1));
        (half(0), other.join().expect("the other half ran"))
    });
    let fail = |failure| -> Vec<Summary> { panic!("{failure}") };
    one.unwrap_or_else(fail).into_iter().chain(other.unwrap_or_else(fail)).collect()
}

#[test]
fn two_thousand_worlds_end_in_agreement() {
    let summaries = worlds(0..number("HEADWATERS_SEEDS", 2_000));
    let sum = |of: fn(&Summary) -> usize| summaries.iter().map(of).sum::<usize>();
    let counted = [
        ("commits", sum(|s| s.commits)),
        ("parked", sum(|s| s.parked)),
        ("rejudged", sum(|s| s.rejudged)),
        ("refused at COMMIT", sum(|s| s.refused)),
        ("refused by the clock", sum(|s| s.clock_refused)),
        ("held", sum(|s| s.held)),
        ("crashes", sum(|s| s.crashes)),
        ("connections dropped", sum(|s| s.dropped)),
        ("packets", sum(|s| s.packets)),
        ("moves of stable", sum(|s| s.stable_moves)),
        ("decisions about members", sum(|s| s.rulings)),
        ("members removed", sum(|s| s.removed)),
        ("members demoted", sum(|s| s.demoted)),
        ("newcomers cloned", sum(|s| s.cloned)),
        ("newcomers without a majority", sum(|s| s.doubted)),
        ("refused to who may not write", sum(|s| s.standing_refused)),
        ("disks restored", sum(|s| s.restored)),
        ("folders copied", sum(|s| s.copied)),
        ("worlds that wait for a cut", sum(|s| s.waiting_for_a_cut)),
        ("proofs", sum(|s| s.proofs)),
        ("left behind", sum(|s| s.left_behind)),
    ];
    println!("{} worlds: {counted:?}", summaries.len());
    let missing: Vec<_> = counted.iter().filter(|(_, count)| *count == 0).collect();
    assert!(missing.is_empty(), "the worlds are too kind: {missing:?} never happened");
}

/// The door for replaying: `HEADWATERS_SEED=123 cargo test -p acceptance --test simulation one_seed`.
#[test]
fn one_seed() {
    let seed = number("HEADWATERS_SEED", 1);
    let summary = honest(seed).unwrap_or_else(|failure| panic!("{failure}"));
    println!("{summary:?}");
}

/// The peer that had brought a parent went away, and the parent left the waiting room with it; its child, from another
/// peer, stayed, and nobody asked for the parent again.
#[test]
fn a_parent_forgotten_with_its_peer_is_asked_for_again() {
    honest(1002).unwrap_or_else(|failure| panic!("{failure}"));
}

/// A replica was restored from a backup and wrote on from there. A peer that had its lost run took it to hold more of the
/// new run than it had named itself, and never sent what it asked for.
#[test]
fn a_restored_replica_and_its_peers_get_what_the_other_run_wrote() {
    honest(1018).unwrap_or_else(|failure| panic!("{failure}"));
}

/// A member was removed; nobody waited for its promise any more, all told floors, and a reader's stable rested on them.
/// Then a commit that the removed one had written came below those floors, and the members took it in.
#[test]
fn what_a_removed_member_wrote_does_not_enter_below_a_told_floor() {
    honest(505).unwrap_or_else(|failure| panic!("{failure}"));
}

#[test]
fn the_same_seed_gives_the_same_trace() {
    let trace = |seed| honest(seed).unwrap_or_else(|failure| panic!("{failure}")).trace;
    assert_eq!(trace(7), trace(7));
    assert_ne!(trace(7), trace(8));
}

/// Some world of the first so many must go wrong, and say so in these words.
fn must_be_caught(expected: &str, world: impl Fn(u64) -> Result<Summary, Failure>) {
    must_be_caught_from(0, expected, world);
}

/// The same, from a seed on.
fn must_be_caught_from(first: u64, expected: &str, world: impl Fn(u64) -> Result<Summary, Failure>) {
    let failures: Vec<Failure> = (first..first + 400)
        .filter_map(|seed| world(seed).err())
        .filter(|f| f.what.contains(expected))
        .take(1)
        .collect();
    let caught = failures.first().unwrap_or_else(|| panic!("no world caught it: {expected}"));
    let replay = format!("HEADWATERS_SEED={} cargo test -p acceptance --test simulation one_seed", caught.seed);
    assert!(caught.to_string().contains(&replay), "{caught}");
}

/// One replica makes the mistake, the others do not.
fn mistaken(mistake: Mistake) -> impl Fn(u64) -> Result<Summary, Failure> {
    move |seed| {
        let folds = move |replica: usize, _: Kind| -> Box<dyn Fold> {
            if replica == 1 { Box::new(Mistaken::new(mistake)) } else { Box::new(Real::new()) }
        };
        run(seed, &folds, Habit::Honest)
    }
}

#[test]
fn a_wrong_tie_break_is_caught() {
    must_be_caught("fold is not the naive one", mistaken(Mistake::WrongTieBreak));
}

#[test]
fn an_outcome_that_depends_on_the_order_of_arrival_is_caught() {
    must_be_caught("fold is not the naive one", mistaken(Mistake::OrderOfArrival));
}

#[test]
fn a_lost_late_commit_is_caught() {
    must_be_caught("fold is not the naive one", mistaken(Mistake::LateCommitLost));
}

#[test]
fn a_commit_parked_at_birth_is_caught() {
    must_be_caught("parked at birth", mistaken(Mistake::UncheckedCommit));
}

#[test]
fn an_early_acknowledgement_is_caught() {
    must_be_caught("lost the acknowledged commit", |seed| run(seed, &linearizers, Habit::AcknowledgesEarly));
}

#[test]
fn a_stable_that_is_shown_before_it_is_on_disk_is_caught() {
    must_be_caught("stable moved back", |seed| run(seed, &linearizers, Habit::ShowsStableEarly));
}

#[test]
fn a_floor_that_leaves_a_member_out_is_caught() {
    must_be_caught("stable prefix", |seed| run(seed, &linearizers, Habit::ForgetsAMember));
}

#[test]
fn a_broken_promise_is_caught() {
    must_be_caught("own commit is not admitted: BrokenPromise", |seed| run(seed, &linearizers, Habit::BreaksPromises));
}

#[test]
fn a_broken_promise_that_nobody_notices_is_caught() {
    must_be_caught("no agreement in time", |seed| run(seed, &linearizers, Habit::OverlooksBrokenPromises));
}

#[test]
fn a_told_floor_that_is_not_kept_is_caught() {
    must_be_caught_from(500, "stable prefix", |seed| run(seed, &linearizers, Habit::ForgetsToldFloors));
}

#[test]
fn a_stable_that_waits_for_a_removed_member_is_caught() {
    must_be_caught("no agreement in time", |seed| run(seed, &linearizers, Habit::CountsTheRemoved));
}

#[test]
fn a_clone_that_forgets_parked_commits_is_caught() {
    must_be_caught("does not know every parked commit", |seed| run(seed, &linearizers, Habit::ClonesWithoutParked));
}

#[test]
fn a_clone_that_does_not_say_what_lies_below_it_is_caught() {
    must_be_caught("no agreement in time", |seed| run(seed, &linearizers, Habit::ClonesWithoutChains));
}
