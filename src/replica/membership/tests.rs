//! Members come by tickets, change and go, on real folders; commits are carried in memory.

use super::super::fixture::{Hand, Link, Peer, header_of};
use super::*;
use dag::author_key::AuthorKey;
use dag::change::ChangeSet;
use dag::commit::Commit;
use dag::header::Header;
use dag::hlc::Hlc;
use gossip::ticket::{JoinRequest, RefusalKind, Ticket};
use gossip::{Fault, TransportId};

const TRANSPORT: TransportId = TransportId([4; 32]);

fn ticket(admin: &Peer, role: Role, name: &str) -> Ticket {
    admin.local().listens(vec!["/ip4/127.0.0.1/tcp/1".to_owned()]);
    admin.local().issue(role, name, u64::MAX).unwrap()
}

fn request(ticket: &Ticket, newcomer: &Peer) -> JoinRequest {
    JoinRequest::new(ticket.genesis, (ticket.id, &ticket.key()), &newcomer.key(), TRANSPORT, "")
}

/// A replica that redeemed a ticket and has fetched everything since.
fn joined(admin: &Peer, role: Role, name: &str) -> Peer {
    let ticket = ticket(admin, role, name);
    let peer = admin.stranger(1_000);
    admin.local().redeem(&request(&ticket, &peer)).unwrap();
    Link::default().pull(&peer, admin);
    peer.local().speak().unwrap();
    peer
}

fn refused<T>(result: Result<T, SqlError>, code: u16, words: &str) {
    let Err(error) = result else { panic!("it was not refused: {code} {words}") };
    assert!(error.code == code && error.message.contains(words), "{error}");
}

/// Fetches both ways.
fn meet(a: &Peer, b: &Peer) {
    Link::default().pull(a, b);
    Link::default().pull(b, a);
}

fn roles(peer: &Peer) -> Vec<String> {
    peer.sql("SELECT CONCAT(name, '=', role) FROM headwaters.members ORDER BY name").unwrap()
}

#[test]
fn a_ticket_makes_a_member_that_writes() {
    let founder = Peer::founder(1_000);
    founder.sql("CREATE DATABASE d").unwrap();
    let anna = joined(&founder, Role::Writer, "anna");
    assert_eq!(roles(&anna), ["anna=writer", "founder=admin", "recovery=recovery"]);
    anna.sql("CREATE TABLE d.t (id INT PRIMARY KEY)").unwrap();
    anna.sql("INSERT INTO d.t VALUES (1)").unwrap();
    meet(&founder, &anna);
    assert_eq!(founder.sql("SELECT id FROM d.t").unwrap(), ["1"]);
    assert_eq!(founder.main(), anna.main());
}

#[test]
fn a_ticket_is_redeemed_once_and_asking_again_gives_the_same_welcome() {
    let mut founder = Peer::founder(1_000);
    founder.sql("CREATE DATABASE d").unwrap();
    let ticket = ticket(&founder, Role::Writer, "");
    let (anna, eve) = (founder.stranger(1_000), founder.stranger(1_000));
    let welcome = founder.local().redeem(&request(&ticket, &anna)).unwrap();
    assert!(welcome.check(&ticket.genesis, &anna.key().id(), &ticket.key()).is_ok());
    founder.restart();
    assert_eq!(founder.local().redeem(&request(&ticket, &anna)).unwrap(), welcome);
    let refusal = founder.local().redeem(&request(&ticket, &eve)).unwrap_err();
    assert_eq!(refusal.kind, RefusalKind::Used);
    let other = Peer::founder(1_000);
    assert_eq!(other.local().redeem(&request(&ticket, &eve)).unwrap_err().kind, RefusalKind::OtherDatabase);
}

#[test]
fn a_reader_reads_and_is_told_why_it_may_not_write() {
    let founder = Peer::founder(1_000);
    founder.sql("CREATE DATABASE d").unwrap();
    founder.sql("CREATE TABLE d.t (id INT AUTO_INCREMENT PRIMARY KEY, n INT)").unwrap();
    let reader = joined(&founder, Role::Reader, "rita");
    assert_eq!(reader.sql("SELECT COUNT(*) FROM d.t").unwrap(), ["0"]);
    refused(reader.sql("INSERT INTO d.t VALUES (1, 1)"), 1290, "it is a reader of the database");
    refused(reader.sql("INSERT INTO d.t (n) VALUES (1)"), 1290, "it is a reader of the database");
    founder.sql("CALL headwaters.change_role('rita', 'writer')").unwrap();
    meet(&founder, &reader);
    reader.sql("INSERT INTO d.t (n) VALUES (1)").unwrap();
    let stranger = founder.stranger(1_000);
    refused(stranger.sql("CREATE DATABASE e"), 1290, "not fetched its admission");
}

#[test]
fn a_removed_member_is_refused() {
    let founder = Peer::founder(1_000);
    founder.sql("CREATE DATABASE d").unwrap();
    let anna = joined(&founder, Role::Writer, "anna");
    founder.sql("CALL headwaters.remove_member('ANNA')").unwrap();
    assert_eq!(roles(&founder), ["founder=admin", "recovery=recovery"]);
    Link::default().pull(&anna, &founder);
    refused(anna.sql("CREATE DATABASE e"), 1290, "was removed");
    let again = ticket(&founder, Role::Writer, "anna");
    assert_eq!(founder.local().redeem(&request(&again, &anna)).unwrap_err().kind, RefusalKind::Removed);
}

#[test]
fn only_an_administrator_rules() {
    let founder = Peer::founder(1_000);
    founder.sql("CREATE DATABASE d").unwrap();
    let (anna, bert) = (joined(&founder, Role::Writer, "anna"), joined(&founder, Role::Admin, "bert"));
    meet(&founder, &anna);
    for call in ["invite('writer', '', 1)", "remove_member('bert')", "change_role('bert', 'reader')"] {
        anna.local().listens(vec!["/ip4/127.0.0.1/tcp/1".to_owned()]);
        refused(
            anna.sql(&format!("CALL headwaters.{call}")),
            1290,
            "no administrator of the database; run this on one of",
        );
    }
    bert.sql("CALL headwaters.change_role('anna', 'admin')").unwrap();
    meet(&bert, &anna);
    anna.sql("CALL headwaters.remove_member('bert')").unwrap();
    meet(&founder, &anna);
    assert_eq!(roles(&founder), ["anna=admin", "founder=admin", "recovery=recovery"]);
}

#[test]
fn a_control_commit_of_a_member_that_is_no_administrator_enters_nowhere() {
    let founder = Peer::founder(1_000);
    founder.sql("CREATE DATABASE d").unwrap();
    let key = AuthorKey::from_seed([77; 32]);
    let admission = founder.admit(&key);
    let time = header_of(&founder, admission).hlc;
    let (mut hand, mut run) = (Vec::new(), 0);
    for kind in [CommitKind::Control, CommitKind::Join] {
        run += 1;
        let mut author = Hand::new(AuthorKey::from_seed([77; 32]), run, admission);
        let control = [ControlRecord::Admit { author: key.id(), role: Role::Admin, name: "self-made".to_owned() }];
        let records = if kind == CommitKind::Control { &control[..] } else { &[] };
        let header = Header { kind, ..author.header(&founder, &[], Hlc(time.0 + 1)) };
        let commit = Commit::new(header, &ChangeSet::default(), records).unwrap();
        author.seq = 1;
        hand.push(author.segment(&[commit], Hlc(0)));
    }
    let admission = founder.local().admit(&key.id(), hand);
    assert_eq!((admission.entered, admission.faults), (1, vec![Fault::Invalid]));
    assert_eq!(roles(&founder), ["founder=admin", "peer=writer", "recovery=recovery"]);
}

#[test]
fn what_two_administrators_decide_apart_is_one_member_set_whatever_comes_first() {
    let founder = Peer::founder(1_000);
    founder.sql("CREATE DATABASE d").unwrap();
    let bert = joined(&founder, Role::Admin, "bert");
    let [anna, carl] = ["anna", "carl"].map(|name| joined(&founder, Role::Writer, name));
    meet(&founder, &anna);
    meet(&founder, &bert);
    meet(&founder, &carl);
    for peer in [&bert, &anna, &carl] {
        Link::default().pull(peer, &founder);
    }
    // Apart: both change both, and one removes whom the other promotes.
    founder.sql("CALL headwaters.change_role('carl', 'reader')").unwrap();
    bert.sql("CALL headwaters.change_role('anna', 'admin')").unwrap();
    founder.sql("CALL headwaters.remove_member('anna')").unwrap();
    bert.sql("CALL headwaters.change_role('carl', 'admin')").unwrap();
    for (peer, first, second) in [(&anna, &founder, &bert), (&carl, &bert, &founder)] {
        Link::default().pull(peer, first);
        Link::default().pull(peer, second);
    }
    meet(&founder, &bert);
    let all = [&founder, &bert, &anna, &carl].map(roles);
    assert_eq!(all[0], ["bert=admin", "carl=admin", "founder=admin", "recovery=recovery"], "removal wins");
    assert!(all.iter().all(|members| *members == all[0]), "{all:?}");
}

#[test]
fn calls_that_make_no_sense_say_why() {
    let founder = Peer::founder(1_000);
    founder.sql("CREATE DATABASE d").unwrap();
    refused(founder.sql("CALL headwaters.invite('writer', '', 1)"), 1290, "listens for no peers");
    founder.local().listens(vec!["/ip4/127.0.0.1/tcp/1".to_owned()]);
    for (call, code, words) in [
        ("invite('boss', '', 1)", 1210, "'boss' is no role"),
        ("invite('writer', '', 0)", 1210, "more than 0"),
        ("invite('writer', '', 9000)", 1210, "at most 8784"),
        ("invite('writer', '', 'soon')", 1210, "no number of hours"),
        ("invite('writer', 'Founder', 1)", 1105, "named 'Founder' already"),
        ("remove_member('nobody')", 1105, "No member is named 'nobody'"),
        ("remove_member('founder')", 1105, "never removes itself"),
        ("remove_member('recovery')", 1105, "The recovery key stays"),
        ("change_role('founder', 'reader')", 1105, "never changes the role of itself"),
        ("hand_over_slots('founder')", 1105, "another member"),
    ] {
        refused(founder.sql(&format!("CALL headwaters.{call}")), code, words);
    }
    assert!(founder.sql("CALL headwaters.invite('writer', 'x', 0.5)").unwrap()[0].starts_with("headwaters-ticket-"));
}

#[test]
fn replicas_that_are_cut_off_never_generate_one_number() {
    let founder = Peer::founder(1_000);
    for text in [
        "CREATE DATABASE d",
        "CREATE TABLE d.t (id BIGINT AUTO_INCREMENT PRIMARY KEY, who VARCHAR(9))",
        "CREATE TABLE d.small (id TINYINT AUTO_INCREMENT PRIMARY KEY, who VARCHAR(9))",
        "INSERT INTO d.t (who) VALUES ('before'), ('before')",
        "INSERT INTO d.small (who) VALUES ('before')",
    ] {
        founder.sql(text).unwrap();
    }
    let (anna, bert) = (joined(&founder, Role::Writer, "anna"), joined(&founder, Role::Writer, "bert"));
    for (peer, who) in [(&founder, "founder"), (&anna, "anna"), (&bert, "bert")] {
        for table in ["t", "t", "small"] {
            let two = format!("INSERT INTO d.{table} (who) VALUES ('{who}'), ('{who}')");
            match (table, peer.sql(&two)) {
                ("t", result) => drop(result.unwrap()),
                // The narrowest type has no runs of two once it is shared.
                (_, result) => refused(result, 1467, "2 consecutive numbers are more than the 1 of a block"),
            }
        }
        peer.sql(&format!("INSERT INTO d.small (who) VALUES ('{who}')")).unwrap();
    }
    meet(&founder, &anna);
    meet(&founder, &bert);
    meet(&anna, &founder);
    for peer in [&founder, &anna, &bert] {
        assert_eq!(peer.sql("SELECT COUNT(*) FROM headwaters.conflicts").unwrap(), ["0"]);
        assert_eq!(peer.sql("SELECT COUNT(*), COUNT(DISTINCT id) FROM d.t").unwrap(), ["14 14"]);
        assert_eq!(peer.sql("SELECT COUNT(*), COUNT(DISTINCT id) FROM d.small").unwrap(), ["4 4"]);
    }
    let firsts = founder.sql("SELECT who, MIN(id) FROM d.t GROUP BY who ORDER BY 2").unwrap();
    assert_eq!(firsts, ["before 1", "founder 3", "anna 1048577", "bert 2097153"]);
}

#[test]
fn own_numbers_pass_over_rows_that_others_wrote_by_hand_and_go_on_after_a_restart() {
    let founder = Peer::founder(1_000);
    for text in ["CREATE DATABASE d", "CREATE TABLE d.t (id SMALLINT AUTO_INCREMENT PRIMARY KEY, n INT)"] {
        founder.sql(text).unwrap();
    }
    let mut anna = joined(&founder, Role::Writer, "anna");
    // Anna has the even ones (odd slots), the founder the odd ones.
    founder.sql("INSERT INTO d.t (id, n) VALUES (2, 0), (6, 0)").unwrap();
    Link::default().pull(&anna, &founder);
    for _ in 0..2 {
        anna.sql("INSERT INTO d.t (n) VALUES (1)").unwrap();
    }
    assert_eq!(anna.sql("SELECT id FROM d.t WHERE n = 1").unwrap(), ["4", "8"]);
    anna.sql("DELETE FROM d.t WHERE id = 8").unwrap();
    anna.restart();
    anna.sql("INSERT INTO d.t (n) VALUES (1)").unwrap();
    assert_eq!(anna.sql("SELECT id FROM d.t WHERE n = 1").unwrap(), ["4", "10"]);
    anna.sql("INSERT INTO d.t (id, n) VALUES (101, 1)").unwrap();
    anna.sql("INSERT INTO d.t (n) VALUES (1)").unwrap();
    assert_eq!(anna.sql("SELECT MAX(id) FROM d.t").unwrap(), ["102"]);
    anna.sql("TRUNCATE TABLE d.t").unwrap();
    anna.sql("INSERT INTO d.t (n) VALUES (1)").unwrap();
    assert_eq!(anna.sql("SELECT id FROM d.t").unwrap(), ["2"]);
}

#[test]
fn a_full_column_and_a_member_without_slots_are_told_so() {
    let founder = Peer::founder(1_000);
    for text in ["CREATE DATABASE d", "CREATE TABLE d.t (id TINYINT AUTO_INCREMENT PRIMARY KEY, n INT)"] {
        founder.sql(text).unwrap();
    }
    let mut last = joined(&founder, Role::Writer, "anna");
    for n in 0..9 {
        last = joined(&founder, Role::Writer, &n.to_string());
    }
    assert_eq!(founder.sql("SELECT slots FROM headwaters.members WHERE here").unwrap(), ["1"]);
    founder.sql("INSERT INTO d.t (n) VALUES (1)").unwrap();
    refused(founder.sql("INSERT INTO d.t (n) VALUES (1)"), 1467, "Failed to read auto-increment value");
    let none = joined(&founder, Role::Writer, "none");
    refused(none.sql("INSERT INTO d.t (n) VALUES (1)"), 1467, "owns no AUTO_INCREMENT slots");
    none.sql("INSERT INTO d.t VALUES (100, 1)").unwrap();
    drop(last);
}

#[test]
fn a_member_is_found_by_its_name_or_by_enough_of_its_key() {
    let founder = Peer::founder(1_000);
    let key = founder.key().id().to_string();
    let members = founder.local().latch().known.members_now();
    for (who, found) in [(&key[..MIN_PREFIX], true), (&key[..MIN_PREFIX - 1], false), ("FOUNDER", true), ("", false)] {
        assert_eq!(find(&members, who).is_ok(), found, "{who}");
    }
}

#[test]
fn a_name_is_what_people_can_read_and_type() {
    for (name, good) in [
        ("x".repeat(MAX_MEMBER_NAME), true),
        ("x".repeat(MAX_MEMBER_NAME + 1), false),
        ("é".repeat(MAX_MEMBER_NAME / 2 + 1), false),
        (String::new(), false),
        (" anna".to_owned(), false),
        ("an\nna".to_owned(), false),
    ] {
        assert_eq!(check_name(&name).is_ok(), good, "{name:?}");
    }
}
