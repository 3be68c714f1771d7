//! EXPLAIN: one line a table, in the order the executor reads them.

use super::{Access, Body, IndexPath, Join, JoinMethod, Plan, Query, Source, TableSource};
use dag::schema::Table;

/// One line of EXPLAIN.
#[derive(Clone, Debug, PartialEq)]
pub struct ExplainRow {
    /// The number of the SELECT.
    pub id: u32,
    /// SIMPLE, PRIMARY, SUBQUERY, DERIVED or UNION.
    pub select_type: &'static str,
    /// Alias; `None` for a SELECT without tables.
    pub table: Option<String>,
    /// const, eq_ref, ref, range, ALL.
    pub access: &'static str,
    /// Names of indexes that begin with a column of the conditions.
    pub possible_keys: Vec<String>,
    /// The index that is used.
    pub key: Option<String>,
    /// How many of its parts are fixed.
    pub key_parts: usize,
    /// Whether the stored table's size is to be asked: for the rows column.
    pub stored: Option<std::sync::Arc<Table>>,
    /// Using where, Using filesort, Using temporary, Using hash join.
    pub extra: Vec<&'static str>,
}

/// The lines of a plan.
pub fn explain(plan: &Plan) -> Vec<ExplainRow> {
    let mut rows = Vec::new();
    let simple = plan.subqueries.is_empty() && matches!(plan.query.body, Body::Block(_));
    query(&plan.query, if simple { "SIMPLE" } else { "PRIMARY" }, &mut rows);
    for subplan in plan.subqueries.iter() {
        query(&subplan.query, if subplan.correlated { "DEPENDENT SUBQUERY" } else { "SUBQUERY" }, &mut rows);
    }
    rows
}

fn query(query_: &Query, select_type: &'static str, rows: &mut Vec<ExplainRow>) {
    match &query_.body {
        Body::Block(block) => {
            let first = rows.len();
            let mut derived = Vec::new();
            source(&block.source, block.number, select_type, None, rows, &mut derived);
            if let Some(row) = rows.get_mut(first) {
                if block.grouping.as_ref().is_some_and(|g| !g.keys.is_empty()) || block.distinct {
                    row.extra.push("Using temporary");
                }
                if !block.order.is_empty() {
                    row.extra.push("Using filesort");
                }
            }
            derived.iter().for_each(|inner| query(inner, "DERIVED", rows));
        }
        Body::Set(set) => {
            query(&set.left, select_type, rows);
            query(&set.right, "UNION", rows);
        }
        Body::Recursive(recursive) => {
            query(&recursive.seed, "DERIVED", rows);
            query(&recursive.step, "UNION", rows);
        }
        Body::LastRound(_) => {}
    }
}

fn source<'p>(
    source_: &'p Source,
    id: u32,
    select_type: &'static str,
    join: Option<&Join>,
    rows: &mut Vec<ExplainRow>,
    derived: &mut Vec<&'p Query>,
) {
    let hash = join.is_some_and(|j| matches!(j.method, JoinMethod::Hash(_)));
    let blank = |table: Option<&str>| ExplainRow {
        id,
        select_type,
        table: table.map(str::to_owned),
        access: "ALL",
        possible_keys: Vec::new(),
        key: None,
        key_parts: 0,
        stored: None,
        extra: if hash { vec!["Using join buffer (hash join)"] } else { Vec::new() },
    };
    match source_ {
        Source::One => rows.push(ExplainRow { access: "", extra: vec!["No tables used"], ..blank(None) }),
        Source::Table(table) => rows.push(stored(table, join.is_some(), blank(Some(&table.alias)))),
        Source::System(system) => rows.push(blank(Some(&system.alias))),
        Source::Derived(inner) => {
            rows.push(blank(Some(&inner.alias)));
            derived.push(&inner.query);
        }
        Source::Join(inner) => {
            source(&inner.left, id, select_type, join, rows, derived);
            source(&inner.right, id, select_type, Some(inner), rows, derived);
        }
    }
}

fn stored(source: &TableSource, joined: bool, mut row: ExplainRow) -> ExplainRow {
    row.stored = Some(source.table.clone());
    if let Access::Index(path) = &source.access {
        let name = index_name(&source.table, path);
        row.access = access_type(path, joined);
        row.possible_keys = vec![name.clone()];
        row.key = Some(name);
        row.key_parts = path.equal.len() + usize::from(is_range(path));
    }
    if source.filter.is_some() && row.access != "const" && row.access != "eq_ref" {
        row.extra.insert(0, "Using where");
    }
    row
}

fn index_name(table: &Table, path: &IndexPath) -> String {
    path.index.map_or_else(|| "PRIMARY".to_owned(), |place| table.indexes[place].name.to_string())
}

fn is_range(path: &IndexPath) -> bool {
    path.lower.is_some() || path.upper.is_some() || path.start.is_some()
}

fn access_type(path: &IndexPath, joined: bool) -> &'static str {
    let single = path.equal.iter().all(|t| t.values.len() == 1);
    match (path.unique, single, path.equal.is_empty()) {
        (true, true, _) if joined => "eq_ref",
        (true, true, _) => "const",
        (false, true, false) if !is_range(path) => "ref",
        _ => "range",
    }
}
