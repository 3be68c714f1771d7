//! Bounds and sense of a definition, the same on every peer (R3).

use super::{Column, ColumnDefault, ColumnType, Database, EntityKind, Index, Layout, Table, fold_name};
use crate::decimal::{MAX_DIGITS, MAX_SCALE};
use crate::id::EntityId;
pub use crate::limits::{MAX_COLUMNS, MAX_INDEXES, MAX_NAME, MAX_PARTS};
use crate::row::Row;
use crate::value::Value;
use std::collections::BTreeSet;

/// What is wrong with a definition.
type Flaw = &'static str;

fn name(name: &str) -> Result<(), Flaw> {
    match name.chars().count() {
        0 => Err("a name is empty"),
        1..=MAX_NAME => Ok(()),
        _ => Err("a name is longer than 64 characters"),
    }
}

impl Database {
    pub(crate) fn check(&self) -> Result<(), Flaw> {
        name(&self.name)
    }
}

impl Column {
    pub(crate) fn check(&self) -> Result<(), Flaw> {
        name(&self.name)?;
        self.kind.check()?;
        let fits = |value: &Value| value.is_null() || fits(&self.kind, value);
        let default = match &self.default {
            Some(ColumnDefault::Constant(value)) => fits(value),
            _ => true,
        };
        if default && fits(&self.missing) { Ok(()) } else { Err("a default is not of the column's type") }
    }
}

impl ColumnType {
    /// Rows and keys are laid out by these numbers, so none may be one that no author's program makes.
    fn check(&self) -> Result<(), Flaw> {
        let sound = match self {
            ColumnType::Integer { bytes, .. } => matches!(bytes, 1..=4 | 8),
            ColumnType::Decimal { precision, scale, .. } => {
                (1..=MAX_DIGITS).contains(precision) && *scale <= MAX_SCALE.min(*precision)
            }
            ColumnType::Char(length) | ColumnType::Binary(length) => *length <= 255,
            ColumnType::VarChar(length) | ColumnType::VarBinary(length) => *length <= 65_535,
            ColumnType::Time(digits) | ColumnType::DateTime(digits) | ColumnType::Timestamp(digits) => *digits <= 6,
            ColumnType::Enum(labels) => (1..=65_535).contains(&labels.len()),
            ColumnType::Set(labels) => {
                (1..=64).contains(&labels.len()) && labels.iter().all(|label| !label.contains(','))
            }
            _ => true,
        };
        if sound { Ok(()) } else { Err("a column's type is outside its bounds") }
    }
}

fn fits(kind: &ColumnType, value: &Value) -> bool {
    let layout = Layout::new(vec![(EntityId::ZERO, kind.clone())]);
    Row::encode(&layout, std::slice::from_ref(value)).is_ok()
}

impl Index {
    /// `has` says whether the table has or had a column.
    pub(crate) fn check(&self, has: impl Fn(EntityId) -> bool) -> Result<(), Flaw> {
        name(&self.name)?;
        match self.parts.len() {
            0 => Err("an index has no parts"),
            1..=MAX_PARTS if self.parts.iter().all(|part| has(part.column)) => Ok(()),
            1..=MAX_PARTS => Err("an index names a column that the table does not have"),
            _ => Err("an index has more than 16 parts"),
        }
    }
}

impl Table {
    pub(crate) fn check(&self) -> Result<(), Flaw> {
        name(&self.name)?;
        if self.columns.is_empty() || self.columns.len() > MAX_COLUMNS {
            return Err("a table has no columns or more than 1,024");
        }
        if self.indexes.len() > MAX_INDEXES {
            return Err("a table has more than 64 secondary indexes");
        }
        self.columns.iter().try_for_each(Column::check)?;
        let has = |id| self.columns.iter().any(|column| column.id == id);
        self.primary.iter().chain(&self.indexes).try_for_each(|index| index.check(has))?;
        self.check_primary()?;
        distinct(EntityKind::Column, self.columns.iter().map(|column| &*column.name))?;
        distinct(EntityKind::Index, self.primary.iter().chain(&self.indexes).map(|index| &*index.name))
    }

    fn check_primary(&self) -> Result<(), Flaw> {
        let Some(primary) = &self.primary else { return Ok(()) };
        let nullable = |id| self.column(id).is_none_or(|(_, column)| column.nullable);
        if !primary.unique || primary.parts.iter().any(|part| nullable(part.column)) {
            return Err("a primary key must be unique and have no nullable column");
        }
        Ok(())
    }
}

fn distinct<'a>(kind: EntityKind, names: impl Iterator<Item = &'a str>) -> Result<(), Flaw> {
    let mut seen = BTreeSet::new();
    for name in names {
        if !seen.insert(fold_name(kind, name)) {
            return Err("a name is used twice in one table");
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::fixture::{BIGINT, column, index, part, table};

    fn names(count: usize) -> impl Iterator<Item = std::sync::Arc<str>> {
        (0..count).map(|n| format!("n{n}").into())
    }

    #[test]
    fn limits_hold_at_the_limit_and_not_one_past() {
        let plain = || table(vec![column(0, BIGINT, false)]);
        let one = || column(0, BIGINT, false);
        type Case<'a> = (&'a str, usize, &'a dyn Fn(usize) -> Table);
        let cases: [Case<'_>; 6] = [
            ("a table's name", MAX_NAME, &|n| Table { name: "é".repeat(n).into(), ..plain() }),
            ("a column's name", MAX_NAME, &|n| table(vec![Column { name: "é".repeat(n).into(), ..one() }])),
            ("an index's name", MAX_NAME, &|n| Table {
                indexes: vec![Index { name: "é".repeat(n).into(), ..index(1, false, vec![part(0)]) }],
                ..plain()
            }),
            ("columns", MAX_COLUMNS, &|n| table(names(n).map(|name| Column { name, ..one() }).collect())),
            ("indexes", MAX_INDEXES, &|n| Table {
                indexes: names(n).map(|name| Index { name, ..index(1, false, vec![part(0)]) }).collect(),
                ..plain()
            }),
            ("parts", MAX_PARTS, &|n| Table { indexes: vec![index(1, false, vec![part(0); n])], ..plain() }),
        ];
        for (what, limit, made) in cases {
            assert_eq!(made(limit).check(), Ok(()), "{limit} {what}");
            assert!(made(limit + 1).check().is_err(), "{} {what}", limit + 1);
        }
        let database = |n: usize| Database {
            id: EntityId::ZERO,
            name: "x".repeat(n).into(),
            collation: crate::collation::Collation::Binary,
        };
        assert_eq!((database(MAX_NAME).check(), database(MAX_NAME + 1).check().is_err()), (Ok(()), true));
    }
}
