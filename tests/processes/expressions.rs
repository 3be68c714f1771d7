//! Random expressions over literals and columns answer as on MariaDB.
//!
//! `tests/sql/expressions.txt` is their grammar. A seed makes one query of many expressions for both servers; where an
//! expression fails, each is asked on its own, and the error's code is its answer. What MySQL 8.0 answers otherwise than
//! MariaDB is left out of the grammar, or passed over in [`same`]; `docs/differences.md` has it.
//! `HEADWATERS_EXPRESSIONS=1000..2000 cargo test --test processes expressions` tries other seeds.

use super::{BINARY, code};
use acceptance::instance::Instance;
use acceptance::oracle::Oracle;
use acceptance::simulation::random::Random;
use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Row, Value};
use std::collections::HashMap;
use std::ops::Range;

/// Few seconds' worth.
const SEEDS: Range<u64> = 0..30;
const EXPRESSIONS: usize = 40;
/// Calls within calls.
const DEPTH: u64 = 3;
const KINDS: [&str; 8] = ["int", "dec", "double", "text", "bool", "date", "stamp", "time"];

const SESSION: &str = "SET NAMES utf8mb4 COLLATE utf8mb4_general_ci; SET time_zone = '+00:00'; SET sql_mode = \
    'STRICT_TRANS_TABLES,NO_ZERO_DATE,NO_ZERO_IN_DATE,ERROR_FOR_DIVISION_BY_ZERO,ONLY_FULL_GROUP_BY'";
const TABLE: &str = "CREATE DATABASE x; USE x; CREATE TABLE t (id INT PRIMARY KEY, i INT, b BIGINT, u INT UNSIGNED, \
    d DECIMAL(12,3), f DOUBLE, s VARCHAR(20), s2 CHAR(5), da DATE, dt DATETIME(2), tm TIME) \
    CHARSET utf8mb4 COLLATE utf8mb4_general_ci";
const ROWS: &str = "INSERT INTO t VALUES (1, 42, -9000000000, 4000000000, 1234.565, 2.5, 'Abcab', 'b', '2024-01-31', \
    '2024-02-29 13:14:15.16', '12:34:56'), (2, -7, 0, 0, -0.005, -1e-3, 'a%_b', '', '1970-01-01', \
    '1999-12-31 23:59:59.99', '-00:00:01'), (3, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)";

/// Templates by kind.
struct Grammar(HashMap<String, Vec<String>>);

impl Grammar {
    fn read() -> Grammar {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/sql/expressions.txt");
        let mut kinds: HashMap<String, Vec<String>> = HashMap::new();
        for line in std::fs::read_to_string(file).unwrap().lines().filter(|l| !l.starts_with('#') && !l.is_empty()) {
            let (kind, template) = line.split_once('\t').expect("a tab");
            kinds.entry(kind.to_owned()).or_default().push(template.to_owned());
        }
        Grammar(kinds)
    }

    /// An expression of a kind, in parentheses.
    fn expression(&self, kind: &str, depth: u64, random: &mut Random) -> String {
        let leaves = self.0.get(&kind.to_uppercase());
        let calls = self.0.get(kind);
        let leaf = leaves.filter(|_| depth == 0 || calls.is_none() || random.chance(200));
        let template = random.pick(leaf.or(calls).or(leaves).unwrap_or_else(|| panic!("no kind {kind}")));
        let mut out = String::new();
        for (at, part) in template.split(['{', '}']).enumerate() {
            match at % 2 {
                0 => out += part,
                _ => out += &self.expression(part, depth.saturating_sub(1), random),
            }
        }
        format!("({out})")
    }
}

/// What a query answers, row by row and cell by cell; or the error's code.
async fn ask(connection: &mut Conn, expressions: &[String]) -> Result<Vec<Vec<String>>, u16> {
    let sql = format!("SELECT {} FROM t ORDER BY id", expressions.join(", "));
    let rows: Vec<Row> = connection.query(sql).await.map_err(|error| match code(&error) {
        0 => panic!("{error}"),
        code => code,
    })?;
    let cell = |value: Value| match value {
        Value::NULL => "NULL".to_owned(),
        Value::Bytes(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        other => other.as_sql(true),
    };
    Ok(rows.into_iter().map(|row| row.unwrap().into_iter().map(cell).collect()).collect())
}

/// Equal texts; or one double written in two ways, or a zero with a sign, which no DECIMAL has here.
fn same(ours: &str, theirs: &str) -> bool {
    let number = |text: &str| text.parse::<f64>().ok();
    let zero = |text: &str| text.strip_prefix('-').filter(|rest| number(rest) == Some(0.0)).map(str::to_owned);
    let long = |text: &str| text.bytes().filter(u8::is_ascii_digit).count() >= 15;
    ours == theirs
        || zero(theirs).as_deref() == Some(ours)
        || long(ours) && long(theirs) && number(ours).is_some() && number(ours) == number(theirs)
}

async fn differences(ours: &mut Conn, theirs: &mut Conn, expressions: &[String]) -> Vec<String> {
    let mut found = Vec::new();
    let (mine, wanted) = (ask(ours, expressions).await, ask(theirs, expressions).await);
    match (&mine, &wanted) {
        (Ok(mine), Ok(wanted)) => {
            for (column, expression) in expressions.iter().enumerate() {
                let differs = |(mine, wanted): &(&Vec<String>, &Vec<String>)| !same(&mine[column], &wanted[column]);
                if let Some((mine, wanted)) = mine.iter().zip(wanted).find(differs) {
                    found.push(format!("{expression}\n  MariaDB {}\n  ours    {}", wanted[column], mine[column]));
                }
            }
        }
        _ if expressions.len() > 1 => {
            for expression in expressions {
                found.extend(Box::pin(differences(ours, theirs, std::slice::from_ref(expression))).await);
            }
        }
        (Err(mine), Err(wanted)) if mine == wanted => {}
        _ => found.push(format!("{}\n  MariaDB {wanted:?}\n  ours    {mine:?}", expressions[0])),
    }
    found
}

fn seeds() -> Range<u64> {
    let Ok(wanted) = std::env::var("HEADWATERS_EXPRESSIONS") else { return SEEDS };
    let (from, to) = wanted.split_once("..").expect("HEADWATERS_EXPRESSIONS=from..to");
    from.parse().unwrap()..to.parse().unwrap()
}

#[tokio::test]
async fn random_expressions_answer_as_on_mariadb() {
    let Some(oracle) = Oracle::start().await else { return };
    let folder = tempfile::tempdir().unwrap();
    let instance = Instance::start(BINARY, folder.path());
    let (mut ours, mut theirs) = (instance.connect().await, Conn::new(oracle.options()).await.unwrap());
    for connection in [&mut ours, &mut theirs] {
        for sql in [SESSION, TABLE, ROWS] {
            connection.query_drop(sql).await.unwrap();
        }
    }
    let grammar = Grammar::read();
    let mut found = Vec::new();
    for seed in seeds() {
        let mut random = Random::new(seed);
        let mut expression = || {
            let (kind, depth) = (*random.pick(&KINDS), random.between(1, DEPTH + 1));
            grammar.expression(kind, depth, &mut random)
        };
        let expressions: Vec<String> = std::iter::repeat_with(&mut expression).take(EXPRESSIONS).collect();
        let differing = differences(&mut ours, &mut theirs, &expressions).await;
        found.extend(differing.into_iter().map(|difference| format!("seed {seed}: SELECT {difference}")));
    }
    assert!(found.is_empty(), "{} differ:\n{}", found.len(), found.join("\n"));
}
