//! SQL as data: a small reader of `.slt` files in sqllogictest's form.
//!
//! ```text
//! statement ok            statement error 1062
//! INSERT ...              INSERT ...
//!
//! query
//! SELECT ...
//! ----
//! 1 | alice
//! ```
//! Cells are joined by ` | `, NULL is `NULL`, an empty text is `''`. `sorted` after `query` sorts rows before the
//! comparison. A file ends with the last record; `#` opens a comment.

use std::fmt::Write;

/// What a statement must answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Expected {
    /// Success.
    Ok,
    /// This MySQL error code.
    Error(u16),
    /// These rows, already joined.
    Rows {
        /// Lines as written.
        lines: Vec<String>,
        /// Whether order does not matter.
        sorted: bool,
    },
}

/// One record of a file.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// Line of its first word, from 1.
    pub line: usize,
    /// The statement.
    pub sql: String,
    /// What it must answer.
    pub expected: Expected,
}

/// Reads a file's records; a malformed one is an error that names the line.
pub fn parse(text: &str) -> Result<Vec<Record>, String> {
    let mut records = Vec::new();
    let mut lines = text.lines().enumerate().peekable();
    while let Some((index, line)) = lines.next() {
        let head = line.trim();
        if head.is_empty() || head.starts_with('#') {
            continue;
        }
        let words: Vec<&str> = head.split_whitespace().collect();
        let mut until = |stop: &dyn Fn(&str) -> bool| {
            let mut taken = Vec::new();
            while let Some((_, l)) = lines.next_if(|(_, l)| !stop(l.trim())) {
                taken.push(l.to_owned());
            }
            taken
        };
        let (sql, expected) = match words.as_slice() {
            ["statement", "ok"] => (until(&str::is_empty).join("\n"), Expected::Ok),
            ["statement", "error", code] => {
                let code = code.parse().map_err(|_| format!("line {}: not an error code: {code}", index + 1))?;
                (until(&str::is_empty).join("\n"), Expected::Error(code))
            }
            ["query", rest @ ..] => {
                let sql = until(&|l| l == "----").join("\n");
                lines.next();
                let mut taken = Vec::new();
                while let Some((_, l)) = lines.next_if(|(_, l)| !l.trim().is_empty()) {
                    taken.push(l.trim_end().to_owned());
                }
                (sql, Expected::Rows { lines: taken, sorted: rest.contains(&"sorted") })
            }
            _ => return Err(format!("line {}: not a record: {head}", index + 1)),
        };
        records.push(Record { line: index + 1, sql, expected });
    }
    Ok(records)
}

/// Rows as a `.slt` file writes them.
pub fn lines(rows: &[Vec<Option<String>>]) -> Vec<String> {
    let cell = |c: &Option<String>| match c.as_deref() {
        None => "NULL".to_owned(),
        Some("") => "''".to_owned(),
        Some(text) => text.to_owned(),
    };
    rows.iter().map(|r| r.iter().map(cell).collect::<Vec<_>>().join(" | ")).collect()
}

/// Compares an answer (rows, or an error code) with what a record expects; the difference, if there is one.
pub fn difference(record: &Record, answer: &Result<Vec<Vec<Option<String>>>, (u16, String)>) -> Option<String> {
    let mut text = String::new();
    match (&record.expected, answer) {
        (Expected::Ok, Ok(_)) => return None,
        (Expected::Error(wanted), Err((code, _))) if wanted == code => return None,
        (Expected::Rows { lines: wanted, sorted }, Ok(rows)) => {
            let (mut wanted, mut got) = (wanted.clone(), lines(rows));
            if *sorted {
                wanted.sort();
                got.sort();
            }
            if wanted == got {
                return None;
            }
            let _fits = write!(text, "wanted\n  {}\ngot\n  {}", wanted.join("\n  "), got.join("\n  "));
        }
        (expected, Ok(rows)) => {
            let _fits = write!(text, "wanted {expected:?}, got {} rows", rows.len());
        }
        (expected, Err((code, message))) => {
            let _fits = write!(text, "wanted {expected:?}, got error {code}: {message}");
        }
    }
    Some(format!("line {}: {}\n{text}", record.line, record.sql))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "# people\nstatement ok\nCREATE TABLE t (a INT)\n\nstatement error 1062\nINSERT INTO t\nVALUES (1)\n\nquery sorted\nSELECT a FROM t\n----\n2\n1\n";

    #[test]
    fn a_file_becomes_records() {
        let records = parse(FILE).unwrap();
        assert_eq!(records.len(), 3);
        assert_eq!(records[1].sql, "INSERT INTO t\nVALUES (1)");
        assert_eq!(records[2].expected, Expected::Rows { lines: vec!["2".into(), "1".into()], sorted: true });
    }

    #[test]
    fn a_wrong_answer_is_a_difference() {
        let records = parse(FILE).unwrap();
        let row = |text: &str| vec![Some(text.to_owned())];
        assert_eq!(difference(&records[2], &Ok(vec![row("1"), row("2")])), None);
        assert!(difference(&records[2], &Ok(vec![row("1")])).is_some());
        assert!(difference(&records[1], &Ok(vec![])).is_some());
        assert!(difference(&records[0], &Err((1064, "no".into()))).is_some());
    }
}
