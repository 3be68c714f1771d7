//! A logged-in client's loop: read a command, do it, answer.
//!
//! Promises: commands are answered in the order they came, pipelined or not; a client that goes away ends its
//! session, which rolls back; what is not supported is refused, never silently answered OK.

use crate::command::{Command, raw_text};
use crate::connection::Connection;
use crate::error::Ended;
use crate::handler::Handler;
use crate::handshake;
use crate::lifeguard::Watched;
use crate::login::{Applicant, Guest};
use crate::pace::Pace;
use crate::result::end::{self, Tail};
use crate::statement::Statements;
use mysql_common::constants::CapabilityFlags as Can;
use sql::engine::process::Kill;
use sql::error::SqlError;
use sql::response::Summary;
use sql::session::Prepared;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::sync::watch;

/// A client and everything that ends with it.
pub(crate) struct Client<'a> {
    pub(crate) guest: Guest,
    pub(crate) connection: &'a mut Connection,
    pub(crate) session: Box<dyn Handler>,
    pub(crate) statements: Statements,
    pub(crate) capabilities: Can,
    pub(crate) pace: Pace,
}

/// The form of an answer's rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Text,
    Binary,
    /// No rows yet: they are fetched from this statement's cursor.
    Cursor(u32),
}

/// A command whose packet is read, and what is left to do.
enum Begun {
    Statement(Result<(), SqlError>, Form),
    Fetch {
        statement: u32,
        rows: u32,
    },
    Prepared(Result<Prepared, SqlError>),
    /// Columns, and the pattern of those that are wanted.
    FieldList(Result<Prepared, SqlError>, String),
    /// OK or the error.
    Acknowledge(Result<(), SqlError>),
    Statistics,
    /// COM_SET_OPTION is answered as rows end.
    Option,
    Unanswered,
    Last(After),
}

/// What follows a command.
enum After {
    Next,
    Quit,
    ChangeUser(Applicant),
}

impl<'a> Client<'a> {
    pub fn new(
        guest: Guest,
        connection: &'a mut Connection,
        session: Box<dyn Handler>,
        capabilities: Can,
        watched: Watched,
    ) -> Self {
        let statements = Statements::new(&guest.shared.limits);
        let pace = Pace::new(guest.shared.clock.clone(), watched);
        let mut client = Client { guest, connection, session, statements, capabilities, pace };
        client.ok(&Summary::default());
        client
    }

    /// Serves until the client quits, is told to go, or is gone.
    pub async fn serve(mut self, mut stop: watch::Receiver<bool>) -> Result<(), Ended> {
        loop {
            if !self.connection.has_next() {
                self.connection.flush().await?;
            }
            self.next_command(&mut stop).await?;
            self.guest.shared.questions.fetch_add(1, Ordering::Relaxed);
            match self.obey().await? {
                After::Next => {}
                After::Quit => return Ok(()),
                After::ChangeUser(applicant) => self = self.change_user(&applicant).await?,
            }
            self.connection.flush_if_full().await?;
        }
    }

    async fn next_command(&mut self, stop: &mut watch::Receiver<bool>) -> Result<(), Ended> {
        if self.session.killed() == Some(Kill::Connection) {
            return Err(killed());
        }
        let notice = self.session.kill_notice();
        // A KILL QUERY that hits no statement is spent by the next one; it must not end this wait.
        let told = notice.answer().is_some();
        let idle = match self.session.status().wait_seconds {
            0 => None,
            seconds => Some(Duration::from_secs(seconds.into())),
        };
        loop {
            tokio::select! {
                biased;
                come = self.connection.next_command(idle) => return come,
                stopped = stop.wait_for(|stop| *stop) => {
                    drop(stopped);
                    return Err(SqlError::new(1053, "Server shutdown in progress").into());
                }
                () = notice.clone(), if !told && self.session.killed() != Some(Kill::Query) => {
                    if self.session.killed() == Some(Kill::Connection) {
                        return Err(killed());
                    }
                }
            }
        }
    }

    /// Does the command at hand.
    async fn obey(&mut self) -> Result<After, Ended> {
        match self.begin() {
            Begun::Statement(begun, form) => self.answer(begun, form).await?,
            Begun::Fetch { statement, rows } => self.fetch(statement, rows).await?,
            Begun::Prepared(prepared) => self.prepared(prepared),
            Begun::FieldList(prepared, pattern) => self.field_list(prepared, &pattern),
            Begun::Acknowledge(done) => self.acknowledge(done),
            Begun::Statistics => self.statistics(),
            Begun::Option => {
                let tail = self.tail();
                end::after_rows(&mut self.connection.out, self.capabilities, tail);
            }
            Begun::Unanswered => {}
            Begun::Last(after) => return Ok(after),
        }
        Ok(After::Next)
    }

    /// Begins the command at hand; after this the packet is no longer needed.
    fn begin(&mut self) -> Begun {
        let command = match Command::read(self.connection.payload()) {
            Ok(command) => command,
            Err(malformed) => return Begun::Acknowledge(Err(malformed.into())),
        };
        let plain_backslash = self.session.status().no_backslash_escapes;
        let (session, statements) = (&mut self.session, &mut self.statements);
        match command {
            Command::Quit => Begun::Last(After::Quit),
            Command::Query(bytes) => {
                let begun = raw_text::read(bytes, plain_backslash).and_then(|text| session.on_query(&text));
                Begun::Statement(begun, Form::Text)
            }
            Command::Execute { statement, flags, parameters } => {
                let bound = statements.bind(statement, parameters);
                let begun = bound.and_then(|parameters| session.on_execute(statement, parameters));
                // Read-only cursors are the only kind that MySQL serves; the other bits are ignored there too.
                Begun::Statement(begun, if flags & 1 != 0 { Form::Cursor(statement) } else { Form::Binary })
            }
            Command::Prepare(bytes) => {
                let text = statements.check_room().and_then(|()| raw_text::read(bytes, plain_backslash));
                Begun::Prepared(text.and_then(|text| session.on_prepare(&text)))
            }
            Command::Fetch { statement, rows } => Begun::Fetch { statement, rows },
            Command::LongData { statement, parameter, data } => {
                statements.append(statement, parameter, data);
                Begun::Unanswered
            }
            Command::CloseStatement(statement) => {
                statements.close(statement);
                session.on_close(statement);
                Begun::Unanswered
            }
            Command::ResetStatement(statement) => Begun::Acknowledge(statements.reset(statement)),
            Command::InitDb(name) => Begun::Acknowledge(raw_text::name(name).and_then(|name| session.on_init(name))),
            Command::FieldList { table, pattern } => {
                let text = raw_text::name(table).map(|table| format!("SELECT * FROM `{}`", table.replace('`', "``")));
                let prepared = text.and_then(|text| session.on_prepare(&text));
                Begun::FieldList(prepared, String::from_utf8_lossy(pattern).into_owned())
            }
            Command::ProcessInfo => Begun::Statement(session.on_query("SHOW PROCESSLIST"), Form::Text),
            Command::ProcessKill(id) => {
                Begun::Statement(session.on_query(&format!("KILL CONNECTION {id}")), Form::Text)
            }
            Command::Ping => Begun::Acknowledge(Ok(())),
            Command::Statistics => Begun::Statistics,
            Command::SetOption(option @ (0 | 1)) => {
                session.allow_multi_statements(option == 0);
                Begun::Option
            }
            Command::ResetConnection => {
                statements.clear();
                session.on_reset();
                Begun::Acknowledge(Ok(()))
            }
            Command::ChangeUser(fields) => {
                let request = handshake::read_change_user(fields, self.capabilities).map_err(SqlError::from);
                match request.and_then(|request| Applicant::new(&request)) {
                    Ok(applicant) => Begun::Last(After::ChangeUser(applicant)),
                    Err(error) => Begun::Acknowledge(Err(error)),
                }
            }
            Command::SetOption(_) | Command::Unknown(_) => {
                Begun::Acknowledge(Err(SqlError::new(1047, "Unknown command")))
            }
        }
    }

    /// Ends the session, authenticates anew and begins another; a refusal ends the connection, as in MySQL.
    async fn change_user(self, applicant: &Applicant) -> Result<Self, Ended> {
        let Client { guest, connection, session, capabilities, pace, .. } = self;
        // The connection's id is free only once its old session is gone.
        drop(session);
        let patience = guest.shared.limits.login_time;
        let admitted = tokio::time::timeout(patience, guest.admit(connection, applicant)).await;
        let session = admitted.map_err(|_| SqlError::new(1159, "The login took too long"))??;
        Ok(Client::new(guest, connection, session, capabilities, pace.watched))
    }

    /// Status flags and warnings of now.
    pub(crate) fn tail(&self) -> Tail {
        Tail::of(self.session.status(), self.session.more_statements())
    }

    pub(crate) fn ok(&mut self, summary: &Summary) {
        let tail = self.tail();
        end::ok(&mut self.connection.out, summary, tail);
    }

    pub(crate) fn error(&mut self, error: &SqlError) {
        end::error(&mut self.connection.out, error);
    }

    fn acknowledge(&mut self, done: Result<(), SqlError>) {
        match done {
            Ok(()) => self.ok(&Summary::default()),
            Err(error) => self.error(&error),
        }
    }

    fn statistics(&mut self) {
        let shared = &self.guest.shared;
        let uptime = shared.clock.monotonic().saturating_sub(shared.started).as_secs();
        let questions = shared.questions.load(Ordering::Relaxed);
        let text = format!(
            "Uptime: {uptime}  Threads: {}  Questions: {questions}  Slow queries: 0  Opens: 0  Flush tables: 0  \
             Open tables: 0  Queries per second avg: {:.3}",
            shared.gate.connections(),
            questions as f64 / uptime.max(1) as f64,
        );
        self.connection.out.packet(|p| p.bytes(text.as_bytes()));
    }
}

fn killed() -> Ended {
    SqlError::new(1927, "Connection was killed").into()
}
