//! Addresses of peers: as people write them, as libp2p dials them, as others are told them.
//!
//! Promises: host:port means TCP and QUIC on that port; what is told to others carries our transport's id, and no
//! address that only works here if there is one that works elsewhere. Resolves no names.

use crate::hello::TransportId;
use libp2p::identity::PublicKey;
use libp2p::multiaddr::Protocol;
use libp2p::{Multiaddr, PeerId};
use std::net::{IpAddr, SocketAddr};

/// The peer id of a transport key; `None` if it is no key.
#[cfg(test)]
pub(super) fn peer_of(transport: &TransportId) -> Option<PeerId> {
    let key = libp2p::identity::ed25519::PublicKey::try_from_bytes(&transport.0).ok()?;
    Some(PublicKey::from(key).to_peer_id())
}

/// The transport key of a peer id: Ed25519 ids hold their key. `None` for other kinds of keys, which are not let in.
pub(super) fn transport_of(peer: &PeerId) -> Option<TransportId> {
    let multihash = peer.as_ref();
    let key = (multihash.code() == 0).then(|| PublicKey::try_decode_protobuf(multihash.digest()).ok())??;
    Some(TransportId(key.try_into_ed25519().ok()?.to_bytes()))
}

/// Reads host:port or a multiaddr; gives what to dial. A transport's id in it is passed over: it was of one run. Error: what is wrong with it.
pub(super) fn parse(text: &str) -> Result<Vec<Multiaddr>, String> {
    if text.starts_with('/') {
        let address: Multiaddr = text.parse().map_err(|e| format!("{e}"))?;
        let dialable = address.iter().any(|p| matches!(p, Protocol::Tcp(_) | Protocol::QuicV1));
        return if dialable {
            Ok(vec![bare(&address)])
        } else {
            Err("it names neither /tcp/PORT nor /udp/PORT/quic-v1".into())
        };
    }
    let (host, port) = text.rsplit_once(':').ok_or("the port is missing")?;
    let port: u16 = port.parse().map_err(|_| format!("{port:?} is no port"))?;
    if port == 0 {
        return Err("port 0 cannot be reached".to_owned());
    }
    let bare = host.strip_prefix('[').and_then(|h| h.strip_suffix(']')).unwrap_or(host);
    let host = match bare.parse::<IpAddr>() {
        Ok(ip) => Protocol::from(ip),
        Err(_) if is_name(bare) => Protocol::Dns(bare.to_owned().into()),
        Err(_) => return Err(format!("{host:?} is neither an IP address nor a host name")),
    };
    let base = Multiaddr::empty().with(host);
    Ok(vec![base.clone().with(Protocol::Tcp(port)), base.with(Protocol::Udp(port)).with(Protocol::QuicV1)])
}

fn is_name(text: &str) -> bool {
    let fits = |label: &str| {
        !label.is_empty() && label.len() <= 63 && label.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
    };
    text.len() <= 253 && text.trim_end_matches('.').split('.').all(fits)
}

/// What to listen on.
pub(super) fn listening(address: SocketAddr) -> [Multiaddr; 2] {
    let base = Multiaddr::empty().with(Protocol::from(address.ip()));
    let udp = base.clone().with(Protocol::Udp(address.port())).with(Protocol::QuicV1);
    [base.with(Protocol::Tcp(address.port())), udp]
}

/// The port in an address.
pub(super) fn port_of(address: &Multiaddr) -> Option<u16> {
    address.iter().find_map(|p| match p {
        Protocol::Tcp(port) | Protocol::Udp(port) => Some(port),
        _ => None,
    })
}

/// The peer named at an address's end.
pub(super) fn named_peer(address: &Multiaddr) -> Option<PeerId> {
    address.iter().find_map(|p| match p {
        Protocol::P2p(peer) => Some(peer),
        _ => None,
    })
}

/// The address without the peer's name.
pub(super) fn bare(address: &Multiaddr) -> Multiaddr {
    address.iter().filter(|p| !matches!(p, Protocol::P2p(_))).collect()
}

/// Addresses as they are kept for another run: without the ids of transports, each once.
pub(super) fn lasting(addresses: &[String]) -> Vec<String> {
    let mut kept = Vec::new();
    for address in addresses.iter().filter_map(|text| text.parse().ok()) {
        let address = bare(&address).to_string();
        if !kept.contains(&address) {
            kept.push(address);
        }
    }
    kept
}

fn is_loopback(address: &Multiaddr) -> bool {
    address.iter().any(|p| match p {
        Protocol::Ip4(ip) => ip.is_loopback(),
        Protocol::Ip6(ip) => ip.is_loopback(),
        _ => false,
    })
}

/// What to tell others of our listening addresses.
pub(super) fn told(listening: &[Multiaddr], me: PeerId) -> Vec<String> {
    let away = listening.iter().any(|a| !is_loopback(a));
    let told = listening.iter().filter(|a| !away || !is_loopback(a));
    told.map(|a| bare(a).with(Protocol::P2p(me)).to_string()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use dag::author_key::AuthorKey;

    #[test]
    fn people_write_host_and_port_or_a_multiaddr() {
        let cases: [(&str, Option<&[&str]>); 11] = [
            ("192.0.2.7:3317", Some(&["/ip4/192.0.2.7/tcp/3317", "/ip4/192.0.2.7/udp/3317/quic-v1"])),
            ("[2001:db8::1]:1", Some(&["/ip6/2001:db8::1/tcp/1", "/ip6/2001:db8::1/udp/1/quic-v1"])),
            ("db.example:3317", Some(&["/dns/db.example/tcp/3317", "/dns/db.example/udp/3317/quic-v1"])),
            ("/ip4/192.0.2.7/tcp/3317", Some(&["/ip4/192.0.2.7/tcp/3317"])),
            ("/ip4/192.0.2.7", None),
            ("/ip4/192.0.2/tcp/1", None),
            ("192.0.2.7", None),
            ("192.0.2.7:0", None),
            ("192.0.2.7:70000", None),
            (":3317", None),
            ("a b:3317", None),
        ];
        for (text, expected) in cases {
            let parsed = parse(text).ok().map(|all| all.iter().map(ToString::to_string).collect::<Vec<_>>());
            assert_eq!(
                parsed.as_deref(),
                expected.map(|e| e.iter().map(|s| s.to_string()).collect::<Vec<_>>()).as_deref()
            );
        }
    }

    #[test]
    fn what_is_kept_or_named_outlives_the_transport_of_one_run() {
        let me = peer_of(&TransportId(*AuthorKey::from_seed([5; 32]).id().as_bytes())).unwrap();
        let here = "/ip4/192.0.2.7/tcp/3317";
        let told = format!("{here}/p2p/{me}");
        assert_eq!(lasting(&[told.clone(), here.to_owned(), "?".to_owned()]), [here]);
        assert_eq!(parse(&told).unwrap(), [here.parse().unwrap()]);
    }

    #[test]
    fn a_peer_id_is_its_transport_key() {
        let transport = TransportId(*AuthorKey::from_seed([5; 32]).id().as_bytes());
        assert_eq!(transport_of(&peer_of(&transport).unwrap()), Some(transport));
        assert_eq!(transport_of(&PeerId::random()), None);
    }

    #[test]
    fn loopback_is_told_only_by_who_has_nothing_else() {
        let me = peer_of(&TransportId(*AuthorKey::from_seed([5; 32]).id().as_bytes())).unwrap();
        let here: Multiaddr = "/ip4/127.0.0.1/tcp/1".parse().unwrap();
        let there: Multiaddr = "/ip4/192.0.2.7/tcp/1".parse().unwrap();
        assert_eq!(told(std::slice::from_ref(&here), me), [format!("{here}/p2p/{me}")]);
        assert_eq!(told(&[here, there.clone()], me), [format!("{there}/p2p/{me}")]);
    }
}
