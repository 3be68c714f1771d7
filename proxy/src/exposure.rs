//! Where the server may listen: beyond this machine only with passwords and TLS.

use std::net::SocketAddr;

/// An address that must not be listened on as things are.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "refusing to listen on {address}: {missing}. Anyone who reaches this port could read and write everything. \
     Set a password (--root-password-file FILE) and keep TLS on (--tls-certificate and --tls-key; without them one is made), \
     or listen on 127.0.0.1"
)]
pub struct Exposed {
    address: SocketAddr,
    missing: &'static str,
}

/// Whether listening on `address` is safe when every account has a password (or not) and TLS is on (or not).
pub fn check(address: SocketAddr, passwords: bool, tls: bool) -> Result<(), Exposed> {
    let missing = match (passwords, tls) {
        _ if address.ip().is_loopback() => return Ok(()),
        (true, true) => return Ok(()),
        (false, true) => "an account has no password",
        (true, false) => "TLS is off",
        (false, false) => "an account has no password and TLS is off",
    };
    Err(Exposed { address, missing })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_is_open_without_password_and_tls() {
        let cases = [
            ("127.0.0.1:3316", false, false, true),
            ("127.8.0.1:3316", false, false, true),
            ("[::1]:3316", false, false, true),
            ("0.0.0.0:3316", false, false, false),
            ("0.0.0.0:3316", true, false, false),
            ("[::]:3316", false, true, false),
            ("192.168.0.7:3316", true, true, true),
        ];
        for (address, passwords, tls, allowed) in cases {
            assert_eq!(check(address.parse().unwrap(), passwords, tls).is_ok(), allowed, "{address}");
        }
    }

    #[test]
    fn the_refusal_says_what_is_missing_and_how_to_go_on() {
        let message = check(([0, 0, 0, 0], 3316).into(), false, true).unwrap_err().to_string();
        assert!(
            message.contains("0.0.0.0:3316")
                && message.contains("no password")
                && message.contains("--root-password-file")
        );
    }
}
