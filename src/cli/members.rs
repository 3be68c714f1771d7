//! `headwaters members`: who may do what, and what holds stable back, from table `headwaters.members`.

use super::{Output, print, reach};
use crate::config::Config;
use crate::failure::Failure;

const FOR_PEOPLE: &str = "SELECT name, role, LEFT(author, 10) AS author, since, promise, floor, \
    IF(holds_stable, 'yes', '') AS holds_stable, \
    CASE WHEN equivocated THEN 'wrote one number twice' WHEN broke_promise THEN 'wrote below its promise' \
    WHEN two_tongues THEN 'tells two mains' WHEN disputed_at IS NOT NULL THEN 'its main is another' ELSE '' END AS disputed, \
    slots, last_commit, IF(here, 'yes', '') AS here FROM headwaters.members ORDER BY since, name";
const FOR_SCRIPTS: &str = "SELECT * FROM headwaters.members ORDER BY since, name";

/// Prints one line a member.
pub fn run(config: &Config, output: Output) -> Result<(), Failure> {
    let answer = reach::ask(config, if output.json { FOR_SCRIPTS } else { FOR_PEOPLE })?;
    print::answer(&answer, output.json, "No members are known here.");
    Ok(())
}
