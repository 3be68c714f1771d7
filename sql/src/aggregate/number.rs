//! COUNT, SUM, AVG and the variances.

use super::{Accumulator, Settings};
use crate::convert;
use crate::error::SqlError;
use crate::expression::{Kind, Type};
use crate::function::Context;
use crate::function::arithmetic::quotient;
use dag::decimal::Decimal;
use dag::value::Value;

/// COUNT(*) and COUNT(x, ...): rows where nothing counted is NULL.
#[derive(Default)]
pub(super) struct Count(i64);

impl Accumulator for Count {
    fn add(&mut self, values: &[Value], _context: &mut dyn Context) -> Result<(), SqlError> {
        self.0 += i64::from(!values.iter().any(Value::is_null));
        Ok(())
    }

    fn finish(&mut self, _context: &mut dyn Context) -> Result<Value, SqlError> {
        Ok(Value::Int(self.0))
    }
}

fn argument_type(settings: &Settings) -> Type {
    settings.arguments.first().cloned().unwrap_or_else(Type::null)
}

/// A sum, exact as long as its argument is.
pub(super) struct Sum {
    ty: Type,
    exact: bool,
    rows: u64,
    /// Integers while they fit, so that no decimal is made row by row.
    whole: i128,
    decimal: Decimal,
    double: f64,
}

impl Sum {
    pub(super) fn new(settings: &Settings) -> Sum {
        let exact = matches!(settings.result.kind, Kind::Decimal { .. });
        let ty = argument_type(settings);
        Sum { ty, exact, rows: 0, whole: 0, decimal: Decimal::ZERO, double: 0.0 }
    }

    fn total(&self) -> Result<Decimal, SqlError> {
        Decimal::from_i128(self.whole, 0).add(self.decimal, self.decimal.scale).ok_or_else(out_of_range)
    }
}

fn out_of_range() -> SqlError {
    SqlError::new(1690, "DECIMAL value is out of range in 'sum'")
}

impl Accumulator for Sum {
    fn add(&mut self, values: &[Value], context: &mut dyn Context) -> Result<(), SqlError> {
        let Some(value) = values.first().filter(|v| !v.is_null()) else { return Ok(()) };
        self.rows += 1;
        match value {
            _ if !self.exact => self.double += convert::double(value, &self.ty, context),
            // 2^63 rows of 64 bits fit 127 bits.
            Value::Int(n) => self.whole += i128::from(*n),
            Value::UInt(n) => self.whole += i128::from(*n),
            _ => {
                let next = convert::decimal(value, &self.ty, context);
                let scale = self.decimal.scale.max(next.scale);
                self.decimal = self.decimal.add(next, scale).ok_or_else(out_of_range)?;
            }
        }
        Ok(())
    }

    fn finish(&mut self, _context: &mut dyn Context) -> Result<Value, SqlError> {
        Ok(match (self.rows, self.exact) {
            (0, _) => Value::Null,
            (_, true) => Value::Decimal(self.total()?),
            _ => Value::Double(self.double + 0.0),
        })
    }
}

/// A sum divided by its count, with `/`'s digits.
pub(super) struct Average(Sum);

impl Average {
    pub(super) fn new(settings: &Settings) -> Average {
        Average(Sum::new(settings))
    }
}

impl Accumulator for Average {
    fn add(&mut self, values: &[Value], context: &mut dyn Context) -> Result<(), SqlError> {
        self.0.add(values, context)
    }

    fn finish(&mut self, _context: &mut dyn Context) -> Result<Value, SqlError> {
        let sum = &self.0;
        if sum.rows == 0 {
            return Ok(Value::Null);
        }
        if !sum.exact {
            return Ok(Value::Double(sum.double / sum.rows as f64 + 0.0));
        }
        quotient(sum.total()?, Decimal::from(sum.rows)).map(Value::Decimal).ok_or_else(out_of_range)
    }
}

/// Welford's running mean and squared distance: one pass, stable.
pub(super) struct Variance {
    ty: Type,
    sample: bool,
    root: bool,
    rows: f64,
    mean: f64,
    distance: f64,
}

impl Variance {
    pub(super) fn new(settings: &Settings, sample: bool, root: bool) -> Variance {
        Variance { ty: argument_type(settings), sample, root, rows: 0.0, mean: 0.0, distance: 0.0 }
    }
}

impl Accumulator for Variance {
    fn add(&mut self, values: &[Value], context: &mut dyn Context) -> Result<(), SqlError> {
        let Some(value) = values.first().filter(|v| !v.is_null()) else { return Ok(()) };
        let x = convert::double(value, &self.ty, context);
        self.rows += 1.0;
        let step = x - self.mean;
        self.mean += step / self.rows;
        self.distance += step * (x - self.mean);
        Ok(())
    }

    fn finish(&mut self, _context: &mut dyn Context) -> Result<Value, SqlError> {
        let divisor = if self.sample { self.rows - 1.0 } else { self.rows };
        if divisor <= 0.0 {
            return Ok(Value::Null);
        }
        let variance = self.distance / divisor;
        Ok(Value::Double(if self.root { variance.sqrt() } else { variance }))
    }
}
