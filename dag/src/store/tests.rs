//! The log on a good disk: what goes in comes out, across segments and restarts; damage is named.

use super::*;
use crate::disk::{Disk, Files, Image};
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;

/// Segments of 4 KiB: a few dozen records fill one.
fn options() -> Options {
    Options { segment_bytes: 4096, reserve_bytes: 1000 }
}

fn open(disk: &Image) -> Result<(Log, Recovery), StoreError> {
    Log::open(Arc::new(disk.clone()), options())
}

fn record(number: u64) -> Record {
    let id = *blake3::hash(&number.to_le_bytes()).as_bytes();
    Record::new(Kind::COMMIT, id, vec![number as u8; (number as usize * 37) % 300])
}

/// 200 records in batches of 1, 2, 3, 1 ...
fn filled(disk: &Image) -> Log {
    let (log, _) = open(disk).unwrap();
    let mut number = 0;
    for size in (1..=3).cycle() {
        let batch: Vec<_> =
            (number..number + size).map(record).chain([Record::named("last", [number as u8])]).collect();
        log.append_batch(&batch).unwrap();
        number += size;
        if number >= 200 {
            break;
        }
    }
    log
}

fn scanned(log: &Log, from: Position) -> Vec<(Position, [u8; 32])> {
    let mut seen = Vec::new();
    log.scan(from, &mut |entry| {
        if entry.kind == Kind::COMMIT {
            seen.push((entry.position, *entry.id));
        }
        ControlFlow::Continue(())
    })
    .unwrap();
    seen
}

#[test]
fn everything_is_found_before_and_after_a_restart() {
    let disk = Image::default();
    let written = filled(&disk);
    let (reopened, recovery) = open(&disk).unwrap();
    assert_eq!(recovery, Recovery::default());
    assert!(written.end().segment > 4, "the test must cross segments: {:?}", written.end());
    for log in [&written, &reopened] {
        for number in 0..200 {
            let Record { kind, id, bytes } = record(number);
            assert_eq!(log.get(kind, &id).unwrap(), Some(bytes));
        }
        assert!(!log.has(Kind::TIP, &record(3).id).unwrap() && !log.has(Kind::COMMIT, &[9; 32]).unwrap());
        assert_eq!(log.named("last").unwrap().as_deref(), Some(&[199][..]));
        assert_eq!(log.named("first").unwrap(), None);
        let ids: Vec<_> = scanned(log, Position::START).into_iter().map(|(_, id)| id).collect();
        assert_eq!(ids[..200], (0..200).map(|n| record(n).id).collect::<Vec<_>>());
    }
    assert_eq!(written.end(), reopened.end());
}

#[test]
fn a_scan_goes_on_from_any_position_it_gave_and_sees_later_writes() {
    let disk = Image::default();
    let log = filled(&disk);
    let all = scanned(&log, Position::START);
    for (index, (position, _)) in all.iter().enumerate() {
        assert_eq!(Position::from_bytes(position.to_bytes()), *position);
        assert_eq!(scanned(&log, *position), all[index..]);
    }
    let end = log.end();
    assert_eq!(scanned(&log, end), []);
    log.append_batch(&[record(1000)]).unwrap();
    assert_eq!(scanned(&log, end).len(), 1);
}

#[test]
fn a_lost_or_broken_index_is_made_again() {
    for harm in 0..3_u64 {
        let disk = Image::default();
        drop(filled(&disk));
        match harm {
            0 => disk.remove("log/0000000002.idx").unwrap(),
            1 => disk.damage("log/0000000002.idx", 50, 1),
            _ => disk.open("log/0000000002.idx").unwrap().set_length(100).unwrap(),
        }
        let (log, recovery) = open(&disk).unwrap();
        assert_eq!(recovery.indexes_rebuilt, 1);
        assert!((0..200).all(|number| log.has(Kind::COMMIT, &record(number).id).unwrap()));
    }
}

#[test]
fn damage_is_named_by_file_and_offset_wherever_it_is() {
    let pristine = Image::default();
    let log = filled(&pristine);
    log.close().unwrap();
    let last = log.end();
    let name = format!("log/{:010}.seg", last.segment);
    for offset in 0..last.offset - 60 {
        let disk = pristine.after_power_cut(crate::disk::Tear::Kept);
        disk.damage(&name, offset, 4);
        let refusal = open(&disk).err().map(|e| e.to_string()).unwrap_or_default();
        assert!(refusal.contains(&format!("{name} is damaged at offset ")), "offset {offset}: {refusal:?}");
    }
    let disk = pristine.after_power_cut(crate::disk::Tear::Kept);
    disk.damage("log/0000000001.seg", 100, 4);
    let (log, _) = open(&disk).unwrap();
    let harm = log.scan(Position::START, &mut |_| ControlFlow::Continue(())).unwrap_err().to_string();
    assert!(harm.starts_with("log/0000000001.seg is damaged at offset "), "{harm}");
    disk.remove("log/0000000002.seg").unwrap();
    assert!(open(&disk).err().unwrap().to_string().starts_with("log/0000000002.seg is missing"));
}

#[test]
fn the_committer_answers_each_of_many_writers_once_its_records_are_there() {
    let folder = tempfile::tempdir().unwrap();
    let disk = Arc::new(Files::open(folder.path()).unwrap());
    let log = Arc::new(Log::open(disk.clone(), options()).unwrap().0);
    let committer = Committer::start(log.clone(), Limits { requests: 4, bytes: 1000 }).unwrap();
    std::thread::scope(|scope| {
        for writer in 0..8 {
            let (log, committer) = (&log, &committer);
            scope.spawn(move || {
                for number in 0..50 {
                    let mine = record(writer * 1000 + number);
                    committer.submit(vec![mine.clone()]).wait_blocking().unwrap();
                    assert_eq!(log.get(mine.kind, &mine.id).unwrap(), Some(mine.bytes));
                }
            });
        }
    });
    drop(committer);
    let (log, recovery) = Log::open(disk, options()).unwrap();
    assert_eq!(recovery, Recovery::default());
    let counts = scanned(&log, Position::START).into_iter().fold(BTreeMap::new(), |mut counts, (_, id)| {
        *counts.entry(id).or_insert(0) += 1;
        counts
    });
    assert_eq!((counts.len(), counts.values().max()), (400, Some(&1)));
}

#[test]
fn an_oversized_record_is_refused_and_harms_no_one() {
    let place = record::Place { segment: 0, offset: 0 };
    let at_most = record::write_head(&mut Vec::new(), place, Kind::VALUE, &[1; 32], &vec![0; MAX_RECORD]);
    assert!(at_most.is_ok(), "{at_most:?}");
    let disk = Image::default();
    let log = Arc::new(open(&disk).unwrap().0);
    let committer = Committer::start(log, Limits::default()).unwrap();
    let huge = Record::new(Kind::VALUE, [1; 32], vec![0; MAX_RECORD + 1]);
    let refused = committer.submit(vec![huge]).wait_blocking();
    assert!(matches!(refused, Err(StoreError::TooLarge { .. })), "{refused:?}");
    committer.submit(vec![record(1)]).wait_blocking().unwrap();
}
