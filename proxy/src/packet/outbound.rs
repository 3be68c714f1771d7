//! The write side: payloads in, framed bytes out, all of an answer in one buffer so that it leaves in one write.

use super::{FULL_FRAME, HEADER};

/// Framed bytes that wait to be written.
pub(crate) struct Outbound {
    buffer: Vec<u8>,
    sequence: u8,
}

/// The payload being written; fields are appended to it.
pub(crate) struct Payload<'a>(pub &'a mut Vec<u8>);

impl Outbound {
    pub fn new() -> Self {
        Outbound { buffer: Vec::new(), sequence: 0 }
    }

    /// The sequence number of the next frame: one after the command's last.
    pub fn restart(&mut self, sequence: u8) {
        self.sequence = sequence;
    }

    /// The sequence number that the next frame will have.
    pub fn sequence(&self) -> u8 {
        self.sequence
    }

    /// Appends one packet.
    pub fn packet(&mut self, write: impl FnOnce(&mut Payload<'_>)) {
        let start = self.buffer.len();
        self.buffer.extend_from_slice(&[0; HEADER]);
        write(&mut Payload(&mut self.buffer));
        let length = self.buffer.len() - start - HEADER;
        if length < FULL_FRAME {
            self.header(start, length);
        } else {
            self.split(start);
        }
    }

    fn header(&mut self, at: usize, length: usize) {
        let [a, b, c, _] = (length as u32).to_le_bytes();
        self.buffer[at..at + HEADER].copy_from_slice(&[a, b, c, self.sequence]);
        self.sequence = self.sequence.wrapping_add(1);
    }

    /// Cuts a long payload into full frames and a last, shorter one, which may be empty.
    fn split(&mut self, start: usize) {
        let payload = self.buffer.split_off(start + HEADER);
        self.buffer.truncate(start);
        let shorter = &payload[payload.len() / FULL_FRAME * FULL_FRAME..];
        for part in payload.chunks_exact(FULL_FRAME).chain([shorter]) {
            let at = self.buffer.len();
            self.buffer.extend_from_slice(&[0; HEADER]);
            self.buffer.extend_from_slice(part);
            self.header(at, part.len());
        }
    }

    /// What waits to be written.
    pub fn waiting(&self) -> &[u8] {
        &self.buffer
    }

    /// What waited was written; gives memory back after a big answer.
    pub fn written(&mut self) {
        self.buffer.clear();
        if self.buffer.capacity() > 2 * crate::limits::WRITE_BUFFER_BYTES {
            self.buffer = Vec::new();
        }
    }

    #[cfg(test)]
    pub fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.buffer)
    }
}

impl Payload<'_> {
    pub fn bytes(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    pub fn u8(&mut self, value: u8) {
        self.0.push(value);
    }

    pub fn u16(&mut self, value: u16) {
        self.bytes(&value.to_le_bytes());
    }

    pub fn u32(&mut self, value: u32) {
        self.bytes(&value.to_le_bytes());
    }

    /// A length-encoded integer.
    pub fn length(&mut self, value: u64) {
        let bytes = value.to_le_bytes();
        match value {
            0..=0xfa => self.u8(bytes[0]),
            0xfb..=0xffff => self.marked(0xfc, &bytes[..2]),
            0x1_0000..=0xff_ffff => self.marked(0xfd, &bytes[..3]),
            _ => self.marked(0xfe, &bytes),
        }
    }

    fn marked(&mut self, mark: u8, bytes: &[u8]) {
        self.u8(mark);
        self.bytes(bytes);
    }

    /// A length-encoded string.
    pub fn counted(&mut self, bytes: &[u8]) {
        self.length(bytes.len() as u64);
        self.bytes(bytes);
    }

    /// A length-encoded string of at most 250 bytes, written by `write`: its length is put in afterwards.
    pub fn counted_short(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        let at = self.0.len();
        self.0.push(0);
        write(self.0);
        let length = self.0.len() - at - 1;
        debug_assert!(length <= 250, "callers write numbers and temporals, 70 bytes at most");
        self.0[at] = length as u8;
    }

    /// A NUL-terminated string; a NUL inside would end it early, so it ends there.
    pub fn terminated(&mut self, bytes: &[u8]) {
        self.bytes(bytes.split(|&b| b == 0).next().unwrap_or_default());
        self.u8(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packet::cursor::Cursor;

    #[test]
    fn lengths_survive_the_round_trip() {
        for value in [0, 250, 251, 65_535, 65_536, 0xff_ffff, 0x100_0000, u64::MAX] {
            let mut bytes = Vec::new();
            Payload(&mut bytes).length(value);
            assert_eq!(Cursor::new(&bytes).length(), Ok(value));
        }
    }

    #[test]
    fn a_payload_of_exactly_a_full_frame_is_followed_by_an_empty_one() {
        let mut out = Outbound::new();
        out.restart(255);
        out.packet(|p| p.bytes(&vec![1; FULL_FRAME]));
        let bytes = out.take();
        assert_eq!(bytes[..4], [0xff, 0xff, 0xff, 255]);
        assert_eq!(bytes[4 + FULL_FRAME..], [0, 0, 0, 0]);
    }
}
