//! Founding a database in an empty folder, and recognising a founded one.
//!
//! Promises: the folder counts as founded only when genesis is on disk; a founding that was interrupted is begun
//! again. The recovery key's private half is returned once and stored nowhere (R1).

use crate::failure::Failure;
use dag::author_key::AuthorKey;
use dag::clock::Entropy;
use dag::genesis::Genesis;
use dag::id::GenesisId;
use std::fs::{self, File, Permissions};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// Nobody but the owner looks into the folder: it holds keys and everybody's rows.
const PRIVATE_FOLDER: u32 = 0o700;

/// A new database.
pub struct Founded {
    /// Its id.
    pub genesis: GenesisId,
    /// The recovery key, to be shown once.
    pub recovery_key: String,
}

/// The author key's file.
pub fn key_path(data: &Path) -> PathBuf {
    data.join("author.key")
}

fn genesis_path(data: &Path) -> PathBuf {
    data.join("genesis")
}

/// Whether the folder holds a database.
pub fn is_founded(data: &Path) -> bool {
    genesis_path(data).exists()
}

/// Whether the author key is there and private.
pub fn check_key(data: &Path) -> Result<(), Failure> {
    load_key(data).map(drop)
}

/// Reads the author key.
pub fn load_key(data: &Path) -> Result<AuthorKey, Failure> {
    AuthorKey::load(&key_path(data)).map_err(|e| Failure::environment(e.to_string()))
}

/// Reads genesis.
pub fn load_genesis(data: &Path) -> Result<Genesis, Failure> {
    let path = genesis_path(data);
    let bytes = fs::read(&path).map_err(|e| Failure::file("read", &path, e))?;
    let damaged =
        |e| Failure::Damaged(format!("{}: {e}; restore it from a backup or from another member", path.display()));
    Genesis::from_bytes(&bytes).map_err(damaged)
}

/// Founds a database. Error: the folder holds one already.
pub fn found(data: &Path, entropy: &dyn Entropy) -> Result<Founded, Failure> {
    if is_founded(data) {
        let text = format!(
            "{} already holds a database; nothing was changed. Serve it with: headwaters --data {0} start",
            data.display()
        );
        return Err(Failure::usage(text));
    }
    make_folder(data)?;
    let failed = |e: dag::author_key::KeyError| Failure::environment(e.to_string());
    let key = AuthorKey::generate(entropy).map_err(failed)?;
    let recovery = AuthorKey::generate(entropy).map_err(failed)?;
    let genesis = Genesis::found(key.id(), recovery.id(), entropy).map_err(|e| Failure::environment(e.to_string()))?;
    key.save(&key_path(data)).map_err(failed)?;
    write_genesis(data, &genesis)?;
    Ok(Founded { genesis: genesis.id(), recovery_key: recovery.to_text().to_string() })
}

/// Makes the folder, for its owner alone.
pub fn make_folder(data: &Path) -> Result<(), Failure> {
    fs::create_dir_all(data).map_err(|e| Failure::file("make the folder", data, e))?;
    fs::set_permissions(data, Permissions::from_mode(PRIVATE_FOLDER)).map_err(|e| Failure::file("protect", data, e))
}

/// Writes genesis: from now on the folder holds a database.
pub fn write_genesis(data: &Path, genesis: &Genesis) -> Result<(), Failure> {
    write_whole(&genesis_path(data), &genesis.to_bytes())
}

/// Writes a file so that it is there whole or not at all, also after a power cut.
fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let failed = |e| Failure::file("write", path, e);
    let temporary = path.with_extension("new");
    let mut file = File::create(&temporary).map_err(failed)?;
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(failed)?;
    fs::rename(&temporary, path).map_err(failed)?;
    let folder = path.parent().unwrap_or(Path::new("."));
    File::open(folder).and_then(|f| f.sync_all()).map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use dag::clock::System;

    #[test]
    fn a_folder_is_founded_once() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        assert!(!is_founded(&data));
        let founded = found(&data, &System::new()).unwrap();
        assert_eq!(load_genesis(&data).unwrap().id(), founded.genesis);
        assert_eq!(load_genesis(&data).unwrap().founder, load_key(&data).unwrap().id());
        let again = found(&data, &System::new());
        assert!(again.is_err_and(|e| e.to_string().contains("start")));
    }

    #[test]
    fn the_recovery_key_is_the_private_half_of_genesis_recovery() {
        let folder = tempfile::tempdir().unwrap();
        let founded = found(folder.path(), &System::new()).unwrap();
        let key = AuthorKey::from_text(&founded.recovery_key).unwrap();
        assert_eq!(load_genesis(folder.path()).unwrap().recovery, key.id());
    }
}
