//! SHOW, DESCRIBE and EXPLAIN.

use crate::dialect::Admin;
use crate::error::SqlError;
use crate::response::Response;
use crate::session::scene::Scene;
use crate::session::state::State;
use crate::session::stop::Stop;

/// Runs a statement that shows something.
pub(crate) fn run(_state: &mut State, _scene: &mut Scene, admin: &Admin) -> Result<Response, Stop> {
    let what = match admin {
        Admin::Show(show) => format!("SHOW {}", show.subject),
        Admin::Describe { .. } => "DESCRIBE".to_owned(),
        Admin::Explain { .. } => "EXPLAIN".to_owned(),
        Admin::Maintain { verb, .. } => format!("{verb} TABLE"),
        other => format!("{other:?}").chars().take(40).collect(),
    };
    Err(SqlError::unsupported(what).into())
}
