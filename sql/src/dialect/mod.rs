//! Text to statements: our dialect over sqlparser, and our own reader for statements about session and server.
//!
//! Promises: what parses means what MySQL 8.0 means by it; what we cannot read is 1064, what we read but do not offer
//! is 1235 by name. Nesting, length and number of tokens are bounded, so no text exhausts stack or memory.

mod admin;
mod depth;
mod infix;
mod mysql;
mod precedence;
mod prefix;
mod rewrite;
mod session;
mod set;
mod show;
mod text;
mod words;

#[cfg(test)]
mod tests;

pub use admin::{Admin, Assignment, Completion, Scope, Show};

use crate::error::SqlError;
use crate::function::SqlMode;
use crate::limits::MAX_PARSED_NESTING;
use mysql::Headwaters;
use sqlparser::ast::Statement;
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::{Token, Tokenizer};

/// One statement.
#[derive(Clone, Debug, PartialEq)]
pub enum Parsed {
    /// A query, DML or DDL. UPDATE IGNORE is `or: Some(Ignore)`.
    Statement(Box<Statement>),
    /// DELETE IGNORE, which sqlparser has no place for.
    DeleteIgnore(Box<Statement>),
    /// A statement about the session or the server.
    Admin(Box<Admin>),
}

/// Every statement of the text, in order; empty if there is none. Errors: 1064, 1153, 1235, 1436.
pub fn parse(sql: &str, mode: &SqlMode) -> Result<Vec<Parsed>, SqlError> {
    let sql = text::prepare(sql)?;
    let dialect = Headwaters { mode: *mode };
    let tokens = Tokenizer::new(&dialect, &sql)
        .tokenize_with_location()
        .map_err(|error| SqlError::syntax(format!("{} at line {}", error.message, error.location.line)))?;
    let tokens = rewrite::tokens(tokens)?;
    let mut parser = Parser::new(&dialect).with_recursion_limit(MAX_PARSED_NESTING).with_tokens_with_locations(tokens);
    let mut statements = Vec::new();
    loop {
        while parser.consume_token(&Token::SemiColon) {}
        if parser.peek_token_ref().token == Token::EOF {
            return Ok(statements);
        }
        let parsed = statement(&mut parser)
            .and_then(|parsed| if words::at_end(&parser) { Ok(parsed) } else { words::trailing(&parser) });
        statements.push(parsed.map_err(|error| explain(error, &parser, &sql))?);
    }
}

/// One statement at the parser's place.
fn statement(parser: &mut Parser) -> Result<Parsed, ParserError> {
    let verb = words::word(parser, 0);
    match verb.as_str() {
        "SET" => return set::parse(parser).map(Box::new).map(Parsed::Admin),
        "SHOW" => return show::parse(parser).map(Box::new).map(Parsed::Admin),
        "XA" | "HANDLER" | "HELP" | "RESET" | "GRANT" | "REVOKE" | "LOAD" | "INSTALL" | "UNINSTALL" | "PURGE"
        | "CHANGE" | "STOP" | "CACHE" | "BINLOG" | "SHUTDOWN" | "RESTART" | "CLONE" | "SIGNAL" | "RESIGNAL" | "GET"
        | "MERGE" | "COPY" | "ATTACH" | "DETACH" | "DECLARE" | "FETCH" | "CLOSE" | "VACUUM" | "PRAGMA" | "CACHES"
        | "UNLOAD" | "EXPORT" | "IMPORT" => return unsupported(&verb),
        _ => {}
    }
    if verb == "START" && matches!(words::word(parser, 1).as_str(), "REPLICA" | "SLAVE" | "GROUP_REPLICATION") {
        return unsupported(&format!("START {}", words::word(parser, 1)));
    }
    if let Some(what) = words::refused_object(parser, &verb) {
        return unsupported(&what);
    }
    if let Some(admin) = session::parse(parser, &verb)? {
        return Ok(Parsed::Admin(Box::new(admin)));
    }
    let mut parsed = parser.parse_statement().or_else(|error| words::refused_clause(parser, &verb, error))?;
    if let Statement::Delete(delete) = &mut parsed {
        let hints = delete.optimizer_hints.len();
        delete.optimizer_hints.retain(|hint| hint.text.trim() != rewrite::IGNORE_HINT);
        if delete.optimizer_hints.len() < hints {
            return Ok(Parsed::DeleteIgnore(Box::new(parsed)));
        }
    }
    Ok(Parsed::Statement(Box::new(parsed)))
}

/// Marks an error that is a refusal, not a mistake of the client.
const REFUSED: &str = "Unsupported: ";

fn unsupported<T>(what: &str) -> Result<T, ParserError> {
    Err(ParserError::ParserError(format!("{REFUSED}{what}")))
}

fn explain(error: ParserError, parser: &Parser, sql: &str) -> SqlError {
    match error {
        ParserError::RecursionLimitExceeded => SqlError::new(
            1436,
            format!("The statement nests deeper than {MAX_PARSED_NESTING} levels; split it or flatten its parentheses"),
        ),
        ParserError::ParserError(message) | ParserError::TokenizerError(message) => {
            if let Some(what) = message.strip_prefix(REFUSED) {
                return SqlError::unsupported(what);
            }
            let place = parser.peek_token_ref().span.start;
            SqlError::syntax(format!("{message}; near '{}' at line {}", near(sql, place), place.line.max(1)))
        }
    }
}

/// The text from the place of the error on, at most 80 characters as MySQL shows.
fn near(sql: &str, place: sqlparser::tokenizer::Location) -> String {
    let Some(line) = (place.line as usize).checked_sub(1) else { return String::new() };
    let start: usize = sql.split_inclusive('\n').take(line).map(str::len).sum();
    sql[start..].chars().skip((place.column as usize).saturating_sub(1)).take(80).collect()
}
