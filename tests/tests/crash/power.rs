//! Power cuts: at every operation of the run, and again at every operation of the recovery that follows.

use super::workload::{COMMITS, check, open, write};
use dag::disk::{Fault, Image, Tear};

/// What a cut may leave; the torn ones draw their sectors anew at each operation.
fn tears(at: u64) -> [Tear; 5] {
    [Tear::Lost, Tear::Kept, Tear::Torn(3 * at), Tear::Torn(3 * at + 1), Tear::Torn(3 * at + 2)]
}

fn crashed(at: u64) -> (Image, u64) {
    let disk = Image::default();
    disk.strike(at, Fault::PowerCut);
    let acknowledged = write(&disk, 0);
    (disk, acknowledged)
}

fn operations() -> u64 {
    let disk = Image::default();
    assert_eq!(write(&disk, 0), COMMITS);
    disk.operations()
}

#[test]
fn a_power_cut_at_any_operation_loses_nothing_acknowledged() {
    for at in 0..operations() {
        let (disk, acknowledged) = crashed(at);
        for tear in tears(at) {
            let after = disk.after_power_cut(tear);
            let present = check(&after, acknowledged);
            // And the log goes on from there, to the same end as if nothing had happened.
            if matches!(tear, Tear::Torn(_)) && at % 7 == 0 {
                assert_eq!(write(&after, present), COMMITS);
                assert_eq!(check(&after, COMMITS), COMMITS);
            }
        }
    }
}

#[test]
fn a_second_power_cut_during_recovery_loses_nothing_either() {
    let mut interrupted = 0;
    for at in 0..operations() {
        let (disk, acknowledged) = crashed(at);
        let tear = Tear::Torn(at);
        let whole = disk.after_power_cut(tear);
        drop(open(&whole));
        for again in 0..whole.operations() {
            let recovering = disk.after_power_cut(tear);
            recovering.strike(again, Fault::PowerCut);
            assert!(open(&recovering).is_err(), "the power went at {at} and {again}, yet the log opened");
            interrupted += 1;
            for second in tears(again) {
                check(&recovering.after_power_cut(second), acknowledged);
            }
        }
    }
    assert!(interrupted > 50, "only {interrupted} recoveries wrote anything: the test has lost its subject");
}
