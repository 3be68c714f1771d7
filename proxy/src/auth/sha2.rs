//! caching_sha2_password: `SHA256(password) XOR SHA256(SHA256(SHA256(password)), salt)` on the fast path, the password
//! itself over TLS on the full one.

use super::same_secret;
use sha2::{Digest, Sha256};

/// The method's name on the wire.
pub(crate) const NAME: &str = "caching_sha2_password";

/// The server's word that the fast path has succeeded.
pub(crate) const FAST_DONE: u8 = 3;

/// The server's word that it needs the password itself.
pub(crate) const FULL_NEEDED: u8 = 4;

/// What is kept of a password: `SHA256(SHA256(password))`.
pub(crate) fn verifier(password: &[u8]) -> [u8; 32] {
    Sha256::digest(Sha256::digest(password)).into()
}

/// Whether the client's answer to the salt proves the password.
pub(crate) fn proves(answer: &[u8], salt: &[u8], verifier: &[u8; 32]) -> bool {
    let mask: [u8; 32] = Sha256::new().chain_update(verifier).chain_update(salt).finalize().into();
    let Ok(answer) = <[u8; 32]>::try_from(answer) else { return false };
    let once: [u8; 32] = std::array::from_fn(|i| answer[i] ^ mask[i]);
    same_secret(&<[u8; 32]>::from(Sha256::digest(once)), verifier)
}

#[cfg(test)]
mod tests {
    use super::*;
    use mysql_common::scramble::scramble_sha256;

    #[test]
    fn what_a_client_computes_is_proved_and_nothing_else() {
        let salt = b"0123456789abcdefghij";
        let answer = scramble_sha256(salt, b"secret").unwrap();
        assert!(proves(&answer, salt, &verifier(b"secret")));
        assert!(!proves(&answer, salt, &verifier(b"secrets")));
        assert!(!proves(&answer, b"0123456789abcdefghiX", &verifier(b"secret")));
        assert!(!proves(&answer[..31], salt, &verifier(b"secret")));
    }
}
