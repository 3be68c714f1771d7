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

/// A client that sends ahead is read this far while a statement waits; beyond it the socket holds the rest.
const READ_AHEAD_BYTES: usize = 64 << 10;

/// How long a closed connection is read away, and how far: a second lets a packet under way arrive, and two of the
/// greatest packets are more than an honest client sends before it reads.
const PARTING_TIME: Duration = Duration::from_secs(1);
const PARTING_BYTES: u64 = 32 << 20;

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
            match timeout(patience, self.fill()).await {
                Ok(filled) => filled?,
                Err(_) => return Err(too_slow(inside || !self.logged_in)),
            }
        }
        self.out.restart(self.inbound.sequence());
        Ok(())
    }

    /// Reads once. Safe to drop between reads: bytes are in the buffer or in the socket.
    async fn fill(&mut self) -> Result<(), Ended> {
        let most = if self.logged_in { usize::MAX } else { self.inbound.missing() };
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
            if self.inbound.waiting() >= READ_AHEAD_BYTES {
                std::future::pending::<()>().await;
            }
            if let Err(ended) = self.fill().await {
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
        let most = if drain { PARTING_BYTES } else { 0 };
        let parting = async {
            self.flush().await?;
            match &mut self.stream {
                Stream::Plain(stream) => part(stream, most).await?,
                Stream::Tls(stream) => part(stream.as_mut(), most).await?,
                Stream::Nowhere => {}
            }
            Ok::<(), Ended>(())
        };
        match timeout(PARTING_TIME, parting).await {
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
