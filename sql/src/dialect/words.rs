//! A reader of words over the parser's tokens, for the statements we read ourselves.

use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::Token;

/// What reading a statement yields.
pub(crate) type Read<T> = Result<T, ParserError>;

/// The n-th word ahead in upper case; empty if it is quoted or no word.
pub(crate) fn word(parser: &Parser, n: usize) -> String {
    match &parser.peek_nth_token_ref(n).token {
        Token::Word(w) if w.quote_style.is_none() => w.value.to_ascii_uppercase(),
        _ => String::new(),
    }
}

/// Takes the words if all of them come next.
pub(crate) fn take(parser: &mut Parser, words: &[&str]) -> bool {
    let matches = words.iter().enumerate().all(|(n, wanted)| word(parser, n) == *wanted);
    if matches {
        words.iter().for_each(|_| parser.advance_token());
    }
    matches
}

/// Takes the first of the alternatives that comes next.
pub(crate) fn take_one<'a>(parser: &mut Parser, alternatives: &[&'a str]) -> Option<&'a str> {
    alternatives.iter().copied().find(|a| take(parser, &[a]))
}

/// Takes the words, or fails.
pub(crate) fn expect(parser: &mut Parser, words: &[&str]) -> Read<()> {
    if take(parser, words) { Ok(()) } else { fail(parser, &words.join(" ")) }
}

/// A failure that names what was expected.
pub(crate) fn fail<T>(parser: &Parser, expected: &str) -> Read<T> {
    Err(ParserError::ParserError(format!("Expected: {expected}, found: {}", parser.peek_token_ref().token)))
}

/// Whether the statement ends here.
pub(crate) fn at_end(parser: &Parser) -> bool {
    matches!(parser.peek_token_ref().token, Token::EOF | Token::SemiColon)
}

/// An identifier or a text literal.
pub(crate) fn name(parser: &mut Parser) -> Read<String> {
    Ok(parser.parse_identifier()?.value)
}

/// Objects whose CREATE, ALTER and DROP we do not offer.
const REFUSED_OBJECTS: [&str; 12] = [
    "USER",
    "ROLE",
    "TRIGGER",
    "PROCEDURE",
    "FUNCTION",
    "EVENT",
    "SERVER",
    "TABLESPACE",
    "LOGFILE",
    "SPATIAL",
    "RESOURCE",
    "INSTANCE",
];

/// `CREATE TRIGGER` and its kin, also behind OR REPLACE and DEFINER.
pub(crate) fn refused_object(parser: &Parser, verb: &str) -> Option<String> {
    if verb == "TABLE" {
        return Some("TABLE t as a statement; write SELECT * FROM t".into());
    }
    if !matches!(verb, "CREATE" | "ALTER" | "DROP" | "RENAME") {
        return None;
    }
    // OR REPLACE, AGGREGATE, DEFINER = name @ host stand between at most.
    let named = (1..8).map(|n| word(parser, n)).take_while(|w| !matches!(w.as_str(), "TABLE" | "DATABASE" | "INDEX"));
    named.into_iter().find(|w| REFUSED_OBJECTS.contains(&w.as_str())).map(|w| format!("{verb} {w}"))
}

/// MySQL's clauses that the parser stumbles over: a clear refusal instead of a syntax error.
const REFUSED_CLAUSES: [&str; 14] = [
    "PARTITION",
    "ZEROFILL",
    "ENGINE",
    "CONVERT",
    "KEYS",
    "PROCEDURE",
    "OUTFILE",
    "DUMPFILE",
    "TABLESPACE",
    "FORCE",
    "VISIBLE",
    "INVISIBLE",
    "VIRTUAL",
    "SRID",
];

/// What stands where the parser gave up, if it is a clause of MySQL's that we do not offer.
pub(crate) fn refused_clause<T>(parser: &Parser, verb: &str, error: ParserError) -> Read<T> {
    let found = word(parser, 0);
    if REFUSED_CLAUSES.contains(&found.as_str()) {
        return super::unsupported(&format!("{found} in {verb}"));
    }
    if verb == "UPDATE" && parser.peek_token_ref().token == Token::Comma {
        return super::unsupported("UPDATE of several tables");
    }
    Err(error)
}

/// Something stands behind a statement that was complete.
pub(crate) fn trailing<T>(parser: &Parser) -> Read<T> {
    refused_clause(parser, "this statement", ParserError::ParserError(String::new())).or_else(|error: ParserError| {
        match error {
            ParserError::ParserError(message) if message.is_empty() => fail(parser, "end of statement"),
            refused => Err(refused),
        }
    })
}
