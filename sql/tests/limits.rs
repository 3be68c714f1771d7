//! A statement at a limit of `sql::limits` works, and one past it is refused by its own error.

mod support;

use sql::limits::{
    GROUP_CONCAT_MAX_LENGTH, MAX_CHAIN, MAX_COLUMNS, MAX_DEPTH, MAX_PREPARED, MAX_RESULT, MAX_ROUNDS, MAX_STATEMENTS,
    MAX_TABLES, MAX_USER_VARIABLES, MAX_WARNINGS,
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
        (rounds, MAX_ROUNDS as usize, "error 3636"),
        (longest_text, MAX_RESULT, "[NULL]"),
        (statements, MAX_STATEMENTS, "error 1153"),
        (nested, MAX_DEPTH, "error 3157"),
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
