//! The seven scenarios that DoltSwarm only proposed, each under its name: linear main without merge commits, equal hashes
//! on all peers, conflicts settled alike and told to the writer, crash safety during linearizing, future skew held,
//! missed announcements repaired, a burst in one batch.

use super::swarm::with_table;
use acceptance::cluster::Cluster;
use acceptance::eventually::eventually;
use acceptance::skewed;
use mysql_async::prelude::Queryable;
use std::collections::BTreeSet;
use std::time::Duration;
use tokio::task::JoinSet;

/// Every replica but those named writes so many rows at once, from sessions of its own.
async fn write_at_once(cluster: &Cluster, rows: usize, base: usize) {
    let mut writers = JoinSet::new();
    for replica in cluster.running() {
        let mut connection = cluster.connect(replica).await;
        writers.spawn(async move {
            for number in base..base + rows {
                let row = format!("INSERT INTO shop.sale VALUES ({replica}, {number}, 'at once')");
                connection.query_drop(row).await.unwrap();
            }
        });
    }
    while let Some(ended) = writers.join_next().await {
        ended.unwrap();
    }
}

/// Five replicas write at once: main is a line, one position each, and no commit exists that nobody's transaction wrote.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn linear_main_without_merge_commits() {
    let cluster = with_table(5).await;
    let before = cluster.converged().await.order.len();
    // The founder has the whole log: a newcomer lists what lies above the checkpoint that it was cloned from, if an epoch
    // ended before it joined.
    let mut connection = cluster.connect(0).await;
    // Newcomers' first commits join the heads of their admission; they are there before.
    let joins = "SELECT COUNT(*) FROM headwaters.commits WHERE kind = 'join'";
    let joined: Option<u32> = connection.query_first(joins).await.unwrap();
    write_at_once(&cluster, 5, 0).await;
    let standing = cluster.converged().await;
    assert_eq!(standing.order.len(), before + 25, "one commit a transaction, none to merge them");
    let once: BTreeSet<&String> = standing.order.iter().map(|(id, _)| id).collect();
    assert_eq!(once.len(), standing.order.len(), "each at one position");
    let positions: Vec<u64> = connection.query("SELECT position FROM headwaters.log ORDER BY position").await.unwrap();
    assert_eq!(positions, (1..=standing.order.len() as u64).collect::<Vec<_>>());
    assert_eq!(connection.query_first(joins).await.unwrap(), joined);
}

/// Not only main's hash: the roots of checkpoints cut on each peer at the same place.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn equal_hashes_on_all_peers() {
    let cluster = with_table(5).await;
    write_at_once(&cluster, 4, 0).await;
    let standing = cluster.converged().await;
    let mut cuts = BTreeSet::new();
    for replica in cluster.running() {
        let cut: Option<(u64, String, String)> = cluster
            .connect(replica)
            .await
            .query_first("CALL headwaters.compact()")
            .await
            .unwrap()
            .map(|(position, root, main_hash, _): (u64, String, String, bool)| (position, root, main_hash));
        cuts.insert(cut.unwrap());
    }
    assert_eq!(cuts.len(), 1, "position, root and hash of main: {cuts:?}");
    let (position, _, hash) = cuts.pop_first().unwrap();
    assert_eq!((position as usize, hash), (standing.order.len(), standing.main_hash));
}

/// Two replicas that do not hear each other change one row; the earlier wins on both, and the session that wrote the
/// later one is warned, with the commit's name, by its next answer (R32).
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn conflicts_settled_alike_and_told_to_the_writer() {
    let mut cluster = with_table(2).await;
    cluster.run(0, "INSERT INTO shop.sale VALUES (0, 0, 'as it was')").await;
    cluster.converged().await;
    cluster.stop(0);
    let mut loser = cluster.connect(1).await;
    cluster.start_alone(0);
    cluster.run(0, "UPDATE shop.sale SET note = 'earlier' WHERE number = 0").await;
    cluster.stop(0);
    loser.query_drop("UPDATE shop.sale SET note = 'later' WHERE number = 0").await.unwrap();
    cluster.start(0);
    let standing = cluster.converged().await;
    assert_eq!(standing.conflicts.len(), 1, "{standing}");
    for replica in cluster.running() {
        let note: Option<String> =
            cluster.connect(replica).await.query_first("SELECT note FROM shop.sale").await.unwrap();
        assert_eq!(note.as_deref(), Some("earlier"));
    }
    loser.query_drop("SELECT 1").await.unwrap();
    assert!(loser.get_warnings() > 0, "the next answer warns");
    let warnings: Vec<(String, u16, String)> = loser.query("SHOW WARNINGS").await.unwrap();
    let named = warnings.iter().any(|(_, _, text)| text.contains(&standing.conflicts[0].0[..8]));
    assert!(named, "{warnings:?} names {}", standing.conflicts[0].0);
}

/// A replica that linearizes every second and cuts a checkpoint every few commits is killed again and again while
/// others write; it comes back to what they have.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn crash_safety_during_linearizing() {
    let mut cluster = with_table(2).await;
    cluster.stop(1);
    let eager = ["--checkpoint-commits", "5"].map(str::to_owned);
    cluster.launch(1).arguments.extend(eager);
    cluster.start(1);
    for round in 0..4u64 {
        write_at_once(&cluster, 20, round as usize * 100).await;
        tokio::time::sleep(Duration::from_millis(230 * round)).await;
        cluster.kill(1);
        cluster.run(0, &format!("INSERT INTO shop.sale VALUES (0, {}, 'meanwhile')", round * 100 + 50)).await;
        cluster.start(1);
    }
    let standing = cluster.converged().await;
    assert_eq!(standing.tables["shop.sale"].0, 4 * 41, "nothing acknowledged is lost on either");
    assert_eq!(standing.conflicts, []);
}

/// A commit from 9 s ahead is held by those whose clocks are right until it is at most 5 s ahead, and then enters (R9).
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn future_skew_held() {
    if !skewed::is_possible() {
        return;
    }
    let mut cluster = with_table(2).await;
    cluster.stop(1);
    cluster.launch(1).environment = skewed::by(9);
    cluster.start_alone(1);
    cluster.run(1, "INSERT INTO shop.sale VALUES (1, 0, 'from the future')").await;
    cluster.stop(1);
    cluster.start(1);
    let mut connection = cluster.connect(0).await;
    let held: String = eventually(Duration::from_secs(4), "the commit is held and shown", async || {
        let found = connection
            .query_first("SELECT reason FROM headwaters.held WHERE kind = 'commit'")
            .await
            .map_err(|e| e.to_string())?;
        found.ok_or_else(|| "headwaters.held is empty".to_owned())
    })
    .await;
    assert!(held.contains("ahead") || held.contains("future"), "{held}");
    let count: Option<u32> = connection.query_first("SELECT COUNT(*) FROM shop.sale").await.unwrap();
    assert_eq!(count, Some(0), "held is not applied");
    assert_eq!(cluster.converged().await.tables["shop.sale"].0, 1, "its time comes");
}

/// A replica that was down heard none of the announcements; nobody writes any more, and it has everything.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn missed_announcements_repaired() {
    let mut cluster = with_table(3).await;
    cluster.kill(2);
    write_at_once(&cluster, 30, 0).await;
    cluster.start(2);
    assert_eq!(cluster.converged().await.tables["shop.sale"].0, 60);
}

/// 400 commits within moments reach the other replica in a few fetches, not in 400.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_burst_in_one_batch() {
    let cluster = with_table(2).await;
    let before = cluster.converged().await.order.len();
    let asked = round_trips(&cluster, 1).await;
    let mut writers = JoinSet::new();
    for writer in 0..8 {
        let mut connection = cluster.connect(0).await;
        writers.spawn(async move {
            for number in 0..50 {
                let row = format!("INSERT INTO shop.sale VALUES ({writer}, {number}, 'burst')");
                connection.query_drop(row).await.unwrap();
            }
        });
    }
    while let Some(ended) = writers.join_next().await {
        ended.unwrap();
    }
    let standing = cluster.converged_within(Duration::from_secs(10)).await;
    assert_eq!(standing.order.len(), before + 400);
    let trips = round_trips(&cluster, 1).await - asked;
    assert!(trips < 200, "400 commits in {trips} round trips");
}

/// Requests for commits that a replica made so far.
async fn round_trips(cluster: &Cluster, replica: usize) -> u64 {
    let query = "SELECT CAST(SUM(round_trips) AS UNSIGNED) FROM headwaters.peers";
    cluster.connect(replica).await.query_first(query).await.unwrap().expect("it has a peer")
}
