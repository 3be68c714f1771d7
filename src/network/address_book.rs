//! Addresses of peers, kept from one start to the next: `known-peers.json` in the data folder.
//!
//! Promises: nothing is lost with the file but time; a file that cannot be read is passed over with a warning. Does not
//! judge addresses.

use crate::failure::Failure;
use crate::limits::MAX_KEPT_ADDRESSES;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

fn path(data: &Path) -> PathBuf {
    data.join("known-peers.json")
}

/// What was kept; nothing if there is no file or it is damaged.
pub fn load(data: &Path) -> Result<Vec<String>, Failure> {
    let text = match std::fs::read_to_string(path(data)) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(Failure::file("read", &path(data), error)),
    };
    let addresses: Vec<String> = serde_json::from_str(&text).unwrap_or_else(|error| {
        tracing::warn!(%error, "known-peers.json is damaged: peers are found by --bootstrap or on the local network");
        Vec::new()
    });
    Ok(addresses.into_iter().filter(|a| a.starts_with('/') || a.contains(':')).take(MAX_KEPT_ADDRESSES).collect())
}

/// Keeps addresses for the next start; the file appears whole or not at all.
pub fn save(data: &Path, addresses: &[String]) -> Result<(), Failure> {
    let (path, new) = (path(data), data.join("known-peers.new"));
    let kept = &addresses[..addresses.len().min(MAX_KEPT_ADDRESSES)];
    let text = serde_json::to_string(kept).map_err(|e| Failure::environment(format!("cannot write addresses: {e}")))?;
    std::fs::write(&new, text).map_err(|e| Failure::file("write", &new, e))?;
    std::fs::rename(&new, &path).map_err(|e| Failure::file("write", &path, e))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_comes_back_and_damage_is_passed_over() {
        let folder = tempfile::tempdir().unwrap();
        assert!(load(folder.path()).unwrap().is_empty());
        let addresses = vec!["/ip4/192.0.2.7/tcp/3317".to_owned(), "db.example:3317".to_owned()];
        save(folder.path(), &addresses).unwrap();
        assert_eq!(load(folder.path()).unwrap(), addresses);
        let many = |count: usize| (0..count).map(|n| format!("db{n}.example:3317")).collect::<Vec<_>>();
        for (count, kept) in [(MAX_KEPT_ADDRESSES, MAX_KEPT_ADDRESSES), (MAX_KEPT_ADDRESSES + 1, MAX_KEPT_ADDRESSES)] {
            save(folder.path(), &many(count)).unwrap();
            assert_eq!(load(folder.path()).unwrap(), many(kept), "the first of {count}");
        }
        std::fs::write(path(folder.path()), "[").unwrap();
        assert!(load(folder.path()).unwrap().is_empty());
    }
}
