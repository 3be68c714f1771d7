//! How a verb reaches the data: through the running replica's MySQL port, or by opening the folder itself.
//!
//! Promises: both ways run the same SQL over the same system tables, so an answer does not depend on the way. Does not
//! start a server.

mod folder;
mod port;

use crate::config::Config;
use crate::failure::Failure;
use crate::replica::presence;

/// One result: columns and rows as text, or the number of rows a statement changed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answer {
    /// Column labels; empty for a statement without rows.
    pub columns: Vec<String>,
    /// Cells as MySQL's text protocol shows them.
    pub rows: Vec<Vec<Option<String>>>,
    /// Rows changed.
    pub affected: u64,
}

/// One SQL session on the data.
pub trait Reach {
    /// Runs statements separated by `;` and gives every answer in order; the first failure ends the run.
    fn run(&mut self, text: &str) -> Result<Vec<Answer>, Failure>;
}

/// Opens a session: on the running replica if one answers, else on the folder.
pub fn open(config: &Config) -> Result<Box<dyn Reach>, Failure> {
    match presence::read(&config.data)? {
        Some(present) => Ok(Box::new(port::connect(&present, config)?)),
        None => Ok(Box::new(folder::open(config)?)),
    }
}

/// Runs one query and gives its answer.
pub fn ask(config: &Config, query: &str) -> Result<Answer, Failure> {
    let mut answers = open(config)?.run(query)?;
    answers.pop().ok_or_else(|| Failure::environment(format!("no answer to: {query}")))
}
