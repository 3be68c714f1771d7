//! Test material: statements with the answers MariaDB 10.11 gave on the tables of `tests/sql/probes-setup.sql`. Kinds: S query, D DML,
//! L DDL, A administration.

/// One probe.
#[allow(dead_code, reason = "the executor's tests read the answers")]
pub(crate) struct Probe {
    /// S, D, L or A.
    pub kind: String,
    /// Whether MariaDB accepted it.
    pub accepted: bool,
    /// The statement.
    pub sql: String,
    /// Rows joined by a backslash and an n, cells by tabs; or the error.
    pub answer: String,
}

/// All probes in order.
pub(crate) fn all() -> Vec<Probe> {
    include_str!("../../../tests/sql/probes.jsonl")
        .lines()
        .map(|line| {
            let probe: serde_json::Value = serde_json::from_str(line).expect("a probe a line");
            let field = |name: &str| probe[name].as_str().unwrap_or_default().to_owned();
            Probe { kind: field("kind"), accepted: field("status") == "OK", sql: field("sql"), answer: field("answer") }
        })
        .collect()
}

/// The texts of all probes.
pub(crate) fn statements() -> Vec<String> {
    all().into_iter().map(|probe| probe.sql).collect()
}
