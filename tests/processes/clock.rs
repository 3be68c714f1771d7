//! A machine's clock that was far off: what was written then stays, and nothing is written behind it (R7, R9).

use super::{BINARY, code};
use acceptance::instance::Instance;
use mysql_async::prelude::Queryable;
use std::process::{Command, Stdio};

/// Where Debian's package libfaketime puts it; the dynamic linker fills in `$LIB`.
const LIBRARY: &str = "/usr/$LIB/faketime/libfaketimeMT.so.1";

/// A command whose wall clock is moved, and nothing else of its time. Not by the wrapper `faketime`: it stays between us
/// and the process, and would take its signals.
fn moved(by: &str, program: &str) -> Command {
    let mut command = Command::new(program);
    command
        .stdout(Stdio::null())
        .env("LD_PRELOAD", LIBRARY)
        .env("FAKETIME", by)
        .env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
    command
}

#[expect(clippy::print_stdout, reason = "a test left out is to be seen")]
fn clocks_can_be_moved() -> bool {
    let year = moved("+40000d", "date").arg("+%Y").stdout(Stdio::piped()).output().unwrap().stdout;
    let works = String::from_utf8_lossy(&year).trim().parse().is_ok_and(|year: u32| year > 2100);
    if !works {
        assert!(std::env::var_os("HEADWATERS_ALL_CLIENTS").is_none(), "libfaketime is not installed");
        println!("left out: libfaketime is not installed");
    }
    works
}

/// The clock ran an hour ahead, then was set right: the replica does not write at times that its own commits have
/// passed, says so, and `doctor` finds it. Once the time has come (here: with the clock ahead again) it writes on.
#[tokio::test]
async fn a_clock_set_back_an_hour_refuses_writes_until_the_time_has_come() {
    if !clocks_can_be_moved() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let instance = Instance::start_by(&mut moved("+1h", BINARY), folder.path(), &[]);
    let mut connection = instance.connect().await;
    connection
        .query_drop("CREATE DATABASE d; CREATE TABLE d.t (id INT PRIMARY KEY); INSERT INTO d.t VALUES (1)")
        .await
        .unwrap();
    assert!(instance.stop());

    let instance = Instance::start(BINARY, folder.path());
    let mut connection = instance.connect().await;
    assert_eq!(connection.query_first("SELECT id FROM d.t").await.unwrap(), Some(1), "reads go on");
    let error = connection.query_drop("INSERT INTO d.t VALUES (2)").await.unwrap_err();
    let said = error.to_string();
    assert!(code(&error) == 1290 && said.contains("clock") && said.contains("doctor"), "{said}");
    let found = Command::new(BINARY).args(["--data", &folder.path().display().to_string(), "doctor"]).output().unwrap();
    let text = String::from_utf8_lossy(&found.stdout).into_owned();
    let clock = text.lines().find(|line| line.contains("clock")).unwrap_or_default();
    assert!(!found.status.success() && clock.contains("WRONG"), "{text}");
    assert!(instance.stop());

    let instance = Instance::start_by(&mut moved("+2h", BINARY), folder.path(), &[]);
    instance.connect().await.query_drop("INSERT INTO d.t VALUES (3)").await.unwrap();
}
