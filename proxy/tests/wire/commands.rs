//! Commands and their answers, with mysql_async where it can send them and bare packets where it cannot.

use crate::double::Running;
use crate::raw::{Raw, frame};
use mysql_async::Value;
use mysql_async::prelude::Queryable;
use proxy::limits::Limits;

#[tokio::test]
async fn text_and_binary_rows_come_whole() {
    let mut server = Running::start(Limits::default()).await;
    let mut connection = server.root().await;
    for count in [0u64, 1, 255, 256, 257, 20_000] {
        let expected: Vec<(u64, String)> = (0..count).map(|n| (n, format!("row {n}"))).collect();
        let text: Vec<(u64, String)> = connection.query(format!("ROWS {count}")).await.unwrap();
        assert_eq!(text, expected);
        let binary: Vec<(u64, String)> = connection.exec(format!("ROWS {count}"), ()).await.unwrap();
        assert_eq!(binary, expected);
    }
    server.stop().await;
}

#[tokio::test]
async fn counts_errors_and_several_statements() {
    let mut server = Running::start(Limits::default()).await;
    let mut connection = server.root().await;
    connection.query_drop("OK 7").await.unwrap();
    assert_eq!((connection.affected_rows(), connection.last_insert_id()), (7, Some(7)));
    let error = connection.query_drop("nonsense").await.unwrap_err();
    assert!(matches!(error, mysql_async::Error::Server(e) if e.code == 1064 && e.state == "42000"));
    let mut answers = connection.query_iter("OK 1; ROWS 2; OK 3").await.unwrap();
    assert_eq!(answers.affected_rows(), 1);
    answers.collect::<mysql_async::Row>().await.unwrap();
    assert_eq!(answers.collect::<(u64, String)>().await.unwrap().len(), 2);
    answers.collect::<mysql_async::Row>().await.unwrap();
    assert_eq!(answers.affected_rows(), 3);
    drop(answers);
    connection.ping().await.unwrap();
    server.stop().await;
}

#[tokio::test]
async fn parameters_of_every_kind_arrive() {
    let mut server = Running::start(Limits::default()).await;
    let mut connection = server.root().await;
    let given = vec![
        Value::NULL,
        Value::Int(-5),
        Value::UInt(u64::MAX),
        Value::Double(1.5),
        Value::Bytes("grün".into()),
        Value::Bytes(vec![0xff, 0]),
        Value::Date(2026, 11, 21, 4, 5, 6, 7),
        Value::Time(true, 1, 2, 3, 4, 5),
    ];
    let seen: Vec<String> = connection.exec("ECHO ? ? ? ? ? ? ? ?", given).await.unwrap();
    let expected =
        ["Null", "Int(-5)", "UInt(18446744073709551615)", "Double(1.5)", "Text(\"grün\")", "Bytes([255, 0])"];
    assert_eq!(seen[..6], expected);
    assert!(seen[6].starts_with("DateTime") && seen[7] == "Time(Time(-93784000005))", "{seen:?}");
    let long = "x".repeat(20 << 10);
    let back: Vec<String> = connection.exec("ECHO ?", (&long,)).await.unwrap();
    assert_eq!(back[0].len(), long.len() + "Text(\"\")".len());
    server.stop().await;
}

#[tokio::test]
async fn reset_really_resets_and_closes_statements() {
    let mut server = Running::start(Limits::default()).await;
    let mut connection = server.root().await;
    connection.reset().await.unwrap();
    server.wait_for("reset").await;
    server.stop().await;
}

/// opensrv-mysql 0.7.0 lost one or two of three pipelined queries; here each is answered, in order.
#[tokio::test]
async fn pipelined_commands_are_answered_in_order() {
    let mut server = Running::start(Limits::default()).await;
    let mut raw = Raw::root(server.address).await;
    let all: Vec<u8> = (0..50u8).flat_map(|n| frame(0, format!("\x03OK {n}").as_bytes())).collect();
    raw.send(&all).await;
    for n in 0..50u8 {
        assert_eq!(raw.packet().await.unwrap()[..2], [0, n]);
    }
    server.stop().await;
}

#[tokio::test]
async fn a_cursor_gives_its_rows_bit_by_bit() {
    let mut server = Running::start(Limits::default()).await;
    let mut raw = Raw::root(server.address).await;
    raw.send(&frame(0, b"\x16ROWS 5")).await;
    for _ in 0..3 {
        raw.packet().await.unwrap();
    }
    raw.send(&frame(0, b"\x17\x01\0\0\0\x01\x01\0\0\0")).await;
    for _ in 0..3 {
        raw.packet().await.unwrap();
    }
    let flags = |end: &[u8]| u16::from_le_bytes([end[3], end[4]]);
    let end = raw.packet().await.unwrap();
    assert_eq!((end[0], flags(&end) & 64), (0xfe, 64), "the cursor exists");
    for (rows, last) in [(2, false), (2, false), (1, true)] {
        raw.send(&frame(0, b"\x1c\x01\0\0\0\x02\0\0\0")).await;
        for _ in 0..rows {
            assert_eq!(raw.packet().await.unwrap()[0], 0);
        }
        let end = raw.packet().await.unwrap();
        assert_eq!(flags(&end) & 128 != 0, last, "the last row was sent");
    }
    raw.send(&frame(0, b"\x1c\x01\0\0\0\x02\0\0\0")).await;
    assert_eq!(raw.error().await, 1421);
    server.stop().await;
}

#[tokio::test]
async fn every_other_command_has_its_true_answer() {
    let mut server = Running::start(Limits::default()).await;
    let mut raw = Raw::root(server.address).await;
    let errors: [(&[u8], u16); 9] = [
        (b"\x02nowhere", 1049),
        (b"\x12binlog", 1047),
        (b"\x07\x01", 1047),
        (b"\x1b\x07\0", 1047),
        (b"\xee", 1047),
        (b"\x1a\x63\0\0\0", 1243),
        (b"\x17\x63\0\0\0\0\x01\0\0\0", 1243),
        (b"\x17\x63", 1835),
        (b"\x16ERROR", 1064),
    ];
    for (command, code) in errors {
        raw.send(&frame(0, command)).await;
        assert_eq!(raw.error().await, code, "{command:?}");
    }
    raw.send(&frame(0, b"\x09")).await;
    assert!(raw.packet().await.unwrap().starts_with(b"Uptime: "));
    raw.send(&frame(0, b"\x04t\0w%")).await;
    let column = raw.packet().await.unwrap();
    assert_eq!((&column[..4], column.last()), (&b"\x03def"[..], Some(&0xfb)));
    assert_eq!(raw.packet().await.unwrap()[0], 0xfe, "one column matches");
    raw.send(&frame(0, b"\x1b\x01\0")).await;
    assert_eq!(raw.packet().await.unwrap()[0], 0xfe);
    raw.send(&frame(0, b"\x03OK 1; OK 2")).await;
    assert_eq!(raw.error().await, 1064, "several statements are switched off");
    raw.send(&frame(0, b"\x01")).await;
    assert_eq!(raw.packet().await, None);
    server.stop().await;
}

#[tokio::test]
async fn a_lock_times_out_and_the_session_goes_on() {
    let mut server = Running::start(Limits::default()).await;
    let mut connection = server.root().await;
    let error = connection.query_drop("LOCK 20").await.unwrap_err();
    assert!(matches!(error, mysql_async::Error::Server(e) if e.code == 1205));
    connection.query_drop("SLEEP 20").await.unwrap();
    connection.query_drop("OK 1").await.unwrap();
    server.stop().await;
}

#[tokio::test]
async fn a_client_that_leaves_while_its_statement_waits_is_noticed() {
    let mut server = Running::start(Limits::default()).await;
    let mut raw = Raw::root(server.address).await;
    raw.send(&frame(0, b"\x03LOCK 3600000")).await;
    server.wait_for("LOCK 3600000").await;
    drop(raw);
    server.wait_for("end root").await;
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn a_client_that_leaves_while_its_statement_computes_is_noticed() {
    let mut server = Running::start(Limits::default()).await;
    let mut raw = Raw::root(server.address).await;
    raw.send(&frame(0, b"\x03SPIN")).await;
    server.wait_for("SPIN").await;
    drop(raw);
    server.wait_for("end root").await;
    server.stop().await;
}
