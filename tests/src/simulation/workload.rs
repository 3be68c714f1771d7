//! What simulated clients write: small transactions over a few tables with few keys, so that peers meet.
//!
//! Promises: a change set is what a session would make of the view it is given: befores are true, keys are its own
//! table's. Whether it may be committed is the fold's to say.

use super::random::Random;
use dag::catalogue::Catalogue;
use dag::change::{Before, CellBefore, CellChange, ChangeSet, Delete, Insert, Marks, ReadGuard, TableChanges, Update};
use dag::collation::Collation;
use dag::id::EntityId;
use dag::row::Row;
use dag::row_key::Key;
use dag::schema::{Column, ColumnDefault, ColumnType, Database, Index, IndexPart, MergePolicy, SchemaChange, Table};
use dag::value::Value;
use linearizer::guard::row_digest;
use linearizer::view::{Direction, KeyRange, View};
use std::collections::BTreeMap;
use std::ops::{Bound, ControlFlow};
use std::sync::Arc;

/// Different keys in a table: few, so that two peers often write the same row.
const KEYS: u64 = 12;
/// Different values of the unique column: fewer than rows, so that entries collide.
const UNIQUES: u64 = 9;

/// The schema of every world: `t` with a unique column, `log` that takes only inserts, `g` where equal results agree.
pub fn schema() -> ChangeSet {
    let mut catalogue = Catalogue::default();
    let collation = Collation::Utf8mb4_0900AiCi;
    let database = catalogue.identify_database(Database { id: EntityId::ZERO, name: "d".into(), collation });
    let mut schema = vec![SchemaChange::CreateDatabase(database.clone())];
    let tables = [("t", MergePolicy::FirstWriteWins), ("log", MergePolicy::AppendOnly), ("g", MergePolicy::Agree)];
    for (name, policy) in tables {
        for change in &schema {
            // Applying a change twice changes nothing.
            let _ = catalogue.apply(change);
        }
        schema.push(SchemaChange::CreateTable(Arc::new(table(&catalogue, database.id, name, policy))));
    }
    ChangeSet { schema, ..ChangeSet::default() }
}

fn table(catalogue: &Catalogue, database: EntityId, name: &str, policy: MergePolicy) -> Table {
    let unique = (name == "t").then(|| index("u", true, column(1, true).id));
    catalogue.identify_table(Table {
        id: EntityId::ZERO,
        database,
        name: name.into(),
        columns: vec![column(0, false), column(1, true), column(2, false)],
        primary: Some(index("PRIMARY", true, column(0, false).id)),
        indexes: unique.into_iter().collect(),
        layouts: Vec::new(),
        collation: Collation::Utf8mb4_0900AiCi,
        policy,
        comment: "".into(),
        first_auto_increment: 1,
    })
}

fn column(at: u8, nullable: bool) -> Column {
    Column {
        id: EntityId([at; 32]),
        name: ["k", "a", "b"][usize::from(at)].into(),
        kind: ColumnType::Integer { bytes: 8, unsigned: false, display_width: None },
        collation: Collation::Binary,
        nullable,
        default: nullable.then_some(ColumnDefault::Constant(Value::Null)),
        on_update: None,
        auto_increment: false,
        missing: if nullable { Value::Null } else { Value::Int(0) },
        comment: "".into(),
        policy: None,
    }
}

fn index(name: &str, unique: bool, column: EntityId) -> Index {
    let parts = vec![IndexPart { column, prefix: None, descending: false }];
    Index { id: EntityId::ZERO, name: name.into(), unique, parts, comment: "".into() }
}

/// One transaction on a view: one to four changes, at times with what it read, rarely DDL. Never empty.
pub fn changes(view: &dyn View, random: &mut Random) -> ChangeSet {
    let mut set = ChangeSet::default();
    let tables: Vec<Arc<Table>> = view.catalogue().tables.values().cloned().collect();
    if tables.is_empty() || random.chance(25) {
        set.schema = ddl(view.catalogue(), &tables, random);
        return set;
    }
    let mut touched: BTreeMap<EntityId, Touched> = BTreeMap::new();
    for _ in 0..random.between(1, 5) {
        let table = random.pick(&tables);
        let touched = touched.entry(table.id).or_insert_with(|| Touched::new(table.clone(), view));
        touched.change(random);
        if random.chance(100) {
            set.reads.push(touched.read(random));
        }
    }
    let changed = touched.into_values().filter(|touched| !touched.is_untouched());
    set.tables = changed.map(Touched::into_changes).collect();
    set
}

/// The schema again (twins on cut-off replicas are one object, R25), an index more, a table less.
fn ddl(catalogue: &Catalogue, tables: &[Arc<Table>], random: &mut Random) -> Vec<SchemaChange> {
    let droppable: Vec<&Arc<Table>> = tables.iter().filter(|table| &*table.name == "g").collect();
    let indexable = tables.iter().find(|table| &*table.name == "t");
    match (random.below(3), indexable) {
        (0, Some(table)) => {
            let name = *random.pick(&["i", "j"]);
            let made = index(name, name == "j", table.columns[2].id);
            vec![SchemaChange::AddIndex { table: table.id, index: catalogue.identify_index(table.id, made) }]
        }
        (1, _) if !droppable.is_empty() => vec![SchemaChange::DropTable(droppable[0].id)],
        _ => schema().schema.into_iter().take(2).collect(),
    }
}

/// A table's rows as this transaction sees them, and what it has done to them. One change a key.
struct Touched {
    table: Arc<Table>,
    rows: BTreeMap<Key, Row>,
    done: Vec<Key>,
    changes: TableChanges,
}

impl Touched {
    fn new(table: Arc<Table>, view: &dyn View) -> Self {
        let mut rows = BTreeMap::new();
        let all = KeyRange { from: Bound::Unbounded, to: Bound::Unbounded };
        let mut take = |key: &Key, bytes: &linearizer::view::Bytes| {
            rows.insert(key.clone(), Row(bytes.clone()));
            ControlFlow::Continue(())
        };
        view.range(table.id, &all, Direction::Forward, &mut take).expect("the state is in memory");
        let layout = table.newest_layout().id;
        let (inserts, updates, deletes) = (Vec::new(), Vec::new(), Vec::new());
        let changes = TableChanges { table: table.id, layout, clear: false, inserts, updates, deletes };
        Touched { table, rows, done: Vec::new(), changes }
    }

    fn key(&self, number: i64) -> Key {
        let values = [Value::Int(number), Value::Null, Value::Int(0)];
        self.table.primary_key_of(&values).expect("an integer is a key")
    }

    fn change(&mut self, random: &mut Random) {
        let is_log = self.table.policy == MergePolicy::AppendOnly;
        let number = if is_log { random.next() >> 2 } else { random.below(KEYS) } as i64;
        let key = self.key(number);
        if self.done.contains(&key) {
            return;
        }
        self.done.push(key.clone());
        match self.rows.get(&key).cloned() {
            None => self.insert(key, number, random),
            Some(row) if random.chance(250) => self.delete(key, &row),
            Some(_) if random.chance(80) => {
                let marks = Marks { if_absent: true, ..Marks::default() };
                self.push_insert(key, number, marks, random);
            }
            Some(row) => self.update(key, &row, random),
        }
    }

    fn insert(&mut self, key: Key, number: i64, random: &mut Random) {
        let marks = Marks { if_absent: random.chance(100), ..Marks::default() };
        self.push_insert(key, number, marks, random);
    }

    fn push_insert(&mut self, key: Key, number: i64, marks: Marks, random: &mut Random) {
        let values = [Value::Int(number), unique_value(random), Value::Int(random.below(4) as i64)];
        let row = self.table.write(&values).expect("integers fit");
        self.changes.inserts.push(Insert { key, row, marks });
    }

    fn update(&mut self, key: Key, row: &Row, random: &mut Random) {
        let old = self.table.read(row).expect("rows of the view are whole");
        let column = 1 + random.below(2) as usize;
        let new = if column == 1 { unique_value(random) } else { Value::Int(random.below(4) as i64) };
        let cell = CellChange { column: column as u16, before: Before::of(&old[column]), after: new };
        let other = 3 - column;
        let guard = CellBefore { column: other as u16, before: Before::of(&old[other]) };
        let guards = random.chance(300).then_some(guard).into_iter().collect();
        if cell.after != old[column] {
            self.changes.updates.push(Update { key, cells: vec![cell], guards, marks: Marks::default() });
        }
    }

    fn delete(&mut self, key: Key, row: &Row) {
        let old = self.table.read(row).expect("rows of the view are whole");
        let cell = |(at, value): (usize, &Value)| CellBefore { column: at as u16, before: Before::of(value) };
        let before = old.iter().enumerate().map(cell).collect();
        self.changes.deletes.push(Delete { key, before, marks: Marks::default() });
    }

    /// SELECT ... FOR SHARE of one row, there or not.
    fn read(&self, random: &mut Random) -> ReadGuard {
        let key = self.key(random.below(KEYS) as i64);
        let row = self.rows.get(&key).map(|row| row_digest(row.as_ref()));
        ReadGuard::Row { table: self.table.id, key, row }
    }

    fn is_untouched(&self) -> bool {
        self.changes.inserts.is_empty() && self.changes.updates.is_empty() && self.changes.deletes.is_empty()
    }

    fn into_changes(mut self) -> TableChanges {
        self.changes.inserts.sort_by(|a, b| a.key.cmp(&b.key));
        self.changes.updates.sort_by(|a, b| a.key.cmp(&b.key));
        self.changes.deletes.sort_by(|a, b| a.key.cmp(&b.key));
        self.changes
    }
}

fn unique_value(random: &mut Random) -> Value {
    if random.chance(200) { Value::Null } else { Value::Int(random.below(UNIQUES) as i64) }
}
