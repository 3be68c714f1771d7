//! Hybrid logical clock readings (R8): 48 bits of milliseconds since the Unix epoch, then a 16-bit counter.
//!
//! Promises: the integer order is the time order; `after` is strictly greater and carries a full counter into the
//! milliseconds. Does not read any clock: the caller brings the wall time (see `clock`).
//! Source: Kulkarni et al., "Logical Physical Clocks", 2014.

pub use crate::limits::MAX_MILLIS;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A hybrid logical clock reading.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Debug, Serialize, Deserialize)]
pub struct Hlc(pub u64);

impl Hlc {
    /// A reading from its parts; `millis` must not exceed [`MAX_MILLIS`].
    pub fn new(millis: u64, counter: u16) -> Self {
        Hlc(millis << 16 | u64::from(counter))
    }

    /// Milliseconds since the Unix epoch.
    pub fn millis(self) -> u64 {
        self.0 >> 16
    }

    /// The counter within the millisecond.
    pub fn counter(self) -> u16 {
        self.0 as u16
    }

    /// Whether the reading is one that any peer may hold (R8).
    pub fn is_valid(self) -> bool {
        self.millis() <= MAX_MILLIS
    }

    /// The least reading that is greater than `self` and not before the wall clock's `now_millis`.
    pub fn after(self, now_millis: u64) -> Self {
        Hlc((self.0 + 1).max(now_millis << 16))
    }
}

impl fmt::Display for Hlc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.millis(), self.counter())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_is_greater_and_follows_the_wall() {
        assert_eq!(Hlc::new(5, 0).after(5), Hlc::new(5, 1));
        assert_eq!(Hlc::new(5, 9).after(7), Hlc::new(7, 0));
        assert_eq!(Hlc::new(9, 2).after(7), Hlc::new(9, 3));
    }

    #[test]
    fn a_full_counter_carries() {
        assert_eq!(Hlc::new(5, u16::MAX).after(5), Hlc::new(6, 0));
    }

    #[test]
    fn the_limit_is_valid_and_one_past_is_not() {
        assert!(Hlc::new(MAX_MILLIS, 0).is_valid());
        assert!(!Hlc::new(MAX_MILLIS + 1, 0).is_valid());
    }
}
