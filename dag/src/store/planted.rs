//! Does the crash test catch bugs? Three are planted in the log, and each must be found.

use super::scan::Strictness;
use super::*;
use crate::disk::{Fault, Image, Tear};
use std::sync::Arc;

/// Small segments, so that the run crosses some.
const OPTIONS: Options = Options { segment_bytes: 6000, reserve_bytes: 2000 };
const BATCHES: u64 = 12;
/// Tears tried at each operation.
const TEARS: [Tear; 5] = [Tear::Lost, Tear::Kept, Tear::Torn(1), Tear::Torn(2), Tear::Torn(3)];

/// A batch of two records of two sectors each, so that tearing can take any part of it.
fn batch(number: u64) -> [Record; 2] {
    [0, 1].map(|half| Record::new(Kind::COMMIT, [(2 * number + half) as u8; 32], vec![number as u8 + 1; 900]))
}

fn write(disk: &Image, strictness: Strictness) -> u64 {
    let Ok((log, _)) = Log::open_with(Arc::new(disk.clone()), OPTIONS, strictness) else { return 0 };
    (0..BATCHES).take_while(|number| log.append_batch(&batch(*number)).is_ok()).count() as u64
}

/// What is wrong after a crash, in the reader's eyes.
fn fault_found(disk: &Image, acknowledged: u64, strictness: Strictness) -> Option<&'static str> {
    let Ok((log, _)) = Log::open_with(Arc::new(disk.clone()), OPTIONS, strictness) else {
        return Some("it does not open");
    };
    for number in 0..BATCHES {
        let found = batch(number).map(|record| (log.get(record.kind, &record.id), record.bytes));
        let present = found.iter().filter(|(found, _)| !matches!(found, Ok(None))).count();
        if present < 2 && number < acknowledged {
            return Some("an acknowledged batch is lost");
        }
        if present == 1 {
            return Some("half a batch is visible");
        }
        if present == 2 && found.iter().any(|(found, bytes)| !matches!(found, Ok(Some(b)) if b == bytes)) {
            return Some("torn bytes are visible");
        }
    }
    None
}

/// Cuts the power at every operation of the run and reports the first fault that shows.
fn crash_everywhere(strictness: Strictness) -> Option<&'static str> {
    let whole = Image::default();
    assert_eq!(write(&whole, strictness), BATCHES);
    (0..whole.operations()).find_map(|at| {
        let disk = Image::default();
        disk.strike(at, Fault::PowerCut);
        let acknowledged = write(&disk, strictness);
        TEARS.iter().find_map(|tear| fault_found(&disk.after_power_cut(*tear), acknowledged, strictness))
    })
}

#[test]
fn each_planted_bug_is_caught_and_the_true_code_is_clean() {
    let full = Strictness::FULL;
    let cases = [
        ("none", full, None),
        ("acknowledged before the sync", Strictness { syncs: false, ..full }, Some("an acknowledged batch is lost")),
        ("torn tail not cut", Strictness { cuts_tails: false, ..full }, Some("half a batch is visible")),
        ("checksum not checked", Strictness { checks_sums: false, ..full }, Some("torn bytes are visible")),
    ];
    for (planted, strictness, caught) in cases {
        assert_eq!(crash_everywhere(strictness), caught, "planted: {planted}");
    }
}
