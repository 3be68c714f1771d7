//! The note a running replica leaves in its folder, so that verbs find its port.
//!
//! Promises: a note left by a killed process is recognised as stale (nothing listens there). The folder's lock, not
//! this note, is what keeps two instances apart.

use crate::failure::Failure;
use serde::{Deserialize, Serialize};
use std::io::ErrorKind;
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A port on this machine answers at once or not at all.
const PROBE: Duration = Duration::from_millis(500);

/// Where a replica listens.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Presence {
    /// The MySQL address.
    pub address: SocketAddr,
    /// Where peers reach it, if it listens for them.
    #[serde(default)]
    pub peers: Option<SocketAddr>,
    /// Its transport's id among peers.
    #[serde(default)]
    pub transport: Option<String>,
    /// Its process id.
    pub process: u32,
}

fn path(data: &Path) -> PathBuf {
    data.join("running.json")
}

/// Leaves the note.
pub fn write(
    data: &Path,
    address: SocketAddr,
    peers: Option<SocketAddr>,
    transport: Option<String>,
) -> Result<(), Failure> {
    let note = Presence { address, peers, transport, process: std::process::id() };
    let text =
        serde_json::to_string(&note).map_err(|e| Failure::environment(format!("cannot describe this process: {e}")))?;
    std::fs::write(path(data), text).map_err(|e| Failure::file("write", &path(data), e))
}

/// Takes the note away; a missing one is fine.
pub fn remove(data: &Path) {
    if let Err(error) = std::fs::remove_file(path(data)) {
        tracing::debug!(%error, "no note to remove");
    }
}

/// The replica that runs on the folder, if one listens.
pub fn read(data: &Path) -> Result<Option<Presence>, Failure> {
    let text = match std::fs::read_to_string(path(data)) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Failure::file("read", &path(data), error)),
    };
    let Ok(note) = serde_json::from_str::<Presence>(&text) else { return Ok(None) };
    let listens = TcpStream::connect_timeout(&note.address, PROBE).is_ok();
    Ok(listens.then_some(note))
}
