//! LIKE: character by character under a collation (MySQL 8.0 manual, 14.8.1).

use dag::collation::Collation;

/// Whether the text matches the pattern; `%` is any run, `_` any character, `escape` takes the next one literally.
pub fn like(text: &str, pattern: &str, escape: Option<char>, collation: Collation) -> bool {
    let (mut text, mut pattern) = (text, pattern);
    // Where to go on if the run that the last % stands for must grow by one: rest of text, rest of pattern.
    let mut retry: Option<(&str, &str)> = None;
    loop {
        match step(text, pattern, escape, collation) {
            Step::Run(rest) => {
                pattern = rest;
                retry = Some((text, pattern));
                if pattern.is_empty() {
                    return true;
                }
            }
            Step::Matched(rest_text, rest_pattern) => (text, pattern) = (rest_text, rest_pattern),
            Step::End => return true,
            Step::Failed => {
                let Some((from, after)) = retry else { return false };
                let mut longer = from.chars();
                if longer.next().is_none() {
                    return false;
                }
                text = longer.as_str();
                pattern = after;
                retry = Some((text, pattern));
            }
        }
    }
}

enum Step<'a> {
    /// A `%`; the pattern after it.
    Run(&'a str),
    /// One character matched; what is left of both.
    Matched(&'a str, &'a str),
    /// Both are at their end.
    End,
    Failed,
}

fn step<'a>(text: &'a str, pattern: &'a str, escape: Option<char>, collation: Collation) -> Step<'a> {
    let (mut texts, mut patterns) = (text.chars(), pattern.chars());
    let (next, wanted) = (texts.next(), patterns.next());
    let Some(mut wanted) = wanted else { return if next.is_none() { Step::End } else { Step::Failed } };
    let mut literal = false;
    if Some(wanted) == escape
        && let Some(escaped) = patterns.clone().next()
    {
        patterns.next();
        wanted = escaped;
        literal = true;
    }
    if wanted == '%' && !literal {
        return Step::Run(patterns.as_str());
    }
    let Some(next) = next else { return Step::Failed };
    if wanted == '_' && !literal || next == wanted || same(next, wanted, collation) {
        return Step::Matched(texts.as_str(), patterns.as_str());
    }
    Step::Failed
}

/// Whether two different characters count as one. Printable ASCII folds by case alone under every collation that folds
/// at all, which spares the table for most text.
fn same(a: char, b: char, collation: Collation) -> bool {
    let printable = |c: char| (' '..='~').contains(&c);
    match collation {
        Collation::Utf8mb4Bin | Collation::Binary => false,
        _ if printable(a) && printable(b) => a.eq_ignore_ascii_case(&b),
        _ => collation.same_char(a, b),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_as_in_mysql() {
        for (text, pattern, expected) in [
            ("abc", "abc", true),
            ("abc", "ABC", true),
            ("abc", "a%", true),
            ("abc", "%c", true),
            ("abc", "%b%", true),
            ("abc", "a_c", true),
            ("abc", "a_", false),
            ("abc", "", false),
            ("", "%", true),
            ("", "", true),
            ("a%b", "a\\%b", true),
            ("axb", "a\\%b", false),
            ("a_b", "a\\_b", true),
            ("aab", "%ab", true),
            ("ababab", "%abab", true),
            ("mississippi", "m%iss%ip%", true),
            ("mississippi", "m%iss%ipx%", false),
            ("é", "e", true),
            ("a\\", "a\\", true),
            ("a ", "a", false),
        ] {
            assert_eq!(like(text, pattern, Some('\\'), Collation::Utf8mb4_0900AiCi), expected, "{text} {pattern}");
        }
        assert!(!like("abc", "ABC", Some('\\'), Collation::Utf8mb4Bin));
        assert!(like("a%b", "a|%b", Some('|'), Collation::Utf8mb4Bin));
        assert!(like("a\\b", "a\\b", None, Collation::Utf8mb4Bin));
    }
}
