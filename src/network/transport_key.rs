//! The transport's key: `transport.key` in the data folder, private, and apart from the author key.
//!
//! Promises: made at the first start; losing it costs nothing but that peers see a new transport.

use crate::failure::Failure;
use dag::author_key::AuthorKey;
use dag::clock::Entropy;
use std::path::{Path, PathBuf};

fn path(data: &Path) -> PathBuf {
    data.join("transport.key")
}

/// Reads the key, or makes one.
pub fn open(data: &Path, entropy: &dyn Entropy) -> Result<AuthorKey, Failure> {
    if path(data).exists() {
        return load(data);
    }
    let key = AuthorKey::generate(entropy).map_err(failed)?;
    key.save(&path(data)).map_err(failed)?;
    Ok(key)
}

/// Reads the key. Errors: it is not there, others may read it, or it is none.
pub fn load(data: &Path) -> Result<AuthorKey, Failure> {
    AuthorKey::load(&path(data)).map_err(failed)
}

/// The key's file says "author key" in its own words; here it is the transport's.
fn failed(error: dag::author_key::KeyError) -> Failure {
    Failure::environment(error.to_string().replace("author key", "transport key"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use dag::clock::System;

    #[test]
    fn the_key_is_made_once_and_is_private() {
        let folder = tempfile::tempdir().unwrap();
        let first = open(folder.path(), &System::new()).unwrap();
        assert_eq!(open(folder.path(), &System::new()).unwrap().id(), first.id());
        let wide = std::os::unix::fs::PermissionsExt::from_mode(0o644);
        std::fs::set_permissions(path(folder.path()), wide).unwrap();
        let error = open(folder.path(), &System::new()).err().unwrap().to_string();
        assert!(error.contains("the transport key") && error.contains("chmod 600"), "{error}");
    }
}
