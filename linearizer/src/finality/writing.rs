//! Which members count for the floor, and since when (R12, R16).
//!
//! Promises: a function of the control records alone, so that members with the same records wait for the same members.
//! Readers and the removed do not count; the recovery key writes only in an emergency and does not count either.

use super::Writing;
use dag::admit::Standing;
use dag::control::{ControlRecord, Members};
use dag::hlc::Hlc;
use dag::id::AuthorId;
use std::collections::BTreeMap;

/// The writing members by these control records, in the order of their commits, with their times.
pub fn writing<'a>(
    mut members: Members,
    records: impl Iterator<Item = (Hlc, &'a ControlRecord)>,
    recovery: &AuthorId,
) -> Vec<Writing> {
    let mut since: BTreeMap<AuthorId, Hlc> = BTreeMap::new();
    for (hlc, record) in records {
        members.apply(record);
        if let ControlRecord::Admit { author, .. }
        | ControlRecord::ChangeRole { author, .. }
        | ControlRecord::RenewKey { new: author, .. } = record
            && members.standing(author) >= Standing::Writer
        {
            // The first time only: who wrote before may have written since its last promise.
            since.entry(*author).or_insert(hlc);
        }
    }
    let counts = |author: &&AuthorId| members.standing(author) >= Standing::Writer && *author != recovery;
    let of = |author: &AuthorId| (*author, since.get(author).copied().unwrap_or_default());
    members.iter().map(|(author, _)| author).filter(counts).map(of).collect()
}
