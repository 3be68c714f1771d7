//! Printing: tables for people, JSON for scripts. The only place of the binary that writes to the terminal.

use crate::cli::reach::Answer;
use crate::failure::Failure;
use comfy_table::{ContentArrangement, Table, presets};
use std::io::{IsTerminal, Write};

/// Writes one line to standard output; a closed pipe is not an error worth a message.
pub fn line(text: impl AsRef<str>) {
    let mut out = std::io::stdout().lock();
    let _closed_pipe = writeln!(out, "{}", text.as_ref());
}

/// Writes a failure to standard error.
pub fn failure(failure: &Failure) {
    let mut out = std::io::stderr().lock();
    let _closed_pipe = writeln!(out, "headwaters: {failure}");
}

/// Writes a remark to standard error, so that standard output stays data.
pub fn remark(text: impl AsRef<str>) {
    let mut out = std::io::stderr().lock();
    let _closed_pipe = writeln!(out, "{}", text.as_ref());
}

/// An answer as a table that fits the terminal.
pub fn table(answer: &Answer) {
    let mut table = Table::new();
    table.load_style(presets::ASCII_MARKDOWN);
    if std::io::stdout().is_terminal() {
        table.set_content_arrangement(ContentArrangement::Dynamic);
    }
    table.set_header(&answer.columns);
    for row in &answer.rows {
        table.add_row(row.iter().map(|cell| cell.as_deref().unwrap_or("NULL")));
    }
    line(table.to_string());
}

/// An answer as a JSON array of objects; every value is a string or null, as on MySQL's text protocol.
pub fn json(answer: &Answer) {
    let rows: Vec<serde_json::Value> = answer.rows.iter().map(|row| object(&answer.columns, row)).collect();
    line(serde_json::Value::Array(rows).to_string());
}

/// One row as a JSON object.
pub fn object(columns: &[String], row: &[Option<String>]) -> serde_json::Value {
    let fields = columns.iter().zip(row).map(|(name, cell)| {
        let value = cell.clone().map_or(serde_json::Value::Null, serde_json::Value::String);
        (name.clone(), value)
    });
    serde_json::Value::Object(fields.collect())
}

/// An answer in the form that was asked for; an empty one says so to a person.
pub fn answer(answer: &Answer, json_wanted: bool, nothing: &str) {
    match (json_wanted, answer.rows.is_empty()) {
        (true, _) => json(answer),
        (false, true) => remark(nothing),
        (false, false) => table(answer),
    }
}
