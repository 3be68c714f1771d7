//! JSON_ARRAYAGG and JSON_OBJECTAGG.

use super::{Accumulator, Settings};
use crate::error::SqlError;
use crate::expression::Type;
use crate::function::Context;
use crate::json::{self, Document};
use crate::render;
use dag::value::Value;

/// JSON_ARRAYAGG: every row is an element, NULL too.
pub(super) struct Items {
    ty: Type,
    items: Vec<Document>,
}

impl Items {
    pub(super) fn new(settings: &Settings) -> Items {
        Items { ty: settings.arguments.first().cloned().unwrap_or_else(Type::null), items: Vec::new() }
    }
}

impl Accumulator for Items {
    fn add(&mut self, values: &[Value], _context: &mut dyn Context) -> Result<(), SqlError> {
        if let Some(value) = values.first() {
            self.items.push(json::document(value, &self.ty, false)?);
        }
        Ok(())
    }

    fn finish(&mut self, _context: &mut dyn Context) -> Result<Value, SqlError> {
        let items = self.items.clone();
        Ok(if items.is_empty() { Value::Null } else { Document::Array(items).into_value() })
    }
}

/// JSON_OBJECTAGG: of equal keys the last wins.
pub(super) struct Members {
    types: Vec<Type>,
    members: Vec<(String, Document)>,
}

impl Members {
    pub(super) fn new(settings: &Settings) -> Members {
        Members { types: settings.arguments.clone(), members: Vec::new() }
    }
}

impl Accumulator for Members {
    fn add(&mut self, values: &[Value], _context: &mut dyn Context) -> Result<(), SqlError> {
        let ([key, value, ..], [key_type, value_type, ..]) = (values, &self.types[..]) else {
            return Err(SqlError::new(
                1582,
                "Incorrect parameter count in the call to native function 'JSON_OBJECTAGG'",
            ));
        };
        let Some(key) = render::text(key, key_type) else {
            return Err(SqlError::new(3158, "JSON documents may not contain NULL member names."));
        };
        self.members.push((key.into_owned(), json::document(value, value_type, false)?));
        Ok(())
    }

    fn finish(&mut self, _context: &mut dyn Context) -> Result<Value, SqlError> {
        let members = self.members.clone();
        Ok(if members.is_empty() { Value::Null } else { Document::object(members).into_value() })
    }
}
