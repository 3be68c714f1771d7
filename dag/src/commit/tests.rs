//! Commits: golden bytes, what verifies and what does not, segments.

use super::*;
use crate::author_key::AuthorKey;
use crate::change::{INLINE_BODY, Insert, Marks, TableChanges};
use crate::control::Role;
use crate::hlc::Hlc;
use crate::id::{AuthorId, EntityId, GenesisId, LayoutId, RunId};
use crate::row::Row;
use crate::row_key::Key;
use crate::tip::Tip;
use crate::tree::{MAX_INLINE_VALUE, MemoryNodes, Shape};
use data_encoding::HEXLOWER;
use std::collections::BTreeMap;

fn key() -> AuthorKey {
    AuthorKey::from_seed([9; 32])
}

fn header(seq: u64, prev: Option<CommitId>, kind: CommitKind) -> Header {
    Header {
        prev,
        parents: prev.into_iter().collect(),
        hlc: Hlc::new(1000, 0),
        kind,
        extensions: BTreeMap::from([("user".to_owned(), b"root".to_vec())]),
        ..Header::bare(GenesisId([1; 32]), key().id(), RunId(2), seq)
    }
}

/// One insert of about 100 bytes.
fn changes() -> ChangeSet {
    let row = Row([5; 60].as_slice().into());
    let insert = Insert { key: Key::from(vec![8; 8]), row, marks: Marks::default() };
    let table = TableChanges {
        table: EntityId([3; 32]),
        layout: LayoutId(4),
        clear: false,
        inserts: vec![insert],
        updates: Vec::new(),
        deletes: Vec::new(),
    };
    let guard = ReadGuard::Row { table: EntityId([3; 32]), key: Key::from(vec![1]), row: None };
    ChangeSet { schema: Vec::new(), tables: vec![table], reads: vec![guard] }
}

fn chain(length: u64) -> Vec<Commit> {
    let mut commits: Vec<Commit> = Vec::new();
    for seq in 1..=length {
        let prev = commits.last().map(|commit| commit.id);
        commits.push(Commit::new(header(seq, prev, CommitKind::Data), &changes(), &[]).expect("within limits"));
    }
    commits
}

fn tip_at(commit: &Commit) -> Vec<u8> {
    let tip = Tip {
        version: 1,
        genesis: commit.header.genesis,
        author: commit.header.author,
        run: commit.header.run,
        seq: commit.header.seq,
        commit: commit.id,
        promise: Hlc(0),
        floor: Hlc(0),
        floor_hash: NodeId::ZERO,
        frontier: NodeId::ZERO,
        extensions: BTreeMap::new(),
    };
    tip.sign(&key()).to_bytes()
}

fn verify(bytes: Vec<u8>) -> Result<Checked> {
    Received(bytes.into()).verify()
}

fn segment(commits: &[Commit], tip: &[u8]) -> Result<SegmentCheck> {
    Segment::verify(commits.iter().map(|commit| commit.bytes().clone()).collect(), tip)
}

#[test]
fn a_commit_made_here_verifies_as_itself() {
    let admit = ControlRecord::Admit { author: AuthorId([7; 32]), role: Role::Writer, name: "b".to_owned() };
    for commit in [
        Commit::new(header(1, None, CommitKind::Data), &changes(), &[]),
        Commit::new(header(1, None, CommitKind::Join), &ChangeSet::default(), &[]),
        Commit::new(header(1, None, CommitKind::Control), &ChangeSet::default(), &[admit]),
    ] {
        let commit = commit.expect("within limits");
        assert_eq!(verify(commit.bytes().to_vec()).expect("verifies"), Checked::Commit(commit.clone()));
    }
}

#[test]
fn golden_commit() {
    let commit = chain(1).remove(0);
    assert_eq!(
        HEXLOWER.encode(commit.bytes()),
        "8458a89001582001010101010101010101010101010101010101010101010101010101010101015820fd1724385aa0c75b64fb78cd602fa1d991fdebf76b13c58ed702eac835e9f6180201f6801a03e8000001810183582025b1cc676894e108ce4462b92e55273e3a957196387567c741cdc0c88c273f291876018058209eff0b5f9ccc22aedafa5fca19b15a2f806ec67b27e1b367954f2d9be0a50b1ff600a1647573657244726f6f7458768401008081865820030303030303030303030303030303030303030303030303030303030303030304f48183480808080808080808583c0505050505050505050505050505050505050505050505050505050505050505050505050505050505050505050505050505050505050505050505050080805828818401582003030303030303030303030303030303030303030303030303030303030303034101f640"
    );
    assert_eq!(commit.id.short(), "ltcsheqeto");
}

#[test]
fn no_flipped_bit_verifies_as_the_same_commit() {
    let commit = chain(2).remove(1);
    for at in 0..commit.bytes().len() {
        for bit in 0..8 {
            let mut bytes = commit.bytes().to_vec();
            bytes[at] ^= 1 << bit;
            let id = match verify(bytes) {
                Ok(Checked::Commit(other)) => other.id,
                Ok(Checked::Held(held)) => held.id,
                Err(_) => continue,
            };
            assert_ne!(id, commit.id, "byte {at} bit {bit}");
        }
    }
}

#[test]
fn a_header_of_an_unknown_version_is_held() {
    let commit = chain(1).remove(0);
    let frame = Frame::split(commit.bytes()).expect("a frame");
    let mut bytes = commit.bytes().to_vec();
    assert_eq!(bytes[frame.header.start + 1], 1, "the version stands behind the array's head");
    bytes[frame.header.start + 1] = 2;
    let Ok(Checked::Held(held)) = verify(bytes.clone()) else { panic!("not held") };
    assert_eq!((held.version, &*held.bytes), (2, &bytes[..]));
    assert!(Segment::verify(vec![bytes.clone().into()], &tip_at(&commit)).is_err(), "its tip is at another commit");
    let tip = tip_at(&Commit { id: held.id, ..commit });
    let Ok(SegmentCheck::Unread(unread)) = Segment::verify(vec![bytes.into()], &tip) else { panic!("not kept") };
    assert_eq!((unread.ids, unread.version), (vec![held.id], 2));
}

#[test]
fn a_commit_that_carries_what_its_kind_does_not_is_refused() {
    for (kind, changes, control) in [
        (CommitKind::Join, changes(), vec![]),
        (CommitKind::Control, changes(), vec![]),
        (CommitKind::Data, changes(), vec![ControlRecord::RaiseRules(2)]),
    ] {
        assert!(Commit::new(header(1, None, kind), &changes, &control).is_err(), "{kind:?}");
        let forced =
            Commit::assemble(header(1, None, kind), &Prepared::inline(&Arc::new(changes)).expect("sorted"), &control)
                .expect("within limits");
        assert!(verify(forced.bytes().to_vec()).is_err(), "{kind:?}");
    }
}

#[test]
fn changes_in_trees_are_gathered_again() {
    let changes = changes();
    let mut nodes = MemoryNodes::default();
    let shape = Shape::new([1; 32]);
    let commit = Commit::in_trees(header(1, None, CommitKind::Data), &changes, &[], &shape, &mut nodes).expect("fits");
    assert_eq!(verify(commit.bytes().to_vec()).expect("verifies"), Checked::Commit(commit.clone()));
    assert_eq!((commit.changes(), commit.header.changes), (None, 1));
    let trees = Trees::new(Arc::new(nodes), shape.clone(), 1 << 20);
    assert_eq!(commit.gather(&trees).expect("all nodes are there"), changes);
    let empty = Trees::new(Arc::new(MemoryNodes::default()), shape, 1 << 20);
    assert!(commit.gather(&empty).is_err());
}

/// One insert whose body has exactly so many bytes.
fn sized(body: usize, inserts: usize) -> Arc<ChangeSet> {
    let mut changes = ChangeSet { reads: Vec::new(), ..changes() };
    let insert = changes.tables[0].inserts[0].clone();
    let with = |length: usize, changes: &mut ChangeSet| {
        let each = |n: usize| (if n == 0 { length } else { 9_000 }).max(1);
        let row = |n| Row(vec![5; each(n)].into());
        changes.tables[0].inserts =
            (0..inserts).map(|n| Insert { key: Key::from(vec![n as u8]), row: row(n), ..insert.clone() }).collect();
        changes.encode_body().expect("sorted").len()
    };
    let rest = with(9_000, &mut changes) - 9_000;
    assert_eq!(with(body - rest, &mut changes), body);
    Arc::new(changes)
}

#[test]
fn a_body_has_the_one_form_that_its_size_gives_it() {
    let shape = Shape::new([1; 32]);
    let form = |changes: &Arc<ChangeSet>| {
        let prepared = Prepared::of(changes, &shape, &mut MemoryNodes::default()).expect("sorted");
        let commit = Commit::place(header(1, None, CommitKind::Data), &prepared, &[]).expect("fits");
        assert!(matches!(verify(commit.bytes().to_vec()), Ok(Checked::Commit(_))));
        assert_eq!(commit.changes().is_some(), Commit::new(header(1, None, CommitKind::Data), changes, &[]).is_ok());
        commit.changes().is_some()
    };
    assert!(form(&sized(INLINE_BODY, 7)), "at the limit it is inline");
    assert!(!form(&sized(INLINE_BODY + 1, 7)), "one byte more is in trees");
    let mut value = ChangeSet::clone(&sized(17_000, 1));
    let marks = 5;
    for (row, inline) in [(MAX_INLINE_VALUE - marks, true), (MAX_INLINE_VALUE - marks + 1, false)] {
        value.tables[0].inserts[0].row = Row(vec![5; row].into());
        assert_eq!(form(&Arc::new(value.clone())), inline, "a value of {row} bytes and its marks");
    }
}

#[test]
fn large_changes_inline_are_refused_wherever_they_come_from() {
    let changes = sized(INLINE_BODY + 1, 7);
    let forced = Prepared::inline(&changes).expect("sorted");
    let commit = Commit::place(header(1, None, CommitKind::Data), &forced, &[]).expect("assembled");
    assert!(verify(commit.bytes().to_vec()).is_err());
}

/// A commit whose header has exactly so many bytes.
fn with_header(bytes: usize, seq: u64, prev: Option<CommitId>) -> Result<Commit> {
    let with = |note: usize| {
        let mut header = header(seq, prev, CommitKind::Data);
        header.extensions = BTreeMap::from([("note".to_owned(), vec![0; note])]);
        Commit::new(header, &changes(), &[])
    };
    // Up to 65,535 the note's length takes two bytes.
    let beside = with(1_000)?.header_length() - 1_000;
    with(bytes - beside)
}

#[test]
fn limits_hold_at_the_limit_and_not_one_past() {
    let with = |change: &dyn Fn(&mut Header)| {
        let mut header = header(1, None, CommitKind::Data);
        change(&mut header);
        Commit::new(header, &changes(), &[])
    };
    let parents = |count: usize| (0..count).map(|n| CommitId([n as u8; 32])).collect();
    let named = |length: usize| BTreeMap::from([("n".repeat(length), Vec::new())]);
    type Case<'a> = (usize, &'a dyn Fn(usize) -> Result<Commit>);
    let cases: [Case<'_>; 3] = [
        (MAX_PARENTS, &|n| with(&|h| h.parents = parents(n))),
        (MAX_EXTENSION_NAME, &|n| with(&|h| h.extensions = named(n))),
        (MAX_HEADER, &|n| with_header(n, 1, None)),
    ];
    for (limit, commit) in cases {
        assert!(matches!(verify(commit(limit).expect("fits").bytes().to_vec()), Ok(Checked::Commit(_))), "{limit}");
        assert!(commit(limit + 1).is_err(), "{limit} and one");
    }
    assert_eq!(with_header(MAX_HEADER, 1, None).expect("fits").header_length(), MAX_HEADER);
    // 128 MiB are not made for this: the parts' lengths decide.
    let contents = |n: usize| {
        check_limits(
            &header(1, None, CommitKind::Data),
            &Frame { header: 0..9, body: 0..n - 3, reads: 0..2, control: 0..1 },
        )
    };
    assert!(contents(MAX_BODY).is_ok());
    assert!(contents(MAX_BODY + 1).is_err());
}

#[test]
fn a_segment_has_at_most_so_many_commits_and_bytes_of_headers() {
    let long = |length: usize| {
        let mut commits: Vec<Commit> = Vec::new();
        for seq in 1..=length as u64 {
            commits.push(with_header(MAX_HEADER, seq, commits.last().map(|commit| commit.id)).expect("fits"));
        }
        commits
    };
    let most = MAX_SEGMENT_HEADERS / MAX_HEADER;
    for (what, at, past) in [
        ("commits", chain(MAX_SEGMENT_COMMITS as u64), chain(MAX_SEGMENT_COMMITS as u64 + 1)),
        ("bytes of headers", long(most), long(most + 1)),
    ] {
        let verified = |commits: &[Commit]| segment(commits, &tip_at(commits.last().expect("some")));
        assert!(verified(&at).is_ok(), "{what} at the limit");
        assert!(matches!(verified(&past), Err(Error::Limit { .. })), "{what} past it");
    }
}

#[test]
fn a_segment_holds_by_its_links_and_its_tip() {
    let commits = chain(5);
    let tip = tip_at(&commits[4]);
    let verified = segment(&commits, &tip).expect("verifies");
    assert!(matches!(&verified, SegmentCheck::Verified(segment) if segment.commits.len() == 5));
    assert!(segment(&commits[2..], &tip).is_ok(), "a segment may begin anywhere in the chain");
    let gap = [&commits[..2], &commits[3..]].concat();
    let short_tip = tip_at(&commits[3]);
    let mut forged = tip.clone();
    *forged.last_mut().expect("bytes") ^= 1;
    for (what, commits, tip) in [
        ("none", &commits[..0], &tip),
        ("a gap", &gap[..], &tip),
        ("a tip before the last", &commits[..], &short_tip),
        ("a tip after the last", &commits[..4], &tip),
        ("a forged signature", &commits[..], &forged),
    ] {
        assert!(segment(commits, tip).is_err(), "{what}");
    }
}
