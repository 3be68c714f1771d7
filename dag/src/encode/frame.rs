//! A commit as it is stored and sent: an array of four byte strings, header, body, read set, control records.
//!
//! Read by hand, because headers and bodies are hashed where they lie. Lengths in their shortest form only.

use crate::error::{Error, Result};
use std::ops::Range;

/// Where the four parts lie in a commit's bytes.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Frame {
    pub header: Range<usize>,
    pub body: Range<usize>,
    pub reads: Range<usize>,
    pub control: Range<usize>,
}

/// An array of four.
const ARRAY: u8 = 0x84;
/// Major type of byte strings.
const BYTES: u8 = 2;

fn bad(reason: &'static str) -> Error {
    Error::malformed("commit", reason)
}

impl Frame {
    /// Puts four parts together.
    pub fn join(parts: [&[u8]; 4]) -> (Vec<u8>, Frame) {
        let mut out = Vec::with_capacity(parts.iter().map(|p| p.len() + 9).sum::<usize>() + 1);
        out.push(ARRAY);
        let [header, body, reads, control] = parts.map(|part| {
            put_length(part.len() as u64, &mut out);
            out.extend_from_slice(part);
            out.len() - part.len()..out.len()
        });
        (out, Frame { header, body, reads, control })
    }

    /// Takes a commit's bytes apart.
    pub fn split(bytes: &[u8]) -> Result<Frame> {
        if bytes.first() != Some(&ARRAY) {
            return Err(bad("not an array of four parts"));
        }
        let header = part(bytes, 1)?;
        let body = part(bytes, header.end)?;
        let reads = part(bytes, body.end)?;
        let control = part(bytes, reads.end)?;
        if control.end == bytes.len() {
            Ok(Frame { header, body, reads, control })
        } else {
            Err(bad("bytes after the last part"))
        }
    }
}

/// The header's bytes and version in a commit of any version: an array that begins with a byte string, which begins as
/// an array with a number.
pub(crate) fn header_version(bytes: &[u8]) -> Result<(Range<usize>, u64)> {
    let (major, _, start) = head(bytes, 0)?;
    if major != 4 {
        return Err(bad("not an array"));
    }
    let header = part(bytes, start)?;
    let inner = &bytes[header.clone()];
    let (major, _, start) = head(inner, 0)?;
    let (number, version, _) = head(inner, start)?;
    if (major, number) == (4, 0) { Ok((header, version)) } else { Err(bad("its header does not begin with a version")) }
}

/// The byte string that starts at `at`.
fn part(bytes: &[u8], at: usize) -> Result<Range<usize>> {
    let (major, length, start) = head(bytes, at)?;
    let end = usize::try_from(length).ok().and_then(|length| start.checked_add(length));
    match end {
        Some(end) if major == BYTES && end <= bytes.len() => Ok(start..end),
        _ => Err(bad("a part is no byte string or cut short")),
    }
}

/// Major type, argument, and where what follows starts (RFC 8949, 3).
fn head(bytes: &[u8], at: usize) -> Result<(u8, u64, usize)> {
    let short = || bad("cut short");
    let first = *bytes.get(at).ok_or_else(short)?;
    let (major, small) = (first >> 5, first & 0x1f);
    if small < 24 {
        return Ok((major, small.into(), at + 1));
    }
    let width = match small {
        24..=27 => 1usize << (small - 24),
        _ => return Err(bad("a length without end")),
    };
    let digits = bytes.get(at + 1..at + 1 + width).ok_or_else(short)?;
    let value = digits.iter().fold(0u64, |value, &digit| value << 8 | u64::from(digit));
    let least = [24, 1 << 8, 1 << 16, 1 << 32][usize::from(small - 24)];
    if value < least { Err(bad("a length not in its shortest form")) } else { Ok((major, value, at + 1 + width)) }
}

fn put_length(length: u64, out: &mut Vec<u8>) {
    let major = BYTES << 5;
    let bytes = length.to_be_bytes();
    match length {
        0..24 => out.push(major | length as u8),
        24..0x100 => out.extend([major | 24, length as u8]),
        0x100..0x1_0000 => {
            out.push(major | 25);
            out.extend_from_slice(&bytes[6..]);
        }
        0x1_0000..0x1_0000_0000 => {
            out.push(major | 26);
            out.extend_from_slice(&bytes[4..]);
        }
        _ => {
            out.push(major | 27);
            out.extend_from_slice(&bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_bytes::Bytes;

    #[test]
    fn a_frame_is_the_cbor_of_four_byte_strings() {
        for length in [0, 23, 24, 255, 256, 65_535, 65_536] {
            let part = vec![7; length];
            let (bytes, frame) = Frame::join([b"h", &part, b"", &part]);
            let cbor = (Bytes::new(b"h"), Bytes::new(&part), Bytes::new(b""), Bytes::new(&part));
            assert_eq!(bytes, super::super::to_bytes(&cbor));
            assert_eq!(Frame::split(&bytes).expect("splits"), frame);
        }
    }

    #[test]
    fn other_frames_are_refused() {
        let (good, _) = Frame::join([b"h", b"b", b"", b""]);
        for cut in 0..good.len() {
            assert!(Frame::split(&good[..cut]).is_err());
        }
        assert!(Frame::split(&[&good[..], &[0]].concat()).is_err());
        // The first length in two bytes, an indefinite length, a text in place of bytes.
        for hostile in [&[0x84, 0x58, 1, 0, 0x40, 0x40, 0x40][..], &[0x84, 0x5f], &[0x84, 0x60, 0x40, 0x40, 0x40]] {
            assert!(Frame::split(hostile).is_err());
        }
    }
}
