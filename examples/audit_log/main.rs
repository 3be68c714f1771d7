//! Audit-log ingestion: several writers pour log files into a table over the MySQL port, then the audit questions are
//! asked and printed as tables.
//!
//! Shows: an append-only table (R26) that any MySQL client fills, each line its own durable commit, and that nothing
//! is parked. Needs a running replica: `headwaters start`. Run:
//! `cargo run --release --example audit_log -- /var/log/*.log`
//!
//! With `--replicas 3` it starts replicas of its own, cuts the last one off for the second third of the lines, and shows
//! that afterwards all give one answer with one main (`several`).

mod several;

use clap::Parser;
use comfy_table::{Table, presets};
use indicatif::ProgressBar;
use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Opts, Row, Value};
use std::error::Error;
use std::fmt;
use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;
use tokio::sync::mpsc::{Receiver, channel};
use tokio::task::JoinSet;

type Failure = Box<dyn Error + Send + Sync>;

/// Lines waiting for writers: enough to keep them busy, too few to hold a big file in memory.
const WAITING_LINES: usize = 1_024;

const TABLE: &str = "CREATE TABLE IF NOT EXISTS audit_log (
    id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
    source VARCHAR(100) NOT NULL,
    line_number INT UNSIGNED NOT NULL,
    level VARCHAR(10) NOT NULL,
    message TEXT NOT NULL,
    received_at TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
    KEY by_source (source, line_number),
    KEY by_level (level)
) COMMENT 'headwaters: merge=append_only'";

const INSERT: &str = "INSERT INTO audit_log (source, line_number, level, message) VALUES (?, ?, ?, ?)";

const QUESTIONS: &[(&str, &str)] = &[
    (
        "How much came from where?",
        "SELECT source, COUNT(*) AS line_count, MIN(line_number) AS first_line, MAX(line_number) AS last_line
         FROM audit_log GROUP BY source ORDER BY source",
    ),
    (
        "How grave is it?",
        "SELECT level, COUNT(*) AS line_count, ROUND(100 * COUNT(*) / (SELECT COUNT(*) FROM audit_log), 1) AS percent
         FROM audit_log GROUP BY level ORDER BY line_count DESC, level",
    ),
    (
        "What were the last five errors?",
        "SELECT source, line_number, LEFT(message, 90) AS message FROM audit_log WHERE level IN ('ERROR', 'FATAL')
         ORDER BY id DESC LIMIT 5",
    ),
    (
        "Which lines does one source repeat most?",
        "SELECT source, RIGHT(message, 40) AS ending, COUNT(*) AS times FROM audit_log
         GROUP BY source, ending HAVING times > 1 ORDER BY times DESC, source, ending LIMIT 5",
    ),
    ("Was anything parked?", "SELECT outcome, COUNT(*) AS commits FROM headwaters.commits GROUP BY outcome"),
];

/// Pour log files into Headwaters and ask the audit questions
#[derive(Parser)]
struct Arguments {
    /// Log files, any text with one record a line
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Where the replica listens
    #[arg(long, default_value = "mysql://root@127.0.0.1:3316")]
    url: String,
    /// Connections that write at the same time
    #[arg(long, default_value_t = 8)]
    writers: usize,
    /// Start so many replicas here instead, and cut one off meanwhile
    #[arg(long, conflicts_with = "url")]
    replicas: Option<usize>,
}

/// One record on its way to a writer.
struct Record {
    source: String,
    number: u32,
    message: String,
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let arguments = Arguments::parse();
    if let Some(replicas) = arguments.replicas {
        return several::run(&arguments, replicas).await;
    }
    let server = Opts::from_url(&arguments.url)?;
    prepare(&server).await?;
    let poured = pour(&arguments, std::slice::from_ref(&server), Part { number: 0, of: 1 }).await?;
    say(poured.to_string())?;
    questions(&server).await
}

/// Makes the database and its table.
async fn prepare(server: &Opts) -> Result<(), Failure> {
    let mut connection = connect(server).await?;
    connection.query_drop("CREATE DATABASE IF NOT EXISTS audit").await?;
    connection.query_drop("USE audit").await?;
    connection.query_drop(TABLE).await?;
    Ok(connection.disconnect().await?)
}

/// Asks the audit questions and prints the answers.
async fn questions(server: &Opts) -> Result<(), Failure> {
    let mut connection = connect(server).await?;
    connection.query_drop("USE audit").await?;
    for (question, query) in QUESTIONS {
        say(format!("\n{question}"))?;
        say(table(connection.query(*query).await?))?;
    }
    Ok(connection.disconnect().await?)
}

async fn connect(server: &Opts) -> Result<Conn, Failure> {
    Conn::new(server.clone())
        .await
        .map_err(|e| format!("{e}\nIs a replica running? Start one with: headwaters start").into())
}

/// Which part of every file is poured.
#[derive(Clone, Copy)]
struct Part {
    number: usize,
    of: usize,
}

/// How many lines went in, and how long it took.
struct Poured {
    lines: u64,
    took: Duration,
}

impl fmt::Display for Poured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.took.as_secs_f64();
        let rate = self.lines as f64 / seconds;
        write!(f, "{} lines, each its own durable commit, in {seconds:.1} s: {rate:.0} lines/s", self.lines)
    }
}

/// Reads the files and spreads their lines over the writers, and these over the servers.
async fn pour(arguments: &Arguments, servers: &[Opts], part: Part) -> Result<Poured, Failure> {
    let bar = ProgressBar::new_spinner().with_message("lines");
    let mut writers = JoinSet::new();
    let mut lanes = Vec::new();
    for server in servers.iter().cycle().take(arguments.writers.max(servers.len())) {
        let (lane, records) = channel(WAITING_LINES);
        lanes.push(lane);
        writers.spawn(write(server.clone(), records, bar.clone()));
    }
    for path in &arguments.files {
        let source = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        let text =
            String::from_utf8_lossy(&std::fs::read(path).map_err(|e| format!("{}: {e}", path.display()))?).into_owned();
        let lines: Vec<&str> = text.lines().collect();
        let (from, to) = (lines.len() * part.number / part.of, lines.len() * (part.number + 1) / part.of);
        for (index, line) in lines.iter().enumerate().take(to).skip(from) {
            let record = Record { source: source.clone(), number: index as u32 + 1, message: (*line).to_owned() };
            lanes[index % lanes.len()].send(record).await.map_err(|_| "a writer stopped early")?;
        }
    }
    drop(lanes);
    while let Some(ended) = writers.join_next().await {
        ended??;
    }
    bar.finish_and_clear();
    Ok(Poured { lines: bar.position(), took: bar.elapsed() })
}

async fn write(server: Opts, mut records: Receiver<Record>, bar: ProgressBar) -> Result<(), Failure> {
    let mut connection = connect(&server).await?;
    connection.query_drop("USE audit").await?;
    let statement = connection.prep(INSERT).await?;
    while let Some(record) = records.recv().await {
        let level = level(&record.message);
        connection.exec_drop(&statement, (record.source, record.number, level, record.message)).await?;
        bar.inc(1);
    }
    connection.disconnect().await?;
    Ok(())
}

/// The gravest level word a line holds; lines without one are notices.
fn level(line: &str) -> &'static str {
    let words = [("FATAL", "FATAL"), ("ERROR", "ERROR"), ("WARN", "WARN"), ("INFO", "INFO"), ("DEBUG", "DEBUG")];
    words.iter().find(|(word, _)| line.contains(word)).map_or("NOTICE", |(_, level)| level)
}

fn table(rows: Vec<Row>) -> String {
    let mut table = Table::new();
    table.load_style(presets::ASCII_MARKDOWN);
    if let Some(first) = rows.first() {
        table.set_header(first.columns_ref().iter().map(|c| c.name_str().into_owned()));
    }
    for row in &rows {
        table.add_row((0..row.len()).map(|i| text(row.as_ref(i))));
    }
    table.to_string()
}

fn text(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::NULL) => "NULL".to_owned(),
        Some(Value::Bytes(bytes)) => String::from_utf8_lossy(bytes).into_owned(),
        Some(other) => other.as_sql(true),
    }
}

fn say(text: impl AsRef<str>) -> std::io::Result<()> {
    writeln!(std::io::stdout(), "{}", text.as_ref())
}
