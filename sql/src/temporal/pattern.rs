//! DATE_FORMAT and STR_TO_DATE: `%`-patterns, English names (MySQL 8.0 manual, 14.7).

use super::{HOUR, MINUTE, SECOND, format, week};
use dag::temporal::{Date, DateTime};
use std::fmt::Write;

/// Months of the year.
pub const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
/// Days of the week, Monday first.
pub const DAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

/// `1st`, `2nd`, `3rd`, `4th`.
fn ordinal(day: u32) -> &'static str {
    match day {
        11..=13 => "th",
        _ => match day % 10 {
            1 => "st",
            2 => "nd",
            3 => "rd",
            _ => "th",
        },
    }
}

/// What is formatted: a date, and a time that may be negative or longer than a day.
#[derive(Clone, Copy)]
pub struct Moment {
    /// The date; zero for a time alone.
    pub date: Date,
    /// Microseconds.
    pub micros: i64,
}

impl From<DateTime> for Moment {
    fn from(value: DateTime) -> Moment {
        Moment { date: value.date(), micros: value.micros() as i64 }
    }
}

/// DATE_FORMAT; `None` when the pattern asks for a week or name that a zero date does not have.
pub fn write(moment: Moment, pattern: &str) -> Option<String> {
    let mut out = String::new();
    if moment.micros < 0 {
        out.push('-');
    }
    let mut letters = pattern.chars();
    while let Some(c) = letters.next() {
        if c != '%' {
            out.push(c);
            continue;
        }
        match letters.next() {
            Some(letter) => directive(&mut out, moment, letter)?,
            None => out.push('%'),
        }
    }
    Some(out)
}

fn directive(out: &mut String, moment: Moment, letter: char) -> Option<()> {
    let Moment { date, micros } = moment;
    let (hour, minute, second) = format::clock(micros.abs());
    let twelve = (hour % 24 + 11) % 12 + 1;
    let half = if hour % 24 < 12 { "AM" } else { "PM" };
    let month_name = || MONTHS.get((date.month() as usize).checked_sub(1)?).copied();
    let day_name = || DAYS.get(date.weekday()? as usize).copied();
    // Writing to a String cannot fail.
    let _ = match letter {
        'Y' => write!(out, "{:04}", date.year()),
        'y' => write!(out, "{:02}", date.year() % 100),
        'm' => write!(out, "{:02}", date.month()),
        'c' => write!(out, "{}", date.month()),
        'M' => write!(out, "{}", month_name()?),
        'b' => write!(out, "{}", &month_name()?[..3]),
        'd' => write!(out, "{:02}", date.day()),
        'e' => write!(out, "{}", date.day()),
        'D' => write!(out, "{}{}", date.day(), ordinal(date.day())),
        'j' => write!(out, "{:03}", date.day_of_year()?),
        'W' => write!(out, "{}", day_name()?),
        'a' => write!(out, "{}", &day_name()?[..3]),
        'w' => write!(out, "{}", (date.weekday()? + 1) % 7),
        'H' => write!(out, "{hour:02}"),
        'k' => write!(out, "{hour}"),
        'h' | 'I' => write!(out, "{twelve:02}"),
        'l' => write!(out, "{twelve}"),
        'i' => write!(out, "{minute:02}"),
        's' | 'S' => write!(out, "{second:02}"),
        'f' => write!(out, "{:06}", micros.abs() % SECOND),
        'p' => write!(out, "{half}"),
        'r' => write!(out, "{twelve:02}:{minute:02}:{second:02} {half}"),
        'T' => write!(out, "{hour:02}:{minute:02}:{second:02}"),
        'U' => write!(out, "{:02}", week::week(date, week::mode(0))?.1),
        'u' => write!(out, "{:02}", week::week(date, week::mode(1))?.1),
        'V' => write!(out, "{:02}", week::week(date, week::mode(2))?.1),
        'v' => write!(out, "{:02}", week::week(date, week::mode(3))?.1),
        'X' => write!(out, "{:04}", week::week(date, week::mode(2))?.0),
        'x' => write!(out, "{:04}", week::week(date, week::mode(3))?.0),
        other => write!(out, "{other}"),
    };
    Some(())
}

/// Which parts a pattern has: a date, a time, microseconds.
pub fn parts(pattern: &str) -> (bool, bool, bool) {
    let (mut date, mut time, mut micros) = (false, false, false);
    let mut letters = pattern.chars();
    while let Some(c) = letters.next() {
        if c == '%' {
            match letters.next() {
                Some('H' | 'k' | 'h' | 'I' | 'l' | 'i' | 's' | 'S' | 'p' | 'r' | 'T') => time = true,
                Some('f') => (time, micros) = (true, true),
                Some('%') | None => {}
                Some(_) => date = true,
            }
        }
    }
    (date, time, micros)
}

/// What STR_TO_DATE has read so far.
#[derive(Default)]
struct Fields {
    year: u32,
    month: u32,
    day: u32,
    hour: i64,
    minute: i64,
    second: i64,
    micros: i64,
    afternoon: Option<bool>,
    day_of_year: Option<u32>,
}

/// STR_TO_DATE; `None` if the text does not follow the pattern. The flag says that text was left over.
pub fn read(text: &str, pattern: &str) -> Option<(Moment, bool)> {
    let mut fields = Fields::default();
    let rest = read_into(&mut fields, text, pattern)?;
    let hour = match fields.afternoon {
        Some(_) if !(1..=12).contains(&fields.hour) => return None,
        Some(afternoon) => fields.hour % 12 + if afternoon { 12 } else { 0 },
        None => fields.hour,
    };
    let date = match fields.day_of_year {
        Some(day) if fields.year > 0 => {
            let first = Date::new(fields.year, 1, 1).day_number()?;
            Date::from_day_number(first + i64::from(day.checked_sub(1)?))?
        }
        _ => Date::new(fields.year, fields.month, fields.day),
    };
    let fits = fields.month <= 12 && hour < 24 && fields.minute < 60 && fields.second < 60;
    if !fits || !super::parse::day_exists(date.year(), date.month(), date.day()) {
        return None;
    }
    let micros = hour * HOUR + fields.minute * MINUTE + fields.second * SECOND + fields.micros;
    Some((Moment { date, micros }, !rest.trim().is_empty()))
}

fn read_into<'t>(fields: &mut Fields, text: &'t str, pattern: &str) -> Option<&'t str> {
    let mut text = text;
    let mut letters = pattern.chars();
    while let Some(c) = letters.next() {
        if c.is_whitespace() {
            text = text.trim_start();
            continue;
        }
        text = text.trim_start();
        text = if c == '%' { field(fields, text, letters.next()?)? } else { text.strip_prefix(c)? };
    }
    Some(text)
}

/// A number of at most that many digits.
fn number(text: &str, most: usize) -> Option<(u32, &str)> {
    let count = text.bytes().take(most).take_while(u8::is_ascii_digit).count();
    Some((text[..count].parse().ok()?, &text[count..]))
}

fn name<'t>(text: &'t str, names: &[&str], short: bool) -> Option<(u32, &'t str)> {
    names.iter().enumerate().find_map(|(index, name)| {
        let wanted = if short { &name[..3] } else { name };
        let head = text.get(..wanted.len())?;
        head.eq_ignore_ascii_case(wanted).then(|| (index as u32 + 1, &text[wanted.len()..]))
    })
}

fn field<'t>(fields: &mut Fields, text: &'t str, letter: char) -> Option<&'t str> {
    let (value, rest) = match letter {
        'Y' => number(text, 4)
            .map(|(n, r)| if text.len() - r.len() <= 2 { (super::parse::full_year(n), r) } else { (n, r) })?,
        'y' => number(text, 2).map(|(n, r)| (super::parse::full_year(n), r))?,
        'm' | 'c' | 'd' | 'e' | 'H' | 'k' | 'h' | 'I' | 'l' | 'i' | 's' | 'S' | 'w' => number(text, 2)?,
        'j' => number(text, 3)?,
        'U' | 'u' | 'V' | 'v' => number(text, 2)?,
        'X' | 'x' => number(text, 4)?,
        'f' => {
            let (value, rest) = number(text, 6)?;
            (value * 10u32.pow(6 - (text.len() - rest.len()) as u32), rest)
        }
        'M' => name(text, &MONTHS, false)?,
        'b' => name(text, &MONTHS, true)?,
        'W' => name(text, &DAYS, false)?,
        'a' => name(text, &DAYS, true)?,
        'D' => number(text, 2).and_then(|(n, r)| Some((n, r.get(2..)?)))?,
        'p' => half(text)?,
        'T' => return read_into(fields, text, "%H:%i:%S"),
        'r' => return read_into(fields, text, "%I:%i:%S %p"),
        '%' => return text.strip_prefix('%'),
        _ => return None,
    };
    match letter {
        'Y' | 'y' => fields.year = value,
        'm' | 'c' | 'M' | 'b' => fields.month = value,
        'd' | 'e' | 'D' => fields.day = value,
        'H' | 'k' => fields.hour = value.into(),
        'h' | 'I' | 'l' => {
            fields.hour = value.into();
            fields.afternoon.get_or_insert(false);
        }
        'i' => fields.minute = value.into(),
        's' | 'S' => fields.second = value.into(),
        'f' => fields.micros = value.into(),
        'j' => fields.day_of_year = Some(value),
        'p' => fields.afternoon = Some(value == 2),
        _ => {}
    }
    Some(rest)
}

fn half(text: &str) -> Option<(u32, &str)> {
    let head = text.get(..2)?;
    let value = if head.eq_ignore_ascii_case("AM") { 1 } else { 2 };
    (value == 1 || head.eq_ignore_ascii_case("PM")).then(|| (value, &text[2..]))
}
