//! What can go wrong with the store: what happened, why, and the way out (R42).

use std::io;
use std::sync::Arc;

/// A store operation failed. Cheap to clone: one failure answers every commit that waited for it.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// The file system refused.
    #[error("cannot {operation} {file}: {source}")]
    Io {
        /// What was tried.
        operation: &'static str,
        /// On which file.
        file: String,
        /// Why it failed.
        #[source]
        source: Arc<io::Error>,
    },
    /// No space left: on the file system, of a quota, or below the process's limit on the size of a file.
    #[error("cannot {operation} {file}: {limit}; free some space and start again, nothing acknowledged is lost")]
    Full {
        /// What was tried.
        operation: &'static str,
        /// On which file.
        file: String,
        /// Which space ran out.
        limit: &'static str,
    },
    /// Bytes that were once on the disk are not what they were.
    #[error(
        "{file} is damaged at offset {offset}: {reason}. Nothing was changed. Restore the file from a backup, or move \
         the data folder away and clone the database from a peer; `headwaters verify` lists all damage"
    )]
    Damaged {
        /// The file.
        file: String,
        /// Where in it.
        offset: u64,
        /// What does not hold.
        reason: &'static str,
    },
    /// A file that must be there is not.
    #[error("{file} is missing. Restore it from a backup, or move the data folder away and clone from a peer")]
    MissingFile {
        /// The file.
        file: String,
    },
    /// Another process has the folder.
    #[error("{folder} is in use by another instance of headwaters; stop it, or choose another folder with --data")]
    Locked {
        /// The data folder.
        folder: String,
    },
    /// An earlier write failed, so nothing more is written or acknowledged.
    #[error("the store takes no more writes since an earlier failure ({0}); mend its cause and start again")]
    Poisoned(#[source] Arc<StoreError>),
    /// A record over the bound.
    #[error("a record of {bytes} bytes is refused; the limit is {max}", max = super::MAX_RECORD)]
    TooLarge {
        /// Its length.
        bytes: usize,
    },
    /// The queue of commits is full.
    #[error("too many commits wait for the disk; try again")]
    Busy,
    /// The store was closed.
    #[error("the store is closed: the replica is stopping")]
    Closed,
}

impl StoreError {
    /// An error of the file system.
    pub fn io(operation: &'static str, file: &str, error: io::Error) -> Self {
        let file = file.to_owned();
        let limit = match error.kind() {
            io::ErrorKind::StorageFull => "the disk is full",
            io::ErrorKind::QuotaExceeded => "the quota of the disk is full",
            io::ErrorKind::FileTooLarge => "the disk is full for this process (its file size limit, see ulimit -f)",
            _ => return StoreError::Io { operation, file, source: Arc::new(error) },
        };
        StoreError::Full { operation, file, limit }
    }

    /// What later callers get after this failure.
    pub(super) fn poisoned(&self) -> Self {
        match self {
            StoreError::Poisoned(_) => self.clone(),
            _ => StoreError::Poisoned(Arc::new(self.clone())),
        }
    }
}
