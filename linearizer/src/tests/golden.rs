//! Drawn histories with the outcome they must have, from `linearizer/tests/golden.dag`, however their commits arrive.
//!
//! `HEADWATERS_BLESS=1 cargo test -p linearizer golden` writes the file anew from what the naive fold says; review the
//! difference.

use super::equivalence::compare;
use crate::commit::Ordered;
use crate::compact::Cuts;
use crate::linearizer::{Linearizer, NoHistory};
use crate::main_log::MainHash;
use crate::naive;
use crate::outcome::Outcome;
use crate::testing::{Schema, commit, commit_id, name_of};
use dag::id::CommitId;
use std::collections::BTreeSet;
use std::sync::Arc;

const FILE: &str = include_str!("../../tests/golden.dag");

/// One drawing.
struct Drawing<'a> {
    title: &'a str,
    commits: Vec<Arc<Ordered>>,
    void: Vec<CommitId>,
    /// The lines that say what must come of it.
    expected: Vec<String>,
}

fn drawings<'a>(schema: &Schema, file: &'a str) -> Vec<Drawing<'a>> {
    let sections = file.split("\n## ").skip(1);
    sections.map(|section| drawing(schema, section)).collect()
}

fn drawing<'a>(schema: &Schema, section: &'a str) -> Drawing<'a> {
    let (title, body) = section.split_once('\n').unwrap();
    let mut drawing = Drawing { title, commits: Vec::new(), void: Vec::new(), expected: Vec::new() };
    for line in body.lines().map(str::trim).filter(|line| !line.is_empty()) {
        if let Some(name) = line.strip_prefix("void ") {
            drawing.void.push(commit_id(name));
        } else if line.starts_with(['=', '#']) {
            drawing.expected.push(line.to_owned());
        } else {
            let (head, words) = line.split_once(':').unwrap();
            let (name, parents) = head.split_once('<').unwrap();
            let (parents, settles) = parents.split_once('!').unwrap_or((parents, ""));
            drawing.commits.push(commit(schema, name.trim(), parents, settles, words));
        }
    }
    drawing
}

/// The lines that say what came of commits in order.
fn report<'a>(schema: &Schema, commits: impl Iterator<Item = (&'a Ordered, &'a Outcome)>) -> Vec<String> {
    let mut hash = MainHash::default();
    let mut lines = Vec::new();
    for (commit, outcome) in commits {
        hash.push(commit.hlc, Cuts::default().epoch_millis, commit.id, outcome.code());
        if outcome.reason().is_some() {
            lines.push(format!("= {} {}", name_of(commit.id), schema.describe(outcome, name_of)));
        }
    }
    lines.push(format!("# {}", hash.hash()));
    lines
}

/// Three ways to arrive: as drawn, as late as the graph allows, all at once.
fn arrivals(commits: &[Arc<Ordered>]) -> [Vec<Vec<Arc<Ordered>>>; 3] {
    let one_by_one = |commits: &[Arc<Ordered>]| commits.iter().map(|c| vec![c.clone()]).collect::<Vec<_>>();
    let mut late: Vec<Arc<Ordered>> = Vec::new();
    let mut waiting = commits.to_vec();
    waiting.sort_by_key(|c| c.hlc);
    while !waiting.is_empty() {
        let here = |id: &CommitId| late.iter().any(|c| c.id == *id);
        let next = waiting.iter().rposition(|c| c.parents.iter().all(here)).unwrap();
        late.push(waiting.remove(next));
    }
    [one_by_one(commits), one_by_one(&late), vec![commits.to_vec()]]
}

/// What differs from the file, or from the naive fold.
pub(super) fn failures() -> Vec<String> {
    let schema = Schema::new();
    let mut failures = Vec::new();
    for drawing in drawings(&schema, FILE) {
        for (way, batches) in arrivals(&drawing.commits).into_iter().enumerate() {
            let mut fold = Linearizer::new(Cuts::default());
            for batch in batches {
                fold.add(batch, &NoHistory).unwrap();
            }
            fold.set_void(&drawing.void, true).unwrap();
            let outcomes = fold.outcomes().map(|(seat, outcome)| (&**seat.commit(), outcome));
            let found = report(&schema, outcomes);
            let void: BTreeSet<CommitId> = drawing.void.iter().copied().collect();
            if found != drawing.expected {
                failures.push(format!("{} (way {way}): {found:?}, drawn {:?}", drawing.title, drawing.expected));
            } else if let Err(why) = compare(&fold, &drawing.commits, &void) {
                failures.push(format!("{} (way {way}): {why}", drawing.title));
            }
            assert_eq!(found.last().map(|line| line[2..].to_owned()), Some(fold.main_hash().to_string()));
        }
    }
    failures
}

/// The file with the lines that the naive fold gives.
fn blessed(schema: &Schema) -> String {
    let mut file = FILE.split("\n## ").next().unwrap().trim_end().to_owned() + "\n";
    for (section, drawing) in FILE.split("\n## ").skip(1).zip(drawings(schema, FILE)) {
        let void: BTreeSet<CommitId> = drawing.void.iter().copied().collect();
        let naive = naive::fold(&drawing.commits, &void);
        let mut commits = drawing.commits.clone();
        commits.sort_by_key(|c| (c.hlc, c.author, c.run, c.id));
        let lines = report(schema, commits.iter().map(|c| (&**c, &naive.outcomes[&c.id])));
        let drawn = section.lines().filter(|line| !line.starts_with(['=', '#']) && !line.trim().is_empty());
        file += &format!("\n## {}\n{}\n", drawn.collect::<Vec<_>>().join("\n"), lines.join("\n"));
    }
    file
}

#[test]
fn drawn_histories_come_out_as_drawn() {
    let schema = Schema::new();
    if std::env::var_os("HEADWATERS_BLESS").is_some() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden.dag");
        std::fs::write(path, blessed(&schema)).unwrap();
        return;
    }
    assert!(drawings(&schema, FILE).len() >= 50);
    let failures = failures();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
