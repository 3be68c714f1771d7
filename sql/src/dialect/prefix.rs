//! What may begin an expression and sqlparser reads wrongly, slowly or not at all under MySQL.
//!
//! Grammar that is not a plain call becomes one here, as `function` names it: EXTRACT, TRIM, INTERVAL(), CHAR USING.

use super::precedence::{BANG, SIGN};
use sqlparser::ast::{
    CastKind, DataType, DateTimeField, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArgumentList,
    FunctionArguments, Ident, Interval, ObjectName, UnaryOperator, Value,
};
use sqlparser::keywords::Keyword;
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::{Span, Token};

type Parsed = Result<Expr, ParserError>;

/// The prefix at hand, if it is one of ours; `None` leaves it to the parser.
pub(crate) fn parse(parser: &mut Parser) -> Option<Parsed> {
    let next = |n| &parser.peek_nth_token_ref(n).token;
    match next(0) {
        Token::Number(..) | Token::SingleQuotedString(_) | Token::Placeholder(_) => {
            Some(parser.parse_value().map(Expr::Value))
        }
        Token::Minus => Some(signed(parser, UnaryOperator::Minus, SIGN)),
        Token::Plus => Some(signed(parser, UnaryOperator::Plus, SIGN)),
        Token::Tilde => Some(signed(parser, UnaryOperator::BitwiseNot, SIGN)),
        Token::ExclamationMark => Some(signed(parser, UnaryOperator::Not, BANG)),
        Token::Word(word) => {
            let call = matches!(next(1), Token::LParen);
            let text = matches!(
                next(1),
                Token::SingleQuotedString(_) | Token::DoubleQuotedString(_) | Token::HexStringLiteral(_)
            );
            if word.quote_style.is_some() && !call || word.keyword == Keyword::NoKeyword && !call && !text {
                let ident = word.to_ident(parser.peek_token_ref().span);
                parser.advance_token();
                return Some(Ok(bare(ident)));
            }
            let word = word.clone();
            by_word(parser, &word.value.to_ascii_uppercase(), word.keyword, call)
        }
        _ => None,
    }
}

fn by_word(parser: &mut Parser, word: &str, keyword: Keyword, call: bool) -> Option<Parsed> {
    match word {
        "BINARY" => Some(binary(parser)),
        "INTERVAL" if keyword == Keyword::INTERVAL => interval(parser).transpose(),
        "EXTRACT" if call => Some(extract(parser)),
        "TRIM" if call => Some(trim(parser)),
        "CAST" if call => Some(cast(parser)),
        "CHAR" if call => Some(char_using(parser)),
        "CEIL" | "CEILING" | "FLOOR" | "SUBSTR" | "MID" if call => Some(plain_call(parser)),
        "CURRENT_USER" | "UTC_DATE" | "UTC_TIME" | "UTC_TIMESTAMP" if !call => {
            parser.advance_token();
            Some(Ok(function(word, Vec::new())))
        }
        _ if call && keyword == Keyword::NoKeyword => Some(plain_call(parser)),
        _ => None,
    }
}

/// A name without parentheses; some are calls all the same.
fn bare(ident: Ident) -> Expr {
    let upper = ident.value.to_ascii_uppercase();
    match upper.as_str() {
        "CURRENT_USER" | "UTC_DATE" | "UTC_TIME" | "UTC_TIMESTAMP" if ident.quote_style.is_none() => {
            function(&upper, Vec::new())
        }
        _ => Expr::Identifier(ident),
    }
}

fn signed(parser: &mut Parser, op: UnaryOperator, precedence: u8) -> Parsed {
    parser.advance_token();
    Ok(Expr::UnaryOp { op, expr: Box::new(parser.parse_subexpr(precedence)?) })
}

fn plain_call(parser: &mut Parser) -> Parsed {
    let name = parser.parse_identifier()?;
    parser.parse_function(ObjectName::from(vec![name]))
}

fn binary(parser: &mut Parser) -> Parsed {
    parser.advance_token();
    let expr = Box::new(parser.parse_subexpr(BANG)?);
    Ok(cast_to(expr, DataType::Binary(None)))
}

fn cast_to(expr: Box<Expr>, data_type: DataType) -> Expr {
    Expr::Cast { kind: CastKind::Cast, expr, data_type, array: false, format: None }
}

/// A call as the parser would have made it.
pub(crate) fn function(name: &str, arguments: Vec<Expr>) -> Expr {
    let args = arguments.into_iter().map(|e| FunctionArg::Unnamed(FunctionArgExpr::Expr(e))).collect();
    Expr::Function(Function {
        name: ObjectName::from(vec![Ident::new(name)]),
        uses_odbc_syntax: false,
        parameters: FunctionArguments::None,
        args: FunctionArguments::List(FunctionArgumentList { duplicate_treatment: None, args, clauses: Vec::new() }),
        filter: None,
        null_treatment: None,
        over: None,
        within_group: Vec::new(),
    })
}

fn text(value: impl Into<String>) -> Expr {
    Expr::Value(Value::SingleQuotedString(value.into()).with_span(Span::empty()))
}

/// Units of INTERVAL, EXTRACT and TIMESTAMPADD (MySQL 8.0 manual, 11.2.6... "Temporal Intervals").
const UNITS: [&str; 20] = [
    "MICROSECOND",
    "SECOND",
    "MINUTE",
    "HOUR",
    "DAY",
    "WEEK",
    "MONTH",
    "QUARTER",
    "YEAR",
    "SECOND_MICROSECOND",
    "MINUTE_MICROSECOND",
    "MINUTE_SECOND",
    "HOUR_MICROSECOND",
    "HOUR_SECOND",
    "HOUR_MINUTE",
    "DAY_MICROSECOND",
    "DAY_SECOND",
    "DAY_MINUTE",
    "DAY_HOUR",
    "YEAR_MONTH",
];

fn unit(parser: &mut Parser) -> Option<String> {
    let Token::Word(word) = &parser.peek_token_ref().token else { return None };
    let upper = word.value.to_ascii_uppercase();
    UNITS.contains(&upper.as_str()).then(|| {
        parser.advance_token();
        upper
    })
}

/// `INTERVAL 1 DAY`, or the function `INTERVAL(n, a, b)`; `None` for a column of that name.
fn interval(parser: &mut Parser) -> Result<Option<Expr>, ParserError> {
    if matches!(parser.peek_nth_token_ref(1).token, Token::Comma | Token::RParen | Token::EOF | Token::Period) {
        return Ok(None);
    }
    parser.advance_token();
    let list = parser.try_parse(|p| {
        p.expect_token(&Token::LParen)?;
        let list = p.parse_comma_separated(Parser::parse_expr)?;
        p.expect_token(&Token::RParen)?;
        if list.len() < 2 { Err(ParserError::ParserError(String::new())) } else { Ok(list) }
    });
    if let Ok(list) = list {
        return Ok(Some(function("INTERVAL", list)));
    }
    let value = Box::new(parser.parse_expr()?);
    let Some(unit) = unit(parser) else {
        return Err(ParserError::ParserError("Expected: a unit such as DAY after INTERVAL".into()));
    };
    Ok(Some(Expr::Interval(Interval {
        value,
        leading_field: Some(DateTimeField::Custom(Ident::new(unit))),
        leading_precision: None,
        last_field: None,
        fractional_seconds_precision: None,
    })))
}

fn extract(parser: &mut Parser) -> Parsed {
    parser.advance_token();
    parser.expect_token(&Token::LParen)?;
    let Some(unit) = unit(parser) else {
        return Err(ParserError::ParserError("Expected: a unit such as YEAR_MONTH in EXTRACT".into()));
    };
    parser.expect_keyword(Keyword::FROM)?;
    let value = parser.parse_expr()?;
    parser.expect_token(&Token::RParen)?;
    Ok(function("EXTRACT", vec![text(unit), value]))
}

/// `TRIM([BOTH | LEADING | TRAILING] [what] FROM s)` and `TRIM(s)`.
fn trim(parser: &mut Parser) -> Parsed {
    parser.advance_token();
    parser.expect_token(&Token::LParen)?;
    let side = parser.parse_one_of_keywords(&[Keyword::BOTH, Keyword::LEADING, Keyword::TRAILING]);
    let name = match side {
        Some(Keyword::LEADING) => "LTRIM",
        Some(Keyword::TRAILING) => "RTRIM",
        _ => "TRIM",
    };
    let mut arguments = Vec::new();
    if side.is_some() && parser.parse_keyword(Keyword::FROM) {
        arguments.push(parser.parse_expr()?);
    } else {
        arguments.push(parser.parse_expr()?);
        if parser.parse_keyword(Keyword::FROM) {
            arguments.insert(0, parser.parse_expr()?);
        } else if side.is_some() {
            parser.expect_keyword(Keyword::FROM)?;
        }
    }
    parser.expect_token(&Token::RParen)?;
    Ok(function(name, arguments))
}

/// CAST with MySQL's `CHARACTER SET` in the type.
fn cast(parser: &mut Parser) -> Parsed {
    parser.advance_token();
    parser.expect_token(&Token::LParen)?;
    let expr = Box::new(parser.parse_expr()?);
    parser.expect_keyword(Keyword::AS)?;
    let mut data_type = parser.parse_data_type()?;
    if parser.parse_keywords(&[Keyword::CHARACTER, Keyword::SET]) {
        let charset = parser.parse_identifier()?.value.to_ascii_lowercase();
        data_type = in_charset(data_type, &charset)?;
    }
    let array = parser.parse_keyword(Keyword::ARRAY);
    parser.expect_token(&Token::RParen)?;
    Ok(Expr::Cast { kind: CastKind::Cast, expr, data_type, array, format: None })
}

fn in_charset(data_type: DataType, charset: &str) -> Result<DataType, ParserError> {
    match charset {
        "utf8mb4" | "utf8" | "utf8mb3" => Ok(data_type),
        "binary" => Ok(DataType::Binary(None)),
        _ => Err(ParserError::ParserError(format!("Unsupported: CHARACTER SET {charset}; use utf8mb4 or binary"))),
    }
}

/// `CHAR(65, 66 USING utf8mb4)`: the charset as a last text argument after a CAST.
fn char_using(parser: &mut Parser) -> Parsed {
    parser.advance_token();
    parser.expect_token(&Token::LParen)?;
    let arguments = parser.parse_comma_separated(Parser::parse_expr)?;
    let charset = match parser.parse_keyword(Keyword::USING) {
        true => Some(parser.parse_identifier()?.value.to_ascii_lowercase()),
        false => None,
    };
    parser.expect_token(&Token::RParen)?;
    let call = function("CHAR", arguments);
    match charset {
        None => Ok(call),
        Some(charset) => Ok(cast_to(Box::new(call), in_charset(DataType::Char(None), &charset)?)),
    }
}
