//! The primary weights of a text, one after the other.

use super::{EXPANSION, IMPLICIT, Table};

/// Longest sequence of code points that the table weighs as one.
const LONGEST_CONTRACTION: usize = 3;

/// First Hangul syllable and the counts of its jamo (The Unicode Standard, 3.12).
const SYLLABLES: u32 = 0xac00;
const SYLLABLE_COUNT: u32 = 11_172;
const VOWELS: u32 = 21;
const TRAILERS: u32 = 28;

/// Yields every weight that is not zero.
pub(super) struct Weights<'a> {
    table: &'a Table,
    rest: std::str::Chars<'a>,
    /// Weights of an expansion or contraction still to give.
    listed: &'a [u16],
    /// Computed weights or code points' entries still to give, last first.
    pending: Vec<u16>,
}

impl<'a> Weights<'a> {
    pub(super) fn new(table: &'a Table, text: &'a str) -> Self {
        Weights { table, rest: text.chars(), listed: &[], pending: Vec::new() }
    }

    /// Takes the contraction that begins here, the longest first.
    fn contraction(&mut self, first: char) -> Option<&'a [u16]> {
        let begins = self.table.contractions.partition_point(|(points, _)| points[0] < first as u32);
        if self.table.contractions.get(begins)?.0[0] != first as u32 {
            return None;
        }
        let mut points = vec![first as u32];
        points.extend(self.rest.clone().take(LONGEST_CONTRACTION - 1).map(u32::from));
        while points.len() > 1 {
            if let Ok(found) = self.table.contractions.binary_search_by(|(known, _)| known.cmp(&points)) {
                self.rest.nth(points.len() - 2);
                return Some(&self.table.contractions[found].1);
            }
            points.pop();
        }
        None
    }

    /// Queues the weights of one code point.
    fn queue(&mut self, point: u32) {
        match self.table.entry(point) {
            0 => {}
            IMPLICIT if (SYLLABLES..SYLLABLES + SYLLABLE_COUNT).contains(&point) => self.queue_syllable(point),
            IMPLICIT => {
                let [high, low] = implicit(point);
                self.pending.extend([low, high]);
            }
            entry if entry >= EXPANSION => self.listed = &self.table.expansions[usize::from(entry - EXPANSION)],
            weight => self.pending.push(weight),
        }
    }

    fn queue_syllable(&mut self, point: u32) {
        let index = point - SYLLABLES;
        let trailer = index % TRAILERS;
        let jamo = [
            0x1100 + index / (VOWELS * TRAILERS),
            0x1161 + index / TRAILERS % VOWELS,
            // Without a trailing consonant: a code point that is ignored.
            if trailer == 0 { 0 } else { 0x11a7 + trailer },
        ];
        let entries = jamo.map(|point| self.table.entry(point));
        self.pending.extend(entries.into_iter().rev().filter(|&weight| weight != 0));
    }
}

impl Iterator for Weights<'_> {
    type Item = u16;

    fn next(&mut self) -> Option<u16> {
        loop {
            if let Some((&weight, rest)) = self.listed.split_first() {
                self.listed = rest;
                return Some(weight);
            }
            if let Some(weight) = self.pending.pop() {
                return Some(weight);
            }
            let c = self.rest.next()?;
            match self.contraction(c) {
                Some(weights) => self.listed = weights,
                None => self.queue(c as u32),
            }
        }
    }
}

/// The computed weights of a code point that the table does not list (UTS #10, 10.1.3).
fn implicit(point: u32) -> [u16; 2] {
    match point {
        0x17000..=0x18aff => [0xfb00, (point - 0x17000) as u16 | 0x8000],
        0x4e00..=0x9fd5
        | 0xfa0e
        | 0xfa0f
        | 0xfa11
        | 0xfa13
        | 0xfa14
        | 0xfa1f
        | 0xfa21
        | 0xfa23
        | 0xfa24
        | 0xfa27..=0xfa29 => split(0xfb40, point),
        0x3400..=0x4db5 | 0x20000..=0x2a6d6 | 0x2a700..=0x2b734 | 0x2b740..=0x2b81d | 0x2b820..=0x2cea1 => {
            split(0xfb80, point)
        }
        _ => split(0xfbc0, point),
    }
}

fn split(base: u16, point: u32) -> [u16; 2] {
    [base + (point >> 15) as u16, point as u16 & 0x7fff | 0x8000]
}
