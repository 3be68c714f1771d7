//! What a commit will carry, encoded before it has its place: the long work, done without the commit latch (R10, R27).
//!
//! Promises: the body has the one form that R10 gives its size: changes inline up to [`INLINE_BODY`] and with no value
//! over [`MAX_INLINE_VALUE`](crate::tree::MAX_INLINE_VALUE), in trees otherwise. Does not know parents, times or
//! numbers.

use crate::change::{ChangeSet, INLINE_BODY, ReadGuard};
use crate::encode::{Body, encode_reads};
use crate::error::Result;
use crate::tree::{NodeSink, Shape};
use std::sync::Arc;

/// Body and read set, as they will be stored and sent.
#[derive(Clone, Debug)]
pub struct Prepared {
    pub(super) body: Arc<Body>,
    pub(super) body_bytes: Vec<u8>,
    pub(super) reads: Arc<[ReadGuard]>,
    pub(super) read_bytes: Vec<u8>,
}

impl Prepared {
    /// Encodes changes in the form that their size asks for. The nodes of trees go to the sink: they must be stored
    /// before the commit is, or with it.
    pub fn of(changes: &Arc<ChangeSet>, shape: &Shape, sink: &mut dyn NodeSink) -> Result<Prepared> {
        // Not even encoded if it is large for certain: a million rows would be copied for nothing.
        if changes.least_bytes() <= INLINE_BODY {
            let inline = Prepared::inline(changes)?;
            if inline.body.has_its_form(inline.body_bytes.len()) {
                return Ok(inline);
            }
        }
        Prepared::planted(changes, shape, sink)
    }

    /// The changes inline, whatever their size.
    pub(super) fn inline(changes: &Arc<ChangeSet>) -> Result<Prepared> {
        let shared = match changes.reads.is_empty() {
            true => changes.clone(),
            false => {
                let (schema, tables) = (changes.schema.clone(), changes.tables.clone());
                Arc::new(ChangeSet { schema, tables, reads: Vec::new() })
            }
        };
        Prepared::encoded(Body::Inline(shared), &changes.reads)
    }

    /// The changes in trees, whatever their size.
    pub(super) fn planted(changes: &ChangeSet, shape: &Shape, sink: &mut dyn NodeSink) -> Result<Prepared> {
        Prepared::encoded(changes.plant(shape, sink)?, &changes.reads)
    }

    fn encoded(body: Body, reads: &[ReadGuard]) -> Result<Prepared> {
        let (body_bytes, read_bytes) = (body.encode_checked()?, encode_reads(reads)?);
        Ok(Prepared { body: Arc::new(body), body_bytes, reads: reads.into(), read_bytes })
    }
}
