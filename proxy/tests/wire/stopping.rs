//! Stopping: idle sessions are told, running statements have their time, nothing outlives the server.

use crate::double::Running;
use crate::raw::{Raw, frame};
use proxy::limits::Limits;
use std::time::Duration;

#[tokio::test]
async fn idle_sessions_are_told_and_running_statements_finish() {
    let mut server = Running::start(Limits::default()).await;
    let mut idle = Raw::root(server.address).await;
    let mut busy = Raw::root(server.address).await;
    busy.send(&frame(0, b"\x03SLEEP 200")).await;
    server.wait_for("SLEEP 200").await;
    server.stop().await;
    assert_eq!(idle.error().await, 1053);
    assert_eq!(busy.packet().await.unwrap()[0], 0, "the sleep ended well");
    assert_eq!(busy.error().await, 1053);
    assert!(tokio::net::TcpStream::connect(server.address).await.is_err());
}

#[tokio::test]
async fn a_statement_that_does_not_end_is_dropped_after_its_time() {
    let mut server = Running::start(Limits { shutdown_time: Duration::from_millis(100), ..Limits::default() }).await;
    let mut busy = Raw::root(server.address).await;
    busy.send(&frame(0, b"\x03SLEEP 3600000")).await;
    server.wait_for("SLEEP 3600000").await;
    server.stop().await;
    assert_eq!(busy.packet().await, None);
    assert!(server.diary.lock().unwrap().contains(&"end root".to_owned()));
}
