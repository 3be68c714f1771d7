//! A list of rows made for one statement, which LIKE, WHERE and SELECT can filter as if it were a table.

use crate::bind::{Binder, SystemTables};
use crate::dialect::{self, Parsed};
use crate::engine::system_table::{SystemColumn, SystemTable};
use crate::error::SqlError;
use crate::exec::{Cursor, Snapshot};
use crate::function::SqlMode;
use crate::plan::Plan;
use crate::response::{Response, ResultSet, Rows};
use crate::session::query::binding_over;
use crate::session::scene::{Scene, StatementContext};
use crate::session::state::State;
use crate::session::stop::Stop;
use dag::schema::ColumnType;
use dag::value::Value;
use sqlparser::ast::{Expr, SetExpr, Statement};
use std::ops::ControlFlow;
use std::sync::Arc;

/// Rows with their columns.
pub(crate) struct Listing {
    pub columns: Vec<SystemColumn>,
    pub rows: Vec<Vec<Value>>,
    /// A label for the first column that is made at run time.
    pub first_label: Option<String>,
}

/// A text column.
pub(crate) const fn text(name: &'static str) -> SystemColumn {
    SystemColumn { name, kind: ColumnType::VarChar(256), nullable: false }
}

/// A text column that may be NULL.
pub(crate) const fn maybe(name: &'static str) -> SystemColumn {
    SystemColumn { name, kind: ColumnType::VarChar(256), nullable: true }
}

/// A long text column.
pub(crate) const fn long(name: &'static str) -> SystemColumn {
    SystemColumn { name, kind: ColumnType::Text(u32::MAX), nullable: true }
}

/// A BIGINT UNSIGNED column that may be NULL.
pub(crate) const fn number(name: &'static str) -> SystemColumn {
    SystemColumn { name, kind: ColumnType::Integer { bytes: 8, unsigned: true, display_width: None }, nullable: true }
}

/// A DATETIME column that may be NULL.
pub(crate) const fn moment(name: &'static str) -> SystemColumn {
    SystemColumn { name, kind: ColumnType::DateTime(0), nullable: true }
}

/// A text value, or NULL.
pub(crate) fn or_null(text: Option<impl Into<Arc<str>>>) -> Value {
    text.map_or(Value::Null, Value::text)
}

/// What a column type of text holds at most, when it must be more than the usual 256 characters.
pub(crate) fn count(number: u64) -> Value {
    Value::UInt(number)
}

impl Listing {
    pub fn new(columns: Vec<SystemColumn>) -> Self {
        Listing { columns, rows: Vec::new(), first_label: None }
    }

    pub fn push(&mut self, row: Vec<Value>) {
        self.rows.push(row);
    }

    /// One row of texts.
    pub fn push_text(&mut self, row: &[&str]) {
        self.rows.push(row.iter().map(|text| Value::text(*text)).collect());
    }
}

impl SystemTable for Listing {
    fn name(&self) -> &str {
        NAME
    }
    fn columns(&self) -> &[SystemColumn] {
        &self.columns
    }
    fn scan(&self, sink: &mut dyn FnMut(Vec<Value>) -> ControlFlow<()>) -> Result<(), SqlError> {
        for row in &self.rows {
            if sink(row.clone()).is_break() {
                break;
            }
        }
        Ok(())
    }
}

/// No statement of a client can name it by accident.
const NAME: &str = "\u{1}show";

/// Finds only the listing.
struct Only(Arc<dyn SystemTable>);

impl SystemTables for Only {
    fn has_database(&self, database: &str) -> bool {
        database == NAME
    }
    fn table(&self, _database: &str, _table: &str) -> Option<Arc<dyn SystemTable>> {
        Some(self.0.clone())
    }
}

/// LIKE and WHERE of a SHOW.
#[derive(Default)]
pub(crate) struct Filter<'a> {
    pub like: Option<&'a str>,
    pub condition: Option<&'a Expr>,
}

/// The plan that gives a listing's rows.
pub(crate) fn plan(state: &State, listing: Listing, filter: &Filter<'_>) -> Result<Plan, SqlError> {
    let quoted = super::definition::quoted;
    let first = listing.columns.first().map_or("", |c| c.name);
    let source = match &listing.first_label {
        None => format!("`{NAME}`.`{NAME}`"),
        Some(label) => {
            let rest = listing.columns.iter().skip(1).map(|c| format!(", {}", quoted(c.name))).collect::<String>();
            format!("(SELECT {} AS {}{rest} FROM `{NAME}`.`{NAME}`) AS shown", quoted(first), quoted(label))
        }
    };
    let like = filter.like.map(|pattern| {
        let column = listing.first_label.as_deref().unwrap_or(first);
        format!(" WHERE {} LIKE {}", quoted(column), super::definition::literal(pattern))
    });
    let text = format!("SELECT * FROM {source}{}", like.unwrap_or_default());
    let mut query = match dialect::parse(&text, &SqlMode::default())?.pop() {
        Some(Parsed::Statement(statement)) => match *statement {
            Statement::Query(query) => query,
            _ => return Err(SqlError::new(1105, "not a query")),
        },
        _ => return Err(SqlError::new(1105, "not a query")),
    };
    if let (Some(condition), SetExpr::Select(select)) = (filter.condition, &mut *query.body) {
        select.selection = Some(condition.clone());
    }
    let table: Arc<dyn SystemTable> = Arc::new(listing);
    let system = Only(table);
    let catalogue = Arc::default();
    binding_over(state, &catalogue, &system, &[], "", |environment, _| Binder::new(environment).bind_query(&query))
}

/// A listing as the answer of a statement.
pub(crate) fn respond(
    state: &mut State,
    scene: &Scene,
    listing: Listing,
    filter: &Filter<'_>,
) -> Result<Response, Stop> {
    let plan = plan(state, listing, filter)?;
    let mut context = StatementContext::new(state, scene);
    let reader = Snapshot(state.engine.journal.newest().0);
    let mut cursor = Cursor::new(&plan, Arc::new(reader), state.process.cancelled());
    let mut rows = Vec::new();
    while cursor.next_batch(&mut context, 1024, &mut rows)? {}
    Ok(answer(&plan, rows))
}

/// Rows that are all there.
pub(crate) fn answer(plan: &Plan, rows: Vec<Vec<Value>>) -> Response {
    Response::Rows(ResultSet { columns: plan.columns.clone(), rows: Box::new(Ready(rows.into_iter())) })
}

struct Ready(std::vec::IntoIter<Vec<Value>>);

impl Rows for Ready {
    fn next_batch(&mut self, most: usize, out: &mut Vec<Vec<Value>>) -> Result<bool, SqlError> {
        out.extend(self.0.by_ref().take(most));
        Ok(self.0.len() > 0)
    }
}
