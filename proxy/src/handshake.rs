//! The first packets: the server's greeting, the client's answer, the switch to TLS, and COM_CHANGE_USER's fields.

use crate::auth::{salt::Salt, sha2};
use crate::packet::cursor::{Cursor, Malformed};
use crate::packet::outbound::Payload;
use mysql_common::constants::{CapabilityFlags as Can, StatusFlags};

/// utf8mb4_0900_ai_ci, MySQL 8.0's default.
pub(crate) const UTF8MB4: u8 = 255;

/// What the server can do. Left out on purpose: compression, LOCAL INFILE, session tracking, query attributes.
pub(crate) fn offered(tls: bool) -> Can {
    let always = Can::CLIENT_LONG_PASSWORD
        | Can::CLIENT_FOUND_ROWS
        | Can::CLIENT_LONG_FLAG
        | Can::CLIENT_CONNECT_WITH_DB
        | Can::CLIENT_ODBC
        | Can::CLIENT_IGNORE_SPACE
        | Can::CLIENT_PROTOCOL_41
        | Can::CLIENT_INTERACTIVE
        | Can::CLIENT_TRANSACTIONS
        | Can::CLIENT_RESERVED
        | Can::CLIENT_SECURE_CONNECTION
        | Can::CLIENT_MULTI_STATEMENTS
        | Can::CLIENT_MULTI_RESULTS
        | Can::CLIENT_PS_MULTI_RESULTS
        | Can::CLIENT_PLUGIN_AUTH
        | Can::CLIENT_CONNECT_ATTRS
        | Can::CLIENT_PLUGIN_AUTH_LENENC_CLIENT_DATA
        | Can::CLIENT_DEPRECATE_EOF;
    if tls { always | Can::CLIENT_SSL } else { always }
}

/// Writes the greeting (protocol 10).
pub(crate) fn greet(p: &mut Payload<'_>, version: &str, connection: u32, salt: &Salt, offered: Can) {
    let [low, low2, high, high2] = offered.bits().to_le_bytes();
    p.u8(10);
    p.terminated(version.as_bytes());
    p.u32(connection);
    p.bytes(&salt.0[..8]);
    p.u8(0);
    p.bytes(&[low, low2]);
    p.u8(UTF8MB4);
    p.u16(StatusFlags::SERVER_STATUS_AUTOCOMMIT.bits());
    p.bytes(&[high, high2]);
    p.u8(salt.0.len() as u8 + 1);
    p.bytes(&[0; 10]);
    p.bytes(&salt.0[8..]);
    p.u8(0);
    p.terminated(sha2::NAME.as_bytes());
}

/// The client's answer to the greeting, or the request for TLS that precedes it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Answer<'a> {
    /// Start TLS, then read the answer again.
    StartTls,
    /// Who it is.
    Login(Request<'a>),
}

/// Who asks to log in.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Request<'a> {
    /// What both sides can do.
    pub capabilities: Can,
    pub user: &'a [u8],
    pub answer: &'a [u8],
    pub database: Option<&'a [u8]>,
    pub method: &'a [u8],
    /// Collation id of the client.
    pub collation: u16,
}

/// Reads the answer to a greeting that offered `offered`.
pub(crate) fn read_answer(payload: &[u8], offered: Can) -> Result<Answer<'_>, Malformed> {
    let mut cursor = Cursor::new(payload);
    let capabilities = Can::from_bits_truncate(cursor.u32()?) & offered;
    if !capabilities.contains(Can::CLIENT_PROTOCOL_41) {
        return Err(Malformed("the client speaks a protocol older than MySQL 4.1"));
    }
    let _greatest_packet = cursor.u32()?;
    let collation = cursor.u8()?.into();
    cursor.bytes(23)?;
    if cursor.is_empty() && capabilities.contains(Can::CLIENT_SSL) {
        return Ok(Answer::StartTls);
    }
    let user = cursor.terminated();
    let answer = if capabilities.contains(Can::CLIENT_PLUGIN_AUTH_LENENC_CLIENT_DATA) {
        cursor.counted()?
    } else if capabilities.contains(Can::CLIENT_SECURE_CONNECTION) {
        let length = cursor.u8()?;
        cursor.bytes(length.into())?
    } else {
        return Err(Malformed("the client knows no password method newer than MySQL 4.0's"));
    };
    let database = capabilities.contains(Can::CLIENT_CONNECT_WITH_DB).then(|| cursor.terminated());
    let method = if capabilities.contains(Can::CLIENT_PLUGIN_AUTH) { cursor.terminated() } else { b"" };
    let database = database.filter(|d| !d.is_empty());
    Ok(Answer::Login(Request { capabilities, user, answer, database, method, collation }))
}

/// Reads COM_CHANGE_USER's fields, after its command byte.
pub(crate) fn read_change_user(payload: &[u8], capabilities: Can) -> Result<Request<'_>, Malformed> {
    let mut cursor = Cursor::new(payload);
    let user = cursor.terminated();
    let length = cursor.u8()?;
    let answer = cursor.bytes(length.into())?;
    let database = Some(cursor.terminated()).filter(|d| !d.is_empty());
    let collation = if cursor.is_empty() { UTF8MB4.into() } else { cursor.u16()? };
    let method = if capabilities.contains(Can::CLIENT_PLUGIN_AUTH) { cursor.terminated() } else { b"" };
    Ok(Request { capabilities, user, answer, database, method, collation })
}

/// Writes an auth switch request.
pub(crate) fn switch(p: &mut Payload<'_>, method: &str, salt: &Salt) {
    p.u8(0xfe);
    p.terminated(method.as_bytes());
    p.bytes(&salt.0);
    p.u8(0);
}

/// Writes caching_sha2_password's one-byte word.
pub(crate) fn more_data(p: &mut Payload<'_>, word: u8) {
    p.bytes(&[1, word]);
}

#[cfg(test)]
mod tests {
    use super::*;
    use mysql_common::io::ParseBuf;
    use mysql_common::packets::{AuthPlugin, HandshakePacket, HandshakeResponse};
    use mysql_common::proto::{MyDeserialize, MySerialize};

    const SALT: Salt = Salt(*b"0123456789abcdefghij");

    #[test]
    fn a_client_library_reads_the_greeting() {
        let mut bytes = Vec::new();
        greet(&mut Payload(&mut bytes), "8.0.36-test", 7, &SALT, offered(true));
        let read = HandshakePacket::deserialize((), &mut ParseBuf(&bytes)).unwrap();
        assert_eq!(read.connection_id(), 7);
        assert_eq!(read.server_version_parsed(), Some((8, 0, 36)));
        assert_eq!(read.nonce(), SALT.0);
        assert_eq!(read.capabilities(), offered(true));
        assert_eq!(read.auth_plugin(), Some(AuthPlugin::CachingSha2Password));
    }

    #[test]
    fn what_a_client_library_writes_is_read() {
        let client = offered(false) & !Can::CLIENT_DEPRECATE_EOF;
        let response = HandshakeResponse::new(
            Some(&b"proof"[..]),
            (8, 0, 36),
            Some(&b"root"[..]),
            Some(&b"shop"[..]),
            Some(AuthPlugin::MysqlNativePassword),
            client,
            None,
            1 << 24,
        );
        let mut bytes = Vec::new();
        response.serialize(&mut bytes);
        let Answer::Login(request) = read_answer(&bytes, offered(false)).unwrap() else { panic!("no login") };
        assert_eq!((request.user, request.answer), (&b"root"[..], &b"proof"[..]));
        assert_eq!((request.database, request.method), (Some(&b"shop"[..]), &b"mysql_native_password"[..]));
        assert!(!request.capabilities.contains(Can::CLIENT_DEPRECATE_EOF));
        for end in 0..bytes.len() {
            let _total = read_answer(&bytes[..end], offered(true));
        }
    }

    #[test]
    fn an_old_client_is_refused() {
        assert!(read_answer(&[0; 40], offered(false)).is_err());
    }

    #[test]
    fn change_user_is_read_with_and_without_a_method() {
        let long = b"bob\0\x03abcshop\0\xff\0mysql_native_password\0";
        let request = read_change_user(long, offered(false)).unwrap();
        assert_eq!((request.user, request.answer, request.database), (&b"bob"[..], &b"abc"[..], Some(&b"shop"[..])));
        assert_eq!(request.method, b"mysql_native_password");
        assert_eq!(read_change_user(b"bob\0\x00\0", offered(false)).unwrap().method, b"");
        assert!(read_change_user(b"bob\0\x09abc", offered(false)).is_err());
    }
}
