//! Rows as bytes (R40): layout id, null bitmap, fixed cells at fixed offsets, end offsets, variable cells.
//!
//! Promises: one encoding for a layout and its values; one cell is read without decoding the others.

use std::sync::Arc;

/// An encoded row, shared. The first 8 bytes name its [`crate::id::LayoutId`].
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Row(pub Arc<[u8]>);
