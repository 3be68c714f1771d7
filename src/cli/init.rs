//! `headwaters init`: founds a database in the data folder and prints its recovery key, once.

use super::print;
use crate::config::Config;
use crate::failure::Failure;
use crate::replica::founding;
use dag::clock::System;

/// Founds, and says what to keep and what to do next.
pub fn run(config: &Config) -> Result<(), Failure> {
    let founded = founding::found(&config.data, &System::new())?;
    print::line(format!("Founded database {} in {}", founded.genesis, config.data.display()));
    print_recovery_key(&founded.recovery_key);
    print::line(format!("Next: headwaters --data {} start", config.data.display()));
    Ok(())
}

/// The recovery key is shown here and nowhere else, ever (R1).
pub fn print_recovery_key(key: &str) {
    print::line("");
    print::line("The recovery key, shown this once. Keep it away from this machine: with it, an administrator");
    print::line("can cut a lost member off even when no majority is left.");
    print::line(format!("  recovery key: {key}"));
    print::line("");
}
