//! Token rewriting before the parser: what MySQL writes and sqlparser reads in another form, or would read wrongly.

use crate::error::SqlError;
use crate::limits::MAX_CHAIN;
use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::{Token, TokenWithSpan, Whitespace, Word};

/// Drops white space (not optimizer hints), turns LOCK IN SHARE MODE into FOR SHARE, refuses what nests too deep.
pub(crate) fn tokens(tokens: Vec<TokenWithSpan>) -> Result<Vec<TokenWithSpan>, SqlError> {
    let mut out: Vec<TokenWithSpan> = Vec::with_capacity(tokens.len());
    let mut parameters = 0u32;
    for mut token in tokens {
        number(&mut token.token, &mut parameters);
        match &token.token {
            Token::Whitespace(Whitespace::MultiLineComment(text)) if text.starts_with('+') => out.push(token),
            Token::Whitespace(_) => {}
            _ => {
                out.push(token);
                share_mode(&mut out);
                modifier(&mut out);
            }
        }
    }
    if out.len() > MAX_CHAIN {
        super::depth::check(out.iter().map(|token| &token.token))?;
    }
    Ok(out)
}

/// `?` becomes `?0`, `?1` ...: the binder does not meet parameters in the order of the text.
fn number(token: &mut Token, parameters: &mut u32) {
    match token {
        Token::Placeholder(name) if name == "?" => {
            *name = format!("?{parameters}");
            *parameters += 1;
        }
        Token::SemiColon => *parameters = 0,
        _ => {}
    }
}

fn is_word(token: &TokenWithSpan, text: &str) -> bool {
    matches!(&token.token, Token::Word(w) if w.quote_style.is_none() && w.value.eq_ignore_ascii_case(text))
}

fn share_mode(out: &mut Vec<TokenWithSpan>) {
    let Some(at) = out.len().checked_sub(4) else { return };
    if !is_word(&out[at + 3], "MODE") || !["LOCK", "IN", "SHARE"].iter().zip(&out[at..]).all(|(w, t)| is_word(t, w)) {
        return;
    }
    let keyword = |value: &str, keyword| Token::Word(Word { value: value.into(), quote_style: None, keyword });
    out[at].token = keyword("FOR", Keyword::FOR);
    out[at + 1].token = keyword("SHARE", Keyword::SHARE);
    out.truncate(at + 2);
}

/// The hint that stands for DELETE IGNORE, which the parser has no place for.
pub(crate) const IGNORE_HINT: &str = "headwaters_ignore";

/// After `UPDATE` or `DELETE` at a statement's start: drops LOW_PRIORITY and QUICK (InnoDB ignores them too), and puts
/// IGNORE where the parser keeps it.
fn modifier(out: &mut Vec<TokenWithSpan>) {
    let Some(last) = out.last() else { return };
    let Some(verb) = out.len().checked_sub(2).map(|at| &out[at]) else { return };
    let (update, delete) = (is_word(verb, "UPDATE"), is_word(verb, "DELETE"));
    let first = out.len() == 2
        || matches!(out[out.len() - 3].token, Token::SemiColon)
        || is_word(&out[out.len() - 3], "EXPLAIN");
    if !first || !update && !delete {
        return;
    }
    if is_word(last, "LOW_PRIORITY") || is_word(last, "QUICK") {
        out.pop();
    } else if is_word(last, "IGNORE") && update {
        let span = last.span;
        let keyword = Token::Word(Word { value: "OR".into(), quote_style: None, keyword: Keyword::OR });
        out.insert(out.len() - 1, TokenWithSpan { token: keyword, span });
    } else if is_word(last, "IGNORE") {
        let token = Token::Whitespace(Whitespace::MultiLineComment(format!("+{IGNORE_HINT}")));
        let span = last.span;
        out.pop();
        out.push(TokenWithSpan { token, span });
    }
}
