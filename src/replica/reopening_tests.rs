//! Opening a folder again: whatever was cut, made void or left above a checkpoint before.

use super::fixture::{Link, Peer};
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
