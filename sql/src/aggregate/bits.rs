//! BIT_AND, BIT_OR and BIT_XOR over 64 bits.

use super::{Accumulator, Settings};
use crate::convert;
use crate::error::SqlError;
use crate::expression::Type;
use crate::function::Context;
use dag::value::Value;

/// The bits so far.
pub(super) struct Bits {
    ty: Type,
    bits: u64,
    combine: fn(u64, u64) -> u64,
}

impl Bits {
    pub(super) fn new(settings: &Settings, neutral: u64, combine: fn(u64, u64) -> u64) -> Bits {
        let ty = settings.arguments.first().cloned().unwrap_or_else(Type::null);
        Bits { ty, bits: neutral, combine }
    }
}

impl Accumulator for Bits {
    fn add(&mut self, values: &[Value], context: &mut dyn Context) -> Result<(), SqlError> {
        let Some(value) = values.first().filter(|v| !v.is_null()) else { return Ok(()) };
        let wide = convert::integer(value, &self.ty, context);
        let clipped = wide.clamp(i128::from(i64::MIN), i128::from(u64::MAX));
        self.bits = (self.combine)(self.bits, clipped as u64);
        Ok(())
    }

    fn finish(&mut self, _context: &mut dyn Context) -> Result<Value, SqlError> {
        Ok(Value::UInt(self.bits))
    }
}
