//! A real `headwaters start` process in a folder of its own: started, killed, stopped, and asked over its port.
//!
//! Promises: the process ends with the value. Does not know which binary: the test that owns one brings it.

use mysql_async::{Conn, OptsBuilder, SslOpts};
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

/// How a process is to be started; [`Instance::start`] is the usual way.
#[derive(Clone, Debug)]
pub struct Launch {
    /// The program.
    pub binary: String,
    /// Its data folder.
    pub folder: PathBuf,
    /// The MySQL address.
    pub listen: String,
    /// What stands before the program: a network namespace to run in.
    pub inside: Vec<String>,
    /// root's password in a file, for addresses other than loopback.
    pub password: Option<(String, PathBuf)>,
    /// Further variables.
    pub environment: Vec<(String, String)>,
    /// Further arguments of `start`.
    pub arguments: Vec<String>,
}

impl Launch {
    /// On loopback, at any free port.
    pub fn new(binary: &str, folder: &Path) -> Launch {
        Launch {
            binary: binary.to_owned(),
            folder: folder.to_owned(),
            listen: "127.0.0.1:0".to_owned(),
            inside: Vec::new(),
            password: None,
            environment: Vec::new(),
            arguments: Vec::new(),
        }
    }

    /// The program with its settings and a verb to come.
    pub fn command(&self) -> Command {
        let mut command = match self.inside.split_first() {
            Some((first, rest)) => {
                let mut command = Command::new(first);
                command.args(rest).arg(&self.binary);
                command
            }
            None => Command::new(&self.binary),
        };
        self.set(&mut command);
        command
    }

    /// Adds the settings.
    fn set(&self, command: &mut Command) {
        command.arg("--data").arg(&self.folder).args(["--listen", &self.listen]);
        if let Some((_, file)) = &self.password {
            command.arg("--root-password-file").arg(file);
        }
        command.envs(self.environment.iter().cloned());
    }

    /// Tests that say nothing of peers run alone: no port for them, no looking around on the local network.
    fn surroundings(&self) -> Vec<&'static str> {
        let said = |name: &str| self.arguments.iter().any(|argument| argument == name);
        let unsaid = [("--peers-listen", "off"), ("--mdns", "off")].into_iter().filter(|(name, _)| !said(name));
        unsaid.flat_map(|(name, value)| [name, value]).collect()
    }

    /// Runs another verb to its end; its output, or what it complained of.
    pub fn verb(&self, arguments: &[&str]) -> Result<String, String> {
        let out = self.command().args(arguments).stdin(Stdio::null()).output().map_err(|e| e.to_string())?;
        let said = String::from_utf8_lossy(&out.stdout).into_owned();
        let complaint = String::from_utf8_lossy(&out.stderr).into_owned();
        if out.status.success() { Ok(said) } else { Err(format!("{}: {said}{complaint}", out.status)) }
    }
}

/// A running replica process.
pub struct Instance {
    child: Child,
    address: SocketAddr,
    peers: Option<SocketAddr>,
    launch: Launch,
}

impl Instance {
    /// Starts the binary on the folder (founding a database if it is empty) and waits until it listens.
    pub fn start(binary: &str, folder: &Path) -> Instance {
        Instance::start_with(binary, folder, &[])
    }

    /// The same with further arguments.
    pub fn start_with(binary: &str, folder: &Path, arguments: &[&str]) -> Instance {
        let arguments = arguments.iter().map(|&a| a.to_owned()).collect();
        Instance::launch(Launch { arguments, ..Launch::new(binary, folder) })
    }

    /// The same, with everything said.
    pub fn launch(launch: Launch) -> Instance {
        Instance::try_launch(launch).unwrap_or_else(|complaint| panic!("{complaint}"))
    }

    /// The same by a command of the caller's own: a wrapper that becomes the binary, or one whose output is read.
    pub fn start_by(command: &mut Command, folder: &Path, arguments: &[&str]) -> Instance {
        let arguments = arguments.iter().map(|&a| a.to_owned()).collect();
        let launch = Launch { arguments, ..Launch::new(&command.get_program().to_string_lossy(), folder) };
        launch.set(command);
        Instance::wait(command, launch).unwrap_or_else(|complaint| panic!("{complaint}"))
    }

    /// As [`Instance::launch`], or how it ended early.
    pub fn try_launch(launch: Launch) -> Result<Instance, String> {
        Instance::wait(launch.command().stdout(Stdio::null()), launch)
    }

    fn wait(command: &mut Command, launch: Launch) -> Result<Instance, String> {
        proxy::tls::use_ring();
        let note = launch.folder.join("running.json");
        let _none_left_from_a_kill = std::fs::remove_file(&note);
        let mut child = command
            .arg("start")
            .args(launch.surroundings())
            .args(&launch.arguments)
            .stdin(Stdio::null())
            .stderr(Stdio::inherit())
            .spawn()
            .expect("the binary starts");
        let mut waited = Duration::ZERO;
        loop {
            let said = std::fs::read_to_string(&note).unwrap_or_default();
            if let Some(address) = noted(&said, "address") {
                return Ok(Instance { child, address, peers: noted(&said, "peers"), launch });
            }
            if let Some(status) = child.try_wait().expect("the process can be asked") {
                return Err(format!("headwaters start ended early with {status}"));
            }
            if waited >= START_LIMIT {
                let _already_gone = child.kill();
                return Err(format!("no port after {START_LIMIT:?}"));
            }
            std::thread::sleep(LOOK_EVERY);
            waited += LOOK_EVERY;
        }
    }

    /// The same among peers: it listens for them on a free port of this machine, and begins with these.
    pub fn networked(binary: &str, folder: &Path, bootstrap: &[SocketAddr]) -> Instance {
        let bootstrap: Vec<String> = bootstrap.iter().map(ToString::to_string).collect();
        let named = bootstrap.iter().flat_map(|address| ["--bootstrap", address]);
        let arguments: Vec<&str> = ["--peers-listen", "127.0.0.1:0"].into_iter().chain(named).collect();
        Instance::start_with(binary, folder, &arguments)
    }

    /// Where peers reach it. Panics if it does not listen for them.
    pub fn peers_address(&self) -> SocketAddr {
        self.peers.expect("started with --peers-listen")
    }

    /// Where it listens for peers; `None` if it does not.
    pub fn peers(&self) -> Option<SocketAddr> {
        self.peers
    }

    /// How it was started.
    pub fn launched(&self) -> &Launch {
        &self.launch
    }

    /// What it prints, if it was started by a command that keeps it.
    pub fn output(&mut self) -> Option<ChildStdout> {
        self.child.stdout.take()
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its data folder.
    pub fn folder(&self) -> &Path {
        &self.launch.folder
    }

    /// Its process id.
    pub fn process(&self) -> u32 {
        self.child.id()
    }

    /// A connection as root.
    pub async fn connect(&self) -> Conn {
        self.try_connect().await.expect("a connection")
    }

    /// A connection as root, or why not.
    pub async fn try_connect(&self) -> Result<Conn, mysql_async::Error> {
        Conn::new(self.options()).await
    }

    /// How to connect as root: without a password, or with it over TLS, whose certificate is the replica's own.
    pub fn options(&self) -> OptsBuilder {
        let options = OptsBuilder::default()
            .ip_or_hostname(self.address.ip().to_string())
            .tcp_port(self.address.port())
            .user(Some("root"))
            .prefer_socket(false);
        match &self.launch.password {
            Some((password, _)) => {
                options.pass(Some(password)).ssl_opts(SslOpts::default().with_danger_accept_invalid_certs(true))
            }
            None => options,
        }
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

/// An address out of the folder's note, once it is written whole.
fn noted(note: &str, name: &str) -> Option<SocketAddr> {
    let value: serde_json::Value = serde_json::from_str(note).ok()?;
    value.get(name)?.as_str()?.parse().ok()
}
