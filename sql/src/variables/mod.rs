//! System variables: one typed catalogue for the session's, the global and the read-only ones.
//!
//! Promises: a name that is not in the catalogue is 1193, a value that does not fit is 1231 or 1232; a session copies
//! the globals at its start for the price of one `Arc`. What a setting means is read from [`Settings`].

mod check;
mod global;
mod settings;
mod table;
mod zone;

pub(crate) use check::check;
pub(crate) use global::Globals;
pub(crate) use settings::{Isolation, Settings};
pub(crate) use zone::Zone;

use crate::error::SqlError;
use dag::value::Value;

/// What values a variable takes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Kind {
    /// ON or OFF, kept as 1 or 0.
    Switch,
    /// An integer between two bounds; values outside are brought inside with warning 1292.
    Integer(i64, i64),
    /// Text.
    Text,
    /// One of these words, in any case.
    Choice(&'static [&'static str]),
    /// A collation name or id.
    Collation,
    /// A character set name.
    CharacterSet,
    /// A list of modes.
    SqlMode,
    /// A time zone.
    TimeZone,
    /// A read mode (design, Reading).
    ReadMode,
    /// `headwaters_commit`.
    Spread,
}

/// Where a variable lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    /// The server's, may be set with SET GLOBAL.
    Global,
    /// Each session's, from the global value at its start.
    Both,
    /// Each session's only.
    Session,
    /// Shown, never set: 1238.
    ReadOnly,
}

/// A variable.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Definition {
    pub name: &'static str,
    pub kind: Kind,
    pub scope: Scope,
    /// The default as SHOW VARIABLES prints it.
    pub default: &'static str,
    /// The only value besides the default spelling that this version takes: others are refused with 1235.
    pub fixed: bool,
}

/// Where a variable stands in the catalogue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct VariableId(pub u16);

impl VariableId {
    pub(crate) fn definition(self) -> &'static Definition {
        &table::DEFINITIONS[usize::from(self.0)]
    }
}

/// Every variable, sorted by name.
pub(crate) fn all() -> impl Iterator<Item = VariableId> {
    (0..table::DEFINITIONS.len()).map(|place| VariableId(place as u16))
}

/// Finds a variable by its lower-case name. Error: 1193.
pub(crate) fn find(name: &str) -> Result<VariableId, SqlError> {
    let name = match name {
        "tx_isolation" => "transaction_isolation",
        "tx_read_only" => "transaction_read_only",
        other => other,
    };
    let place = table::DEFINITIONS.binary_search_by(|d| d.name.cmp(name));
    place.map(|p| VariableId(p as u16)).map_err(|_| SqlError::new(1193, format!("Unknown system variable '{name}'")))
}

/// A value as SHOW VARIABLES prints it.
pub(crate) fn show(id: VariableId, value: &Value) -> String {
    match (id.definition().kind, value) {
        (Kind::Switch, Value::Int(n)) => if *n != 0 { "ON" } else { "OFF" }.to_owned(),
        (_, Value::Int(n)) => n.to_string(),
        (_, Value::UInt(n)) => n.to_string(),
        (_, Value::Text(text)) => text.to_string(),
        _ => String::new(),
    }
}

/// The built-in default.
pub(crate) fn default_of(id: VariableId) -> Value {
    let definition = id.definition();
    parse_default(definition.kind, definition.default)
}

/// The built-in defaults in the catalogue's order.
fn defaults() -> Vec<Value> {
    table::DEFINITIONS.iter().map(|d| parse_default(d.kind, d.default)).collect()
}

fn parse_default(kind: Kind, text: &str) -> Value {
    match kind {
        Kind::Switch => Value::Int(i64::from(text == "ON")),
        Kind::Integer(..) => text.parse().map_or(Value::Int(0), Value::Int),
        _ => Value::text(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_catalogue_is_sorted_and_has_no_twins() {
        assert!(table::DEFINITIONS.windows(2).all(|w| w[0].name < w[1].name), "sort the table");
    }

    #[test]
    fn every_default_passes_its_own_check() {
        for id in all() {
            let definition = id.definition();
            let value = parse_default(definition.kind, definition.default);
            let checked = check(id, &value).map(|a| a.value);
            assert_eq!(checked, Ok(value), "{}", definition.name);
        }
    }
}
