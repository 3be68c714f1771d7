//! What a session is told at login and what it tells the wire: plain data.

use crate::response::ColumnDefinition;
use std::sync::Arc;

/// Who opens a session, after authentication.
#[derive(Clone, Debug, Default)]
pub struct Login {
    /// CONNECTION_ID().
    pub connection_id: u64,
    /// User name as given.
    pub user: String,
    /// Host the client came from.
    pub host: String,
    /// The account that matched, for CURRENT_USER(): `root@localhost`.
    pub account: String,
    /// Database of the handshake; may be `name@rev`.
    pub database: Option<String>,
    /// CLIENT_FOUND_ROWS: UPDATE counts matched rows (R37).
    pub found_rows: bool,
    /// CLIENT_MULTI_STATEMENTS (COM_SET_OPTION may change it later).
    pub multi_statements: bool,
    /// Collation id of the handshake: decides `character_set_client` and its kin.
    pub collation: u16,
}

/// A prepared statement as COM_STMT_PREPARE answers it.
#[derive(Clone, Debug)]
pub struct Prepared {
    /// Statement number, unique in the session.
    pub id: u32,
    /// One definition a `?`.
    pub parameters: Arc<[ColumnDefinition]>,
    /// Result columns; empty if the statement gives none.
    pub columns: Arc<[ColumnDefinition]>,
}

/// What status flags and the OK packet need to know after a statement.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// SERVER_STATUS_IN_TRANS.
    pub in_transaction: bool,
    /// SERVER_STATUS_IN_TRANS_READONLY.
    pub read_only_transaction: bool,
    /// SERVER_STATUS_AUTOCOMMIT.
    pub autocommit: bool,
    /// SERVER_STATUS_NO_BACKSLASH_ESCAPES.
    pub no_backslash_escapes: bool,
    /// Warnings of the last statement, cut at 65,535.
    pub warnings: u16,
    /// `wait_timeout` of the session in seconds; 0 if it has none of its own.
    pub wait_seconds: u32,
}
