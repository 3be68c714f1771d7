//! Real clients against the real binary: each script under `tests/clients/` walks through connecting, typed rows,
//! errors and transactions, and passes on MariaDB as well.
//!
//! A client that is not installed is left out with a note, unless `HEADWATERS_ALL_CLIENTS` is set, as the gate does.

mod asynchronous;

use acceptance::instance::{Instance, binary};
use std::path::PathBuf;
use std::process::Command;

#[expect(clippy::print_stdout, reason = "a client left out is to be seen")]
/// Runs one script with `host port user database` behind its own arguments.
fn walk(program: &str, available: &[&str], script: &str) {
    let found = Command::new(program).args(available).output().is_ok_and(|probe| probe.status.success());
    if !found {
        assert!(std::env::var_os("HEADWATERS_ALL_CLIENTS").is_none(), "{program} {available:?} is not installed");
        return println!("left out: {program} {available:?} is not installed");
    }
    let folder = tempfile::tempdir().expect("a folder for the replica");
    let instance = Instance::start(&binary(), folder.path());
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("clients").join(script);
    let address = instance.address();
    let output = Command::new(program)
        .arg(&path)
        .args([&address.ip().to_string(), &address.port().to_string(), "root", "walk"])
        .output()
        .expect("the script can be run");
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && out.trim_end().ends_with("ok"), "{script}: {}\n{out}\n{err}", output.status);
}

#[test]
fn pymysql() {
    walk("python3", &["-c", "import pymysql"], "pymysql_client.py");
}

#[test]
fn connector_python() {
    walk("python3", &["-c", "import mysql.connector"], "connector_python_client.py");
}

#[test]
fn node_mysql2() {
    walk("node", &["-e", "require('mysql2')"], "mysql2_client.js");
}

#[test]
fn mariadb_cli() {
    walk("sh", &["-c", "command -v mariadb"], "mariadb_cli.sh");
}
