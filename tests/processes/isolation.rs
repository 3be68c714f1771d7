//! Every scenario of `tests/sql/isolation/*.txt`, on a replica and on MariaDB: the same waits, errors and rows, except
//! where a step names the difference and its reason.

use super::BINARY;
use acceptance::instance::Instance;
use acceptance::isolation::{self, Act, Scenario, Server, agrees};
use acceptance::oracle::Oracle;
use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Opts, OptsBuilder, Row, Value};
use std::collections::BTreeMap;
use std::future::Future;
use std::path::Path;
use std::pin::Pin;
use std::time::Duration;

/// How long a statement that must wait is watched: an answer in this time is a failure.
const WATCHED: Duration = Duration::from_millis(150);
/// How long an answer may take on a loaded machine; above the timeouts of one second that scripts set.
const ANSWER_LIMIT: Duration = Duration::from_secs(30);

type Running = Pin<Box<dyn Future<Output = (Conn, String)>>>;

/// A client of a scenario.
enum Client {
    Idle(Conn),
    Running(Running),
}

#[tokio::test]
async fn a_replica_isolates_as_written() {
    let folder = tempfile::tempdir().unwrap();
    let instance = Instance::start(BINARY, folder.path());
    let address = instance.address();
    let options = OptsBuilder::default().ip_or_hostname(address.ip().to_string()).tcp_port(address.port());
    run_all(Server::Here, options.user(Some("root")).prefer_socket(false).into()).await;
}

#[tokio::test]
async fn mariadb_isolates_as_written_too() {
    let Some(oracle) = Oracle::start().await else { return };
    run_all(Server::MariaDb, oracle.options().into()).await;
}

async fn run_all(server: Server, options: Opts) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sql/isolation");
    let (mut count, mut failures) = (0, Vec::new());
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let file = entry.file_name().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(entry.path()).unwrap();
        for scenario in isolation::parse(&text).unwrap_or_else(|e| panic!("{file}: {e}")) {
            count += 1;
            if let Err(difference) = play(server, &options, &scenario).await {
                failures.push(format!("{file}:{difference}"));
            }
        }
    }
    assert!(count > 50, "found only {count} scenarios");
    assert!(failures.is_empty(), "{} of {count} scenarios differ:\n{}", failures.len(), failures.join("\n\n"));
}

/// Plays a scenario up to its first difference.
async fn play(server: Server, options: &Opts, scenario: &Scenario) -> Result<(), String> {
    let mut outside = Conn::new(options.clone()).await.unwrap();
    for sql in ["DROP DATABASE IF EXISTS test", "CREATE DATABASE test", "USE test"] {
        outside.query_drop(sql).await.unwrap();
    }
    for sql in &scenario.setup {
        outside.query_drop(sql).await.unwrap();
    }
    let (mut clients, mut numbers) = (BTreeMap::new(), BTreeMap::new());
    for step in &scenario.steps {
        let known = clients.remove(&step.session);
        let expected = step.expected(server);
        let running = match (&step.act, known) {
            (Act::Kill, known) => {
                outside.query_drop(format!("KILL QUERY {}", numbers[&step.session])).await.unwrap();
                clients.extend(known.map(|client| (step.session, client)));
                continue;
            }
            (Act::Leave, known) => {
                drop(known);
                continue;
            }
            (Act::Await, Some(Client::Running(running))) => running,
            (Act::Send(sql), None) => {
                let connection = connect(options).await;
                numbers.insert(step.session, connection.id());
                send(connection, sql.clone())
            }
            (Act::Send(sql), Some(Client::Idle(connection))) => send(connection, sql.clone()),
            _ => return Err(format!("{} {}: the script does not fit", step.line, scenario.title)),
        };
        let (client, answer) = watch(running, expected == "waits").await;
        clients.insert(step.session, client);
        if !agrees(expected, &answer) {
            return Err(format!("{} {}: {:?}: expected {expected}, got {answer}", step.line, scenario.title, step.act));
        }
    }
    Ok(())
}

async fn connect(options: &Opts) -> Conn {
    let mut connection = Conn::new(options.clone()).await.unwrap();
    connection.query_drop("USE test").await.unwrap();
    connection
}

/// Looks at a statement until it answers, or long enough to say that it waits.
async fn watch(mut running: Running, briefly: bool) -> (Client, String) {
    let limit = if briefly { WATCHED } else { ANSWER_LIMIT };
    match tokio::time::timeout(limit, &mut running).await {
        Ok((connection, answer)) => (Client::Idle(connection), answer),
        Err(_) => (Client::Running(running), "waits".to_owned()),
    }
}

fn send(mut connection: Conn, sql: String) -> Running {
    Box::pin(async move {
        let answer = match answer(&mut connection, &sql).await {
            Ok(answer) => answer,
            Err(mysql_async::Error::Server(error)) => format!("error {}", error.code),
            Err(other) => format!("error {other}"),
        };
        (connection, answer)
    })
}

/// Rows, or how many were affected.
async fn answer(connection: &mut Conn, sql: &str) -> Result<String, mysql_async::Error> {
    let mut result = connection.query_iter(sql).await?;
    if result.columns_ref().is_empty() {
        return Ok(result.affected_rows().to_string());
    }
    let rows: Vec<Row> = result.collect().await?;
    Ok(isolation::rows(&rows.iter().map(cells).collect::<Vec<_>>()))
}

fn cells(row: &Row) -> Vec<Option<String>> {
    let text = |value: Value| match value {
        Value::NULL => None,
        Value::Bytes(bytes) => Some(String::from_utf8_lossy(&bytes).into_owned()),
        other => Some(format!("{other:?}")),
    };
    row.clone().unwrap().into_iter().map(text).collect()
}
