//! `headwaters verify`: checks stored bytes offline, and says what it checked.

use super::{Output, print, progress};
use crate::config::Config;
use crate::failure::Failure;
use crate::replica::verifying;

/// Checks and reports; ends with failure if anything is unsound.
pub fn run(config: &Config, output: Output) -> Result<(), Failure> {
    let found = verifying::verify(config, &|done, total| progress::show("verifying", done, total))?;
    if output.json {
        print::line(found.to_json().to_string());
    } else {
        found.lines().iter().for_each(print::line);
    }
    match found.faults.first() {
        None => Ok(()),
        Some(first) => Err(Failure::Damaged(format!("{} faults; the first: {first}", found.count()))),
    }
}
