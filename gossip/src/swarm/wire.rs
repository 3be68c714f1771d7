//! One request and its answer on a stream: frames of `codec`, the request one, the answer as many as it takes.
//!
//! Promises: nothing is allocated for a length beyond the bounds, an answer ends at [`MAX_ANSWER`]; bytes that are no
//! message become a fault of the peer that sent them, not an error of the connection, and so does a request that never
//! ends; bytes that only end too early are what a bad line or a busy peer does. What goes out is encoded before it gets
//! here, away from the network's loop.

use crate::codec::{CodecError, decode};
use crate::faults::Fault;
use crate::limits::{MAX_ANSWER, MAX_FRAME, PROTOCOL_VERSION};
use crate::message::Message;
use futures::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use libp2p::StreamProtocol;
use libp2p::request_response::Codec;
use std::io::{Error, ErrorKind, Result};
use std::time::Duration;
use tokio::time::timeout;

/// The protocol's name; its end is [`PROTOCOL_VERSION`].
pub(super) const PROTOCOL: StreamProtocol = StreamProtocol::new("/headwaters/1");
const _: () = assert!(PROTOCOL_VERSION == 1);

/// What travels.
#[derive(Debug)]
pub(super) enum Load {
    /// Frames, ready to be written.
    Out(Vec<u8>),
    /// Messages that came, and their bytes on the wire.
    In(Vec<Message>, usize),
    /// What came is none, and its bytes on the wire.
    Bad(Fault, usize),
}

/// Reads and writes loads.
#[derive(Clone, Debug)]
pub(super) struct Wire {
    /// How long a request may take to come. An answer's patience is the behaviour's, which tells when it is over; of a
    /// request that never came whole it tells nobody.
    pub(super) patience: Duration,
}

impl Codec for Wire {
    type Protocol = StreamProtocol;
    type Request = Load;
    type Response = Load;

    async fn read_request<T: AsyncRead + Unpin + Send>(&mut self, _: &StreamProtocol, io: &mut T) -> Result<Load> {
        let whole = timeout(self.patience, read(io, 1, MAX_FRAME + PREFIX)).await;
        whole.unwrap_or(Ok(Load::Bad(Fault::Silent, 0)))
    }

    async fn read_response<T: AsyncRead + Unpin + Send>(&mut self, _: &StreamProtocol, io: &mut T) -> Result<Load> {
        read(io, usize::MAX, MAX_ANSWER).await
    }

    async fn write_request<T: AsyncWrite + Unpin + Send>(
        &mut self,
        _: &StreamProtocol,
        io: &mut T,
        load: Load,
    ) -> Result<()> {
        write(io, load).await
    }

    async fn write_response<T: AsyncWrite + Unpin + Send>(
        &mut self,
        _: &StreamProtocol,
        io: &mut T,
        load: Load,
    ) -> Result<()> {
        write(io, load).await
    }
}

/// Bytes of a frame's length.
const PREFIX: usize = 4;

/// Reads at most `frames` messages of at most `most` bytes, until the other side closes.
async fn read<T: AsyncRead + Unpin + Send>(io: &mut T, frames: usize, most: usize) -> Result<Load> {
    let (mut messages, mut total) = (Vec::new(), 0);
    while messages.len() < frames {
        let mut prefix = [0; PREFIX];
        match io.read(&mut prefix[..1]).await? {
            0 => break,
            _ => match ended(io.read_exact(&mut prefix[1..]).await)? {
                true => {}
                false => return Ok(Load::Bad(Fault::Gap, total)),
            },
        }
        let length = u32::from_be_bytes(prefix) as usize;
        if length > MAX_FRAME || total + PREFIX + length > most {
            return Ok(Load::Bad(Fault::TooLarge, total));
        }
        let mut body = vec![0; length];
        if !ended(io.read_exact(&mut body).await)? {
            return Ok(Load::Bad(Fault::Gap, total));
        }
        total += PREFIX + length;
        match decode(&body) {
            Ok(message) => messages.push(message),
            Err(CodecError::TooLarge(_)) => return Ok(Load::Bad(Fault::TooLarge, total)),
            Err(_) => return Ok(Load::Bad(Fault::Malformed, total)),
        }
    }
    // An answer may be none at all: that is how a request is turned away.
    let cut = messages.is_empty() && frames == 1;
    Ok(if cut { Load::Bad(Fault::Gap, total) } else { Load::In(messages, total) })
}

/// Whether all bytes came; `false` if the stream ended before.
fn ended(read: Result<()>) -> Result<bool> {
    match read {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}

async fn write<T: AsyncWrite + Unpin + Send>(io: &mut T, load: Load) -> Result<()> {
    match load {
        Load::Out(bytes) => io.write_all(&bytes).await,
        Load::In(..) | Load::Bad(..) => Err(Error::new(ErrorKind::InvalidInput, "only encoded messages are sent")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::frame;
    use futures::executor::block_on;
    use futures::io::Cursor;

    fn request(bytes: &[u8]) -> Load {
        block_on(read(&mut Cursor::new(bytes), 1, MAX_FRAME + PREFIX)).unwrap()
    }

    #[test]
    fn an_answer_is_as_many_messages_as_came_before_the_end() {
        let done = |fetch| Message::Done { fetch, parts: 0, more: false };
        let bytes = [frame(&done(1)).unwrap(), frame(&done(2)).unwrap()].concat();
        let answer = block_on(read(&mut Cursor::new(&bytes), usize::MAX, MAX_ANSWER)).unwrap();
        assert!(matches!(&answer, Load::In(m, n) if *m == [done(1), done(2)] && *n == bytes.len()), "{answer:?}");
        assert!(matches!(request(&bytes), Load::In(m, _) if m == [done(1)]));
    }

    #[test]
    fn what_is_no_message_is_a_fault() {
        let ask = frame(&Message::Ask).unwrap();
        let cases: [(&[u8], Fault); 5] = [
            (b"", Fault::Gap),
            (b"GET / HTTP/1.1\r\n\r\n", Fault::TooLarge),
            (&ask[..ask.len() - 1], Fault::Gap),
            (&ask[..2], Fault::Gap),
            (&[0, 0, 0, 1, 0xff], Fault::Malformed),
        ];
        for (bytes, fault) in cases {
            let load = request(bytes);
            assert!(matches!(load, Load::Bad(f, _) if f == fault), "{bytes:?} gave {load:?}");
        }
    }

    #[test]
    fn a_frame_at_the_limit_is_read_and_one_past_it_is_not() {
        for (length, fault) in [(MAX_FRAME, Fault::Malformed), (MAX_FRAME + 1, Fault::TooLarge)] {
            let mut bytes = (length as u32).to_be_bytes().to_vec();
            bytes.resize(PREFIX + length, 0xff);
            let load = request(&bytes);
            assert!(matches!(load, Load::Bad(f, _) if f == fault), "{length}");
        }
    }
}
