//! The gate: how many connections there may be, from where, and who has guessed too often.
//!
//! Promises: a place is given back when its [`Place`] is dropped, however the connection ends. Pure but for a mutex:
//! times come from the caller.

use crate::limits::Limits;
use sql::error::SqlError;
use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

#[derive(Default)]
struct Counts {
    connections: usize,
    /// Not logged in yet, by address; no entry is zero.
    pending: HashMap<IpAddr, usize>,
    /// Times of failed logins, oldest first, at most `failed_logins` an address.
    failures: HashMap<IpAddr, VecDeque<Duration>>,
}

/// Shared by the server and its connections.
pub(crate) struct Gate {
    counts: Mutex<Counts>,
    limits: Limits,
}

/// A connection's place, pending until [`Place::logged_in`].
pub(crate) struct Place {
    gate: Arc<Gate>,
    pending: Option<IpAddr>,
}

impl Gate {
    pub fn new(limits: Limits) -> Arc<Self> {
        Arc::new(Gate { counts: Mutex::default(), limits })
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets a connection in, or says why not: 1040 or 1129.
    pub fn enter(self: &Arc<Self>, address: IpAddr, now: Duration) -> Result<Place, SqlError> {
        let mut counts = self.counts();
        if counts.connections >= self.limits.connections {
            return Err(SqlError::new(1040, "Too many connections"));
        }
        if self.blocked(&mut counts, address, now) {
            let window = self.limits.failed_login_window.as_secs();
            return Err(SqlError::new(
                1129,
                format!("Host '{address}' is blocked because of many failed logins; try again in {window} seconds"),
            ));
        }
        let most =
            if address.is_loopback() { self.limits.pending_on_loopback } else { self.limits.pending_per_address };
        let pending = counts.pending.entry(address).or_default();
        if *pending >= most {
            return Err(SqlError::new(1040, "Too many connections from your address are still logging in"));
        }
        *pending += 1;
        counts.connections += 1;
        Ok(Place { gate: self.clone(), pending: Some(address) })
    }

    fn blocked(&self, counts: &mut Counts, address: IpAddr, now: Duration) -> bool {
        let Some(times) = counts.failures.get_mut(&address) else { return false };
        times.retain(|time| now.saturating_sub(*time) < self.limits.failed_login_window);
        let blocked = times.len() >= self.limits.failed_logins;
        if times.is_empty() {
            counts.failures.remove(&address);
        }
        blocked
    }

    /// Remembers a failed login.
    pub fn failed(&self, address: IpAddr, now: Duration) {
        let mut counts = self.counts();
        if counts.failures.len() >= self.limits.remembered_addresses && !counts.failures.contains_key(&address) {
            let oldest = counts.failures.iter().min_by_key(|(_, times)| times.back()).map(|(address, _)| *address);
            oldest.map(|oldest| counts.failures.remove(&oldest));
        }
        let times = counts.failures.entry(address).or_default();
        times.push_back(now);
        if times.len() > self.limits.failed_logins {
            times.pop_front();
        }
    }

    /// Connections now.
    pub fn connections(&self) -> usize {
        self.counts().connections
    }
}

impl Place {
    /// The login is over: the address has one pending connection less.
    pub fn logged_in(&mut self) {
        let gate = self.gate.clone();
        self.settle(&mut gate.counts());
    }

    fn settle(&mut self, counts: &mut Counts) {
        let Some(address) = self.pending.take() else { return };
        if let Some(count) = counts.pending.get_mut(&address) {
            *count -= 1;
            if *count == 0 {
                counts.pending.remove(&address);
            }
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let gate = self.gate.clone();
        let mut counts = gate.counts();
        self.settle(&mut counts);
        counts.connections -= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Duration = Duration::from_secs(1000);

    fn gate(connections: usize, pending: usize) -> Arc<Gate> {
        let limits = Limits { connections, pending_per_address: pending, pending_on_loopback: 3, ..Limits::default() };
        Gate::new(limits)
    }

    fn address(last: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, last])
    }

    #[test]
    fn the_last_connection_enters_and_one_more_does_not_until_one_leaves() {
        let gate = gate(2, 9);
        let first = gate.enter(address(1), NOW).unwrap();
        let _second = gate.enter(address(2), NOW).unwrap();
        assert_eq!(gate.enter(address(3), NOW).err().map(|e| e.code), Some(1040));
        drop(first);
        assert!(gate.enter(address(3), NOW).is_ok());
    }

    #[test]
    fn an_address_can_hold_only_so_many_places_before_login() {
        let gate = gate(9, 2);
        let mut places: Vec<Place> = (0..2).map(|_| gate.enter(address(1), NOW).unwrap()).collect();
        assert_eq!(gate.enter(address(1), NOW).err().map(|e| e.code), Some(1040));
        assert!(gate.enter(address(2), NOW).is_ok());
        places[0].logged_in();
        assert!(gate.enter(address(1), NOW).is_ok());
        let here = IpAddr::from([127, 0, 0, 1]);
        let local: Vec<_> = (0..4).map(|_| gate.enter(here, NOW)).collect();
        assert_eq!(local.iter().filter(|entered| entered.is_ok()).count(), 3);
    }

    #[test]
    fn five_failures_within_a_minute_block_that_address_only() {
        let gate = gate(9, 9);
        for second in 0..5 {
            assert!(gate.enter(address(1), NOW).is_ok(), "after {second} failures");
            gate.failed(address(1), NOW + Duration::from_secs(second));
        }
        let at = |seconds| gate.enter(address(1), NOW + Duration::from_secs(seconds)).err().map(|e| e.code);
        assert_eq!(at(5), Some(1129));
        assert_eq!(at(59), Some(1129));
        assert_eq!(at(60), None);
        assert!(gate.enter(address(2), NOW).is_ok());
    }

    #[test]
    fn remembered_addresses_are_bounded() {
        let limits = Limits { remembered_addresses: 2, failed_logins: 1, ..Limits::default() };
        let gate = Gate::new(limits);
        (1..=3).for_each(|last| gate.failed(address(last), NOW + Duration::from_secs(last.into())));
        assert_eq!(gate.counts().failures.len(), 2);
        assert!(gate.enter(address(1), NOW).is_ok());
        assert!(gate.enter(address(3), NOW).is_err());
    }
}
