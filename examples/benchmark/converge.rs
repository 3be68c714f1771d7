//! From the last acknowledgement until five replicas on this machine give one merged answer: a burst of commits, one
//! commit, ten thousand.
//!
//! Every replica is asked for count and sum of the burst's rows by a client of its own, again and again, so what is measured
//! includes the clients' share of the two cores. Afterwards, outside the time, heads, main and rows are compared whole.

use crate::sampling::median;
use crate::{Failure, say};
use acceptance::cluster::Cluster;
use acceptance::instance::binary;
use mysql_async::Conn;
use mysql_async::prelude::Queryable;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

const REPLICAS: u64 = 5;
/// Between two questions to one replica.
const ASK_EVERY: Duration = Duration::from_millis(1);
/// Between bursts, so that one's announcements are not the next one's.
const REST: Duration = Duration::from_millis(300);
/// Bursts of a round of the whole command.
const BURSTS: usize = 20;

/// A cluster, a client at each replica, and how many rows there are.
struct Bench {
    cluster: Cluster,
    clients: Vec<Conn>,
    rows: u64,
}

/// Prints the three figures.
pub async fn run(rounds: usize) -> Result<(), Failure> {
    let cluster = Cluster::of(&binary(), REPLICAS as usize).await;
    cluster.run(0, "CREATE DATABASE bench; CREATE TABLE bench.t (id BIGINT PRIMARY KEY, note VARCHAR(200))").await;
    cluster.converged().await;
    let mut clients = Vec::new();
    for replica in 0..REPLICAS as usize {
        clients.push(cluster.connect(replica).await);
    }
    let mut bench = Bench { cluster, clients, rows: 0 };
    // Everybody has written once, so that plans and connections are warm.
    bench.burst(10).await?;
    bench.report("one commit", 1, 0, BURSTS * rounds).await?;
    bench.report("50 commits, ten on each of five", 0, 10, BURSTS * rounds).await?;
    bench.report("10,000 commits, 2,000 on each of five", 0, 2_000, rounds).await?;
    bench.cluster.converged().await;
    say(format!("afterwards heads, main's hash and all {} rows are equal on the five replicas", bench.rows))
        .map_err(Failure::from)
}

impl Bench {
    /// Takes one figure: `one` replica writes one commit, or all write `each`.
    async fn report(&mut self, name: &str, one: u64, each: u64, bursts: usize) -> Result<(), Failure> {
        let before = self.traffic().await?;
        let (mut times, mut commits) = (Vec::new(), 0);
        for burst in 0..bursts {
            tokio::time::sleep(REST).await;
            let taken = if one > 0 { self.single(burst).await? } else { self.burst(each).await? };
            commits += if one > 0 { one } else { each * REPLICAS };
            times.push(taken.as_secs_f64() * 1_000.0);
        }
        let after = self.traffic().await?;
        let (trips, bytes) = (after.0 - before.0, after.1 - before.1);
        times.sort_by(f64::total_cmp);
        let late = times[(times.len() * 99 / 100).min(times.len() - 1)];
        let receivers = (REPLICAS - 1) as f64 * commits as f64;
        say(format!(
            "{name}: p50 {:.1} ms, p99 {late:.1} ms of {bursts}; {:.2} round trips a burst and replica, {:.0} bytes a commit and receiver",
            median(&times),
            trips as f64 / bursts as f64 / REPLICAS as f64,
            bytes as f64 / receivers,
        ))?;
        Ok(())
    }

    #[allow(clippy::disallowed_methods, reason = "a stopwatch around clients' statements")]
    async fn single(&mut self, burst: usize) -> Result<Duration, Failure> {
        let writer = burst % self.clients.len();
        insert(&mut self.clients[writer], self.rows).await?;
        let acknowledged = Instant::now();
        self.rows += 1;
        self.answered(1).await?;
        Ok(acknowledged.elapsed())
    }

    #[allow(clippy::disallowed_methods, reason = "a stopwatch around clients' statements")]
    async fn burst(&mut self, each: u64) -> Result<Duration, Failure> {
        let mut writers = JoinSet::new();
        for (number, mut client) in self.clients.drain(..).enumerate() {
            let first = self.rows + number as u64 * each;
            writers.spawn(async move {
                for id in first..first + each {
                    insert(&mut client, id).await?;
                }
                Ok::<_, Failure>((number, client, Instant::now()))
            });
        }
        let mut done = Vec::new();
        while let Some(ended) = writers.join_next().await {
            done.push(ended??);
        }
        done.sort_by_key(|(number, ..)| *number);
        let last = done.iter().map(|(.., at)| *at).max().ok_or("no writers")?;
        self.clients = done.into_iter().map(|(_, client, _)| client).collect();
        self.rows += each * REPLICAS;
        self.answered(each * REPLICAS).await?;
        Ok(last.elapsed())
    }

    /// Until every replica counts the last `count` rows, and their ids add up.
    async fn answered(&mut self, count: u64) -> Result<(), Failure> {
        let first = self.rows - count;
        let wanted = (count, (first..self.rows).sum());
        let mut askers = JoinSet::new();
        for (number, mut client) in self.clients.drain(..).enumerate() {
            askers.spawn(async move {
                let query = "SELECT COUNT(*), CAST(COALESCE(SUM(id), 0) AS UNSIGNED) FROM bench.t WHERE id >= ?";
                let statement = client.prep(query).await?;
                loop {
                    let answer: Option<(u64, u64)> = client.exec_first(&statement, (first,)).await?;
                    if answer == Some(wanted) {
                        return Ok::<_, Failure>((number, client));
                    }
                    tokio::time::sleep(ASK_EVERY).await;
                }
            });
        }
        let mut done = Vec::new();
        while let Some(ended) = askers.join_next().await {
            done.push(ended??);
        }
        done.sort_by_key(|(number, _)| *number);
        self.clients = done.into_iter().map(|(_, client)| client).collect();
        Ok(())
    }

    /// Requests for commits that all replicas made, and bytes of messages that they sent.
    async fn traffic(&mut self) -> Result<(u64, u64), Failure> {
        let query = "SELECT CAST(SUM(round_trips) AS UNSIGNED), CAST(SUM(bytes_out) AS UNSIGNED) FROM headwaters.peers";
        let mut sum = (0, 0);
        for client in &mut self.clients {
            let (trips, bytes): (u64, u64) = client.query_first(query).await?.ok_or("no answer")?;
            sum = (sum.0 + trips, sum.1 + bytes);
        }
        Ok(sum)
    }
}

async fn insert(client: &mut Conn, id: u64) -> Result<(), Failure> {
    Ok(client
        .exec_drop("INSERT INTO bench.t VALUES (?, 'a line of a log that somebody wrote to be read later')", (id,))
        .await?)
}
