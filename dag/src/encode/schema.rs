//! Definitions of databases, tables, columns and indexes as arrays.

use super::positional::{octets, positional, tagged};
use crate::collation::Collation;
use crate::row::Row;
use crate::row_key::Key;
use crate::schema::{
    Column, ColumnDefault, ColumnType, Database, Index, IndexPart, Layout, MergePolicy, SchemaChange, Table,
};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

octets!(Key);
octets!(Row);

tagged!(ColumnType {
    1 => Integer { bytes: a, unsigned: b, display_width: c },
    2 => Decimal { precision: a, scale: b, unsigned: c },
    3 => Float { unsigned: a },
    4 => Double { unsigned: a },
    5 => Char { 0: a },
    6 => VarChar { 0: a },
    7 => Text { 0: a },
    8 => Binary { 0: a },
    9 => VarBinary { 0: a },
    10 => Blob { 0: a },
    11 => Date {},
    12 => Time { 0: a },
    13 => DateTime { 0: a },
    14 => Timestamp { 0: a },
    15 => Year {},
    16 => Enum { 0: a },
    17 => Set { 0: a },
    18 => Json {},
});

tagged!(ColumnDefault {
    1 => Constant { 0: a },
    2 => CurrentTimestamp { 0: a },
});

tagged!(MergePolicy {
    1 => FirstWriteWins {},
    2 => AppendOnly {},
    3 => Agree {},
});

positional!(Column {
    id,
    name,
    kind,
    collation,
    nullable,
    default,
    on_update,
    auto_increment,
    missing,
    comment,
    policy
});
positional!(IndexPart { column, prefix, descending });
positional!(Index { id, name, unique, parts, comment });
positional!(Database { id, name, collation });
positional!(Table {
    id,
    database,
    name,
    columns,
    primary,
    indexes,
    layouts,
    collation,
    policy,
    comment,
    first_auto_increment
});

tagged!(SchemaChange {
    1 => CreateDatabase { 0: a },
    2 => DropDatabase { 0: a },
    3 => CreateTable { 0: a },
    4 => DropTable { 0: a },
    5 => AddColumn { table: a, column: b, position: c, layout: d },
    6 => DropColumn { table: a, column: b, layout: c },
    7 => AddIndex { table: a, index: b },
    8 => DropIndex { table: a, index: b },
});

/// Collations by MySQL's id.
impl Serialize for Collation {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.id().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Collation {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let id = u16::deserialize(deserializer)?;
        Collation::by_id(id).ok_or_else(|| serde::de::Error::custom(format!("unknown collation {id}")))
    }
}

/// The cells alone: the id follows from them.
impl Serialize for Layout {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.cells.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Layout {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Layout::new(Vec::deserialize(deserializer)?))
    }
}
