//! `headwaters doctor`: looks for what is wrong with this replica and its machine, and says what to do.
//!
//! Promises: changes nothing but a probe file it removes again; ends with failure if a check failed.

mod network;

use super::reach::{self, Answer};
use super::{Output, print};
use crate::config::Config;
use crate::failure::Failure;
use crate::replica::{founding, presence};
use dag::admit::MAX_CLOCK_SKEW_MILLIS;
use dag::clock::{Clock, System};
use dag::hlc::Hlc;
use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::time::Duration;

/// Below this much free space a full disk is near: one log segment and one checkpoint still fit.
const FREE_BYTES_WANTED: u64 = 1 << 30;
/// A disk that syncs slower than this answers a single writer fewer than 50 times a second.
const SYNC_WANTED: Duration = Duration::from_millis(20);
/// Clocks before this (2024-01-01) were never set.
const CLOCK_FLOOR_MILLIS: u64 = 1_704_067_200_000;
const SYNC_PROBES: u32 = 20;

/// What one check found.
struct Finding {
    check: &'static str,
    well: bool,
    found: String,
    advice: &'static str,
}

/// Runs every check and prints what it found.
pub fn run(config: &Config, output: Output) -> Result<(), Failure> {
    let findings = [
        folder(&config.data),
        key(&config.data),
        clock(config),
        space(&config.data),
        sync(&config.data),
        network::port(config),
        network::clocks(config),
        network::peers(config),
        replica(config),
    ];
    let cell = |text: &str| Some(text.to_owned());
    let rows = findings.iter().map(|f| {
        let advice = if f.well { "" } else { f.advice };
        vec![cell(f.check), cell(if f.well { "well" } else { "WRONG" }), cell(&f.found), cell(advice)]
    });
    let columns = ["check", "verdict", "found", "what to do"].map(str::to_owned).to_vec();
    print::answer(&Answer { columns, rows: rows.collect(), affected: 0 }, output.json, "");
    match findings.iter().filter(|f| !f.well).count() {
        0 => Ok(()),
        n => Err(Failure::Check(format!("{n} of {} checks found something wrong", findings.len()))),
    }
}

fn folder(data: &Path) -> Finding {
    let founded = founding::is_founded(data);
    let found = format!("{}: {}", data.display(), if founded { "holds a database" } else { "holds no database" });
    Finding { check: "folder", well: founded, found, advice: "headwaters init, or --data with the right folder" }
}

fn key(data: &Path) -> Finding {
    let checked = founding::check_key(data);
    let found = checked.as_ref().map_or_else(ToString::to_string, |()| "author key is private to its owner".to_owned());
    Finding {
        check: "author key",
        well: checked.is_ok(),
        found,
        advice: "chmod 600 the key file; restore it from a backup if it is gone",
    }
}

/// Never set, or behind what this replica has already seen: then it refuses to write (R9).
fn clock(config: &Config) -> Finding {
    let now = System::new().wall_millis();
    let seen = newest_commit(config).unwrap_or(0);
    let well = now > CLOCK_FLOOR_MILLIS && seen <= now + MAX_CLOCK_SKEW_MILLIS;
    let behind = seen.saturating_sub(now).div_ceil(1_000);
    let found = if behind == 0 {
        format!("{now} ms since 1970")
    } else {
        format!("{now} ms since 1970, {behind} s behind the newest commit here")
    };
    let advice = "set the machine's clock (NTP); if it is right, a clock was wrong when that commit was written: writes \
                  are accepted again once the time has passed it";
    Finding { check: "clock", well, found, advice }
}

/// The time of the newest head, in milliseconds since 1970; `None` if nobody can be asked.
fn newest_commit(config: &Config) -> Option<u64> {
    if !founding::is_founded(&config.data) {
        return None;
    }
    let answer = reach::ask(config, "SELECT MAX(hlc) FROM headwaters.heads").ok()?;
    let newest: u64 = answer.rows.first()?.first()?.as_ref()?.parse().ok()?;
    Some(Hlc(newest).millis())
}

fn space(data: &Path) -> Finding {
    let advice = "free space or move the folder; writes stop when the disk is full, nothing acknowledged is lost";
    match rustix::fs::statvfs(data) {
        Ok(stat) => {
            let free = stat.f_bavail * stat.f_frsize;
            Finding {
                check: "disk space",
                well: free >= FREE_BYTES_WANTED,
                found: format!("{} MiB free", free >> 20),
                advice,
            }
        }
        Err(error) => Finding { check: "disk space", well: false, found: error.to_string(), advice },
    }
}

fn sync(data: &Path) -> Finding {
    let advice = "a slow disk makes every commit slow; use a local disk, not a network folder";
    match sync_time(data) {
        Ok(taken) => Finding {
            check: "disk sync",
            well: taken < SYNC_WANTED,
            found: format!("{} us a sync", taken.as_micros()),
            advice,
        },
        Err(error) => Finding { check: "disk sync", well: false, found: error.to_string(), advice },
    }
}

/// Mean time of a small durable append.
fn sync_time(data: &Path) -> std::io::Result<Duration> {
    let path = data.join("doctor-probe");
    let clock = System::new();
    let mut file = File::create(&path)?;
    let before = clock.monotonic();
    for _ in 0..SYNC_PROBES {
        file.write_all(&[0; 300])?;
        file.sync_data()?;
    }
    let taken = clock.monotonic() - before;
    fs::remove_file(path)?;
    Ok(taken / SYNC_PROBES)
}

fn replica(config: &Config) -> Finding {
    let advice = "read its log; headwaters verify checks the stored bytes";
    let running = match presence::read(&config.data) {
        Ok(Some(present)) => format!("process {} on {}", present.process, present.address),
        Ok(None) => "not running".to_owned(),
        Err(error) => return Finding { check: "replica", well: false, found: error.to_string(), advice },
    };
    if !founding::is_founded(&config.data) {
        return Finding { check: "replica", well: true, found: running, advice };
    }
    match reach::ask(config, "SELECT value FROM headwaters.status WHERE name = 'writes'") {
        Ok(answer) => {
            let writes = answer.rows.first().and_then(|r| r.first().cloned().flatten()).unwrap_or_default();
            Finding {
                check: "replica",
                well: writes == "accepted",
                found: format!("{running}; writes {writes}"),
                advice,
            }
        }
        Err(error) => Finding { check: "replica", well: false, found: format!("{running}; {error}"), advice },
    }
}
