//! `CALL headwaters.resolve(commit, 'theirs')`: a parked commit is settled by letting stand what stands (R24).
//!
//! Promises: settles with an ordinary commit that changes no row, so that every replica settles alike and nothing can be
//! settled twice; answers when that commit is on the disk. To have the parked change after all, write it anew first.
//! Does not replay a parked commit: that is refused by name.

use super::local::Local;
use super::report::Report;
use dag::change::ChangeSet;
use dag::id::{CommitId, MIN_PREFIX};
use dag::signal::Signal;
use dag::value::Value;
use sql::engine::procedure::{Answer, Procedure};
use sql::error::SqlError;
use sql::journal::{Draft, Journal};
use std::sync::{Arc, Weak};

/// The procedure. Holds the replica weakly: the engine that owns the procedure is owned by the replica.
pub struct Resolve(Weak<Local>);

impl Resolve {
    /// Over a replica.
    pub fn new(local: &Arc<Local>) -> Self {
        Resolve(Arc::downgrade(local))
    }

    fn carry_out(&self, arguments: &[Value]) -> Result<Signal<Result<(), SqlError>>, SqlError> {
        let local = self.0.upgrade().ok_or_else(|| SqlError::new(1053, "Server shutdown in progress"))?;
        let [commit, way] = arguments else { return Err(SqlError::new(1318, "resolve takes a commit and 'theirs'")) };
        let (commit, way) = (words(commit)?, words(way)?);
        if way != "theirs" {
            let text = format!(
                "headwaters.resolve does not support '{way}': 'theirs' lets stand what stands; to have the parked change \
                 after all, write it anew and then settle with 'theirs'"
            );
            return Err(SqlError::new(1235, text));
        }
        let settles = vec![parked(&local, &commit)?];
        let (_, basis) = local.newest();
        let draft = Draft { changes: ChangeSet::default(), basis, settles, user: "".into() };
        Ok(local.commit(draft)?.durable)
    }
}

impl Procedure for Resolve {
    fn name(&self) -> &str {
        "resolve"
    }

    fn arity(&self) -> usize {
        2
    }

    fn begin(&self, arguments: &[Value], _: Answer) -> Signal<Result<(), SqlError>> {
        // Placing a commit is quick; the disk is waited for by whoever asked.
        self.carry_out(arguments).unwrap_or_else(|refused| {
            let done = Signal::default();
            done.complete(Err(refused));
            done
        })
    }
}

fn words(value: &Value) -> Result<String, SqlError> {
    match value {
        Value::Text(text) => Ok(text.to_ascii_lowercase()),
        _ => Err(SqlError::new(1210, "Incorrect arguments to headwaters.resolve: a commit's id and 'theirs', as text")),
    }
}

/// The one parked commit whose id begins so.
fn parked(local: &Local, prefix: &str) -> Result<CommitId, SqlError> {
    let conflicts = local.conflicts()?;
    let mut found = conflicts.iter().map(|c| c.id).filter(|id| id.to_string().starts_with(prefix));
    match (prefix.len() >= MIN_PREFIX, found.next(), found.next()) {
        (true, Some(id), None) => Ok(id),
        (true, Some(_), Some(_)) => {
            Err(SqlError::new(1105, format!("more than one parked commit begins with {prefix}")))
        }
        _ => {
            let text = format!(
                "no parked commit that waits to be settled begins with '{prefix}' ({MIN_PREFIX} characters or \
                 more); see SELECT * FROM headwaters.conflicts"
            );
            Err(SqlError::new(1105, text))
        }
    }
}
