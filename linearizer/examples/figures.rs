//! Figures of the fold: `cargo run --release -p linearizer --example figures [commits]`.
//!
//! Appends one by one with a reader's view held, a chain received in batches, a late commit below 10,000 newer ones, a
//! point read with 1 and with 1,000 heads, 64 clients counting in one row, and a million rows in one commit.

#![allow(clippy::print_stdout)]

use dag::catalogue::Catalogue;
use dag::change::{Before, CellChange, ChangeSet, Insert, Marks, TableChanges, Update};
use dag::clock::{Clock, System};
use dag::collation::Collation;
use dag::hlc::Hlc;
use dag::id::{AuthorId, CommitId, EntityId, RunId};
use dag::row_key::Key;
use dag::schema::{Column, ColumnType, Database, Index, IndexPart, MergePolicy, SchemaChange, Table};
use dag::value::Value;
use linearizer::Linearizer;
use linearizer::commit::Ordered;
use linearizer::compact::Cuts;
use linearizer::linearizer::NoHistory;
use std::sync::Arc;

const BIGINT: ColumnType = ColumnType::Integer { bytes: 8, unsigned: false, display_width: None };

/// An audit table: id, a secondary index on the user, about 200 bytes of text.
fn schema() -> (Vec<SchemaChange>, Arc<Table>) {
    let column = |n: u8, name: &str, kind: ColumnType| Column {
        id: EntityId([n; 32]),
        name: name.into(),
        kind,
        collation: if n == 2 { Collation::Utf8mb4_0900AiCi } else { Collation::Binary },
        nullable: false,
        default: None,
        on_update: None,
        auto_increment: false,
        missing: if n == 2 { Value::text("") } else { Value::Int(0) },
        comment: "".into(),
        policy: None,
    };
    let index = |name: &str, unique, n: u8| Index {
        id: EntityId([0; 32]),
        name: name.into(),
        unique,
        parts: vec![IndexPart { column: EntityId([n; 32]), prefix: None, descending: false }],
        comment: "".into(),
    };
    let collation = Collation::Utf8mb4_0900AiCi;
    let mut catalogue = Catalogue::default();
    let database = catalogue.identify_database(Database { id: EntityId([0; 32]), name: "d".into(), collation });
    let mut changes = vec![SchemaChange::CreateDatabase(database.clone())];
    catalogue.apply(&changes[0]).expect("a fresh catalogue takes a database");
    let table = Arc::new(catalogue.identify_table(Table {
        id: EntityId([0; 32]),
        database: database.id,
        name: "audit".into(),
        columns: vec![column(0, "id", BIGINT), column(1, "user", BIGINT), column(2, "line", ColumnType::VarChar(400))],
        primary: Some(index("PRIMARY", true, 0)),
        indexes: vec![index("user", false, 1)],
        layouts: Vec::new(),
        collation,
        policy: MergePolicy::FirstWriteWins,
        comment: "".into(),
        first_auto_increment: 1,
    }));
    changes.push(SchemaChange::CreateTable(table.clone()));
    (changes, table)
}

struct Bench {
    clock: System,
    table: Arc<Table>,
    count: u64,
}

impl Bench {
    fn commit(&mut self, hlc: u64, parents: Vec<CommitId>, changes: ChangeSet) -> Arc<Ordered> {
        self.count += 1;
        let mut id = [0; 32];
        id[..8].copy_from_slice(&self.count.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes());
        id[8..16].copy_from_slice(&self.count.to_be_bytes());
        Arc::new(Ordered {
            id: CommitId(id),
            parents,
            hlc: Hlc(hlc),
            author: AuthorId([1; 32]),
            run: RunId(1),
            seq: self.count,
            settles: Vec::new(),
            changes: Arc::new(changes),
            bytes: 300,
        })
    }

    fn key(&self, id: i64) -> Key {
        let values = [Value::Int(id), Value::Int(0), Value::text("")];
        self.table.primary_key_of(&values).expect("an integer is a key")
    }

    fn insert(&self, id: i64) -> Insert {
        let values = [Value::Int(id), Value::Int(id % 1000), Value::text("x".repeat(200))];
        let row = self.table.write(&values).expect("the values fit the columns");
        Insert { key: self.key(id), row, marks: Marks::default() }
    }

    fn rows(&self, inserts: Vec<Insert>, updates: Vec<Update>) -> ChangeSet {
        let layout = self.table.newest_layout().id;
        let deletes = Vec::new();
        let changes = TableChanges { table: self.table.id, layout, clear: false, inserts, updates, deletes };
        ChangeSet { tables: vec![changes], ..ChangeSet::default() }
    }

    fn count_up(&self, from: i64) -> ChangeSet {
        let cell = CellChange { column: 1, before: Before::of(&Value::Int(from)), after: Value::Int(from + 1) };
        let update = Update { key: self.key(1), cells: vec![cell], guards: Vec::new(), marks: Marks::default() };
        self.rows(Vec::new(), vec![update])
    }

    fn time<T>(&self, name: &str, per: u64, body: impl FnOnce() -> T) -> T {
        let start = self.clock.monotonic();
        let result = body();
        let took = self.clock.monotonic() - start;
        println!("{name:<58} {:>10.3} us each", took.as_secs_f64() * 1e6 / per as f64);
        result
    }
}

fn add(fold: &mut Linearizer, commits: Vec<Arc<Ordered>>) {
    fold.add(commits, &NoHistory).expect("the state is in memory");
}

fn main() {
    let commits: u64 = std::env::args().nth(1).and_then(|n| n.parse().ok()).unwrap_or(100_000);
    let (create, table) = schema();
    let mut bench = Bench { clock: System::new(), table, count: 0 };
    let mut fold = Linearizer::new(Cuts::default());
    let first = bench.commit(1, Vec::new(), ChangeSet { schema: create, ..ChangeSet::default() });
    add(&mut fold, vec![first.clone()]);
    let chain =
        |bench: &mut Bench, parent: &mut CommitId, hlc: u64, range: std::ops::Range<u64>| -> Vec<Arc<Ordered>> {
            let made = range.map(|n| {
                let changes = bench.rows(vec![bench.insert(n as i64)], Vec::new());
                let commit = bench.commit(hlc + n, vec![*parent], changes);
                *parent = commit.id;
                commit
            });
            made.collect()
        };

    let mut parent = first.id;
    let made = chain(&mut bench, &mut parent, 1 << 20, 0..commits);
    bench.time("append one by one, a view held each time", commits, || {
        for commit in &made {
            add(&mut fold, vec![commit.clone()]);
            std::hint::black_box(fold.view());
        }
    });
    let made = chain(&mut bench, &mut parent, 1 << 20, commits..2 * commits);
    bench.time("a chain received, 1,024 commits a batch", commits, || {
        made.chunks(1024).for_each(|batch| add(&mut fold, batch.to_vec()));
    });

    let below = (1 << 20) + 2 * commits - 10_000;
    let late = bench.rows(vec![bench.insert(-1)], Vec::new());
    let late = bench.commit(below, vec![first.id], late);
    bench.time("a late commit below 10,000, no shared key", 1, || add(&mut fold, vec![late]));

    let get = |bench: &Bench, fold: &Linearizer, name: &str| {
        let (view, keys) = (fold.view(), (0..1000).map(|n| bench.key(n * 97 % commits as i64)).collect::<Vec<_>>());
        bench.time(name, 100_000, || {
            for key in keys.iter().cycle().take(100_000) {
                std::hint::black_box(view.get(bench.table.id, key.as_ref()).expect("in memory"));
            }
        });
    };
    get(&bench, &fold, "point read, few heads");
    let mut heads = Vec::new();
    for n in 0..1000 {
        let changes = bench.rows(vec![bench.insert(-10 - n)], Vec::new());
        heads.push(bench.commit((1 << 30) + n as u64, vec![parent], changes));
    }
    add(&mut fold, heads);
    get(&bench, &fold, "point read, 1,000 heads more");

    let mut counted = Linearizer::new(Cuts::default());
    let row = bench.rows(vec![bench.insert(1)], Vec::new());
    let row = bench.commit(2, vec![first.id], row);
    add(&mut counted, vec![first.clone(), row.clone()]);
    let mut parent = row.id;
    let changes: Vec<_> = (1..=20_000).map(|n| (n, bench.count_up(n))).collect();
    let mut counts = Vec::new();
    for (n, changes) in changes {
        let commit = bench.commit(10 + n as u64, vec![parent], changes);
        parent = commit.id;
        counts.push(commit);
    }
    bench.time("one row counted up, one by one, a view held", 20_000, || {
        for commit in counts {
            add(&mut counted, vec![commit]);
            std::hint::black_box(counted.view());
        }
    });

    let mut large = Linearizer::new(Cuts::default());
    add(&mut large, vec![first.clone()]);
    let million = bench.rows((0..1_000_000).map(|n| bench.insert(n)).collect(), Vec::new());
    let million = bench.commit(5, vec![first.id], million);
    bench.time("a million rows in one commit, a row", 1_000_000, || add(&mut large, vec![million]));
}
