//! `headwaters status`: what this replica is, holds and does, from table `headwaters.status`.

use super::reach::{self, Answer};
use super::{Output, print};
use crate::config::Config;
use crate::failure::Failure;

const QUERY: &str = "SELECT name, value FROM headwaters.status";

/// Prints one line a fact, or one JSON object.
pub fn run(config: &Config, output: Output) -> Result<(), Failure> {
    let answer = reach::ask(config, QUERY)?;
    if output.json {
        print::line(as_object(&answer).to_string());
    } else {
        print::table(&answer);
    }
    Ok(())
}

fn as_object(answer: &Answer) -> serde_json::Value {
    let fact = |row: &Vec<Option<String>>| {
        let mut cells = row.iter().cloned();
        let name = cells.next().flatten()?;
        Some((name, cells.next().flatten().map_or(serde_json::Value::Null, serde_json::Value::String)))
    };
    serde_json::Value::Object(answer.rows.iter().filter_map(fact).collect())
}
