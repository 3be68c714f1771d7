//! What ends with a session, a statement or the process: locks, transactions, variables, prepared statements.

use super::{BINARY, code};
use acceptance::instance::Instance;
use mysql_async::prelude::Queryable;
use mysql_async::{ChangeUserOpts, Conn};
use std::time::{Duration, Instant};
use tokio::task::JoinHandle;

/// Long enough for a statement to have met a lock.
const MEETS_A_LOCK: Duration = Duration::from_millis(200);
/// Far below `innodb_lock_wait_timeout`'s 50 s: a wait that ends so soon was woken.
const WOKEN: Duration = Duration::from_secs(10);

async fn with_a_row(instance: &Instance) -> Conn {
    let mut connection = instance.connect().await;
    connection
        .query_drop("CREATE DATABASE d; CREATE TABLE d.t (id INT PRIMARY KEY, n INT); INSERT INTO d.t VALUES (1, 0)")
        .await
        .unwrap();
    connection
}

/// A second session that waits for the row that `holder` has locked.
#[expect(clippy::disallowed_methods, reason = "the test joins it")]
async fn waiting(instance: &Instance) -> (u32, JoinHandle<(Conn, Result<(), mysql_async::Error>)>) {
    let mut connection = instance.connect().await;
    let id = connection.id();
    let waiting = tokio::spawn(async move {
        let result = connection.query_drop("UPDATE d.t SET n = n + 10 WHERE id = 1").await;
        (connection, result)
    });
    tokio::time::sleep(MEETS_A_LOCK).await;
    assert!(!waiting.is_finished(), "the row is locked");
    (id, waiting)
}

#[tokio::test]
async fn a_reset_ends_the_transaction_and_forgets_variables_and_statements() {
    let folder = tempfile::tempdir().unwrap();
    let instance = Instance::start(BINARY, folder.path());
    let mut holder = with_a_row(&instance).await;
    holder.query_drop("SET @mine = 7, SESSION max_error_count = 1; PREPARE p FROM 'SELECT 1'; USE d").await.unwrap();
    holder.query_drop("BEGIN; UPDATE d.t SET n = 1 WHERE id = 1; INSERT INTO d.t VALUES (2, 2)").await.unwrap();
    let (_, waiting) = waiting(&instance).await;
    assert!(holder.reset().await.unwrap(), "COM_RESET_CONNECTION is supported");
    tokio::time::timeout(WOKEN, waiting).await.expect("the locks are free").unwrap().1.unwrap();
    let rows: Vec<(u32, u32)> = holder.query("SELECT id, n FROM d.t").await.unwrap();
    assert_eq!(rows, [(1, 10)], "the transaction was rolled back");
    assert_eq!(holder.query_first("SELECT @mine").await.unwrap(), Some(None::<u32>));
    assert_eq!(code(&holder.query_drop("EXECUTE p").await.unwrap_err()), 1243);
    holder.query_drop("INSERT INTO d.t VALUES (3, 3)").await.unwrap();
    let limit: Option<u64> = holder.query_first("SELECT @@max_error_count").await.unwrap();
    assert_eq!(limit, Some(1024));
    let seen: Option<u32> = instance.connect().await.query_first("SELECT COUNT(*) FROM d.t").await.unwrap();
    assert_eq!(seen, Some(2), "and autocommit is on");
}

#[tokio::test]
async fn change_user_with_a_wrong_password_ends_the_connection() {
    let folder = tempfile::tempdir().unwrap();
    let secret = folder.path().join("password");
    std::fs::write(&secret, "correct horse\n").unwrap();
    let file = secret.display().to_string();
    let instance = Instance::start_with(BINARY, &folder.path().join("data"), &["--root-password-file", &file]);
    let mut connection = Conn::new(instance.options().pass(Some("correct horse"))).await.unwrap();
    let as_root =
        |password: &str| ChangeUserOpts::default().with_user(Some("root".into())).with_pass(Some(password.to_owned()));
    connection.change_user(as_root("correct horse")).await.unwrap();
    assert_eq!(connection.query_first("SELECT 1").await.unwrap(), Some(1));
    assert_eq!(code(&connection.change_user(as_root("wrong")).await.unwrap_err()), 1045);
    assert!(connection.query_drop("SELECT 1").await.is_err(), "nobody is logged in any more");
}

#[tokio::test]
async fn kill_query_ends_the_statement_and_kill_connection_the_session() {
    let folder = tempfile::tempdir().unwrap();
    let instance = Instance::start(BINARY, folder.path());
    let mut holder = with_a_row(&instance).await;
    holder.query_drop("BEGIN; UPDATE d.t SET n = 1 WHERE id = 1").await.unwrap();

    let (id, statement) = waiting(&instance).await;
    holder.query_drop(format!("KILL QUERY {id}")).await.unwrap();
    let (mut other, result) = tokio::time::timeout(WOKEN, statement).await.expect("it was woken").unwrap();
    assert_eq!(code(&result.unwrap_err()), 1317);
    assert_eq!(other.query_first("SELECT 5").await.unwrap(), Some(5), "the session lives on");

    let (id, session) = waiting(&instance).await;
    holder.query_drop(format!("KILL CONNECTION {id}")).await.unwrap();
    let (mut other, result) = tokio::time::timeout(WOKEN, session).await.expect("it was woken").unwrap();
    assert!(result.is_err());
    assert!(other.query_drop("SELECT 5").await.is_err(), "the session is gone");
    assert_eq!(code(&holder.query_drop(format!("KILL {id}")).await.unwrap_err()), 1094);

    holder.query_drop("COMMIT").await.unwrap();
    let n: Option<u32> = holder.query_first("SELECT n FROM d.t WHERE id = 1").await.unwrap();
    assert_eq!(n, Some(1), "neither update happened");
}

#[tokio::test]
async fn a_client_that_vanishes_in_mid_transaction_leaves_no_lock_and_no_row() {
    let folder = tempfile::tempdir().unwrap();
    let instance = Instance::start(BINARY, folder.path());
    let mut last = with_a_row(&instance).await;
    let mut holder = super::packets::raw::Raw::root(instance.address()).await;
    for statement in ["BEGIN", "UPDATE d.t SET n = 1 WHERE id = 1", "INSERT INTO d.t VALUES (2, 2)"] {
        let command = [b"\x03", statement.as_bytes()].concat();
        holder.send(&super::packets::raw::frame(0, &command)).await;
        assert_eq!(holder.packet().await.unwrap()[0], 0, "{statement}");
    }
    let (_, waiting) = waiting(&instance).await;
    // No COM_QUIT: the socket closes, as when a client is killed.
    drop(holder);
    tokio::time::timeout(WOKEN, waiting).await.expect("the locks are free").unwrap().1.unwrap();
    let rows: Vec<(u32, u32)> = last.query("SELECT id, n FROM d.t").await.unwrap();
    assert_eq!(rows, [(1, 10)]);
}

#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "a test measures real time")]
async fn a_stop_with_idle_sessions_open_takes_less_than_three_seconds() {
    let folder = tempfile::tempdir().unwrap();
    let instance = Instance::start(BINARY, folder.path());
    let mut open = vec![with_a_row(&instance).await];
    open[0].query_drop("BEGIN; UPDATE d.t SET n = 1 WHERE id = 1").await.unwrap();
    for _ in 0..20 {
        open.push(instance.connect().await);
    }
    let path = folder.path().to_owned();
    let before = Instant::now();
    assert!(instance.stop(), "it ends with success");
    assert!(before.elapsed() < Duration::from_secs(3), "it took {:?}", before.elapsed());
    assert!(open[1].query_drop("SELECT 1").await.is_err());
    let instance = Instance::start(BINARY, &path);
    let n: Option<u32> = instance.connect().await.query_first("SELECT n FROM d.t").await.unwrap();
    assert_eq!(n, Some(0), "what was not committed is not there");
}
