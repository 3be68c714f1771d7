//! TLS: a self-signed identity made at first start, and the acceptor made of an identity.
//!
//! The caller stores the identity; nothing here touches files. rustls with ring; TLS 1.2 and 1.3.

use crate::error::Error;
use sha2::{Digest, Sha256};
use std::sync::Arc;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{ServerConfig, crypto::ring};
use zeroize::Zeroizing;

/// A certificate with its private key, as PEM texts to be stored (the key for its owner only).
pub struct Identity {
    /// The certificate, or a chain that begins with it.
    pub certificate: String,
    /// The private key; wiped from memory when dropped.
    pub key: Zeroizing<String>,
}

/// Ready to accept TLS.
#[derive(Clone)]
pub struct Tls {
    pub(crate) acceptor: TlsAcceptor,
    fingerprint: String,
}

/// Makes ring the process's provider of TLS cryptography, for clients that leave the choice to the process. More than
/// one is compiled in (QUIC brings aws-lc-rs), and rustls panics rather than guess. Call it once, before any TLS.
pub fn use_ring() {
    // An earlier call has done it already.
    let _installed = ring::default_provider().install_default();
}

fn unusable(what: &'static str, detail: impl ToString) -> Error {
    Error::Tls { what, detail: detail.to_string() }
}

impl Identity {
    /// A new self-signed certificate for these host names and addresses.
    pub fn self_signed(names: Vec<String>) -> Result<Self, Error> {
        let made = rcgen::generate_simple_self_signed(names).map_err(|e| unusable("certificate", e))?;
        Ok(Identity { certificate: made.cert.pem(), key: Zeroizing::new(made.signing_key.serialize_pem()) })
    }
}

impl Tls {
    /// From an identity.
    pub fn new(identity: &Identity) -> Result<Self, Error> {
        let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(identity.certificate.as_bytes())
            .collect::<Result<_, _>>()
            .map_err(|e| unusable("certificate", e))?;
        let first = chain.first().ok_or_else(|| unusable("certificate", "it holds no certificate"))?;
        let fingerprint = fingerprint(first);
        let key = PrivateKeyDer::from_pem_slice(identity.key.as_bytes()).map_err(|e| unusable("key", e))?;
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|e| unusable("configuration", e))?
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .map_err(|e| unusable("key", e))?;
        Ok(Tls { acceptor: TlsAcceptor::from(Arc::new(config)), fingerprint })
    }

    /// SHA-256 of the certificate, as `AB:CD:...`, for people to compare.
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }
}

fn fingerprint(certificate: &CertificateDer<'_>) -> String {
    let digest: [u8; 32] = Sha256::digest(certificate).into();
    digest.map(|byte| format!("{byte:02X}")).join(":")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_made_identity_is_usable_and_keeps_its_fingerprint() {
        let identity = Identity::self_signed(vec!["localhost".to_owned(), "127.0.0.1".to_owned()]).unwrap();
        let (first, again) = (Tls::new(&identity).unwrap(), Tls::new(&identity).unwrap());
        assert_eq!(first.fingerprint(), again.fingerprint());
        assert_eq!(first.fingerprint().len(), 32 * 3 - 1);
    }

    #[test]
    fn a_damaged_identity_is_refused_with_what_is_wrong() {
        let made = Identity::self_signed(vec!["localhost".to_owned()]).unwrap();
        let other = Identity::self_signed(vec!["localhost".to_owned()]).unwrap();
        let empty = Identity { certificate: String::new(), key: made.key.clone() };
        let mixed = Identity { certificate: made.certificate.clone(), key: other.key.clone() };
        let keyless = Identity { certificate: made.certificate, key: Zeroizing::new("-".to_owned()) };
        for (identity, what) in [(empty, "certificate"), (mixed, "key"), (keyless, "key")] {
            let refused = Tls::new(&identity).err().map(|e| e.to_string()).unwrap_or_default();
            assert!(refused.contains(&format!("TLS {what}")), "{refused}");
        }
    }
}
