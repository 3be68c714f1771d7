//! SET: system variables of either scope, user variables, NAMES and CHARACTER SET.

use super::cursor::Cursor;
use super::lexer::Lexeme;
use super::{Command, Scope, transaction};
use crate::error::SqlError;
use dag::value::Value;
use std::sync::Arc;

/// What is set.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Target {
    /// `@name`.
    User(Arc<str>),
    /// A system variable by its lower-case name.
    System(Scope, Arc<str>),
}

/// To what.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Given {
    /// DEFAULT.
    Default,
    /// A word or literal.
    Value(Value),
    /// An expression, as text.
    Expression(Arc<str>),
}

/// One assignment of a SET.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Assignment {
    pub target: Target,
    pub given: Given,
}

/// Behind SET.
pub(super) fn parse(cursor: &mut Cursor<'_>) -> Result<Command, SqlError> {
    for (words, scope) in [
        ("TRANSACTION", Scope::Next),
        ("SESSION TRANSACTION", Scope::Session),
        ("LOCAL TRANSACTION", Scope::Session),
        ("GLOBAL TRANSACTION", Scope::Global),
    ] {
        if cursor.accept(words) {
            return transaction::characteristics(cursor, scope);
        }
    }
    for words in ["PASSWORD", "ROLE", "DEFAULT ROLE", "RESOURCE GROUP", "STATEMENT"] {
        if cursor.sees(words) {
            return Err(cursor.unsupported());
        }
    }
    let mut out = Vec::new();
    loop {
        one(cursor, &mut out)?;
        if !cursor.accept_sign(',') {
            return Ok(Command::Set(out));
        }
    }
}

fn one(cursor: &mut Cursor<'_>, out: &mut Vec<Assignment>) -> Result<(), SqlError> {
    if cursor.accept("NAMES") {
        return names(cursor, out);
    }
    if cursor.accept("CHARACTER SET") || cursor.accept("CHARSET") {
        return character_set(cursor, out);
    }
    let target = target(cursor)?;
    if !cursor.accept_assignment() {
        return Err(cursor.error());
    }
    let given = given(cursor)?;
    out.push(Assignment { target, given });
    Ok(())
}

fn session(name: &str, given: Given) -> Assignment {
    Assignment { target: Target::System(Scope::Session, Arc::from(name)), given }
}

/// NAMES sets the three connection variables together; the checks of the variables apply.
fn names(cursor: &mut Cursor<'_>, out: &mut Vec<Assignment>) -> Result<(), SqlError> {
    let set = if cursor.accept("DEFAULT") { Given::Default } else { Given::Value(Value::text(cursor.name_or_text()?)) };
    for name in ["character_set_client", "character_set_results", "character_set_connection"] {
        out.push(session(name, set.clone()));
    }
    if cursor.accept("COLLATE") {
        out.push(session("collation_connection", Given::Value(Value::text(cursor.name_or_text()?))));
    }
    Ok(())
}

fn character_set(cursor: &mut Cursor<'_>, out: &mut Vec<Assignment>) -> Result<(), SqlError> {
    let set = if cursor.accept("DEFAULT") { Given::Default } else { Given::Value(Value::text(cursor.name_or_text()?)) };
    out.push(session("character_set_client", set.clone()));
    out.push(session("character_set_results", set));
    out.push(session("collation_connection", Given::Expression("@@collation_database".into())));
    Ok(())
}

fn target(cursor: &mut Cursor<'_>) -> Result<Target, SqlError> {
    match cursor.peek() {
        Some(Lexeme::UserVariable(name)) => {
            let name = Arc::from(name.to_lowercase());
            cursor.next();
            Ok(Target::User(name))
        }
        Some(Lexeme::SystemVariable(name)) => {
            let name = name.replace('`', "").to_ascii_lowercase();
            cursor.next();
            scoped(&name, cursor)
        }
        _ => {
            let scope = scope_word(cursor)?;
            let name = cursor.name()?.to_ascii_lowercase();
            Ok(Target::System(scope, name.into()))
        }
    }
}

fn scope_word(cursor: &mut Cursor<'_>) -> Result<Scope, SqlError> {
    if cursor.sees("PERSIST") || cursor.sees("PERSIST_ONLY") {
        return Err(cursor.unsupported());
    }
    if cursor.accept("GLOBAL") {
        return Ok(Scope::Global);
    }
    let _ = cursor.accept("SESSION") || cursor.accept("LOCAL");
    Ok(Scope::Session)
}

fn scoped(name: &str, cursor: &Cursor<'_>) -> Result<Target, SqlError> {
    let (scope, name) = match name.split_once('.') {
        None => (Scope::Session, name),
        Some(("session" | "local", name)) => (Scope::Session, name),
        Some(("global", name)) => (Scope::Global, name),
        Some(_) => return Err(cursor.unsupported()),
    };
    Ok(Target::System(scope, Arc::from(name)))
}

/// A lone word or literal is taken as it is; anything else is an expression.
fn given(cursor: &mut Cursor<'_>) -> Result<Given, SqlError> {
    let place = cursor.place();
    let simple = match cursor.next() {
        Some(Lexeme::Word(word)) => simple_word(word),
        Some(Lexeme::Name(name)) => Some(Given::Value(Value::text(name.as_ref()))),
        Some(Lexeme::Text(text)) => Some(Given::Value(Value::text(text))),
        Some(Lexeme::Number(digits)) => digits.parse().ok().map(|n| Given::Value(Value::Int(n))),
        _ => None,
    };
    if let Some(given) = simple
        && (cursor.at_end() || cursor.sees_sign(',') || cursor.sees_sign(';'))
    {
        return Ok(given);
    }
    cursor.back_to(place);
    Ok(Given::Expression(Arc::from(cursor.expression_text()?.trim_end_matches(';'))))
}

fn simple_word(word: &str) -> Option<Given> {
    match word.to_ascii_uppercase().as_str() {
        "DEFAULT" => Some(Given::Default),
        "NULL" => Some(Given::Value(Value::Null)),
        "TRUE" => Some(Given::Value(Value::Int(1))),
        "FALSE" => Some(Given::Value(Value::Int(0))),
        _ => Some(Given::Value(Value::text(word))),
    }
}
