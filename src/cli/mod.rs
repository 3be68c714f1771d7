//! The command line: what can be asked, and which file answers.
//!
//! Verbs that read ask the running replica over its MySQL port when there is one, and open the folder themselves
//! when there is none (`reach`), so that both answer from the same system tables.

mod compact;
mod conflicts;
mod doctor;
mod heads;
mod import;
mod init;
mod invite;
mod join;
mod log;
mod members;
mod peers;
pub mod print;
mod progress;
mod reach;
mod sql;
mod start;
mod status;
mod verify;

use crate::config::{Config, Settings};
use crate::failure::Failure;
use clap::{Args, Parser, Subcommand};
use std::path::PathBuf;

/// A leaderless SQL database: every peer writes, any MySQL client reads, one main on every peer.
#[derive(Parser, Debug)]
#[command(name = "headwaters", version, about, propagate_version = true, arg_required_else_help = true)]
pub struct Command {
    /// TOML file with settings; flags and HEADWATERS_* variables win over it
    #[arg(long, global = true, env = "HEADWATERS_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(flatten)]
    settings: Settings,
    #[command(subcommand)]
    verb: Verb,
}

/// Output for people or for scripts.
#[derive(Args, Debug, Clone, Copy)]
pub struct Output {
    /// Print JSON, one object or array, for scripts
    #[arg(long)]
    pub json: bool,
}

#[derive(Subcommand, Debug)]
enum Verb {
    /// Found a database in the data folder and print its recovery key once
    Init,
    /// Print a ticket that lets one new replica join
    Invite(invite::Arguments),
    /// Join a database with a ticket; the data is fetched by start
    Join(join::Arguments),
    /// Serve MySQL clients; founds a database first if the data folder is empty
    Start,
    /// Say what this replica is, holds and does
    Status(Output),
    /// Run SQL statements, given here or on standard input
    Sql(sql::Arguments),
    /// List the heads: the commits that nothing follows yet
    Heads(Output),
    /// List the members: who may write, and what holds stable back
    Members(Output),
    /// List other replicas: where they are, how far behind, what they did wrong
    Peers(Output),
    /// Show commits, newest first
    Log(log::Arguments),
    /// List parked commits: what lost a conflict, why, and against which commit
    Conflicts(Output),
    /// Cut a checkpoint of main now; for cron, and works beside a running replica
    Compact(Output),
    /// Take the chains of bundle files, from where no network reaches
    Import(import::Arguments),
    /// Check every hash, signature, chain and main's hash, without a running replica
    Verify(Output),
    /// Look for what is wrong with this replica and say what to do
    Doctor(Output),
}

/// Runs one verb.
pub fn run(command: Command) -> Result<(), Failure> {
    let config = Config::resolve(command.settings, command.config.as_deref())?;
    match command.verb {
        Verb::Init => init::run(&config),
        Verb::Invite(arguments) => invite::run(&config, &arguments),
        Verb::Join(arguments) => join::run(&config, &arguments),
        Verb::Start => start::run(&config),
        Verb::Status(output) => status::run(&config, output),
        Verb::Sql(arguments) => sql::run(&config, &arguments),
        Verb::Heads(output) => heads::run(&config, output),
        Verb::Members(output) => members::run(&config, output),
        Verb::Peers(output) => peers::run(&config, output),
        Verb::Log(arguments) => log::run(&config, &arguments),
        Verb::Conflicts(output) => conflicts::run(&config, output),
        Verb::Compact(output) => compact::run(&config, output),
        Verb::Import(arguments) => import::run(&config, &arguments),
        Verb::Verify(output) => verify::run(&config, output),
        Verb::Doctor(output) => doctor::run(&config, output),
    }
}
