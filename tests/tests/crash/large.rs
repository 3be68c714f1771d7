//! A transaction whose changes are trees (R10), cut at every write and every sync: it is there whole or not at all, and a
//! commit that is there never lacks an object.

use dag::change::{ChangeSet, Insert, Marks, TableChanges};
use dag::commit::{Checked, Commit, Prepared, Received};
use dag::disk::{Fault, Image, Tear};
use dag::header::Header;
use dag::hlc::Hlc;
use dag::id::{AuthorId, EntityId, GenesisId, LayoutId, RunId};
use dag::row::Row;
use dag::row_key::Key;
use dag::store::{Kind, Log, Options, Record, RunWriter};
use dag::tree::{Shape, Trees};
use std::sync::Arc;

/// Two writer's buffers of rows, so that nodes go ahead in batches of their own, and one value out of line.
const ROWS: u32 = 9_000;

fn changes() -> Arc<ChangeSet> {
    let row = |n: u32| Row(vec![n as u8; if n == 3 { 60_000 } else { 1_000 }].into());
    let insert = |n: u32| Insert { key: Key::from(n.to_be_bytes().to_vec()), row: row(n), marks: Marks::default() };
    let table = TableChanges {
        table: EntityId([3; 32]),
        layout: LayoutId(4),
        clear: false,
        inserts: (0..ROWS).map(insert).collect(),
        updates: Vec::new(),
        deletes: Vec::new(),
    };
    Arc::new(ChangeSet { tables: vec![table], ..ChangeSet::default() })
}

fn header() -> Header {
    Header { hlc: Hlc(1 << 16), next_hidden: 1, ..Header::bare(GenesisId([1; 32]), AuthorId([2; 32]), RunId(1), 1) }
}

fn open(disk: &Image) -> Option<Arc<Log>> {
    let options = Options { segment_bytes: 3 << 20, reserve_bytes: 1 << 20 };
    Log::open(Arc::new(disk.clone()), options).ok().map(|(log, _)| Arc::new(log))
}

/// A small commit, the large one, a small commit; as the replica writes them. Answers how many are acknowledged.
fn write(disk: &Image, changes: &Arc<ChangeSet>) -> u64 {
    let Some(log) = open(disk) else { return 0 };
    let small = |n: u8| Record::new(Kind::COMMIT, [n; 32], [n; 200]);
    if log.append_batch(&[small(1)]).is_err() {
        return 0;
    }
    let mut nodes = RunWriter::new(&log);
    let Ok(prepared) = Prepared::of(changes, &Shape::new([7; 32]), &mut nodes) else { return 1 };
    let commit = Commit::place(header(), &prepared, &[]).unwrap();
    let mut batch = nodes.into_rest();
    batch.push(Record::new(Kind::COMMIT, commit.id.0, commit.bytes().clone()));
    if log.append_batch(&batch).is_err() {
        return 1;
    }
    if log.append_batch(&[small(2)]).is_ok() { 3 } else { 2 }
}

/// What is there after a crash: commits found, the large one whole.
fn check(disk: &Image, changes: &ChangeSet, acknowledged: u64, large: &[u8; 32]) {
    let log = open(disk).expect("the log opens");
    let present = [[1; 32], *large, [2; 32]].map(|id| log.get(Kind::COMMIT, &id).unwrap());
    let count = present.iter().take_while(|record| record.is_some()).count();
    assert!(count as u64 >= acknowledged, "{acknowledged} were acknowledged, {count} are there");
    assert!(present.iter().skip(count).all(Option::is_none), "a later commit without an earlier one");
    let Some(bytes) = &present[1] else { return };
    let Ok(Checked::Commit(commit)) = Received(bytes.clone()).verify() else { panic!("the commit does not verify") };
    let trees = Trees::new(log.clone(), Shape::new([7; 32]), 1 << 20);
    assert_eq!(log.missing_objects(&commit.body, &trees, 10).unwrap(), []);
    assert!(commit.gather(&trees).unwrap() == *changes, "the large commit is not what was written");
}

#[test]
fn a_power_cut_during_a_large_transaction_leaves_it_whole_or_absent() {
    let changes = changes();
    let pristine = Image::default();
    assert_eq!(write(&pristine, &changes), 3);
    let mut nodes = dag::tree::MemoryNodes::default();
    let prepared = Prepared::of(&changes, &Shape::new([7; 32]), &mut nodes).unwrap();
    let id = Commit::place(header(), &prepared, &[]).unwrap().id.0;
    assert!(pristine.operations() > 12, "the nodes go ahead in batches of their own");
    for at in 0..pristine.operations() {
        for fault in [Fault::PowerCut, Fault::Broken] {
            let disk = Image::default();
            disk.strike(at, fault);
            let acknowledged = write(&disk, &changes);
            for tear in [Tear::Lost, Tear::Kept, Tear::Torn(at)] {
                check(&disk.after_power_cut(tear), &changes, acknowledged, &id);
            }
        }
    }
}
