//! The verbs of the binary, beside a running replica and on the folder alone: both ways answer alike.

use super::BINARY;
use acceptance::instance::Instance;
use mysql_async::prelude::Queryable;
use std::path::Path;
use std::process::Command;

fn verb(folder: &Path, arguments: &[&str]) -> String {
    let out = Command::new(BINARY).args(["--data", &folder.display().to_string()]).args(arguments).output().unwrap();
    let text = String::from_utf8_lossy(&out.stdout).into_owned();
    assert!(out.status.success(), "{arguments:?}: {text}{}", String::from_utf8_lossy(&out.stderr));
    text
}

async fn with_rows(folder: &Path) -> Instance {
    let instance = Instance::start(BINARY, folder);
    let mut connection = instance.connect().await;
    connection
        .query_drop("CREATE DATABASE d; CREATE TABLE d.t (id INT PRIMARY KEY); INSERT INTO d.t VALUES (1), (2)")
        .await
        .unwrap();
    connection.disconnect().await.unwrap();
    instance
}

#[tokio::test]
async fn reading_verbs_answer_alike_beside_a_replica_and_without_one() {
    let folder = tempfile::tempdir().unwrap();
    let instance = with_rows(folder.path()).await;
    let questions: [&[&str]; 5] = [
        &["heads", "--json"],
        &["log", "--json"],
        &["log", "--graph"],
        &["conflicts", "--json"],
        &["sql", "--json", "SELECT * FROM d.t"],
    ];
    let beside: Vec<String> = questions.iter().map(|q| verb(folder.path(), q)).collect();
    assert!(instance.stop());
    let alone: Vec<String> = questions.iter().map(|q| verb(folder.path(), q)).collect();
    assert_eq!(beside, alone);
    assert!(beside[0].starts_with('[') && beside[0].len() > 20, "{}", beside[0]);
    assert!(beside[2].contains('*'), "{}", beside[2]);
    assert!(beside[4].contains("\"2\""), "{}", beside[4]);
}

#[tokio::test]
async fn compact_cuts_a_checkpoint_and_verify_finds_everything_sound() {
    let folder = tempfile::tempdir().unwrap();
    let instance = with_rows(folder.path()).await;
    let cut = verb(folder.path(), &["compact", "--json"]);
    assert!(cut.contains("position"), "{cut}");
    let query = "SELECT CONCAT(kind, ' ', state) AS job FROM headwaters.jobs WHERE ended IS NOT NULL";
    let jobs = verb(folder.path(), &["sql", "--json", query]);
    assert!(jobs.contains("checkpoint done"), "{jobs}");
    assert!(instance.stop());
    let verified: serde_json::Value = serde_json::from_str(&verb(folder.path(), &["verify", "--json"])).unwrap();
    assert_eq!(verified["sound"], true, "{verified}");
    assert!(verified["commits"].as_u64().unwrap() >= 3, "{verified}");
    assert!(verb(folder.path(), &["sql", "--json", "SELECT COUNT(*) AS n FROM d.t"]).contains("\"2\""));
}

#[tokio::test]
async fn verify_finds_a_flipped_bit() {
    let folder = tempfile::tempdir().unwrap();
    let instance = with_rows(folder.path()).await;
    assert!(instance.stop());
    let segment = std::fs::read_dir(folder.path().join("log")).unwrap().flatten().map(|e| e.path());
    let path = segment.filter(|p| p.metadata().unwrap().len() > 500).min().unwrap();
    let mut bytes = std::fs::read(&path).unwrap();
    let used = bytes.iter().rposition(|b| *b != 0).unwrap();
    bytes[used / 2] ^= 1;
    std::fs::write(&path, &bytes).unwrap();
    let out = Command::new(BINARY).args(["--data", &folder.path().display().to_string(), "verify"]).output().unwrap();
    assert!(!out.status.success(), "a flipped bit must not verify");
}

#[tokio::test]
async fn init_prints_the_recovery_key_once_and_refuses_a_second_time() {
    let folder = tempfile::tempdir().unwrap();
    let first = verb(folder.path(), &["init"]);
    assert!(first.contains("recovery"), "{first}");
    let again = Command::new(BINARY).args(["--data", &folder.path().display().to_string(), "init"]).output().unwrap();
    assert!(!again.status.success());
    assert!(String::from_utf8_lossy(&again.stderr).contains("start"), "says what to do instead");
}

#[tokio::test]
async fn status_and_doctor_speak_of_the_replica() {
    let folder = tempfile::tempdir().unwrap();
    let instance = with_rows(folder.path()).await;
    let status: serde_json::Value = serde_json::from_str(&verb(folder.path(), &["status", "--json"])).unwrap();
    assert_eq!(status["heads"], "1", "{status}");
    let doctor = verb(folder.path(), &["doctor"]);
    assert!(doctor.contains("clock") && doctor.contains("disk"), "{doctor}");
    drop(instance);
}
