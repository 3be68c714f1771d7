//! Opening a folder again: whatever was cut, made void or left above a checkpoint before.

use super::fixture::{Link, Peer, header_of};
use super::linearizing;
use super::report::Report;

/// A replica was killed and came back, cut a checkpoint that left newer commits above it, was killed and came back once
/// more: it had noted the end of the log as the place of those commits and did not find them again. Its main lacked
/// them until a late commit made it read the whole log, and their parents were listed as heads ever after.
#[test]
fn what_stands_above_a_checkpoint_is_found_at_every_opening() {
    let mut peer = Peer::founder_of_short_epochs(3);
    for _ in 0..4 {
        peer.write_one_by_one(3);
        peer.write_over_an_epochs_end();
        peer.restart();
        let before = peer.main();
        peer.replica().linearize().unwrap();
        assert!(peer.local().latch().linearizer.outcomes().count() > 0, "the newest stay above");
        peer.restart();
        assert_eq!(peer.main(), before);
    }
}

// The founder's checkpoint through all it had becomes void by a commit from before; the next place where peers cut
// lies below the void one, and commits between the two have left memory.
#[test]
fn no_cut_comes_between_commits_that_left_memory() {
    let mut founder = Peer::founder_of_short_epochs(3);
    let other = founder.newcomer(1_000);
    Link::default().pull(&other, &founder);
    other.write_one_by_one(1);
    founder.write_one_by_one(6);
    assert!(linearizing::cut_now(founder.local()).unwrap().new);
    assert!(Link::default().pull(&founder, &other) > 0, "late");
    let before = founder.main();
    founder.replica().linearize().unwrap();
    founder.restart();
    assert_eq!(founder.main(), before);
    Link::default().pull(&other, &founder);
    assert_eq!(other.main(), founder.main());
}

/// A commit is published before the disk has it; whoever listed heads just then was told to ask again.
#[test]
fn heads_are_listed_while_the_newest_is_being_written() {
    let peer = Peer::founder(1_000);
    let local = peer.local();
    for _ in 0..20 {
        let committed = local.write(&mut local.latch(), &local.joining()).unwrap();
        let heads = local.heads().unwrap();
        assert_eq!(heads.iter().map(|head| head.id).collect::<Vec<_>>(), [committed.id]);
        assert!(committed.durable.answer().is_some(), "listed once it is written");
    }
}

// A member's folder is restored from a backup that lacks its last three commits (run 1: lost), and writes on (run 2).
// The lost ones come back from the founder, behind run 2 in the log:
//
//   before --+-- lost -- lost -- lost      run 1
//            +-- since                     run 2, then run 3
#[test]
fn the_last_own_commit_is_the_last_in_the_order_not_in_the_log() {
    for signed in [true, false] {
        let founder = Peer::founder(1_000);
        let mut member = founder.newcomer(1_000);
        Link::default().pull(&member, &founder);
        member.write_one_by_one(1);
        let mut restored = member.restored();
        member.write_one_by_one(3);
        assert_eq!(Link::default().pull(&founder, &member), 4);
        drop(member);
        restored.start();
        let since = restored.control(&[]);
        if signed {
            restored.announcement();
        }
        assert_eq!(Link::default().pull(&restored, &founder), 3, "the lost ones come back");
        // As after kill -9: what is unsigned stays so until the next start.
        restored.crash();
        assert_eq!(restored.local().latch().prev, Some(since), "signed: {signed}");
        let next = restored.control(&[]);
        assert_eq!(header_of(&restored, next).prev, Some(since));
        let mut link = Link::default();
        assert_eq!((link.pull(&founder, &restored), &link.faults[..]), (2, &[][..]), "signed: {signed}");
        assert_eq!(founder.main(), restored.main());
        assert!(founder.held().is_empty() && restored.held().is_empty());
    }
}
