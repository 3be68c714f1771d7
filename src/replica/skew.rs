//! Whether this machine's clock is right, as its peers' clocks tell (R9).
//!
//! Promises: pure. A clock counts as wrong only against a majority, ours among them: of two replicas neither is stopped
//! by the other, and one wrong clock among three stops its own replica alone. Does not know how clocks are compared.

use dag::admit::MAX_CLOCK_SKEW_MILLIS;

/// By how many milliseconds the clocks of all (the peers' less ours, and ours) are ahead of ours, at their median; of
/// two in the middle the one nearer to ours.
pub fn off_by(peers: &[i64]) -> i64 {
    let mut all: Vec<i64> = peers.iter().copied().chain([0]).collect();
    all.sort_unstable();
    let (low, high) = (all[(all.len() - 1) / 2], all[all.len() / 2]);
    if low.unsigned_abs() <= high.unsigned_abs() { low } else { high }
}

/// Why nothing is written here while our clock is off by that; `None`: it is right enough.
pub fn refusal(off_millis: i64) -> Option<String> {
    let off = off_millis.unsigned_abs();
    let side = if off_millis > 0 { "behind" } else { "ahead of" };
    (off > MAX_CLOCK_SKEW_MILLIS).then(|| {
        format!(
            "this machine's clock is {} s {side} the clocks of the other replicas; set it (NTP), and writes are accepted \
             again within seconds (headwaters doctor)",
            off.div_ceil(1_000)
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_majority_of_clocks_tells_that_ours_is_wrong() {
        for (peers, off) in [
            (&[][..], 0),
            (&[9_000], 0),
            (&[9_000, 0], 0),
            (&[9_000, 9_100], 9_000),
            (&[-9_000, -8_900], -8_900),
            (&[9_000, 9_000, 0], 0),
            (&[9_000, 9_000, 9_000], 9_000),
            (&[5, -3, 7], 0),
        ] {
            assert_eq!(off_by(peers), off, "{peers:?}");
        }
    }

    #[test]
    fn five_seconds_are_borne_and_more_are_not() {
        assert_eq!((refusal(5_000), refusal(-5_000)), (None, None));
        assert!(refusal(5_001).unwrap().contains("6 s behind the clocks"));
        let ahead = refusal(-9_000).unwrap();
        assert!(ahead.contains("9 s ahead of") && ahead.contains("doctor"), "{ahead}");
    }
}
