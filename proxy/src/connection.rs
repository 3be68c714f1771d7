//! One client's stream, plain or TLS, with its two buffers.
//!
//! Promises: an answer leaves in one write; no read runs past a packet before login, so that TLS begins at its first
//! byte; every wait for the client has its bound.

use crate::error::Ended;
use crate::limits::{Limits, WRITE_BUFFER_BYTES};
use crate::packet::inbound::Inbound;
use crate::packet::outbound::Outbound;
use sql::error::SqlError;
use std::io;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
    /// Only while TLS begins.
    Nowhere,
}

/// A client's stream.
pub(crate) struct Connection {
    stream: Stream,
    inbound: Inbound,
    pub out: Outbound,
    limits: Limits,
    logged_in: bool,
}

impl Connection {
    pub fn new(stream: TcpStream, limits: Limits) -> Self {
        Connection {
            stream: Stream::Plain(stream),
            inbound: Inbound::new(),
            out: Outbound::new(),
            limits,
            logged_in: false,
        }
    }

    pub fn is_encrypted(&self) -> bool {
        matches!(self.stream, Stream::Tls(_))
    }

    /// Begins TLS on the same stream.
    pub async fn encrypt(&mut self, acceptor: &TlsAcceptor) -> Result<(), Ended> {
        let Stream::Plain(stream) = std::mem::replace(&mut self.stream, Stream::Nowhere) else {
            return Err(io::Error::other("TLS was asked for twice").into());
        };
        self.stream = Stream::Tls(Box::new(acceptor.accept(stream).await?));
        Ok(())
    }

    /// From here on packets may be as great as a logged-in client's, and are read ahead.
    pub fn logged_in(&mut self) {
        self.logged_in = true;
    }

    fn packet_limit(&self) -> usize {
        if self.logged_in { self.limits.packet_bytes } else { self.limits.login_packet_bytes }
    }

    /// Whether the next command is already here.
    pub fn has_next(&self) -> bool {
        self.inbound.has_frame()
    }

    /// Waits for the next packet of a login; its answers go on counting.
    pub async fn next_reply(&mut self) -> Result<(), Ended> {
        self.inbound.release();
        self.inbound.expect(self.out.sequence());
        self.next(self.limits.packet_time).await
    }

    /// Waits for the next command, at most as long as the session says, or else the server.
    pub async fn next_command(&mut self, idle: Option<Duration>) -> Result<(), Ended> {
        self.inbound.release();
        self.inbound.expect(0);
        self.next(idle.unwrap_or(self.limits.idle_time)).await
    }

    /// The payload at hand.
    pub fn payload(&self) -> &[u8] {
        self.inbound.payload()
    }

    async fn next(&mut self, idle: Duration) -> Result<(), Ended> {
        while !self.inbound.advance(self.packet_limit())? {
            let inside = self.inbound.inside_packet();
            let patience = if inside { self.limits.packet_time } else { idle };
            match timeout(patience, self.fill(usize::MAX)).await {
                Ok(filled) => filled?,
                Err(_) => return Err(too_slow(inside || !self.logged_in)),
            }
        }
        self.out.restart(self.inbound.sequence());
        Ok(())
    }

    /// Reads once, at most so much. Safe to drop between reads: bytes are in the buffer or in the socket.
    async fn fill(&mut self, most: usize) -> Result<(), Ended> {
        let most = if self.logged_in { most } else { self.inbound.missing() };
        let room = self.inbound.room();
        let most = most.min(room.len());
        let count = match &mut self.stream {
            Stream::Plain(stream) => stream.read(&mut room[..most]).await?,
            Stream::Tls(stream) => stream.read(&mut room[..most]).await?,
            Stream::Nowhere => 0,
        };
        if count == 0 {
            return Err(Ended::Gone);
        }
        self.inbound.filled(count);
        Ok(())
    }

    /// Ends only when the client is gone; what it sends meanwhile is kept, up to a bound. For waits inside a statement.
    pub async fn gone(&mut self) -> Ended {
        loop {
            let room = self.limits.read_ahead_bytes.saturating_sub(self.inbound.waiting());
            if room == 0 {
                std::future::pending::<()>().await;
            }
            if let Err(ended) = self.fill(room).await {
                return ended;
            }
        }
    }

    /// Writes what waits if it is much.
    pub async fn flush_if_full(&mut self) -> Result<(), Ended> {
        if self.out.waiting().len() >= WRITE_BUFFER_BYTES { self.flush().await } else { Ok(()) }
    }

    /// Writes what waits.
    pub async fn flush(&mut self) -> Result<(), Ended> {
        if self.out.waiting().is_empty() {
            return Ok(());
        }
        let bytes = self.out.waiting();
        let write = async {
            match &mut self.stream {
                Stream::Plain(stream) => send(stream, bytes).await,
                Stream::Tls(stream) => send(stream.as_mut(), bytes).await,
                Stream::Nowhere => Err(io::ErrorKind::NotConnected.into()),
            }
        };
        match timeout(self.limits.write_time, write).await {
            Ok(written) => written?,
            Err(_) => return Err(io::Error::from(io::ErrorKind::TimedOut).into()),
        }
        self.out.written();
        Ok(())
    }

    /// Writes what waits and ends the stream. With `drain`, what the client still sends is read away for a moment: a
    /// socket closed over unread bytes is reset, and the client would lose the error that tells it why.
    pub async fn close(&mut self, drain: bool) {
        let (time, most) = (self.limits.parting_time, if drain { self.limits.parting_bytes } else { 0 });
        let parting = async {
            self.flush().await?;
            match &mut self.stream {
                Stream::Plain(stream) => part(stream, most).await?,
                Stream::Tls(stream) => part(stream.as_mut(), most).await?,
                Stream::Nowhere => {}
            }
            Ok::<(), Ended>(())
        };
        match timeout(time, parting).await {
            Ok(Ok(())) => {}
            Ok(Err(ended)) => tracing::debug!("the client did not wait for the end: {ended}"),
            Err(_) => tracing::debug!("the client did not end its side in time"),
        }
    }
}

async fn part<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut S, most: u64) -> io::Result<()> {
    stream.shutdown().await?;
    tokio::io::copy(&mut stream.take(most), &mut tokio::io::sink()).await?;
    Ok(())
}

async fn send<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut S, bytes: &[u8]) -> io::Result<()> {
    stream.write_all(bytes).await?;
    stream.flush().await
}

fn too_slow(inside_packet: bool) -> Ended {
    if inside_packet {
        Ended::Refused(SqlError::new(1159, "Got timeout reading communication packets"))
    } else {
        Ended::Refused(SqlError::new(
            4031,
            "The client was disconnected by the server because of inactivity. See wait_timeout for configuring this \
             behavior.",
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpStream as Socket;
    use tokio::net::TcpListener;

    const BYTES: usize = 100_000;

    /// A logged-in client that has sent so many bytes, the connection to it, and a second handle on its socket.
    async fn after(sent: usize) -> (TcpStream, Connection, Socket) {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let mut client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        client.write_all(&vec![0; sent]).await.unwrap();
        let stream = listener.accept().await.unwrap().0.into_std().unwrap();
        let handle = stream.try_clone().unwrap();
        let limits = Limits {
            read_ahead_bytes: BYTES,
            parting_bytes: BYTES as u64,
            parting_time: Duration::from_millis(500),
            ..Limits::default()
        };
        let mut connection = Connection::new(TcpStream::from_std(stream).unwrap(), limits);
        connection.logged_in();
        (client, connection, handle)
    }

    #[tokio::test]
    async fn a_client_is_read_ahead_to_the_limit() {
        for (sent, taken) in [(BYTES - 1, BYTES - 1), (BYTES, BYTES), (BYTES + 1, BYTES)] {
            let (_client, mut connection, _) = after(sent).await;
            assert!(timeout(Duration::from_millis(300), connection.gone()).await.is_err(), "the client is there");
            assert_eq!(connection.inbound.waiting(), taken, "of {sent}");
        }
    }

    #[tokio::test]
    async fn a_refused_client_is_read_away_to_the_limit() {
        for (drain, sent, left) in [(true, BYTES, 0), (true, BYTES + 1, 1), (false, 1, 1)] {
            let (_client, mut connection, handle) = after(sent).await;
            connection.close(drain).await;
            let unread = handle.peek(&mut [0; 10]).unwrap_or(0);
            assert_eq!(unread, left, "of {sent}");
        }
    }
}
