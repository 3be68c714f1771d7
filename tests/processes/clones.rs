//! A clone that is interrupted: by kill -9, by a disk that fills up. The next start goes on with what was fetched.
//!
//! The rows are long, so that thirty megabytes are written in seconds and cloned in many pieces.

use super::BINARY;
use super::disk::SmallDisk;
use super::peers::wait_for;
use acceptance::cluster::PATIENCE;
use acceptance::eventually::eventually;
use acceptance::instance::Instance;
use mysql_async::Conn;
use mysql_async::prelude::Queryable;
use std::io::Read;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

/// Just below what stands out of line (R10), so that each is a leaf of its own.
const ROW_BYTES: usize = 15_000;
const ROWS: usize = 2_000;
const ROWS_A_STATEMENT: usize = 100;
/// What is on the disk when the process is killed or the disk is full, and what of it is at least kept: all but what was
/// collected for the next write of a megabyte.
const ENOUGH: u64 = 4 << 20;
const KEPT_OBJECTS: u64 = 100;

async fn founder(folder: &Path) -> Instance {
    let founder = Instance::networked(BINARY, folder, &[]);
    let mut connection = founder.connect().await;
    connection.query_drop("CREATE DATABASE d; CREATE TABLE d.t (id INT PRIMARY KEY, x TEXT)").await.unwrap();
    for first in (0..ROWS).step_by(ROWS_A_STATEMENT) {
        let rows: Vec<String> =
            (first..first + ROWS_A_STATEMENT).map(|id| format!("({id}, '{id:0>ROW_BYTES$}')")).collect();
        connection.query_drop(format!("INSERT INTO d.t VALUES {}", rows.join(","))).await.unwrap();
    }
    connection.query_drop("CALL headwaters.compact()").await.unwrap();
    wait_for(&mut connection, "SELECT COUNT(*) > 0 FROM headwaters.checkpoints WHERE stable", "1").await;
    founder
}

fn join(founder: &Instance, folder: &Path) {
    let ticket = founder.launched().verb(&["invite"]).unwrap();
    let joined = Command::new(BINARY).arg("--data").arg(folder).args(["join", ticket.trim()]).output().unwrap();
    assert!(joined.status.success(), "{}", String::from_utf8_lossy(&joined.stderr));
}

/// `start`, by a program that becomes it.
fn start<'a>(command: &'a mut Command, folder: &Path) -> &'a mut Command {
    let listen = ["--listen", "127.0.0.1:0", "start", "--peers-listen", "127.0.0.1:0", "--mdns", "off"];
    command.arg("--data").arg(folder).args(listen).stdin(Stdio::null())
}

/// main's hash, and what the rows add up to.
async fn standing(connection: &mut Conn) -> (Option<String>, Option<(usize, u64, u64)>) {
    let hash = "SELECT value FROM headwaters.status WHERE name = 'main_hash'";
    let rows = "SELECT COUNT(*), CAST(SUM(id) AS UNSIGNED), CAST(SUM(LENGTH(x)) AS UNSIGNED) FROM d.t";
    let hash = connection.query_first(hash).await.unwrap();
    let rows: Option<(usize, u64, u64)> = connection.query_first(rows).await.unwrap();
    assert_eq!(rows.map(|(rows, _, bytes)| (rows, bytes)), Some((ROWS, (ROWS * ROW_BYTES) as u64)));
    (hash, rows)
}

fn bytes_of_trees(folder: &Path) -> u64 {
    let files = std::fs::read_dir(folder.join("trees")).into_iter().flatten().flatten();
    files.filter_map(|file| Some(file.metadata().ok()?.len())).sum()
}

/// Starts once more, sees that what was here was not fetched again, and that both replicas are equal.
async fn goes_on(founder: &Instance, folder: &Path) {
    let mut command = Command::new(BINARY);
    let networked = ["--peers-listen", "127.0.0.1:0"];
    let mut newcomer = Instance::start_by(command.stdout(Stdio::piped()), folder, &networked);
    let mut said = vec![0; 4_096];
    let length = newcomer.output().unwrap().read(&mut said).unwrap();
    let said = String::from_utf8_lossy(&said[..length]).into_owned();
    let number_before = |text: &str| -> u64 {
        let before = said.split(text).next().unwrap();
        before.rsplit(' ').next().unwrap().parse().unwrap_or_else(|_| panic!("no number before {text:?}: {said}"))
    };
    let (fetched, here) = (number_before(" objects of "), number_before(" were here already"));
    assert!(here > KEPT_OBJECTS, "{said}");
    assert!(number_before(" MiB fetched") < (ROW_BYTES * ROWS) as u64 >> 20, "{said}");
    assert!(fetched + here > ROWS as u64 && fetched < ROWS as u64, "{said}");
    let (mut one, mut other) = (founder.connect().await, newcomer.connect().await);
    eventually(PATIENCE, "both are equal", async || {
        let (one, other) = (standing(&mut one).await, standing(&mut other).await);
        if one == other { Ok(()) } else { Err(format!("{one:?}, {other:?}")) }
    })
    .await;
    assert!(newcomer.stop());
}

#[tokio::test]
async fn a_clone_that_is_killed_goes_on_and_fetches_nothing_twice() {
    let [first, second] = [(); 2].map(|()| tempfile::tempdir().unwrap());
    let founder = founder(first.path()).await;
    join(&founder, second.path());
    let mut command = Command::new(BINARY);
    let mut child = start(&mut command, second.path()).stdout(Stdio::null()).spawn().unwrap();
    let mut looks = 0;
    while bytes_of_trees(second.path()) < ENOUGH {
        looks += 1;
        assert!(looks < 60_000 && child.try_wait().unwrap().is_none(), "it fetches");
        std::thread::sleep(Duration::from_millis(1));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(second.path().join("cloning").exists(), "it was killed too late to show anything");
    goes_on(&founder, second.path()).await;
    assert!(founder.stop());
}

/// It ended with an error that names the folder, what is full, and what to do.
fn assert_full(output: &Output, folder: &Path) {
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(3), "{said}");
    for word in [&folder.display().to_string(), "trees/", "disk is full", "free some space", "goes on from there"] {
        assert!(said.contains(word), "{word} is not in: {said}");
    }
}

/// The way that works everywhere: a limit on the size of the process's files.
#[tokio::test]
async fn a_clone_that_finds_the_disk_full_says_so_and_goes_on() {
    let [first, second] = [(); 2].map(|()| tempfile::tempdir().unwrap());
    let founder = founder(first.path()).await;
    join(&founder, second.path());
    let mut limited = Command::new("prlimit");
    let limited = start(limited.arg(format!("--fsize={ENOUGH}")).arg(BINARY), second.path());
    assert_full(&limited.output().expect("prlimit (util-linux) is needed"), second.path());
    goes_on(&founder, second.path()).await;
    assert!(founder.stop());
}

/// The real thing, where mounting is allowed.
#[tokio::test]
async fn a_clone_on_a_small_disk_goes_on_when_it_is_enlarged() {
    let Some(disk) = SmallDisk::mount("12m") else {
        return println!("left out: this user may not mount a tmpfs; the file size limit's test stands for it");
    };
    let first = tempfile::tempdir().unwrap();
    let founder = founder(first.path()).await;
    join(&founder, &disk.data());
    let output = start(&mut Command::new(BINARY), &disk.data()).output().unwrap();
    assert_full(&output, &disk.data());
    assert!(disk.mounted(&["-o", "remount,size=256m"]), "a mounted disk can be enlarged");
    goes_on(&founder, &disk.data()).await;
    assert!(founder.stop());
}
