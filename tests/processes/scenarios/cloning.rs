//! A newcomer takes a checkpoint that members vouch for, and the tail, between real processes.
//!
//! Members cut when each likes: one is asked to compact, another runs out of memory. They must end with stable checkpoints
//! at equal places all the same (R30), or nobody has a majority to show to newcomers.

use super::swarm::with_table;
use acceptance::cluster::{Cluster, PATIENCE};
use acceptance::eventually::eventually;
use mysql_async::prelude::Queryable;

/// Position and root of a replica's newest stable checkpoint.
async fn newest_stable(cluster: &Cluster, replica: usize) -> Option<(u64, String)> {
    let query = "SELECT position, root FROM headwaters.checkpoints WHERE stable ORDER BY position DESC LIMIT 1";
    cluster.connect(replica).await.query_first(query).await.unwrap()
}

async fn status(cluster: &Cluster, replica: usize, name: &str) -> String {
    let query = format!("SELECT value FROM headwaters.status WHERE name = '{name}'");
    cluster.connect(replica).await.query_first(query).await.unwrap().unwrap()
}

/// Writes rows on every replica, one after the other.
async fn write(cluster: &Cluster, from: usize) {
    for number in from..from + 30 {
        let replica = number % 3;
        cluster.run(replica, &format!("INSERT INTO shop.sale VALUES ({replica}, {number}, 'sold')")).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn members_that_compact_at_different_times_vouch_for_one_checkpoint() {
    let mut cluster = with_table(3).await;
    let mut asked = Vec::new();
    for replica in 0..3 {
        write(&cluster, replica * 30).await;
        // What is still on its way would come below the cut and void it.
        cluster.converged().await;
        let cut: Option<(u64, String, String, u8)> =
            cluster.connect(replica).await.query_first("CALL headwaters.compact()").await.unwrap();
        asked.push(cut.unwrap().0);
    }
    assert!(asked[0] < asked[1] && asked[1] < asked[2], "each compacted elsewhere: {asked:?}");
    write(&cluster, 90).await;
    let agreed = eventually(PATIENCE, "all have cut at one place that is stable", async || {
        let mut all = Vec::new();
        for replica in 0..3 {
            all.push(newest_stable(&cluster, replica).await);
        }
        match &all[0] {
            Some(first) if all.iter().all(|one| one.as_ref() == Some(first)) => Ok(first.clone()),
            _ => Err(format!("{all:?}")),
        }
    })
    .await;
    let late = cluster.join();
    cluster.met().await;
    assert_eq!(status(&cluster, late, "cloned_at").await, agreed.0.to_string(), "it took the checkpoint");
    let there = cluster.converged().await;
    assert_eq!(there.tables["shop.sale"].0, 120);
    let lowest: Option<u64> =
        cluster.connect(late).await.query_first("SELECT MIN(position) FROM headwaters.log").await.unwrap();
    assert_eq!(lowest, Some(agreed.0 + 1), "and the commits above it, no others");
    // It cuts and vouches like the others, at the same place.
    cluster.run(1, "CALL headwaters.compact()").await;
    eventually(PATIENCE, "the newcomer cuts where the others do", async || {
        let (one, newcomer) = (newest_stable(&cluster, 1).await, newest_stable(&cluster, late).await);
        if one == newcomer && one > Some(agreed.clone()) { Ok(()) } else { Err(format!("{one:?}, {newcomer:?}")) }
    })
    .await;
}
