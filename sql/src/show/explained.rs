//! EXPLAIN: one line a table, with MySQL's columns, and the read mode behind `Extra`.

use super::listing::{Filter, Listing, count, long, maybe, number, or_null, respond};
use super::tables::row_estimate;
use crate::bind::Binder;
use crate::catalog::names::catalogue;
use crate::dialect::Parsed;
use crate::engine::system_table::SystemColumn;
use crate::error::SqlError;
use crate::plan::{ExplainRow, explain as lines};
use crate::response::Response;
use crate::session::query::binding;
use crate::session::scene::Scene;
use crate::session::state::State;
use crate::session::stop::Stop;
use dag::value::Value;
use sqlparser::ast::Statement;

pub(super) fn columns() -> Vec<SystemColumn> {
    vec![
        number("id"),
        maybe("select_type"),
        maybe("table"),
        maybe("partitions"),
        maybe("type"),
        long("possible_keys"),
        maybe("key"),
        maybe("key_len"),
        maybe("ref"),
        number("rows"),
        SystemColumn { name: "filtered", kind: dag::schema::ColumnType::Double { unsigned: false }, nullable: true },
        long("Extra"),
    ]
}

/// EXPLAIN of a SELECT; of other statements 1235.
pub(super) fn explain(
    state: &mut State,
    scene: &Scene,
    format: Option<&str>,
    analyze: bool,
    statement: &Parsed,
) -> Result<Response, Stop> {
    if let Some(format) = format.filter(|f| *f != "TRADITIONAL") {
        return Err(SqlError::unsupported(format!("EXPLAIN FORMAT={format}")).into());
    }
    if analyze {
        return Err(SqlError::unsupported("EXPLAIN ANALYZE").into());
    }
    let Parsed::Statement(statement) = statement else {
        return Err(SqlError::unsupported("EXPLAIN of this statement").into());
    };
    let Statement::Query(query) = &**statement else {
        return Err(SqlError::unsupported("EXPLAIN of INSERT, UPDATE or DELETE").into());
    };
    let now = catalogue(state);
    let plan = binding(state, &now, &[], "", |environment, _| Binder::new(environment).bind_query(query))?;
    let mode = state.read_mode().to_string();
    let mut listing = Listing::new(columns());
    for row in lines(&plan) {
        let line = line(state, &row, &mode);
        listing.push(line);
    }
    respond(state, scene, listing, &Filter::default())
}

fn line(state: &State, row: &ExplainRow, mode: &str) -> Vec<Value> {
    let rows = row.stored.as_ref().map(|table| match row.access {
        "const" | "eq_ref" => 1,
        "ref" | "range" => row_estimate(state, table).div_ceil(10).max(1),
        _ => row_estimate(state, table),
    });
    let mut extra: Vec<String> = row.extra.iter().map(|text| (*text).to_owned()).collect();
    if row.stored.is_some() {
        extra.push(format!("Reads {mode}"));
    }
    let possible = (!row.possible_keys.is_empty()).then(|| row.possible_keys.join(","));
    vec![
        count(u64::from(row.id)),
        Value::text(row.select_type),
        or_null(row.table.clone()),
        Value::Null,
        if row.table.is_some() { Value::text(row.access) } else { Value::Null },
        or_null(possible),
        or_null(row.key.clone()),
        Value::Null,
        Value::Null,
        rows.map_or(Value::Null, Value::UInt),
        if row.table.is_some() { Value::Double(100.0) } else { Value::Null },
        or_null((!extra.is_empty()).then(|| extra.join("; "))),
    ]
}
