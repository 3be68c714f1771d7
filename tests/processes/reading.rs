//! Every way to name the state a statement reads: the login's database, USE, a table's name, a hint (design, Reading).

use super::{BINARY, code};
use acceptance::instance::Instance;
use mysql_async::Conn;
use mysql_async::prelude::Queryable;

/// ```text
/// create -- row 1 -- row 2 -- row 3
///                |         the commit that is named
///                main, or behind row 3 as soon as nobody can write before it
/// ```
#[tokio::test]
async fn a_state_is_named_by_login_use_table_or_hint() {
    let folder = tempfile::tempdir().unwrap();
    let instance = Instance::start_with(BINARY, folder.path(), &["--linearize-seconds", "3600"]);
    let mut connection = instance.connect().await;
    connection.query_drop("CREATE DATABASE d; CREATE TABLE d.t (id INT PRIMARY KEY)").await.unwrap();
    connection.query_drop("INSERT INTO d.t VALUES (1)").await.unwrap();
    connection.query_drop("CALL headwaters.compact()").await.unwrap();
    connection.query_drop("INSERT INTO d.t VALUES (2)").await.unwrap();
    let two: String = connection.query_first("SELECT id FROM headwaters.heads").await.unwrap().unwrap();
    connection.query_drop("INSERT INTO d.t VALUES (3)").await.unwrap();

    let states = [("merge", 3..=3), ("head", 3..=3), ("main", 1..=3), (&two[..], 2..=2), (&two[..12], 2..=2)];
    for (state, rows) in states {
        let at = if state.len() > 6 { format!("@{state}") } else { state.to_owned() };
        let mut seen = Vec::new();
        let mut session = Conn::new(instance.options().db_name(Some(format!("d@{state}")))).await.unwrap();
        seen.push(session.query_first::<u32, _>("SELECT COUNT(*) FROM t").await.unwrap());
        connection.query_drop(format!("USE `d@{state}`")).await.unwrap();
        seen.push(connection.query_first("SELECT COUNT(*) FROM t").await.unwrap());
        connection.query_drop("USE d").await.unwrap();
        seen.push(connection.query_first(format!("SELECT COUNT(*) FROM `d@{state}`.t")).await.unwrap());
        let hint = format!("SELECT /*+ headwaters_read({at}) */ COUNT(*) FROM t");
        seen.push(connection.query_first(hint).await.unwrap());
        let as_wanted = seen.iter().all(|n| n.is_some_and(|n| rows.contains(&n)));
        assert!(as_wanted, "{state}: login, USE, table, hint see {seen:?}");
        if !["merge", "head"].contains(&state) {
            let refused = session.query_drop("INSERT INTO t VALUES (9)").await.unwrap_err();
            assert_eq!(code(&refused), 1290, "{state}: {refused}");
        }
    }
    assert_eq!(
        connection.query_first("SELECT COUNT(*) FROM t").await.unwrap(),
        Some(3),
        "a hint ends with its statement"
    );
    for unknown in ["SELECT /*+ headwaters_read(nonsense) */ 1", "SELECT /*+ headwaters_read(@zzzzzzzz) */ * FROM t"] {
        assert!(code(&connection.query_drop(unknown).await.unwrap_err()) != 0, "{unknown}");
    }
}
