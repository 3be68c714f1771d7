//! The 264 probe statements and MariaDB 10.11's answers: what of MySQL we speak, counted.
//!
//! `tests/sql/probes.jsonl` holds one statement a line with a `mark`: `same` must answer as MariaDB does; `mysql8`
//! must answer as its `mysql8` field says (docs/differences.md), where `error 1055` is that error; `outside` must be refused with an error, never
//! answered OK without being done (R39); `done` must succeed, with an answer that is our own (versions, times, ids).
//! The whole count is printed.

use super::BINARY;
use acceptance::instance::Instance;
use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Row, Value};
use std::collections::BTreeMap;
use std::path::PathBuf;

struct Probe {
    sql: String,
    mark: String,
    /// Rows, or `error` and its code.
    answer: String,
}

fn file(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/sql").join(name)
}

fn probes() -> Vec<Probe> {
    let text = std::fs::read_to_string(file("probes.jsonl")).unwrap();
    let field = |value: &serde_json::Value, name: &str| value[name].as_str().unwrap_or_default().to_owned();
    let read = |line: &str| {
        let value: serde_json::Value = serde_json::from_str(line).unwrap();
        let mark = field(&value, "mark");
        let answer = match (mark.as_str(), field(&value, "status").as_str()) {
            ("mysql8", _) => field(&value, "mysql8"),
            (_, "OK") => field(&value, "answer"),
            // MariaDB's errors are kept as (code, message): the code counts.
            _ => format!("error {}", field(&value, "answer").trim_start_matches('(').split(',').next().unwrap()),
        };
        Probe { sql: field(&value, "sql"), mark, answer }
    };
    text.lines().map(read).collect()
}

#[tokio::test]
async fn probes_answer_as_marked() {
    let folder = tempfile::tempdir().unwrap();
    let instance = Instance::start(BINARY, folder.path());
    let mut connection = instance.connect().await;
    let setup = std::fs::read_to_string(file("probes-setup.sql")).unwrap();
    connection.query_drop(setup.as_str()).await.unwrap();
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    let mut failures = Vec::new();
    for probe in probes() {
        *counts.entry(probe.mark.clone()).or_default() += 1;
        let got = run(&mut connection, &probe.sql).await;
        let fits = match (probe.mark.as_str(), &got) {
            ("outside", Err(_)) => true,
            ("done", Ok(_)) => true,
            ("same" | "mysql8", Ok(text) | Err(text)) => *text == probe.answer,
            _ => false,
        };
        if !fits {
            failures.push(format!("[{}] {}\n  wanted {}\n  got    {got:?}", probe.mark, probe.sql, probe.answer));
        }
    }
    println!("probes: {counts:?} of {}", counts.values().sum::<usize>());
    assert!(counts.get("same").copied().unwrap_or(0) >= 100, "{counts:?}");
    assert!(failures.is_empty(), "{} differ:\n{}", failures.len(), failures.join("\n"));
}

async fn run(connection: &mut Conn, sql: &str) -> Result<String, String> {
    let rows: Vec<Row> = match connection.query(sql).await {
        Ok(rows) => rows,
        Err(mysql_async::Error::Server(error)) => return Err(format!("error {}", error.code)),
        Err(other) => panic!("{sql}: {other}"),
    };
    let cell = |value: Option<&Value>| match value {
        None | Some(Value::NULL) => "NULL".to_owned(),
        Some(Value::Bytes(bytes)) => String::from_utf8_lossy(bytes).into_owned(),
        Some(other) => other.as_sql(true),
    };
    let line = |row: &Row| (0..row.len()).map(|i| cell(row.as_ref(i))).collect::<Vec<_>>().join("\t");
    Ok(rows.iter().map(line).collect::<Vec<_>>().join("\\n"))
}
