//! Five hundred seeded worlds, and the worlds in which a planted bug must be caught.

use acceptance::simulation::fold::{Fold, Real};
use acceptance::simulation::{Summary, run};

fn real(_: usize) -> Box<dyn Fold> {
    Box::new(Real::new())
}

/// A number from the environment, to replay one world or to run more of them.
fn number(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

/// Runs the worlds with these seeds on two threads; panics with the first that goes wrong.
fn worlds(seeds: std::ops::Range<u64>) -> Vec<Summary> {
    let half = |odd: u64| {
        let seeds = seeds.clone().filter(move |seed| seed % 2 == odd);
        seeds.map(|seed| run(seed, &real)).collect::<Result<Vec<_>, _>>()
    };
    let (one, other) = std::thread::scope(|scope| {
        let other = scope.spawn(|| half(1));
        (half(0), other.join().expect("the other half ran"))
    });
    let fail = |failure| -> Vec<Summary> { panic!("{failure}") };
    let (one, other) = (one.unwrap_or_else(fail), other.unwrap_or_else(fail));
    one.into_iter().chain(other).collect()
}

#[test]
fn five_hundred_worlds_end_in_agreement() {
    let summaries = worlds(0..number("HEADWATERS_SEEDS", 500));
    let sum = |of: fn(&Summary) -> usize| summaries.iter().map(of).sum::<usize>();
    println!(
        "{} worlds: {} commits, {} parked, {} refused, {} by the clock, {} crashes, {} held, {} rejudged, {} packets, {} dropped",
        summaries.len(),
        sum(|s| s.commits),
        sum(|s| s.parked),
        sum(|s| s.refused),
        sum(|s| s.clock_refused),
        sum(|s| s.crashes),
        sum(|s| s.held),
        sum(|s| s.rejudged),
        sum(|s| s.packets),
        sum(|s| s.dropped),
    );
    assert!(sum(|s| s.crashes) > 0 && sum(|s| s.held) > 0, "the worlds are too kind to find anything");
}

#[test]
fn one_seed() {
    let seed = number("HEADWATERS_SEED", 1);
    let summary = run(seed, &real).unwrap_or_else(|failure| panic!("{failure}"));
    println!("{summary:?}");
}

#[test]
fn the_same_seed_gives_the_same_trace() {
    let trace = |seed| run(seed, &real).unwrap_or_else(|failure| panic!("{failure}")).trace;
    assert_eq!(trace(7), trace(7));
    assert_ne!(trace(7), trace(8));
}
