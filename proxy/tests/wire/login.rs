//! Logging in, with mysql_async on the other side.

use crate::double::Running;
use crate::raw::Raw;
use mysql_async::prelude::Queryable;
use mysql_async::{ChangeUserOpts, Conn, SslOpts};
use proxy::limits::Limits;

fn code(error: mysql_async::Error) -> u16 {
    match error {
        mysql_async::Error::Server(error) => error.code,
        other => panic!("not a server's error: {other}"),
    }
}

#[tokio::test]
async fn passwords_by_each_method_plain_and_over_tls() {
    let mut server = Running::start(Limits { failed_logins: 100, ..Limits::default() }).await;
    let trusting = SslOpts::default().with_danger_accept_invalid_certs(true);
    let cases = [
        ("root", "", false, Ok(())),
        ("root", "", true, Ok(())),
        ("alice", "secret", false, Ok(())),
        ("alice", "secret", true, Ok(())),
        ("alice", "wrong", false, Err(1045)),
        ("alice", "", true, Err(1045)),
        ("root", "guess", false, Err(1045)),
        ("nobody", "secret", false, Err(1045)),
        ("old", "secret", false, Ok(())),
        ("old", "secret", true, Ok(())),
        ("old", "wrong", true, Err(1045)),
        ("new", "secret", false, Ok(())),
        ("new", "secret", true, Ok(())),
    ];
    for (user, password, tls, expected) in cases {
        let options = server.options(user, password).ssl_opts(tls.then(|| trusting.clone()));
        let got = Conn::new(options).await;
        let result = match got {
            Ok(mut connection) => {
                connection.query_drop("OK 1").await.unwrap();
                connection.disconnect().await.map_err(code)
            }
            Err(error) => Err(code(error)),
        };
        assert_eq!(result, expected, "{user} {password} tls={tls}");
    }
    server.stop().await;
}

#[tokio::test]
async fn an_unknown_database_is_1049() {
    let mut server = Running::start(Limits::default()).await;
    let refused = Conn::new(server.options("root", "").db_name(Some("nowhere"))).await;
    assert_eq!(refused.err().map(code), Some(1049));
    server.stop().await;
}

#[tokio::test]
async fn change_user_authenticates_truly_and_begins_a_new_session() {
    let mut server = Running::start(Limits::default()).await;
    let mut connection = server.root().await;
    let alice = |password: &str| {
        let options = ChangeUserOpts::default().with_user(Some("alice".into())).with_pass(Some(password.to_owned()));
        options.with_db_name(Some("shop".into()))
    };
    connection.change_user(alice("secret")).await.unwrap();
    let who: Option<(String,)> = connection.query_first("DATABASE").await.unwrap();
    assert_eq!(who.unwrap().0, "alice Some(\"shop\")");
    let kept = server.diary.lock().unwrap().clone();
    let (end, begin) = (kept.iter().position(|l| l == "end root"), kept.iter().position(|l| l == "begin alice"));
    assert!(end.unwrap() < begin.unwrap(), "{kept:?}");
    let refused = connection.change_user(alice("wrong")).await;
    assert_eq!(refused.err().map(code), Some(1045));
    server.wait_for("end alice").await;
    server.stop().await;
}

#[tokio::test]
async fn five_wrong_passwords_shut_the_address_out() {
    let mut server = Running::start(Limits::default()).await;
    for _ in 0..5 {
        let refused = Conn::new(server.options("alice", "wrong")).await;
        assert_eq!(refused.err().map(code), Some(1045));
    }
    assert_eq!(Raw::connect(server.address).await.error().await, 1129);
    server.stop().await;
}

#[tokio::test]
async fn one_connection_too_many_is_told_so() {
    let mut server = Running::start(Limits { connections: 2, ..Limits::default() }).await;
    let (first, _second) = (server.root().await, server.root().await);
    assert_eq!(Raw::connect(server.address).await.error().await, 1040);
    first.disconnect().await.unwrap();
    server.wait_for("end root").await;
    drop(server.root().await);
    server.stop().await;
}
