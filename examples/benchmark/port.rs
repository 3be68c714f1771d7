//! Figures through the MySQL port: the same client program against Headwaters and MariaDB.

use crate::sampling::{Plan, compare, sync_micros};
use crate::{Failure, say};
use acceptance::instance::{Instance, binary};
use acceptance::oracle::Oracle;
use mysql_async::prelude::Queryable;
use mysql_async::{Conn, OptsBuilder};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;
use tokio::task::JoinSet;

/// Rows of the table that point selects read: more than any cache line trick, quick to load.
const POINT_ROWS: u64 = 100_000;
const LOAD_BATCH: u64 = 1_000;

/// The two servers of a run.
struct Pair {
    ours: OptsBuilder,
    theirs: OptsBuilder,
    _running: (Instance, Oracle, tempfile::TempDir),
}

async fn pair() -> Result<Pair, Failure> {
    let folder = tempfile::tempdir()?;
    say(format!("append 300 B + fdatasync: {:.0} us median", sync_micros(folder.path())?))?;
    let instance = Instance::start(&binary(), folder.path());
    let oracle = Oracle::start().await.ok_or("mariadb-server is not installed")?;
    let address = instance.address();
    let ours = OptsBuilder::default()
        .ip_or_hostname(address.ip().to_string())
        .tcp_port(address.port())
        .user(Some("root"))
        .prefer_socket(false);
    let theirs = oracle.options();
    for options in [&ours, &theirs] {
        let mut connection = Conn::new(options.clone()).await?;
        connection.query_drop("CREATE DATABASE bench").await?;
        connection
            .query_drop("CREATE TABLE bench.entry (id BIGINT PRIMARY KEY, k INT NOT NULL, c VARCHAR(120) NOT NULL)")
            .await?;
        connection.query_drop("CREATE TABLE bench.counter (id INT PRIMARY KEY, n BIGINT NOT NULL)").await?;
        connection.query_drop("INSERT INTO bench.counter VALUES (1, 0)").await?;
        connection.disconnect().await?;
    }
    Ok(Pair { ours, theirs, _running: (instance, oracle, folder) })
}

/// Runs one statement per operation on `clients` connections for `length`; gives operations a second.
async fn drive(
    options: &OptsBuilder,
    clients: u64,
    length: Duration,
    statement: &'static str,
    ids: Option<Arc<AtomicU64>>,
) -> Result<f64, Failure> {
    let stop = Arc::new(AtomicBool::new(false));
    let mut running = JoinSet::new();
    for client in 0..clients {
        let mut connection = Conn::new(options.clone()).await?;
        let (stop, ids) = (stop.clone(), ids.clone());
        running.spawn(async move {
            let prepared = connection.prep(statement).await?;
            let mut done = 0u64;
            let mut random = client * 7_919 + 1;
            while !stop.load(Ordering::Relaxed) {
                random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                match &ids {
                    Some(ids) => {
                        let id = ids.fetch_add(1, Ordering::Relaxed);
                        connection
                            .exec_drop(
                                &prepared,
                                (
                                    id,
                                    id % 1000,
                                    "an audit line of the usual length, about a hundred characters, as logs have them",
                                ),
                            )
                            .await?;
                    }
                    None if statement.contains('?') => {
                        let _row: Option<(i64, String)> =
                            connection.exec_first(&prepared, ((random >> 33) % POINT_ROWS,)).await?;
                    }
                    None => connection.exec_drop(&prepared, ()).await?,
                }
                done += 1;
            }
            connection.disconnect().await?;
            Ok::<u64, mysql_async::Error>(done)
        });
    }
    tokio::time::sleep(length).await;
    stop.store(true, Ordering::Relaxed);
    let mut total = 0;
    while let Some(ended) = running.join_next().await {
        total += ended??;
    }
    Ok(total as f64 / length.as_secs_f64())
}

async fn report(
    plan: &Plan,
    pair: &Pair,
    name: &str,
    clients: u64,
    statement: &'static str,
    ids: Option<Arc<AtomicU64>>,
) -> Result<(), Failure> {
    let ours = || drive(&pair.ours, clients, plan.length(), statement, ids.clone());
    let theirs = || drive(&pair.theirs, clients, plan.length(), statement, ids.clone());
    let ratio = compare(plan, ours, theirs).await?;
    say(format!(
        "{name}: headwaters {:.0}/s, MariaDB {:.0}/s, ratio {:.2} (least {:.2}, greatest {:.2}, {} pairs)",
        ratio.ours, ratio.theirs, ratio.ratio, ratio.spread.0, ratio.spread.1, plan.rounds
    ))?;
    Ok(())
}

/// Durable single-row inserts and one contended row.
pub async fn inserts(plan: &Plan) -> Result<(), Failure> {
    let pair = pair().await?;
    let ids = Arc::new(AtomicU64::new(1));
    let insert = "INSERT INTO bench.entry VALUES (?, ?, ?)";
    report(plan, &pair, "insert, 1 client", 1, insert, Some(ids.clone())).await?;
    report(plan, &pair, "insert, 64 clients", 64, insert, Some(ids)).await?;
    report(plan, &pair, "one row, 64 clients", 64, "UPDATE bench.counter SET n = n + 1 WHERE id = 1", None).await
}

/// Prepared point selects.
pub async fn points(plan: &Plan) -> Result<(), Failure> {
    let pair = pair().await?;
    for options in [&pair.ours, &pair.theirs] {
        let mut connection = Conn::new(options.clone()).await?;
        for start in (0..POINT_ROWS).step_by(LOAD_BATCH as usize) {
            let rows: Vec<String> = (start..start + LOAD_BATCH)
                .map(|id| format!("({id}, {}, 'row {id} with some text')", id % 1000))
                .collect();
            connection.query_drop(format!("INSERT INTO bench.entry VALUES {}", rows.join(", "))).await?;
        }
        connection.disconnect().await?;
    }
    for clients in [1, 8] {
        let select = "SELECT k, c FROM bench.entry WHERE id = ?";
        report(plan, &pair, &format!("point select, {clients} clients"), clients, select, None).await?;
    }
    Ok(())
}
