//! The trees of large change sets, kept in the log (R10): their nodes and out-of-line values are records like any.

use super::{Kind, Log, Record, StoreError};
use crate::id::NodeId;
use crate::tree::{MAX_INLINE_VALUE, NodeSink, Nodes, TreeError, value_id};
use std::sync::Arc;

/// Bytes collected before they are written: a transaction of any size passes through this much memory.
const BUFFER: usize = 4 << 20;

impl Nodes for Log {
    fn get(&self, id: NodeId) -> Result<Arc<[u8]>, TreeError> {
        for kind in [Kind::RUN_NODE, Kind::VALUE] {
            if let Some(bytes) = Log::get(self, kind, &id.0).map_err(TreeError::store)? {
                return Ok(bytes);
            }
        }
        Err(TreeError::Missing(id))
    }
}

/// Writes the nodes of a change set's runs to the log in batches of bounded size. The commit that names them follows
/// in a later batch, so a crash in between leaves objects that nothing names, never the reverse.
pub struct RunWriter<'l> {
    log: &'l Log,
    records: Vec<Record>,
    bytes: usize,
}

impl<'l> RunWriter<'l> {
    /// A writer into a log.
    pub fn new(log: &'l Log) -> Self {
        RunWriter { log, records: Vec::new(), bytes: 0 }
    }

    fn flush(&mut self) -> Result<(), StoreError> {
        if !self.records.is_empty() {
            self.log.append_batch(&self.records)?;
            self.records.clear();
            self.bytes = 0;
        }
        Ok(())
    }

    /// Writes what is left and returns when everything is on the disk.
    pub fn finish(mut self) -> Result<(), StoreError> {
        self.flush()
    }
}

impl NodeSink for RunWriter<'_> {
    fn put(&mut self, id: NodeId, bytes: &[u8]) -> Result<(), TreeError> {
        // Values out of line are longer than any inline one; few nodes are, so few need the second hash.
        let kind = if bytes.len() > MAX_INLINE_VALUE && value_id(bytes) == id { Kind::VALUE } else { Kind::RUN_NODE };
        self.records.push(Record::new(kind, id.0, bytes));
        self.bytes += bytes.len();
        if self.bytes >= BUFFER { self.flush().map_err(TreeError::store) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disk::Image;
    use crate::store::Options;
    use crate::tree::{Builder, Shape, Trees};

    #[test]
    fn a_large_run_goes_through_the_log_and_back() {
        let log = Arc::new(Log::open(Arc::new(Image::default()), Options::default()).unwrap().0);
        let mut writer = RunWriter::new(&log);
        let mut builder = Builder::new(&Shape::new([5; 32]), &mut writer);
        for number in 0..20_000_u32 {
            builder.push(&number.to_be_bytes(), &vec![1; if number == 7 { 100_000 } else { 300 }]).unwrap();
        }
        let tree = builder.finish().unwrap();
        writer.finish().unwrap();
        let trees = Trees::new(log.clone(), Shape::new([5; 32]), 1 << 20);
        for (number, length) in [(7_u32, 100_000), (19_999, 300)] {
            assert_eq!(trees.get(tree, &number.to_be_bytes()).unwrap().map(|value| value.len()), Some(length));
        }
    }
}
