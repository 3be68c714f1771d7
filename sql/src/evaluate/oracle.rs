//! Expressions against MariaDB's answers: `oracle.tsv` holds an expression, its text and its type a line.
//!
//! Where MySQL 8.0 answers otherwise, the line says what MySQL answers and `docs/differences.md` says why.

use super::{Detached, constant};
use crate::bind::{Binder, Environment, NoSystemTables};
use crate::dialect::{self, Parsed};
use crate::error::SqlError;
use crate::expression::{Kind, Type};
use crate::function::SqlMode;
use crate::render;
use dag::catalogue::Catalogue;
use dag::collation::Collation;
use sqlparser::ast::{Expr, SelectItem, SetExpr, Statement};

const LINES: &str = include_str!("oracle.tsv");

fn parsed(text: &str) -> Option<Expr> {
    let mut statements = dialect::parse(&format!("SELECT {text}"), &SqlMode::default()).ok()?;
    let Parsed::Statement(statement) = statements.pop()? else { return None };
    let Statement::Query(query) = *statement else { return None };
    let SetExpr::Select(mut select) = *query.body else { return None };
    match select.projection.pop()? {
        SelectItem::UnnamedExpr(expr) => Some(expr),
        SelectItem::ExprWithAlias { expr, .. } => Some(expr),
        _ => None,
    }
}

/// The answer as `text<TAB>type`, or the error.
fn answer(text: &str) -> Result<String, SqlError> {
    let expr = parsed(text).ok_or_else(|| SqlError::syntax("not parsed"))?;
    let catalogue = Catalogue::default();
    let environment = Environment {
        catalogue: &catalogue,
        database: None,
        mode: SqlMode::default(),
        collation: Collation::Utf8mb4GeneralCi,
        system: &NoSystemTables,
        parameter_types: &[],
        group_concat_max_len: None,
        sizes: None,
        text: "",
    };
    let bound = Binder::new(environment).bind_constant(&expr)?;
    let value = constant(&bound, &mut Detached::default())?;
    let shown = render::text(&value, &bound.ty).map_or("NULL".to_owned(), |t| t.into_owned());
    let escaped = shown.replace('\\', "\\\\").replace('\n', "\\n").replace('\t', "\\t");
    Ok(format!("{escaped}\t{}", kind(&bound.ty)))
}

fn kind(ty: &Type) -> String {
    let digits = |name: &str, fsp: u8| if fsp == 0 { name.to_owned() } else { format!("{name}{fsp}") };
    match &ty.kind {
        Kind::Null => "null".into(),
        Kind::Integer { .. } => "integer".into(),
        Kind::Decimal { scale, .. } => format!("decimal{scale}"),
        Kind::Float => "float".into(),
        Kind::Double => "double".into(),
        Kind::Text | Kind::Enum(_) | Kind::Set(_) => "text".into(),
        Kind::Binary => "binary".into(),
        Kind::Date => "date".into(),
        Kind::Time(fsp) => digits("time", *fsp),
        Kind::DateTime(fsp) => digits("datetime", *fsp),
        Kind::Year => "year".into(),
        Kind::Json => "json".into(),
    }
}

#[test]
fn expressions_answer_as_the_oracle_does() {
    let lines = LINES.lines().filter(|l| !l.starts_with('#') && !l.is_empty());
    let mut wrong = Vec::new();
    for line in lines {
        let (expression, expected) = line.split_once('\t').expect("a tab");
        let found = answer(expression).unwrap_or_else(|e| format!("{} {}", e.code, e.message));
        if found != expected {
            wrong.push(format!("{expression}\n    expected {expected}\n    found    {found}"));
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}
