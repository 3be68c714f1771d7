//! Statements that are not queries: transactions, SET, USE, KILL, SHOW and DDL, parsed by hand.
//!
//! Promises: every word of such a statement is understood, or refused by name (1235) or as syntax (1064); none is
//! ignored but those of R39's list. Queries and DML go to the dialect.

pub(crate) mod cursor;
pub(crate) mod lexer;
mod set;
mod transaction;

pub(crate) use set::{Assignment, Given, Target};

use crate::error::SqlError;
use crate::function::SqlMode;
use crate::variables::Isolation;
use cursor::Cursor;
use std::sync::Arc;

/// A parsed statement of this folder.
#[derive(Clone, Debug)]
pub(crate) enum Command {
    /// BEGIN, START TRANSACTION.
    Begin {
        read_only: Option<bool>,
        snapshot: bool,
    },
    /// COMMIT, ROLLBACK, with AND CHAIN and RELEASE.
    Commit {
        chain: bool,
    },
    Rollback {
        chain: bool,
    },
    Savepoint(Arc<str>),
    RollbackTo(Arc<str>),
    ReleaseSavepoint(Arc<str>),
    /// SET of variables.
    Set(Vec<Assignment>),
    /// SET TRANSACTION.
    SetTransaction {
        scope: Scope,
        isolation: Option<Isolation>,
        read_only: Option<bool>,
    },
    Use(Arc<str>),
    Kill {
        id: u64,
        query_only: bool,
    },
    /// Statements MySQL has that change nothing here: UNLOCK TABLES without locked tables.
    Nothing,
}

/// Where SET and SHOW look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    /// SET TRANSACTION without a word: the next transaction only.
    Next,
    Session,
    Global,
}

/// First words of the statements that the dialect parses.
const QUERY_WORDS: &[&str] = &["SELECT", "INSERT", "UPDATE", "DELETE", "REPLACE", "WITH", "VALUES", "TABLE"];

/// Whether the dialect parses this text: decided by its first word, without tokenizing the rest.
pub(crate) fn is_query(text: &str) -> bool {
    let start = first_word(text);
    start.starts_with('(') || QUERY_WORDS.iter().any(|w| start.eq_ignore_ascii_case(w))
}

/// The first word, or `(`, behind blanks and comments; empty where only the lexer can tell.
pub(crate) fn first_word(text: &str) -> &str {
    let mut rest = text.trim_start();
    while let Some(inner) = rest.strip_prefix("/*").filter(|i| !i.starts_with('!')) {
        let Some(end) = inner.find("*/") else { return "" };
        rest = inner[end + 2..].trim_start();
    }
    if rest.starts_with('(') {
        return "(";
    }
    let end = rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
    &rest[..end]
}

/// Parses one command.
pub(crate) fn parse(text: &str, mode: SqlMode) -> Result<Command, SqlError> {
    let mut cursor = Cursor::new(text, mode)?;
    if cursor.at_end() {
        return Err(SqlError::new(1065, "Query was empty"));
    }
    let command = statement(&mut cursor)?;
    cursor.accept_sign(';');
    cursor.expect_end()?;
    Ok(command)
}

fn statement(cursor: &mut Cursor<'_>) -> Result<Command, SqlError> {
    if let Some(command) = transaction::parse(cursor)? {
        return Ok(command);
    }
    if cursor.accept("SET") {
        return set::parse(cursor);
    }
    if cursor.accept("USE") {
        return Ok(Command::Use(cursor.name()?));
    }
    if cursor.accept("KILL") {
        let query_only = cursor.accept("QUERY");
        cursor.accept("CONNECTION");
        return Ok(Command::Kill { id: cursor.number()?, query_only });
    }
    if cursor.accept("UNLOCK TABLES") || cursor.accept("UNLOCK TABLE") || cursor.accept("DO") && cursor.accept("NULL") {
        return Ok(Command::Nothing);
    }
    Err(unknown(cursor))
}

/// First words of MySQL's statements that are refused by name; anything else is not SQL.
const KNOWN_WORDS: &[&str] = &[
    "ALTER",
    "ANALYZE",
    "BINLOG",
    "CACHE",
    "CALL",
    "CHANGE",
    "CHECK",
    "CHECKSUM",
    "CLONE",
    "CREATE",
    "DEALLOCATE",
    "DO",
    "DROP",
    "EXECUTE",
    "EXPLAIN",
    "FLUSH",
    "GRANT",
    "HANDLER",
    "HELP",
    "IMPORT",
    "INSTALL",
    "LOAD",
    "LOCK",
    "OPTIMIZE",
    "PREPARE",
    "PURGE",
    "RENAME",
    "REPAIR",
    "RESET",
    "RESTART",
    "REVOKE",
    "SHOW",
    "SHUTDOWN",
    "SIGNAL",
    "START",
    "STOP",
    "TRUNCATE",
    "UNINSTALL",
    "XA",
];

fn unknown(cursor: &Cursor<'_>) -> SqlError {
    if KNOWN_WORDS.iter().any(|w| cursor.sees(w)) { cursor.unsupported() } else { cursor.error() }
}
