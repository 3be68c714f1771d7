//! `headwaters heads`: the commits that nothing follows yet.

use super::{Output, print, reach};
use crate::config::Config;
use crate::failure::Failure;

const QUERY: &str =
    "SELECT id, author, hlc, written_at, read_head FROM headwaters.heads ORDER BY hlc DESC, author DESC, id DESC";

/// Prints the heads, the read head marked.
pub fn run(config: &Config, output: Output) -> Result<(), Failure> {
    let answer = reach::ask(config, QUERY)?;
    print::answer(&answer, output.json, "No commits yet: the first statement that changes a row writes one.");
    Ok(())
}
