//! The trees of large change sets, kept in the log (R10): their nodes and out-of-line values are records like any.

use super::{Kind, Log, Record, StoreError};
use crate::encode::{Body, TableRuns};
use crate::id::NodeId;
use crate::tree::{MAX_INLINE_VALUE, NodeSink, Nodes, Tree, TreeError, Trees, node_id, value_id};
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

impl Log {
    /// Whether an object of a change set's trees is here.
    pub fn holds(&self, id: NodeId) -> Result<bool, StoreError> {
        Ok(self.has(Kind::RUN_NODE, &id.0)? || self.has(Kind::VALUE, &id.0)?)
    }

    /// The objects of a body's trees that are not here, as far as what is here names them, at most `limit`: none means
    /// that the body is whole (R10). `trees` reads from this log. Error: what is here is damaged.
    pub fn missing_objects(&self, body: &Body, trees: &Trees, limit: usize) -> Result<Vec<NodeId>, TreeError> {
        let Body::Trees { tables, .. } = body else { return Ok(Vec::new()) };
        let mut missing = Vec::new();
        for run in tables.iter().flat_map(TableRuns::runs).filter(|run| run.count > 0) {
            let mut look = |id: NodeId| {
                let is_here = self.holds(id).map_err(TreeError::store)?;
                if !is_here && missing.len() < limit {
                    missing.push(id);
                }
                Ok(is_here)
            };
            if look(run.root)? {
                trees.walk_objects(Tree { root: Some(run.root) }, &mut |object| look(object.id()))?;
            }
        }
        Ok(missing)
    }
}

/// The record of an object that came from elsewhere, under the id that its bytes have; `None` if that is not `id`.
pub fn object_record(id: NodeId, bytes: Arc<[u8]>) -> Option<Record> {
    let kind = match id {
        id if node_id(&bytes) == id => Kind::RUN_NODE,
        id if bytes.len() > MAX_INLINE_VALUE && value_id(&bytes) == id => Kind::VALUE,
        _ => return None,
    };
    Some(Record::new(kind, id.0, bytes))
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

    /// What is not written yet, at most a buffer full: to be written in one batch with the commit that names it.
    pub fn into_rest(self) -> Vec<Record> {
        self.records
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
    use crate::encode::Run;
    use crate::id::{EntityId, LayoutId};
    use crate::store::Options;
    use crate::tree::{Builder, MemoryNodes, Shape};

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
    #[test]
    fn what_a_body_lacks_is_named_until_it_is_whole() {
        let log = Arc::new(Log::open(Arc::new(Image::default()), Options::default()).unwrap().0);
        let elsewhere = MemoryNodes::default();
        let shape = Shape::new([5; 32]);
        let mut sink = elsewhere.clone();
        let mut builder = Builder::new(&shape, &mut sink);
        for number in 0..3_000_u32 {
            builder.push(&number.to_be_bytes(), &vec![1; if number == 7 { 100_000 } else { 300 }]).unwrap();
        }
        let root = builder.finish().unwrap().root.unwrap();
        let run = Run { root, count: 3_000, bytes: 1_011_700 };
        let none = Run { root: NodeId::ZERO, count: 0, bytes: 0 };
        let (table, layout) = (EntityId([1; 32]), LayoutId(1));
        let runs = TableRuns { table, layout, clear: false, inserts: run, updates: none, deletes: none };
        let body = Body::Trees { schema: Vec::new(), tables: vec![runs] };
        let trees = Trees::new(log.clone(), shape, 1 << 20);
        let (mut rounds, mut objects) = (0, 0);
        loop {
            let missing = log.missing_objects(&body, &trees, 64).unwrap();
            assert!(missing.len() <= 64);
            if missing.is_empty() {
                break;
            }
            rounds += 1;
            objects += missing.len();
            let records: Vec<_> =
                missing.iter().map(|id| object_record(*id, elsewhere.get(*id).unwrap()).unwrap()).collect();
            log.append_batch(&records).unwrap();
        }
        assert!(rounds > 2 && objects == elsewhere.len(), "{rounds} rounds, {objects} objects");
        assert!(object_record(root, [1; 50].as_slice().into()).is_none(), "bytes under another's hash");
    }
}
