//! A member whose program signs two commits with one number and tells two hashes of main at one floor, each to another
//! replica (R6, R16): both name it, stable stands still, and they go on.

use super::super::import::{Says, World, schema};
use super::swarm::with_table;
use acceptance::cluster::{Cluster, PATIENCE};
use acceptance::eventually::eventually;
use dag::author_key::AuthorKey;
use dag::change::ChangeSet;
use dag::hlc::Hlc;
use dag::id::{CommitId, NodeId};
use mysql_async::prelude::Queryable;

/// The equivocator's place; the others are honest.
const LIAR: usize = 2;
const HONEST: [usize; 2] = [0, 1];
/// A run of the forged chain: no start of the process drew it.
const RUN: u64 = 99;

async fn text(cluster: &Cluster, replica: usize, query: &str) -> String {
    let found: Option<Option<String>> = cluster.connect(replica).await.query_first(query).await.unwrap();
    found.flatten().unwrap_or_default()
}

/// Rows of the table in what is stable on a replica.
async fn stable_rows(cluster: &Cluster, replica: usize) -> u64 {
    let mut connection = cluster.connect(replica).await;
    connection.query_drop("SET headwaters_read = 'stable'").await.unwrap();
    connection.query_first("SELECT COUNT(*) FROM shop.sale").await.ok().flatten().unwrap_or_default()
}

/// Gives each honest replica another commit of the liar's with the same number, and another hash of main at one floor.
fn equivocate(cluster: &mut Cluster, last: CommitId) {
    let folder = cluster.launch(LIAR).folder.clone();
    let mut world = World::of(&folder);
    let key = AuthorKey::load(&folder.join("author.key")).unwrap();
    // Both promise what lies below both commits, so that neither breaks the other's promise and both are admitted.
    let below = Hlc(world.clock);
    for (replica, content) in HONEST.into_iter().zip([schema().0, ChangeSet::default()]) {
        world.says = Says { promise: below, floor: below, floor_hash: NodeId([replica as u8 + 1; 32]) };
        let bundle = cluster.folder().join(format!("tongue-{replica}"));
        std::fs::write(&bundle, world.alone(&key, (RUN, 1), last, (&content, &[]), below)).unwrap();
        let said = cluster.verb(replica, &["import", &bundle.display().to_string()]).unwrap();
        assert!(said.contains("1 commits entered"), "{said}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_equivocator_is_named_holds_stable_back_and_stops_nobody_else() {
    let mut cluster = with_table(3).await;
    cluster.run(LIAR, "INSERT INTO shop.sale VALUES (2, 0, 'honest so far')").await;
    eventually(PATIENCE, "the row is stable on all", async || {
        for replica in HONEST {
            let rows = stable_rows(&cluster, replica).await;
            if rows != 1 {
                return Err(format!("{rows} rows on replica {replica}"));
            }
        }
        Ok(())
    })
    .await;
    let liar = text(&cluster, LIAR, "SELECT author FROM headwaters.members WHERE here").await;
    let last = format!("SELECT id FROM headwaters.commits WHERE author = '{liar}' ORDER BY hlc DESC LIMIT 1");
    let last = CommitId::parse(&text(&cluster, LIAR, &last).await).unwrap();
    for replica in 0..3 {
        cluster.stop(replica);
    }
    equivocate(&mut cluster, last);
    for replica in HONEST {
        cluster.start(replica);
    }
    cluster.met().await;
    for replica in HONEST {
        let row = format!("INSERT INTO shop.sale VALUES ({replica}, 1, 'beside the equivocator')");
        cluster.run(replica, &row).await;
    }
    let named = format!(
        "SELECT CONCAT_WS(' ', equivocated, two_tongues, holds_stable, disputed_at IS NOT NULL) \
         FROM headwaters.members WHERE author = '{liar}'"
    );
    let others = format!(
        "SELECT COUNT(*) FROM headwaters.members \
         WHERE author <> '{liar}' AND (equivocated OR two_tongues OR broke_promise OR holds_stable)"
    );
    eventually(PATIENCE, "both name the culprit, and nobody else", async || {
        for replica in HONEST {
            let found = (text(&cluster, replica, &named).await, text(&cluster, replica, &others).await);
            if found != ("1 1 1 1".to_owned(), "0".to_owned()) {
                return Err(format!("replica {replica}: {found:?}"));
            }
        }
        Ok(())
    })
    .await;
    for round in 2..6 {
        for replica in HONEST {
            cluster.run(replica, &format!("INSERT INTO shop.sale VALUES ({replica}, {round}, 'goes on')")).await;
        }
    }
    let standing = cluster.converged().await;
    assert_eq!((standing.tables["shop.sale"].0, standing.conflicts.len()), (11, 0), "{standing}");
    assert_eq!(
        text(&cluster, 0, "SELECT COUNT(*) FROM information_schema.schemata WHERE schema_name = 'far'").await,
        "1"
    );
    for replica in HONEST {
        assert_eq!(stable_rows(&cluster, replica).await, 1, "stable stands still on replica {replica}");
    }
}
