//! What a peer did wrong, counted; after repeated faults it is dropped (design, section 5).
//!
//! Promises: one lost message never drops a peer, a forger is dropped at the third forgery, and good work pays back what
//! a bad line did, not what was forged. Does not disconnect anyone: the caller does.

use crate::limits::FAULT_POINTS;
use std::collections::BTreeMap;

/// Points of what no honest program does.
const FORGED: u32 = 10;

/// A peer's fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fault {
    /// Bytes that are no message, or not in their one encoding.
    Malformed,
    /// Longer than `limits` allow.
    TooLarge,
    /// A commit or tip that admission found invalid: wrong hash, signature, author, time or links.
    Invalid,
    /// A part nobody asked for: no peer can make another one write.
    Unasked,
    /// A stream that is not closed under parents, or misses a part (R41).
    Gap,
    /// No answer in time.
    Silent,
    /// More requests or announcements than the rate allows.
    Flood,
    /// Words that only members may say.
    Stranger,
    /// It brought a commit whose objects (R10) or parents (R41) it then did not have.
    Lacking,
    /// A ticket that admits nobody: stale, used, of another database, with a wrong secret.
    Ticket,
    /// It speaks with our own author key (R6).
    Twin,
}

impl Fault {
    /// Whether a bad line or a loaded machine cannot explain it: then repeated faults end in a ban.
    pub fn is_malice(self) -> bool {
        matches!(self, Fault::Malformed | Fault::TooLarge | Fault::Invalid | Fault::Flood)
    }

    /// Ten points for what no honest program does; one for what a bad line can do; none for what an older program does
    /// that relays commits which it cannot read (R2), and for an operator's mistake.
    fn points(self) -> u32 {
        match self {
            Fault::Malformed | Fault::TooLarge | Fault::Invalid => FORGED,
            Fault::Unasked | Fault::Gap | Fault::Silent | Fault::Flood | Fault::Stranger | Fault::Ticket => 1,
            Fault::Lacking | Fault::Twin => 0,
        }
    }
}

/// The faults of one connection.
#[derive(Clone, Debug, Default)]
pub struct Faults {
    counts: BTreeMap<Fault, u64>,
    /// What good work pays back.
    points: u32,
    /// What it does not: between two lies a liar may serve as many honest fetches as it likes.
    forged: u32,
}

impl Faults {
    /// Counts a fault. `true`: that was one too many, drop the peer.
    #[must_use]
    pub fn record(&mut self, fault: Fault) -> bool {
        self.note(fault);
        match fault.points() {
            FORGED => self.forged += FORGED,
            points => self.points += points,
        }
        self.points + self.forged >= FAULT_POINTS
    }

    /// A fetch ended well: one point is paid back, if a bad line can explain it.
    pub fn forgive(&mut self) {
        self.points = self.points.saturating_sub(1);
    }

    /// Counts what costs nothing and gives up nothing.
    pub fn note(&mut self, fault: Fault) {
        *self.counts.entry(fault).or_default() += 1;
    }

    /// How often each fault happened on this connection.
    pub fn counts(&self) -> &BTreeMap<Fault, u64> {
        &self.counts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forgers_go_at_once_bad_lines_are_forgiven() {
        for (fault, strikes) in [(Fault::Invalid, 3), (Fault::Malformed, 3), (Fault::Gap, 30), (Fault::Silent, 30)] {
            let mut faults = Faults::default();
            let struck = (1..).find(|_| faults.record(fault));
            assert_eq!(struck, Some(strikes), "{fault:?}");
            assert_eq!(faults.counts()[&fault], strikes);
        }
        // A liar that served honest fetches between its lies needed a fourth one.
        let mut liar = Faults::default();
        for strike in 1..=3 {
            assert_eq!(liar.record(Fault::Invalid), strike == 3);
            (0..100).for_each(|_| liar.forgive());
        }
        let mut older = Faults::default();
        assert!((0..1_000).all(|_| !older.record(Fault::Lacking)) && older.counts()[&Fault::Lacking] == 1_000);
        let mut line = Faults::default();
        for _ in 0..1_000 {
            assert!(!line.record(Fault::Gap));
            line.forgive();
        }
    }
}
