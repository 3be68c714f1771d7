//! What becomes of requests, and tickets on a real folder.

use super::*;
use dag::author_key::AuthorKey;
use dag::genesis::Genesis;
use dag::id::GenesisId;
use gossip::TransportId;

fn key(n: u8) -> AuthorKey {
    AuthorKey::from_seed([n; 32])
}

fn entry(name: &str, author: Option<u8>) -> Entry {
    let author = author.map(|n| key(n).id());
    Entry {
        id: TicketId([1; 16]),
        key: TicketKey([7; 32]),
        role: Role::Writer,
        name: name.to_owned(),
        expires: 100,
        author,
    }
}

fn request(who: u8, secret: u8, name: &str) -> JoinRequest {
    let known = TicketKey([secret; 32]);
    JoinRequest::new(GenesisId([9; 32]), (TicketId([1; 16]), &known), &key(who), TransportId([4; 32]), name)
}

/// Members: the founder (1), the recovery key (2), anna (3); 6 was removed.
fn asker(now_millis: u64, admission: Option<u8>) -> Asker {
    let genesis = Genesis::found(key(1).id(), key(2).id(), &dag::clock::System::new()).unwrap();
    let mut members = Members::founding(&genesis);
    members.apply(&ControlRecord::Admit { author: key(3).id(), role: Role::Writer, name: "anna".to_owned() });
    members.apply(&ControlRecord::Remove(key(6).id()));
    Asker { now_millis, members, admission: admission.map(|n| CommitId([n; 32])), is_admin: true }
}

fn decide(entry: Entry, request: &JoinRequest, asker: &Asker) -> Result<Step, RefusalKind> {
    Issued { version: 1, entries: vec![entry] }.decide(request, asker).map_err(|refusal| refusal.kind)
}

fn admitted(name: &str) -> Result<Step, RefusalKind> {
    Ok(Step::Admit { place: 0, role: Role::Writer, name: name.to_owned() })
}

#[test]
fn a_ticket_admits_one_key_once() {
    use RefusalKind::*;
    let again = Ok(Step::Again(CommitId([5; 32])));
    for (case, entry, request, asker, expected) in [
        ("good", entry("", None), request(4, 7, "bob"), asker(99, None), admitted("bob")),
        ("named by the invitation", entry("bob", None), request(4, 7, ""), asker(99, None), admitted("bob")),
        ("too late", entry("", None), request(4, 7, "bob"), asker(100, None), Err(Expired)),
        ("wrong secret", entry("", None), request(4, 8, "bob"), asker(99, None), Err(Proof)),
        ("another name", entry("eve", None), request(4, 7, "bob"), asker(99, None), Err(Name)),
        ("no name at all", entry("", None), request(4, 7, " "), asker(99, None), Err(Name)),
        ("taken, whatever the case", entry("", None), request(4, 7, "ANNA"), asker(99, None), Err(NameTaken)),
        ("the founder's name", entry("", None), request(4, 7, "founder"), asker(99, None), Err(NameTaken)),
        ("used by another", entry("", Some(5)), request(4, 7, "bob"), asker(99, None), Err(Used)),
        ("asked again", entry("", Some(4)), request(4, 7, "bob"), asker(99, Some(5)), again),
        (
            "asked again after it expired",
            entry("", Some(4)),
            request(4, 7, ""),
            asker(500, Some(5)),
            Ok(Step::Again(CommitId([5; 32]))),
        ),
        (
            "a crash came before the admission",
            entry("", Some(4)),
            request(4, 7, "bob"),
            asker(500, None),
            admitted("bob"),
        ),
        ("a member by another way", entry("", None), request(3, 7, "new"), asker(99, Some(5)), Err(Member)),
        ("removed before", entry("", None), request(6, 7, "six"), asker(99, None), Err(Removed)),
        ("removed after it joined", entry("", Some(6)), request(6, 7, "six"), asker(99, Some(5)), Err(Removed)),
    ] {
        assert_eq!(decide(entry, &request, &asker), expected, "{case}");
    }
}

#[test]
fn foreign_tickets_keys_and_issuers_without_the_right_are_refused() {
    let unknown = Entry { id: TicketId([2; 16]), ..entry("", None) };
    assert_eq!(decide(unknown, &request(4, 7, "bob"), &asker(1, None)), Err(RefusalKind::Unknown));
    let stolen = JoinRequest { author: key(5).id(), ..request(4, 7, "bob") };
    assert_eq!(decide(entry("", None), &stolen, &asker(1, None)), Err(RefusalKind::Signature));
    let writer = Asker { is_admin: false, ..asker(1, None) };
    assert_eq!(decide(entry("", None), &request(4, 7, "bob"), &writer), Err(RefusalKind::NotAdmin));
}

#[test]
fn a_name_is_made_of_the_key_if_nobody_gives_one() {
    let Ok(Step::Admit { name, .. }) = decide(entry("", None), &request(4, 7, ""), &asker(1, None)) else { panic!() };
    assert_eq!(name, format!("replica-{}", key(4).id().short()));
}

#[test]
fn tickets_are_forgotten_when_they_expired_long_ago_and_bounded_before() {
    let many = |n: usize| Issued { version: 1, entries: vec![entry("", None); n] };
    assert!(many(MAX_ISSUED - 1).make_room(100).is_ok());
    assert!(many(MAX_ISSUED).make_room(100).is_err());
    assert!(many(MAX_ISSUED).make_room(99 + REMEMBERED_MILLIS).is_err());
    let mut old = many(MAX_ISSUED);
    assert!(old.make_room(100 + REMEMBERED_MILLIS).is_ok() && old.entries.is_empty());
}
