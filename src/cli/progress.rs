//! Progress of long work: one bar at a time, drawn only on a terminal, gone when the work is done.

use indicatif::{ProgressBar, ProgressStyle};
use std::cell::RefCell;

thread_local! {
    static BAR: RefCell<Option<ProgressBar>> = const { RefCell::new(None) };
}

/// Below this much work a bar would only flicker.
const WORTH_A_BAR: u64 = 10_000;

/// Shows that `done` of `total` is done; at the end the bar goes away.
pub fn show(what: &'static str, done: u64, total: u64) {
    if total < WORTH_A_BAR {
        return;
    }
    BAR.with_borrow_mut(|slot| {
        let bar = slot.get_or_insert_with(|| bar(what, total));
        bar.set_position(done);
        if done >= total {
            bar.finish_and_clear();
            *slot = None;
        }
    });
}

/// indicatif keeps the bar hidden when standard error is no terminal.
fn bar(what: &'static str, total: u64) -> ProgressBar {
    let bar = ProgressBar::new(total).with_message(what);
    match ProgressStyle::with_template("{msg:12} [{bar:40}] {human_pos}/{human_len} ({eta})") {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}
