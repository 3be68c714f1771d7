//! Transactions that wait for their place behind others who commit (R27): what their session shows, and their locks.

mod support;

use sql::error::SqlError;
use sql::session::Session;
use sql::wait::Suspend;
use support::{Answer, World, begin, describe, go_on, run};

/// A table with one row, and two sessions; from now on whoever commits waits for its place.
fn world() -> (World, Session, Session) {
    let world = World::new();
    let (mut first, mut second) = (world.session(1), world.session(2));
    for text in
        ["CREATE DATABASE d", "USE d", "CREATE TABLE t (id INT PRIMARY KEY, n INT)", "INSERT INTO t VALUES (1, 0)"]
    {
        assert!(!run(&mut first, text).starts_with("error"), "{text}");
    }
    run(&mut second, "USE d");
    world.journal.queue();
    (world, first, second)
}

/// Sends a statement that must wait.
fn wait(session: &mut Session, text: &str) -> Suspend {
    match begin(session, text) {
        Answer::Waits(wait) => wait,
        Answer::Done(result) => panic!("{text}: {}", describe(result)),
    }
}

/// The answer after a wait that must be over.
fn after(session: &mut Session, wait: Suspend) -> String {
    let (Suspend::Commit(signal) | Suspend::Lock { granted: signal, .. }) = wait else { panic!("another wait") };
    session.resume(signal.answer().expect("the wait is over"));
    match go_on(session) {
        Answer::Done(result) => describe(result),
        Answer::Waits(_) => "waits".to_owned(),
    }
}

#[test]
fn a_statement_waits_for_its_place_and_its_rows_are_free_as_soon_as_it_has_it() {
    for script in
        [&["UPDATE t SET n = n + 1 WHERE id = 1"][..], &["BEGIN", "UPDATE t SET n = n + 1 WHERE id = 1", "COMMIT"]]
    {
        let (world, mut first, mut second) = world();
        let (last, before) = script.split_last().unwrap();
        before.iter().for_each(|text| assert!(!run(&mut first, text).starts_with("error"), "{text}"));
        let placing = wait(&mut first, last);
        let locked = wait(&mut second, "SELECT n FROM t WHERE id = 1 FOR UPDATE");
        world.journal.place(None);
        // The first session has not had its turn yet.
        assert_eq!(after(&mut second, locked), "[1]");
        assert!(after(&mut first, placing).ends_with("affected"));
    }
}

#[test]
fn a_refused_autocommitted_statement_runs_again_and_a_refused_commit_says_so() {
    let deadlock = SqlError::new(1213, "Deadlock found when trying to get lock; try restarting transaction");
    let update = "UPDATE t SET n = n + 1 WHERE id = 1";
    let (world, mut first, _) = world();
    let placing = wait(&mut first, update);
    world.journal.place(Some(&deadlock));
    assert_eq!(after(&mut first, placing), "1 affected", "run again, on the newest state");
    assert_eq!(run(&mut first, "SELECT n FROM t"), "[1]");
    world.journal.queue();
    run(&mut first, "BEGIN");
    run(&mut first, update);
    let placing = wait(&mut first, "COMMIT");
    world.journal.place(Some(&deadlock));
    assert_eq!(after(&mut first, placing), "error 1213");
    assert_eq!(run(&mut first, "SELECT n FROM t"), "[1]");
    assert!(!first.status().in_transaction);
}

#[test]
fn what_goes_on_behind_a_commit_waits_for_its_place_at_once() {
    let (world, mut first, _) = world();
    world.journal.place(None);
    for (text, answer) in [
        ("BEGIN", "0 affected"),
        ("UPDATE t SET n = 5 WHERE id = 1", "1 affected"),
        ("BEGIN", "0 affected"),
        ("UPDATE t SET n = n + 1 WHERE id = 1", "1 affected"),
        ("COMMIT AND CHAIN", "0 affected"),
        ("UPDATE t SET n = n + 1 WHERE id = 1", "1 affected"),
        ("CREATE TABLE u (id INT PRIMARY KEY)", "0 affected"),
        ("SELECT n FROM t", "[7]"),
    ] {
        world.journal.queue();
        assert_eq!(run(&mut first, text), answer, "{text}");
    }
}
