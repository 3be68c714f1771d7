//! How often a peer may speak: a bucket of tokens that fills with time.
//!
//! Promises: at most `burst` at once and `per_second` in the long run. Owns no clock.

use crate::limits::Rate;
use std::time::Duration;

/// The tokens left.
#[derive(Clone, Debug)]
pub(crate) struct Bucket {
    rate: Rate,
    tokens: f64,
    at: Duration,
}

impl Bucket {
    /// A full one.
    pub(crate) fn new(rate: Rate, now: Duration) -> Self {
        Bucket { rate, tokens: f64::from(rate.burst), at: now }
    }

    /// Takes one; `false` if there is none.
    pub(crate) fn take(&mut self, now: Duration) -> bool {
        let passed = now.saturating_sub(self.at).as_secs_f64();
        self.at = now;
        self.tokens = (self.tokens + passed * f64::from(self.rate.per_second)).min(f64::from(self.rate.burst));
        let has = self.tokens >= 1.0;
        self.tokens -= if has { 1.0 } else { 0.0 };
        has
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_at_once_then_the_rate() {
        let mut bucket = Bucket::new(Rate { per_second: 10, burst: 5 }, Duration::ZERO);
        let mut taken = |millis| (0..100).filter(|_| bucket.take(Duration::from_millis(millis))).count();
        assert_eq!([taken(0), taken(99), taken(100), taken(300), taken(60_000)], [5, 0, 1, 2, 5]);
    }
}
