//! The run that is crashed, and what must be true of any disk it leaves behind.

use dag::disk::Image;
use dag::store::{Kind, Log, Options, Record, Recovery, StoreError};
use std::ops::ControlFlow;
use std::sync::Arc;

/// Commits of a whole run.
pub const COMMITS: u64 = 200;
/// Commits in one batch, as a group commit would take them.
const BATCH: u64 = 4;

/// Small segments, so that the run crosses several.
fn options() -> Options {
    Options { segment_bytes: 24_000, reserve_bytes: 9_000 }
}

/// Opens the log on a disk image.
pub fn open(disk: &Image) -> Result<(Log, Recovery), StoreError> {
    Log::open(Arc::new(disk.clone()), options())
}

/// Commit `number`: up to 1,400 bytes, so that some fit a sector and some take three.
pub fn commit(number: u64) -> Record {
    let bytes: Vec<u8> = (0..(number * 97) % 1400).map(|at| (at + number) as u8).collect();
    Record::new(Kind::COMMIT, id(number), bytes)
}

fn id(number: u64) -> [u8; 32] {
    let mut id = [0; 32];
    id.chunks_mut(8).for_each(|part| part.copy_from_slice(&number.wrapping_mul(0x9E37_79B9_7F4A_7C15).to_le_bytes()));
    id
}

/// Writes commits `from..COMMITS` until something fails; answers how many of all commits are acknowledged.
pub fn write(disk: &Image, from: u64) -> u64 {
    let Ok((log, _)) = open(disk) else { return from };
    let mut acknowledged = from;
    while acknowledged < COMMITS {
        let next = (acknowledged + BATCH).min(COMMITS);
        let head = Record::named("head", next.to_le_bytes());
        let batch: Vec<_> = (acknowledged..next).map(commit).chain([head]).collect();
        if log.append_batch(&batch).is_err() {
            // Poisoned: whatever is tried now must fail, or a later answer would promise too much.
            assert!(log.append_batch(&[commit(0)]).is_err(), "the log went on after a failed write");
            break;
        }
        acknowledged = next;
    }
    acknowledged
}

/// Checks a disk after a crash: the commits there are the first so many, whole, at least those acknowledged, and all
/// ways of reading agree. Answers how many there are.
pub fn check(disk: &Image, acknowledged: u64) -> u64 {
    let (log, _) = open(disk).unwrap_or_else(|e| panic!("the log does not open: {e}"));
    let mut scanned = Vec::new();
    log.scan(dag::store::Position::START, &mut |entry| {
        if entry.kind == Kind::COMMIT {
            scanned.push(Record::new(entry.kind, *entry.id, entry.bytes));
        }
        ControlFlow::Continue(())
    })
    .unwrap();
    let present = scanned.len() as u64;
    assert!(present >= acknowledged, "{acknowledged} commits were acknowledged, {present} are there");
    assert_eq!(scanned, (0..present).map(commit).collect::<Vec<_>>(), "what is there is not what was written");
    assert!(present.is_multiple_of(BATCH), "a part of a batch is visible");
    let head = log.named("head").unwrap().map_or(0, |bytes| u64::from_le_bytes(bytes[..].try_into().unwrap()));
    assert_eq!(head, present, "the name does not point to the last batch");
    for number in 0..COMMITS {
        let expected = (number < present).then(|| commit(number).bytes);
        assert_eq!(log.get(Kind::COMMIT, &id(number)).unwrap(), expected, "commit {number}");
    }
    present
}
