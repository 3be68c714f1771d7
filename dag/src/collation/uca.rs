//! utf8mb4_0900_ai_ci: the primary weights of the Unicode Collation Algorithm 9.0.0, without padding.
//!
//! Weights, expansions and contractions come from the generated table (`tables/generate.py`); ideographs, Tangut and
//! unassigned code points have computed weights, Hangul syllables those of their jamo. Contractions match where their
//! code points follow each other directly. Source: UTS #10 version 34, sections 7 and 10.1.

mod weights;

use std::cmp::Ordering;
use std::sync::LazyLock;
use weights::Weights;

/// The generated table.
pub(super) const TABLE: &[u8] = include_bytes!("../tables/uca_9_0_0.bin");

/// No explicit weight.
const IMPLICIT: u16 = 0xffff;
/// From here on an entry is the number of an expansion.
const EXPANSION: u16 = 0x8000;

struct Table {
    page_of: Vec<u16>,
    pages: Vec<[u16; 256]>,
    expansions: Vec<Box<[u16]>>,
    /// Sorted by code points.
    contractions: Vec<(Vec<u32>, Box<[u16]>)>,
    ascii: [u16; 128],
}

static DUCET: LazyLock<Table> = LazyLock::new(|| Table::read(TABLE));

/// Takes numbers off the generated table, whose hash a test pins.
struct Numbers<'a>(std::slice::ChunksExact<'a, u8>);

impl Numbers<'_> {
    fn next(&mut self) -> u16 {
        self.0.next().map_or(0, |w| u16::from_le_bytes([w[0], w[1]]))
    }
    fn many(&mut self, count: usize) -> Vec<u16> {
        (0..count).map(|_| self.next()).collect()
    }
    fn counted(&mut self) -> Vec<u16> {
        let count = self.next().into();
        self.many(count)
    }
    fn points(&mut self) -> Vec<u32> {
        let count = usize::from(self.next());
        self.many(2 * count).chunks_exact(2).map(|p| u32::from(p[0]) | u32::from(p[1]) << 16).collect()
    }
}

impl Table {
    fn read(bytes: &[u8]) -> Self {
        let mut numbers = Numbers(bytes.chunks_exact(2));
        let page_of = numbers.counted();
        let pages = (0..numbers.next()).map(|_| std::array::from_fn(|_| numbers.next())).collect();
        let expansions = (0..numbers.next()).map(|_| numbers.counted().into()).collect();
        let contractions = (0..numbers.next()).map(|_| (numbers.points(), numbers.counted().into())).collect();
        let mut table = Table { page_of, pages, expansions, contractions, ascii: [0; 128] };
        table.ascii = std::array::from_fn(|point| table.entry(point as u32));
        table
    }

    fn entry(&self, point: u32) -> u16 {
        let page = self.page_of.get((point >> 8) as usize).and_then(|&page| self.pages.get(usize::from(page)));
        page.map_or(IMPLICIT, |page| page[(point & 0xff) as usize])
    }
}

/// Appends the weights, high byte first, and a zero weight, which is below all.
pub(super) fn sort_key(text: &str, out: &mut Vec<u8>) {
    let table = &*DUCET;
    out.reserve(2 * text.len() + 2);
    if text.is_ascii() {
        ascii(table, text).for_each(|weight| out.extend(weight.to_be_bytes()));
    } else {
        Weights::new(table, text).for_each(|weight| out.extend(weight.to_be_bytes()));
    }
    out.extend([0, 0]);
}

/// Appends the weights of as much of a text's beginning as texts that are equal to it character by character share:
/// plain ASCII, since other characters may be drawn together with their neighbours or count for nothing. The last one
/// must not be drawn together with whatever follows either.
pub(super) fn start_key(text: &str, out: &mut Vec<u8>) {
    let table = &*DUCET;
    let plain = text.bytes().take_while(|byte| byte.is_ascii() && table.ascii[usize::from(*byte)] != 0).count();
    let contracts = |byte: u8| table.contractions.iter().any(|(points, _)| points.first() == Some(&u32::from(byte)));
    let mut plain = &text[..plain];
    while plain.bytes().last().is_some_and(contracts) {
        plain = &plain[..plain.len() - 1];
    }
    ascii(table, plain).for_each(|weight| out.extend(weight.to_be_bytes()));
}

/// The order of two texts.
pub(super) fn compare(a: &str, b: &str) -> Ordering {
    let table = &*DUCET;
    if a.is_ascii() && b.is_ascii() {
        if a == b {
            return Ordering::Equal;
        }
        return ascii(table, a).cmp(ascii(table, b));
    }
    Weights::new(table, a).cmp(Weights::new(table, b))
}

/// Every ASCII character has at most one weight, and no contraction is all ASCII.
fn ascii<'a>(table: &'a Table, text: &'a str) -> impl Iterator<Item = u16> + 'a {
    text.bytes().map(|byte| table.ascii[usize::from(byte)]).filter(|&weight| weight != 0)
}

/// Whether two characters have the same weights.
pub(super) fn same_char(a: char, b: char) -> bool {
    let (mut of_a, mut of_b) = ([0; 4], [0; 4]);
    compare(a.encode_utf8(&mut of_a), b.encode_utf8(&mut of_b)) == Ordering::Equal
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What [`start_key`] relies on.
    #[test]
    fn no_contraction_is_made_of_characters_that_count_as_ascii() {
        let plain = |point: u32| {
            let c = char::from_u32(point).expect("a character");
            (' '..='~').any(|ascii| same_char(c, ascii))
        };
        let broken = DUCET.contractions.iter().find(|(points, _)| {
            let starts_like = plain(points[0]) && points[0] >= 128;
            starts_like || points.iter().all(|point| plain(*point))
        });
        assert_eq!(broken.map(|(points, _)| points), None);
    }
}
