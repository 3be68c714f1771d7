//! A statement at a limit of `sql::limits` works, and one past it is refused by its own error.

mod support;

use sql::limits::{
    ARM_LEVELS, BACKTRACK_LIMIT, GROUP_CONCAT_MAX_LENGTH, MAX_BOUND_NESTING, MAX_CHAIN, MAX_COLUMNS, MAX_DEPTH,
    MAX_PARSED_NESTING, MAX_PREPARED, MAX_REPLICAS, MAX_RERUNS, MAX_RESULT, MAX_ROUNDS, MAX_STATEMENTS, MAX_TABLES,
    MAX_USER_VARIABLES, MAX_WARNINGS, MAX_WITH_USES, QUERY_LEVELS,
};
use support::{World, run};

fn list(count: usize, separator: &str, part: impl Fn(usize) -> String) -> String {
    (0..count).map(part).collect::<Vec<_>>().join(separator)
}

fn tables(count: usize) -> String {
    format!("SELECT COUNT(*) FROM {}", list(count, ", ", |n| format!("(SELECT 1) AS t{n}")))
}

fn columns(count: usize) -> String {
    format!("SELECT {}", list(count, ", ", |n| n.to_string()))
}

fn operators(count: usize) -> String {
    format!("SELECT {}", list(count + 1, " OR ", |_| "0".to_owned()))
}

/// The statement, its query and the expression inside are three of the levels.
fn parentheses(levels: usize) -> String {
    format!("SELECT {}1{}", "(".repeat(levels - 3), ")".repeat(levels - 3))
}

/// Each is two of the levels, a query and an expression; what is left over is parentheses.
fn subqueries(levels: usize) -> String {
    let (count, left) = (10, levels - 3 - 2 * 10);
    format!("SELECT {}{}1{}", "(SELECT ".repeat(count), "(".repeat(left), ")".repeat(left + count))
}

/// The levels that the query and its one column leave.
const LEFT: usize = (MAX_BOUND_NESTING - QUERY_LEVELS - 1) as usize;

/// Two chains, one inside the other: together they nest deeper than one may.
fn chains(levels: usize) -> String {
    format!("SELECT (0{}){}", " OR 0".repeat(MAX_CHAIN), " OR 0".repeat(levels - MAX_CHAIN))
}

fn arms(count: usize) -> String {
    list(count + 1, " UNION ", |_| "SELECT 1".to_owned())
}

/// Each query reads the one before.
fn withs(count: usize) -> String {
    let next = |n: usize| if n == 0 { "SELECT 1".to_owned() } else { format!("SELECT * FROM c{}", n - 1) };
    format!("WITH {} SELECT * FROM c{}", list(count, ", ", |n| format!("c{n} AS ({})", next(n))), count - 1)
}

fn uses(count: usize) -> String {
    format!("WITH c AS (SELECT 1) SELECT {}", list(count, ", ", |_| "(SELECT * FROM c)".to_owned()))
}

fn spread(count: usize) -> String {
    format!("SET headwaters_commit = 'replicated({count})'")
}

fn quorum(count: usize) -> String {
    format!("SET headwaters_read = 'quorum({count})'")
}

/// As few letters as do: after each one it is tried in vain whether that was enough.
fn backtracking(count: usize) -> String {
    format!("SELECT REGEXP_LIKE(CONCAT(REPEAT('a', {count}), 'c'), '^(?:a(?=a|c))*?c')")
}

fn rounds(count: usize) -> String {
    format!("WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < {count}) SELECT COUNT(*) FROM c")
}

fn longest_text(count: usize) -> String {
    format!("SELECT LENGTH(REPEAT('a', {count}))")
}

fn statements(count: usize) -> String {
    list(count, ";", |_| "DO 1".to_owned())
}

fn nested(count: usize) -> String {
    format!("SELECT CAST('{}{}' AS JSON)", "[".repeat(count), "]".repeat(count))
}

#[test]
fn at_the_limit_and_one_past_it() {
    let world = World::new();
    let mut session = world.session(1);
    session.allow_multi_statements(true);
    for (statement, limit, past) in [
        (tables as fn(usize) -> String, MAX_TABLES, "error 1116"),
        (columns, MAX_COLUMNS, "error 1117"),
        (operators, MAX_CHAIN, "error 1436"),
        (parentheses, MAX_PARSED_NESTING, "error 1436: The statement nests deeper than 40 levels"),
        (subqueries, MAX_PARSED_NESTING, "error 1436: The statement nests deeper than 40 levels"),
        (chains, LEFT, "error 1436: The statement nests deeper than 1200 levels"),
        (arms, LEFT / ARM_LEVELS as usize, "error 1436: The statement nests deeper than 1200 levels"),
        (withs, LEFT / (QUERY_LEVELS as usize + 1), "error 1436: The statement nests deeper than 1200 levels"),
        (uses, MAX_WITH_USES as usize, "error 1436: The statement reads its WITH expressions more than 256 times"),
        (backtracking, BACKTRACK_LIMIT, "error 3699"),
        (spread, MAX_REPLICAS as usize, "error 1231"),
        (rounds, MAX_ROUNDS as usize, "error 3636"),
        (longest_text, MAX_RESULT, "[NULL]"),
        (statements, MAX_STATEMENTS, "error 1153"),
        (nested, MAX_DEPTH, "error 3157"),
        (quorum, MAX_REPLICAS as usize, "error 1231"),
    ] {
        let (at, behind) = (run(&mut session, &statement(limit)), run(&mut session, &statement(limit + 1)));
        assert!(!at.starts_with("error") && at != "[NULL]", "{limit}: {at}");
        assert!(behind.starts_with(past), "{limit} and one: {behind}");
    }
}

/// Refused variables were dropped without a word once. They are set in one statement: each statement copies them all.
#[test]
fn a_session_keeps_so_many_variables_and_those_may_change() {
    let world = World::new();
    let mut session = world.session(1);
    let all = list(MAX_USER_VARIABLES, ", ", |n| format!("@v{n} = 1"));
    for (statement, refused) in [
        (format!("SET {all}"), false),
        ("SET @one_more = 1".to_owned(), true),
        ("SELECT @one_more := 1".to_owned(), true),
        ("SET @V1 = 2".to_owned(), false),
    ] {
        let answer = run(&mut session, &statement);
        let start = &statement[..statement.len().min(30)];
        assert_eq!(
            (answer.starts_with("error 1105"), answer.starts_with("error")),
            (refused, refused),
            "{start}: {answer}"
        );
    }
}

#[test]
fn a_session_names_so_many_statements_and_those_may_change() {
    let world = World::new();
    let mut session = world.session(1);
    for n in 1..=MAX_PREPARED {
        let answer = run(&mut session, &format!("PREPARE p{n} FROM 'DO 1'"));
        assert!(!answer.starts_with("error"), "{n}: {answer}");
    }
    let refused = run(&mut session, "PREPARE one_more FROM 'DO 1'");
    assert!(refused.starts_with("error 1461"), "{refused}");
    let again = run(&mut session, "PREPARE P1 FROM 'DO 1'");
    assert!(!again.starts_with("error"), "{again}");
}

#[test]
fn a_commit_that_others_overtake_is_tried_so_many_times() {
    for (overtaken, expected) in [(MAX_RERUNS, "1 affected"), (MAX_RERUNS + 1, "error 1213")] {
        let world = World::new();
        let mut session = world.session(1);
        run(&mut session, "CREATE DATABASE d");
        run(&mut session, "CREATE TABLE d.t (id INT PRIMARY KEY)");
        world.journal.overtake(overtaken);
        let answer = run(&mut session, "INSERT INTO d.t VALUES (1)");
        assert!(answer.starts_with(expected), "{overtaken}: {answer}");
        let rows = if expected == "1 affected" { "[1]" } else { "[]" };
        assert_eq!(run(&mut session, "SELECT id FROM d.t"), rows);
    }
}

#[test]
fn what_is_cut_is_cut_at_the_limit() {
    let world = World::new();
    let mut session = world.session(1);
    for (length, left) in
        [(GROUP_CONCAT_MAX_LENGTH, GROUP_CONCAT_MAX_LENGTH), (GROUP_CONCAT_MAX_LENGTH + 1, GROUP_CONCAT_MAX_LENGTH)]
    {
        let statement = format!("SELECT LENGTH(GROUP_CONCAT(REPEAT('a', {length})))");
        assert_eq!(run(&mut session, &statement), format!("[{left}]"));
    }
    for warnings in [MAX_WARNINGS, MAX_WARNINGS + 1] {
        run(&mut session, &format!("SELECT {}", list(warnings, ", ", |_| "1 / 0".to_owned())));
        let shown = run(&mut session, "SHOW WARNINGS");
        assert_eq!(shown.matches("1365").count(), MAX_WARNINGS.min(warnings));
    }
}
