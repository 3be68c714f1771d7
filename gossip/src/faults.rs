//! What a peer did wrong, counted; after repeated faults it is dropped (design, section 5).
//!
//! Promises: one lost message never drops a peer, a forger is dropped at the third forgery, and good work pays old
//! faults back. Does not disconnect anyone: the caller does.

use std::collections::BTreeMap;

/// Points at which a peer is dropped.
const LIMIT: u32 = 30;

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
}

impl Fault {
    /// Whether a bad line or a loaded machine cannot explain it: then repeated faults end in a ban.
    pub fn is_malice(self) -> bool {
        matches!(self, Fault::Malformed | Fault::TooLarge | Fault::Invalid | Fault::Flood)
    }

    /// Ten points for what no honest program does; one for what a bad line can do.
    fn points(self) -> u32 {
        match self {
            Fault::Malformed | Fault::TooLarge | Fault::Invalid => 10,
            Fault::Unasked | Fault::Gap | Fault::Silent | Fault::Flood | Fault::Stranger => 1,
        }
    }
}

/// The faults of one connection.
#[derive(Clone, Debug, Default)]
pub struct Faults {
    counts: BTreeMap<Fault, u64>,
    points: u32,
}

impl Faults {
    /// Counts a fault. `true`: that was one too many, drop the peer.
    #[must_use]
    pub fn record(&mut self, fault: Fault) -> bool {
        *self.counts.entry(fault).or_default() += 1;
        self.points += fault.points();
        self.points >= LIMIT
    }

    /// A fetch ended well: one point is paid back.
    pub fn forgive(&mut self) {
        self.points = self.points.saturating_sub(1);
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
        let mut line = Faults::default();
        for _ in 0..1_000 {
            assert!(!line.record(Fault::Gap));
            line.forgive();
        }
    }
}
