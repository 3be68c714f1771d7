//! JSON paths: `$.a.b[0]`, `$.*`, `$[*]`, `$**.a`, `$[last-1]`, `$[1 to 2]` (MySQL 8.0 manual, 13.5, "JSON Path Syntax").

use super::document::Document;
use super::parse::parse;
use crate::error::SqlError;
use std::collections::HashSet;

/// One step of a path.
#[derive(Clone, Debug, PartialEq)]
pub enum Leg {
    /// `.key`
    Member(String),
    /// `.*`
    AnyMember,
    /// `[n]`
    Item(Position),
    /// `[*]`
    AnyItem,
    /// `[a to b]`
    Range(Position, Position),
    /// `**`
    Descend,
}

/// A place in an array, from the front or from the back.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Position {
    /// `n`
    First(usize),
    /// `last-n`
    Last(usize),
}

impl Position {
    /// The index in an array of that length; `None` before its beginning.
    pub fn index(self, length: usize) -> Option<usize> {
        match self {
            Position::First(n) => Some(n),
            Position::Last(n) => length.checked_sub(n + 1),
        }
    }
}

/// A parsed path.
#[derive(Clone, Debug, PartialEq)]
pub struct Path {
    /// The steps from the root.
    pub legs: Vec<Leg>,
}

impl Path {
    /// Whether it may name more than one place.
    pub fn is_wild(&self) -> bool {
        self.legs.iter().any(|l| matches!(l, Leg::AnyMember | Leg::AnyItem | Leg::Range(..) | Leg::Descend))
    }

    /// Reads a path. Errors: 3143 with the position.
    pub fn parse(text: &str) -> Result<Path, SqlError> {
        let mut reader = Reader { text, at: 0 };
        let legs = reader.legs().ok_or_else(|| {
            SqlError::new(
                3143,
                format!("Invalid JSON path expression. The error is around character position {}.", reader.at),
            )
        })?;
        Ok(Path { legs })
    }

    /// The documents the path names, in document order, each once.
    pub fn find<'d>(&self, root: &'d Document) -> Vec<&'d Document> {
        let mut found = Vec::new();
        walk(root, &self.legs, &mut found);
        // Only `**` reaches one place in several ways.
        if self.legs.contains(&Leg::Descend) {
            let mut seen: HashSet<*const Document> = HashSet::new();
            found.retain(|d| seen.insert(*d));
        }
        found
    }

    /// The one document a path without wildcards names.
    pub fn find_one<'d>(&self, root: &'d Document) -> Option<&'d Document> {
        self.find(root).into_iter().next()
    }
}

fn walk<'d>(at: &'d Document, legs: &[Leg], found: &mut Vec<&'d Document>) {
    let Some((leg, rest)) = legs.split_first() else {
        found.push(at);
        return;
    };
    match (leg, at) {
        (Leg::Member(key), _) => at.member(key).into_iter().for_each(|d| walk(d, rest, found)),
        (Leg::AnyMember, Document::Object(members)) => members.iter().for_each(|(_, d)| walk(d, rest, found)),
        (Leg::AnyItem, Document::Array(items)) => items.iter().for_each(|d| walk(d, rest, found)),
        (Leg::Item(position), Document::Array(items)) => {
            position.index(items.len()).and_then(|i| items.get(i)).into_iter().for_each(|d| walk(d, rest, found));
        }
        // A scalar or object is the only element of itself (manual: "autowrapping").
        (Leg::Item(position), _) if position.index(1) == Some(0) => walk(at, rest, found),
        (Leg::Range(from, to), Document::Array(items)) => {
            range(*from, *to, items.len()).for_each(|i| walk(&items[i], rest, found))
        }
        (Leg::Range(from, to), _) if range(*from, *to, 1).next().is_some() => walk(at, rest, found),
        (Leg::Descend, _) => descend(at, rest, found),
        _ => {}
    }
}

fn range(from: Position, to: Position, length: usize) -> std::ops::Range<usize> {
    let first = from.index(length).unwrap_or(0);
    let end = to.index(length).map_or(0, |i| i + 1).min(length);
    first.min(end)..end
}

fn descend<'d>(at: &'d Document, rest: &[Leg], found: &mut Vec<&'d Document>) {
    walk(at, rest, found);
    match at {
        Document::Array(items) => items.iter().for_each(|d| descend(d, rest, found)),
        Document::Object(members) => members.iter().for_each(|(_, d)| descend(d, rest, found)),
        _ => {}
    }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl Reader<'_> {
    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn blanks(&mut self) {
        self.at = self.text.len() - self.rest().trim_start().len();
    }

    fn take(&mut self, token: &str) -> bool {
        let found = self.rest().starts_with(token);
        self.at += if found { token.len() } else { 0 };
        found
    }

    fn legs(&mut self) -> Option<Vec<Leg>> {
        self.blanks();
        if !self.take("$") {
            return None;
        }
        let mut legs = Vec::new();
        loop {
            self.blanks();
            if self.rest().is_empty() {
                // `**` must be followed by something.
                return (legs.last() != Some(&Leg::Descend)).then_some(legs);
            }
            let leg = if self.take("**") {
                Leg::Descend
            } else if self.take(".") {
                self.member()?
            } else if self.take("[") {
                self.element()?
            } else {
                return None;
            };
            legs.push(leg);
        }
    }

    fn member(&mut self) -> Option<Leg> {
        self.blanks();
        if self.take("*") {
            return Some(Leg::AnyMember);
        }
        if self.rest().starts_with('"') {
            let length = quoted_length(self.rest())?;
            let Document::String(key) = parse(&self.rest()[..length]).ok()? else { return None };
            self.at += length;
            return Some(Leg::Member(key));
        }
        let letter = |c: char| c.is_alphanumeric() || c == '_' || c == '$';
        let length = self.rest().find(|c| !letter(c)).unwrap_or(self.rest().len());
        let key = self.rest()[..length].to_owned();
        if key.is_empty() || key.starts_with(|c: char| c.is_ascii_digit()) {
            return None;
        }
        self.at += length;
        Some(Leg::Member(key))
    }

    fn element(&mut self) -> Option<Leg> {
        self.blanks();
        let leg = if self.take("*") {
            Leg::AnyItem
        } else {
            let from = self.position()?;
            self.blanks();
            if self.take("to ") {
                self.blanks();
                Leg::Range(from, self.position()?)
            } else {
                Leg::Item(from)
            }
        };
        self.blanks();
        self.take("]").then_some(leg)
    }

    fn position(&mut self) -> Option<Position> {
        if !self.take("last") {
            return self.number().map(Position::First);
        }
        self.blanks();
        if !self.take("-") {
            return Some(Position::Last(0));
        }
        self.blanks();
        self.number().map(Position::Last)
    }

    fn number(&mut self) -> Option<usize> {
        let length = self.rest().bytes().take_while(u8::is_ascii_digit).count();
        let number = self.rest()[..length].parse::<u32>().ok()?;
        self.at += length;
        Some(number as usize)
    }
}

/// Bytes of the quoted string in front, quotes included.
fn quoted_length(text: &str) -> Option<usize> {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return Some(at + 1),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_find_their_documents() {
        let document = parse(r#"{"a": 1, "b": {"c": [10, 20, 30]}, "d e": {"c": 5}}"#).expect("JSON");
        for (path, expected) in [
            ("$", vec![document.to_string()]),
            ("$.a", vec!["1".into()]),
            ("$.a[0]", vec!["1".into()]),
            ("$.b.c[1]", vec!["20".into()]),
            ("$.b.c[last]", vec!["30".into()]),
            ("$.b.c[last-1]", vec!["20".into()]),
            ("$.b.c[0 to 1]", vec!["10".into(), "20".into()]),
            ("$.b.c[*]", vec!["10".into(), "20".into(), "30".into()]),
            ("$.\"d e\".c", vec!["5".into()]),
            ("$**.c", vec!["[10, 20, 30]".into(), "5".into()]),
            ("$.x", vec![]),
            (" $ . a ", vec!["1".into()]),
        ] {
            let found: Vec<String> =
                Path::parse(path).expect(path).find(&document).iter().map(|d| d.to_string()).collect();
            assert_eq!(found, expected, "{path}");
        }
        for bad in ["", "a", "$.", "$[", "$[a]", "$**", "$.1a", "$.a x"] {
            assert_eq!(Path::parse(bad).expect_err(bad).code, 3143, "{bad}");
        }
    }
}
