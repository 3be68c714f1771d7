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

/// A thread makes what another frees (commits, nodes of the state's maps of 4 KB): with the system's allocator that took
/// a fifth of the processor's time at 64 clients (docs/benchmarks.md).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

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
