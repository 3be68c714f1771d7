//! Where a replica stands, as any client can see it: its heads, main's order and hash, every table's rows.
//!
//! Promises: one standing is of one moment (the heads did not move while it was taken). Equal heads must give equal
//! standings on every replica: that is what Headwaters promises, and what tests compare.

use mysql_async::Conn;
use mysql_async::prelude::Queryable;
use std::collections::BTreeMap;
use std::fmt;

/// What one replica answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Ids of the heads, sorted.
    pub heads: Vec<String>,
    /// main's hash at these heads.
    pub main_hash: String,
    /// main's entries in their order: commit and outcome. A clone lists those above its checkpoint.
    pub order: Vec<(String, String)>,
    /// Parked commits that nothing settled, and why.
    pub conflicts: Vec<(String, Option<String>)>,
    /// Each table's number of rows and their digest.
    pub tables: BTreeMap<String, (u64, String)>,
}

/// How often a standing is begun anew because commits arrived while it was taken.
const TRIES: usize = 5;

impl Standing {
    /// Whether two replicas stand alike. A clone does not list what lies below its checkpoint; main's hash covers it.
    pub fn is_like(&self, other: &Standing) -> bool {
        let common = self.order.len().min(other.order.len());
        let rest = |standing: &Standing| Standing { order: Vec::new(), ..standing.clone() };
        self.order[self.order.len() - common..] == other.order[other.order.len() - common..]
            && rest(self) == rest(other)
    }

    /// Asks a replica.
    pub async fn of(connection: &mut Conn) -> Result<Standing, String> {
        for _ in 0..TRIES {
            let heads = heads(connection).await?;
            let standing = take(connection, heads).await?;
            if self::heads(connection).await? == standing.heads {
                return Ok(standing);
            }
        }
        Err("commits keep arriving".to_owned())
    }
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let heads: Vec<&str> = self.heads.iter().map(|id| &id[..8.min(id.len())]).collect();
        write!(f, "main {} of {} commits, heads {}", &self.main_hash[..8], self.order.len(), heads.join(" "))?;
        write!(f, ", {} parked", self.conflicts.len())?;
        for (name, (rows, digest)) in &self.tables {
            write!(f, ", {name}: {rows} rows {digest}")?;
        }
        Ok(())
    }
}

async fn heads(connection: &mut Conn) -> Result<Vec<String>, String> {
    let mut heads: Vec<String> = ask(connection, "SELECT id FROM headwaters.heads").await?;
    heads.sort();
    Ok(heads)
}

async fn take(connection: &mut Conn, heads: Vec<String>) -> Result<Standing, String> {
    let hash = "SELECT value FROM headwaters.status WHERE name = 'main_hash'";
    let main_hash = ask(connection, hash).await?.pop().ok_or("no main_hash in headwaters.status")?;
    let order = ask(connection, "SELECT id, outcome FROM headwaters.log ORDER BY position").await?;
    let conflicts = ask(connection, "SELECT id, reason FROM headwaters.conflicts ORDER BY id").await?;
    let names: Vec<(String, String)> = ask(
        connection,
        "SELECT table_schema, table_name FROM information_schema.tables
         WHERE table_schema NOT IN ('headwaters', 'information_schema', 'mysql', 'performance_schema', 'sys')",
    )
    .await?;
    let mut tables = BTreeMap::new();
    for (schema, table) in names {
        let rows: Vec<mysql_async::Row> = ask(connection, &format!("SELECT * FROM `{schema}`.`{table}`")).await?;
        let mut shown: Vec<String> = rows.into_iter().map(|row| format!("{:?}", row.unwrap())).collect();
        shown.sort();
        let digest = blake3::hash(shown.join("\n").as_bytes()).to_hex();
        tables.insert(format!("{schema}.{table}"), (shown.len() as u64, digest[..12].to_owned()));
    }
    Ok(Standing { heads, main_hash, order, conflicts, tables })
}

async fn ask<T: mysql_async::prelude::FromRow + Send + 'static>(
    connection: &mut Conn,
    query: &str,
) -> Result<Vec<T>, String> {
    connection.query(query).await.map_err(|e| format!("{query}: {e}"))
}
