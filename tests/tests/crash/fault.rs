//! A full disk and a failing disk, at every operation of the run: nothing is acknowledged from then on, and a restart
//! finds everything that was.

use super::workload::{COMMITS, check, open, write};
use dag::disk::{Fault, Image, Tear};
use dag::store::StoreError;

fn strike_everywhere(fault: Fault) -> u64 {
    let whole = Image::default();
    assert_eq!(write(&whole, 0), COMMITS);
    let mut refused = 0;
    for at in 0..whole.operations() {
        let disk = Image::default();
        disk.strike(at, fault);
        let acknowledged = write(&disk, 0);
        refused += u64::from(acknowledged < COMMITS);
        // The process ends and starts again, with and without the machine losing power on the way.
        for tear in [Tear::Lost, Tear::Torn(at)] {
            check(&disk.after_power_cut(tear), acknowledged);
        }
        // Or goes on without: what a failed sync dropped is still readable now, and gone once the power goes.
        let present = check(&disk, acknowledged);
        assert_eq!(write(&disk, present), COMMITS);
        check(&disk.after_power_cut(Tear::Lost), COMMITS);
    }
    refused
}

#[test]
fn a_full_disk_at_any_operation_loses_nothing_acknowledged() {
    assert!(strike_everywhere(Fault::Full) > 100);
}

#[test]
fn an_input_output_error_at_any_operation_loses_nothing_acknowledged() {
    assert!(strike_everywhere(Fault::Broken) > 100);
}

#[test]
fn a_disk_that_lies_about_syncs_is_seen_by_this_test() {
    let disk = Image::default();
    disk.strike(20, Fault::LyingSync);
    let acknowledged = write(&disk, 0);
    assert_eq!(acknowledged, COMMITS);
    let after = disk.after_power_cut(Tear::Lost);
    assert!(std::panic::catch_unwind(|| check(&after, acknowledged)).is_err());
}

#[test]
fn a_full_disk_says_what_to_do() {
    let disk = Image::default();
    let (log, _) = open(&disk).unwrap();
    // The reservation comes first and is only a hint, then the write.
    disk.strike(disk.operations() + 1, Fault::Full);
    let first = log.append_batch(&[super::workload::commit(1)]).unwrap_err();
    assert!(matches!(first, StoreError::Full { .. }), "{first}");
    assert!(first.to_string().contains("free some space and start again"), "{first}");
    let later = log.append_batch(&[super::workload::commit(2)]).unwrap_err().to_string();
    assert!(later.contains("takes no more writes since an earlier failure (cannot write log/"), "{later}");
}
