//! Collations: how text compares, by weights that are pinned by the rules level (R2).
//!
//! Promises: `sort_key` is order-preserving, delimits itself and is equal exactly for equal text under the collation;
//! `compare` is the same order without building keys. Does not know levels past the primary one: every collation here
//! has only that.

mod general;
mod padded;
mod uca;

use std::cmp::Ordering;

/// The collations of this rules level. MySQL's ids: 46, 45, 255 and 63.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Collation {
    /// utf8mb4_bin: code point order, PAD SPACE.
    Utf8mb4Bin,
    /// utf8mb4_general_ci: one weight a code point, PAD SPACE.
    Utf8mb4GeneralCi,
    /// utf8mb4_0900_ai_ci: UCA 9.0.0 primary weights, NO PAD. The default.
    Utf8mb4_0900AiCi,
    /// binary: bytes, no character set.
    Binary,
}

impl Collation {
    /// Every collation, by MySQL's id.
    pub const ALL: [Collation; 4] =
        [Collation::Utf8mb4GeneralCi, Collation::Utf8mb4Bin, Collation::Binary, Collation::Utf8mb4_0900AiCi];

    /// MySQL's name.
    pub fn name(self) -> &'static str {
        match self {
            Collation::Utf8mb4Bin => "utf8mb4_bin",
            Collation::Utf8mb4GeneralCi => "utf8mb4_general_ci",
            Collation::Utf8mb4_0900AiCi => "utf8mb4_0900_ai_ci",
            Collation::Binary => "binary",
        }
    }

    /// The collation of that name, in any case.
    pub fn by_name(name: &str) -> Option<Self> {
        Collation::ALL.into_iter().find(|c| c.name().eq_ignore_ascii_case(name))
    }

    /// MySQL's id.
    pub fn id(self) -> u16 {
        match self {
            Collation::Utf8mb4GeneralCi => 45,
            Collation::Utf8mb4Bin => 46,
            Collation::Binary => 63,
            Collation::Utf8mb4_0900AiCi => 255,
        }
    }

    /// The collation of that MySQL id.
    pub fn by_id(id: u16) -> Option<Self> {
        Collation::ALL.into_iter().find(|c| c.id() == id)
    }

    /// The character set it belongs to.
    pub fn character_set(self) -> &'static str {
        if self == Collation::Binary { "binary" } else { "utf8mb4" }
    }

    /// Whether trailing spaces do not count.
    pub fn pad_space(self) -> bool {
        matches!(self, Collation::Utf8mb4Bin | Collation::Utf8mb4GeneralCi)
    }

    /// Appends bytes whose order is the order of the texts. No key is the beginning of another, so keys can be joined.
    pub fn sort_key(self, text: &str, out: &mut Vec<u8>) {
        match self {
            Collation::Utf8mb4Bin => padded::sort_key(text.as_bytes(), out),
            Collation::Utf8mb4GeneralCi => padded::sort_key(general::fold(text).as_bytes(), out),
            Collation::Utf8mb4_0900AiCi => uca::sort_key(text, out),
            Collation::Binary => sort_key_of_bytes(text.as_bytes(), out),
        }
    }

    /// Appends bytes with which the sort key of every text begins that begins with `text` character by character
    /// ([`Collation::same_char`], as LIKE compares). They may stand for less than the whole of `text`, or for nothing.
    pub fn start_key(self, text: &str, out: &mut Vec<u8>) {
        // What a space becomes depends on what follows it.
        let before_space = |text: &str| text.split(' ').next().unwrap_or("").len();
        match self {
            Collation::Utf8mb4Bin => out.extend_from_slice(&text.as_bytes()[..before_space(text)]),
            Collation::Utf8mb4GeneralCi => {
                let folded = general::fold(text);
                out.extend_from_slice(&folded.as_bytes()[..before_space(&folded)]);
            }
            Collation::Utf8mb4_0900AiCi => uca::start_key(text, out),
            Collation::Binary => {}
        }
    }

    /// The order of two texts.
    pub fn compare(self, a: &str, b: &str) -> Ordering {
        match self {
            Collation::Utf8mb4Bin => padded::compare(a.as_bytes(), b.as_bytes()),
            Collation::Utf8mb4GeneralCi if a.is_ascii() && b.is_ascii() => padded::compare_ascii_ci(a, b),
            Collation::Utf8mb4GeneralCi => padded::compare(general::fold(a).as_bytes(), general::fold(b).as_bytes()),
            Collation::Utf8mb4_0900AiCi => uca::compare(a, b),
            Collation::Binary => a.as_bytes().cmp(b.as_bytes()),
        }
    }

    /// Whether two characters count as the same (LIKE compares character by character).
    pub fn same_char(self, a: char, b: char) -> bool {
        match self {
            Collation::Utf8mb4Bin | Collation::Binary => a == b,
            Collation::Utf8mb4GeneralCi => general::weight(a) == general::weight(b),
            Collation::Utf8mb4_0900AiCi => a == b || uca::same_char(a, b),
        }
    }
}

/// Bytes without a character set as a sort key: zero bytes are escaped, two zero bytes end it.
pub fn sort_key_of_bytes(bytes: &[u8], out: &mut Vec<u8>) {
    for &byte in bytes {
        out.push(byte);
        if byte == 0 {
            out.push(0xff);
        }
    }
    out.extend([0, 0]);
}

#[cfg(test)]
mod tests {
    use super::*;
    use Collation::*;
    use Ordering::*;
    use proptest::prelude::*;

    #[test]
    fn texts_compare_as_in_mysql() {
        for (collation, a, b, expected) in [
            (Utf8mb4Bin, "a", "B", Greater),
            (Utf8mb4Bin, "a", "a  ", Equal),
            (Utf8mb4Bin, "a\t", "a", Less),
            (Utf8mb4Bin, "a", "a !", Less),
            (Utf8mb4Bin, "\u{ffff}", "😀", Less),
            (Utf8mb4GeneralCi, "straße", "STRASE", Equal),
            (Utf8mb4GeneralCi, "É", "e ", Equal),
            (Utf8mb4GeneralCi, "a\n", "A", Less),
            (Utf8mb4GeneralCi, "😀", "😁", Equal),
            (Utf8mb4GeneralCi, "z", "ö", Greater),
            (Utf8mb4_0900AiCi, "straße", "STRASSE", Equal),
            (Utf8mb4_0900AiCi, "É", "e", Equal),
            (Utf8mb4_0900AiCi, "a", "a ", Less),
            (Utf8mb4_0900AiCi, "😀", "😁", Less),
            (Utf8mb4_0900AiCi, "a-b", "ab", Less),
            (Utf8mb4_0900AiCi, "a\u{1}b", "AB", Equal),
            (Utf8mb4_0900AiCi, "10", "9", Less),
            (Utf8mb4_0900AiCi, "и\u{306}", "й", Equal),
            (Utf8mb4_0900AiCi, "l·", "L·", Equal),
            (Utf8mb4_0900AiCi, "가", "\u{1100}\u{1161}", Equal),
            (Utf8mb4_0900AiCi, "一", "丁", Less),
            (Utf8mb4_0900AiCi, "\u{17000}", "一", Less),
            (Binary, "a", "a ", Less),
        ] {
            assert_eq!(collation.compare(a, b), expected, "{} {a:?} {b:?}", collation.name());
        }
    }

    #[test]
    fn names_and_ids_find_their_collation() {
        for collation in Collation::ALL {
            assert_eq!(Collation::by_name(&collation.name().to_uppercase()), Some(collation));
            assert_eq!(Collation::by_id(collation.id()), Some(collation));
        }
        assert_eq!(Collation::by_name("utf8mb4_unicode_ci"), None);
    }

    #[test]
    fn the_weights_are_those_of_this_rules_level() {
        for (table, hash) in [
            (uca::TABLE, "82c0b6cd7d2fed18ed15c7e3d2d90878628027981c2c666dcdaf6e265b5e2311"),
            (general::TABLE, "c86eb5576ba602ea543943432a17d4ad777a0a171665b85696559e4e061bbfa2"),
        ] {
            assert_eq!(blake3::hash(table).to_hex().as_str(), hash);
        }
    }

    #[test]
    fn a_text_that_begins_with_another_has_a_key_that_begins_with_its_start_key() {
        let variants = |c: char| {
            let more = "áÁªＡⓐłŁľ·\u{306}\u{1}ßẞéÉ".chars();
            more.chain([c, c.to_ascii_uppercase()]).collect::<Vec<_>>()
        };
        for collation in [Utf8mb4Bin, Utf8mb4GeneralCi, Utf8mb4_0900AiCi] {
            for start in ["abc", "Al", "a l", "s%_", "e é", "l·", "straß", " x", "a\u{1}b"] {
                let mut wanted = Vec::new();
                collation.start_key(start, &mut wanted);
                assert!(!wanted.is_empty() || start != "abc", "{}", collation.name());
                let chars: Vec<char> = start.chars().collect();
                for at in 0..chars.len() {
                    for other in variants(chars[at]).into_iter().filter(|o| collation.same_char(*o, chars[at])) {
                        let like: String =
                            chars.iter().enumerate().map(|(n, c)| if n == at { other } else { *c }).collect();
                        for rest in ["", "·", "\u{306}", " ", "\t", "zzz", "l", "\u{10ffff}"] {
                            let text = format!("{like}{rest}");
                            assert!(
                                key(collation, &text).starts_with(&wanted),
                                "{} {start:?} {text:?}",
                                collation.name()
                            );
                        }
                    }
                }
            }
        }
    }

    fn key(collation: Collation, text: &str) -> Vec<u8> {
        let mut out = Vec::new();
        collation.sort_key(text, &mut out);
        out
    }

    proptest! {
        #[test]
        fn keys_order_as_texts_compare(
            a in "[ \t!aAbBéÉlL·йи\u{306}ß😀가\u{1}一]{0,6}", b in "[ \t!aAbBéÉlL·йи\u{306}ß😀가\u{1}一]{0,6}"
        ) {
            for collation in Collation::ALL {
                let (ka, kb) = (key(collation, &a), key(collation, &b));
                prop_assert_eq!(ka.cmp(&kb), collation.compare(&a, &b), "{}", collation.name());
                prop_assert!(ka == kb || !ka.starts_with(&kb), "keys can be joined");
            }
        }

        #[test]
        fn any_text_has_a_key(text in ".*") {
            for collation in Collation::ALL {
                prop_assert_eq!(collation.compare(&text, &text), Equal);
                prop_assert!(!key(collation, &text).is_empty());
            }
        }
    }
}
