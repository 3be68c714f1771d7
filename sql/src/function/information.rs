//! What the session says of itself: DATABASE, USER, VERSION, CONNECTION_ID, LAST_INSERT_ID (MySQL 8.0 manual, 14.15).

use super::result::{Typed, unsigned};
use super::{Call, Function};
use crate::error::SqlError;
use crate::expression::{Coercibility, Expression, Kind, Type};
use dag::value::Value;

/// Characters that names and accounts have at most, as MySQL reports them.
const NAME_LENGTH: u32 = 64;

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("DATABASE", (0, 0), name, database),
    Function::new("SCHEMA", (0, 0), name, database),
    Function::new("USER", (0, 0), account, |c| Ok(Value::text(c.context.session().user.as_str()))),
    Function::new("SESSION_USER", (0, 0), account, |c| Ok(Value::text(c.context.session().user.as_str()))),
    Function::new("SYSTEM_USER", (0, 0), account, |c| Ok(Value::text(c.context.session().user.as_str()))),
    Function::new("CURRENT_USER", (0, 0), account, |c| Ok(Value::text(c.context.session().current_user.as_str()))),
    Function::new("VERSION", (0, 0), account, |_| Ok(Value::text(crate::version::SERVER))),
    Function::new(
        "CONNECTION_ID",
        (0, 0),
        |_| Ok(Type::unsigned().nullable(false)),
        |c| Ok(Value::UInt(c.context.session().connection_id)),
    ),
    Function::new("LAST_INSERT_ID", (0, 1), unsigned, last_insert_id).volatile(),
    Function::new(
        "ROW_COUNT",
        (0, 0),
        |_| Ok(Type::bigint().nullable(false)),
        |c| Ok(Value::Int(c.context.session().row_count)),
    ),
    Function::new(
        "FOUND_ROWS",
        (0, 0),
        |_| Ok(Type::bigint().nullable(false)),
        |c| Ok(Value::Int(c.context.session().found_rows as i64)),
    ),
    Function::new("HEADWATERS_TOKEN", (0, 0), token_type, |c| Ok(Value::text(c.context.token()?))).volatile(),
    Function::new("COLLATION", (1, 1), name, |c| Ok(Value::text(collation_of(c.ty(0)).name()))),
    Function::new("CHARSET", (1, 1), name, |c| Ok(Value::text(collation_of(c.ty(0)).character_set()))),
    Function::new(
        "COERCIBILITY",
        (1, 1),
        |_| Ok(Type::integer(10).nullable(false)),
        |c| Ok(Value::Int(c.ty(0).coercibility as i64)),
    ),
];

fn name(_: &[Expression]) -> Typed {
    Ok(Type::system_text(NAME_LENGTH))
}

fn token_type(_: &[Expression]) -> Typed {
    // Ids of 52 characters with a point between two.
    let length = crate::peers::MAX_TOKEN_HEADS * 53;
    Ok(Type { coercibility: Coercibility::System, ..Type::text(length as u32) }.nullable(false))
}

fn account(_: &[Expression]) -> Typed {
    Ok(Type { coercibility: Coercibility::System, ..Type::text(288) }.nullable(false))
}

fn database(call: &mut Call<'_>) -> Result<Value, SqlError> {
    Ok(call.context.session().database.as_deref().map_or(Value::Null, Value::text))
}

/// With an argument it also sets what it gives from then on.
fn last_insert_id(call: &mut Call<'_>) -> Result<Value, SqlError> {
    if call.count() == 0 {
        return Ok(Value::UInt(call.context.session().last_insert_id));
    }
    let Some(id) = call.bits(0) else { return Ok(Value::Null) };
    call.context.set_last_insert_id(id);
    Ok(Value::UInt(id))
}

fn collation_of(ty: &Type) -> dag::collation::Collation {
    if ty.is_text() || ty.kind == Kind::Json { ty.collation } else { dag::collation::Collation::Binary }
}
