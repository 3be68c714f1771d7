//! A session on a running replica, over its MySQL port.

use super::{Answer, Reach};
use crate::config::Config;
use crate::failure::Failure;
use crate::replica::presence::Presence;
use mysql_async::prelude::Queryable;
use mysql_async::{Conn, OptsBuilder, Row, SslOpts, Value};
use tokio::runtime::{Builder, Runtime};

/// The connection and the small runtime that drives it.
pub struct Port {
    runtime: Runtime,
    connection: Conn,
}

/// Connects as root; on loopback, or with the configured password over TLS.
pub fn connect(present: &Presence, config: &Config) -> Result<Port, Failure> {
    let runtime = Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|e| Failure::environment(format!("cannot start a runtime: {e}")))?;
    let mut options = OptsBuilder::default()
        .ip_or_hostname(present.address.ip().to_string())
        .tcp_port(present.address.port())
        .user(Some("root"))
        .pass(config.root_password.clone())
        .prefer_socket(false);
    if config.root_password.is_some() {
        // The certificate is the replica's own self-signed one, and the address is of this machine.
        options = options.ssl_opts(SslOpts::default().with_danger_accept_invalid_certs(true));
    }
    let connection = runtime.block_on(Conn::new(options)).map_err(|e| {
        let text = format!(
            "a replica runs here (process {}), but {} does not let us in: {e}",
            present.process, present.address
        );
        Failure::environment(format!("{text}; if it has a password, give --root-password-file"))
    })?;
    Ok(Port { runtime, connection })
}

impl Reach for Port {
    fn run(&mut self, text: &str) -> Result<Vec<Answer>, Failure> {
        let connection = &mut self.connection;
        self.runtime.block_on(async move {
            let mut answers = Vec::new();
            let mut results = connection.query_iter(text).await.map_err(failure)?;
            loop {
                let columns: Vec<String> = results.columns_ref().iter().map(|c| c.name_str().into_owned()).collect();
                let affected = results.affected_rows();
                let rows: Vec<Row> = results.collect().await.map_err(failure)?;
                answers.push(Answer { columns, rows: rows.into_iter().map(cells).collect(), affected });
                if results.is_empty() {
                    return Ok(answers);
                }
            }
        })
    }
}

fn cells(row: Row) -> Vec<Option<String>> {
    let text = |value: Value| match value {
        Value::NULL => None,
        Value::Bytes(bytes) => Some(String::from_utf8_lossy(&bytes).into_owned()),
        other => Some(other.as_sql(true).trim_matches('\'').to_owned()),
    };
    (0..row.len()).map(|i| row.as_ref(i).cloned().and_then(text)).collect()
}

fn failure(error: mysql_async::Error) -> Failure {
    match error {
        mysql_async::Error::Server(e) => Failure::Sql { code: e.code, state: e.state, message: e.message },
        other => Failure::environment(format!("the replica closed the conversation: {other}; see its log")),
    }
}
