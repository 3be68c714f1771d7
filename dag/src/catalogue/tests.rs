//! Schema changes in their order: what is one object, what is a conflict, what is ignored.

use super::*;
use crate::collation::Collation;
use crate::id::LayoutId;
use crate::row::Row;
use crate::schema::fixture::{BIGINT, column, index, part, table};
use crate::schema::{ColumnType, SchemaChange};
use crate::value::Value;

fn shop(catalogue: &Catalogue) -> Database {
    let collation = Collation::Utf8mb4_0900AiCi;
    catalogue.identify_database(Database { id: EntityId::ZERO, name: "shop".into(), collation })
}

/// Table `t (c0 BIGINT PRIMARY KEY, c1 BIGINT)`.
fn plain(catalogue: &Catalogue) -> Arc<Table> {
    let table =
        Table { database: shop(catalogue).id, ..table(vec![column(0, BIGINT, false), column(1, BIGINT, true)]) };
    Arc::new(catalogue.identify_table(table))
}

/// A catalogue with database `shop` and table `t`.
fn founded() -> (Catalogue, Arc<Table>) {
    let mut catalogue = Catalogue::default();
    let table = plain(&catalogue);
    catalogue.apply(&SchemaChange::CreateDatabase(shop(&catalogue))).expect("new");
    catalogue.apply(&SchemaChange::CreateTable(table.clone())).expect("new");
    (catalogue, table)
}

fn add(catalogue: &Catalogue, table: &Table, number: u8, kind: ColumnType) -> SchemaChange {
    let column = catalogue.identify_column(table.id, column(number, kind, true));
    SchemaChange::AddColumn { table: table.id, column, position: u32::MAX, layout: table.newest_layout().id }
}

fn now(catalogue: &Catalogue) -> Arc<Table> {
    let database = catalogue.database("shop").expect("there");
    catalogue.table(database.id, "t").expect("there").clone()
}

#[test]
fn the_same_create_on_two_replicas_is_one_table_and_another_definition_is_a_conflict() {
    let (mut catalogue, table) = founded();
    let before = catalogue.clone();
    catalogue.apply(&SchemaChange::CreateDatabase(shop(&Catalogue::default()))).expect("nothing to do");
    catalogue.apply(&SchemaChange::CreateTable(table.clone())).expect("nothing to do");
    assert_eq!(catalogue, before);
    let other = Arc::new(catalogue.identify_table(Table { comment: "other".into(), ..(*table).clone() }));
    let conflict = catalogue.apply(&SchemaChange::CreateTable(other));
    assert_eq!(conflict, Err(SchemaConflict::NameTaken { name: "t".into(), by: table.id }));
    assert_eq!(catalogue, before, "a conflict changes nothing");
}

#[test]
fn a_table_made_after_a_drop_is_another_and_changes_to_the_old_one_are_ignored() {
    let (mut catalogue, old) = founded();
    let late = add(&catalogue, &old, 2, BIGINT);
    catalogue.apply(&SchemaChange::DropTable(old.id)).expect("there");
    let new = plain(&catalogue);
    assert_ne!(new.id, old.id);
    catalogue.apply(&SchemaChange::CreateTable(new.clone())).expect("a new incarnation");
    for change in [SchemaChange::DropTable(old.id), late, SchemaChange::CreateTable(old)] {
        let before = catalogue.clone();
        catalogue.apply(&change).expect("ignored");
        assert_eq!(catalogue, before);
    }
    catalogue.apply(&SchemaChange::DropDatabase(shop(&Catalogue::default()).id)).expect("there");
    assert!(catalogue.tables.is_empty() && catalogue.dropped.contains(&new.id));
    assert_ne!(shop(&catalogue).id, shop(&Catalogue::default()).id);
}

#[test]
fn what_never_was_and_ids_that_are_not_made_from_the_definition_are_conflicts() {
    let (mut catalogue, table) = founded();
    let nobody = EntityId([9; 32]);
    let wrong = Database { id: nobody, name: "x".into(), collation: Collation::Binary };
    let column = column(2, BIGINT, true);
    for (change, conflict) in [
        (SchemaChange::DropTable(nobody), SchemaConflict::Unknown(nobody)),
        (SchemaChange::DropIndex { table: table.id, index: nobody }, SchemaConflict::Unknown(nobody)),
        (SchemaChange::CreateDatabase(wrong), SchemaConflict::WrongId(nobody)),
        (
            SchemaChange::AddColumn {
                table: table.id,
                position: 0,
                layout: table.newest_layout().id,
                column: column.clone(),
            },
            SchemaConflict::WrongId(column.id),
        ),
        (
            SchemaChange::AddColumn { table: table.id, position: 0, layout: LayoutId(1), column },
            SchemaConflict::UnknownLayout { table: table.id, layout: LayoutId(1) },
        ),
    ] {
        assert_eq!(catalogue.apply(&change), Err(conflict));
    }
}

#[test]
fn a_definition_that_rows_could_not_be_laid_out_by_is_refused() {
    let (mut catalogue, _) = founded();
    let integer = |bytes| ColumnType::Integer { bytes, unsigned: false, display_width: None };
    let decimal = |precision, scale| ColumnType::Decimal { precision, scale, unsigned: false };
    for kind in [integer(0), integer(200), decimal(66, 0), decimal(5, 6), ColumnType::Binary(256), ColumnType::Time(7)]
    {
        let hostile = table(vec![column(0, BIGINT, false), column(1, kind.clone(), true)]);
        let hostile = Table { database: shop(&catalogue).id, name: "h".into(), ..hostile };
        let create = SchemaChange::CreateTable(Arc::new(catalogue.identify_table(hostile)));
        assert!(matches!(catalogue.apply(&create), Err(SchemaConflict::Refused(_))), "{kind:?}");
    }
    let missing = Column { missing: Value::text("x"), ..column(1, BIGINT, true) };
    let hostile = table(vec![column(0, BIGINT, false), missing]);
    let hostile = Table { database: shop(&catalogue).id, name: "h".into(), ..hostile };
    let create = SchemaChange::CreateTable(Arc::new(catalogue.identify_table(hostile)));
    assert!(matches!(catalogue.apply(&create), Err(SchemaConflict::Refused(_))));
}

#[test]
fn rows_of_every_author_are_read_after_concurrent_alters() {
    // Two replicas add a column each and write a row before they meet.
    let (mut merged, table) = founded();
    let (mut left, mut right) = (merged.clone(), merged.clone());
    let (first, second) = (add(&left, &table, 2, BIGINT), add(&right, &table, 3, ColumnType::Date));
    left.apply(&first).expect("new");
    right.apply(&second).expect("new");
    let row = |state: &Catalogue, last| now(state).write(&[Value::Int(1), Value::Null, last]).expect("fits");
    let old: Row = table.write(&[Value::Int(1), Value::Int(7)]).expect("fits");
    let rows = [row(&left, Value::Int(5)), row(&right, Value::Null), old];
    for change in [&first, &second, &first] {
        merged.apply(change).expect("no conflict");
    }
    let table = now(&merged);
    assert_eq!(table.columns.len(), 4);
    let read = |row: &Row| table.read(row).expect("a known layout");
    assert_eq!(read(&rows[0]), [Value::Int(1), Value::Null, Value::Int(5), Value::Null]);
    assert_eq!(read(&rows[1]), [Value::Int(1), Value::Null, Value::Null, Value::Null]);
    assert_eq!(read(&rows[2]), [Value::Int(1), Value::Int(7), Value::Null, Value::Null]);
    assert_eq!(table.read_column(&rows[0], 2).expect("reads"), Value::Int(5));
}

#[test]
fn a_dropped_column_takes_its_index_parts_along() {
    let (mut catalogue, table) = founded();
    let [first, second] = [table.columns[0].id, table.columns[1].id];
    let on = |number, ids: &[EntityId]| {
        let parts = ids.iter().map(|id| crate::schema::IndexPart { column: *id, ..part(0) }).collect();
        catalogue.identify_index(table.id, index(number, false, parts))
    };
    let (both, alone) = (on(1, &[first, second]), on(2, &[second]));
    for index in [&both, &alone, &both] {
        catalogue.apply(&SchemaChange::AddIndex { table: table.id, index: index.clone() }).expect("new or equal");
    }
    let drop = SchemaChange::DropColumn { table: table.id, column: second, layout: table.newest_layout().id };
    catalogue.apply(&drop).expect("there");
    catalogue.apply(&drop).expect("ignored");
    let after = now(&catalogue);
    assert_eq!(after.indexes.len(), 1, "the index on the dropped column alone is gone");
    assert_ne!(after.indexes[0].id, both.id, "its entries are others");
    assert_eq!(after.newest_layout().cells.len(), 1);
    let again = add(&catalogue, &after, 1, BIGINT);
    catalogue.apply(&again).expect("a new incarnation of the column");
    assert_ne!(now(&catalogue).columns[1].id, second);
    let primary = SchemaChange::DropColumn { table: table.id, column: first, layout: after.newest_layout().id };
    assert!(matches!(catalogue.apply(&primary), Err(SchemaConflict::Refused(_))));
}

#[test]
fn a_catalogue_reads_back_and_other_bytes_are_refused() {
    let (mut catalogue, table) = founded();
    catalogue.apply(&add(&catalogue, &table, 2, ColumnType::Enum(["a".into()].into()))).expect("new");
    let bytes = catalogue.encode();
    assert_eq!(Catalogue::decode(&bytes).expect("decodes"), catalogue);
    for cut in 0..bytes.len() {
        assert!(Catalogue::decode(&bytes[..cut]).is_err());
    }
    assert_eq!(data_encoding::HEXLOWER.encode(&catalogue.hash()[..8]), "5cf4cc40f263a09c");
}
