//! Test hosts of our own: network namespaces on this machine, joined by a bridge, each with a cable that can be pulled.
//!
//! ```text
//! test process -- control link -- host 0, 1, 2 ...      (10.A.B.0/24 in pieces of four; nothing is forwarded)
//!                                    |
//!                                  cable -- bridge      (10.200.0.N; nobody else is on it)
//! ```
//! Promises: what is not cabled cannot be reached by another way; everything is gone with the value, also after a
//! failure. Needs root and `ip`; where that is not allowed, [`Hosts::make`] says why. Linux only.

use std::net::Ipv4Addr;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicU8, Ordering};

/// Set where the gate knows that namespaces are allowed: then a test that cannot make them fails.
const REQUIRED: &str = "HEADWATERS_TEST_HOSTS";

static MADE: AtomicU8 = AtomicU8::new(0);

/// Several hosts.
pub struct Hosts {
    name: String,
    net: [u8; 2],
    count: u8,
}

impl Hosts {
    /// So many hosts, all cabled; `None`, with a note, where this machine does not allow it.
    pub fn make(count: u8) -> Option<Hosts> {
        // Two test processes at once get names and networks of their own.
        let process = std::process::id();
        let made = MADE.fetch_add(1, Ordering::Relaxed);
        let name = format!("hw{:x}x{made}", process % 0xf_ffff);
        let hosts = Hosts {
            name,
            net: [(64 + process % 128) as u8, made.wrapping_mul(7).wrapping_add((process / 128) as u8)],
            count,
        };
        match hosts.build() {
            Ok(()) => Some(hosts),
            Err(reason) => {
                assert!(std::env::var_os(REQUIRED).is_none(), "no test hosts: {reason}");
                note(&reason);
                None
            }
        }
    }

    fn build(&self) -> Result<(), String> {
        let bridge = &self.name;
        ip(&format!("link add {bridge} type bridge"))?;
        ip(&format!("link set {bridge} up"))?;
        for n in 0..self.count {
            let host = self.host(n);
            let (control, inside) = (self.gateway(n), self.control(n));
            ip(&format!("netns add {host}"))?;
            ip(&format!("link add {host}c type veth peer name control netns {host}"))?;
            ip(&format!("addr add {control}/30 dev {host}c"))?;
            ip(&format!("link set {host}c up"))?;
            ip(&format!("-n {host} addr add {inside}/30 dev control"))?;
            ip(&format!("-n {host} link set control up"))?;
            ip(&format!("-n {host} link set lo up"))?;
            ip(&format!("link add {host}p type veth peer name cable netns {host}"))?;
            ip(&format!("link set {host}p up"))?;
            ip(&format!("-n {host} addr add {}/24 dev cable", self.cabled(n)))?;
            ip(&format!("-n {host} link set cable up"))?;
            self.plug(n)?;
        }
        Ok(())
    }

    fn host(&self, n: u8) -> String {
        format!("{}h{n}", self.name)
    }

    /// What stands before a program that is to run on a host.
    pub fn inside(&self, n: u8) -> Vec<String> {
        ["ip", "netns", "exec"].map(str::to_owned).into_iter().chain([self.host(n)]).collect()
    }

    /// A host's address for the test process, and for relays in it.
    pub fn control(&self, n: u8) -> Ipv4Addr {
        Ipv4Addr::new(10, self.net[0], self.net[1], n * 4 + 2)
    }

    /// The test process's address as this host sees it.
    pub fn gateway(&self, n: u8) -> Ipv4Addr {
        Ipv4Addr::new(10, self.net[0], self.net[1], n * 4 + 1)
    }

    /// A host's address for the other hosts.
    pub fn cabled(&self, n: u8) -> Ipv4Addr {
        Ipv4Addr::new(10, 200, 0, n + 1)
    }

    /// Pulls a host's cable: silence, nobody is told.
    pub fn pull(&self, n: u8) {
        ip(&format!("link set {}p nomaster", self.host(n))).expect("the cable can be pulled");
    }

    /// Plugs it in again.
    pub fn plug(&self, n: u8) -> Result<(), String> {
        ip(&format!("link set {}p master {}", self.host(n), self.name))
    }
}

impl Drop for Hosts {
    fn drop(&mut self) {
        for n in 0..self.count {
            let _never_made = ip(&format!("netns del {}", self.host(n)));
            // The namespace takes its ends of the links along, sooner or later; the names are free at once this way.
            let _already_gone = ip(&format!("link del {}c", self.host(n)));
            let _already_gone = ip(&format!("link del {}p", self.host(n)));
        }
        let _never_made = ip(&format!("link del {}", self.name));
    }
}

fn ip(arguments: &str) -> Result<(), String> {
    let out = Command::new("ip").args(arguments.split(' ')).output().map_err(|e| format!("ip: {e}"))?;
    if out.status.success() {
        return Ok(());
    }
    Err(format!("ip {arguments}: {}", String::from_utf8_lossy(&out.stderr).trim()))
}

#[expect(clippy::print_stdout, reason = "a test left out is to be seen")]
fn note(reason: &str) {
    println!("left out, no test hosts on this machine: {reason}");
}

/// A file with root's password, as replicas on other addresses than loopback need.
pub fn password(folder: &Path) -> (String, std::path::PathBuf) {
    let (password, file) = ("test host".to_owned(), folder.join("password"));
    std::fs::write(&file, &password).expect("the folder can be written");
    (password, file)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{SocketAddr, TcpStream};
    use std::process::{Child, Stdio};
    use std::time::Duration;

    /// Ends with the test, whatever becomes of it.
    struct Server(Child);

    impl Drop for Server {
        fn drop(&mut self) {
            let _already_gone = self.0.kill();
            let _already_reaped = self.0.wait();
        }
    }

    /// Whether host 1 can open a connection to host 0 over the cable.
    fn reaches(hosts: &Hosts) -> bool {
        let dial = format!("exec 3<>/dev/tcp/{}/8000", hosts.cabled(0));
        let inside = hosts.inside(1);
        let status = Command::new(&inside[0])
            .args(&inside[1..])
            .args(["timeout", "1", "bash", "-c", &dial])
            .stderr(Stdio::null())
            .status();
        status.unwrap().success()
    }

    #[test]
    fn a_cable_carries_until_it_is_pulled_and_the_test_reaches_every_host() {
        let Some(hosts) = Hosts::make(2) else { return };
        let inside = hosts.inside(0);
        let server = ["python3", "-m", "http.server", "8000"];
        let quiet = Stdio::null;
        let child = Command::new(&inside[0]).args(&inside[1..]).args(server).stdout(quiet()).stderr(quiet()).spawn();
        let _server = Server(child.unwrap());
        let control = SocketAddr::new(hosts.control(0).into(), 8000);
        let mut looked = 0;
        while TcpStream::connect_timeout(&control, Duration::from_secs(1)).is_err() {
            looked += 1;
            assert!(looked < 500, "the server is not reached from the test");
            std::thread::sleep(Duration::from_millis(20));
        }
        assert!(reaches(&hosts));
        hosts.pull(1);
        assert!(!reaches(&hosts), "pulled");
        hosts.plug(1).unwrap();
        assert!(reaches(&hosts), "plugged in again");
    }
}
