//! Two peers of one database, cut off from each other, both written to, and connected again.
//!
//! Shows: each answers by itself while it is alone; the moment they have each other's commits they give one answer, with
//! one hash of main; of two changes to one row the earlier stands on both, and the later is parked, named in
//! `headwaters.conflicts`, and settled by whoever wrote it. Starts both replicas itself, on free ports. Run:
//! `cargo build --release && cargo run --release --example two_peers`

use acceptance::cluster::Cluster;
use acceptance::instance::binary;
use mysql_async::prelude::Queryable;
use std::error::Error;
use std::io::Write;

type Failure = Box<dyn Error + Send + Sync>;

/// The replicas' numbers and their names in what is printed.
const PEERS: [(usize, &str); 2] = [(0, "Ada's"), (1, "Bob's")];

const SCHEMA: &str = "CREATE DATABASE shop;
    CREATE TABLE shop.item (name VARCHAR(20) PRIMARY KEY, price DECIMAL(8, 2) NOT NULL);
    INSERT INTO shop.item VALUES ('table', 100), ('lamp', 30)";

#[tokio::main]
async fn main() -> Result<(), Failure> {
    say("Two replicas of one database: Ada founds it and invites Bob.")?;
    let mut cluster = Cluster::of(&binary(), 2).await;
    cluster.run(0, SCHEMA).await;
    cluster.converged().await;
    show(&cluster).await?;

    say("\nThe line between them is cut. Both sell on: each adds an item, and both set the table's price.")?;
    for (peer, _) in PEERS {
        cluster.stop(peer);
        cluster.start_alone(peer);
    }
    cluster.run(0, "INSERT INTO shop.item VALUES ('chair', 45)").await;
    cluster.run(0, "UPDATE shop.item SET price = 90 WHERE name = 'table'").await;
    cluster.run(1, "INSERT INTO shop.item VALUES ('shelf', 70)").await;
    cluster.run(1, "UPDATE shop.item SET price = 120 WHERE name = 'table'").await;
    show(&cluster).await?;

    say("\nThey are connected again. Nobody decides anything: the order of commits does, alike on both.")?;
    for (peer, _) in PEERS {
        cluster.stop(peer);
        cluster.start(peer);
    }
    cluster.converged().await;
    show(&cluster).await?;

    say("\nBob's price came later, so it is parked: kept, visible, nothing of it half done.")?;
    conflicts(&cluster, 1).await?;

    say("\nBob looks at what stands now and decides: a price in between, and the parked one is settled, on both.")?;
    cluster.run(1, "UPDATE shop.item SET price = 105 WHERE name = 'table'").await;
    settle(&cluster, 1).await?;
    cluster.converged().await;
    show(&cluster).await?;
    for (peer, name) in PEERS {
        let mut connection = cluster.connect(peer).await;
        let left: Option<u64> = connection.query_first("SELECT COUNT(*) FROM headwaters.conflicts").await?;
        say(format!("  {name} conflicts left: {}", left.unwrap_or_default()))?;
        connection.disconnect().await?;
    }
    Ok(())
}

/// Lets stand what stands, for every parked commit.
async fn settle(cluster: &Cluster, peer: usize) -> Result<(), Failure> {
    let mut connection = cluster.connect(peer).await;
    let parked: Vec<String> = connection.query("SELECT id FROM headwaters.conflicts").await?;
    for id in parked {
        connection.query_drop(format!("CALL headwaters.resolve('{id}', 'theirs')")).await?;
    }
    Ok(connection.disconnect().await?)
}

/// What each peer answers, and main's hash as it knows it.
async fn show(cluster: &Cluster) -> Result<(), Failure> {
    for (peer, name) in PEERS {
        let mut connection = cluster.connect(peer).await;
        let items: Vec<(String, String)> =
            connection.query("SELECT name, CAST(price AS CHAR) FROM shop.item ORDER BY name").await?;
        let hash: Option<String> =
            connection.query_first("SELECT value FROM headwaters.status WHERE name = 'main_hash'").await?;
        let items: Vec<String> = items.into_iter().map(|(name, price)| format!("{name} {price}")).collect();
        say(format!("  {name} answer: {:<55} main {}", items.join(", "), hash.unwrap_or_default()))?;
        connection.disconnect().await?;
    }
    Ok(())
}

/// The parked commits as a peer shows them.
async fn conflicts(cluster: &Cluster, peer: usize) -> Result<(), Failure> {
    let mut connection = cluster.connect(peer).await;
    let query = "SELECT id, reason, against FROM headwaters.conflicts";
    let parked: Vec<(String, String, Option<String>)> = connection.query(query).await?;
    for (id, reason, against) in parked {
        say(format!("  parked: {id}\n  reason: {reason}\n  against: {}", against.unwrap_or_default()))?;
    }
    connection.disconnect().await?;
    Ok(())
}

fn say(text: impl AsRef<str>) -> std::io::Result<()> {
    writeln!(std::io::stdout(), "{}", text.as_ref())
}
