//! What the SQL layer asks about other replicas (design, seam Swarm): how far a commit has spread, and what they have.
//!
//! Promises: no call blocks; what takes time answers by a signal, and whoever stops waiting drops it. Knows no network.

use crate::error::SqlError;
pub use crate::limits::{MAX_REPLICAS, MAX_TOKEN_HEADS};
use dag::id::CommitId;
use dag::signal::Signal;
use std::fmt;

/// How far a commit must have spread before COMMIT answers: `headwaters_commit`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Spread {
    /// On disk here.
    #[default]
    Local,
    /// On disk on so many replicas, this one included.
    Replicated(u32),
    /// In the prefix that can never change (R16).
    Stable,
}

impl Spread {
    /// `local`, `replicated(k)` or `stable`.
    pub fn parse(text: &str) -> Option<Spread> {
        match text.to_ascii_lowercase().as_str() {
            "local" => Some(Spread::Local),
            "stable" => Some(Spread::Stable),
            other => counted(other, "replicated").map(Spread::Replicated),
        }
    }
}

impl fmt::Display for Spread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Spread::Local => f.write_str("local"),
            Spread::Replicated(count) => write!(f, "replicated({count})"),
            Spread::Stable => f.write_str("stable"),
        }
    }
}

/// The number in `word(number)`, from 1 to [`MAX_REPLICAS`].
pub(crate) fn counted(text: &str, word: &str) -> Option<u32> {
    let inside = text.strip_prefix(word)?.trim().strip_prefix('(')?.strip_suffix(')')?;
    inside.trim().parse().ok().filter(|count| (1..=MAX_REPLICAS).contains(count))
}

/// The frontier that a session has seen, as text: what `after(...)` waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token(Vec<CommitId>);

impl Token {
    /// Of these heads. Error: 1290, more than a token holds.
    pub fn new(mut heads: Vec<CommitId>) -> Result<Token, SqlError> {
        if heads.len() > MAX_TOKEN_HEADS {
            let text = format!(
                "There are {} heads, and a token names at most {MAX_TOKEN_HEADS}; commit something, which joins them",
                heads.len()
            );
            return Err(SqlError::new(1290, text));
        }
        heads.sort_unstable();
        Ok(Token(heads))
    }

    /// Reads the text form; `None` for anything else.
    pub fn parse(text: &str) -> Option<Token> {
        let heads: Option<Vec<CommitId>> = text.split('.').map(CommitId::parse).collect();
        heads.filter(|heads| heads.len() <= MAX_TOKEN_HEADS).map(Token)
    }

    /// The commits it names.
    pub fn heads(&self) -> &[CommitId] {
        &self.0
    }
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, head) in self.0.iter().enumerate() {
            write!(f, "{}{head}", if n == 0 { "" } else { "." })?;
        }
        Ok(())
    }
}

/// Answered when it has happened; an error says why it never will.
pub type Happened = Signal<Result<(), SqlError>>;

/// The other replicas.
pub trait Peers: Send + Sync {
    /// Answers when the commit, which is on disk here, has spread so far.
    fn spread(&self, commit: CommitId, wanted: Spread) -> Happened;

    /// What the commit still lacks, for whoever waits no longer: "2 of 3 replicas have it".
    fn lacking(&self, commit: CommitId, wanted: Spread) -> String;

    /// Answers when all of these commits are in the merge here.
    fn arrived(&self, commits: &[CommitId]) -> Happened;

    /// Asks `count - 1` peers for their heads; answers when what they named is in the merge here. Error: 1290 naming
    /// how many answered.
    fn ask(&self, count: u32) -> Happened;
}

/// Nobody: a replica without others.
pub struct Nobody;

fn never(what: &str) -> Happened {
    let answer = Happened::default();
    let text = format!("{what} needs other replicas, and this one runs without a network");
    answer.complete(Err(SqlError::new(1290, text)));
    answer
}

impl Peers for Nobody {
    fn spread(&self, _: CommitId, wanted: Spread) -> Happened {
        let answer = Happened::default();
        if matches!(wanted, Spread::Local | Spread::Replicated(1)) {
            answer.complete(Ok(()));
        }
        answer
    }

    fn lacking(&self, _: CommitId, _: Spread) -> String {
        "there are no other replicas".to_owned()
    }

    fn arrived(&self, _: &[CommitId]) -> Happened {
        never("headwaters_read = 'after(...)'")
    }

    fn ask(&self, count: u32) -> Happened {
        if count > 1 {
            return never("headwaters_read = 'quorum(...)'");
        }
        let answer = Happened::default();
        answer.complete(Ok(()));
        answer
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_spread() {
        for (text, spread) in [
            ("local", Some(Spread::Local)),
            ("STABLE", Some(Spread::Stable)),
            ("replicated(1)", Some(Spread::Replicated(1))),
            ("Replicated ( 3 )", Some(Spread::Replicated(3))),
            ("replicated(1000)", Some(Spread::Replicated(1_000))),
            ("replicated(1001)", None),
            ("replicated(0)", None),
            ("replicated", None),
            ("replicated(-1)", None),
            ("quorum(2)", None),
        ] {
            assert_eq!(Spread::parse(text), spread, "{text}");
            assert!(spread.is_none_or(|spread| Spread::parse(&spread.to_string()) == Some(spread)));
        }
    }

    #[test]
    fn a_token_reads_back_up_to_its_bound() {
        let heads = |n: usize| (0..n).map(|n| CommitId([n as u8; 32])).collect::<Vec<_>>();
        let token = Token::new(heads(MAX_TOKEN_HEADS)).unwrap();
        assert_eq!(Token::parse(&token.to_string()), Some(token));
        assert_eq!(Token::new(heads(MAX_TOKEN_HEADS + 1)).map_err(|e| e.code), Err(1290));
        for wrong in ["", "abc", "..", "?"] {
            assert_eq!(Token::parse(wrong), None, "{wrong}");
        }
    }
}
