//! COMMIT and reads that wait for other replicas, on one that has none: what can be kept is kept, the rest is said.

use super::BINARY;
use acceptance::instance::Instance;
use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Row};

async fn server() -> (tempfile::TempDir, Instance, Conn) {
    let folder = tempfile::tempdir().unwrap();
    let instance = Instance::start(BINARY, folder.path());
    let mut connection = instance.connect().await;
    connection.query_drop("CREATE DATABASE d; CREATE TABLE d.t (id INT PRIMARY KEY)").await.unwrap();
    (folder, instance, connection)
}

async fn warnings(connection: &mut Conn) -> Vec<String> {
    let rows: Vec<Row> = connection.query("SHOW WARNINGS").await.unwrap();
    rows.into_iter().map(|row| row.get::<String, _>("Message").unwrap()).collect()
}

async fn error(connection: &mut Conn, statement: &str) -> (u16, String) {
    match connection.query_drop(statement).await {
        Err(mysql_async::Error::Server(error)) => (error.code, error.message),
        other => panic!("{statement}: {other:?}"),
    }
}

#[tokio::test]
async fn a_commit_waits_for_what_it_is_told_and_a_timeout_is_a_warning_that_names_it() {
    let (_folder, _instance, mut connection) = server().await;
    for (n, spread) in ["local", "replicated(1)", "stable"].iter().enumerate() {
        connection.query_drop(format!("SET headwaters_commit = '{spread}'")).await.unwrap();
        connection.query_drop(format!("INSERT INTO d.t VALUES ({n})")).await.unwrap();
        assert_eq!(warnings(&mut connection).await, [""; 0], "{spread}");
    }
    connection.query_drop("SET headwaters_read = 'stable'").await.unwrap();
    let stable: Vec<u32> = connection.query("SELECT id FROM d.t").await.unwrap();
    assert_eq!(stable, [0, 1, 2], "a commit that waited for stable is in it");
    connection.query_drop("SET headwaters_read = 'merge'").await.unwrap();

    connection.query_drop("SET headwaters_commit = 'replicated(2)', headwaters_commit_timeout = 1").await.unwrap();
    connection.query_drop("INSERT INTO d.t VALUES (9)").await.unwrap();
    let told = warnings(&mut connection).await;
    let head: String = connection.query_first("SELECT headwaters_token()").await.unwrap().unwrap();
    assert!(told.len() == 1 && told[0].contains(&head) && told[0].contains("1 of 2 replicas"), "{told:?}");
    let kept: Option<u32> = connection.query_first("SELECT COUNT(*) FROM d.t WHERE id = 9").await.unwrap();
    assert_eq!(kept, Some(1), "OK was true: it is here");
    assert_eq!(error(&mut connection, "SET headwaters_commit = 'everywhere'").await.0, 1231);
}

#[tokio::test]
async fn reads_wait_for_a_token_and_a_quorum_is_never_pretended() {
    let (_folder, instance, mut connection) = server().await;
    let token: String = connection.query_first("SELECT headwaters_token()").await.unwrap().unwrap();
    let mut other = instance.connect().await;
    other.query_drop(format!("SET headwaters_read = 'after({token})', headwaters_read_timeout = 1")).await.unwrap();
    let count: Option<u32> = other.query_first("SELECT COUNT(*) FROM d.t").await.unwrap();
    assert_eq!(count, Some(0));
    other.query_drop("INSERT INTO d.t VALUES (1)").await.unwrap();

    let unknown = "a".repeat(52);
    other.query_drop(format!("SET headwaters_read = 'after({unknown})'")).await.unwrap();
    let late = error(&mut other, "SELECT COUNT(*) FROM d.t").await;
    assert!(late.0 == 3024 && late.1.contains("headwaters_read_timeout"), "{late:?}");

    other.query_drop("SET headwaters_read = 'quorum(1)'").await.unwrap();
    assert_eq!(other.query_first::<u32, _>("SELECT COUNT(*) FROM d.t").await.unwrap(), Some(1));
    let alone = error(&mut other, "SELECT /*+ headwaters_read(quorum(3)) */ COUNT(*) FROM d.t").await;
    assert!(alone.0 == 1290 && alone.1.contains("2 other replicas"), "{alone:?}");
}
