//! A place in a list of tokens, and what may be asked of it.

use super::lexer::{Lexeme, Token, tokens};
use crate::error::SqlError;
use crate::function::SqlMode;
use std::sync::Arc;

/// Reads tokens from left to right.
pub(crate) struct Cursor<'a> {
    pub text: &'a str,
    tokens: Vec<Token<'a>>,
    at: usize,
}

/// `db.table` or `table`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TableName {
    pub database: Option<Arc<str>>,
    pub table: Arc<str>,
}

impl<'a> Cursor<'a> {
    pub fn new(text: &'a str, mode: SqlMode) -> Result<Self, SqlError> {
        Ok(Cursor { text, tokens: tokens(text, mode)?, at: 0 })
    }

    pub fn peek(&self) -> Option<&Lexeme<'a>> {
        self.tokens.get(self.at).map(|t| &t.lexeme)
    }

    pub fn next(&mut self) -> Option<Lexeme<'a>> {
        let token = self.tokens.get(self.at)?;
        self.at += 1;
        Some(token.lexeme.clone())
    }

    pub fn at_end(&self) -> bool {
        self.at >= self.tokens.len()
    }

    pub fn place(&self) -> usize {
        self.at
    }

    pub fn back_to(&mut self, place: usize) {
        self.at = place;
    }

    /// The text from the next token on.
    pub fn rest(&self) -> &'a str {
        self.tokens.get(self.at).map_or("", |t| &self.text[t.start..])
    }

    fn is_word(&self, ahead: usize, word: &str) -> bool {
        matches!(self.tokens.get(self.at + ahead), Some(Token { lexeme: Lexeme::Word(w), .. }) if w.eq_ignore_ascii_case(word))
    }

    /// Whether these keywords come next.
    pub fn sees(&self, words: &str) -> bool {
        words.split(' ').enumerate().all(|(ahead, word)| self.is_word(ahead, word))
    }

    /// Takes these keywords if they come next.
    pub fn accept(&mut self, words: &str) -> bool {
        let found = self.sees(words);
        if found {
            self.at += words.split(' ').count();
        }
        found
    }

    /// These keywords must come next.
    pub fn expect(&mut self, words: &str) -> Result<(), SqlError> {
        if self.accept(words) { Ok(()) } else { Err(self.error()) }
    }

    pub fn sees_sign(&self, sign: char) -> bool {
        self.peek() == Some(&Lexeme::Sign(sign))
    }

    pub fn accept_sign(&mut self, sign: char) -> bool {
        let found = self.sees_sign(sign);
        self.at += usize::from(found);
        found
    }

    pub fn expect_sign(&mut self, sign: char) -> Result<(), SqlError> {
        if self.accept_sign(sign) { Ok(()) } else { Err(self.error()) }
    }

    /// A name, bare or quoted.
    pub fn name(&mut self) -> Result<Arc<str>, SqlError> {
        match self.tokens.get(self.at).map(|t| &t.lexeme) {
            Some(Lexeme::Word(word)) => {
                let name = Arc::from(*word);
                self.at += 1;
                Ok(name)
            }
            Some(Lexeme::Name(name)) => {
                let name = Arc::from(name.as_ref());
                self.at += 1;
                Ok(name)
            }
            _ => Err(self.error()),
        }
    }

    pub fn table_name(&mut self) -> Result<TableName, SqlError> {
        let first = self.name()?;
        if self.accept_sign('.') {
            return Ok(TableName { database: Some(first), table: self.name()? });
        }
        Ok(TableName { database: None, table: first })
    }

    /// A text literal.
    pub fn text_literal(&mut self) -> Result<String, SqlError> {
        match self.next() {
            Some(Lexeme::Text(text)) => Ok(text),
            _ => {
                self.at = self.at.saturating_sub(1);
                Err(self.error())
            }
        }
    }

    /// A name or a text literal, as SET NAMES and COLLATE take.
    pub fn name_or_text(&mut self) -> Result<String, SqlError> {
        match self.peek() {
            Some(Lexeme::Text(text)) => {
                let text = text.clone();
                self.at += 1;
                Ok(text)
            }
            _ => self.name().map(|n| n.to_string()),
        }
    }

    pub fn number<N: std::str::FromStr>(&mut self) -> Result<N, SqlError> {
        let parsed = match self.peek() {
            Some(Lexeme::Number(text)) => text.parse().ok(),
            _ => None,
        };
        let number = parsed.ok_or_else(|| self.error())?;
        self.at += 1;
        Ok(number)
    }

    /// Nothing may follow.
    pub fn expect_end(&self) -> Result<(), SqlError> {
        if self.at_end() { Ok(()) } else { Err(self.error()) }
    }

    /// 1064 at this place, in MySQL's words.
    pub fn error(&self) -> SqlError {
        let line = self.text[..self.text.len() - self.rest().len()].matches('\n').count() + 1;
        SqlError::syntax(format!(
            "check the manual that corresponds to your MySQL server version for the right syntax to use near '{}' at line {line}",
            crate::engine::process::cut(self.rest(), 80)
        ))
    }

    /// 1235 naming the clause that begins here.
    pub fn unsupported(&self) -> SqlError {
        SqlError::unsupported(crate::engine::process::cut(self.rest(), 80))
    }
}
