//! Tests of binder and executor together: the probes against MariaDB's answers, and tables of statements.

pub(crate) mod fixture;

use fixture::World;

/// Probes that we answer otherwise than MariaDB 10.11, and why.
const DIFFERENCES: [(&str, &str); 5] = [
    ("SELECT id, SUM(k) OVER", "window functions are 1235"),
    ("SELECT * FROM JSON_TABLE", "JSON_TABLE is 1235"),
    ("SELECT '1abc' + 1", "the recorded 2.0 is the client's way to print a double"),
    ("SELECT 1.5 + 1, 0.1 + 0.2, 1e3", "the recorded 1000.0 is the client's way to print a double"),
    ("SELECT DATABASE(), USER()", "the test has no session: CONNECTION_ID() is 0"),
];

#[test]
fn probes_answer_as_mariadb_does() {
    let world = World::probes();
    let mut agreed = 0;
    for probe in crate::probes::all().into_iter().filter(|p| p.kind == "S" && p.accepted) {
        let differs = DIFFERENCES.iter().any(|(start, _)| probe.sql.starts_with(start));
        match world.answer(&probe.sql) {
            Ok(answer) if answer.replace('\n', " ") == probe.answer => agreed += 1,
            Ok(answer) => assert!(differs, "{}\n   is {answer}\n  not {}", probe.sql, probe.answer),
            // Functions come in their own time; variables need a session.
            Err(error) if matches!(error.code, 1305 | 1193) => {}
            Err(error) => assert!(differs, "{}\n   {} {error}", probe.sql, error.code),
        }
    }
    assert!(agreed >= 89, "only {agreed} agree");
}

/// Statements, each followed by the answer of MariaDB 10.11 on the probes' tables, cells by bars.
const QUERIES: &str = include_str!("queries.txt");

#[test]
fn queries_answer_as_mariadb_does() {
    let world = World::probes();
    let lines: Vec<&str> = QUERIES.lines().collect();
    for pair in lines.chunks(2) {
        let answer = world.answer(pair[0]).unwrap_or_else(|e| panic!("{}: {} {e}", pair[0], e.code));
        assert_eq!(answer.replace('\t', "|"), pair[1], "{}", pair[0]);
    }
}
