//! The read side: bytes in, payloads out, with MySQL's joining of 16 MiB frames and a bound on the whole.
//!
//! Promises: never holds more than the limit and one read; a packet is refused at the header that makes it too long,
//! before its bytes are stored; frames out of sequence are refused. Pipelined packets stay in order.

use super::{FULL_FRAME, HEADER};
use crate::limits::READ_BUFFER_BYTES;
use std::ops::Range;

/// Why no more packets can be read from this connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unreadable {
    /// MySQL's 1153.
    #[error("a packet is greater than the {limit} bytes allowed")]
    TooLarge { limit: usize },
    /// MySQL's 1156.
    #[error("a frame has sequence number {found} where {expected} is due")]
    OutOfOrder { expected: u8, found: u8 },
}

/// A growing window over the stream.
pub(crate) struct Inbound {
    /// Filled between `start` and `end`; its length is the room there is.
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    /// Payload parts of full frames that wait for their last one.
    joined: Vec<u8>,
    /// Where the payload at hand lies in `buffer`, unless it is `joined`.
    at_hand: Range<usize>,
    sequence: u8,
}

impl Inbound {
    pub fn new() -> Self {
        Inbound { buffer: vec![0; READ_BUFFER_BYTES], start: 0, end: 0, joined: Vec::new(), at_hand: 0..0, sequence: 0 }
    }

    /// The sequence number that the next frame must have, and one that an answer starts with.
    pub fn sequence(&self) -> u8 {
        self.sequence
    }

    /// Sets the sequence number that the next frame must have: 0 before a command.
    pub fn expect(&mut self, sequence: u8) {
        self.sequence = sequence;
    }

    /// Bytes that have come and were not taken yet.
    pub fn waiting(&self) -> usize {
        self.end - self.start
    }

    /// Whether a packet has begun but not ended.
    pub fn inside_packet(&self) -> bool {
        self.waiting() > 0 || !self.joined.is_empty()
    }

    fn header(&self) -> Option<(usize, u8)> {
        match self.buffer[self.start..self.end] {
            [a, b, c, sequence, ..] => Some((u32::from_le_bytes([a, b, c, 0]) as usize, sequence)),
            _ => None,
        }
    }

    /// How many bytes are missing until a frame can be taken: what may be read without running past it (before TLS).
    pub fn missing(&self) -> usize {
        match self.header() {
            Some((length, _)) => (HEADER + length).saturating_sub(self.waiting()),
            None => HEADER - self.waiting(),
        }
    }

    /// Whether a whole frame is here: the next command need not be waited for.
    pub fn has_frame(&self) -> bool {
        self.missing() == 0
    }

    /// Steps to the next payload; false if not all of it is here. `limit` bounds the payload.
    pub fn advance(&mut self, limit: usize) -> Result<bool, Unreadable> {
        loop {
            let Some((length, sequence)) = self.header() else { return Ok(false) };
            if sequence != self.sequence {
                return Err(Unreadable::OutOfOrder { expected: self.sequence, found: sequence });
            }
            if self.joined.len() + length > limit {
                return Err(Unreadable::TooLarge { limit });
            }
            if self.missing() > 0 {
                return Ok(false);
            }
            self.sequence = self.sequence.wrapping_add(1);
            let payload = self.start + HEADER..self.start + HEADER + length;
            self.start = payload.end;
            if length < FULL_FRAME && self.joined.is_empty() {
                self.at_hand = payload;
                return Ok(true);
            }
            self.joined.extend_from_slice(&self.buffer[payload]);
            if length < FULL_FRAME {
                return Ok(true);
            }
        }
    }

    /// The payload that [`Inbound::advance`] stepped to.
    pub fn payload(&self) -> &[u8] {
        if self.joined.is_empty() { &self.buffer[self.at_hand.clone()] } else { &self.joined }
    }

    /// Forgets the payload at hand; gives memory back after a big one.
    pub fn release(&mut self) {
        self.joined = Vec::new();
        self.at_hand = 0..0;
        if self.start == self.end {
            (self.start, self.end) = (0, 0);
            if self.buffer.len() > 16 * READ_BUFFER_BYTES {
                self.buffer = vec![0; READ_BUFFER_BYTES];
            }
        }
    }

    /// Where the next read goes; never empty. Room grows with what has really come, not with what a header claims.
    pub fn room(&mut self) -> &mut [u8] {
        if self.end == self.buffer.len() {
            self.buffer.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, self.end - self.start);
            if self.end > self.buffer.len() / 2 {
                self.buffer.resize(self.buffer.len() * 2, 0);
            }
        }
        &mut self.buffer[self.end..]
    }

    /// `count` bytes were read into [`Inbound::room`].
    pub fn filled(&mut self, count: usize) {
        self.end = (self.end + count).min(self.buffer.len());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packet::outbound::Outbound;

    fn feed(inbound: &mut Inbound, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let room = inbound.room();
            let count = room.len().min(bytes.len());
            room[..count].copy_from_slice(&bytes[..count]);
            inbound.filled(count);
            bytes = &bytes[count..];
        }
    }

    fn next(inbound: &mut Inbound, limit: usize) -> Result<Option<Vec<u8>>, Unreadable> {
        Ok(inbound.advance(limit)?.then(|| inbound.payload().to_vec()))
    }

    fn framed(payload: &[u8], sequence: u8) -> Vec<u8> {
        let mut out = Outbound::new();
        out.restart(sequence);
        out.packet(|p| p.bytes(payload));
        out.take()
    }

    #[test]
    fn every_split_length_comes_back_whole() {
        for length in [0, 1, FULL_FRAME - 1, FULL_FRAME, FULL_FRAME + 1, 2 * FULL_FRAME, 2 * FULL_FRAME + 7] {
            let payload: Vec<u8> = (0..length).map(|i| i as u8).collect();
            let mut inbound = Inbound::new();
            inbound.expect(3);
            feed(&mut inbound, &framed(&payload, 3));
            assert_eq!(next(&mut inbound, usize::MAX), Ok(Some(payload)), "{length}");
            assert_eq!(inbound.sequence() as usize, 3 + 1 + length / FULL_FRAME);
        }
    }

    #[test]
    fn the_limit_holds_and_one_past_it_is_refused() {
        for limit in [100, FULL_FRAME, FULL_FRAME + 1, 16 << 20] {
            for (length, fits) in [(limit, true), (limit + 1, false)] {
                let mut inbound = Inbound::new();
                feed(&mut inbound, &framed(&vec![7; length], 0));
                let got = next(&mut inbound, limit).map(|p| p.map(|p| p.len()));
                assert_eq!(got, if fits { Ok(Some(length)) } else { Err(Unreadable::TooLarge { limit }) });
            }
        }
    }

    #[test]
    fn a_claimed_length_is_refused_at_its_header() {
        let mut inbound = Inbound::new();
        feed(&mut inbound, &[0xff, 0xff, 0xff, 0]);
        assert_eq!(inbound.advance(65_536), Err(Unreadable::TooLarge { limit: 65_536 }));
        assert!(inbound.buffer.len() <= READ_BUFFER_BYTES);
    }

    #[test]
    fn pipelined_packets_come_in_order_even_when_cut_at_every_byte() {
        let stream: Vec<u8> = [&b"one"[..], b"", b"three"].iter().flat_map(|p| framed(p, 0)).collect();
        for cut in 0..stream.len() {
            let (mut inbound, mut got) = (Inbound::new(), Vec::new());
            for part in [&stream[..cut], &stream[cut..]] {
                feed(&mut inbound, part);
                loop {
                    inbound.expect(0);
                    match next(&mut inbound, 100).unwrap() {
                        Some(payload) => got.push(payload),
                        None => break,
                    }
                    inbound.release();
                }
            }
            assert_eq!(got, [&b"one"[..], b"", b"three"], "cut at {cut}");
        }
    }

    #[test]
    fn a_wrong_sequence_number_is_refused() {
        let mut inbound = Inbound::new();
        feed(&mut inbound, &framed(b"x", 9));
        assert_eq!(inbound.advance(10), Err(Unreadable::OutOfOrder { expected: 0, found: 9 }));
    }
}
