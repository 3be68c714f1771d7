//! Reads DDL statements from their tokens, by hand.
//!
//! Promises: every word is understood, or refused by name (1235) or as syntax (1064); none is skipped but R39's list.

use super::column::column;
use super::cursor::Cursor;
use super::index::{index_clause, index_options, index_parts, using};
use super::options::{characters, table_options};
use super::statement::{Alteration, CharacterOptions, CreateTable, Ddl, IndexKind, IndexSpec, Place, TableOptions};
use crate::error::SqlError;
use crate::function::SqlMode;

/// First words of the statements read here.
const WORDS: &[&str] = &["CREATE", "DROP", "ALTER", "TRUNCATE", "RENAME"];

/// Whether a statement that begins with this word is read here.
pub(crate) fn is_ddl(first_word: &str) -> bool {
    WORDS.iter().any(|w| w.eq_ignore_ascii_case(first_word))
}

/// Parses one DDL statement. Errors: 1064, 1235, and those of wrong types.
pub(crate) fn parse(text: &str, mode: SqlMode) -> Result<Ddl, SqlError> {
    let mut cursor = Cursor::new(text, mode)?;
    let ddl = statement(&mut cursor)?;
    cursor.accept_sign(';');
    cursor.expect_end()?;
    Ok(ddl)
}

fn statement(cursor: &mut Cursor<'_>) -> Result<Ddl, SqlError> {
    let place = cursor.place();
    if cursor.accept("CREATE") {
        create(cursor, place)
    } else if cursor.accept("DROP") {
        drop_object(cursor, place)
    } else if cursor.accept("TRUNCATE") {
        cursor.accept("TABLE");
        Ok(Ddl::Truncate(cursor.table_name()?))
    } else if cursor.accept("ALTER") {
        alter(cursor, place)
    } else {
        Err(cursor.unsupported())
    }
}

fn refuse<T>(cursor: &mut Cursor<'_>, place: usize) -> Result<T, SqlError> {
    cursor.back_to(place);
    Err(cursor.unsupported())
}

fn create(cursor: &mut Cursor<'_>, place: usize) -> Result<Ddl, SqlError> {
    if cursor.accept("DATABASE") || cursor.accept("SCHEMA") {
        return create_database(cursor);
    }
    if cursor.accept("TABLE") {
        return create_table(cursor);
    }
    let unique = cursor.accept("UNIQUE");
    if cursor.accept("INDEX") {
        return create_index(cursor, unique);
    }
    refuse(cursor, place)
}

fn create_database(cursor: &mut Cursor<'_>) -> Result<Ddl, SqlError> {
    let if_not_exists = cursor.accept("IF NOT EXISTS");
    let name = cursor.name()?;
    let mut options = CharacterOptions::default();
    while characters(cursor, &mut options)? {}
    if !cursor.at_end() && !cursor.sees_sign(';') {
        return Err(cursor.unsupported());
    }
    Ok(Ddl::CreateDatabase { name, if_not_exists, options })
}

fn create_table(cursor: &mut Cursor<'_>) -> Result<Ddl, SqlError> {
    let if_not_exists = cursor.accept("IF NOT EXISTS");
    let name = cursor.table_name()?;
    let parenthesised = cursor.sees_sign('(');
    let place = cursor.place();
    cursor.accept_sign('(');
    if cursor.accept("LIKE") {
        let like = cursor.table_name()?;
        if parenthesised {
            cursor.expect_sign(')')?;
        }
        return Ok(Ddl::CreateLike { name, like, if_not_exists });
    }
    cursor.back_to(place);
    if !parenthesised {
        table_options(cursor)?;
        return Err(SqlError::new(1113, "A table must have at least 1 column"));
    }
    let mut table =
        CreateTable { name, if_not_exists, columns: Vec::new(), indexes: Vec::new(), options: TableOptions::default() };
    definitions(cursor, &mut table)?;
    table.options = table_options(cursor)?;
    Ok(Ddl::CreateTable(Box::new(table)))
}

fn definitions(cursor: &mut Cursor<'_>, table: &mut CreateTable) -> Result<(), SqlError> {
    cursor.expect_sign('(')?;
    loop {
        match index_clause(cursor)? {
            Some(index) => table.indexes.push(index),
            None => table.columns.push(column(cursor)?),
        }
        if !cursor.accept_sign(',') {
            return cursor.expect_sign(')');
        }
    }
}

fn create_index(cursor: &mut Cursor<'_>, unique: bool) -> Result<Ddl, SqlError> {
    let name = cursor.name()?;
    using(cursor)?;
    cursor.expect("ON")?;
    let table = cursor.table_name()?;
    let parts = index_parts(cursor)?;
    let comment = index_options(cursor)?;
    algorithm_and_lock(cursor)?;
    let kind = if unique { IndexKind::Unique } else { IndexKind::Plain };
    let index = IndexSpec { name: Some(name), kind, parts, comment };
    Ok(Ddl::Alter { table, changes: vec![Alteration::AddIndex(index)] })
}

/// ALGORITHM= and LOCK= only choose how MySQL works: the result is the same (R39's list).
fn algorithm_and_lock(cursor: &mut Cursor<'_>) -> Result<(), SqlError> {
    while cursor.accept("ALGORITHM") || cursor.accept("LOCK") {
        cursor.accept_sign('=');
        cursor.name()?;
    }
    Ok(())
}

fn drop_object(cursor: &mut Cursor<'_>, place: usize) -> Result<Ddl, SqlError> {
    if cursor.accept("DATABASE") || cursor.accept("SCHEMA") {
        let if_exists = cursor.accept("IF EXISTS");
        return Ok(Ddl::DropDatabase { name: cursor.name()?, if_exists });
    }
    if cursor.accept("INDEX") {
        let name = cursor.name()?;
        cursor.expect("ON")?;
        let table = cursor.table_name()?;
        algorithm_and_lock(cursor)?;
        return Ok(Ddl::Alter { table, changes: vec![Alteration::DropIndex(name)] });
    }
    // No temporary tables exist, so DROP TEMPORARY TABLE is refused like their creation.
    if cursor.accept("TABLE") || cursor.accept("TABLES") {
        let if_exists = cursor.accept("IF EXISTS");
        let mut names = vec![cursor.table_name()?];
        while cursor.accept_sign(',') {
            names.push(cursor.table_name()?);
        }
        let _ = cursor.accept("RESTRICT") || cursor.accept("CASCADE");
        return Ok(Ddl::DropTables { names, if_exists });
    }
    refuse(cursor, place)
}

fn alter(cursor: &mut Cursor<'_>, place: usize) -> Result<Ddl, SqlError> {
    if !cursor.accept("TABLE") {
        return refuse(cursor, place);
    }
    let table = cursor.table_name()?;
    let mut changes = Vec::new();
    loop {
        algorithm_and_lock(cursor)?;
        if !cursor.at_end() && !cursor.sees_sign(';') {
            alteration(cursor, &mut changes)?;
        }
        if !cursor.accept_sign(',') {
            return Ok(Ddl::Alter { table, changes });
        }
    }
}

fn alteration(cursor: &mut Cursor<'_>, out: &mut Vec<Alteration>) -> Result<(), SqlError> {
    let place = cursor.place();
    if cursor.accept("ADD") {
        if let Some(index) = index_clause(cursor)? {
            out.push(Alteration::AddIndex(index));
            return Ok(());
        }
        cursor.accept("COLUMN");
        return add_columns(cursor, out);
    }
    if cursor.accept("DROP") {
        if cursor.accept("INDEX") || cursor.accept("KEY") {
            out.push(Alteration::DropIndex(cursor.name()?));
        } else if ["PRIMARY KEY", "FOREIGN KEY", "CHECK", "CONSTRAINT"].iter().any(|w| cursor.sees(w)) {
            return refuse(cursor, place);
        } else {
            cursor.accept("COLUMN");
            out.push(Alteration::DropColumn(cursor.name()?));
            let _ = cursor.accept("RESTRICT") || cursor.accept("CASCADE");
        }
        return Ok(());
    }
    refuse(cursor, place)
}

fn add_columns(cursor: &mut Cursor<'_>, out: &mut Vec<Alteration>) -> Result<(), SqlError> {
    if cursor.accept_sign('(') {
        loop {
            out.push(Alteration::AddColumn(Box::new(column(cursor)?), Place::Last));
            if !cursor.accept_sign(',') {
                return cursor.expect_sign(')');
            }
        }
    }
    let spec = column(cursor)?;
    let place = if cursor.accept("FIRST") {
        Place::First
    } else if cursor.accept("AFTER") {
        Place::After(cursor.name()?)
    } else {
        Place::Last
    };
    out.push(Alteration::AddColumn(Box::new(spec), place));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_there_is_refused_by_code() {
        let cases = [
            (
                "CREATE TABLE t (a INT PRIMARY KEY, b VARCHAR(20) NOT NULL DEFAULT 'x' COMMENT 'c', KEY k (b(5) DESC)) ENGINE=InnoDB",
                0,
            ),
            ("CREATE TABLE t (a INT REFERENCES u (a) ON DELETE CASCADE)", 0),
            (
                "CREATE TABLE IF NOT EXISTS `d`.`t` (id SERIAL, at TIMESTAMP(6) NULL ON UPDATE CURRENT_TIMESTAMP(6)) AUTO_INCREMENT=7",
                0,
            ),
            ("CREATE TABLE t LIKE u", 0),
            ("CREATE UNIQUE INDEX i ON t (a, b)", 0),
            ("ALTER TABLE t ADD COLUMN a INT FIRST, DROP b, ADD UNIQUE u (a), DROP INDEX k", 0),
            ("DROP TABLE IF EXISTS a, b", 0),
            ("TRUNCATE t", 0),
            ("CREATE TABLE t (a INT, FOREIGN KEY (a) REFERENCES u (a))", 1235),
            ("CREATE TABLE t (a INT CHECK (a > 0))", 1235),
            ("CREATE TABLE t (a INT) PARTITION BY HASH (a)", 1235),
            ("CREATE TEMPORARY TABLE t (a INT)", 1235),
            ("CREATE VIEW v AS SELECT 1", 1235),
            ("ALTER TABLE t MODIFY a BIGINT", 1235),
            ("CREATE TABLE t (a NOSUCHTYPE)", 1064),
            ("CREATE TABLE t (a INT,)", 1064),
            ("CREATE TABLE t (a DECIMAL(70,2))", 1426),
            ("CREATE TABLE t", 1113),
        ];
        for (text, code) in cases {
            let got = parse(text, SqlMode::default()).map_or_else(|e| e.code, |_| 0);
            assert_eq!(got, code, "{text}");
        }
    }
}
