//! Headers as bytes: what a commit's id is the hash of (R5).

use super::positional::tagged;
use crate::header::{CommitKind, Header};
use crate::id::NodeId;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_bytes::{ByteBuf, Bytes};
use std::collections::BTreeMap;

/// Version of the header's bytes; the first element of the array in every version.
pub(crate) const HEADER_VERSION: u64 = 1;

tagged!(CommitKind { 1 => Data {}, 2 => Control {}, 3 => Join {} });

/// The root of nothing takes one byte instead of 34: most commits have no read set and no control records.
fn some(root: &NodeId) -> Option<&NodeId> {
    (*root != NodeId::ZERO).then_some(root)
}

impl Serialize for Header {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let extensions: BTreeMap<&str, &Bytes> =
            self.extensions.iter().map(|(name, value)| (name.as_str(), Bytes::new(value))).collect();
        let body = (some(&self.body), self.body_length, self.changes);
        (
            HEADER_VERSION,
            &self.genesis,
            &self.author,
            self.run,
            self.seq,
            &self.prev,
            &self.parents,
            self.hlc,
            self.rules_level,
            self.kind,
            body,
            &self.settles,
            some(&self.read_set),
            some(&self.control),
            self.next_hidden,
            extensions,
        )
            .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Header {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (
            version,
            genesis,
            author,
            run,
            seq,
            prev,
            parents,
            hlc,
            rules_level,
            kind,
            (body, body_length, changes),
            settles,
            read_set,
            control,
            next_hidden,
            extensions,
        ) = Deserialize::deserialize(deserializer)?;
        let (version, extensions): (u64, BTreeMap<String, ByteBuf>) = (version, extensions);
        let [body, read_set, control] =
            [body, read_set, control].map(|root: Option<NodeId>| root.unwrap_or(NodeId::ZERO));
        if version != HEADER_VERSION {
            return Err(serde::de::Error::custom(format!("header version {version} is unknown: upgrade")));
        }
        Ok(Header {
            genesis,
            author,
            run,
            seq,
            prev,
            parents,
            hlc,
            rules_level,
            kind,
            body,
            body_length,
            changes,
            settles,
            read_set,
            control,
            next_hidden,
            extensions: extensions.into_iter().map(|(name, value)| (name, value.into_vec())).collect(),
        })
    }
}
