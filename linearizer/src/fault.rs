//! Planted bugs: each is a mistake this crate could contain, switched on by one named test that must catch it.
//!
//! In every build but the unit tests' [`planted`] is the constant `false`.

/// A mistake to plant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Equal HLCs are ordered by commit id before author.
    TieBrokenById,
    /// Guards are not compared.
    GuardIgnored,
    /// An update that finds its own result already there is no conflict, whatever the policy.
    EqualIsNoConflict,
    /// A redone commit does not pass its change on.
    DependentMissed,
    /// A late unique entry does not redo the later commit that entered the same.
    LaterUniqueUnchecked,
}

#[cfg(test)]
thread_local! {
    static PLANTED: std::cell::Cell<Option<Fault>> = const { std::cell::Cell::new(None) };
}

/// Whether this mistake is to be made.
#[cfg(test)]
pub(crate) fn planted(fault: Fault) -> bool {
    PLANTED.get() == Some(fault)
}

/// Whether this mistake is to be made: never.
#[cfg(not(test))]
pub(crate) const fn planted(_: Fault) -> bool {
    false
}

/// Runs `body` with one mistake planted on this thread.
#[cfg(test)]
pub(crate) fn with<T>(fault: Fault, body: impl FnOnce() -> T) -> T {
    PLANTED.set(Some(fault));
    let result = body();
    PLANTED.set(None);
    result
}
