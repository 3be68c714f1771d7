//! SET: evaluates every value first, then assigns, so that an error changes nothing.

use super::state::State;
use super::stop::Stop;
use crate::catalog::collations;
use crate::dialect::{Assignment, Scope as Written};
use crate::error::SqlError;
use crate::journal::ReadMode;
use crate::variables::{self, Isolation, Kind, Scope, VariableId, find};
use dag::value::Value;
use sqlparser::ast::Expr;

/// A checked assignment.
enum Ready {
    User(String, Value),
    Session(VariableId, Value),
    Global(VariableId, Value),
    Next(Option<Isolation>, Option<bool>),
}

/// Evaluates an expression of SET.
pub(crate) type Evaluate<'a> = dyn FnMut(&mut State, &Expr) -> Result<Value, Stop> + 'a;

/// Runs a SET statement.
pub(crate) fn set(state: &mut State, assignments: &[Assignment], evaluate: &mut Evaluate<'_>) -> Result<(), Stop> {
    let mut ready = Vec::new();
    for assignment in assignments {
        prepare(state, assignment, evaluate, &mut ready)?;
    }
    for assignment in ready {
        apply(state, assignment)?;
    }
    Ok(())
}

fn prepare(
    state: &mut State,
    assignment: &Assignment,
    evaluate: &mut Evaluate<'_>,
    out: &mut Vec<Ready>,
) -> Result<(), Stop> {
    match assignment {
        Assignment::User { name, value } => {
            let value = evaluate(state, value)?;
            out.push(Ready::User(name.clone(), value));
        }
        Assignment::System { scope, name, value } => {
            let given = match value {
                None => None,
                Some(Expr::Identifier(word)) => Some(Value::text(word.value.as_str())),
                Some(other) => Some(evaluate(state, other)?),
            };
            out.push(system(state, *scope, name, given)?);
        }
        Assignment::Names { charset, collation } => names(state, charset.as_deref(), collation.as_deref(), out)?,
        Assignment::CharacterSet(charset) => character_set(state, charset.as_deref(), out)?,
        Assignment::Transaction { scope, isolation, read_only } => {
            transaction(state, *scope, isolation.as_deref(), *read_only, out)?;
        }
    }
    Ok(())
}

fn system(state: &State, written: Written, name: &str, given: Option<Value>) -> Result<Ready, SqlError> {
    if name == "password" {
        return Err(SqlError::unsupported("SET PASSWORD (root's is in the file of --root-password-file)"));
    }
    let id = find(name)?;
    let global = match written {
        Written::Global => true,
        Written::Persist => return Err(SqlError::unsupported("SET PERSIST")),
        Written::Default | Written::Session => false,
    };
    match id.definition().scope {
        Scope::ReadOnly => {
            return Err(SqlError::new(1238, format!("Variable '{name}' is a read only variable")));
        }
        Scope::Global if !global => {
            let text = format!("Variable '{name}' is a GLOBAL variable and should be set with SET GLOBAL");
            return Err(SqlError::new(1229, text));
        }
        Scope::Session if global => {
            let text = format!("Variable '{name}' is a SESSION variable and can't be used with SET GLOBAL");
            return Err(SqlError::new(1228, text));
        }
        _ => {}
    }
    let value = match given {
        None if global => variables::default_of(id),
        None => state.engine.globals.get(id),
        Some(value) => checked(state, id, &value)?,
    };
    if let (Kind::ReadMode, Value::Text(text)) = (id.definition().kind, &value)
        && let Some(mode @ ReadMode::At(_)) = ReadMode::parse(text)
    {
        // An unknown commit is an error now (1290), not at every query from here on.
        state.engine.journal.snapshot(&mode, state.own_commit)?;
    }
    Ok(if global { Ready::Global(id, value) } else { Ready::Session(id, value) })
}

fn checked(state: &State, id: VariableId, value: &Value) -> Result<Value, SqlError> {
    let assigned = variables::check(id, value)?;
    if assigned.truncated {
        let name = id.definition().name;
        state.warn(1292, format!("Truncated incorrect {name} value: '{}'", variables::show(id, value)));
    }
    Ok(assigned.value)
}

fn names(state: &State, charset: Option<&str>, collation: Option<&str>, out: &mut Vec<Ready>) -> Result<(), SqlError> {
    let charset = charset.unwrap_or("utf8mb4");
    let default = collations::of_character_set(charset)?;
    let collation = match collation {
        None => default.name,
        Some(name) => collation_of(name, default.character_set)?,
    };
    for name in ["character_set_client", "character_set_results", "character_set_connection"] {
        out.push(system(state, Written::Session, name, Some(Value::text(charset)))?);
    }
    out.push(system(state, Written::Session, "collation_connection", Some(Value::text(collation)))?);
    Ok(())
}

/// Clients name collations of their own server's defaults: one that only the connection uses may be replaced by ours,
/// tables are stricter.
fn collation_of(name: &str, character_set: &str) -> Result<&'static str, SqlError> {
    let entry = collations::find(name)?;
    if entry.character_set != character_set {
        let text = format!("COLLATION '{name}' is not valid for CHARACTER SET '{character_set}'");
        return Err(SqlError::new(1253, text));
    }
    Ok(entry.name)
}

fn character_set(state: &State, charset: Option<&str>, out: &mut Vec<Ready>) -> Result<(), SqlError> {
    let charset = charset.unwrap_or("utf8mb4");
    collations::of_character_set(charset)?;
    for name in ["character_set_client", "character_set_results"] {
        out.push(system(state, Written::Session, name, Some(Value::text(charset)))?);
    }
    let database = state.value(find("collation_database")?).clone();
    out.push(system(state, Written::Session, "collation_connection", Some(database))?);
    Ok(())
}

fn transaction(
    state: &State,
    scope: Written,
    isolation: Option<&str>,
    read_only: Option<bool>,
    out: &mut Vec<Ready>,
) -> Result<(), SqlError> {
    if scope == Written::Default {
        if state.transaction.as_ref().is_some_and(|t| t.explicit) {
            let text = "Transaction characteristics can't be changed while a transaction is in progress";
            return Err(SqlError::new(1568, text));
        }
        out.push(Ready::Next(isolation.map(Isolation::parse), read_only));
        return Ok(());
    }
    if let Some(level) = isolation {
        out.push(system(state, scope, "transaction_isolation", Some(Value::text(level)))?);
    }
    if let Some(read_only) = read_only {
        out.push(system(state, scope, "transaction_read_only", Some(Value::Int(read_only.into())))?);
    }
    Ok(())
}

fn apply(state: &mut State, assignment: Ready) -> Result<(), SqlError> {
    match assignment {
        Ready::User(name, value) => state.shared().assign(&name, value)?,
        Ready::Global(id, value) => state.engine.globals.set(id, value),
        Ready::Next(isolation, read_only) => {
            state.next = (isolation.or(state.next.0), read_only.or(state.next.1));
        }
        Ready::Session(id, value) => {
            let name = id.definition().name;
            if name == "autocommit" && value == Value::Int(1) && !state.settings.autocommit {
                // R33: turning autocommit on commits.
                state.commit()?;
            }
            state.set_value(id, value);
            follow(state, name);
        }
    }
    Ok(())
}

/// Variables that go together in MySQL.
fn follow(state: &mut State, name: &str) {
    let text = |state: &State, name: &str| match find(name).map(|id| state.value(id).clone()) {
        Ok(Value::Text(text)) => text,
        _ => "".into(),
    };
    for kind in ["connection", "server", "database"] {
        if name == format!("collation_{kind}") {
            if let Ok(entry) = collations::find(&text(state, name)) {
                state.set_named(&format!("character_set_{kind}"), Value::text(entry.character_set));
            }
        } else if name == format!("character_set_{kind}")
            && let Ok(entry) = collations::of_character_set(&text(state, name))
        {
            state.set_named(&format!("collation_{kind}"), Value::text(entry.name));
        }
    }
}
