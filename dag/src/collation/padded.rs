//! PAD SPACE: text compares as if spaces went on for ever after its end.
//!
//! In a key each space is followed by what comes after the run of spaces it stands in: something below a space, the
//! end, or something above. The end of the text is a space with the middle mark. So keys order as padded texts do,
//! equal texts have equal keys, and no key begins another.

use std::cmp::Ordering;

const BELOW: u8 = 1;
const END: u8 = 2;
const ABOVE: u8 = 3;

/// Appends the key of a text whose byte order is its order apart from padding (UTF-8 keeps code point order).
pub(super) fn sort_key(text: &[u8], out: &mut Vec<u8>) {
    let text = trim(text);
    out.reserve(text.len() + 2);
    let mut rest = text;
    while let Some(space) = rest.iter().position(|&b| b == b' ') {
        out.extend_from_slice(&rest[..space]);
        let run = rest[space..].iter().take_while(|&&b| b == b' ').count();
        let mark = if rest.get(space + run).is_some_and(|&b| b < b' ') { BELOW } else { ABOVE };
        (0..run).for_each(|_| out.extend([b' ', mark]));
        rest = &rest[space + run..];
    }
    out.extend_from_slice(rest);
    out.extend([b' ', END]);
}

fn trim(mut text: &[u8]) -> &[u8] {
    while let [head @ .., b' '] = text {
        text = head;
    }
    text
}

/// The padded order of two byte texts.
pub(super) fn compare(a: &[u8], b: &[u8]) -> Ordering {
    let common = a.len().min(b.len());
    a[..common].cmp(&b[..common]).then_with(|| against_spaces(&a[common..]).cmp(&against_spaces(&b[common..])))
}

/// How the rest of a text lies to spaces without end.
fn against_spaces(rest: &[u8]) -> Ordering {
    rest.iter().find(|&&b| b != b' ').map_or(Ordering::Equal, |b| b.cmp(&b' '))
}

/// The padded order of two ASCII texts without regard to case.
pub(super) fn compare_ascii_ci(a: &str, b: &str) -> Ordering {
    let common = a.len().min(b.len());
    let (a, b) = (a.as_bytes(), b.as_bytes());
    a[..common]
        .iter()
        .map(u8::to_ascii_uppercase)
        .cmp(b[..common].iter().map(u8::to_ascii_uppercase))
        .then_with(|| against_spaces(&a[common..]).cmp(&against_spaces(&b[common..])))
}
