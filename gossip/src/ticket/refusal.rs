//! Why somebody is not served or not admitted: a kind for programs, words for people.
//!
//! Promises: kinds travel as numbers that are for ever; a number of a later release reads as [`RefusalKind::Other`],
//! with the words that came with it.

pub use crate::limits::MAX_REASON;
use serde::{Deserialize, Serialize};

/// No, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{reason}")]
pub struct Refusal {
    /// For programs.
    pub kind: RefusalKind,
    /// For people.
    pub reason: String,
}

impl Refusal {
    /// A refusal; a reason that is too long is cut.
    pub fn new(kind: RefusalKind, reason: impl Into<String>) -> Refusal {
        let mut reason = reason.into();
        reason.truncate(reason.floor_char_boundary(MAX_REASON));
        Refusal { kind, reason }
    }

    /// Whether the reason keeps its bound.
    pub fn is_bounded(&self) -> bool {
        self.reason.len() <= MAX_REASON
    }
}

/// The kind's own words.
impl From<RefusalKind> for Refusal {
    fn from(kind: RefusalKind) -> Refusal {
        Refusal::new(kind, kind.words())
    }
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $number:literal: $words:literal,)+) => {
        /// Why somebody is not served.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(from = "u8", into = "u8")]
        pub enum RefusalKind { $($(#[$doc])* $name,)+ }

        impl RefusalKind {
            /// Every kind, by number.
            pub const ALL: &[RefusalKind] = &[$(RefusalKind::$name,)+];

            /// What to tell a person, if there is nothing more exact to say.
            pub fn words(self) -> &'static str {
                match self { $(RefusalKind::$name => $words,)+ }
            }
        }

        impl From<RefusalKind> for u8 {
            fn from(kind: RefusalKind) -> u8 {
                match kind { $(RefusalKind::$name => $number,)+ }
            }
        }

        impl From<u8> for RefusalKind {
            fn from(number: u8) -> RefusalKind {
                match number { $($number => RefusalKind::$name,)+ _ => RefusalKind::Other }
            }
        }
    };
}

kinds! {
    /// None of the below.
    Other = 0: "it was refused",
    /// Another database, or another version of the protocol.
    OtherDatabase = 1: "the ticket is for another database than the one served there",
    /// Not a member by what is known here.
    Stranger = 2: "this author key is not a member there: join with a ticket first",
    /// The request does not belong to the connection that it came through.
    Ticket = 3: "the request names another transport key than the connection's",
    /// Not now: too much at once, or this replica cannot write.
    Busy = 4: "that replica cannot admit anybody now; try again",
    /// A ticket that was not issued here, or was forgotten after it expired.
    Unknown = 5: "that replica issued no such ticket; ask for a new one",
    /// Redeemed by someone else.
    Used = 6: "the ticket was used already, by another key; a ticket admits one member: ask for a new one",
    /// Too late.
    Expired = 7: "the ticket has expired; ask for a new one",
    /// The secret is not the ticket's.
    Proof = 8: "the secret does not belong to this ticket; copy the whole ticket again",
    /// Someone else's author key.
    Signature = 9: "the request is not signed by the author key that it names",
    /// The name is another member's.
    NameTaken = 10: "another member has this name; choose another with --name",
    /// Empty, too long, not printable, or not the one that the invitation gave.
    Name = 11: "the name cannot be used; choose another with --name",
    /// The issuer may not admit anybody any more.
    NotAdmin = 12: "the replica that issued the ticket is no administrator any more; ask another one for a ticket",
    /// This key was a member and was removed.
    Removed = 13: "this author key was removed from the database for good; join from an empty folder, with a new key",
    /// Already a member by another way.
    Member = 14: "this author key is a member already; start the replica",
}

#[cfg(test)]
mod tests {
    use super::*;
    use dag::encode;

    #[test]
    fn kinds_have_their_numbers_for_ever() {
        for (number, kind) in RefusalKind::ALL.iter().enumerate() {
            assert_eq!(encode::to_bytes(kind), [number as u8], "{kind:?}");
            assert_eq!(encode::from_bytes::<RefusalKind>("kind", &[number as u8]).unwrap(), *kind);
            assert!(kind.words().len() <= MAX_REASON);
        }
        assert_eq!(RefusalKind::from(23), RefusalKind::Other);
    }

    #[test]
    fn a_reason_keeps_its_bound() {
        assert!(Refusal::new(RefusalKind::Busy, "\u{e9}".repeat(MAX_REASON)).is_bounded());
        let exact = |n: usize| Refusal { kind: RefusalKind::Busy, reason: "x".repeat(n) };
        assert!(exact(MAX_REASON).is_bounded() && !exact(MAX_REASON + 1).is_bounded());
    }
}
