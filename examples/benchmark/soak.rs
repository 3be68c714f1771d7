//! Load on five replicas for minutes: memory and file handles must stay flat, and what is sent must stay in proportion to
//! what is committed.
//!
//! Bytes sent are those of messages between peers as `headwaters.peers` counts them (without the transport's own
//! framing and acknowledgements), so they are the same on a slow and on a fast network.

use crate::sampling::median;
use crate::{Failure, say};
use acceptance::cluster::Cluster;
use acceptance::instance::binary;
use dag::clock::{Clock, System};
use mysql_async::prelude::Queryable;
use std::time::Duration;
use tokio::task::JoinSet;

const REPLICAS: usize = 5;
/// Pause of each replica's writer between commits: 5 replicas make 100 commits/s, far below what they can do, so that
/// what grows is not a backlog.
const PAUSE: Duration = Duration::from_millis(50);
/// Samples over the whole time; the first fifth warms up caches.
const SAMPLES: u32 = 60;
/// Each row is rewritten again and again, so that growth is not the data's.
const ROWS: u64 = 1_000;

/// What one replica's process holds.
#[derive(Clone, Copy)]
struct Sample {
    resident_mib: f64,
    handles: usize,
}

/// Runs the load, and says what was flat and what was not.
pub async fn run(minutes: f64) -> Result<(), Failure> {
    let cluster = Cluster::of(&binary(), REPLICAS).await;
    cluster
        .run(0, "CREATE DATABASE soak; CREATE TABLE soak.entry (replica INT, id BIGINT, note VARCHAR(200), PRIMARY KEY (replica, id))")
        .await;
    cluster.converged().await;
    let before = (sent(&cluster).await?, commits(&cluster).await?);
    let length = Duration::from_secs_f64(minutes * 60.0);
    let mut writers = JoinSet::new();
    for replica in 0..REPLICAS {
        writers.spawn(write(cluster.connect(replica).await, replica, length));
    }
    let mut samples = Vec::new();
    for _ in 0..SAMPLES {
        tokio::time::sleep(length / SAMPLES).await;
        let all: Result<Vec<Sample>, Failure> =
            (0..REPLICAS).map(|replica| sample(cluster.instance(replica).process())).collect();
        samples.push(all?);
    }
    let mut written = 0;
    while let Some(ended) = writers.join_next().await {
        written += ended??;
    }
    let standing = cluster.converged_within(Duration::from_secs(60)).await;
    say(format!("{written} commits in {minutes} minutes by {REPLICAS} replicas; all stand alike: {standing}"))?;
    for replica in 0..REPLICAS {
        report(replica, &samples)?;
    }
    let (bytes, made) = (sent(&cluster).await? - before.0, commits(&cluster).await?);
    let count = made.0 - before.1.0;
    let size = (made.1 - before.1.1) as f64 / count as f64;
    let each = bytes as f64 / (count * (REPLICAS as u64 - 1)) as f64;
    say(format!(
        "sent: {each:.0} bytes a commit and receiving peer; a commit has {size:.0} bytes; three times that and {:.0}",
        each - 3.0 * size
    ))?;
    Ok(())
}

async fn write(mut connection: mysql_async::Conn, replica: usize, length: Duration) -> Result<u64, Failure> {
    let clock = System::new();
    let start = clock.monotonic();
    let statement = connection.prep("REPLACE INTO soak.entry VALUES (?, ?, ?)").await?;
    let mut written = 0u64;
    while clock.monotonic() - start < length {
        let note = format!("{written:0>150}");
        connection.exec_drop(&statement, (replica, written % ROWS, note)).await?;
        written += 1;
        tokio::time::sleep(PAUSE).await;
    }
    Ok(written)
}

/// Bytes of messages that all replicas sent.
async fn sent(cluster: &Cluster) -> Result<u64, Failure> {
    let mut sum = 0;
    for replica in 0..REPLICAS {
        let query = "SELECT CAST(SUM(bytes_out) AS UNSIGNED) FROM headwaters.peers";
        sum += cluster.connect(replica).await.query_first::<u64, _>(query).await?.unwrap_or_default();
    }
    Ok(sum)
}

/// How many commits there are, and their bytes, headers and bodies.
async fn commits(cluster: &Cluster) -> Result<(u64, u64), Failure> {
    let query = "SELECT COUNT(*), CAST(SUM(size) AS UNSIGNED) FROM headwaters.commits";
    Ok(cluster.connect(0).await.query_first(query).await?.ok_or("no answer")?)
}

fn sample(process: u32) -> Result<Sample, Failure> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find(|l| l.starts_with("VmRSS:")).ok_or("no VmRSS in /proc")?;
    let kib: f64 = line.split_whitespace().nth(1).and_then(|n| n.parse().ok()).ok_or("no number in VmRSS")?;
    Ok(Sample { resident_mib: kib / 1024.0, handles: std::fs::read_dir(format!("/proc/{process}/fd"))?.count() })
}

/// The middle of the second fifth against the middle of the last: growth shows as a ratio above one.
fn report(replica: usize, samples: &[Vec<Sample>]) -> Result<(), Failure> {
    let fifth = samples.len() / 5;
    let middle = |from: usize, what: fn(&Sample) -> f64| {
        median(&samples[from..from + fifth].iter().map(|all| what(&all[replica])).collect::<Vec<_>>())
    };
    let (early, late) = (fifth, samples.len() - fifth);
    let memory: fn(&Sample) -> f64 = |s| s.resident_mib;
    let handles: fn(&Sample) -> f64 = |s| s.handles as f64;
    say(format!(
        "replica {replica}: memory {:.0} to {:.0} MiB (ratio {:.2}), file handles {:.0} to {:.0}",
        middle(early, memory),
        middle(late, memory),
        middle(late, memory) / middle(early, memory),
        middle(early, handles),
        middle(late, handles)
    ))?;
    Ok(())
}
