//! Reads transaction control, PREPARE and its kin, KILL, USE, LOCK TABLES and the rest of the small verbs.

use super::admin::{Admin, Completion};
use super::words::{Read, at_end, expect, fail, name, take, take_one, word};
use super::{Parsed, statement};
use sqlparser::parser::Parser;
use sqlparser::tokenizer::Token;

/// The statement that begins with `verb`, if it is one of ours; nothing is consumed otherwise.
pub(crate) fn parse(parser: &mut Parser, verb: &str) -> Read<Option<Admin>> {
    Ok(Some(match verb {
        "BEGIN" => begin(parser)?,
        "START" if word(parser, 1) == "TRANSACTION" => start(parser)?,
        "COMMIT" => {
            parser.advance_token();
            Admin::Commit(completion(parser)?)
        }
        "ROLLBACK" => rollback(parser)?,
        "SAVEPOINT" => {
            parser.advance_token();
            Admin::Savepoint(name(parser)?)
        }
        "RELEASE" => {
            expect(parser, &["RELEASE", "SAVEPOINT"])?;
            Admin::Release(name(parser)?)
        }
        "PREPARE" => prepare(parser)?,
        "EXECUTE" => execute(parser)?,
        "DEALLOCATE" => deallocate(parser)?,
        "DROP" if word(parser, 1) == "PREPARE" => deallocate(parser)?,
        "DO" => {
            parser.advance_token();
            Admin::Do(parser.parse_comma_separated(Parser::parse_expr)?)
        }
        "USE" => {
            parser.advance_token();
            Admin::Use(name(parser)?)
        }
        "KILL" => {
            parser.advance_token();
            let query = take_one(parser, &["QUERY", "CONNECTION"]) == Some("QUERY");
            Admin::Kill { query, id: parser.parse_expr()? }
        }
        "CALL" => call(parser)?,
        "LOCK" => lock_tables(parser)?,
        "UNLOCK" => {
            parser.advance_token();
            take_one(parser, &["TABLES", "TABLE"])
                .map_or_else(|| fail(parser, "TABLES"), |_| Ok(Admin::UnlockTables))?
        }
        "ANALYZE" | "OPTIMIZE" | "CHECK" | "REPAIR" | "CHECKSUM" => maintain(parser, verb)?,
        "FLUSH" => Admin::Flush(rest(parser)),
        "DESC" | "DESCRIBE" | "EXPLAIN" => explain(parser)?,
        _ => return Ok(None),
    }))
}

fn begin(parser: &mut Parser) -> Read<Admin> {
    parser.advance_token();
    take(parser, &["WORK"]);
    Ok(Admin::Begin { consistent_snapshot: false, read_only: None })
}

fn start(parser: &mut Parser) -> Read<Admin> {
    expect(parser, &["START", "TRANSACTION"])?;
    let (mut consistent_snapshot, mut read_only) = (false, None);
    while !at_end(parser) {
        if take(parser, &["WITH", "CONSISTENT", "SNAPSHOT"]) {
            consistent_snapshot = true;
        } else if take(parser, &["READ", "ONLY"]) {
            read_only = Some(true);
        } else if take(parser, &["READ", "WRITE"]) {
            read_only = Some(false);
        } else {
            return fail(parser, "WITH CONSISTENT SNAPSHOT, READ ONLY or READ WRITE");
        }
        if !parser.consume_token(&Token::Comma) {
            break;
        }
    }
    Ok(Admin::Begin { consistent_snapshot, read_only })
}

fn completion(parser: &mut Parser) -> Read<Completion> {
    take(parser, &["WORK"]);
    let mut completion = Completion::default();
    if !take(parser, &["AND", "NO", "CHAIN"]) && take(parser, &["AND", "CHAIN"]) {
        completion.chain = true;
    }
    if !take(parser, &["NO", "RELEASE"]) && take(parser, &["RELEASE"]) {
        completion.release = true;
    }
    Ok(completion)
}

fn rollback(parser: &mut Parser) -> Read<Admin> {
    parser.advance_token();
    if take(parser, &["WORK", "TO"]) || take(parser, &["TO"]) {
        take(parser, &["SAVEPOINT"]);
        return Ok(Admin::RollbackTo(name(parser)?));
    }
    Ok(Admin::Rollback(completion(parser)?))
}

fn prepare(parser: &mut Parser) -> Read<Admin> {
    parser.advance_token();
    let name = name(parser)?;
    expect(parser, &["FROM"])?;
    Ok(Admin::Prepare { name, source: parser.parse_expr()? })
}

fn execute(parser: &mut Parser) -> Read<Admin> {
    parser.advance_token();
    let name = name(parser)?;
    let using = if take(parser, &["USING"]) { parser.parse_comma_separated(user_variable)? } else { Vec::new() };
    Ok(Admin::Execute { name, using })
}

fn user_variable(parser: &mut Parser) -> Read<String> {
    match name(parser)?.strip_prefix('@') {
        Some(name) if !name.starts_with('@') => Ok(name.to_owned()),
        _ => fail(parser, "a user variable"),
    }
}

fn deallocate(parser: &mut Parser) -> Read<Admin> {
    parser.advance_token();
    expect(parser, &["PREPARE"])?;
    Ok(Admin::Deallocate(name(parser)?))
}

fn call(parser: &mut Parser) -> Read<Admin> {
    parser.advance_token();
    let name = parser.parse_object_name(false)?;
    let mut arguments = Vec::new();
    // Without arguments MySQL lets the parentheses go.
    if parser.consume_token(&Token::LParen) && !parser.consume_token(&Token::RParen) {
        arguments = parser.parse_comma_separated(Parser::parse_expr)?;
        parser.expect_token(&Token::RParen)?;
    }
    Ok(Admin::Call { name, arguments })
}

fn lock_tables(parser: &mut Parser) -> Read<Admin> {
    parser.advance_token();
    if take_one(parser, &["TABLES", "TABLE"]).is_none() {
        return fail(parser, "TABLES");
    }
    Ok(Admin::LockTables(parser.parse_comma_separated(|p| {
        let table = p.parse_object_name(false)?;
        take(p, &["AS"]);
        let alias = match word(p, 0).as_str() {
            "READ" | "WRITE" | "LOW_PRIORITY" => None,
            _ => Some(name(p)?),
        };
        take(p, &["LOW_PRIORITY"]);
        let write = match take_one(p, &["READ", "WRITE"]) {
            Some(mode) => mode == "WRITE",
            None => return fail(p, "READ or WRITE"),
        };
        take(p, &["LOCAL"]);
        Ok((table, alias, write))
    })?))
}

fn maintain(parser: &mut Parser, verb: &str) -> Read<Admin> {
    parser.advance_token();
    take_one(parser, &["LOCAL", "NO_WRITE_TO_BINLOG"]);
    if take_one(parser, &["TABLE", "TABLES"]).is_none() {
        return fail(parser, "TABLE");
    }
    let tables = parser.parse_comma_separated(|p| p.parse_object_name(false))?;
    take_one(parser, &["QUICK", "FAST", "MEDIUM", "EXTENDED", "CHANGED"]);
    Ok(Admin::Maintain { verb: verb.to_owned(), tables })
}

/// The words up to the end of the statement.
fn rest(parser: &mut Parser) -> String {
    parser.advance_token();
    let mut words = Vec::new();
    while !at_end(parser) {
        words.push(parser.next_token().token.to_string().to_ascii_uppercase());
    }
    words.join(" ")
}

fn explain(parser: &mut Parser) -> Read<Admin> {
    parser.advance_token();
    let analyze = take(parser, &["ANALYZE"]);
    take_one(parser, &["EXTENDED", "PARTITIONS"]);
    let mut format = None;
    if take(parser, &["FORMAT"]) {
        parser.expect_token(&Token::Eq)?;
        format = Some(name(parser)?.to_ascii_uppercase());
    }
    match word(parser, 0).as_str() {
        "SELECT" | "INSERT" | "UPDATE" | "DELETE" | "REPLACE" | "WITH" | "TABLE" | "VALUES" => {}
        _ if parser.peek_token_ref().token == Token::LParen => {}
        _ => return describe(parser),
    }
    let explained: Parsed = statement(parser)?;
    Ok(Admin::Explain { format, analyze, statement: explained })
}

fn describe(parser: &mut Parser) -> Read<Admin> {
    let table = parser.parse_object_name(false)?;
    let column = if at_end(parser) { None } else { Some(name(parser)?) };
    Ok(Admin::Describe { table, column })
}
