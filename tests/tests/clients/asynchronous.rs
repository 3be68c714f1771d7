//! mysql_async: typed rows in both protocols, transactions, a pool, pipelined resets.

use acceptance::instance::{Instance, binary};
use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Pool, TxOpts};

fn code(error: mysql_async::Error) -> u16 {
    match error {
        mysql_async::Error::Server(error) => error.code,
        other => panic!("not a server's error: {other}"),
    }
}

#[tokio::test]
async fn mysql_async() {
    let folder = tempfile::tempdir().unwrap();
    let instance = Instance::start(&binary(), folder.path());
    let mut connection = Conn::new(instance.options()).await.unwrap();
    connection.query_drop("CREATE DATABASE walk").await.unwrap();
    connection.query_drop("USE walk").await.unwrap();
    connection.query_drop(include_str!("../../clients/typed_table.sql")).await.unwrap();
    let insert = "INSERT INTO typed (small, big, price, ratio, name, raw) VALUES (?, ?, ?, ?, ?, ?)";
    let raw: Vec<u8> = (0..=255).collect();
    connection.exec_drop(insert, (-1i8, i64::MIN, "1.125", 0.5f64, "grün", &raw)).await.unwrap();
    assert_eq!((connection.affected_rows(), connection.last_insert_id()), (1, Some(1)));
    let select = "SELECT small, big, price, ratio, name, raw FROM typed";
    type Row = (i8, i64, String, f64, String, Vec<u8>);
    let expected: Row = (-1, i64::MIN, "1.125".to_owned(), 0.5, "grün".to_owned(), raw.clone());
    assert_eq!(connection.query_first::<Row, _>(select).await.unwrap().as_ref(), Some(&expected));
    assert_eq!(connection.exec_first::<Row, _, _>(select, ()).await.unwrap(), Some(expected));

    let again = connection.exec_drop(insert, (0, 0, None::<u8>, None::<u8>, "grün", None::<u8>)).await;
    assert_eq!(again.err().map(code), Some(1062));
    assert_eq!(connection.query_drop("SELEC 1").await.err().map(code), Some(1064));
    assert_eq!(connection.query_drop("USE no_such_database").await.err().map(code), Some(1049));

    let mut transaction = connection.start_transaction(TxOpts::default()).await.unwrap();
    transaction.query_drop("DELETE FROM typed").await.unwrap();
    transaction.rollback().await.unwrap();
    assert_eq!(connection.query_first("SELECT COUNT(*) FROM typed").await.unwrap(), Some(1));
    connection.reset().await.unwrap();
    connection.disconnect().await.unwrap();

    let pool = Pool::new(instance.options().db_name(Some("walk")));
    for n in 0..20 {
        let mut pooled = pool.get_conn().await.unwrap();
        pooled.exec_drop("INSERT INTO typed (small, big, name) VALUES (?, 0, ?)", (n, format!("n{n}"))).await.unwrap();
    }
    let mut pooled = pool.get_conn().await.unwrap();
    assert_eq!(pooled.query_first("SELECT COUNT(*) FROM typed").await.unwrap(), Some(21));
    drop(pooled);
    pool.disconnect().await.unwrap();
}
