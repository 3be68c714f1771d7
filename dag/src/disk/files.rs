//! Real files below one folder, which one process at a time may hold.

use super::{Disk, DiskFile};
use crate::store::StoreError;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The name of the file whose lock says that an instance is running here.
const LOCK: &str = "lock";

/// A folder on a file system. Dropping it lets another instance in; so does the end of the process, however it comes.
pub struct Files {
    root: PathBuf,
    _lock: File,
}

impl Files {
    /// Opens a data folder, making it if needed; refuses if another instance has it.
    pub fn open(root: impl Into<PathBuf>) -> Result<Self, StoreError> {
        let root = root.into();
        let failed = |e| StoreError::io("open", &root.display().to_string(), e);
        fs::create_dir_all(&root).map_err(failed)?;
        let lock = File::create(root.join(LOCK)).map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => Ok(Files { root, _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(StoreError::Locked { folder: root.display().to_string() }),
            Err(TryLockError::Error(e)) => Err(failed(e)),
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }
}

fn sync_path(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

impl Disk for Files {
    fn open(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        let path = self.path(name);
        if let Some(folder) = path.parent().filter(|folder| !folder.exists()) {
            fs::create_dir_all(folder)?;
            sync_path(&self.root)?;
        }
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
        Ok(Arc::new(OpenFile(file)))
    }

    fn list(&self, folder: &str) -> io::Result<Vec<String>> {
        let entries = match fs::read_dir(self.path(folder)) {
            Ok(entries) => entries,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(e) => return Err(e),
        };
        // A name that is not UTF-8 is none of ours.
        entries.map(|entry| Ok(entry?.file_name().into_string().ok())).filter_map(Result::transpose).collect()
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        fs::rename(self.path(from), self.path(to))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        fs::remove_file(self.path(name))
    }

    fn sync_folder(&self, folder: &str) -> io::Result<()> {
        sync_path(&self.path(folder))
    }
}

#[cfg(target_os = "linux")]
static ZEROS: [u8; 64 << 10] = [0; 64 << 10];

struct OpenFile(File);

impl DiskFile for OpenFile {
    fn length(&self) -> io::Result<u64> {
        Ok(self.0.metadata()?.len())
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let mut filled = 0;
        while filled < buffer.len() {
            match self.0.read_at(&mut buffer[filled..], offset + filled as u64) {
                Ok(0) => break,
                Ok(read) => filled += read,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
        Ok(filled)
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all_at(bytes, offset)
    }

    fn set_length(&self, length: u64) -> io::Result<()> {
        self.0.set_len(length)
    }

    #[cfg(target_os = "linux")]
    fn reserve(&self, length: u64) -> io::Result<()> {
        let old = self.length()?;
        // First the blocks, which lie together then and whose lack shows here. They must be written as well: the first
        // write into an allocated block changes the file's map, and the sync behind it waits for the journal.
        rustix::fs::fallocate(&self.0, rustix::fs::FallocateFlags::empty(), 0, length)?;
        let mut at = old;
        while at < length {
            let piece = (length - at).min(ZEROS.len() as u64) as usize;
            self.write_at(at, &ZEROS[..piece])?;
            at += piece as u64;
        }
        Ok(())
    }

    #[cfg(not(target_os = "linux"))]
    fn reserve(&self, _length: u64) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn sync(&self) -> io::Result<()> {
        self.0.sync_data()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reserved_space_is_zeros_behind_what_is_there() {
        let folder = tempfile::tempdir().unwrap();
        let file = Files::open(folder.path()).unwrap().open("log").unwrap();
        file.write_at(0, b"kept").unwrap();
        for reserved in [4, 70_000, 10_000] {
            file.reserve(reserved).unwrap();
            let mut bytes = vec![7; 70_001];
            let length = file.read_at(0, &mut bytes).unwrap();
            assert_eq!(length, file.length().unwrap() as usize);
            assert!(length as u64 >= reserved, "grown");
            assert_eq!(bytes[..4], *b"kept");
            assert!(bytes[4..length].iter().all(|byte| *byte == 0));
        }
    }

    #[test]
    fn a_second_instance_on_the_same_folder_is_refused_until_the_first_ends() {
        let folder = tempfile::tempdir().unwrap();
        let first = Files::open(folder.path()).unwrap();
        let refusal = Files::open(folder.path()).err().unwrap().to_string();
        assert!(
            refusal.contains("another instance") && refusal.contains(&folder.path().display().to_string()),
            "{refusal}"
        );
        drop(first);
        Files::open(folder.path()).unwrap();
    }
}
