//! The system database `headwaters`: what lies beneath the SQL tables, as read-only tables (one file each).
//!
//! Promises: scanning one changes nothing and holds no latch while rows are given out. Every table is a list of plain
//! facts that `replica::report` brings; here is only how they look as rows. Those with a row a commit are never gathered.

mod checkpoints;
mod commit_parents;
mod commits;
mod conflicts;
mod control;
mod heads;
mod held;
mod jobs;
mod listing;
mod log;
mod members;
mod peers;
mod settings;
mod status;

use crate::replica::report::Report;
pub use listing::moment;
use listing::{Listing, LongListing};
use sql::engine::system_table::SystemTable;
use std::sync::Arc;

/// Every table of the database, over one replica's reports.
pub fn tables(report: &Arc<dyn Report>) -> Vec<Arc<dyn SystemTable>> {
    let all = [
        &heads::TABLE,
        &conflicts::TABLE,
        &members::TABLE,
        &peers::TABLE,
        &control::TABLE,
        &checkpoints::TABLE,
        &held::TABLE,
        &jobs::TABLE,
        &settings::TABLE,
        &status::TABLE,
    ];
    let long = [&commits::TABLE, &commit_parents::TABLE, &log::TABLE];
    let long = long.into_iter().map(|table| Arc::new(LongListing::new(table, report.clone())) as Arc<dyn SystemTable>);
    let short = all.into_iter().map(|table| Arc::new(Listing::new(table, report.clone())) as Arc<dyn SystemTable>);
    long.chain(short).collect()
}
