//! From a column as written to a column of the schema: its type, collation, nullability and default.

use super::policy::policy_of;
use super::statement::{CharacterOptions, ColumnSpec, DefaultSpec};
use crate::catalog::collations;
use crate::convert;
use crate::error::SqlError;
use crate::expression::Type;
use crate::function::Context;
use dag::collation::Collation;
use dag::id::EntityId;
use dag::row::zero_of;
use dag::schema::{Column, ColumnDefault, ColumnType};
use dag::value::Value;

/// The collation that options name, or the one around them. Errors: 1273, 1115, 1253, 1235.
pub(super) fn collation_of(options: &CharacterOptions, around: Collation) -> Result<Collation, SqlError> {
    let set = options.character_set.as_deref().map(collations::of_character_set).transpose()?;
    let named = options.collation.as_deref().map(collations::find).transpose()?;
    match (set, named) {
        (Some(set), Some(named)) if set.character_set != named.character_set => Err(SqlError::new(
            1253,
            format!("COLLATION '{}' is not valid for CHARACTER SET '{}'", named.name, set.character_set),
        )),
        (_, Some(named)) => Ok(named.collation),
        (Some(set), None) => Ok(set.collation),
        (None, None) => Ok(around),
    }
}

/// A number that tells columns apart until they get their ids.
pub(super) fn provisional_id(position: usize) -> EntityId {
    EntityId(std::array::from_fn(|i| position.to_be_bytes().get(i).copied().unwrap_or(0xC0)))
}

/// Builds a column. `primary`: it is part of the primary key. Errors: 1063, 1067, 1101, 1171, 1294.
pub(super) fn build_column(
    spec: &ColumnSpec,
    id: EntityId,
    table_collation: Collation,
    primary: bool,
    context: &mut dyn Context,
) -> Result<Column, SqlError> {
    if primary && spec.nullable == Some(true) {
        let text = "All parts of a PRIMARY KEY must be NOT NULL; if you need NULL in a key, use UNIQUE instead";
        return Err(SqlError::new(1171, text));
    }
    let (kind, collation) = typed(spec, table_collation)?;
    let mut column = Column {
        id,
        name: spec.name.clone(),
        nullable: !primary && !spec.auto_increment && spec.nullable.unwrap_or(true),
        kind,
        collation,
        default: None,
        on_update: spec.on_update,
        auto_increment: spec.auto_increment,
        missing: Value::Null,
        comment: spec.comment.as_str().into(),
        policy: policy_of(&spec.comment, false)?,
    };
    if spec.auto_increment && !matches!(column.kind, ColumnType::Integer { .. }) {
        return Err(SqlError::new(1063, format!("Incorrect column specifier for column '{}'", spec.name)));
    }
    check_on_update(&column)?;
    column.default = default(spec, &column, context)?;
    column.missing = match &column.default {
        Some(ColumnDefault::Constant(value)) => value.clone(),
        _ => zero_of(&column.kind),
    };
    Ok(column)
}

/// Text types with the character set `binary` are the binary types, as in MySQL.
fn typed(spec: &ColumnSpec, around: Collation) -> Result<(ColumnType, Collation), SqlError> {
    let is_text = matches!(
        spec.kind,
        ColumnType::Char(_) | ColumnType::VarChar(_) | ColumnType::Text(_) | ColumnType::Enum(_) | ColumnType::Set(_)
    );
    if !is_text {
        return Ok((spec.kind.clone(), Collation::Binary));
    }
    let collation = collation_of(&spec.characters, around)?;
    let kind = match (&spec.kind, collation) {
        (ColumnType::Char(n), Collation::Binary) => ColumnType::Binary(*n),
        (ColumnType::VarChar(n), Collation::Binary) => ColumnType::VarBinary(*n),
        (ColumnType::Text(n), Collation::Binary) => ColumnType::Blob(*n),
        (ColumnType::Enum(labels) | ColumnType::Set(labels), _) => {
            check_labels(spec, labels)?;
            spec.kind.clone()
        }
        _ => spec.kind.clone(),
    };
    Ok((kind, collation))
}

/// A SET has at most 64 labels, without commas; labels differ.
fn check_labels(spec: &ColumnSpec, labels: &[std::sync::Arc<str>]) -> Result<(), SqlError> {
    let is_set = matches!(spec.kind, ColumnType::Set(_));
    if is_set && labels.len() > 64 {
        return Err(SqlError::new(1097, format!("Too many strings for column {} and SET", spec.name)));
    }
    if let Some(label) = labels.iter().find(|l| is_set && l.contains(',')) {
        return Err(SqlError::new(1367, format!("Illegal set '{label}' value found during parsing")));
    }
    let twin = labels.iter().enumerate().find(|(at, l)| labels[..*at].iter().any(|other| other == *l));
    match twin {
        None => Ok(()),
        Some((_, label)) => {
            let kind = if is_set { "SET" } else { "ENUM" };
            Err(SqlError::new(1291, format!("Column '{}' has duplicated value '{label}' in {kind}", spec.name)))
        }
    }
}

fn check_on_update(column: &Column) -> Result<(), SqlError> {
    match (&column.kind, column.on_update) {
        (_, None) => Ok(()),
        (ColumnType::DateTime(fsp) | ColumnType::Timestamp(fsp), Some(given)) if *fsp == given => Ok(()),
        _ => Err(SqlError::new(1294, format!("Invalid ON UPDATE clause for '{}' column", column.name))),
    }
}

fn invalid_default(column: &Column) -> SqlError {
    SqlError::new(1067, format!("Invalid default value for '{}'", column.name))
}

fn default(spec: &ColumnSpec, column: &Column, context: &mut dyn Context) -> Result<Option<ColumnDefault>, SqlError> {
    match &spec.default {
        None if column.nullable => Ok(Some(ColumnDefault::Constant(Value::Null))),
        None => Ok(None),
        Some(_) if column.auto_increment => Err(invalid_default(column)),
        Some(DefaultSpec::Value(Value::Null)) if column.nullable => Ok(Some(ColumnDefault::Constant(Value::Null))),
        Some(DefaultSpec::Value(Value::Null)) => Err(invalid_default(column)),
        Some(_) if matches!(column.kind, ColumnType::Text(_) | ColumnType::Blob(_) | ColumnType::Json) => {
            let text = format!("BLOB, TEXT, GEOMETRY or JSON column '{}' can't have a default value", column.name);
            Err(SqlError::new(1101, text))
        }
        Some(DefaultSpec::Value(value)) => {
            let stored = convert::store(value, &literal_type(value), column, context, true);
            stored.map(|v| Some(ColumnDefault::Constant(v))).map_err(|_| invalid_default(column))
        }
        Some(DefaultSpec::CurrentTimestamp(given)) => match column.kind {
            ColumnType::DateTime(fsp) | ColumnType::Timestamp(fsp) if fsp == *given => {
                Ok(Some(ColumnDefault::CurrentTimestamp(fsp)))
            }
            _ => Err(invalid_default(column)),
        },
    }
}

/// The type a literal default has.
fn literal_type(value: &Value) -> Type {
    match value {
        Value::Text(text) => Type::text(text.chars().count() as u32),
        Value::Bytes(bytes) => Type::binary(bytes.len() as u32),
        Value::UInt(_) => Type::unsigned(),
        _ => Type::bigint(),
    }
}
