//! The only doors to wall time, monotonic time and randomness (rule "decide without I/O").
//!
//! Everything else takes a `Clock` or an `Entropy`, so that one seeded simulator drives the same code.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Wall and monotonic time. Wall time may jump; `monotonic` never goes back.
pub trait Clock: Send + Sync {
    /// Microseconds since the Unix epoch.
    fn wall_micros(&self) -> u64;
    /// Time since some fixed moment of this process.
    fn monotonic(&self) -> Duration;
    /// Milliseconds since the Unix epoch, for HLC.
    fn wall_millis(&self) -> u64 {
        self.wall_micros() / 1000
    }
}

/// Unpredictable bytes.
pub trait Entropy: Send + Sync {
    /// Fills the buffer; an error means the operating system has no randomness and the process must not go on.
    fn fill(&self, buffer: &mut [u8]) -> Result<(), EntropyError>;
}

/// The operating system could not give random bytes.
#[derive(Debug, Clone, thiserror::Error)]
#[error("the operating system gives no random bytes: {0}")]
pub struct EntropyError(pub String);

/// The machine's own clock and randomness.
pub struct System {
    started: Instant,
}

impl System {
    /// The one place that reads the machine.
    #[expect(clippy::disallowed_methods, reason = "this is the door")]
    pub fn new() -> Self {
        System { started: Instant::now() }
    }
}

impl Default for System {
    fn default() -> Self {
        System::new()
    }
}

impl Clock for System {
    #[expect(clippy::disallowed_methods, reason = "this is the door")]
    fn wall_micros(&self) -> u64 {
        SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_micros() as u64)
    }

    fn monotonic(&self) -> Duration {
        self.started.elapsed()
    }
}

impl Entropy for System {
    #[expect(clippy::disallowed_methods, reason = "this is the door")]
    fn fill(&self, buffer: &mut [u8]) -> Result<(), EntropyError> {
        getrandom::fill(buffer).map_err(|e| EntropyError(e.to_string()))
    }
}
