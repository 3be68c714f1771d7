//! Tests as tables: precedences, what must parse and what must not, probe statements.

use super::*;
use sqlparser::ast::{Expr, SelectItem, SetExpr};

fn expression(sql: &str) -> Expr {
    let parsed = parse(&format!("SELECT {sql}"), &SqlMode::default()).unwrap_or_else(|e| panic!("{sql}: {e}"));
    let [Parsed::Statement(statement)] = &parsed[..] else { panic!("{sql}") };
    let Statement::Query(query) = &**statement else { panic!("{sql}") };
    let SetExpr::Select(select) = &*query.body else { panic!("{sql}") };
    let SelectItem::UnnamedExpr(expr) = &select.projection[0] else { panic!("{sql}") };
    expr.clone()
}

/// The tree with every operator in brackets.
fn shape(expr: &Expr) -> String {
    match expr {
        Expr::BinaryOp { left, op, right } => format!("({} {op} {})", shape(left), shape(right)),
        Expr::UnaryOp { op, expr } => format!("({op} {})", shape(expr)),
        Expr::Nested(inner) => shape(inner),
        Expr::Cast { expr, data_type, .. } => format!("(CAST {} {data_type})", shape(expr)),
        Expr::Like { expr, pattern, .. } => format!("({} LIKE {})", shape(expr), shape(pattern)),
        Expr::InList { expr, list, .. } => format!("({} IN {})", shape(expr), list.len()),
        Expr::Between { expr, low, high, .. } => format!("({} BETWEEN {} {})", shape(expr), shape(low), shape(high)),
        Expr::IsNull(inner) => format!("({} ISNULL)", shape(inner)),
        Expr::Collate { expr, collation } => format!("({} COLLATE {collation})", shape(expr)),
        Expr::Interval(interval) => format!("[{}]", shape(&interval.value)),
        other => other.to_string(),
    }
}

#[test]
fn operators_bind_as_in_mysql() {
    let table = [
        ("7 DIV 2 + 1", "((7 DIV 2) + 1)"),
        ("7 MOD 4 * 2", "((7 % 4) * 2)"),
        ("2 ^ 3 * 2", "((2 ^ 3) * 2)"),
        ("2 + 3 * 4 - 1", "((2 + (3 * 4)) - 1)"),
        ("- 2 ^ 2", "((- 2) ^ 2)"),
        ("-a * b", "((- a) * b)"),
        ("~a + b", "((~ a) + b)"),
        ("!a = b", "((NOT a) = b)"),
        ("NOT a = b", "(NOT (a = b))"),
        ("NOT a AND b", "((NOT a) AND b)"),
        ("NOT a IN (1, 2)", "(NOT (a IN 2))"),
        ("a XOR b AND c", "(a XOR (b AND c))"),
        ("a OR b XOR c", "(a OR (b XOR c))"),
        ("a <> b && c", "((a <> b) AND c)"),
        ("1 || 0 AND 0", "(1 OR (0 AND 0))"),
        ("a | b & c", "(a | (b & c))"),
        ("a & b << 1", "(a & (b << 1))"),
        ("a << b + 1", "(a << (b + 1))"),
        ("a = b | c", "(a = (b | c))"),
        ("BINARY a = b", "((CAST a BINARY) = b)"),
        ("x -> '$.a' = 1", "((x -> '$.a') = 1)"),
        ("x ->> '$.a' LIKE 'b'", "((x ->> '$.a') LIKE 'b')"),
        ("a LIKE 'x' = 1", "((a LIKE 'x') = 1)"),
        ("a = b LIKE 'x'", "(a = (b LIKE 'x'))"),
        ("a = b IS NULL", "((a = b) ISNULL)"),
        ("a BETWEEN 1 AND 2 AND c", "((a BETWEEN 1 2) AND c)"),
        ("a BETWEEN b + 1 AND b | 2 OR c", "((a BETWEEN (b + 1) (b | 2)) OR c)"),
        ("a = b = c", "((a = b) = c)"),
        ("a AND b OR c AND d", "((a AND b) OR (c AND d))"),
        ("1 + @a := 2 + 3", "(1 + (@a := (2 + 3)))"),
        ("a = 'b' COLLATE utf8mb4_bin", "(a = ('b' COLLATE utf8mb4_bin))"),
        ("d + INTERVAL 1 + 1 DAY > e", "((d + [(1 + 1)]) > e)"),
        ("a - b - c", "((a - b) - c)"),
        ("a / b * c", "((a / b) * c)"),
        ("-1 - -1", "((- 1) - (- 1))"),
    ];
    for (sql, expected) in table {
        assert_eq!(shape(&expression(sql)), expected, "{sql}");
    }
}

#[test]
fn pipes_concatenate_under_their_mode() {
    let mode = SqlMode { pipes_as_concat: true, ..SqlMode::default() };
    let [Parsed::Statement(statement)] = &parse("SELECT 'a' || 'b' ^ c", &mode).unwrap()[..] else { panic!() };
    assert_eq!(statement.to_string(), "SELECT 'a' || 'b' ^ c");
}

#[test]
fn ours_are_read_and_refusals_are_named() {
    let read = |sql: &str| parse(sql, &SqlMode::default());
    let one = |sql: &str| read(sql).unwrap_or_else(|e| panic!("{sql}: {e}")).remove(0);
    assert!(matches!(one("DELETE IGNORE FROM t WHERE a = 1"), Parsed::DeleteIgnore(_)));
    let Parsed::Statement(update) = one("UPDATE LOW_PRIORITY IGNORE t SET a = 1") else { panic!() };
    assert_eq!(update.to_string(), "UPDATE OR IGNORE t SET a = 1");
    assert!(
        matches!(one("SELECT 1 FROM t LOCK IN SHARE MODE"), Parsed::Statement(q) if q.to_string().ends_with("FOR SHARE"))
    );
    assert_eq!(read("; ;").unwrap(), []);
    assert_eq!(read("SELECT 1; SELECT 2;").unwrap().len(), 2);
    for (sql, code) in [
        ("XA START 'x'", 1235),
        ("SELEC 1", 1064),
        ("SELECT 1 FROM t WHERE", 1064),
        ("SELECT 'a", 1064),
        ("SELECT a ~ b", 1064),
        ("SELECT 1::int", 1064),
        (&format!("SELECT {}1{}", "(".repeat(60), ")".repeat(60)), 1436),
        (&format!("SELECT 1{}", " OR 1".repeat(2000)), 1436),
    ] {
        assert_eq!(read(sql).expect_err(sql).code, code, "{sql}");
    }
}

/// What the probes hold and we refuse: the verb or the clause named.
const REFUSED: [&str; 18] = [
    "TABLE t2",
    "UPDATE t1, t2",
    "LOAD DATA",
    "CREATE TABLE a2 ",
    "CREATE TABLE a10 ",
    "ALTER TABLE a1 ENGINE",
    "ALTER TABLE a1 CONVERT",
    "ALTER TABLE a1 DISABLE",
    "CREATE USER",
    "GRANT",
    "CREATE TRIGGER",
    "CREATE PROCEDURE",
    "HANDLER",
    "XA START",
    "XA END",
    "XA ROLLBACK",
    "RESET",
    "HELP",
];

#[test]
fn probe_statements_parse_or_are_refused_by_name() {
    for sql in crate::probes::statements() {
        let refused = REFUSED.iter().any(|start| sql.starts_with(start));
        match parse(&sql, &SqlMode::default()) {
            Ok(_) => assert!(!refused, "{sql}"),
            Err(error) => assert!(refused && error.code == 1235, "{sql}: {error}"),
        }
    }
}
