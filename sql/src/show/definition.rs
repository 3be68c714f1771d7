//! Columns, indexes and tables in MySQL 8.0's own words: types, defaults, `Extra`, and SHOW CREATE TABLE's text.

use crate::catalog::collations::describe;
use crate::render;
use crate::types::of_column;
use dag::schema::{Column, ColumnDefault, ColumnType, Index, Table};
use std::fmt::Write;

/// A name in backticks.
pub(crate) fn quoted(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

/// A text literal.
pub(crate) fn literal(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('\'');
    for c in text.chars() {
        match c {
            '\'' => out.push_str("''"),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\0' => out.push_str("\\0"),
            other => out.push(other),
        }
    }
    out.push('\'');
    out
}

/// DATA_TYPE: the type's word alone.
pub(crate) fn data_type(kind: &ColumnType) -> &'static str {
    match kind {
        ColumnType::Integer { bytes, .. } => match bytes {
            1 => "tinyint",
            2 => "smallint",
            3 => "mediumint",
            4 => "int",
            _ => "bigint",
        },
        ColumnType::Decimal { .. } => "decimal",
        ColumnType::Float { .. } => "float",
        ColumnType::Double { .. } => "double",
        ColumnType::Char(_) => "char",
        ColumnType::VarChar(_) => "varchar",
        ColumnType::Text(most) => sized(*most, ["tinytext", "text", "mediumtext", "longtext"]),
        ColumnType::Binary(_) => "binary",
        ColumnType::VarBinary(_) => "varbinary",
        ColumnType::Blob(most) => sized(*most, ["tinyblob", "blob", "mediumblob", "longblob"]),
        ColumnType::Date => "date",
        ColumnType::Time(_) => "time",
        ColumnType::DateTime(_) => "datetime",
        ColumnType::Timestamp(_) => "timestamp",
        ColumnType::Year => "year",
        ColumnType::Enum(_) => "enum",
        ColumnType::Set(_) => "set",
        ColumnType::Json => "json",
    }
}

fn sized(most: u32, names: [&'static str; 4]) -> &'static str {
    match most {
        0..=255 => names[0],
        256..=65_535 => names[1],
        65_536..=16_777_215 => names[2],
        _ => names[3],
    }
}

/// COLUMN_TYPE: the type as CREATE TABLE writes it.
pub(crate) fn column_type(kind: &ColumnType) -> String {
    let word = data_type(kind);
    let sign = |unsigned: &bool| if *unsigned { " unsigned" } else { "" };
    match kind {
        ColumnType::Integer { unsigned, display_width, .. } => match display_width {
            Some(width) => format!("{word}({width}){}", sign(unsigned)),
            None => format!("{word}{}", sign(unsigned)),
        },
        ColumnType::Decimal { precision, scale, unsigned } => {
            format!("{word}({precision},{scale}){}", sign(unsigned))
        }
        ColumnType::Float { unsigned } | ColumnType::Double { unsigned } => format!("{word}{}", sign(unsigned)),
        ColumnType::Char(n) | ColumnType::VarChar(n) | ColumnType::Binary(n) | ColumnType::VarBinary(n) => {
            format!("{word}({n})")
        }
        ColumnType::Time(fsp) | ColumnType::DateTime(fsp) | ColumnType::Timestamp(fsp) if *fsp > 0 => {
            format!("{word}({fsp})")
        }
        ColumnType::Enum(labels) | ColumnType::Set(labels) => {
            let labels: Vec<String> = labels.iter().map(|l| literal(l)).collect();
            format!("{word}({})", labels.join(","))
        }
        _ => word.to_owned(),
    }
}

/// Whether the column has a character set.
pub(crate) fn is_text(kind: &ColumnType) -> bool {
    matches!(
        kind,
        ColumnType::Char(_) | ColumnType::VarChar(_) | ColumnType::Text(_) | ColumnType::Enum(_) | ColumnType::Set(_)
    )
}

fn current_timestamp(fsp: u8) -> String {
    if fsp == 0 { "CURRENT_TIMESTAMP".to_owned() } else { format!("CURRENT_TIMESTAMP({fsp})") }
}

/// The default as information_schema and SHOW COLUMNS give it; `None` is NULL.
pub(crate) fn default_text(column: &Column) -> Option<String> {
    match column.default.as_ref()? {
        ColumnDefault::CurrentTimestamp(fsp) => Some(current_timestamp(*fsp)),
        ColumnDefault::Constant(value) => render::text(value, &of_column(column)).map(|text| text.into_owned()),
    }
}

/// `Extra` of SHOW COLUMNS.
pub(crate) fn extra(column: &Column) -> String {
    let mut parts = Vec::new();
    if column.auto_increment {
        parts.push("auto_increment".to_owned());
    }
    if matches!(column.default, Some(ColumnDefault::CurrentTimestamp(_))) {
        parts.push("DEFAULT_GENERATED".to_owned());
    }
    if let Some(fsp) = column.on_update {
        parts.push(format!("on update {}", current_timestamp(fsp)));
    }
    parts.join(" ")
}

/// `Key` of SHOW COLUMNS: PRI, UNI, MUL or nothing.
pub(crate) fn key_of(table: &Table, column: &Column) -> &'static str {
    if table.primary.iter().any(|p| p.parts.iter().any(|part| part.column == column.id)) {
        return "PRI";
    }
    let leads = |index: &&Index| index.parts.first().is_some_and(|part| part.column == column.id);
    let mut leading = table.indexes.iter().filter(leads).peekable();
    if leading.peek().is_none() {
        return "";
    }
    if leading.any(|index| index.unique && index.parts.len() == 1) { "UNI" } else { "MUL" }
}

/// A column as SHOW CREATE TABLE writes it.
fn column_line(table: &Table, column: &Column) -> String {
    let mut line = format!("{} {}", quoted(&column.name), column_type(&column.kind));
    if is_text(&column.kind) {
        let own = describe(column.collation);
        if column.collation != table.collation {
            let _ = write!(line, " CHARACTER SET {}", own.character_set);
        }
        if !own.default || column.collation != table.collation {
            let _ = write!(line, " COLLATE {}", own.name);
        }
    }
    if !column.nullable {
        line.push_str(" NOT NULL");
    } else if matches!(column.kind, ColumnType::Timestamp(_)) {
        line.push_str(" NULL");
    }
    if column.auto_increment {
        line.push_str(" AUTO_INCREMENT");
    }
    line.push_str(&default_clause(column));
    if let Some(fsp) = column.on_update {
        let _ = write!(line, " ON UPDATE {}", current_timestamp(fsp));
    }
    if !column.comment.is_empty() {
        let _ = write!(line, " COMMENT {}", literal(&column.comment));
    }
    line
}

fn default_clause(column: &Column) -> String {
    let has_none = matches!(column.kind, ColumnType::Text(_) | ColumnType::Blob(_));
    match (&column.default, default_text(column)) {
        (Some(ColumnDefault::CurrentTimestamp(fsp)), _) => format!(" DEFAULT {}", current_timestamp(*fsp)),
        (Some(_), Some(text)) => format!(" DEFAULT {}", literal(&text)),
        (Some(_), None) if !has_none => " DEFAULT NULL".to_owned(),
        _ => String::new(),
    }
}

/// The columns of an index in parentheses.
fn parts(table: &Table, index: &Index) -> String {
    let part = |part: &dag::schema::IndexPart| {
        let name = table.column(part.column).map_or_else(String::new, |(_, column)| quoted(&column.name));
        let prefix = part.prefix.map_or_else(String::new, |n| format!("({n})"));
        format!("{name}{prefix}{}", if part.descending { " DESC" } else { "" })
    };
    index.parts.iter().map(part).collect::<Vec<_>>().join(",")
}

/// SHOW CREATE TABLE, character for character. `next` is the next AUTO_INCREMENT number.
pub(crate) fn create_table(table: &Table, next: u64) -> String {
    let mut lines: Vec<String> = table.columns.iter().map(|column| column_line(table, column)).collect();
    if let Some(primary) = &table.primary {
        lines.push(format!("PRIMARY KEY ({})", parts(table, primary)));
    }
    let (unique, plain): (Vec<&Index>, Vec<&Index>) = table.indexes.iter().partition(|i| i.unique);
    for index in unique.into_iter().chain(plain) {
        let word = if index.unique { "UNIQUE KEY" } else { "KEY" };
        let mut line = format!("{word} {} ({})", quoted(&index.name), parts(table, index));
        if !index.comment.is_empty() {
            let _ = write!(line, " COMMENT {}", literal(&index.comment));
        }
        lines.push(line);
    }
    let collation = describe(table.collation);
    let automatic = table.columns.iter().any(|c| c.auto_increment) && next > 1;
    let counter = if automatic { format!(" AUTO_INCREMENT={next}") } else { String::new() };
    let comment = match table.comment.is_empty() {
        true => String::new(),
        false => format!(" COMMENT={}", literal(&table.comment)),
    };
    format!(
        "CREATE TABLE {} (\n  {}\n) ENGINE=InnoDB{counter} DEFAULT CHARSET={} COLLATE={}{comment}",
        quoted(&table.name),
        lines.join(",\n  "),
        collation.character_set,
        collation.name,
    )
}
