//! GROUP_CONCAT.

use super::{Accumulator, Settings};
use crate::error::SqlError;
use crate::evaluate::sort_order;
use crate::expression::Kind;
use crate::function::Context;
use crate::render;
use dag::value::Value;
use std::cmp::Ordering;

/// The parts so far, with their sort keys.
pub(super) struct Concat {
    settings: Settings,
    parts: Vec<(Vec<Value>, Vec<u8>)>,
}

impl Concat {
    pub(super) fn new(settings: &Settings) -> Concat {
        Concat { settings: settings.clone(), parts: Vec::new() }
    }

    fn order(&self, left: &[Value], right: &[Value]) -> Ordering {
        for ((ty, descending), (a, b)) in self.settings.order.iter().zip(left.iter().zip(right)) {
            let order = sort_order(a, b, ty);
            if order.is_ne() {
                return if *descending { order.reverse() } else { order };
            }
        }
        Ordering::Equal
    }
}

impl Accumulator for Concat {
    fn add(&mut self, values: &[Value], _context: &mut dyn Context) -> Result<(), SqlError> {
        let count = self.settings.arguments.len().min(values.len());
        let (arguments, keys) = values.split_at(count);
        let mut part = Vec::new();
        for (value, ty) in arguments.iter().zip(&self.settings.arguments) {
            let Some(bytes) = render::bytes(value, ty) else { return Ok(()) };
            part.extend_from_slice(&bytes);
        }
        self.parts.push((keys.to_vec(), part));
        Ok(())
    }

    fn finish(&mut self, context: &mut dyn Context) -> Result<Value, SqlError> {
        if self.parts.is_empty() {
            return Ok(Value::Null);
        }
        let mut parts = std::mem::take(&mut self.parts);
        parts.sort_by(|a, b| self.order(&a.0, &b.0));
        let joined =
            parts.iter().map(|(_, part)| &part[..]).collect::<Vec<_>>().join(self.settings.separator.as_bytes());
        self.parts = parts;
        let most = self.settings.max_length;
        if joined.len() > most {
            context.warn(1260, "Row 1 was cut by GROUP_CONCAT()".to_owned());
        }
        if self.settings.result.kind == Kind::Binary {
            return Ok(Value::bytes(&joined[..joined.len().min(most)]));
        }
        let text = String::from_utf8_lossy(&joined);
        Ok(Value::text(&text[..text.floor_char_boundary(most)]))
    }
}
