//! A session that does what its text says, and a server around it.
//!
//! Texts: `ROWS n` gives n rows (number, text); `WIDE n` gives n rows of 100 KB; `OK n` affects n rows; `ERROR` is 1064; `LOCK ms` waits for a lock that
//! nobody frees; `SLEEP ms`; `SPIN` computes until
//! it is killed; `ECHO` gives the parameters of an execute back as text; several texts are separated by `;`.

use dag::clock::System;
use dag::collation::Collation;
use dag::signal::Signal;
use dag::value::Value;
use proxy::auth::{Accounts, Credential, Verifiers};
use proxy::handler::{Handler, Handlers};
use proxy::limits::Limits;
use proxy::tls::{Identity, Tls};
use proxy::{Server, ServerParts};
use sql::engine::process::Kill;
use sql::error::SqlError;
use sql::expression::{Coercibility, Kind, Type};
use sql::response::{ColumnDefinition, ColumnFlags, Response, ResultSet, Rows, Step, Summary};
use sql::session::{Login, Prepared, Status};
use sql::wait::Suspend;
use std::collections::{HashSet, VecDeque};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// What happened, in order: opens, closes, texts.
pub type Diary = Arc<Mutex<Vec<String>>>;

#[derive(Clone, Default)]
pub struct Doubles {
    pub diary: Diary,
    killed: Arc<Mutex<HashSet<u64>>>,
}

struct Double {
    diary: Diary,
    killed: Arc<Mutex<HashSet<u64>>>,
    login: Login,
    waiting: VecDeque<String>,
    prepared: Vec<String>,
    parameters: Vec<Value>,
    answer: Option<Result<(), SqlError>>,
}

struct Counting {
    next: u64,
    last: u64,
}

impl Rows for Counting {
    fn next_batch(&mut self, most: usize, out: &mut Vec<Vec<Value>>) -> Result<bool, SqlError> {
        let until = self.last.min(self.next + most as u64);
        out.extend((self.next..until).map(|n| vec![Value::UInt(n), Value::text(format!("row {n}"))]));
        self.next = until;
        Ok(self.next < self.last)
    }
}

struct Given(Vec<Vec<Value>>);

impl Rows for Given {
    fn next_batch(&mut self, _most: usize, out: &mut Vec<Vec<Value>>) -> Result<bool, SqlError> {
        out.append(&mut self.0);
        Ok(false)
    }
}

pub fn column(name: &str, kind: Kind) -> ColumnDefinition {
    let text = kind == Kind::Text;
    let collation = if text { Collation::Utf8mb4_0900AiCi } else { Collation::Binary };
    let coercibility = Coercibility::Implicit;
    let ty = Type { kind, nullable: true, length: 20, collation, coercibility, timestamp: false };
    let [schema, table, org_table] = ["double", "t", "t"].map(Arc::from);
    let flags = ColumnFlags::default();
    ColumnDefinition { schema, table, org_table, name: name.into(), org_name: name.into(), ty, flags }
}

fn columns() -> Arc<[ColumnDefinition]> {
    [column("n", Kind::Integer { bytes: 8, unsigned: true }), column("word", Kind::Text)].into()
}

impl Double {
    fn note(&self, what: impl Into<String>) {
        self.diary.lock().unwrap().push(what.into());
    }

    fn rows(&self, columns: Arc<[ColumnDefinition]>, rows: impl Rows + 'static) -> Step {
        Step::Done(Ok(Response::Rows(ResultSet { columns, rows: Box::new(rows) })))
    }

    fn wait(&mut self, suspend: Suspend) -> Step {
        match self.answer.take() {
            None => Step::Suspend(suspend),
            Some(Ok(())) => self.done(Summary::default()),
            Some(Err(error)) => self.fail(error),
        }
    }

    fn done(&mut self, summary: Summary) -> Step {
        self.waiting.pop_front();
        Step::Done(Ok(Response::Ok(summary)))
    }

    fn fail(&mut self, error: SqlError) -> Step {
        self.waiting.clear();
        Step::Done(Err(error))
    }
}

impl Handler for Double {
    fn on_query(&mut self, text: &str) -> Result<(), SqlError> {
        self.note(text);
        self.waiting = text.split(';').map(|one| one.trim().to_owned()).collect();
        if self.waiting.len() > 1 && !self.login.multi_statements {
            self.waiting.clear();
            return Err(SqlError::syntax("near ';'"));
        }
        Ok(())
    }

    fn on_prepare(&mut self, text: &str) -> Result<Prepared, SqlError> {
        if text == "ERROR" {
            return Err(SqlError::syntax("near 'ERROR'"));
        }
        self.prepared.push(text.to_owned());
        let parameters = vec![column("?", Kind::Text); text.matches('?').count()].into();
        let id = self.prepared.len() as u32;
        let columns = if text.starts_with("ECHO") { [column("it", Kind::Text)].into() } else { columns() };
        Ok(Prepared { id, parameters, columns })
    }

    fn on_execute(&mut self, statement: u32, parameters: Vec<(Value, Type)>) -> Result<(), SqlError> {
        self.parameters = parameters.into_iter().map(|(value, _)| value).collect();
        self.waiting = [self.prepared[statement as usize - 1].clone()].into();
        Ok(())
    }

    fn on_close(&mut self, statement: u32) {
        self.note(format!("close {statement}"));
    }

    fn on_init(&mut self, database: &str) -> Result<(), SqlError> {
        self.note(format!("use {database}"));
        if database == "nowhere" { Err(SqlError::new(1049, "Unknown database 'nowhere'")) } else { Ok(()) }
    }

    fn on_reset(&mut self) {
        self.note("reset");
    }

    fn allow_multi_statements(&mut self, allow: bool) {
        self.login.multi_statements = allow;
    }

    fn run(&mut self) -> Step {
        let text = self.waiting.front().cloned().unwrap_or_default();
        let (word, rest) = text.split_once(' ').unwrap_or((&text, ""));
        let number = rest.parse().unwrap_or(0);
        match word {
            "ROWS" => {
                self.waiting.pop_front();
                self.rows(columns(), Counting { next: 0, last: number })
            }
            "WIDE" => {
                self.waiting.pop_front();
                let row = vec![Value::text("w".repeat(100_000))];
                self.rows([column("it", Kind::Text)].into(), Given(vec![row; number as usize]))
            }
            "OK" => self.done(Summary { affected: number, last_insert_id: number, info: String::new() }),
            "ECHO" => {
                self.waiting.pop_front();
                let shown = self.parameters.iter().map(|value| vec![Value::text(format!("{value:?}"))]).collect();
                self.rows([column("it", Kind::Text)].into(), Given(shown))
            }
            // What mysql_async asks at connect: max_allowed_packet and wait_timeout.
            "SELECT" => {
                self.waiting.pop_front();
                let row = vec![Value::UInt(16 << 20), Value::text("28800")];
                self.rows(columns(), Given(vec![row]))
            }
            "LOCK" => self.wait(Suspend::Lock { granted: Signal::default(), timeout: Duration::from_millis(number) }),
            "SPIN" => {
                while !self.killed.lock().unwrap().contains(&self.login.connection_id) {
                    std::thread::yield_now();
                }
                self.fail(SqlError::new(1317, "Query execution was interrupted"))
            }
            "SLEEP" => self.wait(Suspend::Sleep(Duration::from_millis(number))),
            "DATABASE" => {
                self.waiting.pop_front();
                let who = format!("{} {:?}", self.login.user, self.login.database);
                self.rows([column("it", Kind::Text)].into(), Given(vec![vec![Value::text(who)]]))
            }
            _ => self.fail(SqlError::syntax(format!("near '{text}'"))),
        }
    }

    fn resume(&mut self, answer: Result<(), SqlError>) {
        self.answer = Some(answer);
    }

    fn lock_timed_out(&mut self) {
        self.answer = Some(Err(SqlError::new(1205, "Lock wait timeout exceeded; try restarting transaction")));
    }

    fn peers_timed_out(&mut self) {}

    fn more_statements(&self) -> bool {
        !self.waiting.is_empty()
    }

    fn status(&self) -> Status {
        Status { autocommit: true, ..Status::default() }
    }

    fn killed(&self) -> Option<Kill> {
        None
    }

    fn kill_notice(&self) -> Signal<()> {
        Signal::default()
    }
}

impl Drop for Double {
    fn drop(&mut self) {
        self.note(format!("end {}", self.login.user));
    }
}

impl Handlers for Doubles {
    fn open(&self, login: Login) -> Result<Box<dyn Handler>, SqlError> {
        if login.database.as_deref() == Some("nowhere") {
            return Err(SqlError::new(1049, "Unknown database 'nowhere'"));
        }
        self.diary.lock().unwrap().push(format!("begin {}", login.user));
        let double = Double {
            diary: self.diary.clone(),
            killed: self.killed.clone(),
            login,
            waiting: VecDeque::new(),
            prepared: Vec::new(),
            parameters: Vec::new(),
            answer: None,
        };
        Ok(Box::new(double))
    }

    fn kill(&self, connection: u64) {
        self.killed.lock().unwrap().insert(connection);
    }
}

struct House;

impl Accounts for House {
    fn find(&self, user: &str) -> Option<Credential> {
        let all = Verifiers::of("secret");
        match user {
            "root" => Some(Credential::NoPassword),
            "alice" => Some(Credential::Password(all)),
            "old" => Some(Credential::Password(Verifiers { sha2: None, ..all })),
            "new" => Some(Credential::Password(Verifiers { native: None, ..all })),
            _ => None,
        }
    }
}

/// A running server.
pub struct Running {
    pub address: SocketAddr,
    pub diary: Diary,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<()>,
}

impl Running {
    pub async fn start(limits: Limits) -> Running {
        proxy::tls::use_ring();
        let doubles = Doubles::default();
        let identity = Identity::self_signed(vec!["localhost".to_owned()]).unwrap();
        let clock = Arc::new(System::new());
        let parts = ServerParts {
            engine: Arc::new(doubles.clone()),
            accounts: Arc::new(House),
            entropy: clock.clone(),
            clock,
            tls: Some(Tls::new(&identity).unwrap()),
            limits,
        };
        let server = Server::bind(([127, 0, 0, 1], 0).into(), parts).await.unwrap();
        let address = server.local_address();
        let (stop, stopped) = oneshot::channel();
        #[expect(clippy::disallowed_methods, reason = "the test joins it")]
        let task = tokio::spawn(server.run(async move { drop(stopped.await) }));
        Running { address, diary: doubles.diary, stop: Some(stop), task }
    }

    pub async fn stop(&mut self) {
        self.stop.take().map(|stop| stop.send(()));
        (&mut self.task).await.unwrap();
    }

    pub fn options(&self, user: &str, password: &str) -> mysql_async::OptsBuilder {
        mysql_async::OptsBuilder::default()
            .ip_or_hostname("127.0.0.1")
            .tcp_port(self.address.port())
            .prefer_socket(false)
            .user(Some(user))
            .pass((!password.is_empty()).then_some(password))
    }

    pub async fn root(&self) -> mysql_async::Conn {
        mysql_async::Conn::new(self.options("root", "")).await.unwrap()
    }

    /// Waits until the diary holds this line: for what the server does after the client has gone.
    pub async fn wait_for(&self, line: &str) {
        for _ in 0..500 {
            if self.diary.lock().unwrap().iter().any(|l| l == line) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("{line:?} is not in {:?}", self.diary.lock().unwrap());
    }
}
