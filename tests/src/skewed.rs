//! Processes whose wall clock is wrong, by Debian's package libfaketime. The monotonic clock stays right, as on a machine
//! whose time was set wrongly.
//!
//! Promises: touches no clock but the one of the process that gets these variables.

use std::path::Path;
use std::process::Command;

/// Where the package puts it; the dynamic linker fills in `$LIB`.
const LIBRARY: &str = "/usr/$LIB/faketime/libfaketimeMT.so.1";
/// Set where the gate has installed everything: then a test that cannot move clocks fails.
const REQUIRED: &str = "HEADWATERS_ALL_CLIENTS";

/// The variables that put a process's clock so many seconds ahead, or behind.
pub fn by(seconds: i64) -> Vec<(String, String)> {
    let variables = [
        ("LD_PRELOAD", LIBRARY.to_owned()),
        ("FAKETIME", format!("{seconds:+}s")),
        ("FAKETIME_DONT_FAKE_MONOTONIC", "1".to_owned()),
    ];
    variables.map(|(name, value)| (name.to_owned(), value)).into()
}

/// The variables that put a process's clock where a file says, so that it can be moved while the process runs.
pub fn by_file(file: &Path) -> Vec<(String, String)> {
    let variables = [
        ("LD_PRELOAD", LIBRARY.to_owned()),
        ("FAKETIME_TIMESTAMP_FILE", file.display().to_string()),
        ("FAKETIME_NO_CACHE", "1".to_owned()),
        ("FAKETIME_DONT_FAKE_MONOTONIC", "1".to_owned()),
    ];
    variables.map(|(name, value)| (name.to_owned(), value)).into()
}

/// Puts the clock of processes that look at this file so many seconds ahead, or behind.
pub fn move_to(file: &Path, seconds: i64) {
    std::fs::write(file, format!("{seconds:+}s\n")).expect("the file can be written");
}

/// Whether clocks can be moved here; a note says so if not.
#[expect(clippy::print_stdout, reason = "a test left out is to be seen")]
pub fn is_possible() -> bool {
    const CENTURY: i64 = 100 * 366 * 24 * 3_600;
    let year = Command::new("date").arg("+%Y").envs(by(CENTURY)).output().map(|out| out.stdout).unwrap_or_default();
    let possible = String::from_utf8_lossy(&year).trim().parse().is_ok_and(|year: u32| year > 2100);
    if !possible {
        assert!(std::env::var_os(REQUIRED).is_none(), "libfaketime is not installed");
        println!("left out: libfaketime is not installed");
    }
    possible
}
