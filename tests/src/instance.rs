//! A real `headwaters start` process in a folder of its own: started, killed, stopped, and asked over its port.
//!
//! Promises: the process ends with the value. Does not know which binary: the test that owns one brings it.

use mysql_async::{Conn, OptsBuilder};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

/// Longest wait for a process to listen: a cold debug build on a loaded machine.
const START_LIMIT: Duration = Duration::from_secs(60);
/// How often the folder's note is looked for.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// The binary beside this test's own, `target/<profile>/headwaters`: tests outside its package have no
/// `CARGO_BIN_EXE_headwaters`.
pub fn binary() -> String {
    let own = std::env::current_exe().expect("a running program has a path");
    let profile = own.ancestors().nth(2).expect("tests run from target/<profile>/deps");
    let binary = profile.join(format!("headwaters{}", std::env::consts::EXE_SUFFIX));
    assert!(binary.exists(), "{} is missing: run `cargo build` first", binary.display());
    binary.display().to_string()
}

/// A running replica process.
pub struct Instance {
    child: Child,
    address: SocketAddr,
    peers: Option<SocketAddr>,
    folder: PathBuf,
}

impl Instance {
    /// Starts the binary on the folder (founding a database if it is empty) and waits until it listens.
    pub fn start(binary: &str, folder: &Path) -> Instance {
        Instance::start_with(binary, folder, &[])
    }

    /// The same with further arguments.
    pub fn start_with(binary: &str, folder: &Path, arguments: &[&str]) -> Instance {
        Instance::start_by(Command::new(binary).stdout(Stdio::null()), folder, arguments)
    }

    /// The same by a command of the caller's own: a wrapper that becomes the binary, or one whose output is read.
    pub fn start_by(command: &mut Command, folder: &Path, arguments: &[&str]) -> Instance {
        proxy::tls::use_ring();
        let note = folder.join("running.json");
        let _none_left_from_a_kill = std::fs::remove_file(&note);
        let mut child = command
            .args(["--data", &folder.display().to_string(), "--listen", "127.0.0.1:0", "start"])
            .args(["--mdns", "off"])
            .args(if arguments.contains(&"--peers-listen") { &[][..] } else { &["--peers-listen", "off"] })
            .args(arguments)
            .stdin(Stdio::null())
            .stderr(Stdio::inherit())
            .spawn()
            .expect("the binary starts");
        let mut waited = Duration::ZERO;
        loop {
            if let Some((address, peers)) = std::fs::read_to_string(&note).ok().and_then(|t| listening(&t)) {
                return Instance { child, address, peers, folder: folder.to_owned() };
            }
            if let Some(status) = child.try_wait().expect("the process can be asked") {
                panic!("headwaters start ended early with {status}");
            }
            assert!(waited < START_LIMIT, "no port after {START_LIMIT:?}");
            std::thread::sleep(LOOK_EVERY);
            waited += LOOK_EVERY;
        }
    }

    /// The same among peers: it listens for them on a free port of this machine, and begins with these.
    pub fn networked(binary: &str, folder: &Path, bootstrap: &[SocketAddr]) -> Instance {
        let bootstrap: Vec<String> = bootstrap.iter().map(ToString::to_string).collect();
        let named = bootstrap.iter().flat_map(|address| ["--bootstrap", address]);
        Instance::start_with(
            binary,
            folder,
            &["--peers-listen", "127.0.0.1:0"].into_iter().chain(named).collect::<Vec<_>>(),
        )
    }

    /// Where peers reach it. Panics if it does not listen for them.
    pub fn peers_address(&self) -> SocketAddr {
        self.peers.expect("started with --peers-listen")
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its data folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Its process id.
    pub fn process(&self) -> u32 {
        self.child.id()
    }

    /// What it has written to standard output, if the command that started it pipes that.
    pub fn output(&mut self) -> Option<ChildStdout> {
        self.child.stdout.take()
    }

    /// A connection as root.
    pub async fn connect(&self) -> Conn {
        self.try_connect().await.expect("a connection")
    }

    /// A connection as root, or why not.
    pub async fn try_connect(&self) -> Result<Conn, mysql_async::Error> {
        Conn::new(self.options()).await
    }

    /// How to connect as root without a password.
    pub fn options(&self) -> OptsBuilder {
        OptsBuilder::default()
            .ip_or_hostname(self.address.ip().to_string())
            .tcp_port(self.address.port())
            .user(Some("root"))
            .prefer_socket(false)
    }

    /// kill -9: no chance to write anything more.
    pub fn kill(mut self) {
        self.child.kill().expect("the process can be killed");
        self.child.wait().expect("the process ends");
    }

    /// A graceful stop by SIGTERM; true if it ended with success.
    pub fn stop(mut self) -> bool {
        let process = self.child.id().to_string();
        let sent = Command::new("kill").args(["-TERM", &process]).status().expect("kill runs");
        sent.success() && self.child.wait().expect("the process ends").success()
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        let _already_gone = self.child.kill();
        let _already_reaped = self.child.wait();
    }
}

/// The addresses for clients and for peers.
fn listening(note: &str) -> Option<(SocketAddr, Option<SocketAddr>)> {
    let value: serde_json::Value = serde_json::from_str(note).ok()?;
    let address = |name: &str| value.get(name)?.as_str()?.parse().ok();
    Some((address("address")?, address("peers")))
}
