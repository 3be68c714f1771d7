//! A statement at a limit of `sql::limits` works, and one past it is refused by its own error.

mod support;

use sql::limits::{MAX_CHAIN, MAX_COLUMNS, MAX_RESULT, MAX_ROUNDS, MAX_TABLES};
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

#[test]
fn at_the_limit_and_one_past_it() {
    let world = World::new();
    let mut session = world.session(1);
    for (statement, limit, past) in [
        (tables as fn(usize) -> String, MAX_TABLES, "error 1116"),
        (columns, MAX_COLUMNS, "error 1117"),
        (operators, MAX_CHAIN, "error 1436"),
        (rounds, MAX_ROUNDS as usize, "error 3636"),
        (longest_text, MAX_RESULT, "[NULL]"),
    ] {
        let (at, behind) = (run(&mut session, &statement(limit)), run(&mut session, &statement(limit + 1)));
        assert!(!at.starts_with("error") && at != "[NULL]", "{limit}: {at}");
        assert!(behind.starts_with(past), "{limit} and one: {behind}");
    }
}
