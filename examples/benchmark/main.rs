//! The figures of docs/benchmarks.md, each by one command: ratios against MariaDB or against ourselves in one run.
//!
//! `cargo run --release --example benchmark -- inserts`
//! Shows figures, judges nothing. Needs mariadb-server for the figures against MariaDB, and a release build of
//! `headwaters` beside it (`cargo build --release`).

mod chain;
mod clone;
mod converge;
mod large;
mod merged;
mod port;
mod received;
mod sampling;
mod soak;
mod stable;

use clap::{Parser, Subcommand};
use std::error::Error;
use std::io::Write;

/// What a benchmark may fail with.
pub type Failure = Box<dyn Error + Send + Sync>;

/// Measure Headwaters
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    figure: Figure,
    /// Seconds of each measurement
    #[arg(long, global = true, default_value_t = 3.0)]
    seconds: f64,
    /// Pairs of measurements; the median ratio counts
    #[arg(long, global = true, default_value_t = 5)]
    rounds: usize,
}

#[derive(Subcommand)]
enum Figure {
    /// Durable single-row inserts: 1 client, 64 clients, 64 clients on one row, against MariaDB
    Inserts,
    /// Prepared point selects by primary key: 1 and 8 clients, against MariaDB
    Points,
    /// Read latency with 1,000 heads against one; a late commit below 10,000 newer
    Merged,
    /// Chains received: verified, admitted, stored, and folded
    Received,
    /// A million rows in one transaction: time and memory of the server
    Rows,
    /// COMMIT that waits for stable, and for three replicas, on five replicas of this machine
    Stable,
    /// From the last acknowledgement until five replicas give one merged answer
    Converge,
    /// A replica with a million commits: time to the first answer, memory
    Reopen,
    /// A newcomer's clone from a founder's checkpoint, on loopback, with verification
    Clone {
        /// Size of the founder's data
        #[arg(long, default_value_t = 1_000)]
        megabytes: u64,
    },
    /// Load on five replicas: memory, file handles, bytes sent a commit
    Soak {
        /// How long
        #[arg(long, default_value_t = 10.0)]
        minutes: f64,
    },
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Result<(), Failure> {
    let arguments = Arguments::parse();
    let plan = sampling::Plan { seconds: arguments.seconds, rounds: arguments.rounds };
    match arguments.figure {
        Figure::Inserts => port::inserts(&plan).await,
        Figure::Points => port::points(&plan).await,
        Figure::Merged => merged::run(plan.rounds),
        Figure::Received => received::run(plan.rounds),
        Figure::Rows => large::million_rows().await,
        Figure::Stable => stable::run(plan.rounds).await,
        Figure::Converge => converge::run(plan.rounds).await,
        Figure::Reopen => large::reopen(plan.rounds).await,
        Figure::Clone { megabytes } => clone::run(megabytes, plan.rounds).await,
        Figure::Soak { minutes } => soak::run(minutes).await,
    }
}

/// Prints one line of a report.
pub fn say(text: impl AsRef<str>) -> std::io::Result<()> {
    writeln!(std::io::stdout(), "{}", text.as_ref())
}
