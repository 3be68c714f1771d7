//! What a client is told when it asks for what it may not or what is not there: the code drivers branch on, and never
//! an OK for something not done (R39). Afterwards the server serves on.

use super::{BINARY, code};
use acceptance::instance::Instance;
use mysql_async::prelude::Queryable;
use mysql_async::{Conn, OptsBuilder, SslOpts};

/// Statement and the code it must get.
const REFUSED: &[(&str, u16)] = &[
    ("SELEC 1", 1064),
    ("USE nowhere", 1049),
    ("SELECT * FROM d.missing", 1146),
    ("SELECT missing FROM d.t", 1054),
    ("CREATE TABLE d.f (id INT, p INT, FOREIGN KEY (p) REFERENCES d.t (id))", 1235),
    ("CREATE TABLE d.c (id INT, CHECK (id > 0))", 1235),
    ("CREATE TABLE d.g (a INT, b INT GENERATED ALWAYS AS (a + 1) STORED)", 1235),
    ("CREATE TABLE d.p (id INT) PARTITION BY HASH(id) PARTITIONS 4", 1235),
    ("CREATE VIEW d.v AS SELECT 1", 1235),
    ("CREATE TRIGGER d.r BEFORE INSERT ON d.t FOR EACH ROW SET NEW.id = 1", 1235),
    ("CREATE TEMPORARY TABLE d.tmp (id INT)", 1235),
    ("XA START 'x'", 1235),
    ("SELECT id, SUM(id) OVER (ORDER BY id) FROM d.t", 1235),
    ("SELECT * FROM d.t INTO OUTFILE '/tmp/never'", 1235),
    ("CALL headwaters.nothing()", 1305),
    ("ALTER TABLE d.t MODIFY COLUMN id BIGINT", 1235),
    ("CREATE TABLE d.m (id INT PRIMARY KEY) COMMENT 'headwaters: merge=nonsense'", 0),
];

#[tokio::test]
async fn what_is_not_there_is_refused_by_its_code_and_the_session_lives_on() {
    let folder = tempfile::tempdir().unwrap();
    let instance = Instance::start(BINARY, folder.path());
    let mut connection = instance.connect().await;
    connection
        .query_drop("CREATE DATABASE d; CREATE TABLE d.t (id INT PRIMARY KEY); INSERT INTO d.t VALUES (1)")
        .await
        .unwrap();
    for (statement, wanted) in REFUSED {
        let error = connection.query_drop(*statement).await.expect_err(statement);
        assert!(code(&error) != 0 && (*wanted == 0 || code(&error) == *wanted), "{statement}: {error}");
    }
    let tables: Vec<String> = connection.query("SHOW TABLES FROM d").await.unwrap();
    assert_eq!(tables, ["t"], "a refused statement changed nothing");
}

#[tokio::test]
async fn writes_are_refused_where_only_history_is_read_and_the_way_out_works() {
    let folder = tempfile::tempdir().unwrap();
    let instance = Instance::start(BINARY, folder.path());
    let mut connection = instance.connect().await;
    connection.query_drop("CREATE DATABASE d; CREATE TABLE d.t (id INT PRIMARY KEY)").await.unwrap();
    let before: String = connection.query_first("SELECT id FROM headwaters.heads").await.unwrap().unwrap();
    connection.query_drop("INSERT INTO d.t VALUES (1)").await.unwrap();
    for mode in ["main", "stable", &format!("@{before}")] {
        connection.query_drop(format!("SET headwaters_read = '{mode}'")).await.unwrap();
        let error = connection.query_drop("INSERT INTO d.t VALUES (2)").await.expect_err(mode);
        assert_eq!(code(&error), 1290, "{mode}: {error}");
    }
    let then: Option<u32> = connection.query_first("SELECT COUNT(*) FROM d.t").await.unwrap();
    assert_eq!(then, Some(0), "the commit before the insert does not hold it");
    connection.query_drop("SET headwaters_read = 'merge'").await.unwrap();
    let now: Option<u32> = connection.query_first("SELECT COUNT(*) FROM d.t").await.unwrap();
    assert_eq!(now, Some(1));
}

#[tokio::test]
async fn a_wrong_password_is_1045_and_the_right_one_enters_over_tls() {
    let folder = tempfile::tempdir().unwrap();
    let secret = folder.path().join("password");
    std::fs::write(&secret, "correct horse\n").unwrap();
    let data = folder.path().join("data");
    let file = secret.display().to_string();
    let instance = Instance::start_with(BINARY, &data, &["--root-password-file", &file]);
    let login = |password: Option<&str>| {
        let tls = SslOpts::default().with_danger_accept_invalid_certs(true);
        let options = OptsBuilder::default()
            .ip_or_hostname(instance.address().ip().to_string())
            .tcp_port(instance.address().port())
            .user(Some("root"))
            .pass(password.map(str::to_owned))
            .prefer_socket(false)
            .ssl_opts(tls);
        Conn::new(options)
    };
    for wrong in [None, Some("correct horsf"), Some("")] {
        assert_eq!(code(&login(wrong).await.expect_err("a wrong password entered")), 1045, "{wrong:?}");
    }
    let mut connection = login(Some("correct horse")).await.unwrap();
    assert_eq!(connection.query_first::<u8, _>("SELECT 1").await.unwrap(), Some(1));
}

#[tokio::test]
async fn a_packet_over_the_limit_ends_its_connection_and_nobody_elses() {
    let folder = tempfile::tempdir().unwrap();
    let instance = Instance::start(BINARY, folder.path());
    let mut bystander = instance.connect().await;
    let options = OptsBuilder::default()
        .ip_or_hostname(instance.address().ip().to_string())
        .tcp_port(instance.address().port())
        .user(Some("root"))
        .max_allowed_packet(Some(1 << 30))
        .prefer_socket(false);
    let mut greedy = Conn::new(options).await.unwrap();
    let statement = format!("SELECT '{}'", "x".repeat(17 << 20));
    assert!(greedy.query_drop(statement).await.is_err(), "17 MiB passed a limit of 16");
    assert_eq!(bystander.query_first::<u8, _>("SELECT 1").await.unwrap(), Some(1));
}
