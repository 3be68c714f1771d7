//! Statements about the session and the server, which we read ourselves: sqlparser knows too few of them, and some
//! only in other databases' form.

use super::Parsed;
use sqlparser::ast::{Expr, ObjectName};

/// A statement that is neither a query, DML nor DDL.
#[derive(Clone, Debug, PartialEq)]
pub enum Admin {
    /// BEGIN, START TRANSACTION.
    Begin {
        /// WITH CONSISTENT SNAPSHOT.
        consistent_snapshot: bool,
        /// READ ONLY or READ WRITE, if written.
        read_only: Option<bool>,
    },
    /// COMMIT.
    Commit(Completion),
    /// ROLLBACK.
    Rollback(Completion),
    /// SAVEPOINT name.
    Savepoint(String),
    /// ROLLBACK TO [SAVEPOINT] name.
    RollbackTo(String),
    /// RELEASE SAVEPOINT name.
    Release(String),
    /// SET: every assignment in order.
    Set(Vec<Assignment>),
    /// SHOW.
    Show(Show),
    /// DESCRIBE, DESC or EXPLAIN of a table; with a column or a pattern.
    Describe {
        /// The table.
        table: ObjectName,
        /// Column name or LIKE pattern.
        column: Option<String>,
    },
    /// EXPLAIN of a statement.
    Explain {
        /// Upper-case FORMAT.
        format: Option<String>,
        /// EXPLAIN ANALYZE.
        analyze: bool,
        /// What is explained.
        statement: Parsed,
    },
    /// PREPARE name FROM.
    Prepare {
        /// The statement's name.
        name: String,
        /// A text literal or a user variable.
        source: Expr,
    },
    /// EXECUTE name USING.
    Execute {
        /// The statement's name.
        name: String,
        /// User variables without their `@`.
        using: Vec<String>,
    },
    /// DEALLOCATE PREPARE, DROP PREPARE.
    Deallocate(String),
    /// DO.
    Do(Vec<Expr>),
    /// USE.
    Use(String),
    /// KILL.
    Kill {
        /// KILL QUERY.
        query: bool,
        /// The connection's number.
        id: Expr,
    },
    /// CALL.
    Call {
        /// The procedure.
        name: ObjectName,
        /// Its arguments.
        arguments: Vec<Expr>,
    },
    /// LOCK TABLES: table, alias, whether for writing.
    LockTables(Vec<(ObjectName, Option<String>, bool)>),
    /// UNLOCK TABLES.
    UnlockTables,
    /// ANALYZE, OPTIMIZE, CHECK, REPAIR, CHECKSUM TABLE.
    Maintain {
        /// The verb, upper-case.
        verb: String,
        /// The tables.
        tables: Vec<ObjectName>,
    },
    /// FLUSH: the words behind it, upper-case, joined by spaces.
    Flush(String),
}

/// How COMMIT and ROLLBACK end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Completion {
    /// AND CHAIN.
    pub chain: bool,
    /// RELEASE.
    pub release: bool,
}

/// Which variables SET names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// No scope was written: the session's.
    Default,
    /// SESSION, LOCAL.
    Session,
    /// GLOBAL.
    Global,
    /// PERSIST, PERSIST_ONLY.
    Persist,
}

/// One part of a SET statement.
#[derive(Clone, Debug, PartialEq)]
pub enum Assignment {
    /// `@name = value`.
    User {
        /// Without the `@`.
        name: String,
        /// The value.
        value: Expr,
    },
    /// `[scope] name = value`.
    System {
        /// Session or global.
        scope: Scope,
        /// Lower-case name.
        name: String,
        /// The value; a bare word such as ON is an identifier. `None` is DEFAULT.
        value: Option<Expr>,
    },
    /// NAMES charset [COLLATE collation]; `None` is DEFAULT.
    Names {
        /// Lower-case charset.
        charset: Option<String>,
        /// Lower-case collation.
        collation: Option<String>,
    },
    /// CHARACTER SET charset; `None` is DEFAULT.
    CharacterSet(Option<String>),
    /// TRANSACTION: isolation level and access mode.
    Transaction {
        /// Session or global; `Default` is the next transaction only.
        scope: Scope,
        /// Upper-case words joined by `-`: `READ-COMMITTED`.
        isolation: Option<String>,
        /// READ ONLY or READ WRITE.
        read_only: Option<bool>,
    },
}

/// SHOW, in parts.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Show {
    /// What is shown, upper-case words: `TABLES`, `CREATE TABLE`, `TABLE STATUS`, `COUNT WARNINGS`.
    pub subject: String,
    /// FULL.
    pub full: bool,
    /// EXTENDED.
    pub extended: bool,
    /// GLOBAL was written.
    pub global: bool,
    /// The object of SHOW CREATE, SHOW COLUMNS FROM, SHOW INDEX FROM, SHOW ENGINE.
    pub target: Option<ObjectName>,
    /// `FROM database`, where that is not part of the target.
    pub database: Option<String>,
    /// LIKE pattern.
    pub like: Option<String>,
    /// WHERE.
    pub filter: Option<Expr>,
    /// LIMIT: offset and count.
    pub limit: Option<(u64, u64)>,
}
