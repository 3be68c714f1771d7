//! One author key in two places (R6): a copied folder that lives twice, and a backup that was put back.

use super::swarm::with_table;
use acceptance::cluster::Cluster;
use mysql_async::Conn;
use mysql_async::prelude::Queryable;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// Longest that a replica goes on writing beside its twin.
const SOON: Duration = Duration::from_secs(10);

fn copy(from: &Path, to: &Path) {
    let done = Command::new("cp").arg("-a").arg(from).arg(to).status().unwrap();
    assert!(done.success(), "{} is copied", from.display());
}

/// Writes row after row until it is refused; how many were taken, and why no more.
async fn until_refused(mut connection: Conn, replica: usize) -> (usize, mysql_async::Error) {
    let end = Instant::now() + SOON;
    for number in 0.. {
        let row = format!("INSERT INTO shop.sale VALUES ({replica}, {number}, 'twin')");
        if let Err(error) = connection.query_drop(row).await {
            return (number, error);
        }
        assert!(Instant::now() < end, "replica {replica} goes on writing beside its twin");
        sleep(Duration::from_millis(20)).await;
    }
    unreachable!("the loop ends by a refusal or the clock")
}

/// Replica 1 lives twice, as 1 and 3; `roads`: where both look for others, instead of at everybody's addresses.
async fn twins(roads: impl Fn(&Cluster) -> Option<Vec<SocketAddr>>) {
    let mut cluster = with_table(3).await;
    cluster.stop(1);
    let twin = cluster.add();
    let folders = [1, twin].map(|number| cluster.launch(number).folder.clone());
    copy(&folders[0], &folders[1]);
    if let Some(roads) = roads(&cluster) {
        for number in [1, twin] {
            cluster.roads(number, roads.clone());
            std::fs::write(folders[usize::from(number == twin)].join("known-peers.json"), "[]").unwrap();
        }
    }
    cluster.start(1);
    cluster.start(twin);
    let (one, other) = (cluster.connect(1).await, cluster.connect(twin).await);
    let (one, other) = tokio::join!(until_refused(one, 1), until_refused(other, twin));
    for (_, error) in [one, other] {
        let mysql_async::Error::Server(error) = error else { panic!("{error}") };
        assert_eq!(error.code, 1290, "{error}");
        for said in ["same author key", "stop one of the two for good", "invite"] {
            assert!(error.message.contains(said), "{error} says {said:?}");
        }
    }
    // The others go on, and agree on what both wrote.
    for replica in [0, 2] {
        cluster.run(replica, &format!("INSERT INTO shop.sale VALUES ({replica}, 0, 'not concerned')")).await;
    }
    cluster.kill(1);
    cluster.kill(twin);
    cluster.converged().await;
}

/// Both meet each other and two other replicas.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_replicas_with_one_author_key() {
    twins(|_| None).await;
}

/// Both know only the founder, who tells each of the other.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_replicas_with_one_author_key_that_meet_only_a_third() {
    twins(|cluster| Some(vec![cluster.peers(0)])).await;
}

/// A folder from before the newest commits goes on in a run of its own, gets its own later commits back from others, and
/// nobody takes it for an equivocator.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restored_backup_goes_on() {
    let mut cluster = with_table(2).await;
    cluster.run(1, "INSERT INTO shop.sale VALUES (1, 0, 'before the backup')").await;
    cluster.stop(1);
    let (folder, backup) = (cluster.launch(1).folder.clone(), cluster.folder().join("backup"));
    copy(&folder, &backup);
    cluster.start(1);
    cluster.run(1, "INSERT INTO shop.sale VALUES (1, 1, 'after the backup')").await;
    cluster.converged().await;
    cluster.kill(1);
    std::fs::remove_dir_all(&folder).unwrap();
    copy(&backup, &folder);
    cluster.start(1);
    cluster.run(1, "INSERT INTO shop.sale VALUES (1, 2, 'restored')").await;
    let standing = cluster.converged().await;
    assert_eq!((standing.tables["shop.sale"].0, standing.conflicts.len()), (3, 0), "{standing}");
    sleep(Duration::from_secs(1)).await;
    for replica in 0..2 {
        let note = format!("INSERT INTO shop.sale VALUES ({replica}, 9, 'still writes')");
        cluster.run(replica, &note).await;
        let forked = "SELECT COUNT(*) FROM headwaters.members WHERE equivocated";
        let forked: Option<u32> = cluster.connect(replica).await.query_first(forked).await.unwrap();
        assert_eq!(forked, Some(0));
    }
    cluster.converged().await;
}
