//! `headwaters invite`: a ticket for one new member, from the running replica.

use super::{Output, print, reach};
use crate::config::Config;
use crate::failure::Failure;
use crate::replica::presence;
use clap::Args;

/// What a person says of the one invited.
#[derive(Args, Debug)]
pub struct Arguments {
    /// It may fetch and read, and write nothing
    #[arg(long, conflicts_with = "admin")]
    reader: bool,
    /// It may invite, remove and change members, too
    #[arg(long)]
    admin: bool,
    /// Its name; without one it chooses its own
    #[arg(long, default_value = "")]
    name: String,
    /// How long the ticket is good: 30m, 24h, 7d
    #[arg(long, default_value = "24h", value_name = "TIME")]
    expires: String,
    #[command(flatten)]
    output: Output,
}

/// Prints the ticket alone on standard output, so that a script can take it.
pub fn run(config: &Config, arguments: &Arguments) -> Result<(), Failure> {
    let hours = hours(&arguments.expires)?;
    if presence::read(&config.data)?.is_none() {
        let text = format!(
            "no replica runs on {0}, and a ticket is redeemed by the running replica that issued it; start it first: headwaters --data {0} start",
            config.data.display()
        );
        return Err(Failure::environment(text));
    }
    let role = if arguments.admin {
        "admin"
    } else if arguments.reader {
        "reader"
    } else {
        "writer"
    };
    let name = arguments.name.replace('\\', "\\\\").replace('\'', "''");
    let answer = reach::ask(config, &format!("CALL headwaters.invite('{role}', '{name}', {hours})"))?;
    let row = answer.rows.first().ok_or_else(|| Failure::environment("the replica gave no ticket; see its log"))?;
    if arguments.output.json {
        print::line(print::object(&answer.columns, row).to_string());
        return Ok(());
    }
    let cell = |at: usize| row.get(at).cloned().flatten().unwrap_or_default();
    print::line(cell(0));
    print::remark(format!(
        "For one new {role}, until {} UTC, while this replica runs. Whoever has the ticket can use it: pass it on in private.",
        cell(1)
    ));
    print::remark("On the other machine: headwaters --data FOLDER join TICKET");
    Ok(())
}

/// 30m, 24h, 7d, or seconds with s, as hours.
fn hours(text: &str) -> Result<f64, Failure> {
    let wrong = || Failure::usage(format!("--expires {text}: give a number and a unit, such as 30m, 24h or 7d"));
    let unit = text.chars().last().ok_or_else(wrong)?;
    let number: f64 = text[..text.len() - unit.len_utf8()].parse().map_err(|_| wrong())?;
    let hours = match unit {
        's' => number / 3_600.0,
        'm' => number / 60.0,
        'h' => number,
        'd' => number * 24.0,
        _ => return Err(wrong()),
    };
    if hours > 0.0 && hours.is_finite() { Ok(hours) } else { Err(wrong()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_as_people_write_them() {
        for (text, expected) in [("30m", 0.5), ("24h", 24.0), ("7d", 168.0), ("36s", 0.01), ("1.5h", 1.5)] {
            assert_eq!(hours(text).unwrap(), expected, "{text}");
        }
        for text in ["", "h", "0h", "-1h", "24", "1 week", "5\u{e9}", "infd"] {
            assert!(hours(text).is_err(), "{text}");
        }
    }
}
