//! Infix operators that sqlparser reads wrongly or not at all under MySQL.

use super::precedence;
use sqlparser::ast::{BinaryOperator, Expr};
use sqlparser::keywords::Keyword;
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::Token;

/// The operator at hand, if it is one of ours; `None` leaves it to the parser.
pub(crate) fn parse(
    parser: &mut Parser,
    left: &Expr,
    precedence: u8,
    pipes_as_concat: bool,
) -> Option<Result<Expr, ParserError>> {
    let (op, right_precedence) = match &parser.peek_token_ref().token {
        Token::Word(w) if w.keyword == Keyword::DIV => (BinaryOperator::MyIntegerDivide, precedence),
        Token::Word(_) if precedence::is_mod(parser) => (BinaryOperator::Modulo, precedence),
        Token::StringConcat if !pipes_as_concat => (BinaryOperator::Or, precedence),
        Token::Assignment => (BinaryOperator::Assignment, 0),
        _ => return None,
    };
    parser.advance_token();
    let right = parser.parse_subexpr(right_precedence);
    Some(right.map(|right| Expr::BinaryOp { left: Box::new(left.clone()), op, right: Box::new(right) }))
}
