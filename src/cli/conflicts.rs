//! `headwaters conflicts`: parked commits, kept and visible until somebody settles them.

use super::{Output, print, reach};
use crate::config::Config;
use crate::failure::Failure;

const QUERY: &str = "SELECT id, author, written_at, reason, against FROM headwaters.conflicts ORDER BY hlc, author, id";

/// Prints what is parked and why.
pub fn run(config: &Config, output: Output) -> Result<(), Failure> {
    let answer = reach::ask(config, QUERY)?;
    print::answer(&answer, output.json, "Nothing is parked: every commit known here was applied.");
    Ok(())
}
