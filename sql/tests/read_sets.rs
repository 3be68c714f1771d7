//! Read sets (R11): what a session's locking reads put into its commit is what the fold checks. Two replicas that do not
//! hear each other run SQL over their own journals; their commits meet in one fold.

mod support;

use dag::change::{ChangeSet, ReadGuard};
use dag::hlc::Hlc;
use dag::id::{AuthorId, CommitId, RunId};
use linearizer::commit::Ordered;
use linearizer::compact::Cuts;
use linearizer::linearizer::{Linearizer, NoHistory};
use linearizer::outcome::{Outcome, Reason};
use std::sync::Arc;
use support::{World, run};

const SETUP: [&str; 5] = [
    "CREATE DATABASE d",
    "CREATE TABLE d.duty (id INT PRIMARY KEY, who VARCHAR(10), team INT, on_call INT, KEY team (team))",
    "INSERT INTO d.duty VALUES (10, 'ada', 1, 1), (20, 'bob', 1, 1), (30, 'eve', 2, 1)",
    "CREATE TABLE d.rule (id INT PRIMARY KEY, n INT)",
    "INSERT INTO d.rule VALUES (1, 0)",
];

/// The commits of a replica that ran the setup, then these statements.
fn replica(statements: &[&str]) -> Vec<ChangeSet> {
    let world = World::new();
    let mut session = world.session(1);
    for statement in SETUP.iter().chain(statements) {
        let answer = run(&mut session, statement);
        assert!(!answer.starts_with("error") && answer != "waits", "{statement}: {answer}");
    }
    world.journal.drafts()
}

/// Setup, then the last commit of each replica, each blind to the others; what became of those.
fn meet(replicas: &[Vec<ChangeSet>]) -> Vec<Outcome> {
    let mut commits: Vec<(CommitId, ChangeSet)> = Vec::new();
    let shared = replicas[0][..SETUP.len()].iter().chain(replicas.iter().filter_map(|r| r.get(SETUP.len())));
    for changes in shared.cloned() {
        commits.push((CommitId([commits.len() as u8 + 1; 32]), changes));
    }
    let ordered = commits.iter().enumerate().map(|(n, (id, changes))| {
        let parents = if n == 0 { Vec::new() } else { vec![commits[n.min(SETUP.len()) - 1].0] };
        Arc::new(Ordered {
            id: *id,
            parents,
            hlc: Hlc::new(1_000 + n as u64, 0),
            author: AuthorId([n as u8; 32]),
            run: RunId(1),
            seq: 1,
            settles: Vec::new(),
            changes: Arc::new(changes.clone()),
            bytes: 100,
        })
    });
    let mut fold = Linearizer::new(Cuts::default());
    let ordered: Vec<_> = ordered.collect();
    fold.add(ordered, &NoHistory).expect("the histories of a test fit the fold");
    fold.outcomes().skip(SETUP.len()).map(|(_, outcome)| outcome.clone()).collect()
}

/// What the first replica's transaction reads with locks, and what the second changes blindly: whether the read parks
/// the one that comes later in the order. The transaction writes bob's row in every case, the other never does.
const MEETINGS: [(&str, &str, bool); 14] = [
    ("SELECT who FROM d.duty WHERE id = 10 FOR UPDATE", "UPDATE d.duty SET on_call = 0 WHERE id = 10", true),
    ("SELECT who FROM d.duty WHERE id = 10 FOR SHARE", "DELETE FROM d.duty WHERE id = 10", true),
    ("SELECT who FROM d.duty WHERE id = 10 FOR SHARE", "UPDATE d.duty SET on_call = 0 WHERE id = 30", false),
    ("SELECT who FROM d.duty WHERE id = 10", "UPDATE d.duty SET on_call = 0 WHERE id = 10", false),
    ("SELECT who FROM d.duty WHERE id = 11 FOR UPDATE", "INSERT INTO d.duty VALUES (11, 'new', 3, 0)", true),
    ("SELECT who FROM d.duty WHERE id = 11 FOR UPDATE", "INSERT INTO d.duty VALUES (12, 'new', 3, 0)", false),
    ("SELECT SUM(on_call) FROM d.duty FOR SHARE", "INSERT INTO d.duty VALUES (99, 'new', 3, 0)", true),
    ("SELECT id FROM d.duty WHERE id < 25 FOR SHARE", "INSERT INTO d.duty VALUES (15, 'new', 3, 0)", true),
    ("SELECT id FROM d.duty WHERE id < 25 FOR SHARE", "INSERT INTO d.duty VALUES (25, 'new', 3, 0)", false),
    ("SELECT id FROM d.duty ORDER BY id LIMIT 1 FOR UPDATE", "INSERT INTO d.duty VALUES (25, 'new', 3, 0)", false),
    ("SELECT id FROM d.duty ORDER BY id LIMIT 1 FOR UPDATE", "INSERT INTO d.duty VALUES (5, 'new', 3, 0)", true),
    ("SELECT id FROM d.duty ORDER BY id DESC LIMIT 1 FOR UPDATE", "INSERT INTO d.duty VALUES (35, 'new', 3, 0)", true),
    ("SELECT id FROM d.duty WHERE team = 1 FOR SHARE", "INSERT INTO d.duty VALUES (40, 'new', 1, 0)", true),
    ("SELECT id FROM d.duty WHERE team = 1 FOR SHARE", "INSERT INTO d.duty VALUES (40, 'new', 2, 0)", false),
];

#[test]
fn what_was_read_with_locks_must_read_the_same_where_the_commit_is_folded() {
    for (read, change, parks) in MEETINGS {
        let reading = ["BEGIN", read, "UPDATE d.duty SET on_call = 0 WHERE id = 20", "COMMIT"];
        let outcomes = meet(&[replica(&[change]), replica(&reading)]);
        assert_eq!(outcomes[0], Outcome::Applied, "{change}");
        let parked = matches!(outcomes[1], Outcome::Parked(Reason::Read(_)));
        assert_eq!((parked, outcomes[1].is_applied()), (parks, !parks), "{read} | {change}: {:?}", outcomes[1]);
        // Alone, whatever it wrote before it read, its reads agree with what the fold finds below its own writes.
        let writes_first = [
            "BEGIN",
            "INSERT INTO d.duty VALUES (7, 'own', 1, 1), (11, 'own', 1, 1)",
            "UPDATE d.duty SET team = 1, on_call = 5 WHERE id = 30",
            "DELETE FROM d.duty WHERE id = 10",
            read,
            "COMMIT",
        ];
        assert_eq!(meet(&[replica(&writes_first)]), [Outcome::Applied], "{read}, behind own writes");
    }
}

/// Both see two on call and leave, each on a replica of its own. The constraint lives in their reads alone.
#[test]
fn write_skew_parks_the_later_of_two() {
    let leave = |isolation: &str, lock: &str, id: u32| {
        let level = format!("SET TRANSACTION ISOLATION LEVEL {isolation}");
        let read = format!("SELECT SUM(on_call) FROM d.duty WHERE team = 1 {lock}");
        let write = format!("UPDATE d.duty SET on_call = 0 WHERE id = {id}");
        replica(&[&level, "BEGIN", &read, &write, "COMMIT"])
    };
    for (isolation, lock, skewed) in [
        ("SERIALIZABLE", "", true),
        ("REPEATABLE READ", "FOR UPDATE", true),
        ("REPEATABLE READ", "", false),
        ("READ COMMITTED", "FOR SHARE", true),
    ] {
        let outcomes = meet(&[leave(isolation, lock, 10), leave(isolation, lock, 20)]);
        assert_eq!(outcomes[0], Outcome::Applied);
        let parked = matches!(outcomes[1], Outcome::Parked(Reason::Read(_)));
        assert_eq!(parked, skewed, "{isolation} {lock}: {:?}", outcomes[1]);
    }
}

/// What DML looks at and leaves alone, and what its subqueries read, counts under SERIALIZABLE only.
#[test]
fn dml_relies_on_what_it_looked_at_under_serializable() {
    let new_in_team = "INSERT INTO d.duty VALUES (40, 'new', 2, 0)";
    let ada_leaves = "UPDATE d.duty SET on_call = 0 WHERE id = 10";
    let rule = "(SELECT n FROM d.rule WHERE id = 1)";
    for (write, change) in [
        ("UPDATE d.duty SET on_call = 0 WHERE id < 25 AND who = 'bob'".to_owned(), ada_leaves),
        ("UPDATE d.duty SET on_call = 0 WHERE team = 1 AND who = 'bob'".to_owned(), ada_leaves),
        ("UPDATE d.duty SET on_call = 0 WHERE team = 2".to_owned(), new_in_team),
        ("DELETE FROM d.duty WHERE team = 2".to_owned(), new_in_team),
        (format!("DELETE FROM d.duty WHERE id = 20 AND {rule} = 0"), "UPDATE d.rule SET n = 1 WHERE id = 1"),
        (format!("UPDATE d.duty SET on_call = {rule} WHERE id = 20"), "UPDATE d.rule SET n = 1 WHERE id = 1"),
    ] {
        for (isolation, parks) in [("SERIALIZABLE", true), ("REPEATABLE READ", false)] {
            let level = format!("SET TRANSACTION ISOLATION LEVEL {isolation}");
            let outcomes = meet(&[replica(&[change]), replica(&[&level, "BEGIN", &write, "COMMIT"])]);
            let parked = matches!(outcomes[1], Outcome::Parked(Reason::Read(_)));
            assert_eq!((parked, outcomes[1].is_applied()), (parks, !parks), "{isolation} {write}: {:?}", outcomes[1]);
        }
    }
}

#[test]
fn a_scan_is_one_guard_and_read_committed_guards_only_what_it_returns() {
    let guards = |isolation: &str, read: &str| {
        let level = format!("SET TRANSACTION ISOLATION LEVEL {isolation}");
        let commits = replica(&[&level, "BEGIN", read, "UPDATE d.duty SET on_call = 0 WHERE id = 20", "COMMIT"]);
        commits[SETUP.len()].reads.clone()
    };
    let whole = guards("REPEATABLE READ", "SELECT * FROM d.duty FOR UPDATE");
    assert!(matches!(&whole[..], [ReadGuard::Range { count: 3, .. }]), "{whole:?}");
    let rows = guards("READ COMMITTED", "SELECT * FROM d.duty WHERE who = 'ada' FOR UPDATE");
    assert!(matches!(&rows[..], [ReadGuard::Row { row: Some(_), .. }]), "{rows:?}");
    assert_eq!(guards("REPEATABLE READ", "SELECT * FROM d.duty"), []);
}

/// READ COMMITTED lets go of rows that a locking SELECT looked at and did not return; the others stay locked (R35).
#[test]
fn read_committed_frees_what_does_not_match() {
    let world = World::new();
    let (mut first, mut second) = (world.session(1), world.session(2));
    SETUP.iter().for_each(|statement| drop(run(&mut first, statement)));
    for statement in ["SET TRANSACTION ISOLATION LEVEL READ COMMITTED", "BEGIN"] {
        run(&mut first, statement);
    }
    assert_eq!(run(&mut first, "SELECT id FROM d.duty WHERE who = 'ada' FOR UPDATE"), "[10]");
    assert_eq!(run(&mut second, "UPDATE d.duty SET on_call = 7 WHERE id = 20"), "1 affected");
    assert_eq!(run(&mut second, "UPDATE d.duty SET on_call = 7 WHERE id = 10"), "waits");
}
