//! Waiting in tests: what should come to be is looked for until it is so, and a test that waited in vain says what was
//! there instead.
//!
//! Promises: never waits longer than told; looks often, so that a fast machine waits little.

use std::time::Duration;
use tokio::time::{Instant, sleep};

/// Pause between looks.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Looks until `probe` gives a value; panics with `what` and the last reason when `within` has passed.
pub async fn eventually<T>(within: Duration, what: &str, mut probe: impl AsyncFnMut() -> Result<T, String>) -> T {
    let end = Instant::now() + within;
    loop {
        match probe().await {
            Ok(value) => return value,
            Err(reason) if Instant::now() >= end => panic!("not within {within:?}: {what}\n{reason}"),
            Err(_) => sleep(LOOK_EVERY).await,
        }
    }
}
