//! Memory and opening: a million rows in one transaction, and a replica with a million commits.

use crate::chain::Chain;
use crate::sampling::median;
use crate::{Failure, say};
use acceptance::instance::{Instance, binary};
use dag::author_key::AuthorKey;
use dag::clock::{Clock, System};
use dag::genesis::Genesis;
use mysql_async::prelude::Queryable;
use std::path::Path;
use std::process::Command;

const MILLION: u64 = 1_000_000;
const ROWS_A_STATEMENT: u64 = 5_000;
/// Commits of one bundle: what one import holds in memory.
const BUNDLE_COMMITS: u64 = 100_000;

/// Greatest resident memory of a process so far, MiB.
fn peak_mib(process: u32) -> Result<f64, Failure> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find(|l| l.starts_with("VmHWM:")).ok_or("no VmHWM in /proc")?;
    let kib: f64 = line.split_whitespace().nth(1).and_then(|n| n.parse().ok()).ok_or("no number in VmHWM")?;
    Ok(kib / 1024.0)
}

/// A million rows between BEGIN and COMMIT, through the port.
pub async fn million_rows() -> Result<(), Failure> {
    let folder = tempfile::tempdir()?;
    let instance = Instance::start(&binary(), folder.path());
    let mut connection = instance.connect().await;
    connection.query_drop("CREATE DATABASE bench").await?;
    connection.query_drop("CREATE TABLE bench.entry (id BIGINT PRIMARY KEY, k INT NOT NULL, c VARCHAR(120))").await?;
    say(format!("before: {:.0} MiB", peak_mib(instance.process())?))?;
    let clock = System::new();
    let start = clock.monotonic();
    connection.query_drop("BEGIN").await?;
    for first in (0..MILLION).step_by(ROWS_A_STATEMENT as usize) {
        let row = |id: u64| format!("({id},{},'line {id} of the log, with words')", id % 1000);
        let rows: Vec<String> = (first..first + ROWS_A_STATEMENT).map(row).collect();
        connection.query_drop(format!("INSERT INTO bench.entry VALUES {}", rows.join(","))).await?;
    }
    let loaded = clock.monotonic() - start;
    say(format!("before COMMIT: {:.1} s, {:.0} MiB", loaded.as_secs_f64(), peak_mib(instance.process())?))?;
    connection.query_drop("COMMIT").await?;
    let committed = clock.monotonic() - start;
    let count: Option<u64> = connection.query_first("SELECT COUNT(*) FROM bench.entry").await?;
    say(format!(
        "{} rows in one transaction: {:.1} s, greatest memory of the server {:.0} MiB",
        count.unwrap_or_default(),
        committed.as_secs_f64(),
        peak_mib(instance.process())?
    ))?;
    Ok(())
}

fn verb(folder: &Path, arguments: &[&str]) -> Result<(), Failure> {
    let done = Command::new(binary()).args(["--data", &folder.display().to_string()]).args(arguments).output()?;
    if done.status.success() {
        return Ok(());
    }
    Err(format!("{arguments:?}: {}", String::from_utf8_lossy(&done.stderr)).into())
}

/// A million commits imported from bundles, compacted, opened again: time to the first answer, and memory.
pub async fn reopen(rounds: usize) -> Result<(), Failure> {
    let folder = tempfile::tempdir()?;
    let data = folder.path().join("data");
    verb(&data, &["init"])?;
    let genesis = Genesis::from_bytes(&std::fs::read(data.join("genesis"))?)?;
    let mut chain = Chain::new(genesis, AuthorKey::load(&data.join("author.key"))?)?;
    let bundle = folder.path().join("bundle");
    for _ in 0..MILLION / BUNDLE_COMMITS {
        let mut bytes = b"headwaters bundle 1\n".to_vec();
        let mut left = BUNDLE_COMMITS as usize;
        while left > 0 {
            let (segment, commits) = chain.segment(left)?;
            segment.write(&mut bytes);
            left -= commits.len();
        }
        std::fs::write(&bundle, bytes)?;
        verb(&data, &["import", &bundle.display().to_string()])?;
        verb(&data, &["compact"])?;
    }
    let (mut seconds, mut memory) = (Vec::new(), 0.0_f64);
    let clock = System::new();
    for _ in 0..rounds {
        let start = clock.monotonic();
        let instance = Instance::start(&binary(), &data);
        let mut connection = instance.connect().await;
        let row: Option<String> = connection.query_first("SELECT text FROM far.note WHERE id = 777777").await?;
        seconds.push((clock.monotonic() - start).as_secs_f64());
        row.ok_or("a row is missing")?;
        let opened = peak_mib(instance.process())?;
        let count: Option<u64> = connection.query_first("SELECT COUNT(*) FROM far.note").await?;
        if count != Some(MILLION - 1) {
            return Err(format!("{count:?} rows").into());
        }
        let counted = peak_mib(instance.process())?;
        let listed: Option<u64> = connection.query_first("SELECT COUNT(*) FROM headwaters.commits").await?;
        let all = peak_mib(instance.process())?;
        let listed = listed.unwrap_or_default();
        say(format!("memory: opened {opened:.0} MiB, rows counted {counted:.0}, {listed} commits listed {all:.0}"))?;
        memory = memory.max(all);
        instance.kill();
    }
    say(format!(
        "a million commits: first answer {:.2} s after the start (median of {rounds}), greatest memory {memory:.0} MiB",
        median(&seconds)
    ))?;
    Ok(())
}
