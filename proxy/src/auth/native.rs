//! mysql_native_password: `SHA1(password) XOR SHA1(salt, SHA1(SHA1(password)))`.

use super::same_secret;
use sha1::{Digest, Sha1};

/// The method's name on the wire.
pub(crate) const NAME: &str = "mysql_native_password";

/// What is kept of a password: `SHA1(SHA1(password))`.
pub(crate) fn verifier(password: &[u8]) -> [u8; 20] {
    Sha1::digest(Sha1::digest(password)).into()
}

/// Whether the client's answer to the salt proves the password.
pub(crate) fn proves(answer: &[u8], salt: &[u8], verifier: &[u8; 20]) -> bool {
    let mask: [u8; 20] = Sha1::new().chain_update(salt).chain_update(verifier).finalize().into();
    let Ok(answer) = <[u8; 20]>::try_from(answer) else { return false };
    let once: [u8; 20] = std::array::from_fn(|i| answer[i] ^ mask[i]);
    same_secret(&<[u8; 20]>::from(Sha1::digest(once)), verifier)
}

#[cfg(test)]
mod tests {
    use super::*;
    use mysql_common::scramble::scramble_native;

    #[test]
    fn what_a_client_computes_is_proved_and_nothing_else() {
        let salt = b"0123456789abcdefghij";
        let answer = scramble_native(salt, b"secret").unwrap();
        assert!(proves(&answer, salt, &verifier(b"secret")));
        assert!(!proves(&answer, salt, &verifier(b"Secret")));
        assert!(!proves(&answer, b"0123456789abcdefghiX", &verifier(b"secret")));
        assert!(!proves(&answer[..19], salt, &verifier(b"secret")));
        assert!(!proves(&[], salt, &verifier(b"secret")));
    }

    #[test]
    fn the_verifier_is_mysqls() {
        // SELECT PASSWORD('secret') on MariaDB 10.11.
        let hex: String = verifier(b"secret").iter().map(|b| format!("{b:02X}")).collect();
        assert_eq!(hex, "14E65567ABDB5135D0CFD9A70B3032C179A49EE7");
    }
}
