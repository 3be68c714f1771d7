//! `headwaters peers`: other replicas seen since the start, from table `headwaters.peers`.

use super::{Output, print, reach};
use crate::config::Config;
use crate::failure::Failure;

const QUERY: &str = "SELECT COALESCE(NULLIF(member, ''), LEFT(author, 10), LEFT(transport, 10)) AS peer, access, \
    IF(connected, 'yes', 'no') AS connected, address, round_trip_us, clock_difference_ms, lag_commits, lag_ms, \
    bytes_in, bytes_out, round_trips, faults, last_heard, banned_until, refused_us FROM headwaters.peers";

/// Prints one line a peer.
pub fn run(config: &Config, output: Output) -> Result<(), Failure> {
    let answer = reach::ask(config, QUERY)?;
    print::answer(
        &answer,
        output.json,
        "No other replica was seen: start with --bootstrap ADDRESS, or join with a ticket.",
    );
    Ok(())
}
