//! What the store and the trees do on this machine: `cargo run --release -p dag --example store_figures [folder]`.
//!
//! Prints commits a second for 1 and 64 writers beside the disk's own sync, opening a log of a million commits, and
//! building, reading and editing a tree of a million rows. Writes about 1 GB into the folder (default: a temporary
//! one in the working directory) and removes it.

#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a program that prints figures and may stop at an error")]

use dag::clock::{Clock, System};
use dag::disk::{Disk, Files};
use dag::store::{Committer, Kind, Limits, Log, Options, Position, Record, TreeStore};
use dag::tree::{Builder, Direction, Shape, Tree, Trees};
use std::ops::{Bound, ControlFlow};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// How long each rate is measured.
const MEASURE: Duration = Duration::from_secs(2);
const MILLION: u64 = 1_000_000;

fn main() {
    let parent = std::env::args().nth(1).unwrap_or_else(|| ".".into());
    let folder = tempfile::tempdir_in(parent).unwrap();
    let disk: Arc<dyn Disk> = Arc::new(Files::open(folder.path()).unwrap());
    let clock = System::new();
    bare_sync(&clock, &disk);
    [1, 8, 64].into_iter().for_each(|writers| group_commit(&clock, &disk, writers));
    million_commits(&clock, &disk);
    million_rows(&clock, &disk);
}

fn timed<T>(clock: &System, act: impl FnOnce() -> T) -> (T, f64) {
    let start = clock.monotonic();
    let result = act();
    (result, (clock.monotonic() - start).as_secs_f64())
}

fn bare_sync(clock: &System, disk: &Arc<dyn Disk>) {
    let file = disk.open("bare/file").unwrap();
    file.reserve(64 << 20).unwrap();
    let (count, seconds) = timed(clock, || {
        let (start, mut count) = (clock.monotonic(), 0);
        while clock.monotonic() - start < MEASURE {
            file.write_at(count * 400, &[1; 400]).unwrap();
            file.sync().unwrap();
            count += 1;
        }
        count
    });
    println!("bare write and sync: {:.0}/s, {:.1} us each", count as f64 / seconds, seconds * 1e6 / count as f64);
}

fn commit(number: u64) -> Record {
    let id = *blake3::hash(&number.to_le_bytes()).as_bytes();
    Record::new(Kind::COMMIT, id, vec![number as u8; 300])
}

fn group_commit(clock: &System, disk: &Arc<dyn Disk>, writers: u64) {
    let log = Arc::new(Log::open(disk.clone(), Options::default()).unwrap().0);
    let committer = Committer::start(log, Limits::default()).unwrap();
    let done = AtomicU64::new(0);
    let (_, seconds) = timed(clock, || {
        let start = clock.monotonic();
        std::thread::scope(|scope| {
            for writer in 0..writers {
                let (committer, done) = (&committer, &done);
                scope.spawn(move || {
                    let mut number = writer << 32;
                    while clock.monotonic() - start < MEASURE {
                        committer.submit(vec![commit(number)]).wait_blocking().unwrap();
                        number += 1;
                    }
                    done.fetch_add(number - (writer << 32), Ordering::Relaxed);
                });
            }
        });
    });
    println!("{writers} writers, durable: {:.0} commits/s", done.into_inner() as f64 / seconds);
}

fn million_commits(clock: &System, disk: &Arc<dyn Disk>) {
    let log = Log::open(disk.clone(), Options::default()).unwrap().0;
    let (_, seconds) = timed(clock, || {
        for batch in 0..MILLION / 1000 {
            let records: Vec<_> = (0..1000).map(|n| commit((1 << 50) + batch * 1000 + n)).collect();
            log.append_batch(&records).unwrap();
        }
    });
    println!("batches of 1,000, durable: {:.0} commits/s", MILLION as f64 / seconds);
    drop(log);
    let ((log, _), seconds) = timed(clock, || Log::open(disk.clone(), Options::default()).unwrap());
    println!("opening {} segments: {:.0} ms", log.end().segment, seconds * 1e3);
    let (_, seconds) = timed(clock, || {
        for number in 0..100_000 {
            let wanted = commit((1 << 50) + (number * 7919) % MILLION);
            assert!(log.get(wanted.kind, &wanted.id).unwrap().is_some());
        }
    });
    println!("get by id, all segments: {:.2} us", seconds * 1e6 / 1e5);
    let (_, seconds) =
        timed(clock, || (0..100_000).for_each(|n| assert!(!log.has(Kind::COMMIT, &commit((3 << 50) + n).id).unwrap())));
    println!("id that is not there: {:.2} us", seconds * 1e6 / 1e5);
    let (mut records, mut bytes) = (0_u64, 0);
    let (_, seconds) = timed(clock, || {
        log.scan(Position::START, &mut |entry| {
            records += 1;
            bytes += entry.bytes.len();
            ControlFlow::Continue(())
        })
        .unwrap()
    });
    println!("scan: {:.1} M records/s, {:.2} GB/s", records as f64 / seconds / 1e6, bytes as f64 / seconds / 1e9);
}

fn key(number: u64) -> [u8; 16] {
    let mut key = [0; 16];
    key[..8].copy_from_slice(&number.to_be_bytes());
    key
}

fn million_rows(clock: &System, disk: &Arc<dyn Disk>) {
    let store = Arc::new(TreeStore::open(disk.clone()).unwrap().0);
    let trees = Trees::new(store.clone(), Shape::new([1; 32]), 600 << 20);
    let (tree, seconds) = timed(clock, || {
        let mut writer = store.write().unwrap();
        let mut builder = Builder::new(trees.shape(), &mut writer);
        (0..MILLION).for_each(|number| builder.push(&key(number), &[number as u8; 184]).unwrap());
        let tree = builder.finish().unwrap();
        writer.finish().unwrap();
        tree
    });
    println!("tree, build and sync: {:.2} M rows/s", MILLION as f64 / seconds / 1e6);
    for pass in ["cold", "cached"] {
        let (_, seconds) = timed(clock, || scan(&trees, tree));
        println!("tree, scan {pass}: {:.1} M rows/s", MILLION as f64 / seconds / 1e6);
    }
    let (_, seconds) = timed(clock, || {
        for number in 0..MILLION {
            assert!(trees.get(tree, &key(number * 7919 % MILLION)).unwrap().is_some());
        }
    });
    println!("tree, get cached: {:.2} us", seconds * 1e6 / MILLION as f64);
    for batch in [1, 100, 10_000_u64] {
        let edits: std::collections::BTreeSet<u64> = (0..batch).map(|n| (n + 1) * 7_919_993 % MILLION).collect();
        let (_, seconds) = timed(clock, || {
            let mut writer = store.write().unwrap();
            trees.apply(tree, edits.into_iter().map(|n| (key(n), Some([7; 184]))), &mut writer).unwrap();
            writer.finish().unwrap();
        });
        println!("tree, checkpoint of {batch} edits, synced: {:.1} us an edit", seconds * 1e6 / batch as f64);
    }
}

fn scan(trees: &Trees, tree: Tree) {
    let mut rows = 0;
    let flow = trees.range(tree, Bound::Unbounded, Bound::Unbounded, Direction::Forward, &mut |_, _| {
        rows += 1;
        ControlFlow::Continue(())
    });
    assert!(flow.unwrap().is_continue() && rows == MILLION);
}
