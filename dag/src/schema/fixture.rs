//! Tables for the tests of this crate: columns `c0`, `c1` ... of the given types.

use super::{Column, ColumnType, Index, IndexPart, Layout, MergePolicy, Table};
use crate::collation::Collation;
use crate::id::EntityId;
use crate::value::Value;
use std::sync::Arc;

/// An id that says what it is for.
pub(crate) fn id(kind: u8, number: u8) -> EntityId {
    EntityId(std::array::from_fn(|i| if i == 0 { kind } else { number }))
}

/// BIGINT.
pub(crate) const BIGINT: ColumnType = ColumnType::Integer { bytes: 8, unsigned: false, display_width: None };

pub(crate) fn column(number: u8, kind: ColumnType, nullable: bool) -> Column {
    let text = matches!(kind, ColumnType::Char(_) | ColumnType::VarChar(_) | ColumnType::Text(_));
    Column {
        id: id(b'c', number),
        name: format!("c{number}").into(),
        kind,
        collation: if text { Collation::Utf8mb4_0900AiCi } else { Collation::Binary },
        nullable,
        default: None,
        on_update: None,
        auto_increment: false,
        missing: Value::Null,
        comment: "".into(),
        policy: None,
    }
}

pub(crate) fn part(number: u8) -> IndexPart {
    IndexPart { column: id(b'c', number), prefix: None, descending: false }
}

pub(crate) fn index(number: u8, unique: bool, parts: Vec<IndexPart>) -> Index {
    Index { id: id(b'i', number), name: format!("i{number}").into(), unique, parts, comment: "".into() }
}

/// A table with its first column as primary key.
pub(crate) fn table(columns: Vec<Column>) -> Table {
    let cells = columns.iter().map(|c| (c.id, c.kind.clone())).collect();
    Table {
        id: id(b't', 0),
        database: id(b'd', 0),
        name: "t".into(),
        columns,
        primary: Some(Index { name: "PRIMARY".into(), ..index(0, true, vec![part(0)]) }),
        indexes: Vec::new(),
        layouts: vec![Arc::new(Layout::new(cells))],
        collation: Collation::Utf8mb4_0900AiCi,
        policy: MergePolicy::FirstWriteWins,
        comment: "".into(),
        first_auto_increment: 1,
    }
}
