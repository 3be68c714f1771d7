//! SHOW of the server and the session: variables, status, processes, conditions, collations.

use super::listing::{Listing, count, long, maybe, number, or_null, text};
use crate::catalog::collations::COLLATIONS;
use crate::engine::process::short_info;
use crate::error::SqlError;
use crate::session::scene::system_variable;
use crate::session::shared::Level;
use crate::session::state::State;
use crate::variables::{self, Scope};
use dag::value::Value;
use std::sync::atomic::Ordering;

pub(super) fn variables(state: &State, global: bool) -> Result<Listing, SqlError> {
    let mut listing = Listing::new(vec![text("Variable_name"), long("Value")]);
    for (name, value) in variable_values(state, global) {
        listing.push(vec![Value::text(name), Value::text(value)]);
    }
    Ok(listing)
}

/// Every variable of a scope with its shown value.
pub(crate) fn variable_values(state: &State, global: bool) -> Vec<(&'static str, String)> {
    let shared = state.shared();
    let mut all = Vec::new();
    for id in variables::all() {
        let definition = id.definition();
        if global && definition.scope == Scope::Session {
            continue;
        }
        let value = system_variable(&state.engine, &state.values, &shared, &state.facts, definition.name, global);
        all.push((definition.name, value.map_or_else(|_| String::new(), |value| variables::show(id, &value))));
    }
    all
}

pub(super) fn status(state: &State) -> Listing {
    let mut listing = Listing::new(vec![text("Variable_name"), text("Value")]);
    for (name, value) in status_values(state) {
        listing.push(vec![Value::text(name), Value::text(value)]);
    }
    listing
}

/// What SHOW STATUS knows, sorted by name.
pub(crate) fn status_values(state: &State) -> Vec<(&'static str, String)> {
    let engine = &state.engine;
    let counters = &engine.counters;
    let uptime = engine.clock.monotonic().saturating_sub(engine.globals.started).as_secs();
    let threads = engine.processes.count();
    let of = |counter: &std::sync::atomic::AtomicU64| counter.load(Ordering::Relaxed).to_string();
    vec![
        ("Com_commit", of(&counters.commits)),
        ("Com_rollback", of(&counters.rollbacks)),
        ("Connections", of(&counters.connections)),
        ("Innodb_deadlocks", of(&counters.deadlocks)),
        ("Innodb_row_lock_waits", of(&counters.lock_waits)),
        ("Queries", of(&counters.questions)),
        ("Questions", of(&counters.questions)),
        ("Ssl_cipher", String::new()),
        ("Ssl_version", String::new()),
        ("Threads_connected", threads.to_string()),
        ("Threads_running", "1".to_owned()),
        ("Uptime", uptime.to_string()),
    ]
}

pub(super) fn processes(state: &State, full: bool) -> Listing {
    let mut listing = Listing::new(vec![
        number("Id"),
        text("User"),
        text("Host"),
        maybe("db"),
        text("Command"),
        number("Time"),
        maybe("State"),
        long("Info"),
    ]);
    process_rows(state, full).into_iter().for_each(|row| listing.push(row));
    listing
}

/// One row a session.
pub(crate) fn process_rows(state: &State, full: bool) -> Vec<Vec<Value>> {
    let now = state.engine.clock.monotonic();
    let row = |process: &crate::engine::process::Process| {
        let activity = process.activity();
        let info = activity.info.as_deref().map(|info| if full { info } else { short_info(info) }.to_owned());
        vec![
            count(process.id),
            Value::text(process.user.as_str()),
            Value::text(process.host.as_str()),
            or_null(activity.database),
            Value::text(activity.command),
            count(now.saturating_sub(activity.since).as_secs()),
            Value::text(activity.state),
            or_null(info),
        ]
    };
    state.engine.processes.all().iter().map(|process| row(process)).collect()
}

pub(super) fn conditions(state: &State, errors_only: bool) -> Listing {
    let mut listing = Listing::new(vec![text("Level"), number("Code"), long("Message")]);
    for condition in state.shared().conditions.iter().filter(|c| !errors_only || c.level == Level::Error) {
        listing.push(vec![
            Value::text(condition.level.name()),
            count(u64::from(condition.code)),
            Value::text(condition.message.as_str()),
        ]);
    }
    listing
}

pub(super) fn count_label(errors: bool) -> &'static str {
    if errors { "@@session.error_count" } else { "@@session.warning_count" }
}

pub(super) fn count_conditions(state: &State, errors: bool) -> Listing {
    let shared = state.shared();
    let number_of = match errors {
        true => shared.conditions.iter().filter(|c| c.level == Level::Error).count(),
        false => shared.warning_count(),
    };
    let mut listing = Listing::new(vec![number(count_label(errors))]);
    listing.push(vec![count(number_of as u64)]);
    listing
}

pub(super) fn engines() -> Listing {
    let mut listing = Listing::new(vec![
        text("Engine"),
        text("Support"),
        text("Comment"),
        maybe("Transactions"),
        maybe("XA"),
        maybe("Savepoints"),
    ]);
    listing.push_text(&ENGINE);
    listing
}

/// The one engine, under the name that clients and dumps ask for.
pub(crate) const ENGINE: [&str; 6] =
    ["InnoDB", "DEFAULT", "Headwaters: transactions and row-level locking over a commit graph", "YES", "NO", "YES"];

pub(super) fn collations() -> Listing {
    let mut listing = Listing::new(vec![
        text("Collation"),
        text("Charset"),
        number("Id"),
        text("Default"),
        text("Compiled"),
        number("Sortlen"),
        text("Pad_attribute"),
    ]);
    for entry in COLLATIONS {
        listing.push(vec![
            Value::text(entry.name),
            Value::text(entry.character_set),
            count(u64::from(entry.id)),
            Value::text(if entry.default { "Yes" } else { "" }),
            Value::text("Yes"),
            count(if entry.id == 255 { 0 } else { 1 }),
            Value::text(entry.pad),
        ]);
    }
    listing
}

/// Name, description, default collation and bytes a character.
pub(crate) const CHARACTER_SETS: [(&str, &str, &str, u64); 2] =
    [("binary", "Binary pseudo charset", "binary", 1), ("utf8mb4", "UTF-8 Unicode", "utf8mb4_0900_ai_ci", 4)];

pub(super) fn character_sets() -> Listing {
    let columns = vec![text("Charset"), text("Description"), text("Default collation"), number("Maxlen")];
    let mut listing = Listing::new(columns);
    for (name, description, collation, length) in CHARACTER_SETS {
        let texts = [name, description, collation].map(Value::text);
        listing.push(texts.into_iter().chain([count(length)]).collect());
    }
    listing
}

/// Every account may do everything in this version.
pub(super) fn grants(state: &State) -> Listing {
    let (user, host) = state.login.account.split_once('@').unwrap_or((&state.login.user, "%"));
    let mut listing = Listing::new(vec![long("Grants")]);
    let text = format!("GRANT ALL PRIVILEGES ON *.* TO `{user}`@`{host}` WITH GRANT OPTION");
    listing.push(vec![Value::text(text)]);
    listing
}

/// Lists that are empty by truth: there are no triggers, events or routines.
pub(super) fn nothing(subject: &str) -> Listing {
    let labels: &[&'static str] = match subject {
        "TRIGGERS" => &[
            "Trigger",
            "Event",
            "Table",
            "Statement",
            "Timing",
            "Created",
            "sql_mode",
            "Definer",
            "character_set_client",
            "collation_connection",
            "Database Collation",
        ],
        "EVENTS" => &[
            "Db",
            "Name",
            "Definer",
            "Time zone",
            "Type",
            "Execute at",
            "Interval value",
            "Interval field",
            "Starts",
            "Ends",
            "Status",
            "Originator",
            "character_set_client",
            "collation_connection",
            "Database Collation",
        ],
        "PRIVILEGES" => &["Privilege", "Context", "Comment"],
        "PLUGINS" => &["Name", "Status", "Type", "Library", "License"],
        _ => &[
            "Db",
            "Name",
            "Type",
            "Definer",
            "Modified",
            "Created",
            "Security_type",
            "Comment",
            "character_set_client",
            "collation_connection",
            "Database Collation",
        ],
    };
    Listing::new(labels.iter().map(|label| text(label)).collect())
}
