//! Isolation as data: scripts of numbered sessions, their statements in one order, and who waits.
//!
//! ```text
//! setup: CREATE TABLE t (id INT PRIMARY KEY, n INT)     before each scenario of the file
//! ## title                                               a scenario, in a database of its own
//! 1: UPDATE t SET n = 1 WHERE id = 1 => 1                session 1; one row affected
//! 2: SELECT * FROM t FOR UPDATE => waits                 no answer yet
//! 1: COMMIT                                              any answer but an error
//! 2 => [1,1]                                             the answer that session 2 waited for
//! kill 2                                                 KILL QUERY from outside
//! leave 1                                                the client is gone
//! 1: INSERT ... => here 1 / mariadb error 1205 / because the documented reason
//! ```

use std::fmt::Write;

/// Which server a script runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Server {
    /// This project's.
    Here,
    /// The oracle.
    MariaDb,
}

/// What a step does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// The session sends a statement.
    Send(String),
    /// The session's statement under way is awaited.
    Await,
    /// KILL QUERY for the session.
    Kill,
    /// The session's connection is dropped.
    Leave,
}

/// One step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Line in the file, from 1.
    pub line: usize,
    /// Session number.
    pub session: u8,
    /// What it does.
    pub act: Act,
    here: String,
    mariadb: String,
}

impl Step {
    /// What that server must answer.
    pub fn expected(&self, server: Server) -> &str {
        match server {
            Server::Here => &self.here,
            Server::MariaDb => &self.mariadb,
        }
    }
}

/// A scenario.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scenario {
    /// Its title.
    pub title: String,
    /// Statements that prepare the database.
    pub setup: Vec<String>,
    /// Its steps.
    pub steps: Vec<Step>,
}

/// Reads a file's scenarios; a malformed line is an error that names it.
pub fn parse(text: &str) -> Result<Vec<Scenario>, String> {
    let (mut setup, mut scenarios) = (Vec::new(), Vec::<Scenario>::new());
    for (line, text) in (1..).zip(text.lines()) {
        let text = text.trim();
        if let Some(title) = text.strip_prefix("## ") {
            scenarios.push(Scenario { title: title.to_owned(), setup: setup.clone(), steps: Vec::new() });
        } else if let Some(sql) = text.strip_prefix("setup: ") {
            setup.push(sql.to_owned());
        } else if !text.is_empty() && !text.starts_with('#') {
            let scenario = scenarios.last_mut().ok_or_else(|| format!("line {line}: a step before any title"))?;
            scenario.steps.push(step(line, text).ok_or_else(|| format!("line {line}: {text}"))?);
        }
    }
    Ok(scenarios)
}

fn step(line: usize, text: &str) -> Option<Step> {
    let (what, expected) = text.split_once(" => ").unwrap_or((text, "ok"));
    let (here, mariadb) = match expected.strip_prefix("here ") {
        None => (expected, expected),
        Some(rest) => {
            let (here, rest) = rest.split_once(" / mariadb ")?;
            // A difference without a reason is a mistake.
            let (mariadb, _reason) = rest.split_once(" / because ")?;
            (here, mariadb)
        }
    };
    let (session, act) = match what.split_once(": ") {
        Some((session, sql)) => (session, Act::Send(sql.to_owned())),
        None => match what.split_once(' ') {
            Some(("kill", session)) => (session, Act::Kill),
            Some(("leave", session)) => (session, Act::Leave),
            Some(_) => return None,
            None => (what, Act::Await),
        },
    };
    Some(Step { line, session: session.parse().ok()?, act, here: here.to_owned(), mariadb: mariadb.to_owned() })
}

/// Whether an answer is what was expected.
pub fn agrees(expected: &str, answer: &str) -> bool {
    expected == answer || expected == "ok" && !answer.starts_with("error") && answer != "waits"
}

/// Rows in one line: `[1,a 2,NULL]`.
pub fn rows(rows: &[Vec<Option<String>>]) -> String {
    let mut line = String::from("[");
    for (at, row) in rows.iter().enumerate() {
        let cells: Vec<&str> = row.iter().map(|cell| cell.as_deref().unwrap_or("NULL")).collect();
        let space = if at == 0 { "" } else { " " };
        let _into_a_string = write!(line, "{space}{}", cells.join(","));
    }
    line + "]"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_say_who_does_what_and_what_is_expected_where() {
        let text = "setup: CREATE\n## one\n1: SELECT 1 => [1]\n2 => error 1062\nkill 2\n\
                    1: X => here 1 / mariadb error 1205 / because of it\n";
        let scenarios = parse(text).unwrap();
        let steps = &scenarios[0].steps;
        assert_eq!(scenarios[0].setup, ["CREATE"]);
        assert_eq!((steps[0].session, &steps[0].act), (1, &Act::Send("SELECT 1".into())));
        assert_eq!((steps[1].session, &steps[1].act, steps[1].expected(Server::Here)), (2, &Act::Await, "error 1062"));
        assert_eq!(steps[2].act, Act::Kill);
        assert_eq!((steps[3].expected(Server::Here), steps[3].expected(Server::MariaDb)), ("1", "error 1205"));
        for wrong in ["1: SELECT 1", "## a\n1: X => here 1 / mariadb 2", "## a\nrun 1"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
        assert!(agrees("ok", "[]") && agrees("1", "1"));
        assert!(!agrees("ok", "waits") && !agrees("ok", "error 1") && !agrees("1", "2"));
    }
}
