//! The `headwaters` binary: one verb a file under `cli`, each a thin front of `replica`.
//!
//! Promises: exit code 0 only for what was done; a failure says what, why and what to try on standard error.

mod cli;
mod config;
mod failure;
mod limits;
mod network;
mod replica;
mod system;

use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    let command = cli::Command::parse();
    proxy::tls::use_ring();
    match cli::run(command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            cli::print::failure(&failure);
            ExitCode::from(failure.exit_code())
        }
    }
}
