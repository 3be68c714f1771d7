//! A disk that fills up under a running replica: the COMMIT that does not fit is told so, nothing acknowledged is lost,
//! reads go on, and room makes everything well again.

use super::{BINARY, code};
use acceptance::instance::Instance;
use mysql_async::prelude::Queryable;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;
use tempfile::TempDir;

/// 512 of these are far more than either disk below holds, and each is a commit of its own.
const ROW_BYTES: usize = 15_000;
const MOST_ROWS: u32 = 512;

/// Inserts until refused; gives how many were acknowledged. The refusal must be 1290, name the cause and the way out.
async fn fill(instance: &Instance) -> u32 {
    let mut connection = instance.connect().await;
    connection.query_drop("CREATE DATABASE d; CREATE TABLE d.t (id INT PRIMARY KEY, x TEXT)").await.unwrap();
    let text = "x".repeat(ROW_BYTES);
    for id in 0..MOST_ROWS {
        if let Err(error) = connection.exec_drop("INSERT INTO d.t VALUES (?, ?)", (id, &text)).await {
            let said = error.to_string();
            assert_eq!(code(&error), 1290, "{said}");
            for word in ["log/", "disk is full", "nothing acknowledged is lost", "doctor"] {
                assert!(said.contains(word), "{word} is not in: {said}");
            }
            let again = connection.query_drop("INSERT INTO d.t VALUES (-1, '')").await.unwrap_err();
            assert_eq!(code(&again), 1290, "writes stay refused: {again}");
            let seen: u32 = connection.query_first("SELECT COUNT(*) FROM d.t WHERE id >= 0").await.unwrap().unwrap();
            assert!(seen >= id, "reads go on");
            return id;
        }
    }
    panic!("{MOST_ROWS} rows of {ROW_BYTES} bytes fitted a disk that was to be full");
}

async fn all_is_there(folder: &Path, acknowledged: u32) {
    assert!(acknowledged > 10, "the disk was full from the start");
    let instance = Instance::start(BINARY, folder);
    let mut connection = instance.connect().await;
    let ids: Vec<u32> = connection.query("SELECT id FROM d.t WHERE id >= 0 ORDER BY id LIMIT 1000").await.unwrap();
    assert!(ids.len() as u32 >= acknowledged, "{} rows of {acknowledged} acknowledged ones", ids.len());
    assert!(ids.iter().copied().eq(0..ids.len() as u32), "a gap in {ids:?}");
    connection.query_drop("INSERT INTO d.t VALUES (10000, 'writes again')").await.unwrap();
}

/// The way that works everywhere: a limit on the size of the process's files, set while it runs. Without a handler of
/// SIGXFSZ the first write beyond it would kill the process.
#[tokio::test]
async fn a_full_disk_refuses_writes_and_keeps_what_was_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    let instance = Instance::start(BINARY, folder.path());
    let process = instance.process().to_string();
    let limited = Command::new("prlimit").args(["--pid", &process, "--fsize=1048576"]).status();
    assert!(limited.is_ok_and(|status| status.success()), "prlimit (util-linux) is needed");
    let acknowledged = fill(&instance).await;
    instance.kill();
    all_is_there(folder.path(), acknowledged).await;
}

/// A small file system of its own, gone with the value.
pub(super) struct SmallDisk(TempDir);

impl SmallDisk {
    /// `None` where this user may not mount.
    pub(super) fn mount(size: &str) -> Option<SmallDisk> {
        let folder = tempfile::tempdir().unwrap();
        let disk = SmallDisk(folder);
        disk.mounted(&["-o", &format!("size={size}")]).then_some(disk)
    }

    pub(super) fn mounted(&self, options: &[&str]) -> bool {
        let done = Command::new("mount").args(["-t", "tmpfs"]).args(options).arg("tmpfs").arg(self.0.path()).output();
        done.is_ok_and(|output| output.status.success())
    }

    pub(super) fn data(&self) -> PathBuf {
        self.0.path().join("data")
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _never_mounted = Command::new("umount").arg("--lazy").arg(self.0.path()).output();
    }
}

/// The real thing, where mounting is allowed; the write that fails leaves half of itself behind.
#[tokio::test]
async fn a_small_disk_fills_up_and_is_enlarged() {
    let Some(disk) = SmallDisk::mount("3m") else {
        return println!("left out: this user may not mount a tmpfs; the file size limit's test stands for it");
    };
    let instance = Instance::start(BINARY, &disk.data());
    let acknowledged = fill(&instance).await;
    let stopping = tokio::time::Instant::now();
    instance.stop();
    assert!(stopping.elapsed() < Duration::from_secs(10), "a full disk does not hold up the stop");
    assert!(disk.mounted(&["-o", "remount,size=64m"]), "a mounted disk can be enlarged");
    all_is_there(&disk.data(), acknowledged).await;
}
