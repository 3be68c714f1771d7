//! Answers to statements: drives the synchronous session through its waits (R36) and streams its rows.

use crate::error::Ended;
use crate::limits::ROWS_AT_A_TIME;
use crate::packet::outbound::Outbound;
use crate::result::{binary, definition, end, text};
use crate::session::{Client, Form};
use crate::statement::cursor::OpenCursor;
use dag::value::Value;
use mysql_common::constants::StatusFlags;
use sql::error::SqlError;
use sql::response::{ColumnDefinition, Response, ResultSet, Step};
use sql::session::Prepared;
use sql::wait::Suspend;
use tokio::time::sleep;

impl Client<'_> {
    /// Answers a statement that has begun, and the further statements of its text.
    pub(crate) async fn answer(&mut self, begun: Result<(), SqlError>, form: Form) -> Result<(), Ended> {
        let mut going = begun;
        while going.is_ok() {
            match self.finish().await? {
                Ok(Response::Ok(summary)) => self.ok(&summary),
                Ok(Response::Rows(set)) => going = self.result_set(set, form).await?,
                Err(error) => going = Err(error),
            }
            if going.is_ok() && !self.session.more_statements() {
                return Ok(());
            }
        }
        if let Err(error) = going {
            self.error(&error);
        }
        Ok(())
    }

    /// Runs the statement to its end, awaiting what it waits for.
    async fn finish(&mut self) -> Result<Result<Response, SqlError>, Ended> {
        loop {
            match self.pace.compute(|| self.session.run()) {
                Step::Done(done) => return Ok(done),
                Step::Suspend(suspend) => self.wait(suspend).await?,
            }
        }
    }

    async fn wait(&mut self, suspend: Suspend) -> Result<(), Ended> {
        match suspend {
            // Nothing can call it back: the client is not watched, the answer is taken when it comes.
            Suspend::Commit(durable) => {
                let answer = durable.await;
                self.session.resume(answer);
            }
            Suspend::Lock { granted, timeout } => tokio::select! {
                biased;
                answer = granted => self.session.resume(answer),
                ended = self.connection.gone() => return Err(ended),
                () = sleep(timeout) => self.session.lock_timed_out(),
            },
            Suspend::Peers { happened, timeout } => {
                let notice = self.session.kill_notice();
                tokio::select! {
                    biased;
                    answer = happened => self.session.resume(answer),
                    () = notice => self.session.resume(Err(SqlError::new(1317, "Query execution was interrupted"))),
                    ended = self.connection.gone() => return Err(ended),
                    () = sleep(timeout) => self.session.peers_timed_out(),
                }
            }
            Suspend::Sleep(time) => {
                let notice = self.session.kill_notice();
                tokio::select! {
                    biased;
                    () = notice => self.session.resume(Err(SqlError::new(1317, "Query execution was interrupted"))),
                    ended = self.connection.gone() => return Err(ended),
                    () = sleep(time) => self.session.resume(Ok(())),
                }
            }
        }
        Ok(())
    }

    /// Streams rows; the inner error ends the result set and the text.
    async fn result_set(&mut self, mut set: ResultSet, form: Form) -> Result<Result<(), SqlError>, Ended> {
        let columns = set.columns.clone();
        self.connection.out.packet(|p| p.length(columns.len() as u64));
        definitions(&mut self.connection.out, &columns);
        if let Form::Cursor(statement) = form {
            match self.statements.get(statement, "mysqld_stmt_execute") {
                Ok(statement) => statement.cursor = Some(OpenCursor::new(set)),
                Err(error) => return Ok(Err(error)),
            }
            let tail = self.tail().with(StatusFlags::SERVER_STATUS_CURSOR_EXISTS);
            end::after_rows(&mut self.connection.out, self.capabilities, tail);
            return Ok(Ok(()));
        }
        let tail = self.tail();
        end::after_columns(&mut self.connection.out, self.capabilities, tail);
        let mut batch = Vec::new();
        loop {
            let more = match self.pace.compute(|| set.rows.next_batch(ROWS_AT_A_TIME, &mut batch)) {
                Ok(more) => more,
                Err(error) => return Ok(Err(error)),
            };
            for values in batch.drain(..) {
                row(&mut self.connection.out, &values, &columns, form);
                self.connection.flush_if_full().await?;
            }
            if !more {
                break;
            }
            // A long scan lets the other connections of this thread work between batches.
            tokio::task::yield_now().await;
        }
        // Rows own their snapshot: it ends before the status is told.
        drop(set);
        let tail = self.tail();
        end::after_rows(&mut self.connection.out, self.capabilities, tail);
        Ok(Ok(()))
    }

    /// COM_STMT_FETCH: up to `most` rows of a cursor; fewer mean that it has ended.
    pub(crate) async fn fetch(&mut self, id: u32, most: u32) -> Result<(), Ended> {
        let cursor = self.statements.get(id, "mysqld_stmt_fetch").map(|statement| statement.cursor.take());
        let mut cursor = match cursor {
            Ok(Some(cursor)) => cursor,
            Ok(None) => {
                self.error(&SqlError::new(1421, format!("The statement ({id}) has no open cursor.")));
                return Ok(());
            }
            Err(error) => {
                self.error(&error);
                return Ok(());
            }
        };
        let mut left = most;
        while left > 0 {
            match self.pace.compute(|| cursor.next_row()) {
                Ok(Some(values)) => row(&mut self.connection.out, &values, &cursor.columns, Form::Binary),
                Ok(None) => break,
                Err(error) => {
                    self.error(&error);
                    return Ok(());
                }
            }
            left -= 1;
            self.connection.flush_if_full().await?;
        }
        let flag = if left > 0 {
            StatusFlags::SERVER_STATUS_LAST_ROW_SENT
        } else {
            if let Ok(statement) = self.statements.get(id, "mysqld_stmt_fetch") {
                statement.cursor = Some(cursor);
            }
            StatusFlags::SERVER_STATUS_CURSOR_EXISTS
        };
        let tail = self.tail().with(flag);
        end::after_rows(&mut self.connection.out, self.capabilities, tail);
        Ok(())
    }

    /// COM_STMT_PREPARE's answer.
    pub(crate) fn prepared(&mut self, prepared: Result<Prepared, SqlError>) {
        let prepared = match prepared {
            Ok(prepared) => prepared,
            Err(error) => return self.error(&error),
        };
        let counts = (u16::try_from(prepared.columns.len()), u16::try_from(prepared.parameters.len()));
        let (Ok(columns), Ok(parameters)) = counts else {
            self.session.on_close(prepared.id);
            return self.error(&SqlError::new(1390, "Prepared statement contains too many placeholders"));
        };
        self.statements.add(&prepared);
        let tail = self.tail();
        let out = &mut self.connection.out;
        out.packet(|p| {
            p.u8(0);
            p.u32(prepared.id);
            p.u16(columns);
            p.u16(parameters);
            p.u8(0);
            p.u16(tail.warnings);
        });
        for group in [&prepared.parameters, &prepared.columns] {
            if !group.is_empty() {
                definitions(out, group);
                end::after_columns(out, self.capabilities, tail);
            }
        }
    }

    /// COM_FIELD_LIST's answer: the columns whose names match, with their empty default field.
    pub(crate) fn field_list(&mut self, prepared: Result<Prepared, SqlError>, pattern: &str) {
        let prepared = match prepared {
            Ok(prepared) => prepared,
            Err(error) => return self.error(&error),
        };
        self.session.on_close(prepared.id);
        for column in prepared.columns.iter().filter(|column| matches(pattern, &column.name)) {
            self.connection.out.packet(|p| definition::write(p, column, true));
        }
        let tail = self.tail();
        end::after_rows(&mut self.connection.out, self.capabilities, tail);
    }
}

fn definitions(out: &mut Outbound, columns: &[ColumnDefinition]) {
    for column in columns {
        out.packet(|p| definition::write(p, column, false));
    }
}

fn row(out: &mut Outbound, values: &[Value], columns: &[ColumnDefinition], form: Form) {
    out.packet(|p| match form {
        Form::Text => text::row(p, values, columns),
        Form::Binary | Form::Cursor(_) => binary::row(p, values, columns),
    });
}

/// LIKE for COM_FIELD_LIST's pattern: `%` and `_`, letters of either case; empty means every column.
fn matches(pattern: &str, name: &str) -> bool {
    fn like(pattern: &[char], name: &[char]) -> bool {
        // Linear memory and at most pattern x name steps: where the pattern last had `%` is the only way back.
        let (mut p, mut n, mut back) = (0, 0, None);
        while n < name.len() {
            match pattern.get(p) {
                Some('%') => {
                    back = Some((p + 1, n));
                    p += 1;
                }
                Some('_') => (p, n) = (p + 1, n + 1),
                Some(letter) if letter.eq_ignore_ascii_case(&name[n]) => (p, n) = (p + 1, n + 1),
                _ => match back {
                    Some((after, from)) => {
                        (p, n) = (after, from + 1);
                        back = Some((after, from + 1));
                    }
                    None => return false,
                },
            }
        }
        pattern[p..].iter().all(|letter| *letter == '%')
    }
    let (pattern, name): (Vec<char>, Vec<char>) = (pattern.chars().collect(), name.chars().collect());
    pattern.is_empty() || like(&pattern, &name)
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn field_list_patterns() {
        let cases = [
            ("", "any", true),
            ("%", "any", true),
            ("A_y", "any", true),
            ("a%y", "a", false),
            ("%b%d", "abcd", true),
            ("%b%e", "abcd", false),
            ("n", "name", false),
        ];
        for (pattern, name, expected) in cases {
            assert_eq!(matches(pattern, name), expected, "{pattern} {name}");
        }
    }
}
