//! What ends a connection or keeps the server from starting. Errors of statements are `sql`'s [`SqlError`].

use crate::packet::cursor::Malformed;
use crate::packet::inbound::Unreadable;
use sql::error::SqlError;
use std::net::SocketAddr;

/// Why the server could not do what it was asked to.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {source}; is another server there? choose another address or port")]
    Listen {
        /// What was asked for.
        address: SocketAddr,
        /// The operating system's answer.
        source: std::io::Error,
    },
    /// The lifeguard's thread cannot be started.
    #[error("cannot start a thread: {0}; is the machine out of threads or memory?")]
    Lifeguard(#[source] std::io::Error),
    /// The TLS certificate or key cannot be used.
    #[error("the TLS {what} cannot be used: {detail}; delete both files to have new ones made at the next start")]
    Tls {
        /// Certificate or key.
        what: &'static str,
        /// What is wrong with it.
        detail: String,
    },
}

/// Why one connection ended before the client said goodbye.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Ended {
    /// The client closed the stream.
    #[error("the client is gone")]
    Gone,
    /// Reading or writing failed.
    #[error("the connection failed: {0}")]
    Failed(#[from] std::io::Error),
    /// The client is told, then the connection is closed.
    #[error("refused: {0}")]
    Refused(#[from] SqlError),
}

impl From<Malformed> for Ended {
    fn from(malformed: Malformed) -> Self {
        Ended::Refused(malformed.into())
    }
}

impl From<Malformed> for SqlError {
    fn from(malformed: Malformed) -> Self {
        SqlError::new(1835, format!("Malformed communication packet: {}", malformed.0))
    }
}

impl From<Unreadable> for Ended {
    fn from(unreadable: Unreadable) -> Self {
        Ended::Refused(match unreadable {
            Unreadable::TooLarge { limit } => {
                SqlError::new(1153, format!("Got a packet bigger than 'max_allowed_packet' bytes ({limit})"))
            }
            Unreadable::OutOfOrder { .. } => SqlError::new(1156, "Got packets out of order"),
        })
    }
}
