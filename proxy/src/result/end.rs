//! The packets that end an answer: OK, EOF, ERR, and their status flags.

use crate::packet::outbound::Outbound;
use mysql_common::constants::{CapabilityFlags as Can, StatusFlags};
use sql::error::SqlError;
use sql::response::Summary;
use sql::session::Status;

/// Status flags and warnings of an ending packet.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tail {
    pub flags: StatusFlags,
    pub warnings: u16,
}

impl Tail {
    /// From a session's status; `more` when another answer of the same command follows.
    pub fn of(status: Status, more: bool) -> Self {
        let flags = [
            (status.in_transaction, StatusFlags::SERVER_STATUS_IN_TRANS),
            (status.read_only_transaction, StatusFlags::SERVER_STATUS_IN_TRANS_READONLY),
            (status.autocommit, StatusFlags::SERVER_STATUS_AUTOCOMMIT),
            (status.no_backslash_escapes, StatusFlags::SERVER_STATUS_NO_BACKSLASH_ESCAPES),
            (more, StatusFlags::SERVER_MORE_RESULTS_EXISTS),
        ]
        .into_iter()
        .filter(|(set, _)| *set)
        .fold(StatusFlags::empty(), |all, (_, flag)| all | flag);
        Tail { flags, warnings: status.warnings }
    }

    /// With one more flag.
    pub fn with(self, flag: StatusFlags) -> Self {
        Tail { flags: self.flags | flag, ..self }
    }
}

/// OK, the whole answer to a statement without rows.
pub(crate) fn ok(out: &mut Outbound, summary: &Summary, tail: Tail) {
    write_ok(out, 0x00, summary, tail);
}

fn write_ok(out: &mut Outbound, header: u8, summary: &Summary, tail: Tail) {
    out.packet(|p| {
        p.u8(header);
        p.length(summary.affected);
        p.length(summary.last_insert_id);
        p.u16(tail.flags.bits());
        p.u16(tail.warnings);
        // Counted even without session tracking, as MySQL's own server writes it and the C clients read it.
        if !summary.info.is_empty() {
            p.counted(summary.info.as_bytes());
        }
    });
}

/// The end of column definitions, which newer clients do without.
pub(crate) fn after_columns(out: &mut Outbound, capabilities: Can, tail: Tail) {
    if !capabilities.contains(Can::CLIENT_DEPRECATE_EOF) {
        eof(out, tail);
    }
}

/// The end of rows: an OK with EOF's header for newer clients, EOF for older ones.
pub(crate) fn after_rows(out: &mut Outbound, capabilities: Can, tail: Tail) {
    if capabilities.contains(Can::CLIENT_DEPRECATE_EOF) {
        write_ok(out, 0xfe, &Summary::default(), tail);
    } else {
        eof(out, tail);
    }
}

/// EOF.
pub(crate) fn eof(out: &mut Outbound, tail: Tail) {
    out.packet(|p| {
        p.u8(0xfe);
        p.u16(tail.warnings);
        p.u16(tail.flags.bits());
    });
}

/// ERR.
pub(crate) fn error(out: &mut Outbound, error: &SqlError) {
    out.packet(|p| {
        p.u8(0xff);
        p.u16(error.code);
        p.u8(b'#');
        p.bytes(error.state.as_bytes());
        p.bytes(error.message.as_bytes());
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use mysql_common::io::ParseBuf;
    use mysql_common::packets::{CommonOkPacket, ErrPacket, OkPacketDeserializer, ResultSetTerminator};
    use mysql_common::proto::MyDeserialize;

    fn status() -> Status {
        Status { in_transaction: true, autocommit: true, warnings: 2, ..Status::default() }
    }

    fn payload(write: impl FnOnce(&mut Outbound)) -> Vec<u8> {
        let mut out = Outbound::new();
        write(&mut out);
        out.take().split_off(4)
    }

    #[test]
    fn a_client_library_reads_ok_with_all_it_says() {
        let summary = Summary { affected: 3, last_insert_id: 70_000, info: "Rows matched: 3".to_owned() };
        let bytes = payload(|out| ok(out, &summary, Tail::of(status(), true)));
        let can = Can::CLIENT_PROTOCOL_41 | Can::CLIENT_TRANSACTIONS;
        let read =
            OkPacketDeserializer::<CommonOkPacket>::deserialize(can, &mut ParseBuf(&bytes)).unwrap().into_inner();
        assert_eq!((read.affected_rows(), read.last_insert_id(), read.warnings()), (3, Some(70_000), 2));
        assert_eq!(read.info_str(), Some("Rows matched: 3".into()));
        let expected = StatusFlags::SERVER_STATUS_IN_TRANS | StatusFlags::SERVER_STATUS_AUTOCOMMIT;
        assert_eq!(read.status_flags(), expected | StatusFlags::SERVER_MORE_RESULTS_EXISTS);
    }

    #[test]
    fn rows_end_with_their_status_for_new_and_old_clients() {
        for can in [Can::CLIENT_DEPRECATE_EOF, Can::empty()] {
            let can = can | Can::CLIENT_PROTOCOL_41;
            let bytes = payload(|out| after_rows(out, can, Tail::of(status(), false)));
            let read = if can.contains(Can::CLIENT_DEPRECATE_EOF) {
                OkPacketDeserializer::<ResultSetTerminator>::deserialize(can, &mut ParseBuf(&bytes))
                    .unwrap()
                    .into_inner()
            } else {
                use mysql_common::packets::OldEofPacket;
                OkPacketDeserializer::<OldEofPacket>::deserialize(can, &mut ParseBuf(&bytes)).unwrap().into_inner()
            };
            assert_eq!(read.warnings(), 2);
            assert!(read.status_flags().contains(StatusFlags::SERVER_STATUS_IN_TRANS));
        }
    }

    #[test]
    fn errors_carry_their_sqlstate() {
        let bytes = payload(|out| error(out, &SqlError::new(1062, "Duplicate entry")));
        let packet = ErrPacket::deserialize(Can::CLIENT_PROTOCOL_41, &mut ParseBuf(&bytes)).unwrap();
        let read = packet.server_error();
        assert_eq!(read.error_code(), 1062);
        assert_eq!(read.sql_state_ref().map(|state| state.as_str()), Some("23000".into()));
        assert_eq!(read.message_str(), "Duplicate entry");
    }
}
