//! BEGIN, COMMIT, ROLLBACK, savepoints and SET TRANSACTION.

use super::cursor::Cursor;
use super::{Command, Scope};
use crate::error::SqlError;
use crate::variables::Isolation;

/// A statement about transactions, if the text is one.
pub(super) fn parse(cursor: &mut Cursor<'_>) -> Result<Option<Command>, SqlError> {
    let command = if cursor.accept("BEGIN") {
        cursor.accept("WORK");
        Command::Begin { read_only: None, snapshot: false }
    } else if cursor.accept("START TRANSACTION") {
        start(cursor)?
    } else if cursor.accept("COMMIT") {
        cursor.accept("WORK");
        Command::Commit { chain: chain(cursor)? }
    } else if cursor.accept("ROLLBACK") {
        rollback(cursor)?
    } else if cursor.accept("SAVEPOINT") {
        Command::Savepoint(cursor.name()?)
    } else if cursor.accept("RELEASE SAVEPOINT") {
        Command::ReleaseSavepoint(cursor.name()?)
    } else {
        return Ok(None);
    };
    Ok(Some(command))
}

fn start(cursor: &mut Cursor<'_>) -> Result<Command, SqlError> {
    let (mut read_only, mut snapshot) = (None, false);
    loop {
        if cursor.accept("READ ONLY") {
            read_only = Some(true);
        } else if cursor.accept("READ WRITE") {
            read_only = Some(false);
        } else if cursor.accept("WITH CONSISTENT SNAPSHOT") {
            snapshot = true;
        }
        if !cursor.accept_sign(',') {
            return Ok(Command::Begin { read_only, snapshot });
        }
    }
}

fn rollback(cursor: &mut Cursor<'_>) -> Result<Command, SqlError> {
    cursor.accept("WORK");
    if cursor.accept("TO") {
        cursor.accept("SAVEPOINT");
        return Ok(Command::RollbackTo(cursor.name()?));
    }
    Ok(Command::Rollback { chain: chain(cursor)? })
}

/// `AND [NO] CHAIN` and `[NO] RELEASE`; RELEASE would have to close the connection.
fn chain(cursor: &mut Cursor<'_>) -> Result<bool, SqlError> {
    let chain = cursor.accept("AND CHAIN");
    let _ = !chain && cursor.accept("AND NO CHAIN");
    if cursor.sees("RELEASE") {
        return Err(cursor.unsupported());
    }
    cursor.accept("NO RELEASE");
    Ok(chain)
}

/// Behind `SET [GLOBAL | SESSION] TRANSACTION`.
pub(super) fn characteristics(cursor: &mut Cursor<'_>, scope: Scope) -> Result<Command, SqlError> {
    let (mut isolation, mut read_only) = (None, None);
    loop {
        if cursor.accept("ISOLATION LEVEL") {
            isolation = Some(level(cursor)?);
        } else if cursor.accept("READ ONLY") {
            read_only = Some(true);
        } else if cursor.accept("READ WRITE") {
            read_only = Some(false);
        } else {
            return Err(cursor.error());
        }
        if !cursor.accept_sign(',') {
            return Ok(Command::SetTransaction { scope, isolation, read_only });
        }
    }
}

fn level(cursor: &mut Cursor<'_>) -> Result<Isolation, SqlError> {
    let levels = [
        ("READ UNCOMMITTED", Isolation::ReadUncommitted),
        ("READ COMMITTED", Isolation::ReadCommitted),
        ("REPEATABLE READ", Isolation::RepeatableRead),
        ("SERIALIZABLE", Isolation::Serializable),
    ];
    let found = levels.iter().find(|(words, _)| cursor.accept(words));
    found.map(|(_, level)| *level).ok_or_else(|| cursor.error())
}
