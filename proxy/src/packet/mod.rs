//! Packets: how bytes of the stream become payloads and payloads become bytes.
//!
//! [`inbound`] joins and bounds what comes, [`outbound`] frames and splits what goes, [`cursor`] reads the fields of a
//! payload. All of it is pure: no sockets, no time.

pub(crate) mod cursor;
pub(crate) mod inbound;
pub(crate) mod outbound;

/// Payload bytes of a full frame; a frame of this length is followed by another (protocol 4.1).
pub(crate) const FULL_FRAME: usize = 0xff_ffff;

/// Bytes before each frame: 24-bit length, sequence number.
pub(crate) const HEADER: usize = 4;
