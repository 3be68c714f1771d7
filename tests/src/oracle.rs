//! A MariaDB server in a folder of its own: the oracle for SQL answers and the peer for speed.
//!
//! Promises: durable as InnoDB's default (`innodb_flush_log_at_trx_commit=1`), reachable on loopback as root without
//! a password, gone with the value. Its answers differ from MySQL 8.0's where `docs/differences.md` says so.

use mysql_async::{Conn, OptsBuilder};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;

/// A cold start of mariadbd on a loaded machine.
const START_LIMIT: Duration = Duration::from_secs(60);
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// A running mariadbd.
pub struct Oracle {
    child: Child,
    port: u16,
    _folder: TempDir,
}

impl Oracle {
    /// Starts one; `None` where mariadbd is not installed. Under `CI` a missing server is a failure, not a skip.
    pub async fn start() -> Option<Oracle> {
        let folder = tempfile::tempdir().expect("a folder");
        let data = folder.path().join("data").display().to_string();
        let installed = Command::new("mariadb-install-db")
            .args([
                "--no-defaults",
                "--user=root",
                "--auth-root-authentication-method=normal",
                "--skip-test-db",
                &format!("--datadir={data}"),
            ])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        if !installed.is_ok_and(|s| s.success()) {
            assert!(std::env::var("CI").is_err(), "mariadb-install-db is missing or failed: install mariadb-server");
            tell("skipped: mariadb-server is not installed");
            return None;
        }
        let port = TcpListener::bind("127.0.0.1:0").expect("a free port").local_addr().expect("its number").port();
        let socket = folder.path().join("socket").display().to_string();
        let child = Command::new("mariadbd")
            .args(["--no-defaults", "--user=root", "--bind-address=127.0.0.1", "--innodb-flush-log-at-trx-commit=1"])
            .args(["--character-set-server=utf8mb4", "--collation-server=utf8mb4_general_ci", "--max-connections=300"])
            .args(["--sql-mode=STRICT_TRANS_TABLES,NO_ZERO_DATE,NO_ZERO_IN_DATE,ERROR_FOR_DIVISION_BY_ZERO,ONLY_FULL_GROUP_BY"])
            .args([format!("--datadir={data}"), format!("--port={port}"), format!("--socket={socket}")])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("mariadbd starts");
        let oracle = Oracle { child, port, _folder: folder };
        let mut waited = Duration::ZERO;
        while Conn::new(oracle.options()).await.is_err() {
            assert!(waited < START_LIMIT, "mariadbd does not answer after {START_LIMIT:?}");
            tokio::time::sleep(LOOK_EVERY).await;
            waited += LOOK_EVERY;
        }
        Some(oracle)
    }

    /// How to connect as root.
    pub fn options(&self) -> OptsBuilder {
        OptsBuilder::default().ip_or_hostname("127.0.0.1").tcp_port(self.port).user(Some("root")).prefer_socket(false)
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Its process id.
    pub fn process(&self) -> u32 {
        self.child.id()
    }
}

#[expect(clippy::print_stderr, reason = "a test left out is to be seen")]
fn tell(text: &str) {
    eprintln!("{text}");
}

impl Drop for Oracle {
    fn drop(&mut self) {
        let _already_gone = self.child.kill();
        let _already_reaped = self.child.wait();
    }
}
