//! The seam to the disk: everything the stores ask of a file system, and nothing more.
//!
//! Real files in production; an image in memory for tests, which can lose power, fill up or fail at any operation.
//! Knows nothing of records, segments or trees.

mod files;
mod image;

use std::io;
use std::sync::Arc;

pub use files::Files;
pub use image::{Fault, Image, Tear};

/// A tree of folders, one level deep. Names are `folder/file` with `/`.
///
/// Contract: what a call changes is seen by later calls at once, but survives a power cut only after the sync that
/// covers it: [`DiskFile::sync`] for a file's bytes and length, `sync_folder` for names made, renamed or removed.
pub trait Disk: Send + Sync {
    /// Opens a file for reading and writing, making it and its folder if they do not exist.
    fn open(&self, name: &str) -> io::Result<Arc<dyn DiskFile>>;
    /// File names in a folder (without the folder), in any order; a folder that does not exist is empty.
    fn list(&self, folder: &str) -> io::Result<Vec<String>>;
    /// Renames atomically, replacing what has the new name.
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;
    /// Removes a file; those who have it open may read on.
    fn remove(&self, name: &str) -> io::Result<()>;
    /// Makes the folder's names durable.
    fn sync_folder(&self, folder: &str) -> io::Result<()>;
}

/// An open file. Concurrent reads are fine; writes come from one owner.
pub trait DiskFile: Send + Sync {
    /// Length in bytes, reserved space included.
    fn length(&self) -> io::Result<u64>;
    /// Reads at an offset; fewer bytes than asked for only at the end of the file.
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize>;
    /// Writes all bytes at an offset, growing the file if needed; after an error any part may be written.
    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()>;
    /// Cuts the file, or grows it with zeros.
    fn set_length(&self, length: u64) -> io::Result<()>;
    /// Grows the file with zeros whose blocks are allocated, so that writing into them syncs faster. A hint: an error
    /// means only that there is no such gain.
    fn reserve(&self, length: u64) -> io::Result<()>;
    /// Returns when bytes and length are on the disk. After an error nothing may be assumed, and trying again proves
    /// nothing: the system may have dropped the bytes and forgotten the error.
    fn sync(&self) -> io::Result<()>;
}
