//! Who is not let in, and until when.
//!
//! Promises: each ban of one peer is twice as long as the one before, to a bound; at most [`MAX_BANS`] are remembered,
//! and the one that ends first makes room. Owns no clock.

use crate::hello::TransportId;
use crate::limits::{Limits, MAX_BANS};
use std::collections::BTreeMap;
use std::time::Duration;

/// The bans.
#[derive(Clone, Debug, Default)]
pub(crate) struct Bans {
    by_peer: BTreeMap<TransportId, (Duration, u32)>,
}

impl Bans {
    /// Bans a peer; gives until when.
    pub(crate) fn ban(&mut self, peer: TransportId, limits: &Limits, now: Duration) -> Duration {
        let strikes = self.by_peer.get(&peer).map_or(0, |(_, strikes)| *strikes);
        let length = limits.first_ban.saturating_mul(1 << strikes.min(16)).min(limits.longest_ban);
        let first = self.by_peer.iter().min_by_key(|(_, (until, _))| *until).map(|(peer, _)| *peer);
        if let Some(first) = first.filter(|_| self.by_peer.len() >= MAX_BANS) {
            self.by_peer.remove(&first);
        }
        self.by_peer.insert(peer, (now + length, strikes + 1));
        now + length
    }

    /// Whether the peer is banned now.
    pub(crate) fn holds(&self, peer: &TransportId, now: Duration) -> bool {
        self.by_peer.get(peer).is_some_and(|(until, _)| *until > now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bans_double_and_end() {
        let (mut bans, limits, peer) = (Bans::default(), Limits::default(), TransportId([1; 32]));
        let lengths: Vec<u64> = (0..8).map(|_| bans.ban(peer, &limits, Duration::ZERO).as_secs()).collect();
        assert_eq!(lengths, [60, 120, 240, 480, 960, 1_920, 3_600, 3_600]);
        assert!(bans.holds(&peer, Duration::from_secs(3_599)) && !bans.holds(&peer, Duration::from_secs(3_600)));
        (0..2_000u32).for_each(|n| {
            let mut key = [0; 32];
            key[..4].copy_from_slice(&n.to_be_bytes());
            bans.ban(TransportId(key), &limits, Duration::from_secs(u64::from(n)));
        });
        assert_eq!(bans.by_peer.len(), MAX_BANS);
    }
}
