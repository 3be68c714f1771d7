//! Real replicas over a real network: what one writes, the others show.

use super::BINARY;
use acceptance::instance::Instance;
use mysql_async::Conn;
use mysql_async::prelude::Queryable;
use std::path::Path;
use std::process::Command;
use std::time::Duration;
use tempfile::TempDir;

/// How long a commit may take to reach everybody on a loaded machine.
const LIMIT: Duration = Duration::from_secs(20);

/// Two folders of one database: the founder's, and one whose author is the recovery key, an admin from the first
/// moment. No ticket is needed.
fn two_of_one_database() -> [TempDir; 2] {
    let folders = [(); 2].map(|()| tempfile::tempdir().unwrap());
    let [first, second] = folders.each_ref().map(TempDir::path);
    let init = Command::new(BINARY).arg("--data").arg(first).arg("init").output().unwrap();
    let text = String::from_utf8_lossy(&init.stdout).into_owned();
    let key = text.lines().find_map(|line| line.trim().strip_prefix("recovery key: ")).expect("init shows the key");
    std::fs::copy(first.join("genesis"), second.join("genesis")).unwrap();
    std::fs::write(second.join("author.key"), format!("{key}\n")).unwrap();
    private(&second.join("author.key"));
    folders
}

fn private(path: &Path) {
    std::fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
}

/// Waits until the query gives this.
pub async fn wait_for(conn: &mut Conn, query: &str, wanted: &str) {
    let mut waited = Duration::ZERO;
    loop {
        let found: Result<Option<String>, _> = conn.query_first(query).await;
        if matches!(&found, Ok(Some(found)) if found == wanted) {
            return;
        }
        assert!(waited < LIMIT, "{query}: {found:?} instead of {wanted:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
        waited += Duration::from_millis(20);
    }
}

#[tokio::test]
async fn a_large_transaction_reaches_the_other() {
    let [first, second] = two_of_one_database();
    let one = Instance::networked(BINARY, first.path(), &[]);
    let mut a = one.connect().await;
    a.query_drop("CREATE DATABASE shop").await.unwrap();
    a.query_drop("CREATE TABLE shop.t (id INT PRIMARY KEY, v LONGTEXT)").await.unwrap();
    let two = Instance::networked(BINARY, second.path(), &[one.peers_address()]);
    let mut b = two.connect().await;
    let count = "SELECT CONCAT(COUNT(*), ' ', COALESCE(SUM(LENGTH(v)), 0)) FROM shop.t";
    wait_for(&mut b, count, "0 0").await;
    // Over 64 KiB, so trees of their own (R10).
    let rows: Vec<String> = (0..5_000).map(|n| format!("({n},'{n:0300}')")).collect();
    a.query_drop(format!("INSERT INTO shop.t VALUES {}", rows.join(","))).await.unwrap();
    wait_for(&mut b, count, "5000 1500000").await;
    a.query_drop("INSERT INTO shop.t VALUES (-1, REPEAT('x', 1048576))").await.unwrap();
    wait_for(&mut b, count, "5001 2548576").await;

    // Killed somewhere in the middle, it goes on; what it gave to others it still has.
    a.query_drop("UPDATE shop.t SET v = CONCAT(v, '!')").await.unwrap();
    two.kill();
    let two = Instance::networked(BINARY, second.path(), &[one.peers_address()]);
    let mut b = two.connect().await;
    wait_for(&mut b, count, "5001 2553577").await;
    let hash = "SELECT value FROM headwaters.status WHERE name = 'main_hash'";
    let wanted: Option<String> = a.query_first(hash).await.unwrap();
    wait_for(&mut b, hash, &wanted.unwrap()).await;
    assert!(one.stop() && two.stop());
}

#[tokio::test]
async fn what_one_replica_writes_the_other_shows() {
    let [first, second] = two_of_one_database();
    let one = Instance::networked(BINARY, first.path(), &[]);
    let mut a = one.connect().await;
    a.query_drop("CREATE DATABASE shop").await.unwrap();
    a.query_drop("CREATE TABLE shop.t (id VARCHAR(20) PRIMARY KEY, n INT)").await.unwrap();
    a.query_drop("INSERT INTO shop.t VALUES ('first', 1)").await.unwrap();
    let two = Instance::networked(BINARY, second.path(), &[one.peers_address()]);
    let mut b = two.connect().await;
    wait_for(&mut b, "SELECT GROUP_CONCAT(id) FROM shop.t", "first").await;
    a.query_drop("INSERT INTO shop.t VALUES ('second', 2)").await.unwrap();
    wait_for(&mut b, "SELECT GROUP_CONCAT(id ORDER BY n) FROM shop.t", "first,second").await;

    // What the other has of objects is asked with the first hello.
    wait_for(&mut b, "SELECT size IS NOT NULL FROM headwaters.peers WHERE connected", "1").await;

    // After a restart at another port it finds the other again, whose address it kept.
    assert!(one.stop());
    let one = Instance::networked(BINARY, first.path(), &[two.peers_address()]);
    let mut a = one.connect().await;
    a.query_drop("INSERT INTO shop.t VALUES ('third', 3)").await.unwrap();
    wait_for(&mut b, "SELECT GROUP_CONCAT(id ORDER BY n) FROM shop.t", "first,second,third").await;
    assert!(one.stop() && two.stop());
}
