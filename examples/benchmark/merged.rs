//! The virtual merge: reading with many heads against one, and a late commit below many newer ones.

use crate::chain::{Chain, ordered, row};
use crate::sampling::median;
use crate::{Failure, say};
use dag::author_key::AuthorKey;
use dag::clock::{Clock, System};
use dag::genesis::Genesis;
use dag::hlc::Hlc;
use dag::id::CommitId;
use linearizer::Linearizer;
use linearizer::commit::Ordered;
use linearizer::compact::Cuts;
use linearizer::linearizer::NoHistory;
use std::sync::Arc;

const COMMITS: usize = 20 * 1_024;
const HEADS: u64 = 1_000;
const READS: usize = 200_000;
/// The late commit's distance from the newest.
const NEWER: usize = 10_000;

/// A fold of a chain of [`COMMITS`].
struct Merge {
    fold: Linearizer,
    chain: Chain,
    all: Vec<Arc<Ordered>>,
}

impl Merge {
    fn new() -> Result<Merge, Failure> {
        let entropy = System::new();
        let (key, recovery) = (AuthorKey::generate(&entropy)?, AuthorKey::generate(&entropy)?);
        let mut chain = Chain::new(Genesis::found(key.id(), recovery.id(), &entropy)?, key)?;
        let mut all = Vec::new();
        while all.len() < COMMITS {
            let (_, commits) = chain.segment(usize::MAX)?;
            all.extend(commits.iter().map(ordered).collect::<Result<Vec<_>, _>>()?);
        }
        let mut fold = Linearizer::new(Cuts::default());
        fold.add(all.clone(), &NoHistory)?;
        Ok(Merge { fold, chain, all })
    }

    /// A commit with one new row behind `parent`, right after it in the order.
    fn beside(&self, number: u64, parent: &Ordered, hlc: Hlc) -> Result<Arc<Ordered>, Failure> {
        let mut id = [0xee; 32];
        id[..8].copy_from_slice(&number.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes());
        let changes = Arc::new(row(&self.chain.table, -1 - number as i64)?);
        let run = dag::id::RunId(2 + number);
        Ok(Arc::new(Ordered {
            id: CommitId(id),
            parents: vec![parent.id],
            hlc,
            run,
            seq: 1,
            changes,
            ..parent.clone()
        }))
    }

    /// Nanoseconds of a point read.
    fn read(&self, clock: &System) -> Result<f64, Failure> {
        let view = self.fold.view();
        let keys: Vec<_> = (1..1_000)
            .map(|n| {
                let changes = row(&self.chain.table, n * 17 % COMMITS as i64)?;
                Ok(changes.tables[0].inserts[0].key.clone())
            })
            .collect::<Result<_, Failure>>()?;
        let start = clock.monotonic();
        for key in keys.iter().cycle().take(READS) {
            std::hint::black_box(view.get(self.chain.table.id, key.as_ref())?);
        }
        Ok((clock.monotonic() - start).as_secs_f64() * 1e9 / READS as f64)
    }
}

/// Both figures, medians of `rounds`.
pub fn run(rounds: usize) -> Result<(), Failure> {
    let clock = System::new();
    let one = Merge::new()?;
    let mut many = Merge::new()?;
    let last = many.all.last().cloned().ok_or("the chain has commits")?;
    let heads = (0..HEADS).map(|n| many.beside(n, &last, Hlc(last.hlc.0 + 1 + n))).collect::<Result<Vec<_>, _>>()?;
    many.fold.add(heads, &NoHistory)?;
    let (few, lots) = (one.fold.heads().len(), many.fold.heads().len());
    let (mut with_one, mut with_many, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..=2 * rounds {
        let (a, b) = (one.read(&clock)?, many.read(&clock)?);
        if round > 0 {
            with_one.push(a);
            with_many.push(b);
            ratios.push(b / a);
        }
    }
    let ratio = median(&ratios);
    let (a, b) = (median(&with_one), median(&with_many));
    say(format!("point read: {a:.0} ns with {few} head, {b:.0} ns with {lots} heads, ratio {ratio:.2}"))?;
    let mut merge = one;
    let parent = merge.all[COMMITS - NEWER - 1].clone();
    let mut taken = Vec::new();
    for number in 0..100 * rounds as u64 {
        let late = merge.beside(number, &parent, parent.hlc)?;
        let key = late.changes.tables[0].inserts[0].key.clone();
        let held = merge.fold.view();
        let start = clock.monotonic();
        merge.fold.add(vec![late], &NoHistory)?;
        let seen = merge.fold.view().get(merge.chain.table.id, key.as_ref())?.is_some();
        taken.push((clock.monotonic() - start).as_secs_f64() * 1e6);
        drop(held);
        if !seen {
            return Err("the late commit is not in the merge".into());
        }
    }
    let worst = taken.iter().copied().fold(0.0, f64::max);
    say(format!("late commit below {NEWER} newer: visible after {:.0} us, worst {worst:.0} us", median(&taken)))?;
    Ok(())
}
