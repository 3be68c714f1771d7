//! Figures through the MySQL port: the same client program against Headwaters and MariaDB.

use crate::sampling::{Plan, compare, median, sync_micros};
use crate::{Failure, say};
use acceptance::instance::{Instance, binary};
use acceptance::oracle::Oracle;
use mysql_async::prelude::Queryable;
use mysql_async::{Conn, OptsBuilder};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::task::JoinSet;

/// Rows of the table that point selects read: more than any cache line trick, quick to load.
const POINT_ROWS: u64 = 100_000;
const LOAD_BATCH: u64 = 1_000;

/// A server of a run.
struct Server {
    options: OptsBuilder,
    process: u32,
    /// Microseconds of its processor time an operation took, a measurement each.
    cost: Mutex<Vec<f64>>,
}

impl Server {
    fn new(options: OptsBuilder, process: u32) -> Self {
        Server { options, process, cost: Mutex::default() }
    }

    /// The median cost since the last question.
    fn cost(&self) -> f64 {
        median(&std::mem::take(&mut *self.cost.lock().unwrap_or_else(PoisonError::into_inner)))
    }
}

/// The two servers of a run.
struct Pair {
    ours: Server,
    theirs: Server,
    _running: (Instance, Oracle, tempfile::TempDir),
}

async fn pair() -> Result<Pair, Failure> {
    let folder = tempfile::tempdir()?;
    say(format!("append 300 B + fdatasync: {:.0} us median", sync_micros(folder.path())?))?;
    let instance = Instance::start(&binary(), folder.path());
    let oracle = Oracle::start().await.ok_or("mariadb-server is not installed")?;
    let address = instance.address();
    let options = OptsBuilder::default()
        .ip_or_hostname(address.ip().to_string())
        .tcp_port(address.port())
        .user(Some("root"))
        .prefer_socket(false);
    let ours = Server::new(options, instance.process());
    let theirs = Server::new(oracle.options(), oracle.process());
    for server in [&ours, &theirs] {
        let mut connection = Conn::new(server.options.clone()).await?;
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
    server: &Server,
    clients: u64,
    length: Duration,
    statement: &'static str,
    ids: Option<Arc<AtomicU64>>,
) -> Result<f64, Failure> {
    let stop = Arc::new(AtomicBool::new(false));
    let mut running = JoinSet::new();
    for client in 0..clients {
        let mut connection = Conn::new(server.options.clone()).await?;
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
    let before = processor_micros(server.process)?;
    tokio::time::sleep(length).await;
    stop.store(true, Ordering::Relaxed);
    let mut total = 0;
    while let Some(ended) = running.join_next().await {
        total += ended??;
    }
    let spent = processor_micros(server.process)? - before;
    server.cost.lock().unwrap_or_else(PoisonError::into_inner).push(spent / total as f64);
    Ok(total as f64 / length.as_secs_f64())
}

/// Processor time that a process has taken so far, in microseconds (`/proc/PID/stat`, proc(5): ticks of 10 ms).
fn processor_micros(process: u32) -> Result<f64, Failure> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat"))?;
    let behind_name = stat.rsplit(')').next().unwrap_or_default();
    let ticks: Result<Vec<f64>, _> = behind_name.split_whitespace().skip(11).take(2).map(str::parse).collect();
    Ok(ticks?.iter().sum::<f64>() * 10_000.0)
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
        "{name}: headwaters {:.0}/s, MariaDB {:.0}/s, ratio {:.2} (least {:.2}, greatest {:.2}, {} pairs); \
         processor time of the server: {:.0} us, {:.0} us",
        ratio.ours,
        ratio.theirs,
        ratio.ratio,
        ratio.spread.0,
        ratio.spread.1,
        plan.rounds,
        pair.ours.cost(),
        pair.theirs.cost()
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
    for server in [&pair.ours, &pair.theirs] {
        let mut connection = Conn::new(server.options.clone()).await?;
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
