//! Real clients against the real binary: each script under `tests/clients/` walks through connecting, typed rows,
//! errors and transactions, and passes on MariaDB as well; the programs under `examples/clients/` do what they say.
//!
//! A client that is not installed is left out with a note, unless `HEADWATERS_ALL_CLIENTS` is set, as the gate does.

mod asynchronous;

use acceptance::instance::{Instance, binary};
use std::path::PathBuf;
use std::process::Command;

#[expect(clippy::print_stdout, reason = "a client left out is to be seen")]
/// Runs one script with `host port user database` behind its own arguments.
fn walk(program: &str, available: &[&str], script: &str) {
    let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let found = Command::new(program).args(available).output().is_ok_and(|probe| probe.status.success());
    if !found {
        assert!(std::env::var_os("HEADWATERS_ALL_CLIENTS").is_none(), "{program} {available:?} is not installed");
        return println!("left out: {program} {available:?} is not installed");
    }
    let folder = tempfile::tempdir().expect("a folder for the replica");
    let instance = Instance::start(&binary(), folder.path());
    let address = instance.address();
    let output = Command::new(program)
        .arg(here.join("..").join(script))
        // Where tests/clients/install puts mysql2; scripts elsewhere would not look there.
        .env("NODE_PATH", here.join("node_modules"))
        .args([&address.ip().to_string(), &address.port().to_string(), "root", "walk"])
        .output()
        .expect("the script can be run");
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && out.trim_end().ends_with("ok"), "{script}: {}\n{out}\n{err}", output.status);
}

#[test]
fn pymysql() {
    walk("python3", &["-c", "import pymysql"], "tests/clients/pymysql_client.py");
}

#[test]
fn connector_python() {
    walk("python3", &["-c", "import mysql.connector"], "tests/clients/connector_python_client.py");
}

#[test]
fn node_mysql2() {
    walk("node", &["-e", "require('mysql2')"], "tests/clients/mysql2_client.js");
}

#[test]
fn mariadb_cli() {
    walk("sh", &["-c", "command -v mariadb"], "tests/clients/mariadb_cli.sh");
}

#[test]
fn example_in_python() {
    walk("python3", &["-c", "import pymysql"], "examples/clients/python/bank.py");
}

#[test]
fn example_in_node() {
    walk("node", &["-e", "require('mysql2')"], "examples/clients/node/bank.js");
}
