//! How deep the syntax tree of a text will be, by its tokens.
//!
//! Promises: a text whose tree is deeper than the binder follows is refused before the tree is made, as even dropping it
//! recurses; errs on the side of too deep, by a few levels for each parenthesis. Knows no grammar beyond operators.

use crate::error::SqlError;
use crate::limits::{ARM_LEVELS, MAX_BOUND_NESTING, MAX_CHAIN};
use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::{Token, Word};

/// What stands between a pair of parentheses, as far as it was read.
#[derive(Default)]
struct Level {
    /// Operators since the last comma.
    chain: usize,
    /// Depth of the item at hand: trees are deep to the left, so each operator puts one above all before it.
    depth: usize,
    /// Depth of the deepest item before.
    deepest: usize,
    /// Set operations: a chain that commas do not end.
    arms: usize,
}

impl Level {
    fn operator(&mut self) {
        self.chain += 1;
        self.depth += 1;
    }

    fn parentheses(&mut self, inside: usize) {
        self.depth = self.depth.max(inside + 1);
    }

    fn item_ends(&mut self) {
        self.deepest = self.deepest.max(self.depth);
        (self.chain, self.depth) = (0, 0);
    }

    fn arm_ends(&mut self) {
        self.item_ends();
        self.arms += 1;
    }

    fn total(&self) -> usize {
        self.arms * ARM_LEVELS as usize + self.deepest.max(self.depth)
    }

    fn check(&self) -> Result<(), SqlError> {
        let text = if self.chain > MAX_CHAIN {
            format!("An expression has at most {MAX_CHAIN} operators in a row; use IN (...) or split it")
        } else if self.total() > MAX_BOUND_NESTING as usize {
            format!("The statement nests deeper than {MAX_BOUND_NESTING} levels; split it")
        } else {
            return Ok(());
        };
        Err(SqlError::new(1436, text))
    }
}

/// Errors: 1436 for more than [`MAX_CHAIN`] operators between two commas at one level, or a deeper tree than
/// [`MAX_BOUND_NESTING`].
pub(super) fn check<'a>(tokens: impl Iterator<Item = &'a Token>) -> Result<(), SqlError> {
    let mut around = Vec::new();
    let mut level = Level::default();
    for token in tokens {
        match token {
            Token::LParen => around.push(std::mem::take(&mut level)),
            Token::RParen => {
                let inside = level.total();
                level = around.pop().unwrap_or_default();
                level.parentheses(inside);
            }
            Token::Comma => level.item_ends(),
            Token::SemiColon => level = Level::default(),
            Token::Word(word) => match kind(word) {
                Some(Kind::Operator) => level.operator(),
                Some(Kind::SetOperator) => level.arm_ends(),
                None => continue,
            },
            Token::Number(..) | Token::SingleQuotedString(_) | Token::Period | Token::Placeholder(_) => continue,
            _ => level.operator(),
        }
        level.check()?;
    }
    Ok(())
}

enum Kind {
    Operator,
    SetOperator,
}

/// BETWEEN is counted by its AND.
fn kind(word: &Word) -> Option<Kind> {
    use Keyword::{AND, DIV, EXCEPT, IN, INTERSECT, IS, LIKE, MEMBER, MINUS, OR, REGEXP, RLIKE, UNION, XOR};
    match word.keyword {
        AND | DIV | IN | IS | LIKE | MEMBER | OR | REGEXP | RLIKE | XOR => Some(Kind::Operator),
        UNION | EXCEPT | INTERSECT | MINUS => Some(Kind::SetOperator),
        _ if word.quote_style.is_none() && word.value.eq_ignore_ascii_case("MOD") => Some(Kind::Operator),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::dialect;
    use crate::function::SqlMode;
    use crate::limits::{ARM_LEVELS, MAX_BOUND_NESTING, MAX_CHAIN};

    const ARMS: usize = (MAX_BOUND_NESTING / ARM_LEVELS) as usize;

    /// Chains of the longest kind that lie in each other: each begins with the one before, in parentheses.
    fn nested(chains: usize, of: usize) -> String {
        (0..chains).fold("0".to_owned(), |inner, _| format!("({inner}{})", " + 0".repeat(of)))
    }

    #[test]
    fn limits_hold_at_the_limit_and_not_one_past() {
        for (start, again, limit) in [
            ("SELECT 1", " OR 0", MAX_CHAIN),
            ("SELECT 1", " DIV 1", MAX_CHAIN),
            ("SELECT 1", " mod 1", MAX_CHAIN),
            ("SELECT 1", " IS NULL", MAX_CHAIN),
            ("SELECT 1", " IN (1, 2)", MAX_CHAIN),
            ("SELECT 1", " NOT LIKE 1", MAX_CHAIN),
            ("SELECT 1", " RLIKE 1", MAX_CHAIN),
            ("SELECT 1", " REGEXP 1", MAX_CHAIN),
            ("SELECT 1", " BETWEEN 0 AND 1", MAX_CHAIN),
            ("SELECT 1", " MEMBER OF ('[1]')", MAX_CHAIN),
            ("SELECT 1, 2", " UNION SELECT 1, 2", ARMS),
            ("SELECT 1", " EXCEPT ALL SELECT 1", ARMS),
            ("SELECT 1", " INTERSECT SELECT 1", ARMS),
            (&format!("SELECT {}", nested(1, MAX_CHAIN)), " + 0", MAX_BOUND_NESTING as usize - MAX_CHAIN - 1),
            (&format!("SELECT 1, {}", nested(20, 50)), " + 0", MAX_BOUND_NESTING as usize - 20 * 51),
            ("SELECT 1", ", 1 + 1", 10_000),
            ("SELECT 1", "; SELECT 1 + 1", 10_000),
        ] {
            let code = |times| {
                let parsed = dialect::parse(&format!("{start}{}", again.repeat(times)), &SqlMode::default());
                parsed.map_or_else(|error| error.code, |_| 0)
            };
            let past = if limit < 10_000 { 1436 } else { 0 };
            assert_eq!((code(limit), code(limit + 1), code(100_000 / again.len())), (0, past, past), "{again}");
        }
        assert_eq!(
            dialect::parse(&format!("SELECT {}", nested(36, 999)), &SqlMode::default()).map_err(|e| e.code),
            Err(1436)
        );
    }
}
