//! Words, names, literals and signs of a statement, with where each stands in the text.
//!
//! Promises: comments are skipped, `/*! */` comments are read as MySQL 8.0 reads them; a text literal is unescaped
//! under the session's mode. Only for the statements this folder parses and for splitting at `;`: expressions are the
//! dialect's.

use crate::error::SqlError;
use crate::function::SqlMode;
use std::borrow::Cow;

/// Version comments up to this version are carried out: we present ourselves as MySQL 8.0.36.
const VERSION: u32 = 80_036;

/// What a token is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Lexeme<'a> {
    /// A bare word: keyword or name.
    Word(&'a str),
    /// A quoted name.
    Name(Cow<'a, str>),
    /// A text literal.
    Text(String),
    /// A number as written.
    Number(&'a str),
    /// `@name`.
    UserVariable(String),
    /// `@@name`, dots included.
    SystemVariable(&'a str),
    /// Any other sign.
    Sign(char),
}

/// A token and its place.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Token<'a> {
    pub lexeme: Lexeme<'a>,
    pub start: usize,
    pub end: usize,
}

struct Lexer<'a> {
    text: &'a str,
    at: usize,
    mode: SqlMode,
    in_version_comment: bool,
}

/// All tokens of a text. Error: 1064 for a literal or comment without end.
pub(crate) fn tokens(text: &str, mode: SqlMode) -> Result<Vec<Token<'_>>, SqlError> {
    let mut lexer = Lexer { text, at: 0, mode, in_version_comment: false };
    let mut out = Vec::with_capacity(text.len() / 6 + 1);
    while let Some(token) = lexer.next()? {
        out.push(token);
    }
    Ok(out)
}

/// The statements of a text, cut at `;` outside literals and comments; empty ones are left out.
pub(crate) fn split(text: &str, mode: SqlMode) -> Result<Vec<&str>, SqlError> {
    let tokens = tokens(text, mode)?;
    let mut out = Vec::new();
    let mut start = 0;
    let mut filled = false;
    for token in &tokens {
        if token.lexeme == Lexeme::Sign(';') {
            if filled {
                out.push(&text[start..token.start]);
            }
            (start, filled) = (token.end, false);
        } else {
            filled = true;
        }
    }
    if filled {
        out.push(&text[start..]);
    }
    Ok(out)
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == '$' || !c.is_ascii()
}

impl<'a> Lexer<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn error(&self, what: &str) -> SqlError {
        SqlError::syntax(format!("{what} near '{}'", crate::engine::process::cut(self.rest(), 80)))
    }

    fn next(&mut self) -> Result<Option<Token<'a>>, SqlError> {
        self.skip_space()?;
        let start = self.at;
        let Some(first) = self.rest().chars().next() else { return Ok(None) };
        let lexeme = match first {
            '\'' => self.literal('\'')?,
            '"' if !self.mode.ansi_quotes => self.literal('"')?,
            '"' => self.quoted_name('"')?,
            '`' => self.quoted_name('`')?,
            '@' => self.variable()?,
            c if c.is_ascii_digit() => self.number(),
            '.' if self.rest()[1..].starts_with(|c: char| c.is_ascii_digit()) && !self.after_name() => self.number(),
            c if is_word(c) => Lexeme::Word(self.take_while(is_word)),
            c => {
                self.at += c.len_utf8();
                Lexeme::Sign(c)
            }
        };
        Ok(Some(Token { lexeme, start, end: self.at }))
    }

    /// Whether a `.` here joins names (`t.1a`) instead of beginning a number.
    fn after_name(&self) -> bool {
        self.text[..self.at].ends_with(|c| is_word(c) || c == '`')
    }

    fn take_while(&mut self, keep: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let end = rest.find(|c| !keep(c)).unwrap_or(rest.len());
        self.at += end;
        &rest[..end]
    }

    fn skip_space(&mut self) -> Result<(), SqlError> {
        loop {
            self.take_while(|c| c.is_whitespace() || c == '\0');
            let rest = self.rest();
            if self.in_version_comment && rest.starts_with("*/") {
                self.in_version_comment = false;
                self.at += 2;
            } else if rest.starts_with('#') || is_dashes(rest) {
                self.take_while(|c| c != '\n');
            } else if let Some(inner) = rest.strip_prefix("/*!") {
                self.version_comment(inner)?;
            } else if let Some(inner) = rest.strip_prefix("/*") {
                let Some(end) = inner.find("*/") else { return Err(self.error("a comment without end")) };
                self.at += end + 4;
            } else {
                return Ok(());
            }
        }
    }

    fn version_comment(&mut self, inner: &str) -> Result<(), SqlError> {
        let digits = inner.len() - inner.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let digits = if digits >= 5 { digits.min(6) } else { 0 };
        let wanted: u32 = inner[..digits].parse().unwrap_or(0);
        if wanted <= VERSION {
            self.in_version_comment = true;
            self.at += 3 + digits;
            return Ok(());
        }
        let Some(end) = inner.find("*/") else { return Err(self.error("a comment without end")) };
        self.at += 3 + end + 2;
        Ok(())
    }

    fn quoted_name(&mut self, quote: char) -> Result<Lexeme<'a>, SqlError> {
        let body = &self.rest()[1..];
        let mut end = 0;
        let mut doubled = false;
        loop {
            let Some(found) = body[end..].find(quote) else { return Err(self.error("a quoted name without end")) };
            end += found;
            if !body[end + 1..].starts_with(quote) {
                break;
            }
            doubled = true;
            end += 2;
        }
        self.at += end + 2;
        let raw = &body[..end];
        let twice = [quote, quote].iter().collect::<String>();
        let name = if doubled { Cow::Owned(raw.replace(&twice, &quote.to_string())) } else { Cow::Borrowed(raw) };
        Ok(Lexeme::Name(name))
    }

    fn literal(&mut self, quote: char) -> Result<Lexeme<'a>, SqlError> {
        let body = &self.rest()[1..];
        let mut out = String::new();
        let mut chars = body.char_indices().peekable();
        while let Some((place, c)) = chars.next() {
            if c == quote {
                if chars.next_if(|(_, next)| *next == quote).is_none() {
                    self.at += place + 2;
                    return Ok(Lexeme::Text(out));
                }
                out.push(quote);
            } else if c == '\\' && !self.mode.no_backslash_escapes {
                let Some((_, escaped)) = chars.next() else { break };
                unescape(escaped, &mut out);
            } else {
                out.push(c);
            }
        }
        Err(self.error("a text literal without end"))
    }

    fn variable(&mut self) -> Result<Lexeme<'a>, SqlError> {
        self.at += 1;
        if self.rest().starts_with('@') {
            self.at += 1;
            return Ok(Lexeme::SystemVariable(self.take_while(|c| is_word(c) || c == '.' || c == '`')));
        }
        let name = match self.rest().chars().next() {
            Some(quote @ ('\'' | '"')) => self.literal(quote)?,
            Some('`') => self.quoted_name('`')?,
            _ => Lexeme::Word(self.take_while(|c| is_word(c) || c == '.')),
        };
        Ok(Lexeme::UserVariable(match name {
            Lexeme::Text(text) => text,
            Lexeme::Name(name) => name.into_owned(),
            Lexeme::Word(word) => word.to_owned(),
            _ => String::new(),
        }))
    }

    /// Numbers; a word that begins with digits (`1st`) is a name.
    fn number(&mut self) -> Lexeme<'a> {
        let start = self.at;
        self.take_while(|c| c.is_ascii_digit());
        if self.rest().starts_with('.') {
            self.at += 1;
            self.take_while(|c| c.is_ascii_digit());
        }
        let exponent = self.rest().trim_start_matches(['e', 'E']).trim_start_matches(['+', '-']);
        if self.rest().starts_with(['e', 'E']) && exponent.starts_with(|c: char| c.is_ascii_digit()) {
            self.at = self.text.len() - exponent.len();
            self.take_while(|c| c.is_ascii_digit());
        }
        if self.rest().starts_with(is_word) && !self.text[start..self.at].contains('.') {
            self.take_while(is_word);
            return Lexeme::Word(&self.text[start..self.at]);
        }
        Lexeme::Number(&self.text[start..self.at])
    }
}

/// `--` opens a comment only before a blank or the end.
fn is_dashes(rest: &str) -> bool {
    rest.strip_prefix("--").is_some_and(|after| after.is_empty() || after.starts_with(|c: char| c.is_whitespace()))
}

fn unescape(escaped: char, out: &mut String) {
    match escaped {
        '0' => out.push('\0'),
        'b' => out.push('\u{8}'),
        'n' => out.push('\n'),
        'r' => out.push('\r'),
        't' => out.push('\t'),
        'Z' => out.push('\u{1A}'),
        // Kept with their backslash: LIKE patterns need it.
        '%' | '_' => out.extend(['\\', escaped]),
        other => out.push(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_split_at_semicolons_outside_literals() {
        let cases: &[(&str, &[&str])] = &[
            ("a; b ;", &["a", " b "]),
            ("select ';' ; -- c;\n x", &["select ';' ", " -- c;\n x"]),
            ("/* ; */ `a;b`", &["/* ; */ `a;b`"]),
            (";;", &[]),
        ];
        for (text, expected) in cases {
            assert_eq!(split(text, SqlMode::default()).as_deref(), Ok(*expected), "{text}");
        }
    }

    #[test]
    fn lexemes_are_what_mysql_reads() {
        use Lexeme::*;
        let text = |t: &str| Text(t.to_owned());
        let cases: Vec<(&str, Vec<Lexeme<'_>>)> = vec![
            ("SET @@session.x=1.5e3", vec![Word("SET"), SystemVariable("session.x"), Sign('='), Number("1.5e3")]),
            (r"'it''s\n' 'a\%'", vec![text("it's\n"), text("a\\%")]),
            ("/*!40101 SET */ /*!99999 no */ @`a b`", vec![Word("SET"), UserVariable("a b".into())]),
            ("`a``b`.c 1st", vec![Name("a`b".into()), Sign('.'), Word("c"), Word("1st")]),
        ];
        for (source, expected) in cases {
            let got: Vec<_> = tokens(source, SqlMode::default()).expect(source).into_iter().map(|t| t.lexeme).collect();
            assert_eq!(got, expected, "{source}");
        }
        assert_eq!(tokens("'open", SqlMode::default()).map_err(|e| e.code), Err(1064));
    }
}
