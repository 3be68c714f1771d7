//! Whom to dial, and when again.
//!
//! Promises: a target is dialed by one attempt at a time; each failure doubles the pause, to a minute, with half of it
//! random, so that peers that lost a hub do not come back in step; bounded, and what the operator named is never
//! forgotten. Owns no clock and no randomness; knows neither sockets nor libp2p.

use std::collections::BTreeMap;
use std::time::Duration;

/// First pause after a failure: a peer that restarts is back about then.
const FIRST_PAUSE: Duration = Duration::from_millis(200);
/// Longest pause: a peer that comes back is found within a minute.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// Pause before a target is tried again that turned out to be ourselves, or a replica of another database.
const SHUNNED: Duration = Duration::from_secs(600);
/// Failures after which a learned target is forgotten: an hour.
const FORGET_AFTER: u32 = 60;

/// Somebody to connect to, under a name of the caller's.
#[derive(Clone, Debug)]
struct Target {
    addresses: Vec<String>,
    permanent: bool,
    connected: bool,
    under_way: bool,
    failures: u32,
    next: Duration,
}

/// The targets.
#[derive(Clone, Debug, Default)]
pub(crate) struct Dialing {
    targets: BTreeMap<String, Target>,
    most: usize,
}

impl Dialing {
    /// None yet; remembers at most `most` learned ones.
    pub(crate) fn new(most: usize) -> Self {
        Dialing { targets: BTreeMap::new(), most }
    }

    /// What the operator named.
    pub(crate) fn name(&mut self, name: &str, addresses: Vec<String>) {
        self.put(name, addresses, true);
    }

    /// What was learned; the newest addresses count.
    pub(crate) fn learn(&mut self, name: &str, addresses: Vec<String>) {
        if self.targets.contains_key(name) || self.targets.len() < self.most {
            self.put(name, addresses, false);
        }
    }

    fn put(&mut self, name: &str, addresses: Vec<String>, permanent: bool) {
        let fresh = || Target {
            addresses: Vec::new(),
            permanent,
            connected: false,
            under_way: false,
            failures: 0,
            next: Duration::ZERO,
        };
        let target = self.targets.entry(name.to_owned()).or_insert_with(fresh);
        if target.addresses != addresses && !addresses.is_empty() {
            target.addresses = addresses;
        }
    }

    /// Connected under this name: no more dialing until it is lost.
    pub(crate) fn connected(&mut self, name: &str) {
        if let Some(target) = self.targets.get_mut(name) {
            (target.connected, target.under_way, target.failures) = (true, false, 0);
        }
    }

    /// The connection is gone.
    pub(crate) fn lost(&mut self, name: &str, now: Duration, random: u64) {
        if let Some(target) = self.targets.get_mut(name) {
            target.connected = false;
            target.next = now + jitter(FIRST_PAUSE, random);
        }
    }

    /// An attempt failed.
    pub(crate) fn failed(&mut self, name: &str, now: Duration, random: u64) {
        let Some(target) = self.targets.get_mut(name) else { return };
        target.under_way = false;
        target.failures = target.failures.saturating_add(1);
        let pause = FIRST_PAUSE.saturating_mul(1 << target.failures.min(10)).min(LONGEST_PAUSE);
        target.next = now + jitter(pause, random);
        if !target.permanent && target.failures > FORGET_AFTER {
            self.targets.remove(name);
        }
    }

    /// Whoever was to be reached is not there any more.
    pub(crate) fn forget(&mut self, name: &str, now: Duration) {
        if self.targets.get(name).is_some_and(|target| target.permanent) {
            self.shun(name, now);
        } else {
            self.targets.remove(name);
        }
    }

    /// It is not one of ours, or is us: not again for long.
    pub(crate) fn shun(&mut self, name: &str, now: Duration) {
        if let Some(target) = self.targets.get_mut(name) {
            (target.connected, target.under_way, target.next) = (false, false, now + SHUNNED);
        }
    }

    /// Whom to dial now, each with one address, the next one at each try. They are under way until told otherwise.
    pub(crate) fn due(&mut self, now: Duration) -> Vec<(String, String)> {
        let due = self.targets.iter_mut().filter(|(_, t)| !t.connected && !t.under_way && t.next <= now);
        let mut dial = Vec::new();
        for (name, target) in due {
            let Some(address) = target.addresses.get(target.failures as usize % target.addresses.len().max(1)) else {
                continue;
            };
            dial.push((name.clone(), address.clone()));
            target.under_way = true;
        }
        dial
    }

    /// Addresses worth keeping for the next start: of the connected first.
    pub(crate) fn kept(&self) -> Vec<String> {
        let of = |connected: bool| {
            let those = self.targets.values().filter(move |t| t.connected == connected && t.failures < 10);
            those.flat_map(|t| t.addresses.iter().cloned())
        };
        of(true).chain(of(false)).collect()
    }
}

/// Half of the pause, and a random part of the other half.
fn jitter(pause: Duration, random: u64) -> Duration {
    let half = pause / 2;
    half + half.mul_f64((random % 1_000) as f64 / 1_000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MILLI: Duration = Duration::from_millis(1);

    fn dialing() -> Dialing {
        let mut dialing = Dialing::new(2);
        dialing.name("a", vec!["a tcp".into(), "a quic".into()]);
        dialing
    }

    #[test]
    fn failures_double_the_pause_and_try_the_next_address() {
        let mut dialing = dialing();
        let mut now = Duration::ZERO;
        let mut pauses = Vec::new();
        for attempt in 0..12 {
            let due = dialing.due(now);
            assert_eq!(due.len(), 1, "attempt {attempt}");
            assert_eq!(due[0].1, if attempt % 2 == 0 { "a tcp" } else { "a quic" });
            assert_eq!(dialing.due(now), [], "one attempt at a time");
            dialing.failed("a", now, 0);
            let from = now;
            while dialing.clone().due(now).is_empty() {
                now += 50 * MILLI;
            }
            pauses.push((now - from).as_millis());
        }
        assert_eq!(pauses[..5], [200, 400, 800, 1_600, 3_200]);
        assert_eq!(pauses[11], 30_000);
    }

    #[test]
    fn the_connected_are_left_alone_and_the_lost_are_dialed_again() {
        let mut dialing = dialing();
        dialing.due(Duration::ZERO);
        dialing.connected("a");
        assert_eq!(dialing.due(Duration::from_secs(9)), []);
        dialing.lost("a", Duration::from_secs(9), 999);
        assert_eq!(dialing.due(Duration::from_secs(9)), []);
        assert_eq!(dialing.due(Duration::from_secs(10)).len(), 1);
    }

    #[test]
    fn who_is_gone_is_forgotten_unless_an_operator_named_it() {
        let mut dialing = dialing();
        dialing.learn("b", vec!["b tcp".into()]);
        dialing.forget("a", Duration::ZERO);
        dialing.forget("b", Duration::ZERO);
        assert_eq!(dialing.kept(), ["a tcp", "a quic"]);
    }

    #[test]
    fn learned_targets_are_bounded_and_forgotten_named_ones_are_not() {
        let mut dialing = dialing();
        for name in ["b", "c", "d"] {
            dialing.learn(name, vec![name.into()]);
        }
        assert_eq!(dialing.due(Duration::ZERO).len(), 2, "a and b");
        for _ in 0..=FORGET_AFTER {
            dialing.failed("a", Duration::ZERO, 0);
            dialing.failed("b", Duration::ZERO, 0);
        }
        let late = dialing.due(Duration::from_secs(9_999));
        assert_eq!(late.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["a"]);
    }
}
