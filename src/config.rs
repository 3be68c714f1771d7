//! Settings of one replica: flag, then environment, then TOML file, then default.
//!
//! Promises: every setting has one name (`--listen`, `HEADWATERS_LISTEN`, `listen = ...`), and an unknown key in the
//! file is an error that names it. Does not open files other than the configuration itself.

use crate::failure::Failure;
use clap::{Args, ValueEnum};
use serde::Deserialize;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// MySQL's own port plus ten, so that both run side by side.
pub const DEFAULT_LISTEN: &str = "127.0.0.1:3316";
/// The port beside the MySQL port; open to all, because only members, readers and holders of tickets are served
/// (decision 0006).
pub const DEFAULT_PEERS_LISTEN: &str = "0.0.0.0:3317";
/// Where a replica keeps everything, unless told otherwise.
pub const DEFAULT_DATA: &str = "./headwaters-data";
/// Seconds between looks of the background linearizer: stable moves about this often.
const DEFAULT_LINEARIZE_SECONDS: u64 = 10;
/// Commits above the last checkpoint that make the linearizer cut: keeps reopening well under two seconds.
const DEFAULT_CHECKPOINT_COMMITS: u64 = 20_000;
/// Canonical bytes above the last checkpoint that make it cut: bounds the memory above the checkpoint.
const DEFAULT_CHECKPOINT_MIB: u64 = 32;

/// How the log is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// Where peers are listened for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PeersListen {
    /// Nowhere: this replica only dials.
    Off,
    /// Here, over TCP and QUIC.
    At(SocketAddr),
}

/// Yes or no.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Switch {
    /// Yes.
    On,
    /// No.
    Off,
}

/// Settings as given; anything absent falls through to the next source.
#[derive(Args, Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct Settings {
    /// Folder with everything the replica owns
    #[arg(long, global = true, env = "HEADWATERS_DATA", value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Address of the MySQL port
    #[arg(long, global = true, env = "HEADWATERS_LISTEN", value_name = "ADDRESS")]
    pub listen: Option<SocketAddr>,
    /// File that holds root's password in its first line
    #[arg(long, global = true, env = "HEADWATERS_ROOT_PASSWORD_FILE", value_name = "FILE")]
    pub root_password_file: Option<PathBuf>,
    /// TLS certificate chain (PEM); without it a self-signed one is made on first start
    #[arg(long, global = true, env = "HEADWATERS_TLS_CERTIFICATE", value_name = "FILE")]
    pub tls_certificate: Option<PathBuf>,
    /// TLS private key (PEM)
    #[arg(long, global = true, env = "HEADWATERS_TLS_KEY", value_name = "FILE")]
    pub tls_key: Option<PathBuf>,
    /// Seconds between looks of the background linearizer
    #[arg(long, global = true, env = "HEADWATERS_LINEARIZE_SECONDS", value_name = "SECONDS")]
    pub linearize_seconds: Option<u64>,
    /// Commits above the last checkpoint that make it cut another
    #[arg(long, global = true, env = "HEADWATERS_CHECKPOINT_COMMITS", value_name = "COUNT")]
    pub checkpoint_commits: Option<u64>,
    /// Mebibytes of changes above the last checkpoint that make it cut another
    #[arg(long, global = true, env = "HEADWATERS_CHECKPOINT_MIB", value_name = "MIB")]
    pub checkpoint_mib: Option<u64>,
    /// Address to listen on for peers, over TCP and QUIC; `off` to only dial [default: 0.0.0.0:3317]
    #[arg(long, global = true, env = "HEADWATERS_PEERS_LISTEN", value_name = "ADDRESS")]
    pub peers_listen: Option<String>,
    /// A peer to begin with, as host:port or multiaddr; may be given several times
    #[arg(long, global = true, env = "HEADWATERS_BOOTSTRAP", value_name = "ADDRESS", value_delimiter = ',')]
    pub bootstrap: Vec<String>,
    /// Whether to look for peers on the local network [default: on]
    #[arg(long, global = true, env = "HEADWATERS_MDNS", value_name = "SWITCH")]
    pub mdns: Option<Switch>,
    /// Text for people or JSON for machines
    #[arg(long, global = true, env = "HEADWATERS_LOG_FORMAT", value_name = "FORMAT")]
    pub log_format: Option<LogFormat>,
}

/// Settings with every gap filled.
#[derive(Clone, Debug)]
pub struct Config {
    /// The data folder.
    pub data: PathBuf,
    /// The MySQL address.
    pub listen: SocketAddr,
    /// root's password; `None` means none, on loopback only.
    pub root_password: Option<String>,
    /// Certificate and key files, if the operator brings their own.
    pub tls_files: Option<(PathBuf, PathBuf)>,
    /// Pause between looks of the linearizer.
    pub linearize_every: Duration,
    /// Cut after so many commits.
    pub checkpoint_commits: u64,
    /// Cut after so many bytes of changes.
    pub checkpoint_bytes: u64,
    /// Where peers are listened for.
    pub peers_listen: PeersListen,
    /// Peers to begin with.
    pub bootstrap: Vec<String>,
    /// Whether to look for peers on the local network.
    pub mdns: bool,
    /// How the log is written.
    pub log_format: LogFormat,
}

impl Config {
    /// Resolves the sources. `flags` already holds the environment (clap reads both).
    pub fn resolve(flags: Settings, file: Option<&Path>) -> Result<Config, Failure> {
        let stored = match file {
            Some(path) => read_file(path)?,
            None => Settings::default(),
        };
        let root_password = match flags.root_password_file.or(stored.root_password_file) {
            Some(path) => Some(read_password(&path)?),
            None => None,
        };
        let default_listen = DEFAULT_LISTEN.parse().map_err(|e| Failure::usage(format!("default address: {e}")))?;
        let certificate = flags.tls_certificate.or(stored.tls_certificate);
        let key = flags.tls_key.or(stored.tls_key);
        let tls_files = match (certificate, key) {
            (Some(certificate), Some(key)) => Some((certificate, key)),
            (None, None) => None,
            _ => {
                return Err(Failure::usage(
                    "--tls-certificate and --tls-key go together: give both, or neither for a self-signed pair",
                ));
            }
        };
        Ok(Config {
            data: flags.data.or(stored.data).unwrap_or_else(|| PathBuf::from(DEFAULT_DATA)),
            listen: flags.listen.or(stored.listen).unwrap_or(default_listen),
            root_password,
            tls_files,
            linearize_every: Duration::from_secs(
                flags.linearize_seconds.or(stored.linearize_seconds).unwrap_or(DEFAULT_LINEARIZE_SECONDS).max(1),
            ),
            checkpoint_commits: flags
                .checkpoint_commits
                .or(stored.checkpoint_commits)
                .unwrap_or(DEFAULT_CHECKPOINT_COMMITS)
                .max(1),
            checkpoint_bytes: flags.checkpoint_mib.or(stored.checkpoint_mib).unwrap_or(DEFAULT_CHECKPOINT_MIB).max(1)
                << 20,
            peers_listen: peers_listen(flags.peers_listen.or(stored.peers_listen).as_deref())?,
            bootstrap: if flags.bootstrap.is_empty() { stored.bootstrap } else { flags.bootstrap },
            mdns: flags.mdns.or(stored.mdns) != Some(Switch::Off),
            log_format: flags.log_format.or(stored.log_format).unwrap_or_default(),
        })
    }
}

/// Reads `--peers-listen`.
fn peers_listen(text: Option<&str>) -> Result<PeersListen, Failure> {
    match text.unwrap_or(DEFAULT_PEERS_LISTEN) {
        "off" => Ok(PeersListen::Off),
        text => text.parse().map(PeersListen::At).map_err(|_| {
            Failure::usage(format!(
                "--peers-listen {text}: write an IP address and a port, as {DEFAULT_PEERS_LISTEN}, or off"
            ))
        }),
    }
}

fn read_file(path: &Path) -> Result<Settings, Failure> {
    let text = std::fs::read_to_string(path).map_err(|e| Failure::file("read the configuration", path, e))?;
    toml::from_str(&text).map_err(|e| Failure::usage(format!("{}: {e}", path.display())))
}

fn read_password(path: &Path) -> Result<String, Failure> {
    let text = std::fs::read_to_string(path).map_err(|e| Failure::file("read root's password", path, e))?;
    let password = text.lines().next().unwrap_or_default();
    if password.is_empty() {
        return Err(Failure::usage(format!("{}: the first line is empty; put root's password there", path.display())));
    }
    Ok(password.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_win_over_the_file_and_the_file_over_defaults() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("headwaters.toml");
        std::fs::write(&file, "listen = \"127.0.0.1:4000\"\nlinearize-seconds = 3\n").unwrap();
        let flags = Settings { listen: Some("127.0.0.1:5000".parse().unwrap()), ..Settings::default() };
        let config = Config::resolve(flags, Some(&file)).unwrap();
        assert_eq!(config.listen.port(), 5000);
        assert_eq!(config.linearize_every, Duration::from_secs(3));
        assert_eq!(config.data, PathBuf::from(DEFAULT_DATA));
    }

    #[test]
    fn an_unknown_key_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("headwaters.toml");
        std::fs::write(&file, "lisen = \"127.0.0.1:4000\"\n").unwrap();
        let error = Config::resolve(Settings::default(), Some(&file)).unwrap_err();
        assert!(error.to_string().contains("lisen"), "{error}");
    }

    #[test]
    fn peers_are_listened_for_unless_told_otherwise() {
        let resolve = |text: Option<&str>| {
            Config::resolve(Settings { peers_listen: text.map(str::to_owned), ..Settings::default() }, None)
        };
        assert_eq!(resolve(None).unwrap().peers_listen, PeersListen::At(DEFAULT_PEERS_LISTEN.parse().unwrap()));
        assert_eq!(resolve(Some("off")).unwrap().peers_listen, PeersListen::Off);
        let error = resolve(Some("db.example:3317")).unwrap_err().to_string();
        assert!(error.contains("--peers-listen db.example:3317"), "{error}");
    }

    #[test]
    fn half_a_tls_pair_is_refused() {
        let flags = Settings { tls_key: Some("key.pem".into()), ..Settings::default() };
        assert!(Config::resolve(flags, None).unwrap_err().to_string().contains("--tls-certificate"));
    }
}
