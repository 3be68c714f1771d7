//! The real `headwaters` process: found, started on a free port in a folder of its own, ended when dropped.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;

/// How often and how long the port is tried: a start on an empty folder takes well under a second.
const TRIES: u32 = 200;
const PAUSE: Duration = Duration::from_millis(50);

/// The binary beside this test's own: `target/<profile>/headwaters`. Another package cannot use `CARGO_BIN_EXE_*`.
pub fn binary() -> PathBuf {
    let own = std::env::current_exe().expect("a running program has a path");
    let profile = own.ancestors().nth(2).expect("tests run from target/<profile>/deps");
    let binary = profile.join(format!("headwaters{}", std::env::consts::EXE_SUFFIX));
    assert!(binary.exists(), "{} is missing: run `cargo build` first", binary.display());
    binary
}

/// A running replica.
pub struct Process {
    child: Child,
    address: SocketAddr,
    folder: TempDir,
}

impl Process {
    /// Founds a database in a new folder and serves it.
    pub fn start() -> Process {
        let folder = tempfile::tempdir().expect("a folder for the replica");
        let address = free_address();
        let child = launch(folder.path(), address);
        let mut process = Process { child, address, folder };
        process.await_port();
        process
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its data folder.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Ends it as `kill -9` does, and waits until it is gone.
    pub fn kill(&mut self) {
        self.child.kill().expect("the process can be killed");
        self.child.wait().expect("the process ends");
    }

    /// Starts it again on the same folder and port.
    pub fn restart(&mut self) {
        self.child = launch(self.folder.path(), self.address);
        self.await_port();
    }

    fn await_port(&mut self) {
        for _ in 0..TRIES {
            if TcpStream::connect(self.address).is_ok() {
                return;
            }
            if let Some(status) = self.child.try_wait().expect("the process can be asked") {
                panic!("headwaters ended at its start: {status}");
            }
            std::thread::sleep(PAUSE);
        }
        panic!("headwaters does not listen on {}", self.address);
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn free_address() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("a bound listener has an address")
}

fn launch(folder: &Path, address: SocketAddr) -> Child {
    let data = folder.join("data");
    Command::new(binary())
        .arg("start")
        .arg("--data")
        .arg(data)
        .arg("--listen")
        .arg(address.to_string())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .expect("headwaters can be started")
}
