//! Every bound of the wire, in one place, each with its reason.
//!
//! Promises: a client, logged in or not, can make the server hold no more than what is written here. Tests at each
//! limit and one past it stand beside the code that enforces it.

use std::time::Duration;

/// Bounds of the server and of each connection. `Default` is what a replica runs with; tests make them smaller.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Greatest packet of a logged-in client, after joining its 16 MiB parts. MySQL calls it `max_allowed_packet`; 16 MiB
    /// is what its clients send by default, and the longest statement that the parser takes.
    pub packet_bytes: usize,
    /// Greatest packet before login: the longest honest one is a handshake response with its connection attributes,
    /// which MySQL bounds at 64 KiB.
    pub login_packet_bytes: usize,
    /// Time from accept to the end of the login (MySQL's connect_timeout).
    pub login_time: Duration,
    /// Longest pause inside a packet (MySQL's net_read_timeout).
    pub packet_time: Duration,
    /// Longest time a client may take to read what one write gives it, a buffer full or one row (MySQL's
    /// net_write_timeout): a client that stops reading holds a snapshot.
    pub write_time: Duration,
    /// Longest time between two commands (MySQL's wait_timeout).
    pub idle_time: Duration,
    /// Connections in all. Each costs some 40 KiB idle and up to `packet_bytes` and `long_data_bytes` at worst.
    pub connections: usize,
    /// Connections of one address that are not logged in yet, so that one address cannot take every place.
    pub pending_per_address: usize,
    /// The same for loopback addresses, where all clients of the machine share one address and a pool opens its
    /// connections at once: as many as there are places.
    pub pending_on_loopback: usize,
    /// Prepared statements of one connection; drivers' caches hold 32 to 512.
    pub statements: usize,
    /// Bytes given by COM_STMT_SEND_LONG_DATA that one connection holds: four values of the greatest packet.
    pub long_data_bytes: usize,
    /// Failed logins of one address within [`Limits::failed_login_window`]; guessing is then bounded at 7,200 a day.
    pub failed_logins: usize,
    /// See [`Limits::failed_logins`].
    pub failed_login_window: Duration,
    /// Addresses whose failures are remembered; beyond it the oldest is forgotten.
    pub remembered_addresses: usize,
    /// A client that sends ahead is read this far while a statement waits; beyond it the socket holds the rest.
    pub read_ahead_bytes: usize,
    /// How long a refused client is read before its connection is closed: a second lets a packet under way arrive.
    pub parting_time: Duration,
    /// How far it is read: two of the greatest packets are more than an honest client sends before it reads.
    pub parting_bytes: u64,
    /// How long running statements may go on after the shutdown signal.
    pub shutdown_time: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            packet_bytes: 16 << 20,
            login_packet_bytes: 64 << 10,
            login_time: Duration::from_secs(10),
            packet_time: Duration::from_secs(30),
            write_time: Duration::from_secs(60),
            idle_time: Duration::from_secs(28_800),
            connections: 256,
            pending_per_address: 16,
            pending_on_loopback: 256,
            statements: 1024,
            long_data_bytes: 64 << 20,
            failed_logins: 5,
            failed_login_window: Duration::from_secs(60),
            remembered_addresses: 4096,
            read_ahead_bytes: 64 << 10,
            parting_time: Duration::from_secs(1),
            parting_bytes: 32 << 20,
            shutdown_time: Duration::from_secs(10),
        }
    }
}

/// Answers are written out when this many bytes are waiting: big enough that a write call costs little beside filling
/// it, small enough that 256 connections hold 32 MiB.
pub(crate) const WRITE_BUFFER_BYTES: usize = 128 << 10;

/// First size of a read buffer: most commands fit, so that one read call takes a command or several pipelined ones.
pub(crate) const READ_BUFFER_BYTES: usize = 16 << 10;

/// Rows asked of the executor at a time: enough to spread the cost of the call, few enough to stay in the cache.
pub(crate) const ROWS_AT_A_TIME: usize = 256;
