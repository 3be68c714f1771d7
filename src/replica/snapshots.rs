//! The read modes other than merge (R32): head, main, stable, and the exact closure of one commit.

use super::history::LogHistory;
use super::local::Local;
use super::record;
use super::writer::Writer;
use dag::id::{CommitId, MIN_PREFIX};
use linearizer::linearizer::ClosureError;
use linearizer::view::View;
use sql::error::SqlError;
use sql::journal::ReadMode;
use std::sync::Arc;

/// A state by mode. Errors: 1290 naming an unknown, ambiguous or pruned commit.
pub fn open(local: &Local, mode: &ReadMode, own: Option<CommitId>) -> Result<Arc<dyn View>, SqlError> {
    let mut writer = local.latch();
    match mode {
        ReadMode::Merge | ReadMode::Quorum(_) | ReadMode::After(_) => Ok(writer.linearizer.view()),
        ReadMode::Main => Ok(writer.linearizer.main_view()),
        ReadMode::Stable => {
            let Writer { linearizer, known, .. } = &mut *writer;
            let history = LogHistory { log: &local.log, runs: &local.runs, known };
            linearizer.stable_view(&history).map_err(|e| SqlError::new(1030, e.to_string()))
        }
        ReadMode::Head => {
            let head = writer.linearizer.read_head();
            let heads: Vec<CommitId> = head.into_iter().chain(own).collect();
            writer.linearizer.view_of_heads(&heads).map_err(refused)
        }
        ReadMode::At(name) => {
            let commit = find(local, &writer, name)?;
            writer.linearizer.view_at(&[commit]).map_err(refused)
        }
    }
}

fn refused(error: ClosureError) -> SqlError {
    SqlError::new(1290, format!("That state cannot be read: {error}; read main or a newer commit instead"))
}

/// The commit of an id or of a unique prefix of it.
fn find(local: &Local, writer: &Writer, name: &str) -> Result<CommitId, SqlError> {
    let unknown = || match &local.cloned {
        Some(cloned) => SqlError::new(1290, format!("No commit '{name}' is here: {}", cloned.refusal())),
        None => {
            SqlError::new(1290, format!("No commit '{name}' is known here; headwaters.commits lists those that are"))
        }
    };
    if let Some(id) = CommitId::parse(name) {
        let stored = record::find(&local.log, &id).map_err(|e| SqlError::new(1030, e.to_string()))?;
        return if writer.known.graph.contains(&id) || stored.is_some() { Ok(id) } else { Err(unknown()) };
    }
    if name.len() < MIN_PREFIX {
        return Err(SqlError::new(
            1290,
            format!("'{name}' is too short for a commit: give at least {MIN_PREFIX} characters of its id"),
        ));
    }
    let lower = name.to_ascii_lowercase();
    let mut found =
        writer.linearizer.outcomes().map(|(seat, _)| seat.id()).filter(|id| id.to_string().starts_with(&lower));
    match (found.next(), found.next()) {
        (None, _) => Err(unknown()),
        (Some(id), None) => Ok(id),
        (Some(_), Some(_)) => {
            Err(SqlError::new(1290, format!("'{name}' fits several commits: give more characters of the id")))
        }
    }
}
