//! How long a COMMIT takes that waits for other replicas: five on this machine, one client, one row a commit.

use crate::sampling::sync_micros;
use crate::{Failure, say};
use acceptance::instance::{Instance, binary};
use mysql_async::Conn;
use mysql_async::prelude::Queryable;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

/// Replicas of the figure.
const REPLICAS: usize = 5;
/// Commits of one measurement.
const COMMITS: u32 = 100;

/// Prints the median and the slow tail for each way to wait.
#[allow(clippy::disallowed_methods, reason = "a stopwatch around a client's statement")]
pub async fn run(rounds: usize) -> Result<(), Failure> {
    let binary = binary();
    let root = tempfile::tempdir()?;
    let sync = sync_micros(root.path())? / 1_000.0;
    say(format!("append 300 B + fdatasync: {sync:.2} ms median"))?;
    let instances = replicas(&binary, root.path())?;
    let mut connection = instances[0].connect().await;
    connection.query_drop("CREATE DATABASE bench; CREATE TABLE bench.t (id INT PRIMARY KEY)").await?;
    introduce(&instances).await?;
    let mut id = 0;
    for spread in ["local", "replicated(3)", "stable"] {
        connection.query_drop(format!("SET headwaters_commit = '{spread}'")).await?;
        let mut times = Vec::new();
        for _ in 0..COMMITS * rounds as u32 {
            id += 1;
            let began = Instant::now();
            connection.query_drop(format!("INSERT INTO bench.t VALUES ({id})")).await?;
            times.push(began.elapsed());
            if connection.get_warnings() > 0 {
                return Err(format!("a commit did not become {spread} in time").into());
            }
            // Alone: the wait is measured, not the load.
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        times.sort_unstable();
        let at = |part: usize| times[times.len() * part / 100].as_secs_f64() * 1_000.0;
        let syncs = at(50) / sync;
        say(format!("{spread}: p50 {:.1} ms ({syncs:.1} syncs), p99 {:.1} ms", at(50), at(99)))?;
    }
    Ok(())
}

/// A founder, and four that join by tickets.
fn replicas(binary: &str, root: &Path) -> Result<Vec<Instance>, Failure> {
    let mut instances = vec![Instance::networked(binary, &root.join("0"), &[])];
    for n in 1..REPLICAS {
        let ticket = verb(binary, &root.join("0"), &["invite"])?;
        let folder = root.join(n.to_string());
        verb(binary, &folder, &["join", ticket.trim()])?;
        instances.push(Instance::networked(binary, &folder, &[]));
    }
    Ok(instances)
}

fn verb(binary: &str, folder: &Path, arguments: &[&str]) -> Result<String, Failure> {
    let output = Command::new(binary).arg("--data").arg(folder).args(arguments).output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned().into());
    }
    Ok(String::from_utf8(output.stdout)?)
}

/// Everybody has the table and has written.
async fn introduce(instances: &[Instance]) -> Result<(), Failure> {
    for (n, instance) in instances.iter().enumerate() {
        let mut connection: Conn = instance.connect().await;
        while connection.query_drop(format!("INSERT INTO bench.t VALUES (-{n})")).await.is_err() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
    Ok(())
}
