//! Members come and go by tickets, between real processes.

use super::peers::wait_for;
use super::{BINARY, code};
use acceptance::instance::Instance;
use gossip::ticket::Ticket;
use mysql_async::prelude::Queryable;
use std::path::Path;
use std::process::{Command, Output};

fn verb(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(BINARY).arg("--data").arg(folder).args(arguments).output().unwrap()
}

/// What a verb prints, if it succeeds.
fn say(folder: &Path, arguments: &[&str]) -> String {
    let output = verb(folder, arguments);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// What a verb complains of, if it fails with this exit code.
fn fail(folder: &Path, arguments: &[&str], exit: i32) -> String {
    let output = verb(folder, arguments);
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(exit), "{arguments:?}: {text}");
    text
}

/// A member that joined and runs.
fn joined(founder: &Instance, folder: &Path, invitation: &[&str]) -> Instance {
    let ticket = say(founder.folder(), &[&["invite"], invitation].concat());
    say(folder, &["join", &ticket]);
    Instance::networked(BINARY, folder, &[])
}

#[tokio::test]
async fn a_ticket_brings_a_replica_that_reads_writes_and_generates_its_own_numbers() {
    let [first, second] = [(); 2].map(|()| tempfile::tempdir().unwrap());
    let one = Instance::networked(BINARY, first.path(), &[]);
    let mut a = one.connect().await;
    a.query_drop("CREATE DATABASE shop").await.unwrap();
    a.query_drop("CREATE TABLE shop.t (id INT AUTO_INCREMENT PRIMARY KEY, who VARCHAR(9))").await.unwrap();
    a.query_drop("INSERT INTO shop.t (who) VALUES ('before')").await.unwrap();
    let two = joined(&one, second.path(), &["--name", "anna"]);
    let mut b = two.connect().await;
    wait_for(&mut b, "SELECT COALESCE(GROUP_CONCAT(who), '') FROM shop.t", "before").await;
    wait_for(&mut b, "SELECT COUNT(*) FROM headwaters.members WHERE here AND name = 'anna'", "1").await;
    b.query_drop("INSERT INTO shop.t (who) VALUES ('anna')").await.unwrap();
    a.query_drop("INSERT INTO shop.t (who) VALUES ('founder')").await.unwrap();
    let all = "SELECT GROUP_CONCAT(CONCAT(id, who) ORDER BY id) FROM shop.t";
    for conn in [&mut a, &mut b] {
        wait_for(conn, all, "1before,2founder,4097anna").await;
        wait_for(conn, "SELECT COUNT(*) FROM headwaters.conflicts", "0").await;
    }
    let listed = say(first.path(), &["members", "--json"]);
    let members: serde_json::Value = serde_json::from_str(&listed).unwrap();
    let of = |name: &str| members.as_array().unwrap().iter().find(|m| m["name"] == name).unwrap().clone();
    assert_eq!((of("anna")["role"].as_str(), of("anna")["slots"].as_str()), (Some("writer"), Some("512")));
    assert!(say(first.path(), &["members"]).contains("anna"));
    let records: Vec<String> = a.query("SELECT record FROM headwaters.control ORDER BY place").await.unwrap();
    assert_eq!(records, ["admit", "hand over slots"]);
    assert!(one.stop() && two.stop());
}

#[tokio::test]
async fn tickets_that_are_no_good_say_why() {
    let folders: [_; 5] = std::array::from_fn(|_| tempfile::tempdir().unwrap());
    let [first, other, third, fourth, fifth] = folders.each_ref().map(|f| f.path());
    let one = Instance::networked(BINARY, first, &[]);
    let two = Instance::networked(BINARY, other, &[]);
    let ticket = say(first, &["invite"]);
    let mistyped = ticket.replacen("-r", "-s", 1);
    assert!(fail(third, &["join", &mistyped], 2).contains("mistyped"));
    assert!(fail(third, &["join", "hello"], 2).contains("begins with"));
    assert!(fail(other, &["join", &ticket], 2).contains("holds another database"));
    assert!(!third.join("author.key").exists(), "nothing is written for a ticket that is none");

    // The ticket of one database, brought to a replica of another.
    let addresses = Ticket::parse(&say(other, &["invite"])).unwrap().addresses;
    let astray = Ticket { addresses, ..Ticket::parse(&ticket).unwrap() };
    assert!(fail(third, &["join", &astray.to_text()], 3).contains("another database"));
    let wrong = Ticket { secret: [0; 32], ..Ticket::parse(&ticket).unwrap() };
    assert!(fail(third, &["join", &wrong.to_text()], 3).contains("secret does not belong"));

    let short: String = say(first, &["invite", "--expires", "0.2s"]);
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    assert!(fail(third, &["join", &short], 3).contains("has expired"));
    assert!(fail(third, &["join", &ticket, "--name", "Founder"], 3).contains("another member is named"));
    say(third, &["join", &ticket, "--name", "carl"]);
    assert!(say(third, &["join", &ticket]).contains("joined this database already"));
    assert!(fail(fourth, &["join", &ticket], 3).contains("used already"));
    // Wrong secret, expired, name taken, used; and the astray one, each a peer of its own.
    let counted = "SELECT COUNT(*) FROM headwaters.peers WHERE faults = 'ticket=1'";
    wait_for(&mut one.connect().await, counted, "4").await;
    wait_for(&mut two.connect().await, counted, "1").await;
    one.connect().await.query_drop("CREATE DATABASE goes_on").await.unwrap();
    assert!(one.stop() && two.stop());
    let unreached = fail(fifth, &["join", &ticket], 3);
    assert!(unreached.contains("127.0.0.1") && unreached.contains("no replica"), "{unreached}");
}

#[tokio::test]
async fn an_interrupted_join_is_repeated_from_the_same_folder() {
    let [first, second] = [(); 2].map(|()| tempfile::tempdir().unwrap());
    let one = Instance::networked(BINARY, first.path(), &[]);
    let ticket = say(first.path(), &["invite", "--admin"]);
    // The answer was lost: the founder has admitted the key, and the folder has no genesis.
    say(second.path(), &["join", &ticket]);
    std::fs::remove_file(second.path().join("genesis")).unwrap();
    say(second.path(), &["join", &ticket]);
    let two = Instance::networked(BINARY, second.path(), &[]);
    let mut b = two.connect().await;
    wait_for(&mut b, "SELECT role FROM headwaters.members WHERE here", "admin").await;
    let mut a = one.connect().await;
    wait_for(&mut a, "SELECT COUNT(*) FROM headwaters.control WHERE record = 'admit'", "1").await;
    // An administrator that joined invites in its turn.
    assert!(say(second.path(), &["invite", "--reader"]).starts_with("headwaters-ticket-"));
    assert!(one.stop() && two.stop());
}

#[tokio::test]
async fn readers_do_not_write_and_the_removed_are_not_served() {
    let [first, second, third] = [(); 3].map(|()| tempfile::tempdir().unwrap());
    let one = Instance::networked(BINARY, first.path(), &[]);
    let mut a = one.connect().await;
    a.query_drop("CREATE DATABASE shop").await.unwrap();
    a.query_drop("CREATE TABLE shop.t (id VARCHAR(9) PRIMARY KEY)").await.unwrap();
    let reader = joined(&one, second.path(), &["--reader", "--name", "rita"]);
    let writer = joined(&one, third.path(), &["--name", "walt"]);
    let (mut r, mut w) = (reader.connect().await, writer.connect().await);
    a.query_drop("INSERT INTO shop.t VALUES ('one')").await.unwrap();
    for conn in [&mut r, &mut w] {
        wait_for(conn, "SELECT COALESCE(GROUP_CONCAT(id), '') FROM shop.t", "one").await;
    }
    let refused = r.query_drop("INSERT INTO shop.t VALUES ('two')").await.unwrap_err();
    assert_eq!(code(&refused), 1290, "{refused}");
    assert!(refused.to_string().contains("reader"), "{refused}");
    for text in ["CALL headwaters.invite('writer', '', 1)", "CALL headwaters.remove_member('rita')"] {
        let refused = w.query_drop(text).await.unwrap_err();
        assert!(code(&refused) == 1290 && refused.to_string().contains("no administrator"), "{refused}");
    }
    assert!(fail(third.path(), &["invite"], 1).contains("no administrator"));

    a.query_drop("CALL headwaters.remove_member('walt')").await.unwrap();
    wait_for(&mut r, "SELECT COUNT(*) FROM headwaters.members WHERE name = 'walt'", "0").await;
    wait_for(&mut a, "SELECT COUNT(*) FROM headwaters.peers WHERE access IN ('member', 'writer', 'admin')", "0").await;
    // It is told, and both sides close the connection.
    wait_for(
        &mut a,
        "SELECT CONCAT(access, ' ', connected) FROM headwaters.peers WHERE member = 'walt' OR access = 'removed'",
        "removed 0",
    )
    .await;
    wait_for(&mut w, "SELECT COUNT(*) > 0 FROM headwaters.peers WHERE refused_us LIKE '%removed%'", "1").await;
    wait_for(&mut w, "SELECT COUNT(*) FROM headwaters.peers WHERE connected", "0").await;
    // Whatever it writes now stays with it.
    let _told_or_not = w.query_drop("INSERT INTO shop.t VALUES ('late')").await;
    a.query_drop("INSERT INTO shop.t VALUES ('three')").await.unwrap();
    wait_for(&mut r, "SELECT GROUP_CONCAT(id ORDER BY id) FROM shop.t", "one,three").await;
    wait_for(&mut a, "SELECT GROUP_CONCAT(id ORDER BY id) FROM shop.t", "one,three").await;
    assert!(one.stop() && reader.stop() && writer.stop());
}
