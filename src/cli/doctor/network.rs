//! What `doctor` finds between this replica and its peers: the port, the clocks, who is reached, who is behind, faults.

use super::Finding;
use crate::cli::reach;
use crate::config::{Config, PeersListen};
use crate::replica::presence;
use dag::admit::MAX_CLOCK_SKEW_MILLIS;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

/// A port on this machine answers at once or not at all.
const PROBE: Duration = Duration::from_millis(500);
/// A peer that lacks commits of longer ago than this does not only wait for the next announcement.
const BEHIND_MILLIS: u64 = 60_000;

/// The port for peers: of the running replica, or free for the next start.
pub fn port(config: &Config) -> Finding {
    let running = presence::read(&config.data).ok().flatten();
    let (well, found) = match (running, config.peers_listen) {
        (Some(present), _) => match present.peers {
            Some(address) => listens(address),
            None => (true, "the running replica does not listen for peers".to_owned()),
        },
        (None, PeersListen::Off) => (true, "off".to_owned()),
        (None, PeersListen::At(address)) => is_free(address),
    };
    let advice =
        "choose another with --peers-listen, or end the process that has it; a firewall must let TCP and UDP through";
    Finding { check: "peers' port", well, found, advice }
}

fn listens(address: SocketAddr) -> (bool, String) {
    let mut near = address;
    if near.ip().is_unspecified() {
        near.set_ip(if near.is_ipv4() { [127, 0, 0, 1].into() } else { std::net::Ipv6Addr::LOCALHOST.into() });
    }
    match TcpStream::connect_timeout(&near, PROBE) {
        Ok(_) => (true, format!("listening on {address}")),
        Err(error) => (false, format!("nothing answers on {address}: {error}")),
    }
}

fn is_free(address: SocketAddr) -> (bool, String) {
    match TcpListener::bind(address) {
        Ok(_) => (true, format!("{address} is free for the next start")),
        Err(error) => (false, format!("{address} cannot be listened on: {error}")),
    }
}

/// The machine's clock against those of connected members.
pub fn clocks(config: &Config) -> Finding {
    let query = "SELECT value FROM headwaters.status WHERE name = 'clock_difference_ms'";
    let median: Option<i64> =
        cells(config, query).into_iter().flatten().flatten().next().and_then(|ms| ms.parse().ok());
    let (well, found) = match median {
        None => (true, "no other member is connected".to_owned()),
        Some(ahead) => (
            ahead.unsigned_abs() <= MAX_CLOCK_SKEW_MILLIS,
            format!("the members' clocks are {ahead} ms ahead of this one"),
        ),
    };
    let advice = "set this machine's clock (NTP), or the others' if theirs are wrong; a replica that differs from most of \
                  them by more than 5 s takes no writes until then";
    Finding { check: "peers' clocks", well, found, advice }
}

/// Who is reached, who is behind, and what went wrong, as the running replica saw it.
pub fn peers(config: &Config) -> Finding {
    let query = "SELECT COALESCE(NULLIF(member, ''), LEFT(author, 10), LEFT(transport, 10)), connected, \
                 COALESCE(access, ''), COALESCE(lag_ms, 0), faults, COALESCE(refused_us, '') FROM headwaters.peers";
    let peers: Vec<Peer> = cells(config, query).iter().map(|row| Peer::of(row)).collect();
    let members = "SELECT COUNT(*) FROM headwaters.members WHERE role <> 'removed' AND name <> 'recovery'";
    let others = cells(config, members).into_iter().flatten().flatten().next().and_then(|n| n.parse::<u64>().ok());
    let (well, found) = judge(&peers, others.unwrap_or(1).saturating_sub(1));
    let advice =
        "start the others, name one with --bootstrap HOST:PORT, open its port; headwaters peers tells more of each";
    Finding { check: "peers", well, found, advice }
}

/// A line of `headwaters.peers`.
#[derive(Clone, Debug, Default)]
struct Peer {
    name: String,
    connected: bool,
    access: String,
    lag_millis: u64,
    faults: String,
    refusal: String,
}

impl Peer {
    fn of(row: &[Option<String>]) -> Peer {
        let cell = |at: usize| row.get(at).cloned().flatten().unwrap_or_default();
        Peer {
            name: cell(0),
            connected: cell(1) == "1",
            access: cell(2),
            lag_millis: cell(3).parse().unwrap_or_default(),
            faults: cell(4),
            refusal: cell(5),
        }
    }
}

/// The verdict over all peers of a database with so many other members.
fn judge(peers: &[Peer], others: u64) -> (bool, String) {
    let reached = peers.iter().filter(|p| p.connected && matches!(p.access.as_str(), "member" | "reader")).count();
    let mut said = vec![format!("{reached} of {others} other members reached")];
    let behind = |p: &&Peer| p.connected && p.lag_millis > BEHIND_MILLIS;
    let refused = |p: &&Peer| p.connected && !p.refusal.is_empty();
    let trouble = peers.iter().any(|p| behind(&p) || refused(&p));
    said.extend(peers.iter().filter(behind).map(|p| format!("{} is {} s behind", p.name, p.lag_millis / 1_000)));
    said.extend(peers.iter().filter(refused).map(|p| format!("{} refuses this replica: {}", p.name, p.refusal)));
    said.extend(peers.iter().filter(|p| !p.faults.is_empty()).map(|p| format!("faults of {}: {}", p.name, p.faults)));
    ((reached > 0 || others == 0) && !trouble, said.join("; "))
}

/// The answer of the replica that runs on the folder; nothing if none runs.
fn cells(config: &Config, query: &str) -> Vec<Vec<Option<String>>> {
    let runs = matches!(presence::read(&config.data), Ok(Some(_)));
    if runs { reach::ask(config, query).map(|answer| answer.rows).unwrap_or_default() } else { Vec::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn somebody_is_reached_nobody_refuses_and_nobody_is_far_behind() {
        let well = Peer { name: "b".into(), connected: true, access: "member".into(), ..Peer::default() };
        let behind = Peer { lag_millis: 61_000, ..well.clone() };
        let refuses = Peer { refusal: "strangers are served nothing".into(), ..well.clone() };
        let faulty = Peer { faults: "silent=1".into(), ..well.clone() };
        let gone = Peer { connected: false, ..well.clone() };
        for (peers, others, is_well, said) in [
            (vec![], 0, true, "0 of 0"),
            (vec![well.clone()], 1, true, "1 of 1"),
            (vec![gone], 1, false, "0 of 1"),
            (vec![well.clone(), behind], 2, false, "b is 61 s behind"),
            (vec![well.clone(), refuses], 2, false, "refuses this replica: strangers"),
            (vec![faulty], 1, true, "faults of b: silent=1"),
        ] {
            let (verdict, found) = judge(&peers, others);
            assert_eq!(verdict, is_well, "{found}");
            assert!(found.contains(said), "{found}");
        }
    }

    #[test]
    fn a_taken_port_is_named() {
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = taken.local_addr().unwrap();
        assert!(listens(address).0);
        let (free, found) = is_free(address);
        assert!(!free && found.contains(&address.to_string()), "{found}");
    }
}
