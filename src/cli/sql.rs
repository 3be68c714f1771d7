//! `headwaters sql`: statements from the command line or standard input, against the running replica or the folder.

use super::{Output, print, reach};
use crate::config::Config;
use crate::failure::Failure;
use clap::Args;
use std::io::{IsTerminal, Read};

/// What to run.
#[derive(Args, Debug)]
pub struct Arguments {
    /// Statements separated by `;`; without any, standard input is read
    statements: Vec<String>,
    #[command(flatten)]
    output: Output,
}

/// Runs the statements in one session and prints each answer.
pub fn run(config: &Config, arguments: &Arguments) -> Result<(), Failure> {
    let text = if arguments.statements.is_empty() { read_input()? } else { arguments.statements.join(";\n") };
    let mut session = reach::open(config)?;
    for answer in session.run(&text)? {
        if arguments.output.json {
            print::json(&answer);
        } else if answer.columns.is_empty() {
            print::remark(format!("OK, {} rows affected", answer.affected));
        } else {
            print::answer(&answer, false, "Empty set");
        }
    }
    Ok(())
}

fn read_input() -> Result<String, Failure> {
    if std::io::stdin().is_terminal() {
        return Err(Failure::usage(
            "no statement given; try: headwaters sql \"SHOW DATABASES\", or pipe statements in, or connect any MySQL client",
        ));
    }
    let mut text = String::new();
    std::io::stdin()
        .read_to_string(&mut text)
        .map_err(|e| Failure::environment(format!("cannot read standard input: {e}")))?;
    Ok(text)
}
