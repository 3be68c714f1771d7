//! Time zones of sessions: SYSTEM (UTC), an offset, or a name of the IANA database.

use dag::temporal::{Date, DateTime};
use jiff::Timestamp;
use jiff::civil;
use jiff::tz::{Offset, TimeZone};

/// Seconds of the widest offset MySQL 8.0.19 and later take: -13:59 to +14:00.
const MAX_OFFSET: i32 = 14 * 3600;
const MIN_OFFSET: i32 = -(13 * 3600 + 59 * 60);

/// A session's zone.
#[derive(Clone, Debug)]
pub(crate) enum Zone {
    /// `SYSTEM` is UTC on every replica, so that the same statement means the same everywhere.
    Fixed { name: Box<str>, seconds: i32 },
    /// A named zone.
    Named { name: Box<str>, rules: TimeZone },
}

impl Zone {
    /// `SYSTEM`, `UTC`, `+hh:mm` or an IANA name.
    pub fn parse(text: &str) -> Option<Zone> {
        if text.eq_ignore_ascii_case("SYSTEM") {
            return Some(Zone::Fixed { name: "SYSTEM".into(), seconds: 0 });
        }
        if text.eq_ignore_ascii_case("UTC") {
            return Some(Zone::Fixed { name: "UTC".into(), seconds: 0 });
        }
        if text.starts_with(['+', '-']) {
            let seconds = parse_offset(text)?;
            let minutes = seconds.abs() / 60;
            let sign = if seconds < 0 { '-' } else { '+' };
            let name = format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60);
            return Some(Zone::Fixed { name: name.into(), seconds });
        }
        let rules = TimeZone::get(text).ok()?;
        let name = rules.iana_name().unwrap_or(text).into();
        Some(Zone::Named { name, rules })
    }

    /// As `@@time_zone` shows it.
    pub fn name(&self) -> &str {
        match self {
            Zone::Fixed { name, .. } | Zone::Named { name, .. } => name,
        }
    }

    /// Seconds to add to UTC at that instant.
    pub fn offset_at(&self, utc_micros: i64) -> i32 {
        match self {
            Zone::Fixed { seconds, .. } => *seconds,
            Zone::Named { rules, .. } => {
                let instant = Timestamp::from_microsecond(utc_micros).unwrap_or(Timestamp::UNIX_EPOCH);
                rules.to_offset(instant).seconds()
            }
        }
    }

    /// UTC microseconds of a local time; `None` in a gap or outside the calendar. In a fold the earlier one, as MySQL.
    pub fn to_utc(&self, local: DateTime) -> Option<i64> {
        let civil = civil_of(local)?;
        let offset = match self {
            Zone::Fixed { seconds, .. } => Offset::from_seconds(*seconds).ok()?,
            Zone::Named { rules, .. } => match rules.to_ambiguous_timestamp(civil).offset() {
                jiff::tz::AmbiguousOffset::Unambiguous { offset } => offset,
                jiff::tz::AmbiguousOffset::Fold { before, .. } => before,
                jiff::tz::AmbiguousOffset::Gap { .. } => return None,
            },
        };
        offset.to_timestamp(civil).ok().map(|t| t.as_microsecond())
    }
}

fn civil_of(local: DateTime) -> Option<civil::DateTime> {
    let date: Date = local.date();
    let micros = local.micros();
    let seconds = micros / 1_000_000;
    civil::DateTime::new(
        date.year() as i16,
        date.month() as i8,
        date.day() as i8,
        (seconds / 3600) as i8,
        (seconds / 60 % 60) as i8,
        (seconds % 60) as i8,
        (micros % 1_000_000 * 1000) as i32,
    )
    .ok()
}

fn parse_offset(text: &str) -> Option<i32> {
    let (hours, minutes) = text[1..].split_once(':')?;
    let (hours, minutes): (i32, i32) = (hours.parse().ok()?, minutes.parse().ok()?);
    let seconds = hours * 3600 + minutes * 60;
    let signed = if text.starts_with('-') { -seconds } else { seconds };
    (minutes < 60 && (MIN_OFFSET..=MAX_OFFSET).contains(&signed)).then_some(signed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones_parse_and_convert() {
        let noon = DateTime::new(Date::new(2024, 7, 1), 12 * 3600 * 1_000_000);
        for (name, shown, utc_hour) in [
            ("SYSTEM", "SYSTEM", 12),
            ("+2:00", "+02:00", 10),
            ("-05:30", "-05:30", 17),
            ("Europe/Berlin", "Europe/Berlin", 10),
        ] {
            let zone = Zone::parse(name).expect(name);
            assert_eq!(zone.name(), shown);
            let utc = zone.to_utc(noon).expect(name);
            assert_eq!(
                utc / 1_000_000 / 3600 % 24 + i64::from(utc / 1_000_000 % 3600 >= 1800),
                utc_hour + i64::from(name == "-05:30"),
                "{name}"
            );
            assert_eq!(i64::from(zone.offset_at(utc)), 12 * 3600 - utc / 1_000_000 % 86_400, "{name}");
        }
        assert!(Zone::parse("+14:01").is_none() && Zone::parse("nowhere").is_none());
        let gap = DateTime::new(Date::new(2024, 3, 31), (2 * 3600 + 1800) * 1_000_000);
        assert_eq!(Zone::parse("Europe/Berlin").and_then(|z| z.to_utc(gap)), None);
    }
}
