//! A client of bare packets, for what no library would send.

use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

pub struct Raw(pub TcpStream);

/// `payload` as one frame.
pub fn frame(sequence: u8, payload: &[u8]) -> Vec<u8> {
    let [a, b, c, _] = (payload.len() as u32).to_le_bytes();
    [&[a, b, c, sequence][..], payload].concat()
}

/// PROTOCOL_41, SECURE_CONNECTION, PLUGIN_AUTH, MULTI_STATEMENTS, DEPRECATE_EOF: root without a password.
pub fn login() -> Vec<u8> {
    let capabilities: u32 = 0x200 | 0x8000 | 0x8_0000 | 0x1_0000 | 0x100_0000;
    let mut payload = capabilities.to_le_bytes().to_vec();
    payload.extend([0, 0, 0, 1, 255]);
    payload.extend([0; 23]);
    payload.extend(b"root\0\0mysql_native_password\0");
    payload
}

impl Raw {
    pub async fn connect(address: SocketAddr) -> Raw {
        Raw(TcpStream::connect(address).await.unwrap())
    }

    /// Connected and logged in as root.
    pub async fn root(address: SocketAddr) -> Raw {
        let mut raw = Raw::connect(address).await;
        assert_eq!(raw.packet().await.unwrap()[0], 10, "greeting");
        raw.send(&frame(1, &login())).await;
        assert_eq!(raw.packet().await.unwrap()[0], 0, "OK");
        raw
    }

    pub async fn send(&mut self, bytes: &[u8]) {
        self.0.write_all(bytes).await.unwrap();
    }

    /// The next packet's payload; `None` at the end of the stream.
    pub async fn packet(&mut self) -> Option<Vec<u8>> {
        let mut header = [0; 4];
        self.0.read_exact(&mut header).await.ok()?;
        let mut payload = vec![0; u32::from_le_bytes([header[0], header[1], header[2], 0]) as usize];
        self.0.read_exact(&mut payload).await.ok()?;
        Some(payload)
    }

    /// The code of the ERR packet that comes next.
    pub async fn error(&mut self) -> u16 {
        let payload = self.packet().await.expect("an ERR packet before the end");
        assert_eq!(payload[0], 0xff, "{payload:?}");
        u16::from_le_bytes([payload[1], payload[2]])
    }
}
