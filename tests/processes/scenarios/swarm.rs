//! The scenarios that DoltSwarm's integration tests run, each under its name: initial convergence, insert and
//! convergence, late joiner, sequential propagation, concurrent writes, commit-order consistency.
//!
//! There they allow two minutes to converge; here each has seconds, and equal heads must also mean equal hashes,
//! outcomes and rows (`Standing`).

use super::super::BINARY;
use acceptance::cluster::Cluster;
use acceptance::standing::Standing;
use mysql_async::prelude::Queryable;
use std::time::Duration;
use tokio::task::JoinSet;

/// A table with one row for each (replica, number).
pub const TABLE: &str = "CREATE DATABASE shop; CREATE TABLE shop.sale (replica INT, number INT, note VARCHAR(40), PRIMARY KEY (replica, number))";
/// One commit among connected replicas on a busy machine.
const SOON: Duration = Duration::from_secs(10);

/// So many replicas that all have the table.
pub async fn with_table(size: usize) -> Cluster {
    let cluster = Cluster::of(BINARY, size).await;
    cluster.run(0, TABLE).await;
    cluster.converged().await;
    cluster
}

fn insert(replica: usize, number: usize) -> String {
    format!("INSERT INTO shop.sale VALUES ({replica}, {number}, 'by {replica}')")
}

/// Five replicas that only met stand alike, and know each other as members.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn initial_convergence() {
    let cluster = Cluster::of(BINARY, 5).await;
    let standing = cluster.converged().await;
    assert_eq!(standing.conflicts, []);
    for number in cluster.running() {
        let members: Option<u32> =
            cluster.connect(number).await.query_first("SELECT COUNT(*) FROM headwaters.members").await.unwrap();
        assert_eq!(members, Some(5 + 1), "five replicas and the recovery key, as replica {number} sees them");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn insert_and_convergence() {
    let cluster = with_table(5).await;
    for replica in 0..5 {
        cluster.run(replica, &insert(replica, 0)).await;
    }
    let standing = cluster.converged_within(SOON).await;
    assert_eq!(standing.tables["shop.sale"].0, 5);
    assert_eq!(standing.conflicts, []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn late_joiner() {
    let mut cluster = with_table(2).await;
    for number in 0..20 {
        cluster.run(number % 2, &insert(number % 2, number)).await;
    }
    let before = cluster.converged().await;
    let late = cluster.join();
    cluster.met().await;
    let after = cluster.converged().await;
    assert_eq!(after.tables, before.tables, "the joiner has what was there");
    assert_eq!(after.order[..before.order.len()], before.order[..], "nothing before it has changed");
    // It lists what lies above the checkpoint that it was cloned from, if an epoch ended meanwhile: else everything.
    let mut connection = cluster.connect(late).await;
    let below = "SELECT CAST(value AS UNSIGNED) FROM headwaters.status WHERE name = 'cloned_at'";
    let below: usize = connection.query_first(below).await.unwrap().unwrap();
    let own = Standing::of(&mut connection).await.unwrap();
    assert_eq!(own.order, after.order[below..], "and its history, but for {below} commits below its checkpoint");
    assert_eq!(own.main_hash, after.main_hash, "which main's hash covers");
    cluster.run(late, &insert(late, 0)).await;
    assert_eq!(cluster.converged_within(SOON).await.tables["shop.sale"].0, 21, "and is heard");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sequential_propagation() {
    let cluster = with_table(5).await;
    let mut last = cluster.converged().await.order.len();
    for number in 0..5 {
        cluster.run(0, &insert(0, number)).await;
        let standing = cluster.converged_within(SOON).await;
        assert_eq!(standing.tables["shop.sale"].0 as usize, number + 1);
        assert_eq!(standing.order.len(), last + 1, "one transaction is one commit");
        last += 1;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_writes() {
    for size in [2, 5] {
        let cluster = with_table(size).await;
        let mut writers = JoinSet::new();
        for replica in 0..size {
            let mut connection = cluster.connect(replica).await;
            writers.spawn(async move {
                for number in 0..10 {
                    connection.query_drop(insert(replica, number)).await.unwrap();
                }
            });
        }
        while let Some(ended) = writers.join_next().await {
            ended.unwrap();
        }
        let standing = cluster.converged_within(SOON).await;
        assert_eq!(standing.tables["shop.sale"].0 as usize, size * 10);
        assert_eq!(standing.conflicts, [], "rows of their own never meet");
    }
}

/// Three rounds, one replica after the other: the order is one on all, and says who wrote after whom.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commit_order_consistency() {
    let cluster = with_table(5).await;
    let start = cluster.converged().await.order.len();
    for round in 0..3 {
        for replica in 0..5 {
            cluster.run(replica, &insert(replica, round)).await;
        }
        cluster.converged_within(SOON).await;
    }
    assert_eq!(cluster.converged().await.order.len(), start + 15);
    let query = "SELECT c.id FROM headwaters.commits c JOIN headwaters.log l ON l.id = c.id ORDER BY c.hlc, c.author";
    let by_time: Vec<String> = cluster.connect(4).await.query(query).await.unwrap();
    let order: Vec<String> = cluster.converged().await.order.into_iter().map(|(id, _)| id).collect();
    assert_eq!(order, by_time, "main is in the order of time, then author (R20)");
}
