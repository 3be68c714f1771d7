//! Logging in to the real binary: over TLS with the certificate whose fingerprint it printed, and without TLS.

use super::{BINARY, code};
use acceptance::instance::Instance;
use mysql_async::prelude::Queryable;
use mysql_async::{Conn, SslOpts};
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

/// The SHA-256 of a PEM file's certificate, as openssl and we write it.
fn fingerprint(path: &std::path::Path) -> String {
    let out = Command::new("openssl").args(["x509", "-noout", "-fingerprint", "-sha256", "-in"]).arg(path).output();
    let text = String::from_utf8_lossy(&out.expect("openssl runs").stdout).into_owned();
    text.rsplit('=').next().unwrap_or_default().trim().replace(':', "").to_lowercase()
}

#[tokio::test]
async fn the_printed_fingerprint_is_that_of_the_certificate_shown() {
    let folder = tempfile::tempdir().unwrap();
    let mut instance = Instance::start_by(Command::new(BINARY).stdout(Stdio::piped()), folder.path(), &[]);
    let printed = BufReader::new(instance.output().unwrap()).lines().map_while(Result::ok);
    let printed = printed.into_iter().find(|line| line.contains("fingerprint")).expect("start prints the fingerprint");
    let kept = folder.path().join("tls-certificate.pem");
    let said = printed.rsplit(' ').next().unwrap_or_default().replace(':', "").to_lowercase();
    assert_eq!(said, fingerprint(&kept), "{printed}");
    // The client trusts this certificate and no other: only its owner can complete the handshake.
    let trusting = |file: &std::path::Path| {
        let pinned = SslOpts::default().with_root_certs(vec![file.to_owned().into()]).with_disable_built_in_roots(true);
        instance.options().ssl_opts(pinned)
    };
    let mut connection = Conn::new(trusting(&kept)).await.unwrap();
    assert_eq!(connection.query_first("SELECT 1").await.unwrap(), Some(1));
    let other = tempfile::tempdir().unwrap();
    drop(Instance::start(BINARY, other.path()));
    assert!(Conn::new(trusting(&other.path().join("tls-certificate.pem"))).await.is_err(), "another's certificate");
}

#[tokio::test]
async fn a_password_works_without_tls_by_the_native_method() {
    let folder = tempfile::tempdir().unwrap();
    let secret = folder.path().join("password");
    std::fs::write(&secret, "correct horse\n").unwrap();
    let file = secret.display().to_string();
    let instance = Instance::start_with(BINARY, &folder.path().join("data"), &["--root-password-file", &file]);
    let mut connection = Conn::new(instance.options().pass(Some("correct horse"))).await.unwrap();
    assert_eq!(connection.query_first("SELECT CURRENT_USER()").await.unwrap(), Some("root@localhost".to_owned()));
    let refused = Conn::new(instance.options().pass(Some("wrong"))).await.unwrap_err();
    assert_eq!(code(&refused), 1045);
}
