//! Change sets: golden bytes, round trips, what is refused.

use super::*;
use crate::change::{MAX_READS, MAX_SCHEMA_CHANGES, MAX_TABLES};
use crate::row::Row;
use crate::row_key::{Key, MAX_KEY};
use crate::schema::fixture::{BIGINT, column, id, table};
use crate::value::Value;
use data_encoding::HEXLOWER;
use std::sync::Arc;

fn key(byte: u8) -> Key {
    Key::from(vec![byte])
}

fn insert(byte: u8) -> Insert {
    Insert { key: key(byte), row: Row([byte; 2].as_slice().into()), marks: Marks::default() }
}

fn update(byte: u8) -> Update {
    Update {
        key: key(byte),
        cells: vec![CellChange { column: 1, before: Before::of(&Value::Int(5)), after: Value::text("a") }],
        guards: vec![CellBefore { column: 0, before: Before::of(&Value::text("x".repeat(99))) }],
        marks: Marks { if_absent: false, unchecked_unique: true, unchecked_foreign: true },
    }
}

fn delete(byte: u8) -> Delete {
    let before = vec![CellBefore { column: 0, before: Before::Value(Value::Null) }];
    Delete { key: key(byte), before, marks: Marks::default() }
}

fn changes(number: u8) -> TableChanges {
    TableChanges {
        table: id(b't', number),
        layout: LayoutId(7),
        clear: false,
        inserts: vec![insert(1), insert(3)],
        updates: vec![update(2)],
        deletes: vec![delete(0), delete(9)],
    }
}

fn set(tables: Vec<TableChanges>) -> ChangeSet {
    ChangeSet { schema: Vec::new(), tables, reads: Vec::new() }
}

#[test]
fn everything_reads_back() {
    let table = table(vec![column(0, BIGINT, false)]).identified(EntityId::ZERO);
    let index = table.primary.clone().expect("there");
    let full = ChangeSet {
        schema: vec![
            SchemaChange::CreateTable(Arc::new(table.clone())),
            SchemaChange::AddColumn {
                table: table.id,
                column: column(1, BIGINT, true),
                position: 0,
                layout: LayoutId(1),
            },
            SchemaChange::DropColumn { table: table.id, column: id(b'c', 1), layout: LayoutId(1) },
            SchemaChange::AddIndex { table: table.id, index },
            SchemaChange::DropDatabase(table.database),
        ],
        tables: vec![changes(0), changes(1)],
        reads: vec![
            ReadGuard::Row { table: table.id, key: key(1), row: None },
            ReadGuard::Range { space: table.id, from: key(1), to: key(2), count: 3, digest: NodeId::ZERO },
        ],
    };
    let (body, reads) = (full.encode_body().expect("sorted"), full.encode_reads().expect("few"));
    assert_eq!(ChangeSet::decode(&body, &reads).expect("decodes"), full);
    assert_eq!(full.count(), 15);
    for cut in 0..body.len() {
        assert!(Body::decode(&body[..cut]).is_err() || cut == 0);
    }
}

#[test]
fn an_empty_change_set_is_no_bytes() {
    let empty = ChangeSet::default();
    assert!(empty.encode_body().expect("sorted").is_empty() && empty.encode_reads().expect("none").is_empty());
    assert_eq!(ChangeSet::decode(&[], &[]).expect("decodes"), empty);
}

#[test]
fn golden_bodies() {
    let one =
        TableChanges { inserts: vec![insert(1)], updates: vec![update(2)], deletes: vec![delete(3)], ..changes(0) };
    let run = Run { root: NodeId([1; 32]), count: 2, bytes: 300 };
    let none = Run { root: NodeId::ZERO, count: 0, bytes: 0 };
    let runs =
        TableRuns { table: id(b't', 0), layout: LayoutId(7), clear: true, inserts: run, updates: none, deletes: none };
    for (body, bytes) in [
        (
            Body::Inline(Arc::new(set(vec![one]))),
            "8401008081865820740000000000000000000000000000000000000000000000000000000000000007f4818341014201010081844102818301820042010542056181820083015820906979b6610180b6b01f9d32069f6423694c8d0e1866b9e5738d034802342d37186406818341038182008200410000",
        ),
        (
            Body::Trees { schema: vec![SchemaChange::DropTable(id(b't', 0))], tables: vec![runs] },
            "8401018182045820740000000000000000000000000000000000000000000000000000000000000081865820740000000000000000000000000000000000000000000000000000000000000007f583582001010101010101010101010101010101010101010101010101010101010101010219012c8358200000000000000000000000000000000000000000000000000000000000000000000083582000000000000000000000000000000000000000000000000000000000000000000000",
        ),
    ] {
        assert_eq!(HEXLOWER.encode(&body.encode()), bytes);
        assert_eq!(Body::decode(&body.encode()).expect("decodes"), body);
    }
}

#[test]
fn a_change_set_out_of_order_is_refused_by_both_sides() {
    let with = |change: &dyn Fn(&mut TableChanges)| {
        let mut table = changes(0);
        change(&mut table);
        set(vec![table])
    };
    for (what, wrong) in [
        ("tables", set(vec![changes(1), changes(0)])),
        ("a table twice", set(vec![changes(0), changes(0)])),
        ("inserts", with(&|t| t.inserts.reverse())),
        ("a key twice", with(&|t| t.deletes[1].key = key(3))),
        ("a long key", with(&|t| t.deletes[1].key = Key::from(vec![9; 3073]))),
        ("cells", with(&|t| t.updates[0].cells = [t.updates[0].cells.clone(), t.updates[0].cells.clone()].concat())),
        ("no cells", with(&|t| t.updates[0].cells.clear())),
        ("a guard that is changed", with(&|t| t.updates[0].guards[0].column = 1)),
        ("a long before-value", with(&|t| t.updates[0].cells[0].before = Before::Value(Value::text("x".repeat(64))))),
        ("a short hash", with(&|t| t.updates[0].guards[0].before = Before::Hash(NodeId::ZERO, 64))),
        ("nothing", with(&|t| *t = TableChanges { inserts: vec![], updates: vec![], deletes: vec![], ..t.clone() })),
    ] {
        assert!(wrong.encode_body().is_err(), "{what}");
        assert!(Body::decode(&Body::Inline(Arc::new(wrong)).encode()).is_err(), "{what}");
    }
}

#[test]
fn hostile_bytes_never_panic_and_only_one_form_decodes() {
    let good = set(vec![changes(0)]).encode_body().expect("sorted");
    for at in 0..good.len() {
        for flip in [1u8, 0x20, 0x80, 0xff] {
            let mut bytes = good.clone();
            bytes[at] ^= flip;
            if let Ok(body) = Body::decode(&bytes) {
                assert_eq!(body.encode(), bytes);
            }
        }
    }
}

/// Bodies and read sets with so many of each thing; tables and schema changes in both forms (R10).
#[test]
fn limits_hold_at_the_limit_and_not_one_past() {
    let schema = |n: usize| vec![SchemaChange::DropTable(id(b't', 0)); n];
    let table = |n: usize| EntityId(std::array::from_fn(|i| n.to_be_bytes().get(i).copied().unwrap_or(0)));
    let clear = |n| TableChanges {
        table: table(n),
        clear: true,
        inserts: vec![],
        updates: vec![],
        deletes: vec![],
        ..changes(0)
    };
    let none = Run { root: NodeId::ZERO, count: 0, bytes: 0 };
    let run = |n| TableRuns {
        table: table(n),
        layout: LayoutId(7),
        clear: true,
        inserts: none,
        updates: none,
        deletes: none,
    };
    let inline = |changes: ChangeSet| Body::Inline(Arc::new(changes));
    let long_key = |n| TableChanges { deletes: vec![Delete { key: Key::from(vec![9; n]), ..delete(0) }], ..changes(0) };
    type Case<'a> = (usize, &'a dyn Fn(usize) -> Body);
    let cases: [Case<'_>; 5] = [
        (MAX_SCHEMA_CHANGES, &|n| inline(ChangeSet { schema: schema(n), ..set(vec![]) })),
        (MAX_SCHEMA_CHANGES, &|n| Body::Trees { schema: schema(n), tables: vec![run(0)] }),
        (MAX_TABLES, &|n| inline(set((0..n).map(clear).collect()))),
        (MAX_TABLES, &|n| Body::Trees { schema: vec![], tables: (0..n).map(run).collect() }),
        (MAX_KEY, &|n| inline(set(vec![long_key(n)]))),
    ];
    for (at, (limit, body)) in cases.into_iter().enumerate() {
        for (n, fits) in [(limit, true), (limit + 1, false)] {
            assert_eq!(body(n).encode_checked().is_ok(), fits, "case {at}: {n} written");
            assert_eq!(Body::decode(&body(n).encode()).is_ok(), fits, "case {at}: {n} read");
        }
    }
    let reads = |n| vec![ReadGuard::Row { table: id(b't', 0), key: key(0), row: None }; n];
    assert_eq!(decode_reads(&encode_reads(&reads(MAX_READS)).expect("fits")).expect("fits").len(), MAX_READS);
    assert!(encode_reads(&reads(MAX_READS + 1)).is_err());
    assert!(decode_reads(&to_bytes(&reads(MAX_READS + 1))).is_err());
}
