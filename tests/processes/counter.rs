//! 64 clients add 1 to one counter through the port: every one of them succeeds, and nothing is lost.

use super::BINARY;
use acceptance::instance::Instance;
use mysql_async::prelude::Queryable;
use tokio::task::JoinSet;

const CLIENTS: u64 = 64;
const TIMES: u64 = 10;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sixty_four_clients_on_one_counter_lose_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let instance = Instance::start(BINARY, folder.path());
    let mut connection = instance.connect().await;
    connection.query_drop("CREATE DATABASE d; CREATE TABLE d.c (id INT PRIMARY KEY, n BIGINT)").await.unwrap();
    connection.query_drop("INSERT INTO d.c VALUES (1, 0)").await.unwrap();
    let mut clients = JoinSet::new();
    for client in 0..CLIENTS {
        let mut connection = instance.connect().await;
        clients.spawn(async move {
            for _ in 0..TIMES {
                // Half in autocommit, half in a transaction that reads what it wrote.
                if client % 2 == 0 {
                    connection.query_drop("UPDATE d.c SET n = n + 1 WHERE id = 1").await?;
                } else {
                    connection.query_drop("BEGIN; UPDATE d.c SET n = n + 1 WHERE id = 1; COMMIT").await?;
                }
            }
            Ok::<_, mysql_async::Error>(())
        });
    }
    while let Some(done) = clients.join_next().await {
        done.unwrap().unwrap();
    }
    assert_eq!(connection.query_first("SELECT n FROM d.c").await.unwrap(), Some(CLIENTS * TIMES));
    let parked: Option<u64> = connection.query_first("SELECT COUNT(*) FROM headwaters.conflicts").await.unwrap();
    assert_eq!(parked, Some(0), "nothing is parked at birth (R27)");
}
