//! Statement texts and what they parse to.

use crate::ddl::parse::{self as ddl_parse, is_ddl};
use crate::ddl::statement::Ddl;
use crate::dialect::{self, Admin, Completion, Parsed};
use crate::error::SqlError;
use crate::function::SqlMode;

/// One parsed statement.
#[derive(Debug)]
pub(crate) enum Statement {
    Query(Box<sqlparser::ast::Statement>),
    Admin(Box<Admin>),
    Ddl(Box<Ddl>),
}

impl Statement {
    /// Whether it shows the conditions of the statement before it, which therefore stay.
    pub fn keeps_conditions(&self) -> bool {
        let Statement::Admin(admin) = self else { return false };
        let Admin::Show(show) = &**admin else { return false };
        matches!(show.subject.as_str(), "WARNINGS" | "ERRORS" | "COUNT WARNINGS" | "COUNT ERRORS")
    }
}

/// Statements that sessions send most after plain DML (facts/clients.md, 3d.2): known without tokenizing.
fn common(text: &str) -> Option<Admin> {
    let completion = Completion { chain: false, release: false };
    let text = text.trim().trim_end_matches(';').trim_end();
    if text.len() > "START TRANSACTION".len() {
        return None;
    }
    let is = |word: &str| text.eq_ignore_ascii_case(word);
    if is("COMMIT") {
        Some(Admin::Commit(completion))
    } else if is("ROLLBACK") {
        Some(Admin::Rollback(completion))
    } else if is("BEGIN") || is("START TRANSACTION") {
        Some(Admin::Begin { consistent_snapshot: false, read_only: None })
    } else {
        None
    }
}

/// Parses exactly one statement. Errors: 1064, 1065 for an empty text, 1235.
pub(crate) fn parse(text: &str, mode: SqlMode) -> Result<Statement, SqlError> {
    if let Some(admin) = common(text) {
        return Ok(Statement::Admin(Box::new(admin)));
    }
    let second = second_word(text);
    // DROP PREPARE is the session's, not the schema's.
    if is_ddl(first_word(text)) && !second.eq_ignore_ascii_case("PREPARE") {
        return ddl_parse::parse(text, mode).map(|ddl| Statement::Ddl(Box::new(ddl)));
    }
    let mut parsed = dialect::parse(text, &mode)?;
    if parsed.len() > 1 {
        let rest = "only one statement is allowed here; connect with multi-statements to send several";
        return Err(SqlError::syntax(rest));
    }
    match parsed.pop() {
        None => Err(SqlError::new(1065, "Query was empty")),
        Some(Parsed::Statement(statement)) => Ok(Statement::Query(statement)),
        Some(Parsed::DeleteIgnore(_)) => Err(SqlError::unsupported("DELETE IGNORE")),
        Some(Parsed::Admin(admin)) => Ok(Statement::Admin(admin)),
    }
}

/// The first word behind blanks and comments; empty where there is none. A version comment's content counts.
pub(crate) fn first_word(text: &str) -> &str {
    word(skip_comments(text))
}

fn second_word(text: &str) -> &str {
    let rest = skip_comments(text);
    word(skip_comments(&rest[word(rest).len()..]))
}

fn word(text: &str) -> &str {
    let end = text.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(text.len());
    &text[..end]
}

fn skip_comments(text: &str) -> &str {
    let mut rest = text.trim_start();
    loop {
        let next = if let Some(inner) = rest.strip_prefix("/*!") {
            inner.trim_start_matches(|c: char| c.is_ascii_digit())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or("", |end| &rest[end + 2..])
        } else if rest.starts_with("-- ") || rest.starts_with('#') {
            rest.find('\n').map_or("", |end| &rest[end + 1..])
        } else {
            return rest;
        };
        rest = next.trim_start();
    }
}
