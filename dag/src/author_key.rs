//! An author's signing key and the file it lives in.
//!
//! Promises: the file is private to its owner (mode 0600; anything wider is refused, with the command that mends it);
//! it appears whole or not at all; the seed is wiped from memory. Does not know what is signed: see `tip`.

use crate::clock::{Entropy, EntropyError};
use crate::id::AuthorId;
use data_encoding::BASE32_NOPAD;
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// Owner may read and write, nobody else anything.
const PRIVATE_MODE: u32 = 0o600;

/// Why a key cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// No randomness.
    #[error(transparent)]
    Entropy(#[from] EntropyError),
    /// The file could not be read or written.
    #[error("cannot {action} the author key {path}: {source}")]
    File {
        /// read, write ...
        action: &'static str,
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Others may read the file.
    #[error("the author key {path} can be read by others (mode {mode:04o}); run: chmod 600 {path}")]
    Mode {
        /// Which file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// The file holds no key.
    #[error("{path} holds no author key: it must be one line of 52 base32 characters; restore it from a backup")]
    Content {
        /// Which file.
        path: PathBuf,
    },
}

/// An Ed25519 signing key (RFC 8032).
pub struct AuthorKey(SigningKey);

impl AuthorKey {
    /// A new random key.
    pub fn generate(entropy: &dyn Entropy) -> Result<Self, KeyError> {
        let mut seed = Zeroizing::new([0u8; 32]);
        entropy.fill(&mut *seed)?;
        Ok(AuthorKey(SigningKey::from_bytes(&seed)))
    }

    /// The key of a seed: tests and the simulator.
    pub fn from_seed(seed: [u8; 32]) -> Self {
        AuthorKey(SigningKey::from_bytes(&seed))
    }

    /// The public half.
    pub fn id(&self) -> AuthorId {
        AuthorId(self.0.verifying_key().to_bytes())
    }

    /// Signs bytes; the caller separates domains.
    pub fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.0.sign(message).to_bytes()
    }

    /// The seed: for a transport's key, which another library signs with.
    pub fn seed(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(self.0.to_bytes())
    }

    /// The seed as text: 52 base32 characters.
    pub fn to_text(&self) -> Zeroizing<String> {
        Zeroizing::new(BASE32_NOPAD.encode(&*Zeroizing::new(self.0.to_bytes())).to_ascii_lowercase())
    }

    /// Reads [`AuthorKey::to_text`].
    pub fn from_text(text: &str) -> Option<Self> {
        let bytes = Zeroizing::new(BASE32_NOPAD.decode(text.trim().to_ascii_uppercase().as_bytes()).ok()?);
        Some(AuthorKey(SigningKey::from_bytes(&(*bytes).as_slice().try_into().ok()?)))
    }

    /// Writes the key to a new private file: a temporary file, synced, renamed, and the folder synced.
    pub fn save(&self, path: &Path) -> Result<(), KeyError> {
        let failed = |source| KeyError::File { action: "write", path: path.to_owned(), source };
        let temporary = path.with_extension("new");
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(PRIVATE_MODE)
            .open(&temporary)
            .map_err(failed)?;
        file.set_permissions(fs::Permissions::from_mode(PRIVATE_MODE)).map_err(failed)?;
        file.write_all(self.to_text().as_bytes()).and_then(|()| file.write_all(b"\n")).map_err(failed)?;
        file.sync_all().map_err(failed)?;
        fs::rename(&temporary, path).map_err(failed)?;
        let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        File::open(folder).and_then(|f| f.sync_all()).map_err(failed)
    }

    /// Reads a key file. Errors: a mode wider than 0600, no such file, not a key.
    pub fn load(path: &Path) -> Result<Self, KeyError> {
        let failed = |source| KeyError::File { action: "read", path: path.to_owned(), source };
        let mode = fs::metadata(path).map_err(failed)?.permissions().mode() & 0o7777;
        if mode & !PRIVATE_MODE != 0 {
            return Err(KeyError::Mode { path: path.to_owned(), mode });
        }
        let text = Zeroizing::new(fs::read_to_string(path).map_err(failed)?);
        AuthorKey::from_text(&text).ok_or_else(|| KeyError::Content { path: path.to_owned() })
    }
}

/// Whether `signature` is the author's over these bytes, by strict verification (R13): no weak keys, no malleability.
pub fn verify(author: &AuthorId, message: &[u8], signature: &[u8; 64]) -> bool {
    VerifyingKey::from_bytes(author.as_bytes())
        .is_ok_and(|key| !key.is_weak() && key.verify_strict(message, &Signature::from_bytes(signature)).is_ok())
}

/// Whether the bytes are a public key that signatures can be checked with: a curve point that is not weak (R13).
pub fn is_usable(author: &AuthorId) -> bool {
    VerifyingKey::from_bytes(author.as_bytes()).is_ok_and(|key| !key.is_weak())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_saved_key_is_private_and_comes_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("author.key");
        let key = AuthorKey::from_seed([7; 32]);
        key.save(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(AuthorKey::load(&path).unwrap().id(), key.id());
    }

    #[test]
    fn a_key_that_others_may_read_is_refused_with_the_fix() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("author.key");
        AuthorKey::from_seed([7; 32]).save(&path).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        let Err(error) = AuthorKey::load(&path) else { panic!("a key with mode 0640 was accepted") };
        assert!(error.to_string().contains("chmod 600"), "{error}");
    }

    #[test]
    fn only_the_authors_own_signature_verifies() {
        let key = AuthorKey::from_seed([1; 32]);
        let mut signature = key.sign(b"tip");
        assert!(verify(&key.id(), b"tip", &signature));
        assert!(!verify(&key.id(), b"top", &signature));
        assert!(!verify(&AuthorKey::from_seed([2; 32]).id(), b"tip", &signature));
        signature[0] ^= 1;
        assert!(!verify(&key.id(), b"tip", &signature));
    }

    #[test]
    fn a_weak_key_is_not_usable() {
        assert!(!is_usable(&AuthorId([0; 32])));
        assert!(is_usable(&AuthorKey::from_seed([3; 32]).id()));
    }
}
