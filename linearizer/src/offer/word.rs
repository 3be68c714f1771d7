//! What a signed tip says of checkpoints, in its extension map: the newest vouchers of its author, and behind which
//! commit the newest of those checkpoints was cut.
//!
//! Promises: a tip that says nothing of the kind, or says it wrongly, is as one that names none. Does not know what
//! members make of it: newcomers count vouchers (`choose`), members cut at the same place (R30).

use dag::id::{CommitId, NodeId};
use dag::tip::Tip;
use serde_bytes::ByteBuf;
use std::collections::BTreeMap;

/// 32 bytes a voucher, newest last.
const VOUCHERS: &str = "checkpoints";
/// The last commit below the newest.
const CUT: &str = "cut";

/// The extensions of a tip; `cut` as far as it is known still.
pub fn extensions(vouchers: &[NodeId], cut: Option<CommitId>) -> BTreeMap<String, ByteBuf> {
    let mut said = BTreeMap::new();
    if !vouchers.is_empty() {
        let bytes: Vec<u8> = vouchers.iter().flat_map(|voucher| voucher.0).collect();
        said.insert(VOUCHERS.to_owned(), ByteBuf::from(bytes));
    }
    if let Some(cut) = cut {
        said.insert(CUT.to_owned(), ByteBuf::from(cut.0.to_vec()));
    }
    said
}

/// The vouchers that a tip names, newest last.
pub fn vouchers(tip: &Tip) -> impl DoubleEndedIterator<Item = NodeId> {
    let bytes = tip.extensions.get(VOUCHERS).map(|bytes| bytes.as_slice()).unwrap_or_default();
    bytes.as_chunks::<32>().0.iter().map(|id| NodeId(*id))
}

/// Where the tip's author has cut.
pub fn cut(tip: &Tip) -> Option<CommitId> {
    tip.extensions.get(CUT)?.as_slice().try_into().ok().map(CommitId)
}
