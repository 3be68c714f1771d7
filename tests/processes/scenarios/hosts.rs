//! Replicas on test hosts of their own (network namespaces): cables pulled and plugged in again, kill -9 while cut off, a
//! slow and lossy link, clocks apart. After healing all stand alike, and nothing acknowledged is lost: the ledger is
//! kept here, outside the processes.
//!
//! Left out with a note where namespaces are not allowed.

use super::super::BINARY;
use super::swarm::TABLE;
use acceptance::cluster::Cluster;
use acceptance::hosts::{self, Hosts};
use acceptance::relay::{Relay, Weather};
use acceptance::skewed;
use acceptance::standing::Standing;
use mysql_async::prelude::Queryable;
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::Duration;

/// The port for peers on every host.
const PEERS: u16 = 3317;
/// Longest wait after a cable is plugged in: connections that died silently are noticed and dialed again.
const HEALING: Duration = Duration::from_secs(45);

/// What was acknowledged: (replica, number).
#[derive(Default)]
struct Ledger(BTreeSet<(usize, usize)>);

impl Ledger {
    /// Writes rows on a replica, one commit each, and remembers what was acknowledged.
    async fn write(&mut self, cluster: &Cluster, replica: usize, numbers: std::ops::Range<usize>) {
        let mut connection = cluster.connect(replica).await;
        for number in numbers {
            let row = format!("INSERT INTO shop.sale VALUES ({replica}, {number}, 'acknowledged')");
            connection.query_drop(row).await.unwrap_or_else(|e| panic!("replica {replica}: {e}"));
            self.0.insert((replica, number));
        }
    }

    /// Waits until all stand alike; every acknowledged row is there on every replica.
    async fn holds(&self, cluster: &Cluster) -> Standing {
        let standing = cluster.converged_within(HEALING).await;
        let present: Vec<(usize, usize)> =
            cluster.connect(0).await.query("SELECT replica, number FROM shop.sale").await.unwrap();
        let present: BTreeSet<_> = present.into_iter().collect();
        let lost: Vec<_> = self.0.difference(&present).collect();
        assert!(lost.is_empty(), "acknowledged and lost: {lost:?}; {standing}");
        standing
    }
}

/// One replica a host, all members, all connected, with the table.
async fn on(hosts: &Hosts, count: u8) -> Cluster {
    let mut cluster = Cluster::empty(BINARY);
    let password = hosts::password(cluster.folder());
    for n in 0..count {
        let number = cluster.add();
        cluster.listen(number, SocketAddr::new(hosts.cabled(n).into(), PEERS));
        let launch = cluster.launch(number);
        launch.inside = hosts.inside(n);
        launch.listen = format!("{}:3316", hosts.control(n));
        launch.password = Some(password.clone());
    }
    cluster.populate().await;
    cluster.run(0, TABLE).await;
    cluster.converged().await;
    cluster
}

/// One of three is cut off, all go on writing, also in the same rows; one is killed and comes back meanwhile.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cut_cable_and_a_kill_lose_nothing_acknowledged() {
    let Some(hosts) = Hosts::make(3) else { return };
    let mut cluster = on(&hosts, 3).await;
    let mut ledger = Ledger::default();
    ledger.write(&cluster, 0, 0..10).await;
    ledger.holds(&cluster).await;

    hosts.pull(2);
    for replica in 0..3 {
        ledger.write(&cluster, replica, 100..120).await;
    }
    cluster.run(0, "UPDATE shop.sale SET note = 'by 0' WHERE replica = 0 AND number = 5").await;
    cluster.run(2, "UPDATE shop.sale SET note = 'by 2' WHERE replica = 0 AND number = 5").await;
    cluster.kill(2);
    cluster.start(2);
    ledger.write(&cluster, 2, 120..130).await;
    hosts.plug(2).unwrap();
    let standing = ledger.holds(&cluster).await;
    assert_eq!(standing.conflicts.len(), 1, "one of the two updates is parked: {standing}");

    hosts.pull(1);
    ledger.write(&cluster, 1, 200..210).await;
    cluster.kill(0);
    ledger.write(&cluster, 2, 200..210).await;
    cluster.start(0);
    ledger.write(&cluster, 0, 200..210).await;
    hosts.plug(1).unwrap();
    ledger.holds(&cluster).await;
}

/// Two hosts without a cable between them meet over a relay: 40 ms each way, 3 % lost, half a megabyte a second; then
/// the relay is cut and opened again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_and_lossy_link_only_takes_longer() {
    let Some(hosts) = Hosts::make(2) else { return };
    let mut cluster = on(&hosts, 2).await;
    cluster.stop(0);
    cluster.stop(1);
    hosts.pull(0);
    hosts.pull(1);
    cluster.listen(0, SocketAddr::new(hosts.control(0).into(), PEERS));
    cluster.start(0);
    let relay = Relay::start(&hosts.gateway(1).to_string(), cluster.peers(0), 11).await.unwrap();
    let weather =
        Weather { delay: Duration::from_millis(40), lost_permille: 30, bytes_per_second: 500_000, cut: false };
    relay.set(weather);
    cluster.roads(1, vec![relay.address()]);
    cluster.start(1);
    let mut ledger = Ledger::default();
    for replica in 0..2 {
        ledger.write(&cluster, replica, 0..50).await;
    }
    ledger.holds(&cluster).await;
    relay.set(Weather { cut: true, ..weather });
    for replica in 0..2 {
        ledger.write(&cluster, replica, 50..80).await;
    }
    relay.set(weather);
    ledger.holds(&cluster).await;
}

/// Nobody names an address, nobody remembers one, and one has moved: on one network they find each other by mDNS.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn neighbours_on_a_network_find_each_other() {
    let Some(hosts) = Hosts::make(2) else { return };
    let mut cluster = on(&hosts, 2).await;
    for number in 0..2 {
        cluster.stop(number);
        let _not_kept_yet = std::fs::remove_file(cluster.folder().join(format!("replica-{number}/known-peers.json")));
        cluster.roads(number, Vec::new());
        cluster.launch(number).arguments.extend(["--mdns", "on"].map(str::to_owned));
    }
    cluster.listen(1, SocketAddr::new(hosts.cabled(1).into(), PEERS + 1));
    cluster.start(0);
    cluster.start(1);
    cluster.met().await;
    let mut ledger = Ledger::default();
    ledger.write(&cluster, 1, 0..3).await;
    ledger.holds(&cluster).await;
}

/// Clocks 3 s apart are within the bound (R9): all write, and the order is one; then the clock is set right.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clocks_apart() {
    if !skewed::is_possible() {
        return;
    }
    let Some(hosts) = Hosts::make(3) else { return };
    let mut cluster = on(&hosts, 3).await;
    let mut ledger = Ledger::default();
    cluster.stop(2);
    cluster.launch(2).environment = skewed::by(-3);
    cluster.start(2);
    // It has the table from before, so it waits for nobody.
    for replica in [2, 0, 1] {
        ledger.write(&cluster, replica, 0..5).await;
    }
    ledger.holds(&cluster).await;
    cluster.stop(2);
    cluster.launch(2).environment.clear();
    cluster.start(2);
    ledger.write(&cluster, 2, 5..10).await;
    ledger.holds(&cluster).await;
}
