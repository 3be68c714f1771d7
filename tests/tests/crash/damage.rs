//! Damage is not a torn tail: a bad byte in what was once synced stops the start, and says where it is.

use super::workload::{COMMITS, check, open, write};
use dag::disk::{Disk, Image, Tear};
use dag::store::StoreError;

fn last_segment(disk: &Image) -> String {
    let last = disk.list("log").unwrap().into_iter().filter(|name| name.ends_with(".seg")).max().unwrap();
    format!("log/{last}")
}

#[test]
fn a_damaged_middle_stops_the_start_and_changes_nothing() {
    let pristine = Image::default();
    write(&pristine, 0);
    let (log, _) = open(&pristine).unwrap();
    log.close().unwrap();
    let name = last_segment(&pristine);
    for offset in (0..log.end().offset - 60).step_by(11) {
        let disk = pristine.after_power_cut(Tear::Kept);
        disk.damage(&name, offset, 0x10);
        let refusal = open(&disk).map(|_| ()).unwrap_err();
        let StoreError::Damaged { file, offset: found, .. } = &refusal else { panic!("{refusal}") };
        assert!(*file == name && *found <= offset, "byte {offset} of {name}: {refusal}");
        assert!(refusal.to_string().contains("clone the database from a peer"), "{refusal}");
        assert_eq!(disk.operations(), 0, "a refused start wrote something");
        disk.damage(&name, offset, 0x10);
        check(&disk, COMMITS);
    }
}

#[test]
fn the_last_batch_torn_by_hand_is_cut_and_reported() {
    let disk = Image::default();
    write(&disk, 0);
    let (log, _) = open(&disk).unwrap();
    let (end, name) = (log.end().offset, last_segment(&disk));
    drop(log);
    disk.open(&name).unwrap().set_length(end - 1).unwrap();
    let (_, recovery) = open(&disk).unwrap();
    let (file, offset) = recovery.cut.unwrap();
    assert!(file == name && offset < end, "{file} {offset}");
    assert_eq!(check(&disk, COMMITS - 4), COMMITS - 4);
}
