//! Tests of binder and executor together: the probes against MariaDB's answers, and tables of statements.

pub(crate) mod fixture;

use fixture::World;

/// Probes that we answer otherwise than MariaDB 10.11, and why.
const DIFFERENCES: [(&str, &str); 6] = [
    ("SELECT GET_LOCK", "named locks are 1235"),
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

/// How the tables of a statement are read, in the executor's order: access, index, and what is left to do.
#[test]
fn plans_take_the_shortest_path() {
    let world = World::probes();
    for (sql, expected) in [
        ("SELECT * FROM t1 WHERE id = 5", "t1 const PRIMARY"),
        ("SELECT * FROM t1 WHERE id = '5'", "t1 const PRIMARY"),
        ("SELECT * FROM t1 WHERE id IN (1, 2)", "t1 range PRIMARY Using where"),
        ("SELECT * FROM t1 WHERE id > 5 AND id < 9", "t1 range PRIMARY Using where"),
        ("SELECT * FROM t1 WHERE k = 10", "t1 ref i_k Using where"),
        ("SELECT * FROM t1 WHERE k + 0 = 10", "t1 ALL - Using where"),
        ("SELECT * FROM t1 WHERE name = 1", "t1 ALL - Using where"),
        ("SELECT * FROM t1 ORDER BY id DESC", "t1 ALL -"),
        ("SELECT * FROM t1 ORDER BY k", "t1 ALL - Using filesort"),
        ("SELECT * FROM t1 ORDER BY k LIMIT 1", "t1 range i_k"),
        ("SELECT * FROM t1 WHERE k = 10 ORDER BY id DESC", "t1 ref i_k Using where"),
        ("SELECT * FROM t1 WHERE k = 10 ORDER BY name", "t1 ref i_k Using where Using filesort"),
        ("SELECT * FROM t1, t2 WHERE t1.id = t2.t1_id AND t2.id = 1", "t2 const PRIMARY; t1 eq_ref PRIMARY"),
        ("SELECT * FROM t1 JOIN t2 ON t1.id = t2.t1_id", "t1 ALL -; t2 ref i_t1_id Using where"),
        ("SELECT * FROM t1 JOIN t2 ON t1.id = t2.v", "t1 ALL -; t2 ALL - Using join buffer (hash join)"),
    ] {
        let rows = crate::plan::explain(&world.plan(sql).unwrap_or_else(|e| panic!("{sql}: {e}")));
        let line = |row: &crate::plan::ExplainRow| {
            let key = row.key.clone().unwrap_or_else(|| "-".to_owned());
            let line = format!("{} {} {key} {}", row.table.as_deref().unwrap_or("-"), row.access, row.extra.join(" "));
            line.trim_end().to_owned()
        };
        assert_eq!(rows.iter().map(line).collect::<Vec<_>>().join("; "), expected, "{sql}");
    }
}

#[test]
fn the_longest_chains_and_deepest_nests_fit_a_small_stack() {
    let common = vec![
        format!("SELECT 1{}", " OR 0".repeat(990)),
        format!("SELECT id FROM t1 WHERE id = 0{}", " OR id = 9".repeat(490)),
        format!("SELECT {}1{}", "(".repeat(30), ")".repeat(30)),
        format!("SELECT {}1{}", "(SELECT ".repeat(12), ")".repeat(12)),
        format!("SELECT 1{}", " UNION ALL SELECT 1".repeat(300)),
        format!("SELECT {}1{}", "ABS(".repeat(30), ")".repeat(30)),
    ];
    // At the bounds of `limits`, and where the binder alone refuses.
    let extreme = vec![
        format!("SELECT (1{}){}", " OR 0".repeat(1_000), " OR 0".repeat(189)),
        format!("SELECT (1{}){}", " IN (1, 2)".repeat(1_000), " IN (1, 2)".repeat(189)),
        format!("SELECT (1{}){}", " LIKE 1".repeat(1_000), " IS NULL".repeat(189)),
        format!("SELECT 1{}", " UNION ALL SELECT 1".repeat(396)),
        withs(107),
        withs(1_000),
    ];
    // Half and three quarters of what a tokio worker has.
    for (stack, statements) in [(1 << 20, common), (3 << 19, extreme)] {
        let small = std::thread::Builder::new().stack_size(stack);
        small.spawn(move || run_all(&statements)).unwrap().join().unwrap();
    }
}

/// Each query reads the one before.
fn withs(count: usize) -> String {
    let next = |n: usize| format!(", c{n} AS (SELECT n + 1 AS n FROM c{} WHERE n > 0 ORDER BY n)", n - 1);
    format!("WITH c0 AS (SELECT 1 AS n){} SELECT n FROM c{count}", (1..=count).map(next).collect::<String>())
}

fn run_all(statements: &[String]) {
    let world = World::probes();
    for sql in statements {
        if let Err(error) = world.answer(sql) {
            assert_eq!(error.code, 1436, "{}: {error}", &sql[..40]);
        }
    }
}
