//! Objects on the wire: an answer as messages of bounded size, and the answer put together again.
//!
//! Promises: every message fits a frame, also one about the largest value; what is put together never exceeds what may
//! be asked for. Does not check hashes: that is the gathering.

use crate::faults::Fault;
use crate::limits::{MAX_GET, MAX_OBJECT, PART_BYTES};
use crate::message::Message;
use dag::objects::Bytes;
use serde_bytes::ByteBuf;

/// The messages that answer request `get` with these objects, the first of those asked for.
pub fn answer(get: u64, objects: &[Option<Bytes>]) -> Vec<Message> {
    let (mut messages, mut pieces, mut room) = (Vec::new(), Vec::new(), PART_BYTES);
    let message = |messages: &[Message], objects: &mut Vec<Option<ByteBuf>>, cut, done| {
        let objects = std::mem::take(objects);
        Message::Objects { get, index: messages.len() as u64, objects, cut, done }
    };
    for object in objects {
        let Some(mut rest) = object.as_deref() else {
            pieces.push(None);
            continue;
        };
        if rest.len() > room && !pieces.is_empty() {
            messages.push(message(&messages, &mut pieces, false, false));
            room = PART_BYTES;
        }
        while rest.len() > PART_BYTES {
            let (now, later) = rest.split_at(PART_BYTES);
            pieces.push(Some(ByteBuf::from(now)));
            messages.push(message(&messages, &mut pieces, true, false));
            rest = later;
        }
        room = room.min(PART_BYTES).saturating_sub(rest.len());
        pieces.push(Some(ByteBuf::from(rest)));
    }
    if !pieces.is_empty() {
        messages.push(message(&messages, &mut pieces, false, true));
    }
    messages
}

/// An answer being put together.
#[derive(Clone, Debug)]
pub struct Assembly {
    get: u64,
    next: u64,
    objects: Vec<Option<Vec<u8>>>,
    is_cut: bool,
    bytes: usize,
    done: bool,
}

impl Assembly {
    /// The answer to request `get`.
    pub fn new(get: u64) -> Self {
        Assembly { get, next: 0, objects: Vec::new(), is_cut: false, bytes: 0, done: false }
    }

    /// The whole answer, from its messages in order.
    pub fn of(get: u64, messages: impl IntoIterator<Item = Message>) -> Result<Vec<Option<Bytes>>, Fault> {
        let mut assembly = Assembly::new(get);
        messages.into_iter().try_for_each(|message| assembly.take(message))?;
        assembly.finish()
    }

    /// Takes the next message.
    pub fn take(&mut self, message: Message) -> Result<(), Fault> {
        let Message::Objects { get, index, objects, cut, done } = message else { return Err(Fault::Unasked) };
        if get != self.get || index != self.next || self.done {
            return Err(Fault::Gap);
        }
        self.next += 1;
        self.done = done;
        let mut objects = objects.into_iter();
        self.bytes += objects.as_slice().iter().flatten().map(|piece| piece.len()).sum::<usize>();
        if std::mem::replace(&mut self.is_cut, cut) {
            match (self.objects.last_mut(), objects.next()) {
                (Some(Some(begun)), Some(Some(rest))) => begun.extend_from_slice(&rest),
                _ => return Err(Fault::Malformed),
            }
        }
        self.objects.extend(objects.map(|object| object.map(ByteBuf::into_vec)));
        let too_much = self.objects.len() > MAX_GET || self.bytes > MAX_OBJECT + PART_BYTES;
        if too_much { Err(Fault::TooLarge) } else { Ok(()) }
    }

    /// The objects. Error: the answer has no end.
    pub fn finish(self) -> Result<Vec<Option<Bytes>>, Fault> {
        if !self.done || self.is_cut {
            return Err(Fault::Gap);
        }
        Ok(self.objects.into_iter().map(|object| object.map(Bytes::from)).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::{decode, encode};
    use crate::limits::MAX_FRAME;

    #[test]
    fn objects_of_any_size_travel_in_bounded_messages() {
        let object = |n: usize| Some(Bytes::from(vec![n as u8; n]));
        let cases = [
            vec![None],
            vec![object(0), None, object(5)],
            vec![object(PART_BYTES)],
            vec![object(4096), object(PART_BYTES + 1), None],
            vec![object(3 * PART_BYTES), object(1)],
            (0..MAX_GET).map(|_| object(4096)).collect(),
        ];
        for objects in cases {
            let messages = answer(7, &objects);
            for message in &messages {
                let bytes = encode(message).unwrap();
                assert!(bytes.len() <= MAX_FRAME);
                assert_eq!(&decode(&bytes).unwrap(), message);
            }
            assert_eq!(Assembly::of(7, messages.clone()).unwrap(), objects);
            assert!(Assembly::of(8, messages.clone()).is_err(), "another request");
            let cut = messages.len() - 1;
            assert!(Assembly::of(7, messages[..cut].to_vec()).is_err(), "without its end");
        }
    }

    #[test]
    fn an_answer_without_end_is_given_up() {
        let piece = || Some(ByteBuf::from(vec![0; PART_BYTES]));
        let mut assembly = Assembly::new(1);
        let taken = (0..).find_map(|index| {
            let message = Message::Objects { get: 1, index, objects: vec![piece()], cut: true, done: false };
            assembly.take(message).err().map(|fault| (index, fault))
        });
        assert_eq!(taken, Some(((MAX_OBJECT / PART_BYTES + 1) as u64, Fault::TooLarge)));
    }
}
