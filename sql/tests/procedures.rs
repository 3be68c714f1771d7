//! CALL, over a procedure that a test completes.

#![allow(clippy::unwrap_used, reason = "a step that fails is the test that fails")]

mod support;

use dag::schema::ColumnType;
use dag::signal::Signal;
use dag::value::Value;
use sql::engine::procedure::{Answer, Procedure};
use sql::engine::system_table::SystemColumn;
use sql::error::SqlError;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use support::{Answer as Given, World, begin, describe, go_on, run};

/// Gives its argument back when the test says so.
#[derive(Default)]
struct Echo {
    begun: AtomicUsize,
    done: Signal<Result<(), SqlError>>,
}

impl Procedure for Echo {
    fn name(&self) -> &str {
        "echo"
    }
    fn arity(&self) -> usize {
        1
    }
    fn begin(&self, arguments: &[Value], answer: Answer) -> Signal<Result<(), SqlError>> {
        self.begun.fetch_add(1, Ordering::Relaxed);
        let mut table = answer.lock().unwrap();
        table.columns = vec![SystemColumn { name: "said", kind: ColumnType::VarChar(20), nullable: true }];
        table.rows = vec![arguments.to_vec()];
        self.done.clone()
    }
}

#[test]
fn a_procedure_begins_once_and_answers_with_its_table() {
    let echo = Arc::new(Echo::default());
    let world = World::with(vec![echo.clone()]);
    let mut session = world.session(1);
    let Given::Waits(_) = begin(&mut session, "CALL headwaters.ECHO(CONCAT('a', 'b'))") else { panic!("no wait") };
    session.resume(Ok(()));
    let Given::Waits(_) = go_on(&mut session) else { panic!("woken too early, it waits again") };
    echo.done.complete(Ok(()));
    session.resume(Ok(()));
    let Given::Done(result) = go_on(&mut session) else { panic!("no answer") };
    assert_eq!(describe(result), "[ab]");
    assert_eq!(echo.begun.load(Ordering::Relaxed), 1);
}

#[test]
fn what_cannot_be_called_says_why() {
    let echo = Arc::new(Echo::default());
    echo.done.complete(Err(SqlError::new(1290, "no")));
    let world = World::with(vec![echo.clone()]);
    let mut session = world.session(1);
    for (text, expected) in [
        ("CALL headwaters.nothing()", "error 1305: PROCEDURE headwaters.nothing does not exist"),
        ("CALL nothing", "error 1046: No database selected"),
        ("CALL echo.echo(1)", "error 1305: PROCEDURE echo.echo does not exist"),
        (
            "CALL headwaters.echo",
            "error 1318: Incorrect number of arguments for PROCEDURE headwaters.echo; expected 1, got 0",
        ),
        ("CALL headwaters.echo(1", "error 1064: ..."),
        ("CALL headwaters.echo(1)", "error 1290: no"),
    ] {
        let got = run(&mut session, text);
        assert!(got.starts_with(expected.trim_end_matches("...")), "{text}: {got}");
    }
    assert_eq!(echo.begun.load(Ordering::Relaxed), 1);
}
