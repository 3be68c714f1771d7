//! Reads SET in all its forms, lists that mix them included (facts/clients.md, 3a).

use super::admin::{Admin, Assignment, Scope};
use super::words::{Read, fail, name, take, take_one, word};
use sqlparser::ast::Expr;
use sqlparser::parser::Parser;
use sqlparser::tokenizer::Token;

/// SET; 1235 is for forms that change accounts.
pub(crate) fn parse(parser: &mut Parser) -> Read<Admin> {
    parser.advance_token();
    Ok(Admin::Set(parser.parse_comma_separated(assignment)?))
}

fn assignment(parser: &mut Parser) -> Read<Assignment> {
    if word(parser, 0) == "NAMES" && !is_assigned(parser, 1) {
        return names(parser);
    }
    if take(parser, &["CHARACTER", "SET"]) || take(parser, &["CHARSET"]) {
        return Ok(Assignment::CharacterSet(name_or_default(parser)?));
    }
    let scope = scope(parser);
    if take(parser, &["TRANSACTION"]) {
        return transaction(parser, scope);
    }
    variable(parser, scope)
}

fn is_assigned(parser: &Parser, n: usize) -> bool {
    matches!(parser.peek_nth_token_ref(n).token, Token::Eq | Token::Assignment)
}

fn scope(parser: &mut Parser) -> Scope {
    if is_assigned(parser, 1) {
        return Scope::Default;
    }
    match take_one(parser, &["SESSION", "LOCAL", "GLOBAL", "PERSIST", "PERSIST_ONLY"]) {
        Some("GLOBAL") => Scope::Global,
        Some("PERSIST" | "PERSIST_ONLY") => Scope::Persist,
        Some(_) => Scope::Session,
        None => Scope::Default,
    }
}

fn name_or_default(parser: &mut Parser) -> Read<Option<String>> {
    if take(parser, &["DEFAULT"]) {
        return Ok(None);
    }
    Ok(Some(name(parser)?.to_ascii_lowercase()))
}

fn names(parser: &mut Parser) -> Read<Assignment> {
    parser.advance_token();
    let charset = name_or_default(parser)?;
    let collation = if take(parser, &["COLLATE"]) { name_or_default(parser)? } else { None };
    Ok(Assignment::Names { charset, collation })
}

fn transaction(parser: &mut Parser, scope: Scope) -> Read<Assignment> {
    let (mut isolation, mut read_only) = (None, None);
    loop {
        if take(parser, &["ISOLATION", "LEVEL"]) {
            isolation = Some(level(parser)?);
        } else if take(parser, &["READ", "ONLY"]) {
            read_only = Some(true);
        } else if take(parser, &["READ", "WRITE"]) {
            read_only = Some(false);
        } else {
            return fail(parser, "ISOLATION LEVEL, READ ONLY or READ WRITE");
        }
        if !parser.consume_token(&Token::Comma) {
            return Ok(Assignment::Transaction { scope, isolation, read_only });
        }
    }
}

fn level(parser: &mut Parser) -> Read<String> {
    let levels =
        [["READ", "UNCOMMITTED"].as_slice(), &["READ", "COMMITTED"], &["REPEATABLE", "READ"], &["SERIALIZABLE"]];
    match levels.iter().find(|words| take(parser, words)) {
        Some(words) => Ok(words.join("-")),
        None => fail(parser, "an isolation level"),
    }
}

fn variable(parser: &mut Parser, scope: Scope) -> Read<Assignment> {
    let first = name(parser)?;
    let mut parts = vec![first];
    while parser.consume_token(&Token::Period) {
        parts.push(name(parser)?);
    }
    if !parser.consume_token(&Token::Eq) && !parser.consume_token(&Token::Assignment) {
        return fail(parser, "=");
    }
    let value = value(parser)?;
    let Some(system) = parts[0].strip_prefix("@@") else {
        if let Some(user) = parts[0].strip_prefix('@') {
            let value = value.ok_or_else(|| sqlparser::parser::ParserError::ParserError("Expected: a value".into()))?;
            return Ok(Assignment::User { name: user.to_owned(), value });
        }
        return Ok(Assignment::System { scope, name: parts.join(".").to_ascii_lowercase(), value });
    };
    let system = system.to_ascii_lowercase();
    let (scope, name) = match (system.as_str(), parts.len()) {
        ("session" | "local", 2..) => (Scope::Session, parts[1..].join(".")),
        ("global", 2..) => (Scope::Global, parts[1..].join(".")),
        ("persist" | "persist_only", 2..) => (Scope::Persist, parts[1..].join(".")),
        _ => (Scope::Session, [vec![system.clone()], parts[1..].to_vec()].concat().join(".")),
    };
    Ok(Assignment::System { scope, name: name.to_ascii_lowercase(), value })
}

/// A bare word that ends the assignment (ON, OFF, utf8mb4, DEFAULT) or an expression.
fn value(parser: &mut Parser) -> Read<Option<Expr>> {
    let ends = matches!(parser.peek_nth_token_ref(1).token, Token::Comma | Token::SemiColon | Token::EOF);
    if ends && take(parser, &["DEFAULT"]) {
        return Ok(None);
    }
    if ends && !word(parser, 0).is_empty() && !matches!(word(parser, 0).as_str(), "NULL" | "TRUE" | "FALSE") {
        return Ok(Some(Expr::Identifier(parser.parse_identifier()?)));
    }
    Ok(Some(parser.parse_expr()?))
}
