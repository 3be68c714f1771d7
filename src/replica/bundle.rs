//! Bundles: chains in a file, to carry commits where no network reaches.
//!
//! A magic line, then items, each a length (32 bits, big-endian) and a strict DAG-CBOR array: a segment is
//! `[[commit, ...], tip]`; objects of bodies in trees (R10), before the segments that need them or after, are
//! `[[[id, bytes], ...]]`. Promises: reading is bounded; a cut or damaged file is an error that names the offset.

use crate::failure::Failure;
use crate::limits::MAX_SEGMENT_BYTES;
use dag::encode;
use dag::id::NodeId;
use gossip::RawSegment;
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;
use std::fs::File;
use std::io::{BufReader, ErrorKind, Read};
use std::path::Path;
use std::sync::Arc;

/// The first bytes of every bundle; the digit is the version.
pub const MAGIC: &[u8] = b"headwaters bundle 2\n";
/// The version before, which had no objects.
const MAGIC_1: &[u8] = b"headwaters bundle 1\n";
/// How the bytes of an item with objects begin: an array of one. A segment is an array of two.
const OBJECTS: u8 = 0x81;

/// A segment as written.
#[derive(Serialize, Deserialize)]
struct Written(Vec<ByteBuf>, ByteBuf);

/// Objects as written.
#[derive(Serialize, Deserialize)]
struct WrittenObjects((Vec<(NodeId, ByteBuf)>,));

/// Takes objects of a bundle as they come.
pub type TakeObjects<'a> = dyn FnMut(Vec<(NodeId, Arc<[u8]>)>) -> Result<(), Failure> + 'a;

/// Reads every segment of a bundle; objects are handed over on the way, because they may be more than memory holds.
pub fn read(path: &Path, objects: &mut TakeObjects<'_>) -> Result<Vec<RawSegment>, Failure> {
    let failed = |e| Failure::file("read the bundle", path, e);
    let mut file = BufReader::new(File::open(path).map_err(failed)?);
    let mut magic = vec![0; MAGIC.len()];
    let is_bundle = file.read_exact(&mut magic).is_ok() && (magic == MAGIC || magic == MAGIC_1);
    if !is_bundle {
        return Err(Failure::usage(format!("{}: not a bundle of this version", path.display())));
    }
    let mut parcels = Vec::new();
    let mut offset = MAGIC.len() as u64;
    while let Some(bytes) = next(&mut file).map_err(|why| damaged(path, offset, &why))? {
        let broken = |e: dag::error::Error| damaged(path, offset, &e.to_string());
        if bytes.first() == Some(&OBJECTS) {
            let WrittenObjects((found,)) = encode::from_bytes("bundle", &bytes).map_err(broken)?;
            objects(found.into_iter().map(|(id, bytes)| (id, bytes.into_vec().into())).collect())?;
        } else {
            let Written(commits, tip) = encode::from_bytes("bundle", &bytes).map_err(broken)?;
            parcels.push(RawSegment { commits, tip });
        }
        offset += 4 + bytes.len() as u64;
    }
    Ok(parcels)
}

fn damaged(path: &Path, offset: u64, why: &str) -> Failure {
    Failure::Damaged(format!(
        "{}: damaged at offset {offset}: {why}; nothing was imported, get the file again",
        path.display()
    ))
}

fn next(file: &mut impl Read) -> Result<Option<Vec<u8>>, String> {
    let mut length = [0; 4];
    match file.read_exact(&mut length) {
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(None),
        Err(error) => return Err(error.to_string()),
        Ok(()) => {}
    }
    let length = u32::from_be_bytes(length);
    if length > MAX_SEGMENT_BYTES {
        return Err(format!("a segment of {length} bytes is over the limit of {MAX_SEGMENT_BYTES}"));
    }
    let mut bytes = Vec::new();
    let got = file.take(u64::from(length)).read_to_end(&mut bytes).map_err(|e| e.to_string())?;
    if got == length as usize { Ok(Some(bytes)) } else { Err(format!("it ends after {got} of {length} bytes")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_past_the_limit_is_refused_before_anything_is_read() {
        let read = |length: u32| next(&mut &length.to_be_bytes()[..]).unwrap_err();
        assert_eq!(read(MAX_SEGMENT_BYTES), "it ends after 0 of 268435456 bytes");
        assert_eq!(read(MAX_SEGMENT_BYTES + 1), "a segment of 268435457 bytes is over the limit of 268435456");
    }
}
