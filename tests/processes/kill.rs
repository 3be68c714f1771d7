//! kill -9 under load, twenty times on one folder: every acknowledged row of every round is there after each reopen.
//!
//! The ledger of acknowledgements is kept by the test, outside the process that is killed.

use super::BINARY;
use acceptance::instance::Instance;
use mysql_async::prelude::Queryable;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::task::JoinSet;

const ROUNDS: u64 = 20;
const WRITERS: u64 = 8;
/// Long enough for hundreds of commits, varied so that kills fall at different moments.
const LOAD: Duration = Duration::from_millis(150);

type Ledger = Arc<Mutex<BTreeSet<u64>>>;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kill_nine_under_load_loses_nothing_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = Ledger::default();
    for round in 0..ROUNDS {
        let instance = Instance::start(BINARY, folder.path());
        let mut connection = instance.connect().await;
        if round == 0 {
            connection.query_drop("CREATE DATABASE audit").await.unwrap();
            connection.query_drop("CREATE TABLE audit.entry (id BIGINT PRIMARY KEY, note VARCHAR(40))").await.unwrap();
        }
        compare(&mut connection, &ledger, round).await;
        load(&instance, &ledger, round).await;
        instance.kill();
    }
    let instance = Instance::start(BINARY, folder.path());
    compare(&mut instance.connect().await, &ledger, ROUNDS).await;
    assert!(ledger.lock().unwrap().len() as u64 > ROUNDS * WRITERS, "the load was no load");
    assert!(instance.stop(), "a graceful stop succeeds");
}

/// Every acknowledged id is present; the few present but not acknowledged were in flight when the process was killed.
async fn compare(connection: &mut mysql_async::Conn, ledger: &Ledger, round: u64) {
    let present: BTreeSet<u64> = connection.query("SELECT id FROM audit.entry").await.unwrap().into_iter().collect();
    let acknowledged = ledger.lock().unwrap().clone();
    let lost: Vec<_> = acknowledged.difference(&present).collect();
    assert!(lost.is_empty(), "round {round}: lost after kill -9: {lost:?}");
    let in_flight = present.difference(&acknowledged).count() as u64;
    assert!(in_flight <= round * WRITERS, "round {round}: {in_flight} rows that nobody wrote");
}

async fn load(instance: &Instance, ledger: &Ledger, round: u64) {
    let stop = Arc::new(AtomicBool::new(false));
    let mut writers = JoinSet::new();
    for writer in 0..WRITERS {
        let mut connection = instance.connect().await;
        let (ledger, stop) = (ledger.clone(), stop.clone());
        writers.spawn(async move {
            for n in 0u64.. {
                let id = round * 1_000_000 + writer * 100_000 + n;
                let insert = format!("INSERT INTO audit.entry VALUES ({id}, 'round {round}')");
                if connection.query_drop(insert).await.is_err() || stop.load(Ordering::Relaxed) {
                    return;
                }
                ledger.lock().unwrap().insert(id);
            }
        });
    }
    tokio::time::sleep(LOAD + Duration::from_millis(round * 7)).await;
    let process = instance.process().to_string();
    std::process::Command::new("kill").args(["-KILL", &process]).status().unwrap();
    stop.store(true, Ordering::Relaxed);
    while writers.join_next().await.is_some() {}
}
