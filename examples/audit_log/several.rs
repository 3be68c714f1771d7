//! The same on several replicas, one of which is cut off for the second third of the lines and then comes back.
//!
//! Shows: every replica takes writes all the time, also the one that is alone; generated ids do not meet, because each
//! replica owns blocks of its own (R38); an append-only table parks nothing (R26); afterwards the answers and main's
//! hash are equal everywhere.

use super::{Arguments, Failure, Part, pour, prepare, questions, say};
use acceptance::cluster::Cluster;
use acceptance::instance::binary;
use mysql_async::Opts;
use mysql_async::prelude::Queryable;

/// Runs it on replicas of its own.
pub async fn run(arguments: &Arguments, replicas: usize) -> Result<(), Failure> {
    let mut cluster = Cluster::of(&binary(), replicas.max(2)).await;
    let last = cluster.size() - 1;
    say(format!("{} replicas of one database run on this machine.", cluster.size()))?;
    prepare(&servers(&cluster)[0]).await?;
    cluster.converged().await;

    say("\nAll are connected; the first third of the lines goes in at all of them:")?;
    say(pour(arguments, &servers(&cluster), Part { number: 0, of: 3 }).await?.to_string())?;
    cluster.converged().await;
    show(&cluster).await?;

    cluster.stop(last);
    cluster.start_alone(last);
    say(format!("\nReplica {last} is cut off. The second third goes in at all of them, also there:"))?;
    say(pour(arguments, &servers(&cluster), Part { number: 1, of: 3 }).await?.to_string())?;
    show(&cluster).await?;

    cluster.stop(last);
    cluster.start(last);
    say(format!("\nReplica {last} is back, and the last third goes in at all of them:"))?;
    say(pour(arguments, &servers(&cluster), Part { number: 2, of: 3 }).await?.to_string())?;
    cluster.converged().await;
    show(&cluster).await?;
    questions(&servers(&cluster)[last]).await
}

fn servers(cluster: &Cluster) -> Vec<Opts> {
    cluster.running().into_iter().map(|number| cluster.instance(number).options().into()).collect()
}

/// How much each replica has, and its main.
async fn show(cluster: &Cluster) -> Result<(), Failure> {
    for number in cluster.running() {
        let mut connection = cluster.connect(number).await;
        let query = "SELECT (SELECT COUNT(*) FROM audit.audit_log), (SELECT COUNT(*) FROM headwaters.conflicts),
                     (SELECT value FROM headwaters.status WHERE name = 'main_hash')";
        let (lines, parked, hash): (u64, u64, String) = connection.query_first(query).await?.ok_or("no answer")?;
        say(format!("  replica {number}: {lines} lines, {parked} parked, main {hash}"))?;
        connection.disconnect().await?;
    }
    Ok(())
}
