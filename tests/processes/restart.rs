//! What a stop and a start keep, and what a second instance or a damaged file is told.

use super::BINARY;
use acceptance::instance::Instance;
use mysql_async::prelude::Queryable;
use std::path::{Path, PathBuf};
use std::process::Command;

fn output(folder: &Path, arguments: &[&str]) -> (bool, String) {
    let data = folder.display().to_string();
    let out = Command::new(BINARY).args(["--data", &data, "--listen", "127.0.0.1:0"]).args(arguments).output().unwrap();
    (out.status.success(), String::from_utf8_lossy(&out.stdout).into_owned() + &String::from_utf8_lossy(&out.stderr))
}

async fn fill(instance: &Instance, rows: u32) {
    let mut connection = instance.connect().await;
    connection.query_drop("CREATE DATABASE shop").await.unwrap();
    connection
        .query_drop("CREATE TABLE shop.item (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(20) UNIQUE)")
        .await
        .unwrap();
    for n in 0..rows {
        connection.query_drop(format!("INSERT INTO shop.item (name) VALUES ('item {n}')")).await.unwrap();
    }
    connection.disconnect().await.unwrap();
}

#[tokio::test]
async fn a_graceful_stop_keeps_rows_schema_and_counters() {
    let folder = tempfile::tempdir().unwrap();
    let instance = Instance::start(BINARY, folder.path());
    fill(&instance, 25).await;
    assert!(instance.stop());
    let instance = Instance::start(BINARY, folder.path());
    let mut connection = instance.connect().await;
    let count: u32 = connection.query_first("SELECT COUNT(*) FROM shop.item").await.unwrap().unwrap();
    assert_eq!(count, 25);
    connection.query_drop("INSERT INTO shop.item (name) VALUES ('next')").await.unwrap();
    assert_eq!(connection.last_insert_id(), Some(26), "the counter goes on (R38)");
    let twin = connection.query_drop("INSERT INTO shop.item (name) VALUES ('item 3')").await.unwrap_err();
    assert!(twin.to_string().contains("1062"), "{twin}");
}

#[tokio::test]
async fn a_second_instance_on_the_folder_is_refused_with_the_reason() {
    let folder = tempfile::tempdir().unwrap();
    let _first = Instance::start(BINARY, folder.path());
    let (success, text) = output(folder.path(), &["start"]);
    assert!(!success);
    assert!(text.contains("another") && text.contains("headwaters"), "{text}");
}

fn log_files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<_> = std::fs::read_dir(folder.join("log")).unwrap().flatten().map(|e| e.path()).collect();
    files.sort();
    files
}

#[tokio::test]
async fn a_damaged_middle_stops_the_start_and_names_file_and_way_out() {
    let folder = tempfile::tempdir().unwrap();
    let instance = Instance::start(BINARY, folder.path());
    fill(&instance, 50).await;
    instance.kill();
    let path = log_files(folder.path()).into_iter().find(|p| p.metadata().unwrap().len() > 4096).unwrap();
    let mut bytes = std::fs::read(&path).unwrap();
    let used = bytes.iter().rposition(|b| *b != 0).unwrap();
    bytes[used / 2] ^= 0x40;
    std::fs::write(&path, &bytes).unwrap();
    let (success, text) = output(folder.path(), &["start"]);
    assert!(!success, "a damaged log must not be served:\n{text}");
    let name = path.file_name().unwrap().to_string_lossy().into_owned();
    assert!(text.contains(&name) && text.contains("offset"), "{text}");
}

#[tokio::test]
async fn other_addresses_need_a_password() {
    let folder = tempfile::tempdir().unwrap();
    let out = Command::new(BINARY)
        .args(["--data", &folder.path().display().to_string(), "--listen", "0.0.0.0:0", "start"])
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&out.stderr).into_owned();
    assert!(!out.status.success());
    assert!(text.contains("--root-password-file"), "{text}");
}

/// Each compaction writes a segment of tree nodes; left alone they would pile up for ever.
#[tokio::test]
async fn sixty_compactions_leave_few_tree_segments_and_every_row() {
    let folder = tempfile::tempdir().unwrap();
    let instance = Instance::start(BINARY, folder.path());
    fill(&instance, 5).await;
    let mut connection = instance.connect().await;
    for round in 0..60 {
        connection.query_drop(format!("INSERT INTO shop.item (name) VALUES ('round {round}')")).await.unwrap();
        connection.query_drop("CALL headwaters.compact()").await.unwrap();
    }
    let segments: String = connection
        .query_first("SELECT value FROM headwaters.status WHERE name = 'tree_segments'")
        .await
        .unwrap()
        .unwrap();
    assert!(segments.parse::<u32>().unwrap() <= 24, "{segments} segments stand after sixty checkpoints");
    drop(connection);
    assert!(instance.stop());
    let instance = Instance::start(BINARY, folder.path());
    let count: Option<u32> = instance.connect().await.query_first("SELECT COUNT(*) FROM shop.item").await.unwrap();
    assert_eq!(count, Some(65));
}

/// A chain travels in segments of at most 1,024 commits that each end in a signed tip (R13).
#[tokio::test]
async fn a_long_chain_is_signed_at_least_every_1024_commits() {
    let folder = tempfile::tempdir().unwrap();
    let instance = Instance::start_with(BINARY, folder.path(), &["--linearize-seconds", "3600"]);
    fill(&instance, 2_100).await;
    instance.kill();
    let out = output(folder.path(), &["verify", "--json"]).1;
    let found: serde_json::Value = serde_json::from_str(out.lines().next().unwrap()).unwrap();
    assert_eq!(found["sound"], true, "{found}");
    assert!(found["tips"].as_u64().unwrap() >= 2 && found["unsigned"].as_u64().unwrap() < 1_024, "{found}");
}
