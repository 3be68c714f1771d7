//! The disk's side of a clone: objects as they come, one sync for many of them.
//!
//! Promises: what was put and written survives a kill, also when the clone ends by an error; a power cut costs what came
//! since the last seal. Does not verify: who puts has.

use crate::failure::Failure;
use crate::replica::opening::refused;
use dag::clock::Clock;
use dag::id::NodeId;
use dag::store::{StoreError, TreeStore, TreeWriter};
use dag::tree::{NodeSink, TreeError};
use std::time::Duration;

/// A sync after so many bytes or so long, whichever comes first: a second's work on a fast line, half a minute's on a
/// slow one.
pub const SEAL_BYTES: u64 = 256 << 20;
const SEAL_EVERY: Duration = Duration::from_secs(30);

/// A store being filled.
pub struct Sealing<'s> {
    store: &'s TreeStore,
    writer: Option<TreeWriter<'s>>,
    clock: &'s dyn Clock,
    seal_bytes: u64,
    bytes: u64,
    sealed_at: Duration,
}

impl<'s> Sealing<'s> {
    /// Into this store.
    pub fn new(store: &'s TreeStore, seal_bytes: u64, clock: &'s dyn Clock) -> Self {
        Sealing { store, writer: None, clock, seal_bytes, bytes: 0, sealed_at: clock.monotonic() }
    }

    /// Takes a verified object.
    pub fn put(&mut self, id: NodeId, bytes: &[u8]) -> Result<(), TreeError> {
        if self.writer.is_none() {
            self.writer = Some(self.store.write().map_err(TreeError::store)?);
        }
        if let Some(writer) = &mut self.writer {
            writer.put(id, bytes)?;
        }
        self.bytes += bytes.len() as u64;
        if self.bytes >= self.seal_bytes || self.clock.monotonic() > self.sealed_at + SEAL_EVERY {
            self.seal().map_err(TreeError::store)?;
        }
        Ok(())
    }

    fn seal(&mut self) -> Result<(), StoreError> {
        (self.bytes, self.sealed_at) = (0, self.clock.monotonic());
        self.writer.take().map_or(Ok(()), |writer| writer.finish().map(drop))
    }

    /// Everything is on the disk.
    pub fn finish(mut self) -> Result<(), Failure> {
        self.seal().map_err(refused)
    }
}

impl Drop for Sealing<'_> {
    fn drop(&mut self) {
        if let Some(writer) = self.writer.take() {
            writer.leave();
        }
    }
}
