//! Large transactions (R10): what a kill, a start, a cut and `verify` make of them.

use super::BINARY;
use acceptance::instance::Instance;
use mysql_async::prelude::Queryable;
use std::process::Command;

async fn count(instance: &Instance, condition: &str) -> u64 {
    let sql = format!("SELECT COUNT(*) FROM shop.item WHERE {condition}");
    instance.connect().await.query_first(sql).await.unwrap().unwrap()
}

#[tokio::test]
async fn a_large_transaction_survives_kill_start_cut_and_verify() {
    let folder = tempfile::tempdir().unwrap();
    let instance = Instance::start(BINARY, folder.path());
    let mut connection = instance.connect().await;
    for sql in [
        "CREATE DATABASE shop",
        "CREATE TABLE shop.item (id INT PRIMARY KEY, name VARCHAR(50), k INT, picture LONGBLOB, UNIQUE (name))",
    ] {
        connection.query_drop(sql).await.unwrap();
    }
    let rows: Vec<String> = (0..20_000).map(|n| format!("({n},'item {n}',{},NULL)", n % 7)).collect();
    connection.query_drop(format!("INSERT INTO shop.item VALUES {}", rows.join(","))).await.unwrap();
    connection.query_drop("UPDATE shop.item SET k = k + 100").await.unwrap();
    connection.query_drop("DELETE FROM shop.item WHERE k = 103").await.unwrap();
    let picture = "INSERT INTO shop.item VALUES (-1, 'picture', 0, REPEAT('p', 3000000))";
    connection.query_drop(picture).await.unwrap();
    let twin = connection.query_drop(format!("INSERT INTO shop.item VALUES {}", rows.join(","))).await.unwrap_err();
    assert!(twin.to_string().contains("1062"), "{twin}");
    instance.kill();
    for cut in [false, true] {
        let instance = Instance::start(BINARY, folder.path());
        assert_eq!(count(&instance, "k >= 100").await, 20_000 - 2_857);
        assert_eq!(count(&instance, "k = 103").await, 0);
        assert_eq!(count(&instance, "name = 'item 777'").await, 1);
        assert_eq!(count(&instance, "LENGTH(picture) = 3000000").await, 1);
        if cut {
            instance.kill();
        } else {
            instance.connect().await.query_drop("CALL headwaters.compact()").await.unwrap();
            assert!(instance.stop());
        }
    }
    let data = folder.path().display().to_string();
    let out = Command::new(BINARY).args(["--data", &data, "verify", "--json"]).output().unwrap();
    let text = String::from_utf8_lossy(&out.stdout).into_owned();
    assert!(out.status.success() && text.contains("\"sound\":true"), "{text}");
}
