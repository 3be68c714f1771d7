//! How strongly each operator binds: the one table of MySQL's precedences (MySQL 8.0 manual, 14.4.1, and sql_yacc.yy
//! where the manual is coarser: LIKE, IN, BETWEEN and REGEXP bind tighter than the comparisons).

use sqlparser::dialect::Precedence;
use sqlparser::keywords::Keyword;
use sqlparser::parser::Parser;
use sqlparser::tokenizer::Token;

const NONE: u8 = 0;
const OR: u8 = 5;
const XOR: u8 = 7;
const AND: u8 = 10;
const NOT: u8 = 15;
const COMPARISON: u8 = 20;
/// Below the bit operators, above the comparisons.
pub(crate) const PREDICATE: u8 = 21;
const BIT_OR: u8 = 22;
const BIT_AND: u8 = 23;
const SHIFT: u8 = 24;
const ADD: u8 = 30;
const MULTIPLY: u8 = 40;
const BIT_XOR: u8 = 45;
const CONCAT: u8 = 46;
/// `-x`, `+x`, `~x`.
pub(crate) const SIGN: u8 = 47;
/// `!x`, `BINARY x`: tighter than the signs.
pub(crate) const BANG: u8 = 48;
const ARROW: u8 = 90;
/// `@a := x` takes everything to its right and only the variable to its left.
const ASSIGN: u8 = 91;
const PERIOD: u8 = 100;

/// What sqlparser asks for by name.
pub(crate) fn value(precedence: Precedence) -> u8 {
    match precedence {
        Precedence::Period => PERIOD,
        Precedence::DoubleColon | Precedence::PgOther | Precedence::AtTz | Precedence::Colon => ARROW,
        Precedence::MulDivModOp => MULTIPLY,
        Precedence::PlusMinus => ADD,
        Precedence::Xor => XOR,
        Precedence::Ampersand => BIT_AND,
        Precedence::Caret => BIT_XOR,
        Precedence::Pipe => BIT_OR,
        Precedence::Between | Precedence::Like => PREDICATE,
        Precedence::Eq | Precedence::Is => COMPARISON,
        Precedence::UnaryNot => NOT,
        Precedence::And => AND,
        Precedence::Or => OR,
    }
}

/// The precedence of the operator that comes next; 0 if what comes next is none of MySQL's.
pub(crate) fn of_next(parser: &Parser, pipes_as_concat: bool) -> u8 {
    match &parser.peek_token_ref().token {
        Token::Word(word) if word.quote_style.is_none() => of_word(word.keyword, parser),
        Token::Eq | Token::Neq | Token::Lt | Token::Gt | Token::LtEq | Token::GtEq | Token::Spaceship => COMPARISON,
        Token::StringConcat if pipes_as_concat => CONCAT,
        Token::StringConcat => OR,
        Token::Overlap => AND,
        Token::Pipe => BIT_OR,
        Token::Ampersand => BIT_AND,
        Token::ShiftLeft | Token::ShiftRight => SHIFT,
        Token::Plus | Token::Minus => ADD,
        Token::Mul | Token::Div | Token::Mod => MULTIPLY,
        Token::Caret => BIT_XOR,
        Token::Arrow | Token::LongArrow => ARROW,
        Token::Assignment => ASSIGN,
        Token::Period => PERIOD,
        _ => NONE,
    }
}

fn of_word(keyword: Keyword, parser: &Parser) -> u8 {
    let follows = |wanted: &[Keyword]| matches!(&parser.peek_nth_token_ref(1).token, Token::Word(w) if wanted.contains(&w.keyword));
    match keyword {
        Keyword::OR => OR,
        Keyword::XOR => XOR,
        Keyword::AND => AND,
        Keyword::IS => COMPARISON,
        Keyword::IN | Keyword::BETWEEN | Keyword::LIKE | Keyword::RLIKE | Keyword::REGEXP => PREDICATE,
        Keyword::NOT if follows(&[Keyword::IN, Keyword::BETWEEN, Keyword::LIKE, Keyword::RLIKE, Keyword::REGEXP]) => {
            PREDICATE
        }
        Keyword::MEMBER if follows(&[Keyword::OF]) => PREDICATE,
        Keyword::DIV => MULTIPLY,
        _ if is_mod(parser) => MULTIPLY,
        _ => NONE,
    }
}

/// Whether the next word is the operator MOD, which the tokenizer may not know as a keyword.
pub(crate) fn is_mod(parser: &Parser) -> bool {
    matches!(&parser.peek_token_ref().token,
        Token::Word(w) if w.quote_style.is_none() && w.value.eq_ignore_ascii_case("MOD"))
}
