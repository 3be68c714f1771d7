//! Queries and DML: bound against the catalogue, run, and bound again when it changes.

use super::gather::gather;
use super::prepared::PreparedStatement;
use super::scene::{Scene, StatementContext};
use super::select;
use super::state::State;
use super::statement::Statement;
use super::stop::Stop;
use super::transact::writable;
use crate::bind::{Binder, Environment, SystemTables};
use crate::catalog::names::{catalogue, stored_table};
use crate::catalog::system::Systems;
use crate::dialect::Assignment;
use crate::dml::delete::{self, DeletePlan};
use crate::dml::insert::{self, InsertPlan};
use crate::dml::update::{self, UpdatePlan};
use crate::dml::{Target, insert_bind};
use crate::error::SqlError;
use crate::evaluate::natural_type;
use crate::exec::Evaluator;
use crate::expression::Type;
use crate::plan::{Plan, Subplan};
use crate::response::{ColumnDefinition, ColumnFlags, Response};
use crate::transaction::lock::Mode;
use crate::transaction::overlay::Overlay;
use crate::transaction::reader::WaitSlot;
use crate::variables::{self, Isolation, Settings};
use dag::catalogue::Catalogue;
use dag::value::Value;
use linearizer::view::KeyRange;
use sqlparser::ast::{self, Expr, ObjectName, ObjectNamePart, TableFactor, TableWithJoins};
use std::ops::Bound::Unbounded;
use std::sync::Arc;

/// A bound statement, and what it was bound against.
pub(crate) struct Bound {
    catalogue: Arc<Catalogue>,
    database: Option<Arc<str>>,
    settings: Arc<Settings>,
    pub work: Work,
    pub subqueries: Arc<[Subplan]>,
    /// It reads tables that are made when it is bound: never kept.
    volatile: bool,
    parameters: u32,
}

/// What a bound statement does.
pub(crate) enum Work {
    Select(Plan),
    Insert(InsertPlan, Option<Plan>),
    Update(UpdatePlan),
    Delete(DeletePlan),
}

/// Looks tables of DML up.
pub(crate) struct Resolver<'a> {
    catalogue: &'a Catalogue,
    database: Option<&'a str>,
}

impl Resolver<'_> {
    /// The stored table of that name. Errors: 1046, 1049, 1146, 1044.
    pub fn target(&self, name: &ObjectName) -> Result<Target, SqlError> {
        let parts = name_of(name)?;
        let (database, table) = match &parts[..] {
            [table] => (self.database.ok_or_else(|| SqlError::new(1046, "No database selected"))?, table),
            [database, table] => (database.as_str(), table),
            _ => return Err(SqlError::syntax(format!("'{name}' has too many parts"))),
        };
        let found = stored_table(self.catalogue, database, table)?;
        Ok(Target { database: Arc::from(database), table: found })
    }
}

/// The parts of a name.
pub(crate) fn name_of(name: &ObjectName) -> Result<Vec<String>, SqlError> {
    let part = |part: &ObjectNamePart| match part {
        ObjectNamePart::Identifier(word) => Ok(word.value.clone()),
        other => Err(SqlError::unsupported(format!("the name {other}"))),
    };
    name.0.iter().map(part).collect()
}

/// Refuses the first clause that is written (R39).
pub(crate) fn refuse(clauses: &[(bool, &str)]) -> Result<(), SqlError> {
    match clauses.iter().find(|(written, _)| *written) {
        Some((_, what)) => Err(SqlError::unsupported(what)),
        None => Ok(()),
    }
}

/// The one stored table of an UPDATE or DELETE, with its alias.
pub(crate) fn single_table(
    resolver: &Resolver<'_>,
    tables: &[TableWithJoins],
    several: &str,
) -> Result<(Target, Option<String>), SqlError> {
    let [TableWithJoins { relation, joins }] = tables else { return Err(SqlError::unsupported(several)) };
    refuse(&[(!joins.is_empty(), several)])?;
    match relation {
        TableFactor::Table { name, alias, partitions, .. } => {
            refuse(&[(!partitions.is_empty(), "PARTITION (...)")])?;
            Ok((resolver.target(name)?, alias.as_ref().map(|a| a.name.value.clone())))
        }
        other => Err(SqlError::unsupported(format!("writing into {other}"))),
    }
}

/// Runs `with` with a binder for this session.
pub(crate) fn binding<T>(
    state: &State,
    catalogue: &Arc<Catalogue>,
    parameters: &[Type],
    text: &str,
    with: impl FnOnce(Environment<'_>, &Resolver<'_>) -> Result<T, SqlError>,
) -> Result<T, SqlError> {
    let system = Systems::new(state, catalogue.clone());
    binding_over(state, catalogue, &system, parameters, text, with)
}

/// The same, with other system tables.
pub(crate) fn binding_over<T>(
    state: &State,
    catalogue: &Arc<Catalogue>,
    system: &dyn SystemTables,
    parameters: &[Type],
    text: &str,
    with: impl FnOnce(Environment<'_>, &Resolver<'_>) -> Result<T, SqlError>,
) -> Result<T, SqlError> {
    let database = state.facts.database.as_deref();
    let limit = match variables::find("group_concat_max_len").map(|id| state.value(id)) {
        Ok(Value::Int(limit)) => usize::try_from(*limit).ok(),
        _ => None,
    };
    let everything = KeyRange { from: Unbounded, to: Unbounded };
    let journal = &state.engine.journal;
    let sizes = |table: &dag::schema::Table| journal.newest().0.estimate(table.id, &everything);
    let environment = Environment {
        catalogue,
        database,
        mode: state.settings.sql_mode,
        collation: state.settings.connection_collation,
        system,
        parameter_types: parameters,
        group_concat_max_len: limit,
        sizes: Some(&sizes),
        text,
    };
    with(environment, &Resolver { catalogue, database })
}

/// Binds a statement.
fn bind(
    state: &State,
    catalogue: &Arc<Catalogue>,
    statement: &PreparedStatement,
    parameters: &[Type],
) -> Result<Bound, SqlError> {
    let text = &statement.text;
    let bound = |work, subqueries, volatile, parameters| Bound {
        catalogue: catalogue.clone(),
        database: state.database.clone(),
        settings: state.settings.clone(),
        work,
        subqueries,
        volatile,
        parameters,
    };
    binding(state, catalogue, parameters, text, |environment, resolver| {
        let mut binder = Binder::new(environment);
        let work = match ast_of(&statement.statement)? {
            ast::Statement::Query(query) => {
                let plan = binder.bind_query(query)?;
                let (volatile, count) = (plan.reads_system_tables, plan.parameters);
                return Ok(bound(Work::Select(plan), Arc::default(), volatile, count));
            }
            ast::Statement::Insert(insert) => {
                let mut source = None;
                if let Some(query) = insert_bind::source_query(insert) {
                    source = Some(Binder::new(environment).bind_query(query)?);
                }
                let types = source.as_ref().map(|p: &Plan| p.columns.iter().map(|c| c.ty.clone()).collect());
                let plan = insert_bind::bind(resolver, &mut binder, insert, types)?;
                Work::Insert(plan, source)
            }
            ast::Statement::Update(update) => Work::Update(update::bind(resolver, &mut binder, update)?),
            ast::Statement::Delete(delete) => Work::Delete(delete::bind(resolver, &mut binder, delete)?),
            other => {
                let text = other.to_string();
                return Err(SqlError::unsupported(crate::engine::process::cut(&text, 60)));
            }
        };
        let around = binder.finish();
        let mut count = around.parameters;
        let mut volatile = around.reads_system_tables;
        if let Work::Insert(_, Some(plan)) = &work {
            count += plan.parameters;
            volatile |= plan.reads_system_tables;
        }
        Ok(bound(work, around.subqueries, volatile, count))
    })
}

fn ast_of(statement: &Statement) -> Result<&ast::Statement, SqlError> {
    match statement {
        Statement::Query(ast) => Ok(ast),
        _ => Err(SqlError::new(1105, "not a query")),
    }
}

/// The bound statement: the one kept, if nothing it depends on has changed.
fn bound(
    state: &State,
    catalogue: &Arc<Catalogue>,
    statement: &PreparedStatement,
    scene: &Scene,
) -> Result<Arc<Bound>, SqlError> {
    if let Some(kept) = statement.bound()
        && Arc::ptr_eq(&kept.catalogue, catalogue)
        && Arc::ptr_eq(&kept.settings, &state.settings)
        && kept.database == state.database
    {
        return Ok(kept);
    }
    let types: Vec<Type> = scene.parameters.iter().map(|(_, ty)| ty.clone()).collect();
    let fresh = Arc::new(bind(state, catalogue, statement, &types)?);
    if !fresh.volatile {
        statement.keep(fresh.clone());
    }
    Ok(fresh)
}

/// The value of an expression without rows: SET, DO, KILL. Subqueries see what a SELECT would.
pub(crate) fn constant(state: &mut State, expr: &Expr) -> Result<Value, Stop> {
    let scene = Scene::new(state, Arc::default())?;
    let mut context = StatementContext::new(state, &scene);
    value_in(state, &mut context, expr)
}

/// DO: every expression's value is computed and dropped; SLEEP() waits here.
pub(crate) fn evaluate(state: &mut State, scene: &mut Scene, expressions: &[Expr]) -> Result<Response, Stop> {
    let mut context = StatementContext::new(state, scene);
    for expression in expressions {
        let value = value_in(state, &mut context, expression);
        select::settle(scene, &context, None, value)?;
    }
    Ok(super::admin::ok())
}

/// SET: computes every value, then assigns; SLEEP() in a value waits, and the statement runs again.
pub(crate) fn assign(state: &mut State, scene: &mut Scene, assignments: &[Assignment]) -> Result<Response, Stop> {
    let mut context = StatementContext::new(state, scene);
    let done = super::set::set(state, assignments, &mut |state, expr| value_in(state, &mut context, expr));
    select::settle(scene, &context, None, done)?;
    Ok(super::admin::ok())
}

fn value_in(state: &mut State, context: &mut StatementContext, expr: &Expr) -> Result<Value, Stop> {
    let now = catalogue(state);
    let (expression, around) = binding(state, &now, &[], "", |environment, _| {
        let mut binder = Binder::new(environment);
        let expression = binder.bind_constant(expr)?;
        Ok((expression, binder.finish()))
    })?;
    let view = if around.subqueries.is_empty() { state.engine.journal.newest().0 } else { state.read_view()? };
    let reader = Overlay { view, writes: own_writes(state) };
    let cancelled = state.process.cancelled();
    let mut evaluator = Evaluator::new(around.subqueries, Arc::new(reader), cancelled);
    Ok(evaluator.value(&expression, &[], context)?)
}

/// The transaction's writes, where there are any.
pub(crate) fn own_writes(state: &State) -> Option<Arc<crate::transaction::write_set::WriteSet>> {
    state.transaction.as_ref().filter(|t| !t.writes.is_empty()).map(|t| t.writes.clone())
}

/// The value of a user variable as a parameter.
pub(crate) fn user_parameter(state: &State, name: &str) -> (Value, Type) {
    let value = state.shared().user_variables.get(&name.to_lowercase()).cloned().unwrap_or(Value::Null);
    let ty = natural_type(&value);
    (value, ty)
}

/// Fills in the parameters and columns of a statement that is being prepared.
pub(crate) fn describe(state: &mut State, statement: &mut PreparedStatement) -> Result<(), SqlError> {
    match &statement.statement {
        Statement::Query(_) => {}
        Statement::Admin(admin) => {
            statement.columns = crate::show::columns(state, admin)?;
            return Ok(());
        }
        Statement::Ddl(_) => return Ok(()),
    }
    let now = catalogue(state);
    let bound = bind(state, &now, statement, &[])?;
    if let Work::Select(plan) = &bound.work {
        statement.columns = plan.columns.clone();
    }
    statement.parameters = (0..bound.parameters).map(|_| parameter_definition()).collect();
    Ok(())
}

fn parameter_definition() -> ColumnDefinition {
    let empty: Arc<str> = "".into();
    ColumnDefinition {
        schema: empty.clone(),
        table: empty.clone(),
        org_table: empty.clone(),
        name: "?".into(),
        org_name: empty,
        ty: Type::text(0),
        flags: ColumnFlags::default(),
    }
}

/// Runs a query or DML statement.
pub(crate) fn run(state: &mut State, scene: &mut Scene, statement: &PreparedStatement) -> Result<Response, Stop> {
    match &statement.statement {
        Statement::Query(ast) => match &**ast {
            ast::Statement::Query(_) => query(state, scene, statement),
            _ => write(state, scene, statement),
        },
        Statement::Admin(admin) => super::admin::answer(state, scene, admin),
        Statement::Ddl(ddl) => crate::ddl::run(state, ddl),
    }
}

fn query(state: &mut State, scene: &mut Scene, statement: &PreparedStatement) -> Result<Response, Stop> {
    let mode = statement.hint.clone().unwrap_or_else(|| state.read_mode());
    let kept = state.transaction.as_ref().is_some_and(|t| t.snapshot.is_some());
    if statement.hint.is_some() || !kept {
        gather(state, scene, &mode)?;
    }
    let view = match &statement.hint {
        Some(hint) => state.engine.journal.snapshot(hint, state.own_commit)?,
        None => state.read_view()?,
    };
    let newest = mode.is_merge() && state.transaction.is_some();
    let catalogue = if newest { catalogue(state) } else { view.catalogue().clone() };
    let bound = bound(state, &catalogue, statement, scene)?;
    let Work::Select(plan) = &bound.work else { return Err(SqlError::new(1105, "not a SELECT").into()) };
    let lock = select::lock_of(state, plan, &mode);
    if lock.is_some() {
        writable(&mode)?;
    }
    if lock.is_none() && !plan.tables.is_empty() && statement.hint.is_none() {
        state.keep_view(&view);
    }
    select::run(state, scene, plan, view, lock)
}

fn write(state: &mut State, scene: &mut Scene, statement: &PreparedStatement) -> Result<Response, Stop> {
    state.check_writable()?;
    statement.hint.as_ref().map_or(Ok(()), writable)?;
    gather(state, scene, &statement.hint.clone().unwrap_or_else(|| state.read_mode()))?;
    let (bound, view) = locked(state, scene, statement)?;
    let mut context = StatementContext::new(state, scene);
    let writes = state.transaction().writes.clone();
    let reader = Arc::new(Overlay { view, writes: Some(writes) });
    let cancelled = state.process.cancelled();
    let selected = match &bound.work {
        Work::Insert(_, Some(plan)) => select::source(state, scene, plan, &mut context, reader.clone())?,
        _ => Vec::new(),
    };
    let waits = WaitSlot::default();
    let serial = state.transaction().isolation == Isolation::Serializable && !bound.subqueries.is_empty();
    let guarding = if serial { Some(select::guarding(state, &waits)?) } else { None };
    let mut evaluator = match &guarding {
        Some(guarding) => Evaluator::new(bound.subqueries.clone(), guarding.clone(), cancelled),
        None => Evaluator::new(bound.subqueries.clone(), reader.clone(), cancelled),
    };
    // The writes must be the transaction's alone again before rows are put, or each would copy all of them.
    if bound.subqueries.is_empty() {
        let empty = Overlay { view: reader.view.clone(), writes: None };
        evaluator = Evaluator::new(Arc::default(), Arc::new(empty), state.process.cancelled());
    }
    drop(reader);
    let summary = match &bound.work {
        Work::Insert(plan, _) => insert::run(state, scene, plan, &mut context, &mut evaluator, selected),
        Work::Update(plan) => update::run(state, plan, &mut context, &mut evaluator),
        Work::Delete(plan) => delete::run(state, plan, &mut context, &mut evaluator),
        Work::Select(_) => Err(SqlError::new(1105, "not DML").into()),
    };
    let summary = select::settle(scene, &context, Some(&waits), summary)?;
    // Only now: a statement that waited runs again, and reads anew (R36).
    let mut guards = std::mem::take(&mut context.guards);
    if let Some(guarding) = guarding {
        guards.extend(guarding.guards()?);
    }
    state.transaction().reads.add(guards)?;
    let last = state.shared().last_insert_id.take();
    let row_count = summary.affected as i64;
    let facts = state.facts_mut();
    facts.row_count = row_count;
    facts.last_insert_id = last.unwrap_or(facts.last_insert_id);
    Ok(Response::Ok(summary))
}

/// Binds on the newest catalogue, with the table's name locked: until the transaction ends its definition stays.
fn locked(
    state: &mut State,
    scene: &Scene,
    statement: &PreparedStatement,
) -> Result<(Arc<Bound>, Arc<dyn linearizer::view::View>), Stop> {
    loop {
        let view = state.write_view()?;
        let bound = bound(state, view.catalogue(), statement, scene)?;
        let target = match &bound.work {
            Work::Insert(plan, _) => &plan.target,
            Work::Update(plan) => &plan.target,
            Work::Delete(plan) => &plan.target,
            Work::Select(_) => return Err(SqlError::new(1105, "not DML").into()),
        };
        state.lock_name(&target.database, &target.table.name, Mode::Shared)?;
        let now = state.write_view()?;
        if Arc::ptr_eq(now.catalogue(), view.catalogue()) {
            return Ok((bound, now));
        }
    }
}
