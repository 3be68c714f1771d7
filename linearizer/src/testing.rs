//! What the tests of this crate share: a small schema, and change sets written as short text.
//!
//! Tables `t` (first write wins, UNIQUE on a), `log` (append_only) and `g` (agree), each (k BIGINT PRIMARY KEY, a BIGINT,
//! b BIGINT NOT NULL). A change set is words: `create`, `index` (UNIQUE on t.b), `plain` (index on t.b), `drop` (table t), `widen`
//! (ADD COLUMN t.c, 0 in rows that are there), `narrow` (DROP COLUMN t.a),
//! `t:+1(5,6)` insert, `t:?1(5,6)` insert ignore, `t:1.a=5>6` update, `t:1[b=6]` guard of the update before it,
//! `t:-1(5,6)` delete, `t:clear` truncate, `t:=1(5,6)` the row read so, `t:=1()` read as absent. `_` is NULL.

use crate::commit::Ordered;
use crate::guard::row_digest;
use crate::outcome::{Outcome, Reason};
use dag::catalogue::Catalogue;
use dag::change::*;
use dag::collation::Collation;
use dag::hlc::Hlc;
use dag::id::{AuthorId, CommitId, EntityId, LayoutId, RunId};
use dag::row::Row;
use dag::row_key::Key;
use dag::schema::*;
use dag::value::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

const BIGINT: ColumnType = ColumnType::Integer { bytes: 8, unsigned: false, display_width: None };

fn id(n: u8) -> EntityId {
    EntityId([n; 32])
}

fn column(n: u8, nullable: bool) -> Column {
    Column {
        id: id(n),
        name: ["k", "a", "b", "c"][usize::from(n)].into(),
        kind: BIGINT,
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

fn table(catalogue: &Catalogue, database: EntityId, name: &str, policy: MergePolicy) -> Table {
    catalogue.identify_table(Table {
        id: EntityId::ZERO,
        database,
        name: name.into(),
        columns: vec![column(0, false), column(1, true), column(2, false)],
        primary: Some(index("PRIMARY", true, id(0))),
        indexes: if name == "t" { vec![index("u", true, id(1))] } else { Vec::new() },
        layouts: Vec::new(),
        collation: Collation::Utf8mb4_0900AiCi,
        policy,
        comment: "".into(),
        first_auto_increment: 1,
    })
}

/// The schema every test starts from, and its tables by name.
pub(crate) struct Schema {
    create: Vec<SchemaChange>,
    pub(crate) catalogue: Catalogue,
    tables: BTreeMap<&'static str, Arc<Table>>,
}

impl Schema {
    pub(crate) fn new() -> Self {
        let mut catalogue = Catalogue::default();
        let collation = Collation::Utf8mb4_0900AiCi;
        let database = catalogue.identify_database(Database { id: EntityId::ZERO, name: "d".into(), collation });
        let mut create = vec![SchemaChange::CreateDatabase(database.clone())];
        catalogue.apply(&create[0]).unwrap();
        let mut tables = BTreeMap::new();
        for (name, policy) in
            [("t", MergePolicy::FirstWriteWins), ("log", MergePolicy::AppendOnly), ("g", MergePolicy::Agree)]
        {
            let made = Arc::new(table(&catalogue, database.id, name, policy));
            create.push(SchemaChange::CreateTable(made.clone()));
            catalogue.apply(create.last().unwrap()).unwrap();
            tables.insert(name, made);
        }
        Schema { create, catalogue, tables }
    }

    pub(crate) fn table(&self, name: &str) -> &Arc<Table> {
        &self.tables[name]
    }

    /// The bytes of a row key.
    pub(crate) fn key(&self, table: &str, k: i64) -> Key {
        self.table(table).primary_key_of(&[Value::Int(k), Value::Null, Value::Int(0)]).unwrap()
    }

    pub(crate) fn row(&self, table: &str, values: [Value; 3]) -> Row {
        self.table(table).write(&values).unwrap()
    }

    /// The change set that the words name.
    pub(crate) fn changes(&self, words: &str) -> ChangeSet {
        let mut set = ChangeSet::default();
        for word in words.split_whitespace() {
            match word {
                "create" => set.schema.extend(self.create.iter().cloned()),
                "drop" => set.schema.push(SchemaChange::DropTable(self.table("t").id)),
                "index" | "plain" => {
                    let table = self.table("t");
                    let index =
                        self.catalogue.identify_index(table.id, index(word, word == "index", table.columns[2].id));
                    set.schema.push(SchemaChange::AddIndex { table: table.id, index });
                }
                "widen" => {
                    let table = self.table("t");
                    let column = self.catalogue.identify_column(table.id, column(3, false));
                    let layout = table.newest_layout().id;
                    set.schema.push(SchemaChange::AddColumn { table: table.id, column, position: 9, layout });
                }
                "narrow" => {
                    let table = self.table("t");
                    let (column, layout) = (table.columns[1].id, table.newest_layout().id);
                    set.schema.push(SchemaChange::DropColumn { table: table.id, column, layout });
                }
                _ => self.row_change(&mut set, word),
            }
        }
        set.tables.sort_by_key(|t| t.table);
        for table in &mut set.tables {
            table.inserts.sort_by(|a, b| a.key.cmp(&b.key));
            table.updates.sort_by(|a, b| a.key.cmp(&b.key));
            table.deletes.sort_by(|a, b| a.key.cmp(&b.key));
        }
        set
    }

    fn row_change(&self, set: &mut ChangeSet, word: &str) {
        let (name, change) = word.split_once(':').unwrap();
        let table = self.table(name);
        let (sign, rest) = change.split_at(1);
        if sign == "=" {
            let (k, row) = read_row(rest);
            let row = row.map(|row| row_digest(self.row(name, row).as_ref()));
            set.reads.push(ReadGuard::Row { table: table.id, key: self.key(name, k), row });
            return;
        }
        let layout = if change.contains(".c=") { self.wide() } else { table.newest_layout().id };
        let changes = changes_of(set, table, layout);
        match sign {
            "+" | "?" => {
                let (k, row) = read_row(rest);
                let marks = Marks { if_absent: sign == "?", ..Marks::default() };
                changes.inserts.push(Insert { key: self.key(name, k), row: self.row(name, row.unwrap()), marks });
            }
            "-" => {
                let (k, row) = read_row(rest);
                let before = row.unwrap().iter().enumerate().map(|(c, v)| before(c, v)).collect();
                changes.deletes.push(Delete { key: self.key(name, k), before, marks: Marks::default() });
            }
            _ if change == "clear" => changes.clear = true,
            _ => update(changes, |k| self.key(name, k), change),
        }
    }

    /// The layout of `t` behind `widen`.
    fn wide(&self) -> LayoutId {
        let mut catalogue = self.catalogue.clone();
        self.changes("widen").schema.iter().for_each(|change| catalogue.apply(change).unwrap());
        catalogue.tables[&self.table("t").id].newest_layout().id
    }

    /// An outcome in one word and whom it is against: `Applied`, `Changed<B20`.
    pub(crate) fn describe(&self, outcome: &Outcome, name: impl Fn(CommitId) -> String) -> String {
        let Some(reason) = outcome.reason() else { return format!("{outcome:?}") };
        let kind = format!("{reason:?}");
        let kind = kind.split([' ', '(']).next().unwrap_or_default().to_owned();
        let column = match reason {
            Reason::Changed { column, .. } | Reason::Null { column, .. } => {
                let columns = self.tables.values().flat_map(|t| &t.columns);
                columns.filter(|c| c.id == *column).map(|c| format!(".{}", c.name)).collect()
            }
            _ => String::new(),
        };
        format!("{kind}{column}{}", reason.against().map_or(String::new(), |c| format!("<{}", name(c))))
    }
}

fn changes_of<'a>(set: &'a mut ChangeSet, table: &Table, layout: LayoutId) -> &'a mut TableChanges {
    let position = set.tables.iter().position(|t| t.table == table.id).unwrap_or_else(|| {
        set.tables.push(TableChanges {
            table: table.id,
            layout,
            clear: false,
            inserts: Vec::new(),
            updates: Vec::new(),
            deletes: Vec::new(),
        });
        set.tables.len() - 1
    });
    &mut set.tables[position]
}

fn value(text: &str) -> Value {
    if text == "_" { Value::Null } else { Value::Int(text.parse().unwrap()) }
}

/// `1(5,6)`, or `1()` for no row.
fn read_row(text: &str) -> (i64, Option<[Value; 3]>) {
    let (k, rest) = text.split_once('(').unwrap();
    let k = k.parse().unwrap();
    let row = rest.trim_end_matches(')').split_once(',').map(|(a, b)| [Value::Int(k), value(a), value(b)]);
    (k, row)
}

fn before(column: usize, value: &Value) -> CellBefore {
    CellBefore { column: column as u16, before: Before::of(value) }
}

fn cell(name: &str) -> usize {
    ["k", "a", "b", "c"].iter().position(|c| *c == name).unwrap()
}

/// `1.a=5>6` or `1[b=6]`; both may name the same row.
fn update(changes: &mut TableChanges, key: impl Fn(i64) -> Key, text: &str) {
    let (k, rest) = text.split_once(['.', '[']).unwrap();
    let key = key(k.parse().unwrap());
    let position = changes.updates.iter().position(|u| u.key == key).unwrap_or_else(|| {
        let marks = Marks::default();
        changes.updates.push(Update { key, cells: Vec::new(), guards: Vec::new(), marks });
        changes.updates.len() - 1
    });
    let update = &mut changes.updates[position];
    let (column, values) = rest.trim_end_matches(']').split_once('=').unwrap();
    match values.split_once('>') {
        Some((old, new)) => {
            let CellBefore { column, before } = before(cell(column), &value(old));
            update.cells.push(CellChange { column, before, after: value(new) });
        }
        None => update.guards.push(before(cell(column), &value(values))),
    }
}

/// The id of a commit by its name, `A10`: author and HLC. Ids sort against authors, so that no test passes by ordering
/// by the wrong one.
pub(crate) fn commit_id(name: &str) -> CommitId {
    let mut id = [0; 32];
    id[0] = !name.as_bytes()[0];
    id[1..=name.len()].copy_from_slice(name.as_bytes());
    CommitId(id)
}

/// The name of a commit made by [`commit`].
pub(crate) fn name_of(id: CommitId) -> String {
    String::from_utf8_lossy(&id.0[1..]).trim_end_matches('\0').to_owned()
}

/// A commit by its name, its parents' names and its changes.
pub(crate) fn commit(schema: &Schema, name: &str, parents: &str, settles: &str, words: &str) -> Arc<Ordered> {
    let list = |names: &str| names.split_whitespace().filter(|n| *n != "-").map(commit_id).collect::<Vec<_>>();
    let hlc: u64 = name[1..].trim_end_matches(char::is_alphabetic).parse().unwrap();
    Arc::new(Ordered {
        id: commit_id(name),
        parents: list(parents),
        hlc: Hlc::new(hlc, 0),
        author: AuthorId([name.as_bytes()[0]; 32]),
        run: RunId(1),
        seq: hlc,
        settles: list(settles),
        changes: Arc::new(schema.changes(words)),
        bytes: 100,
    })
}
