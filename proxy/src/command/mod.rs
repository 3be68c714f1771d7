//! Commands: the first byte of a packet and its fields.

pub(crate) mod raw_text;

use crate::packet::cursor::{Cursor, Malformed};

/// What a client asks for. Borrowed from the packet.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Command<'a> {
    Quit,
    InitDb(&'a [u8]),
    Query(&'a [u8]),
    FieldList {
        table: &'a [u8],
        pattern: &'a [u8],
    },
    Statistics,
    ProcessInfo,
    ProcessKill(u32),
    Ping,
    ChangeUser(&'a [u8]),
    Prepare(&'a [u8]),
    /// Id, flags, and everything after the iteration count.
    Execute {
        statement: u32,
        flags: u8,
        parameters: &'a [u8],
    },
    LongData {
        statement: u32,
        parameter: u16,
        data: &'a [u8],
    },
    CloseStatement(u32),
    ResetStatement(u32),
    SetOption(u16),
    Fetch {
        statement: u32,
        rows: u32,
    },
    ResetConnection,
    /// Anything else: answered with 1047.
    Unknown(u8),
}

impl<'a> Command<'a> {
    /// Reads a command; an error is answered with 1835 and the connection goes on.
    pub fn read(payload: &'a [u8]) -> Result<Self, Malformed> {
        let mut cursor = Cursor::new(payload);
        let byte = cursor.u8()?;
        // The numbers are the protocol's; the variants' names say which is which.
        Ok(match byte {
            0x01 => Command::Quit,
            0x02 => Command::InitDb(cursor.rest()),
            0x03 => Command::Query(cursor.rest()),
            0x04 => Command::FieldList { table: cursor.terminated(), pattern: cursor.rest() },
            0x09 => Command::Statistics,
            0x0a => Command::ProcessInfo,
            0x0c => Command::ProcessKill(cursor.u32()?),
            0x0e => Command::Ping,
            0x11 => Command::ChangeUser(cursor.rest()),
            0x16 => Command::Prepare(cursor.rest()),
            0x17 => {
                let (statement, flags, _iterations) = (cursor.u32()?, cursor.u8()?, cursor.u32()?);
                Command::Execute { statement, flags, parameters: cursor.rest() }
            }
            0x18 => Command::LongData { statement: cursor.u32()?, parameter: cursor.u16()?, data: cursor.rest() },
            0x19 => Command::CloseStatement(cursor.u32()?),
            0x1a => Command::ResetStatement(cursor.u32()?),
            0x1b => Command::SetOption(cursor.u16()?),
            0x1c => Command::Fetch { statement: cursor.u32()?, rows: cursor.u32()? },
            0x1f => Command::ResetConnection,
            _ => Command::Unknown(byte),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_command_with_its_fields() {
        let cases: [(&[u8], Result<Command<'_>, ()>); 9] = [
            (b"\x03SELECT 1", Ok(Command::Query(b"SELECT 1"))),
            (b"\x02shop", Ok(Command::InitDb(b"shop"))),
            (b"\x04t\0a%", Ok(Command::FieldList { table: b"t", pattern: b"a%" })),
            (b"\x17\x05\0\0\0\x01\x01\0\0\0xyz", Ok(Command::Execute { statement: 5, flags: 1, parameters: b"xyz" })),
            (b"\x17\x05\0\0\0\x01", Err(())),
            (b"\x18\x05\0\0\0\x02\0data", Ok(Command::LongData { statement: 5, parameter: 2, data: b"data" })),
            (b"\x12", Ok(Command::Unknown(0x12))),
            (b"\xff", Ok(Command::Unknown(0xff))),
            (b"", Err(())),
        ];
        for (payload, expected) in cases {
            assert_eq!(Command::read(payload).map_err(|_| ()), expected, "{payload:?}");
        }
    }
}
