//! The incremental fold equals the naive one after every arrival (R28): state, outcomes, reasons.
//!
//! Three peers write random changes over few keys, each on the closure it knows, so that most changes are right where
//! they were made and many are wrong where they land. A history arrives in random order and batches.

use crate::commit::Ordered;
use crate::compact::Cuts;
use crate::linearizer::{Linearizer, NoHistory};
use crate::naive;
use crate::outcome::Outcome;
use crate::testing::{Schema, commit_id, name_of};
use crate::view::{Direction, KeyRange, View};
use dag::hlc::Hlc;
use dag::id::{AuthorId, CommitId, RunId};
use dag::row_key::Key;
use dag::value::Value;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::{Bound, ControlFlow};
use std::sync::Arc;

/// One random choice after another, from bytes that proptest shrinks.
pub(super) struct Dice<'a>(std::slice::Iter<'a, u8>);

impl<'a> Dice<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Dice(bytes.iter())
    }

    fn roll(&mut self, sides: u8) -> u8 {
        self.0.next().map_or(0, |b| b % sides)
    }

    fn is_spent(&self) -> bool {
        self.0.len() == 0
    }
}

/// A writer of the history: what it knows.
struct Peer {
    name: char,
    fold: Linearizer,
    known: BTreeSet<CommitId>,
}

impl Peer {
    fn learn(&mut self, all: &[Arc<Ordered>], wanted: CommitId) {
        let mut open = vec![wanted];
        let mut missing = Vec::new();
        while let Some(id) = open.pop() {
            if self.known.insert(id) {
                let commit = all.iter().find(|c| c.id == id).unwrap();
                open.extend(&commit.parents);
                missing.push(commit.clone());
            }
        }
        self.fold.add(missing, &NoHistory).unwrap();
    }

    fn row(&self, schema: &Schema, table: &str, k: i64) -> Option<Vec<Value>> {
        let table = schema.table(table);
        let row = self.fold.view().get(table.id, schema.key(&table.name, k).as_ref()).unwrap()?;
        table.read(&row).ok().filter(|row| row.len() == 3)
    }

    /// The words of one random change.
    fn change(&self, schema: &Schema, dice: &mut Dice<'_>) -> String {
        let text = |v: &Value| match v {
            Value::Int(n) => n.to_string(),
            _ => "_".to_owned(),
        };
        let number = |dice: &mut Dice<'_>, null: bool| match dice.roll(5) {
            4 if null => "_".to_owned(),
            n => n.to_string(),
        };
        let table = ["t", "t", "t", "g", "log"][usize::from(dice.roll(5))];
        let k = i64::from(dice.roll(4));
        let fresh = (number(dice, true), number(dice, false));
        let row = if dice.roll(6) == 0 {
            Some(vec![Value::Int(k), Value::Int(1), Value::Int(2)])
        } else {
            self.row(schema, table, k)
        };
        match (dice.roll(24), row) {
            (0, _) => "index".to_owned(),
            (1, _) => "plain".to_owned(),
            (2, _) => format!("{table}:clear"),
            (3, _) if dice.roll(4) == 0 => "drop".to_owned(),
            (3, _) => ["widen", "narrow", "plain"][usize::from(dice.roll(3))].to_owned(),
            (4 | 5, _) => format!("{table}:?{k}({},{})", fresh.0, fresh.1),
            (6, Some(row)) => {
                format!("{table}:={k}({},{}) {table}:+9({},{})", text(&row[1]), text(&row[2]), fresh.0, fresh.1)
            }
            (6, None) => format!("{table}:={k}() {table}:+9({},{})", fresh.0, fresh.1),
            (7..=9, Some(row)) => format!("{table}:-{k}({},{})", text(&row[1]), text(&row[2])),
            (10..=14, Some(row)) => format!("{table}:{k}.a={}>{}", text(&row[1]), fresh.0),
            (_, Some(row)) => format!("{table}:{k}.b={}>{} {table}:{k}[a={}]", text(&row[2]), fresh.1, text(&row[1])),
            (_, None) => format!("{table}:+{k}({},{})", fresh.0, fresh.1),
        }
    }
}

/// A history of up to `limit` commits by three peers.
pub(super) fn history(schema: &Schema, dice: &mut Dice<'_>, limit: usize) -> Vec<Arc<Ordered>> {
    let peer = |name| Peer { name, fold: Linearizer::new(Cuts::default()), known: BTreeSet::new() };
    let mut peers = ['A', 'B', 'C'].map(peer);
    let mut all: Vec<Arc<Ordered>> = Vec::new();
    let mut clock = 10;
    while all.len() < limit && !dice.is_spent() {
        let peer = &mut peers[usize::from(dice.roll(3))];
        if !all.is_empty() && dice.roll(3) == 0 {
            let wanted = all[usize::from(dice.roll(all.len().min(255) as u8))].id;
            peer.learn(&all, wanted);
        }
        let least = peer.known.iter().map(|id| hlc_of(&all, *id)).max().unwrap_or(0) + 1;
        // A peer's clock may lag far behind the others'.
        clock = clock.max(least) + u64::from(dice.roll(3));
        let hlc = if dice.roll(2) == 0 { clock } else { least };
        let words = if peer.known.is_empty() { "create".to_owned() } else { peer.change(schema, dice) };
        let parked: Vec<CommitId> = peer.fold.parked().unwrap().iter().map(|p| p.commit).collect();
        let settles = if dice.roll(6) == 0 { parked.into_iter().take(1).collect() } else { Vec::new() };
        let commit = Arc::new(Ordered {
            id: commit_id(&format!("{}{hlc}n{}", peer.name, all.len())),
            parents: peer.fold.heads(),
            hlc: Hlc::new(hlc, 0),
            author: AuthorId([peer.name as u8; 32]),
            run: RunId(u64::from(dice.roll(2))),
            seq: all.len() as u64,
            settles,
            changes: Arc::new(schema.changes(&words)),
            bytes: 50,
        });
        all.push(commit.clone());
        peer.learn(&all, commit.id);
    }
    all
}

fn hlc_of(all: &[Arc<Ordered>], id: CommitId) -> u64 {
    all.iter().find(|c| c.id == id).map_or(0, |c| c.hlc.millis())
}

/// Every entry of a space.
pub(super) fn scan(view: &dyn View, space: dag::id::EntityId) -> Vec<(Key, Vec<u8>)> {
    let mut rows = Vec::new();
    let all = KeyRange { from: Bound::Unbounded, to: Bound::Unbounded };
    view.range(space, &all, Direction::Forward, &mut |k, v| {
        rows.push((k.clone(), v.to_vec()));
        ControlFlow::Continue(())
    })
    .unwrap();
    rows
}

/// Compares a fold with the naive one over the same commits; the error says where they part.
pub(super) fn compare(fold: &Linearizer, commits: &[Arc<Ordered>], void: &BTreeSet<CommitId>) -> Result<(), String> {
    let naive = naive::fold(commits, void);
    let outcomes: BTreeMap<CommitId, Outcome> = fold.outcomes().map(|(s, o)| (s.id(), o.clone())).collect();
    for (id, outcome) in &naive.outcomes {
        if outcomes.get(id) != Some(outcome) {
            return Err(format!("{}: {:?}, naive {outcome:?}", name_of(*id), outcomes.get(id)));
        }
    }
    let view = fold.view();
    if **view.catalogue() != naive.catalogue {
        return Err("catalogues differ".to_owned());
    }
    let equal =
        |space| scan(&*view, space) == naive.space(space).map(|(k, v)| (k.clone(), v.to_vec())).collect::<Vec<_>>();
    for table in naive.catalogue.tables.values() {
        if !equal(table.id) {
            return Err(format!("rows of {} differ", table.name));
        }
        if let Some(index) = table.indexes.iter().find(|index| !equal(index.id)) {
            return Err(format!("entries of {} differ", index.name));
        }
    }
    let parked: BTreeSet<CommitId> = fold.parked().unwrap().iter().map(|p| p.commit).collect();
    if parked == naive.parked() { Ok(()) } else { Err("parked lists differ".to_owned()) }
}

/// Delivers a history in the dice's order and batches, comparing after each batch. A commit waits for its parents.
pub(super) fn deliver(all: &[Arc<Ordered>], dice: &mut Dice<'_>) -> Result<Linearizer, String> {
    let mut fold = Linearizer::new(Cuts::default());
    let mut waiting = all.to_vec();
    let mut arrived: Vec<Arc<Ordered>> = Vec::new();
    let mut void = BTreeSet::new();
    while !waiting.is_empty() {
        let mut batch = Vec::new();
        for _ in 0..=dice.roll(4) {
            let here = |id: &CommitId| arrived.iter().chain(&batch).any(|c: &Arc<Ordered>| c.id == *id);
            let ready: Vec<usize> = (0..waiting.len()).filter(|&i| waiting[i].parents.iter().all(here)).collect();
            if !ready.is_empty() {
                batch.push(waiting.remove(ready[usize::from(dice.roll(ready.len() as u8))]));
            }
        }
        arrived.extend(batch.iter().cloned());
        batch.reverse();
        fold.add(batch, &NoHistory).unwrap();
        if dice.roll(12) == 0 {
            let id = arrived[usize::from(dice.roll(arrived.len() as u8))].id;
            let gone = void.insert(id) || !void.remove(&id);
            fold.set_void(&[id], gone).unwrap();
        }
        compare(&fold, &arrived, &void)?;
    }
    Ok(fold)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_arrival_leaves_what_the_naive_fold_leaves(choices in prop::collection::vec(any::<u8>(), 0..400)) {
        let schema = Schema::new();
        let mut dice = Dice::new(&choices);
        let all = history(&schema, &mut dice, 30);
        deliver(&all, &mut dice).map_err(TestCaseError::fail)?;
    }
}
