//! A newcomer's clone on loopback: from the start of its process until it listens, over a founder's stable checkpoint.
//!
//! Every object is verified by its hash and by what its parent says of it, as always; the founder and the newcomer share
//! this machine. Newcomers are readers: a writer that is killed after its round could not vouch in the next one.

use crate::sampling::median;
use crate::{Failure, say};
use acceptance::instance::{Instance, binary};
use dag::clock::{Clock, System};
use indicatif::{ProgressBar, ProgressStyle};
use mysql_async::prelude::Queryable;
use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

/// Bytes of a row's text: an audit line with some context.
const ROW_BYTES: u64 = 480;
/// Rows of a statement and so of a commit: half a megabyte.
const ROWS_A_STATEMENT: u64 = 1_000;

/// Fills a founder, and clones it `rounds` times.
pub async fn run(megabytes: u64, rounds: usize) -> Result<(), Failure> {
    let binary = binary();
    let root = tempfile::tempdir()?;
    let founder = founder(&binary, &root.path().join("founder"))?;
    fill(&founder, megabytes * 1_000_000 / ROW_BYTES).await?;
    let mut connection = founder.connect().await;
    connection.query_drop("CALL headwaters.compact()").await?;
    let newest = "SELECT position FROM headwaters.checkpoints WHERE stable ORDER BY position DESC LIMIT 1";
    let position: u64 = connection.query_first(newest).await?.ok_or("no stable checkpoint")?;
    say(format!("founder: a stable checkpoint over {position} commits"))?;
    let (mut speeds, mut times) = (Vec::new(), Vec::new());
    for round in 0..rounds {
        let folder = root.path().join(format!("newcomer-{round}"));
        let clone = clone(&binary, &founder, &folder)?;
        compare(&founder, &clone.instance).await?;
        let speed = clone.megabytes / clone.seconds;
        say(format!("{:.0} MB in {:.2} s: {speed:.0} MB/s, equal rows, verified", clone.megabytes, clone.seconds))?;
        speeds.push(speed);
        times.push(clone.seconds);
        clone.instance.kill();
        std::fs::remove_dir_all(&folder)?;
    }
    say(format!(
        "clone on loopback: {:.2} s, {:.0} MB/s with verification (median of {rounds})",
        median(&times),
        median(&speeds)
    ))?;
    Ok(())
}

fn founder(binary: &str, folder: &Path) -> Result<Instance, Failure> {
    let arguments = ["--peers-listen", "127.0.0.1:0", "--linearize-seconds", "1"];
    Ok(Instance::start_with(binary, folder, &arguments))
}

async fn fill(founder: &Instance, rows: u64) -> Result<(), Failure> {
    let mut connection = founder.connect().await;
    connection
        .query_drop("CREATE DATABASE bench; CREATE TABLE bench.entry (id BIGINT PRIMARY KEY, k INT NOT NULL, c TEXT)")
        .await?;
    let bar = ProgressBar::new(rows).with_message("filling");
    bar.set_style(ProgressStyle::with_template("{msg} {wide_bar} {human_pos} of {human_len} rows, {eta}")?);
    for first in (0..rows).step_by(ROWS_A_STATEMENT as usize) {
        let last = rows.min(first + ROWS_A_STATEMENT);
        let row = |id: u64| format!("({id},{},'{id:0>width$}')", id % 1000, width = ROW_BYTES as usize);
        let values: Vec<String> = (first..last).map(row).collect();
        connection.query_drop(format!("INSERT INTO bench.entry VALUES {}", values.join(","))).await?;
        bar.set_position(last);
    }
    bar.finish_and_clear();
    Ok(())
}

/// A clone that was made.
struct Clone {
    instance: Instance,
    seconds: f64,
    megabytes: f64,
}

/// Joins, then starts: the start clones, opens and listens.
fn clone(binary: &str, founder: &Instance, folder: &Path) -> Result<Clone, Failure> {
    let ticket = verb(binary, founder.folder(), &["invite", "--reader"])?;
    verb(binary, folder, &["join", ticket.trim()])?;
    let clock = System::new();
    let start = clock.monotonic();
    let mut command = Command::new(binary);
    let arguments = ["--peers-listen", "127.0.0.1:0"];
    let mut instance = Instance::start_by(command.stdout(Stdio::piped()), folder, &arguments);
    let seconds = (clock.monotonic() - start).as_secs_f64();
    let mut said = vec![0; 4_096];
    let read = instance.output().ok_or("its output was kept")?.read(&mut said)?;
    let said = String::from_utf8_lossy(&said[..read]).into_owned();
    let bytes = said.split(" objects of ").nth(1).and_then(|rest| rest.split(' ').next()?.parse::<f64>().ok());
    let mebibytes = bytes.ok_or_else(|| format!("it took no checkpoint: {said}"))?;
    Ok(Clone { instance, seconds, megabytes: mebibytes * 1.048_576 })
}

fn verb(binary: &str, folder: &Path, arguments: &[&str]) -> Result<String, Failure> {
    let output = Command::new(binary).arg("--data").arg(folder).args(arguments).output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned().into());
    }
    Ok(String::from_utf8(output.stdout)?)
}

/// Both answer alike, once the tail has come.
async fn compare(founder: &Instance, newcomer: &Instance) -> Result<(), Failure> {
    let mut standings = Vec::new();
    for _ in 0..300 {
        standings.clear();
        for instance in [founder, newcomer] {
            let mut connection = instance.connect().await;
            let hash = "SELECT value FROM headwaters.status WHERE name = 'main_hash'";
            let hash: Option<String> = connection.query_first(hash).await?;
            let rows: Option<(u64, u64)> =
                connection.query_first("SELECT COUNT(*), CAST(SUM(k) AS UNSIGNED) FROM bench.entry").await?;
            standings.push((hash, rows));
        }
        if standings[0] == standings[1] {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    Err(format!("they do not agree: {standings:?}").into())
}
