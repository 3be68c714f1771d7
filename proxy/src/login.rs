//! Logging in: greeting, TLS, the password exchange, and the session at its end. Also serves COM_CHANGE_USER.

use crate::auth::exchange::{Attempt, Exchange, Next, Path};
use crate::auth::{salt::Salt, sha2};
use crate::connection::Connection;
use crate::error::Ended;
use crate::handler::Handler;
use crate::handshake::{self, Answer, Request};
use crate::server::Shared;
use mysql_common::constants::CapabilityFlags as Can;
use sql::error::SqlError;
use sql::session::Login;
use std::net::IpAddr;
use std::sync::Arc;

/// A connection as the login knows it; the salt stays the same for COM_CHANGE_USER, as in MySQL.
pub(crate) struct Guest {
    pub shared: Arc<Shared>,
    pub address: IpAddr,
    pub id: u32,
    pub salt: Salt,
}

/// A [`Request`] that owns its fields, so that the packet can go.
pub(crate) struct Applicant {
    pub capabilities: Can,
    user: String,
    answer: Vec<u8>,
    database: Option<String>,
    method: Vec<u8>,
    collation: u16,
}

impl Applicant {
    pub fn new(request: &Request<'_>) -> Result<Self, SqlError> {
        let text = |bytes: &[u8]| {
            let valid = std::str::from_utf8(bytes).map(str::to_owned);
            valid.map_err(|_| SqlError::new(1300, "Invalid utf8mb4 character string in the user or database name"))
        };
        Ok(Applicant {
            capabilities: request.capabilities,
            user: text(request.user)?,
            answer: request.answer.to_vec(),
            database: request.database.map(text).transpose()?,
            method: request.method.to_vec(),
            collation: request.collation,
        })
    }
}

impl Guest {
    /// Greets, authenticates and opens a session. The final OK waits in the connection's buffer.
    pub async fn log_in(&self, connection: &mut Connection) -> Result<(Box<dyn Handler>, Can), Ended> {
        let offered = handshake::offered(self.shared.tls.is_some());
        connection.out.packet(|p| handshake::greet(p, sql::version::SERVER, self.id, &self.salt, offered));
        connection.flush().await?;
        let applicant = loop {
            connection.next_reply().await?;
            match (handshake::read_answer(connection.payload(), offered), &self.shared.tls) {
                (Ok(Answer::Login(request)), _) => break Applicant::new(&request)?,
                (Ok(Answer::StartTls), Some(tls)) => connection.encrypt(&tls.acceptor).await?,
                _ => return Err(SqlError::new(1043, "Bad handshake").into()),
            }
        };
        if self.shared.tls.is_some() && !connection.is_encrypted() && !self.address.is_loopback() {
            let message = "Connections using insecure transport are prohibited from other machines; use TLS (--ssl-mode=REQUIRED)";
            return Err(SqlError::new(3159, message).into());
        }
        let session = self.admit(connection, &applicant).await?;
        Ok((session, applicant.capabilities))
    }

    /// Authenticates and opens a session. Errors: 1045, 1049.
    pub async fn admit(&self, connection: &mut Connection, who: &Applicant) -> Result<Box<dyn Handler>, Ended> {
        if !self.prove(connection, who).await? {
            self.shared.gate.failed(self.address, self.shared.clock.monotonic());
            tracing::warn!(user = who.user, address = %self.address, "login refused");
            let using = if who.answer.is_empty() { "NO" } else { "YES" };
            let message = format!("Access denied for user '{}'@'{}' (using password: {using})", who.user, self.host());
            return Err(SqlError::new(1045, message).into());
        }
        let host = self.host();
        let login = Login {
            connection_id: self.id.into(),
            account: format!("{}@{host}", who.user),
            user: who.user.clone(),
            host,
            database: who.database.clone(),
            found_rows: who.capabilities.contains(Can::CLIENT_FOUND_ROWS),
            multi_statements: who.capabilities.contains(Can::CLIENT_MULTI_STATEMENTS),
            collation: who.collation,
        };
        Ok(self.shared.engine.open(login)?)
    }

    /// The host part of the account, as MySQL resolves it.
    fn host(&self) -> String {
        if self.address.is_loopback() { "localhost".to_owned() } else { self.address.to_string() }
    }

    async fn prove(&self, connection: &mut Connection, who: &Applicant) -> Result<bool, Ended> {
        let path = Path { salt: self.salt, loopback: self.address.is_loopback(), encrypted: connection.is_encrypted() };
        let attempt = Attempt {
            user: &who.user,
            method: &who.method,
            can_switch: who.capabilities.contains(Can::CLIENT_PLUGIN_AUTH),
            answer: &who.answer,
        };
        let (mut exchange, mut next) = Exchange::begin(self.shared.accounts.as_ref(), path, &attempt);
        loop {
            match next {
                Next::Switch(method) => connection.out.packet(|p| handshake::switch(p, method, &self.salt)),
                Next::AskPassword => connection.out.packet(|p| handshake::more_data(p, sha2::FULL_NEEDED)),
                Next::AcceptFast => {
                    connection.out.packet(|p| handshake::more_data(p, sha2::FAST_DONE));
                    return Ok(true);
                }
                Next::Accept => return Ok(true),
                Next::Deny => return Ok(false),
            }
            connection.flush().await?;
            connection.next_reply().await?;
            next = exchange.answer(connection.payload());
        }
    }
}
