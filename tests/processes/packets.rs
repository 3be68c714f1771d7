//! What no honest client sends, to the real binary: refused with its error, and nobody else is disturbed. The wire's own
//! tests (`proxy/tests/wire/hostile.rs`) cover each limit at its edge; here the whole process stands.

use super::BINARY;
use acceptance::instance::Instance;
use mysql_async::prelude::Queryable;
use raw::{Raw, frame};

#[path = "../../proxy/tests/wire/raw.rs"]
pub mod raw;

#[tokio::test]
async fn malformed_packets_are_refused_and_disturb_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let instance = Instance::start(BINARY, folder.path());
    let mut bystander = instance.connect().await;
    bystander
        .query_drop("CREATE DATABASE d; CREATE TABLE d.t (id INT PRIMARY KEY); INSERT INTO d.t VALUES (1)")
        .await
        .unwrap();
    let behind_the_login: [(&str, Vec<u8>, Option<u16>); 6] = [
        ("a command that does not exist", frame(0, b"\xee\xff\xff"), Some(1047)),
        ("a wrong sequence number", frame(9, b"\x0e"), Some(1156)),
        ("an empty packet", frame(0, b""), Some(1835)),
        ("a statement that nobody prepared", frame(0, b"\x17\x63\0\0\0\0\x01\0\0\0"), Some(1243)),
        ("a query that is no UTF-8", frame(0, b"\x03SELECT \xff\xfe"), Some(1300)),
        ("a length without its bytes", vec![0xff, 0xff, 0, 0, 3], None),
    ];
    for (what, bytes, refusal) in behind_the_login {
        let mut raw = Raw::root(instance.address()).await;
        raw.send(&bytes).await;
        if let Some(code) = refusal {
            assert_eq!(raw.error().await, code, "{what}");
        }
    }
    let before_the_login: [(&str, Vec<u8>, u16); 3] = [
        ("garbage", frame(1, &[0xa5; 90]), 1043),
        ("a login of megabytes", vec![0, 0, 0x40, 1], 1153),
        ("a wrong sequence number", frame(7, b"x"), 1156),
    ];
    for (what, bytes, code) in before_the_login {
        let mut raw = Raw::connect(instance.address()).await;
        raw.packet().await.unwrap();
        raw.send(&bytes).await;
        assert_eq!(raw.error().await, code, "{what}");
    }
    assert_eq!(bystander.query_first("SELECT COUNT(*) FROM d.t").await.unwrap(), Some(1));
    bystander.query_drop("INSERT INTO d.t VALUES (2)").await.unwrap();
}
