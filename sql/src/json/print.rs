//! Prints JSON in its canonical form.

use super::document::Document;
use crate::render;
use std::fmt::{self, Write};

impl fmt::Display for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Document::Null => f.write_str("null"),
            Document::Bool(b) => write!(f, "{b}"),
            Document::Int(n) => write!(f, "{n}"),
            Document::UInt(n) => write!(f, "{n}"),
            Document::Double(d) => write_double(f, *d),
            Document::Decimal(d) => write!(f, "{d}"),
            Document::String(s) => write_string(f, s),
            Document::Array(items) => {
                f.write_char('[')?;
                for (i, item) in items.iter().enumerate() {
                    write!(f, "{}{item}", if i > 0 { ", " } else { "" })?;
                }
                f.write_char(']')
            }
            Document::Object(members) => {
                f.write_char('{')?;
                for (i, (key, value)) in members.iter().enumerate() {
                    f.write_str(if i > 0 { ", " } else { "" })?;
                    write_string(f, key)?;
                    write!(f, ": {value}")?;
                }
                f.write_char('}')
            }
        }
    }
}

/// A double always shows that it is one.
fn write_double(f: &mut fmt::Formatter<'_>, value: f64) -> fmt::Result {
    let text = render::double(value);
    let whole = text.bytes().all(|b| b.is_ascii_digit() || b == b'-');
    write!(f, "{text}{}", if whole { ".0" } else { "" })
}

fn write_string(out: &mut impl Write, text: &str) -> fmt::Result {
    out.write_char('"')?;
    for c in text.chars() {
        match c {
            '"' => out.write_str("\\\"")?,
            '\\' => out.write_str("\\\\")?,
            '\u{8}' => out.write_str("\\b")?,
            '\u{c}' => out.write_str("\\f")?,
            '\n' => out.write_str("\\n")?,
            '\r' => out.write_str("\\r")?,
            '\t' => out.write_str("\\t")?,
            c if c < ' ' => write!(out, "\\u{:04x}", u32::from(c))?,
            c => out.write_char(c)?,
        }
    }
    out.write_char('"')
}

/// Text as a JSON string, with its quotes.
pub fn quote(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    // Writing to a String cannot fail.
    let _ = write_string(&mut out, text);
    out
}
