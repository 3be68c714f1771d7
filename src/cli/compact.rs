//! `headwaters compact`: cuts a checkpoint of main now, for cron; beside a running replica it asks that one to do it.

use super::{Output, print, reach};
use crate::config::Config;
use crate::failure::Failure;

/// Cuts and says where.
pub fn run(config: &Config, output: Output) -> Result<(), Failure> {
    let mut session = reach::open(config)?;
    let mut answers = session.run("CALL headwaters.compact()")?;
    let answer = answers.drain(..).find(|a| !a.columns.is_empty());
    let answer = answer.ok_or_else(|| Failure::environment("compaction gave no answer; see the replica's log"))?;
    match (output.json, answer.rows.first()) {
        (true, Some(row)) => print::line(print::object(&answer.columns, row).to_string()),
        _ => print::table(&answer),
    }
    Ok(())
}
