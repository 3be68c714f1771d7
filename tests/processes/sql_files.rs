//! Every record of `tests/sql/*.slt` over the port, in the text protocol and again in the binary one, and the same
//! files on MariaDB, so that no expectation is only our own opinion.
//!
//! A file whose name ends in `.mysql8.slt` holds what MariaDB answers otherwise (docs/differences.md): not run there.

use super::BINARY;
use acceptance::instance::Instance;
use acceptance::oracle::Oracle;
use acceptance::slt::{self, Record};
use mysql_async::consts::ColumnType;
use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Params, Row, Value};
use std::path::Path;

type Answer = Result<Vec<Vec<Option<String>>>, (u16, String)>;

/// Statements MySQL cannot prepare (8.0 manual, 15.5): they run in the text protocol both times.
const NOT_PREPARABLE: &[&str] = &[
    "BEGIN",
    "START TRANSACTION",
    "USE ",
    "PREPARE ",
    "EXECUTE ",
    "DEALLOCATE ",
    "LOCK ",
    "UNLOCK ",
    "SAVEPOINT",
    "ROLLBACK TO",
    "RELEASE ",
];

#[tokio::test]
async fn statements_answer_as_written_in_both_protocols() {
    let folder = tempfile::tempdir().unwrap();
    let instance = Instance::start(BINARY, folder.path());
    let mut failures = Vec::new();
    let mut count = 0;
    for path in files() {
        let records =
            slt::parse(&std::fs::read_to_string(&path).unwrap()).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        count += records.len();
        for binary in [false, true] {
            let mut connection = fresh_database(instance.connect().await).await;
            for record in &records {
                let answer = run(&mut connection, record, binary).await;
                if let Some(difference) = slt::difference(record, &answer) {
                    let protocol = if binary { "binary" } else { "text" };
                    failures.push(format!("{} ({protocol}) {difference}", path.file_name().unwrap().to_string_lossy()));
                }
            }
        }
    }
    assert!(count > 50, "found only {count} records");
    assert!(failures.is_empty(), "{} of {count} records differ:\n{}", failures.len(), failures.join("\n\n"));
}

fn files() -> Vec<std::path::PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sql");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().flatten().map(|e| e.path()).collect();
    files.retain(|p| p.extension().is_some_and(|e| e == "slt"));
    files.sort();
    files
}

#[tokio::test]
async fn mariadb_answers_as_written_too() {
    let Some(oracle) = Oracle::start().await else { return };
    let mut failures = Vec::new();
    for path in files().into_iter().filter(|p| !p.to_string_lossy().ends_with(".mysql8.slt")) {
        let records = slt::parse(&std::fs::read_to_string(&path).unwrap()).unwrap();
        let mut connection = fresh_database(Conn::new(oracle.options()).await.unwrap()).await;
        for record in &records {
            if let Some(difference) = slt::difference(record, &run(&mut connection, record, false).await) {
                failures.push(format!("{} {difference}", path.file_name().unwrap().to_string_lossy()));
            }
        }
    }
    assert!(failures.is_empty(), "MariaDB differs:\n{}", failures.join("\n\n"));
}

async fn fresh_database(mut connection: Conn) -> Conn {
    connection.query_drop("DROP DATABASE IF EXISTS test").await.unwrap();
    connection.query_drop("CREATE DATABASE test CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci").await.unwrap();
    connection.query_drop("USE test").await.unwrap();
    connection
}

async fn run(connection: &mut Conn, record: &Record, binary: bool) -> Answer {
    let upper = record.sql.trim_start().to_ascii_uppercase();
    let binary = binary && !NOT_PREPARABLE.iter().any(|word| upper.starts_with(word));
    let rows: Result<Vec<Row>, _> = match binary {
        true => connection.exec(record.sql.as_str(), Params::Empty).await,
        false => connection.query(record.sql.as_str()).await,
    };
    match rows {
        Ok(rows) => Ok(rows.iter().map(cells).collect()),
        Err(mysql_async::Error::Server(error)) => Err((error.code, error.message)),
        Err(other) => Err((0, other.to_string())),
    }
}

fn cells(row: &Row) -> Vec<Option<String>> {
    let cell = |i: usize| {
        let column = &row.columns_ref()[i];
        row.as_ref(i).and_then(|v| text(v, column.decimals(), column.column_type()))
    };
    (0..row.len()).map(cell).collect()
}

/// A value as the text protocol shows it, whatever protocol it came by.
fn text(value: &Value, decimals: u8, kind: ColumnType) -> Option<String> {
    let fraction = |micros: u32| match decimals {
        0 => String::new(),
        n => format!(".{}", &format!("{micros:06}")[..usize::from(n.min(6))]),
    };
    Some(match value {
        Value::NULL => return None,
        Value::Bytes(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        Value::Int(n) if kind == ColumnType::MYSQL_TYPE_YEAR => format!("{n:04}"),
        Value::UInt(n) if kind == ColumnType::MYSQL_TYPE_YEAR => format!("{n:04}"),
        Value::Int(n) => n.to_string(),
        Value::UInt(n) => n.to_string(),
        Value::Float(x) => x.to_string(),
        Value::Double(x) if decimals < 31 => format!("{x:.*}", usize::from(decimals)),
        // From 1e15 on MySQL writes an exponent.
        Value::Double(x) if x.abs() >= 1e15 => format!("{x:e}"),
        Value::Double(x) => x.to_string(),
        Value::Date(y, m, d, ..) if kind == ColumnType::MYSQL_TYPE_DATE => format!("{y:04}-{m:02}-{d:02}"),
        Value::Date(y, m, d, h, i, s, u) => format!("{y:04}-{m:02}-{d:02} {h:02}:{i:02}:{s:02}{}", fraction(*u)),
        Value::Time(negative, d, h, i, s, u) => {
            let hours = d * 24 + u32::from(*h);
            format!("{}{hours:02}:{i:02}:{s:02}{}", if *negative { "-" } else { "" }, fraction(*u))
        }
    })
}
