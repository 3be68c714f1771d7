//! Prepared statements of a connection: what the wire keeps of each beside the session's own.
//!
//! Promises: at most [`Limits::statements`] of them and [`Limits::long_data_bytes`] of long data, whatever the client
//! sends; an unknown number is 1243.

pub(crate) mod cursor;
pub(crate) mod parameter;

use crate::limits::Limits;
use crate::packet::cursor::Malformed;
use cursor::OpenCursor;
use dag::value::Value;
use parameter::{Bound, Wanted};
use sql::error::SqlError;
use sql::expression::Type;
use sql::session::Prepared;
use std::collections::{BTreeMap, HashMap};

/// One prepared statement.
pub(crate) struct Statement {
    parameters: usize,
    types: Vec<Wanted>,
    long_data: BTreeMap<u16, Vec<u8>>,
    /// A failure of COM_STMT_SEND_LONG_DATA, which has no answer of its own: told at the next execute.
    failed: Option<SqlError>,
    pub cursor: Option<OpenCursor>,
}

/// All of a connection's.
pub(crate) struct Statements {
    open: HashMap<u32, Statement>,
    long_data: usize,
    most: usize,
    most_long_data: usize,
}

fn unknown(statement: u32, command: &str) -> SqlError {
    SqlError::new(1243, format!("Unknown prepared statement handler ({statement}) given to {command}"))
}

impl Statements {
    pub fn new(limits: &Limits) -> Self {
        Statements {
            open: HashMap::new(),
            long_data: 0,
            most: limits.statements,
            most_long_data: limits.long_data_bytes,
        }
    }

    /// 1461 if there is no room for one more.
    pub fn check_room(&self) -> Result<(), SqlError> {
        if self.open.len() < self.most {
            return Ok(());
        }
        Err(SqlError::new(
            1461,
            format!(
                "Can't create more than max_prepared_stmt_count statements (current value: {}); close some first",
                self.most
            ),
        ))
    }

    pub fn add(&mut self, prepared: &Prepared) {
        let statement = Statement {
            parameters: prepared.parameters.len(),
            types: Vec::new(),
            long_data: BTreeMap::new(),
            failed: None,
            cursor: None,
        };
        self.open.insert(prepared.id, statement);
    }

    pub fn get(&mut self, id: u32, command: &str) -> Result<&mut Statement, SqlError> {
        self.open.get_mut(&id).ok_or_else(|| unknown(id, command))
    }

    pub fn close(&mut self, id: u32) {
        if let Some(statement) = self.open.remove(&id) {
            self.long_data -= statement.long_data.values().map(Vec::len).sum::<usize>();
        }
    }

    /// Forgets long data and the cursor.
    pub fn reset(&mut self, id: u32) -> Result<(), SqlError> {
        self.take_long_data(id);
        let statement = self.get(id, "mysqld_stmt_reset")?;
        statement.cursor = None;
        statement.failed = None;
        Ok(())
    }

    pub fn clear(&mut self) {
        self.open.clear();
        self.long_data = 0;
    }

    /// Appends long data; there is no answer, so a failure waits for the execute.
    pub fn append(&mut self, id: u32, parameter: u16, data: &[u8]) {
        let room = self.most_long_data - self.long_data;
        let Some(statement) = self.open.get_mut(&id) else { return };
        if usize::from(parameter) >= statement.parameters {
            statement.failed = Some(SqlError::new(1210, "Incorrect arguments to mysqld_stmt_send_long_data"));
        } else if data.len() > room {
            let most = self.most_long_data;
            statement.failed = Some(SqlError::new(
                1105,
                format!(
                    "Long data of this connection is beyond {most} bytes; send the value in the statement itself, or in parts"
                ),
            ));
        } else {
            statement.long_data.entry(parameter).or_default().extend_from_slice(data);
            self.long_data += data.len();
        }
    }

    fn take_long_data(&mut self, id: u32) -> BTreeMap<u16, Vec<u8>> {
        let taken = self.open.get_mut(&id).map(|s| std::mem::take(&mut s.long_data)).unwrap_or_default();
        self.long_data -= taken.values().map(Vec::len).sum::<usize>();
        taken
    }

    /// The values of an execute: long data, then what the packet holds. Long data is spent either way.
    pub fn bind(&mut self, id: u32, packet: &[u8]) -> Result<Vec<(Value, Type)>, SqlError> {
        let long_data = self.take_long_data(id);
        let statement = self.get(id, "mysqld_stmt_execute")?;
        statement.cursor = None;
        if let Some(failed) = statement.failed.take() {
            return Err(failed);
        }
        let bound = Bound { count: statement.parameters, long_data: &long_data };
        Ok(bound.read(packet, &mut statement.types)?)
    }
}

impl From<parameter::Unbindable> for SqlError {
    fn from(unbindable: parameter::Unbindable) -> Self {
        match unbindable {
            parameter::Unbindable::Malformed(Malformed(what)) => {
                SqlError::new(1210, format!("Incorrect arguments to mysqld_stmt_execute: {what}"))
            }
            parameter::Unbindable::Value(what) => SqlError::new(1525, format!("Incorrect {what} value in a parameter")),
            parameter::Unbindable::Type(code) => SqlError::new(
                1235,
                format!("This version of Headwaters doesn't yet support 'parameters of wire type {code}'"),
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::result::definition::tests::column;
    use sql::expression::Kind;

    fn limits(statements: usize, long_data_bytes: usize) -> Limits {
        Limits { statements, long_data_bytes, ..Limits::default() }
    }

    fn prepared(id: u32, parameters: usize) -> Prepared {
        let parameters = vec![column(Kind::Text, 0); parameters].into();
        Prepared { id, parameters, columns: Vec::new().into() }
    }

    #[test]
    fn the_last_statement_fits_and_one_more_does_not() {
        let mut statements = Statements::new(&limits(2, 0));
        for id in 0..2 {
            statements.check_room().unwrap();
            statements.add(&prepared(id, 0));
        }
        assert_eq!(statements.check_room().unwrap_err().code, 1461);
        statements.close(0);
        statements.check_room().unwrap();
    }

    #[test]
    fn long_data_up_to_the_limit_and_one_byte_past_it() {
        // One parameter of type LONG_BLOB, given by long data.
        let execute = [0, 1, 251, 0];
        for (parts, fits) in [(&[6, 4][..], true), (&[6, 5], false)] {
            let mut statements = Statements::new(&limits(1, 10));
            statements.add(&prepared(1, 1));
            parts.iter().for_each(|part| statements.append(1, 0, &vec![b'x'; *part]));
            let bound = statements.bind(1, &execute);
            assert_eq!(bound.is_ok(), fits);
            assert_eq!(statements.long_data, 0);
        }
    }

    #[test]
    fn a_wrong_parameter_number_is_told_at_the_execute_and_spent() {
        let mut statements = Statements::new(&limits(1, 10));
        statements.add(&prepared(1, 1));
        statements.append(1, 1, b"x");
        assert_eq!(statements.bind(1, &[0, 1, 251, 0]).unwrap_err().code, 1210);
        statements.append(1, 0, b"y");
        assert_eq!(statements.bind(1, &[0, 1, 251, 0]).unwrap()[0].0, Value::bytes(&b"y"[..]));
    }

    #[test]
    fn a_closed_statement_is_unknown_and_frees_its_data() {
        let mut statements = Statements::new(&limits(1, 10));
        statements.add(&prepared(1, 1));
        statements.append(1, 0, b"0123456789");
        statements.close(1);
        assert_eq!(statements.long_data, 0);
        assert_eq!(statements.bind(1, &[]).unwrap_err().code, 1243);
        assert_eq!(statements.reset(1).unwrap_err().code, 1243);
    }
}
