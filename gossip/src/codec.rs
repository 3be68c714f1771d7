//! Frames: four bytes of length, big-endian, then one message in strict DAG-CBOR (R40).
//!
//! Promises: a message has one encoding, any other form is refused; nothing is allocated for a length beyond
//! [`MAX_FRAME`]; bytes may come in pieces of any size. Does not know sockets.

use crate::limits::{MAX_ANNOUNCEMENT, MAX_FRAME};
use crate::message::Message;

/// Bytes of the length.
const PREFIX: usize = 4;

/// Why bytes are no message; all but `Encode` are the peer's fault.
#[derive(Debug, thiserror::Error)]
pub enum CodecError {
    /// A frame longer than allowed.
    #[error("a frame of {0} bytes is longer than the limit of {MAX_FRAME}")]
    TooLarge(usize),
    /// Not a message.
    #[error("the bytes are no message of this protocol: {0}")]
    Malformed(String),
    /// A message, but not in its one encoding, or with lists beyond their bounds.
    #[error("the message is not in its canonical form or exceeds a bound")]
    NotCanonical,
    /// Our own message cannot be encoded.
    #[error("a message could not be encoded: {0}")]
    Encode(String),
}

/// The bytes of a message, without the frame.
pub fn encode(message: &Message) -> Result<Vec<u8>, CodecError> {
    serde_ipld_dagcbor::to_vec(message).map_err(|e| CodecError::Encode(e.to_string()))
}

/// Reads a message from exactly these bytes.
pub fn decode(bytes: &[u8]) -> Result<Message, CodecError> {
    if bytes.len() > MAX_FRAME {
        return Err(CodecError::TooLarge(bytes.len()));
    }
    let message: Message = serde_ipld_dagcbor::from_slice(bytes).map_err(|e| CodecError::Malformed(e.to_string()))?;
    let too_long = matches!(message, Message::Announce(_)) && bytes.len() > MAX_ANNOUNCEMENT;
    if too_long || !message.is_bounded() || encode(&message)? != bytes {
        return Err(CodecError::NotCanonical);
    }
    Ok(message)
}

/// A message with its length before it.
pub fn frame(message: &Message) -> Result<Vec<u8>, CodecError> {
    let body = encode(message)?;
    if body.len() > MAX_FRAME {
        return Err(CodecError::TooLarge(body.len()));
    }
    let mut framed = (body.len() as u32).to_be_bytes().to_vec();
    framed.extend(body);
    Ok(framed)
}

/// Takes a stream's bytes as they come and gives whole messages. Holds at most one frame and one read.
#[derive(Debug, Default)]
pub struct Deframer {
    buffer: Vec<u8>,
}

impl Deframer {
    /// Adds what was read.
    pub fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// The next whole message; `None` if more bytes are needed. After an error the stream must be closed.
    pub fn next_message(&mut self) -> Result<Option<Message>, CodecError> {
        let Some(prefix) = self.buffer.first_chunk::<PREFIX>() else { return Ok(None) };
        let length = u32::from_be_bytes(*prefix) as usize;
        if length > MAX_FRAME {
            return Err(CodecError::TooLarge(length));
        }
        if self.buffer.len() < PREFIX + length {
            return Ok(None);
        }
        let message = decode(&self.buffer[PREFIX..PREFIX + length])?;
        self.buffer.drain(..PREFIX + length);
        Ok(Some(message))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hello::{Hello, TransportId};
    use crate::message::Held;
    use crate::stock::Stock;
    use crate::ticket::{MAX_REASON, Refusal, RefusalKind};
    use dag::author_key::AuthorKey;
    use dag::id::{AuthorId, CommitId, GenesisId, NodeId, RunId};
    use proptest::prelude::*;
    use serde_bytes::ByteBuf;

    fn messages() -> Vec<Message> {
        let held = |n: u8| Held(AuthorId([n; 32]), RunId(u64::MAX - 1), 7, CommitId([n; 32]));
        let part =
            |tip| Message::Part { fetch: 1, index: 0, commits: vec![ByteBuf::from(vec![1, 2])], cut: false, tip };
        vec![
            Message::Fetch { fetch: 1, want: vec![CommitId([1; 32])], have: vec![held(1), held(2)] },
            Message::Ladder { fetch: 1, rungs: vec![held(3)] },
            Message::Climb { fetch: 1, also: vec![] },
            part(None),
            part(Some(ByteBuf::from(vec![9]))),
            Message::Done { fetch: u64::MAX, parts: 2, more: true },
            Message::Get { get: 3, ids: vec![NodeId([2; 32]), NodeId([1; 32])] },
            Message::Objects {
                get: 3,
                index: 0,
                objects: vec![Some(ByteBuf::from(vec![1, 2])), None],
                cut: false,
                done: true,
            },
            Message::Has { ids: vec![NodeId([4; 32])] },
            Message::Holds { held: vec![true] },
            Message::Root,
            Message::Stock(Stock { root: None, sources: vec!["trees/".to_owned()], size: 9 }),
            Message::Checkpoints,
            Message::Offer { checkpoints: vec![ByteBuf::from(vec![7])] },
        ]
    }

    /// Every message a connection may begin with, and its bytes for ever (R40).
    fn golden() -> Vec<(Message, String)> {
        let key = AuthorKey::from_seed([9; 32]);
        let hello = Hello::sign(&key, GenesisId([1; 32]), RunId(2), &TransportId([3; 32]), 4);
        let hex = |bytes: &[u8]| bytes.iter().map(|b| format!("{b:02x}")).collect::<String>();
        let fill = |byte: &str, n: usize| byte.repeat(n);
        let said = format!(
            "a76372756e0266617574686f725820{}6767656e657369735820{}6776657273696f6e01697369676e61747572655840{}697472616e73706f72745820{}6c636c6f636b5f6d696c6c697304",
            hex(key.id().as_bytes()),
            fill("01", 32),
            hex(&*hello.signature),
            fill("03", 32),
        );
        vec![
            (Message::Hello(hello.clone()), format!("a16548656c6c6f{said}")),
            (Message::Twin(hello), format!("a1645477696e{said}")),
            (Message::Ask, "6341736b".to_owned()),
            (Message::Noted, "654e6f746564".to_owned()),
            (
                Message::Refused(Refusal::new(RefusalKind::Stranger, "no")),
                "a16752656675736564a2646b696e640266726561736f6e626e6f".to_owned(),
            ),
        ]
    }

    #[test]
    fn golden_bytes_of_the_first_words() {
        for (message, bytes) in golden() {
            let encoded: String = encode(&message).unwrap().iter().map(|b| format!("{b:02x}")).collect();
            assert_eq!(encoded, bytes, "{message:?}");
            assert_eq!(decode(&encode(&message).unwrap()).unwrap(), message);
        }
    }

    #[test]
    fn a_reason_longer_than_its_bound_is_refused() {
        for (length, well) in [(MAX_REASON, true), (MAX_REASON + 1, false)] {
            let refusal = Refusal { kind: RefusalKind::Busy, reason: "x".repeat(length) };
            assert_eq!(decode(&encode(&Message::Refused(refusal)).unwrap()).is_ok(), well, "{length}");
        }
    }

    #[test]
    fn messages_come_out_whole_however_the_stream_is_cut() {
        let stream: Vec<u8> = messages().iter().flat_map(|m| frame(m).unwrap()).collect();
        for step in [1, 3, 64, stream.len()] {
            let (mut deframer, mut read) = (Deframer::default(), Vec::new());
            for piece in stream.chunks(step) {
                deframer.push(piece);
                while let Some(message) = deframer.next_message().unwrap() {
                    read.push(message);
                }
            }
            assert_eq!(read, messages(), "in steps of {step}");
        }
    }

    #[test]
    fn a_message_has_one_encoding() {
        let bytes = encode(&Message::Done { fetch: 1, parts: 2, more: false }).unwrap();
        assert!(decode(&bytes).is_ok());
        let longer = [&bytes[..], &[0]].concat();
        assert!(decode(&longer).is_err(), "trailing byte");
        // 0x01 as the longer 0x18 0x01: the same number, not the shortest form.
        let at = bytes.windows(6).position(|w| w == b"\x65fetch").unwrap() + 6;
        let long = [&bytes[..at], &[0x18], &bytes[at..]].concat();
        assert!(decode(&long).is_err(), "number in a longer form");
        let unsorted = Message::Climb { fetch: 1, also: vec![CommitId([2; 32]), CommitId([1; 32])] };
        assert!(matches!(decode(&encode(&unsorted).unwrap()), Err(CodecError::NotCanonical)));
    }

    #[test]
    fn golden_bytes_of_messages_about_objects() {
        let golden: String =
            messages()[6..].iter().map(|m| data_encoding::HEXLOWER.encode(&encode(m).unwrap()) + "\n").collect();
        assert_eq!(golden, include_str!("objects/golden.txt"));
    }

    #[test]
    fn a_huge_length_is_refused_before_its_bytes_come() {
        for (length, refused) in [(MAX_FRAME, false), (MAX_FRAME + 1, true), (u32::MAX as usize, true)] {
            let mut deframer = Deframer::default();
            deframer.push(&(length as u32).to_be_bytes());
            assert_eq!(matches!(deframer.next_message(), Err(CodecError::TooLarge(_))), refused, "{length}");
            assert!(matches!(deframer.next_message(), Ok(None)) != refused);
        }
        assert!(matches!(decode(&vec![0; MAX_FRAME]), Err(CodecError::Malformed(_))));
        assert!(matches!(decode(&vec![0; MAX_FRAME + 1]), Err(CodecError::TooLarge(_))));
    }

    proptest! {
        #[test]
        fn random_bytes_never_panic_and_what_decodes_is_canonical(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            if let Ok(message) = decode(&bytes) {
                prop_assert_eq!(encode(&message).unwrap(), bytes);
            }
        }
    }
}
