//! A replica whose clock is wrong against its peers' (R9): it stops writing, says why, and goes on when the clock is right.

use super::swarm::with_table;
use acceptance::eventually::eventually;
use acceptance::skewed;
use mysql_async::Conn;
use mysql_async::prelude::Queryable;
use std::time::Duration;

/// Clocks are compared every ten seconds.
const COMPARED: Duration = Duration::from_secs(15);

async fn writes(connection: &mut Conn) -> Result<String, String> {
    let query = "SELECT value FROM headwaters.status WHERE name = 'writes'";
    let found: Option<String> = connection.query_first(query).await.map_err(|e| e.to_string())?;
    found.ok_or_else(|| "no such line".to_owned())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_clock_stops_writes_until_it_is_right() {
    if !skewed::is_possible() {
        return;
    }
    let mut cluster = with_table(3).await;
    let clock = cluster.folder().join("clock");
    skewed::move_to(&clock, 9);
    cluster.stop(2);
    cluster.launch(2).environment = skewed::by_file(&clock);
    cluster.start(2);
    let mut connection = cluster.connect(2).await;
    let said = eventually(COMPARED, "the replica finds its clock wrong", async || {
        Some(writes(&mut connection).await?).filter(|said| said != "accepted").ok_or_else(|| "accepted".to_owned())
    })
    .await;
    assert!(said.contains("9 s ahead of") && said.contains("doctor"), "{said}");
    let refused = connection.query_drop("INSERT INTO shop.sale VALUES (2, 0, 'wrong')").await.unwrap_err();
    assert!(matches!(&refused, mysql_async::Error::Server(e) if e.code == 1290), "{refused}");
    let doctor = cluster.verb(2, &["doctor"]).expect_err("something is wrong");
    let line = doctor.lines().find(|line| line.contains("peers' clocks")).unwrap_or_default();
    assert!(line.contains("WRONG") && line.contains("NTP"), "{doctor}");
    // Nobody else is concerned.
    for replica in [0, 1] {
        cluster.run(replica, &format!("INSERT INTO shop.sale VALUES ({replica}, 0, 'right')")).await;
        assert_eq!(writes(&mut cluster.connect(replica).await).await.as_deref(), Ok("accepted"));
    }

    skewed::move_to(&clock, 0);
    eventually(2 * COMPARED, "writes are accepted again", async || {
        connection.query_drop("INSERT INTO shop.sale VALUES (2, 1, 'right')").await.map_err(|e| e.to_string())
    })
    .await;
    assert_eq!(cluster.converged().await.tables["shop.sale"].0, 3);
    let doctor = cluster.verb(2, &["doctor"]).unwrap_or_else(|complaint| complaint);
    let of = |check: &str| doctor.lines().find(|line| line.contains(check)).unwrap_or_default().to_owned();
    for check in ["peers' port", "peers' clocks", "peers "] {
        assert!(!of(check).contains("WRONG"), "{doctor}");
    }
    assert!(of("peers ").contains("2 of 2 other members reached"), "{doctor}");
}
