//! Reads column definitions: types, attributes, defaults.

use super::cursor::Cursor;
use super::lexer::Lexeme;
use super::statement::{CharacterOptions, ColumnSpec, DefaultSpec};
use crate::error::SqlError;
use dag::schema::ColumnType;
use dag::value::Value;
use std::sync::Arc;

/// A name, a type and attributes.
pub(super) fn column(cursor: &mut Cursor<'_>) -> Result<ColumnSpec, SqlError> {
    let name = cursor.name()?;
    let mut spec = ColumnSpec {
        name,
        kind: ColumnType::Json,
        characters: CharacterOptions::default(),
        nullable: None,
        default: None,
        on_update: None,
        auto_increment: false,
        primary: false,
        unique: false,
        comment: String::new(),
    };
    spec.kind = kind(cursor, &mut spec)?;
    while attribute(cursor, &mut spec)? {}
    Ok(spec)
}

fn kind(cursor: &mut Cursor<'_>, spec: &mut ColumnSpec) -> Result<ColumnType, SqlError> {
    let word = cursor.name()?.to_ascii_uppercase();
    let kind = match word.as_str() {
        "TINYINT" | "INT1" => integer(cursor, 1)?,
        "SMALLINT" | "INT2" => integer(cursor, 2)?,
        "MEDIUMINT" | "INT3" | "MIDDLEINT" => integer(cursor, 3)?,
        "INT" | "INTEGER" | "INT4" => integer(cursor, 4)?,
        "BIGINT" | "INT8" => integer(cursor, 8)?,
        "BOOL" | "BOOLEAN" => ColumnType::Integer { bytes: 1, unsigned: false, display_width: Some(1) },
        "SERIAL" => {
            (spec.nullable, spec.auto_increment, spec.unique) = (Some(false), true, true);
            ColumnType::Integer { bytes: 8, unsigned: true, display_width: None }
        }
        "DECIMAL" | "DEC" | "NUMERIC" | "FIXED" => decimal(cursor, &spec.name)?,
        "FLOAT" | "FLOAT4" => float(cursor)?,
        "DOUBLE" | "FLOAT8" | "REAL" => {
            cursor.accept("PRECISION");
            digits(cursor)?;
            ColumnType::Double { unsigned: sign(cursor)? }
        }
        "DATE" => ColumnType::Date,
        "TIME" => ColumnType::Time(fsp(cursor, &spec.name)?),
        "DATETIME" => ColumnType::DateTime(fsp(cursor, &spec.name)?),
        "TIMESTAMP" => ColumnType::Timestamp(fsp(cursor, &spec.name)?),
        "YEAR" => {
            length(cursor)?;
            ColumnType::Year
        }
        "JSON" => ColumnType::Json,
        _ => return text(cursor, spec, &word),
    };
    Ok(kind)
}

/// UNSIGNED, SIGNED and ZEROFILL; the last changes what is shown, so it is refused.
fn sign(cursor: &mut Cursor<'_>) -> Result<bool, SqlError> {
    let unsigned = cursor.accept("UNSIGNED");
    cursor.accept("SIGNED");
    if cursor.sees("ZEROFILL") {
        return Err(SqlError::unsupported("ZEROFILL"));
    }
    Ok(unsigned)
}

/// The display width is not kept but for TINYINT(1), as in MySQL 8.0.
fn integer(cursor: &mut Cursor<'_>, bytes: u8) -> Result<ColumnType, SqlError> {
    let width = length(cursor)?;
    let unsigned = sign(cursor)?;
    let keeps = bytes == 1 && !unsigned && width == Some(1);
    Ok(ColumnType::Integer { bytes, unsigned, display_width: keeps.then_some(1) })
}

fn length(cursor: &mut Cursor<'_>) -> Result<Option<u32>, SqlError> {
    if !cursor.accept_sign('(') {
        return Ok(None);
    }
    let length = cursor.number()?;
    cursor.expect_sign(')')?;
    Ok(Some(length))
}

fn digits(cursor: &mut Cursor<'_>) -> Result<Option<(u32, u32)>, SqlError> {
    if !cursor.accept_sign('(') {
        return Ok(None);
    }
    let precision = cursor.number()?;
    let scale = if cursor.accept_sign(',') { cursor.number()? } else { 0 };
    cursor.expect_sign(')')?;
    Ok(Some((precision, scale)))
}

fn decimal(cursor: &mut Cursor<'_>, name: &str) -> Result<ColumnType, SqlError> {
    let (precision, scale) = digits(cursor)?.unwrap_or((10, 0));
    let precision = if precision == 0 { 10 } else { precision };
    if scale > 30 {
        let text = format!("Too big scale {scale} specified for column '{name}'. Maximum is 30.");
        return Err(SqlError::new(1425, text));
    }
    if precision > 65 {
        let text = format!("Too-big precision {precision} specified for '{name}'. Maximum is 65.");
        return Err(SqlError::new(1426, text));
    }
    if scale > precision {
        let text = format!("For float(M,D), double(M,D) or decimal(M,D), M must be >= D (column '{name}').");
        return Err(SqlError::new(1427, text));
    }
    Ok(ColumnType::Decimal { precision: precision as u8, scale: scale as u8, unsigned: sign(cursor)? })
}

/// FLOAT(p) with p over 24 is a DOUBLE; FLOAT(m,d) rounds to d digits, which is not there.
fn float(cursor: &mut Cursor<'_>) -> Result<ColumnType, SqlError> {
    let place = cursor.place();
    let given = digits(cursor)?;
    if let Some((_, scale)) = given
        && scale > 0
    {
        cursor.back_to(place);
        return Err(SqlError::unsupported("FLOAT(M,D)"));
    }
    let unsigned = sign(cursor)?;
    match given {
        Some((precision, _)) if precision > 24 => Ok(ColumnType::Double { unsigned }),
        _ => Ok(ColumnType::Float { unsigned }),
    }
}

fn fsp(cursor: &mut Cursor<'_>, name: &str) -> Result<u8, SqlError> {
    match length(cursor)? {
        None => Ok(0),
        Some(fsp) if fsp <= 6 => Ok(fsp as u8),
        Some(fsp) => Err(SqlError::new(1426, format!("Too-big precision {fsp} specified for '{name}'. Maximum is 6."))),
    }
}

/// Greatest byte lengths of the TEXT and BLOB families.
const TINY: u32 = 255;
const NORMAL: u32 = 65_535;
const MEDIUM: u32 = 16_777_215;
const LONG: u32 = u32::MAX;

fn text(cursor: &mut Cursor<'_>, spec: &mut ColumnSpec, word: &str) -> Result<ColumnType, SqlError> {
    let kind = match word {
        "CHAR" | "CHARACTER" | "NCHAR" => {
            if cursor.accept("VARYING") {
                varchar(cursor)?
            } else {
                ColumnType::Char(bounded(length(cursor)?.unwrap_or(1), 255, &spec.name)?)
            }
        }
        "VARCHAR" | "NVARCHAR" | "VARCHARACTER" => varchar(cursor)?,
        "NATIONAL" => return Err(SqlError::unsupported("NATIONAL CHAR")),
        "BINARY" => ColumnType::Binary(bounded(length(cursor)?.unwrap_or(1), 255, &spec.name)?),
        "VARBINARY" => match length(cursor)? {
            Some(length) => ColumnType::VarBinary(bounded(length, NORMAL, &spec.name)?),
            None => return Err(cursor.error()),
        },
        "TINYTEXT" => ColumnType::Text(TINY),
        "TEXT" => ColumnType::Text(family(length(cursor)?, 4)),
        "MEDIUMTEXT" => ColumnType::Text(MEDIUM),
        "LONGTEXT" => ColumnType::Text(LONG),
        "TINYBLOB" => ColumnType::Blob(TINY),
        "BLOB" => ColumnType::Blob(family(length(cursor)?, 1)),
        "MEDIUMBLOB" => ColumnType::Blob(MEDIUM),
        "LONGBLOB" => ColumnType::Blob(LONG),
        "LONG" => ColumnType::Text(MEDIUM),
        "ENUM" => ColumnType::Enum(labels(cursor)?),
        "SET" => ColumnType::Set(labels(cursor)?),
        "BIT" | "GEOMETRY" | "POINT" | "LINESTRING" | "POLYGON" | "MULTIPOINT" | "MULTILINESTRING" | "MULTIPOLYGON"
        | "GEOMETRYCOLLECTION" | "VECTOR" => return Err(SqlError::unsupported(format!("column type {word}"))),
        _ => return Err(cursor.error()),
    };
    Ok(kind)
}

fn varchar(cursor: &mut Cursor<'_>) -> Result<ColumnType, SqlError> {
    let Some(length) = length(cursor)? else { return Err(cursor.error()) };
    // MySQL's bound is 65,535 bytes a row; four bytes a character.
    Ok(ColumnType::VarChar(bounded(length, 16_383, "VARCHAR")?))
}

fn bounded(length: u32, most: u32, name: &str) -> Result<u32, SqlError> {
    if length <= most {
        return Ok(length);
    }
    let text = format!("Column length too big for column '{name}' (max = {most}); use BLOB or TEXT instead");
    Err(SqlError::new(1074, text))
}

/// TEXT(n) and BLOB(n) take the smallest member that holds n characters.
fn family(length: Option<u32>, width: u64) -> u32 {
    let Some(length) = length else { return NORMAL };
    let bytes = u64::from(length) * width;
    [TINY, NORMAL, MEDIUM].into_iter().find(|m| bytes <= u64::from(*m)).unwrap_or(LONG)
}

fn labels(cursor: &mut Cursor<'_>) -> Result<Arc<[Arc<str>]>, SqlError> {
    cursor.expect_sign('(')?;
    let mut labels: Vec<Arc<str>> = Vec::new();
    loop {
        let label = cursor.text_literal()?;
        labels.push(Arc::from(label.trim_end_matches(' ')));
        if !cursor.accept_sign(',') {
            break;
        }
    }
    cursor.expect_sign(')')?;
    Ok(labels.into())
}

/// One attribute; false at the end of the definition.
fn attribute(cursor: &mut Cursor<'_>, spec: &mut ColumnSpec) -> Result<bool, SqlError> {
    if cursor.accept("NOT NULL") {
        spec.nullable = Some(false);
    } else if cursor.accept("NULL") {
        spec.nullable = Some(true);
    } else if cursor.accept("DEFAULT") {
        spec.default = Some(default(cursor)?);
    } else if cursor.accept("ON UPDATE") {
        match default(cursor)? {
            DefaultSpec::CurrentTimestamp(fsp) => spec.on_update = Some(fsp),
            DefaultSpec::Value(_) => return Err(cursor.error()),
        }
    } else if cursor.accept("AUTO_INCREMENT") {
        spec.auto_increment = true;
    } else if cursor.accept("UNIQUE") {
        cursor.accept("KEY");
        spec.unique = true;
    } else if cursor.accept("PRIMARY KEY") || cursor.accept("PRIMARY") || cursor.accept("KEY") {
        spec.primary = true;
    } else if cursor.accept("COMMENT") {
        spec.comment = cursor.text_literal()?;
    } else {
        return other_attribute(cursor, spec);
    }
    Ok(true)
}

fn other_attribute(cursor: &mut Cursor<'_>, spec: &mut ColumnSpec) -> Result<bool, SqlError> {
    if cursor.accept("COLLATE") {
        spec.characters.collation = Some(cursor.name_or_text()?);
    } else if cursor.accept("CHARACTER SET") || cursor.accept("CHARSET") {
        spec.characters.character_set = Some(cursor.name_or_text()?);
    } else if cursor.accept("BINARY") {
        spec.characters.collation = Some("utf8mb4_bin".to_owned());
    } else if cursor.accept("REFERENCES") {
        inline_references(cursor)?;
    } else if cursor.accept("COLUMN_FORMAT") || cursor.accept("STORAGE") {
        cursor.name()?;
    } else if cursor.accept("VISIBLE") {
    } else if ["GENERATED", "AS", "VIRTUAL", "STORED", "CHECK", "CONSTRAINT", "INVISIBLE", "SRID", "ENGINE_ATTRIBUTE"]
        .iter()
        .any(|word| cursor.sees(word))
    {
        return Err(cursor.unsupported());
    } else {
        return Ok(false);
    }
    Ok(true)
}

/// MySQL parses an inline REFERENCES and ignores it (R39's list).
fn inline_references(cursor: &mut Cursor<'_>) -> Result<(), SqlError> {
    cursor.table_name()?;
    if cursor.accept_sign('(') {
        cursor.name()?;
        cursor.expect_sign(')')?;
    }
    while cursor.accept("ON DELETE") || cursor.accept("ON UPDATE") || cursor.accept("MATCH") {
        let _ = cursor.accept("SET NULL")
            || cursor.accept("SET DEFAULT")
            || cursor.accept("NO ACTION")
            || cursor.accept("CASCADE")
            || cursor.accept("RESTRICT")
            || cursor.accept("FULL")
            || cursor.accept("SIMPLE")
            || cursor.accept("PARTIAL");
    }
    Ok(())
}

/// A constant or CURRENT_TIMESTAMP in one of its spellings.
fn default(cursor: &mut Cursor<'_>) -> Result<DefaultSpec, SqlError> {
    let negative = cursor.accept_sign('-');
    if !negative {
        cursor.accept_sign('+');
    }
    let value = match cursor.next() {
        Some(Lexeme::Number(digits)) => number(digits, negative),
        Some(Lexeme::Text(text)) if !negative => Value::text(text),
        Some(Lexeme::Word(word)) if !negative => return default_word(cursor, word),
        Some(Lexeme::Sign('(')) => return Err(SqlError::unsupported("DEFAULT (expression)")),
        _ => return Err(cursor.error()),
    };
    Ok(DefaultSpec::Value(value))
}

/// Numbers that fit no integer stay text: the column's own conversion reads them exactly.
fn number(digits: &str, negative: bool) -> Value {
    let text = if negative { format!("-{digits}") } else { digits.to_owned() };
    match text.parse::<i64>() {
        Ok(n) => Value::Int(n),
        Err(_) => text.parse::<u64>().map_or_else(|_| Value::text(text), Value::UInt),
    }
}

fn default_word(cursor: &mut Cursor<'_>, word: &str) -> Result<DefaultSpec, SqlError> {
    let upper = word.to_ascii_uppercase();
    let value = match upper.as_str() {
        "NULL" => Value::Null,
        "TRUE" => Value::Int(1),
        "FALSE" => Value::Int(0),
        "CURRENT_TIMESTAMP" | "NOW" | "LOCALTIME" | "LOCALTIMESTAMP" => {
            let mut fsp = 0;
            if cursor.accept_sign('(') && !cursor.accept_sign(')') {
                fsp = cursor.number()?;
                cursor.expect_sign(')')?;
            }
            return Ok(DefaultSpec::CurrentTimestamp(fsp));
        }
        "B" | "X" | "_UTF8MB4" if matches!(cursor.peek(), Some(Lexeme::Text(_))) => return literal(cursor, &upper),
        _ => return Err(cursor.error()),
    };
    Ok(DefaultSpec::Value(value))
}

fn literal(cursor: &mut Cursor<'_>, prefix: &str) -> Result<DefaultSpec, SqlError> {
    let text = cursor.text_literal()?;
    let value = match prefix {
        "B" => u64::from_str_radix(&text, 2).map_or(Value::Null, Value::UInt),
        "X" => data_encoding::HEXUPPER_PERMISSIVE.decode(text.as_bytes()).map_or(Value::Null, Value::bytes),
        _ => Value::text(text),
    };
    if value.is_null() { Err(cursor.error()) } else { Ok(DefaultSpec::Value(value)) }
}
