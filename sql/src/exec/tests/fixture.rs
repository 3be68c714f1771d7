//! The probes' tables in memory: a catalogue, a sorted map for each key space, and a session's context.

use crate::bind::{Binder, Environment, NoSystemTables};
use crate::dialect::{Parsed, parse};
use crate::error::SqlError;
use crate::evaluate::Detached;
use crate::exec::{Cursor, TableReader};
use crate::function::SqlMode;
use crate::plan::Plan;
use crate::render;
use dag::catalogue::Catalogue;
use dag::collation::Collation;
use dag::decimal::Decimal;
use dag::id::EntityId;
use dag::layout::Layout;
use dag::row_key::Key;
use dag::schema::{Column, ColumnType, Database, Index, IndexPart, MergePolicy, Table};
use dag::temporal::{Date, DateTime};
use dag::value::Value;
use linearizer::view::{Bytes, Direction, KeyRange, Sink};
use sqlparser::ast::Statement;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// Spaces in memory.
#[derive(Default)]
pub struct Memory(BTreeMap<EntityId, BTreeMap<Key, Bytes>>);

impl TableReader for Memory {
    fn get(&self, space: EntityId, key: &[u8]) -> Result<Option<Bytes>, SqlError> {
        Ok(self.0.get(&space).and_then(|entries| entries.get(key)).cloned())
    }

    fn range(
        &self,
        space: EntityId,
        range: &KeyRange,
        direction: Direction,
        sink: &mut Sink<'_>,
    ) -> Result<(), SqlError> {
        let Some(entries) = self.0.get(&space) else { return Ok(()) };
        let mut found: Vec<_> = entries.range((range.from.clone(), range.to.clone())).collect();
        if direction == Direction::Backward {
            found.reverse();
        }
        let _ = found.into_iter().try_for_each(|(key, bytes)| sink(key, bytes));
        Ok(())
    }

    fn estimate(&self, space: EntityId, _: &KeyRange) -> u64 {
        self.0.get(&space).map_or(0, |entries| entries.len() as u64)
    }
}

/// A database `test` with tables and rows.
pub struct World {
    pub catalogue: Catalogue,
    pub memory: Arc<Memory>,
}

fn id(text: &str) -> EntityId {
    let mut bytes = [0; 32];
    bytes[..text.len()].copy_from_slice(text.as_bytes());
    EntityId(bytes)
}

pub const BIGINT: ColumnType = ColumnType::Integer { bytes: 8, unsigned: false, display_width: None };
const INT: ColumnType = ColumnType::Integer { bytes: 4, unsigned: false, display_width: None };

/// A table whose first column is its primary key; `indexed` columns have an index each.
pub fn table(name: &str, columns: &[(&str, ColumnType)], indexed: &[&str]) -> Table {
    let column = |(place, (column, kind)): (usize, &(&str, ColumnType))| Column {
        id: id(&format!("{name}.{column}")),
        name: (*column).into(),
        kind: kind.clone(),
        collation: match kind {
            ColumnType::VarChar(_) => Collation::Utf8mb4GeneralCi,
            _ => Collation::Binary,
        },
        nullable: place > 0,
        default: None,
        on_update: None,
        auto_increment: false,
        missing: Value::Null,
        comment: "".into(),
        policy: None,
    };
    let columns: Vec<Column> = columns.iter().enumerate().map(column).collect();
    let index = |index: &str, column: &str, unique| Index {
        id: id(&format!("{name}:{index}")),
        name: index.into(),
        unique,
        parts: vec![IndexPart { column: id(&format!("{name}.{column}")), prefix: None, descending: false }],
        comment: "".into(),
    };
    let layout = Layout::new(columns.iter().map(|c| (c.id, c.kind.clone())).collect());
    Table {
        id: id(name),
        database: id("test"),
        name: name.into(),
        primary: Some(index("PRIMARY", &columns[0].name, true)),
        indexes: indexed.iter().map(|c| index(&format!("i_{c}"), c, false)).collect(),
        columns,
        layouts: vec![Arc::new(layout)],
        collation: Collation::Utf8mb4GeneralCi,
        policy: MergePolicy::default(),
        comment: "".into(),
        first_auto_increment: 1,
    }
}

impl World {
    pub fn new(tables: Vec<(Table, Vec<Vec<Value>>)>) -> World {
        let mut catalogue = Catalogue::default();
        let mut memory = Memory::default();
        let database = Database { id: id("test"), name: "test".into(), collation: Collation::Utf8mb4GeneralCi };
        catalogue.databases.insert(database.id, Arc::new(database));
        for (table, rows) in tables {
            for row in rows {
                let key = table.primary_key_of(&row).unwrap();
                for index in &table.indexes {
                    let (entry, _) = index.entry_key(&table, &row, &key).unwrap();
                    memory.0.entry(index.id).or_default().insert(entry, key.0.clone());
                }
                memory.0.entry(table.id).or_default().insert(key, table.write(&row).unwrap().0);
            }
            catalogue.tables.insert(table.id, Arc::new(table));
        }
        World { catalogue, memory: Arc::new(memory) }
    }

    /// The tables of the probes.
    pub fn probes() -> World {
        World::new(vec![(t1(), t1_rows()), (t2(), t2_rows())])
    }

    pub fn plan(&self, sql: &str) -> Result<Plan, SqlError> {
        self.plan_in(sql, SqlMode { only_full_group_by: false, ..SqlMode::default() })
    }

    pub fn plan_in(&self, sql: &str, mode: SqlMode) -> Result<Plan, SqlError> {
        let parsed = parse(sql, &mode)?;
        let [Parsed::Statement(statement)] = &parsed[..] else { panic!("{sql} is no query") };
        let Statement::Query(query) = &**statement else { panic!("{sql} is no query") };
        let env = Environment {
            catalogue: &self.catalogue,
            database: Some("test"),
            mode,
            collation: Collation::Utf8mb4GeneralCi,
            system: &NoSystemTables,
            parameter_types: &[],
            group_concat_max_len: None,
            sizes: None,
            text: sql,
        };
        Binder::new(env).bind_query(query)
    }

    /// The answer in the probes' form: cells by tabs, rows by a backslash and an n.
    pub fn answer(&self, sql: &str) -> Result<String, SqlError> {
        self.run(&self.plan(sql)?)
    }

    pub fn run(&self, plan: &Plan) -> Result<String, SqlError> {
        let mut context = Detached::default();
        context.facts.database = Some("test".into());
        let mut cursor = Cursor::new(plan, self.memory.clone(), Arc::new(AtomicBool::new(false)));
        let mut rows = Vec::new();
        while let Some(row) = cursor.next(&mut context)? {
            let cell = |(value, column): (&Value, &crate::response::ColumnDefinition)| {
                let bytes = render::bytes(value, &column.ty);
                bytes.map_or_else(|| "NULL".to_owned(), |b| String::from_utf8_lossy(&b).into_owned())
            };
            assert_eq!(row.len(), plan.columns.len());
            rows.push(row.iter().zip(plan.columns.iter()).map(cell).collect::<Vec<_>>().join("\t"));
        }
        Ok(rows.join("\\n"))
    }
}

fn t1() -> Table {
    let decimal = ColumnType::Decimal { precision: 10, scale: 2, unsigned: false };
    let unsigned = ColumnType::Integer { bytes: 8, unsigned: true, display_width: None };
    table(
        "t1",
        &[
            ("id", BIGINT),
            ("k", INT),
            ("name", ColumnType::VarChar(50)),
            ("price", decimal),
            ("d", ColumnType::Date),
            ("dt", ColumnType::DateTime(0)),
            ("j", ColumnType::Json),
            ("u", unsigned),
        ],
        &["k", "name"],
    )
}

fn t1_rows() -> Vec<Vec<Value>> {
    let date = |y, m, d| Value::Date(Date::new(y, m, d));
    let moment = |y, m, d, seconds: u64| Value::DateTime(DateTime::new(Date::new(y, m, d), seconds * 1_000_000));
    let price = |cents| Value::Decimal(Decimal::from_i128(cents, 2));
    let json = |text: &str| Value::Json(text.into());
    vec![
        vec![
            Value::Int(1),
            Value::Int(10),
            Value::text("alice"),
            price(1050),
            date(2024, 1, 15),
            moment(2024, 1, 15, 37_230),
            json(r#"{"a": 1, "b": {"c": "x"}, "s": "str"}"#),
            Value::UInt(u64::MAX),
        ],
        vec![
            Value::Int(2),
            Value::Int(20),
            Value::text("bob"),
            price(2025),
            date(2023, 6, 1),
            moment(2023, 6, 1, 0),
            json(r#"{"a": 2}"#),
            Value::UInt(2),
        ],
        vec![
            Value::Int(3),
            Value::Int(10),
            Value::text("Amy"),
            price(10),
            date(2024, 2, 29),
            moment(2024, 2, 29, 86_399),
            json(r#"{"a": [1, 2]}"#),
            Value::UInt(3),
        ],
        vec![
            Value::Int(4),
            Value::Int(0),
            Value::Null,
            Value::Null,
            Value::Null,
            Value::Null,
            Value::Null,
            Value::Null,
        ],
    ]
}

fn t2() -> Table {
    table("t2", &[("id", BIGINT), ("t1_id", BIGINT), ("v", INT)], &["t1_id"])
}

fn t2_rows() -> Vec<Vec<Value>> {
    [(1, 1, 15), (2, 1, 5), (3, 2, 25)].map(|(a, b, c)| vec![Value::Int(a), Value::Int(b), Value::Int(c)]).to_vec()
}
