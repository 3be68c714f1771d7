//! Reads SHOW: the words of its subject, then FROM, LIKE, WHERE and LIMIT.

use super::admin::{Admin, Show};
use super::words::{Read, at_end, fail, name, take, take_one, word};
use sqlparser::ast::Expr;
use sqlparser::parser::Parser;
use sqlparser::tokenizer::Token;

/// SHOW. Which subjects exist is for the session to say.
pub(crate) fn parse(parser: &mut Parser) -> Read<Admin> {
    parser.advance_token();
    let mut show = Show::default();
    while let Some(modifier) = take_one(parser, &["EXTENDED", "FULL", "GLOBAL", "SESSION", "LOCAL"]) {
        show.extended |= modifier == "EXTENDED";
        show.full |= modifier == "FULL";
        show.global |= modifier == "GLOBAL";
    }
    subject(parser, &mut show)?;
    sources(parser, &mut show)?;
    filter(parser, &mut show)?;
    if at_end(parser) { Ok(Admin::Show(show)) } else { fail(parser, "the end of SHOW") }
}

fn subject(parser: &mut Parser, show: &mut Show) -> Read<()> {
    let mut words = Vec::new();
    loop {
        let next = word(parser, 0);
        match next.as_str() {
            "" if parser.peek_token_ref().token == Token::LParen => {
                parser.advance_token();
                parser.expect_token(&Token::Mul)?;
                parser.expect_token(&Token::RParen)?;
            }
            "" | "FROM" | "IN" | "LIKE" | "WHERE" | "LIMIT" | "FOR" => break,
            _ => {
                parser.advance_token();
                words.push(next);
                if takes_object(&words) {
                    take(parser, &["IF", "NOT", "EXISTS"]);
                    show.target = Some(parser.parse_object_name(false)?);
                }
            }
        }
    }
    show.subject = words.join(" ");
    if words.is_empty() { fail(parser, "what to show") } else { Ok(()) }
}

/// `SHOW CREATE TABLE t`, `SHOW ENGINE innodb STATUS`: the object stands among the words.
fn takes_object(words: &[String]) -> bool {
    match words {
        [create, _] => create == "CREATE",
        [engine] => engine == "ENGINE",
        _ => false,
    }
}

fn sources(parser: &mut Parser, show: &mut Show) -> Read<()> {
    let of_table = matches!(show.subject.as_str(), "COLUMNS" | "FIELDS" | "INDEX" | "INDEXES" | "KEYS");
    if take(parser, &["FOR"]) {
        show.target = Some(parser.parse_object_name(false)?);
        while !at_end(parser) {
            parser.advance_token();
        }
    } else if take_one(parser, &["FROM", "IN"]).is_some() {
        if of_table {
            show.target = Some(parser.parse_object_name(false)?);
        } else {
            show.database = Some(name(parser)?);
        }
    }
    if of_table && take_one(parser, &["FROM", "IN"]).is_some() {
        show.database = Some(name(parser)?);
    }
    Ok(())
}

fn filter(parser: &mut Parser, show: &mut Show) -> Read<()> {
    if take(parser, &["LIKE"]) {
        show.like = Some(parser.parse_literal_string()?);
    } else if take(parser, &["WHERE"]) {
        show.filter = Some(parser.parse_expr()?);
    }
    if take(parser, &["LIMIT"]) {
        let first = number(parser)?;
        show.limit = Some(match parser.consume_token(&Token::Comma) {
            true => (first, number(parser)?),
            false if take(parser, &["OFFSET"]) => (number(parser)?, first),
            false => (0, first),
        });
    }
    Ok(())
}

fn number(parser: &mut Parser) -> Read<u64> {
    match parser.parse_expr()? {
        Expr::Value(value) => value.to_string().parse().or_else(|_| fail(parser, "a number")),
        _ => fail(parser, "a number"),
    }
}
