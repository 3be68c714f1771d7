//! What no honest client sends: each is refused with its error, and the server goes on serving others.

use crate::double::Running;
use crate::raw::{Raw, frame, login};
use proxy::limits::Limits;
use std::time::Duration;

fn small() -> Limits {
    Limits {
        packet_bytes: 1000,
        login_packet_bytes: 200,
        login_time: Duration::from_millis(300),
        packet_time: Duration::from_millis(200),
        idle_time: Duration::from_millis(600),
        ..Limits::default()
    }
}

#[tokio::test]
async fn packets_at_the_limit_and_one_past_it() {
    let mut server = Running::start(small()).await;
    let mut raw = Raw::root(server.address).await;
    let text = |length: usize| [b"\x03OK 1".to_vec(), vec![b' '; length - 5]].concat();
    raw.send(&frame(0, &text(1000))).await;
    assert_eq!(raw.packet().await.unwrap()[..2], [0, 1]);
    raw.send(&frame(0, &text(1001))).await;
    assert_eq!(raw.error().await, 1153);
    assert_eq!(raw.packet().await, None);

    let padded = |length: usize| {
        let login = login();
        let missing = length - login.len();
        [login, vec![0; missing]].concat()
    };
    for (length, accepted) in [(200, true), (201, false)] {
        let mut raw = Raw::connect(server.address).await;
        raw.packet().await.unwrap();
        raw.send(&frame(1, &padded(length))).await;
        if accepted {
            assert_eq!(raw.packet().await.unwrap()[0], 0);
        } else {
            assert_eq!(raw.error().await, 1153);
        }
    }
    server.stop().await;
}

#[tokio::test]
async fn malformed_logins_are_refused() {
    let mut server = Running::start(small()).await;
    let cases: [(&[u8], u16); 4] = [
        (&frame(1, b""), 1043),
        (&frame(1, b"garbage"), 1043),
        (&frame(1, &[0xff; 60]), 1043),
        (&frame(7, b"x"), 1156),
    ];
    for (bytes, code) in cases {
        let mut raw = Raw::connect(server.address).await;
        raw.packet().await.unwrap();
        raw.send(bytes).await;
        assert_eq!(raw.error().await, code, "{bytes:?}");
        assert_eq!(raw.packet().await, None);
    }
    drop(Raw::root(server.address).await);
    server.stop().await;
}

#[tokio::test]
async fn slow_clients_are_told_and_closed() {
    let mut server = Running::start(small()).await;
    let mut silent = Raw::connect(server.address).await;
    silent.packet().await.unwrap();
    let mut idle = Raw::root(server.address).await;
    let mut halting = Raw::root(server.address).await;
    halting.send(&frame(0, b"\x03OK 1")[..6]).await;
    assert_eq!(halting.error().await, 1159);
    assert_eq!(silent.error().await, 1159);
    assert_eq!(idle.error().await, 4031);
    server.stop().await;
}

/// Both are given 40 MB, more than sockets hold. The late one takes longer than the limit in all, not at once.
#[tokio::test]
async fn a_client_that_reads_late_is_served_and_one_that_does_not_read_is_let_go() {
    let write_time = Duration::from_millis(1000);
    let mut server = Running::start(Limits { write_time, ..Limits::default() }).await;
    let mut late = Raw::root(server.address).await;
    late.send(&frame(0, b"\x03WIDE 400")).await;
    for row in 0..400 + 3 {
        if [0, 100].contains(&row) {
            tokio::time::sleep(write_time * 6 / 10).await;
        }
        assert!(late.packet().await.is_some(), "{row}");
    }
    late.send(&frame(0, b"\x03OK 1")).await;
    assert_eq!(late.packet().await.unwrap()[0], 0);

    let mut deaf = Raw::root(server.address).await;
    deaf.send(&frame(0, b"\x03WIDE 400")).await;
    tokio::time::sleep(write_time / 2).await;
    assert_eq!(server.diary.lock().unwrap().last().unwrap(), "WIDE 400", "it has half of its time left");
    server.wait_for("end root").await;
    server.stop().await;
}

#[tokio::test]
async fn a_command_out_of_sequence_is_refused() {
    let mut server = Running::start(Limits::default()).await;
    let mut raw = Raw::root(server.address).await;
    raw.send(&frame(5, b"\x0e")).await;
    assert_eq!(raw.error().await, 1156);
    server.stop().await;
}

#[tokio::test]
async fn one_statement_too_many() {
    let mut server = Running::start(Limits { statements: 2, ..Limits::default() }).await;
    let mut raw = Raw::root(server.address).await;
    for _ in 0..2 {
        raw.send(&frame(0, b"\x16OK 1")).await;
        for _ in 0..3 {
            assert_ne!(raw.packet().await.unwrap()[0], 0xff);
        }
    }
    raw.send(&frame(0, b"\x16OK 1")).await;
    assert_eq!(raw.error().await, 1461);
    raw.send(&frame(0, b"\x19\x01\0\0\0")).await;
    raw.send(&frame(0, b"\x16OK 1")).await;
    assert_eq!(raw.packet().await.unwrap()[0], 0);
    server.stop().await;
}
