//! DDL that comes from elsewhere under an open transaction (R35): it never waits; the transaction is told.

use super::fixture::{Link, Peer};

/// Two replicas that have the table, with one row.
fn two() -> (Peer, Peer) {
    let founder = Peer::founder(1_000);
    let other = founder.newcomer(1_000);
    for statement in [
        "CREATE DATABASE shop",
        "CREATE TABLE shop.sale (id INT PRIMARY KEY, note VARCHAR(20))",
        "INSERT INTO shop.sale VALUES (1, 'old')",
    ] {
        founder.sql(statement).unwrap();
    }
    Link::default().pull(&other, &founder);
    (founder, other)
}

#[test]
fn an_older_snapshot_is_told_at_its_next_use_of_the_table() {
    for ddl in ["ALTER TABLE shop.sale ADD COLUMN n INT", "DROP TABLE shop.sale"] {
        let (founder, other) = two();
        let mut client = other.client();
        client.sql("BEGIN").unwrap();
        assert_eq!(client.sql("SELECT * FROM shop.sale").unwrap(), ["1 old"]);
        founder.sql(ddl).unwrap();
        assert!(Link::default().pull(&other, &founder) > 0, "it does not wait for the transaction");
        let told = client.sql("SELECT * FROM shop.sale").map_err(|error| error.code);
        let dropped = ddl.starts_with("DROP");
        assert_eq!(told, Err(if dropped { 1146 } else { 1412 }), "{ddl}");
        client.sql("ROLLBACK").unwrap();
        let again = client.sql("SELECT * FROM shop.sale").map_err(|error| error.code);
        assert_eq!(again, if dropped { Err(1146) } else { Ok(vec!["1 old NULL".to_owned()]) }, "{ddl}");
    }
}

/// The fold lets a write to a dropped table pass without effect (R25), so COMMIT looks for itself.
#[test]
fn a_commit_to_a_table_that_is_gone_is_refused() {
    let writes = [
        "INSERT INTO shop.sale VALUES (2, 'new')",
        "UPDATE shop.sale SET note = 'new' WHERE id = 1",
        "DELETE FROM shop.sale WHERE id = 1",
    ];
    for write in writes {
        let (founder, other) = two();
        let mut client = other.client();
        client.sql("BEGIN").unwrap();
        client.sql(write).unwrap();
        founder.sql("DROP TABLE shop.sale").unwrap();
        Link::default().pull(&other, &founder);
        assert_eq!(client.sql("COMMIT").map_err(|error| error.code), Err(1213), "{write}");
        client.sql("CREATE TABLE shop.sale (id INT PRIMARY KEY)").unwrap();
        assert_eq!(client.sql("SELECT COUNT(*) FROM shop.sale").unwrap(), ["0"]);
    }
}
