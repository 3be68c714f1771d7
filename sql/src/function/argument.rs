//! Arguments of a call as what the function works on; `None` is NULL.

use super::Call;
use crate::convert;
use crate::expression::Kind;
use crate::render;
use dag::decimal::Decimal;
use dag::temporal::{DateTime, Time};
use dag::value::Value;
use std::borrow::Cow;

impl<'a> Call<'a> {
    /// How many arguments were written.
    pub(super) fn count(&self) -> usize {
        self.arguments.len()
    }

    /// Whether any argument is NULL.
    pub(super) fn any_null(&self) -> bool {
        self.arguments.iter().any(Value::is_null)
    }

    /// The argument, unless it is NULL or was not written.
    pub(super) fn get(&self, index: usize) -> Option<&'a Value> {
        self.arguments.get(index).filter(|v| !v.is_null())
    }

    /// As text.
    pub(super) fn text(&self, index: usize) -> Option<Cow<'a, str>> {
        let expressions = self.expressions;
        render::text(self.arguments.get(index)?, &expressions[index].ty)
    }

    /// As bytes.
    pub(super) fn bytes(&self, index: usize) -> Option<Cow<'a, [u8]>> {
        let expressions = self.expressions;
        render::bytes(self.arguments.get(index)?, &expressions[index].ty)
    }

    /// As characters; bytes count as one character each when the result is binary. See [`Call::string`].
    pub(super) fn letters(&self, index: usize) -> Option<Cow<'a, str>> {
        if self.result.kind != Kind::Binary && self.ty(index).kind != Kind::Binary {
            return self.text(index);
        }
        let bytes = self.bytes(index)?;
        Some(Cow::Owned(bytes.iter().map(|b| char::from(*b)).collect()))
    }

    /// The result made of letters: text, or bytes if the result is binary.
    pub(super) fn string(&self, letters: &str) -> Value {
        if self.result.kind == Kind::Binary {
            return Value::bytes(letters.chars().map(|c| c as u8).collect::<Vec<u8>>());
        }
        Value::text(letters)
    }

    /// As an integer clipped to BIGINT; unsigned values past it are its maximum.
    pub(super) fn int(&mut self, index: usize) -> Option<i64> {
        match self.get(index)? {
            Value::Int(n) => Some(*n),
            value => {
                let wide = convert::integer(value, &self.expressions[index].ty, self.context);
                Some(wide.clamp(i128::from(i64::MIN), i128::from(i64::MAX)) as i64)
            }
        }
    }

    /// As the 64 bits of an unsigned number.
    pub(super) fn bits(&mut self, index: usize) -> Option<u64> {
        match self.get(index)? {
            Value::Int(n) => Some(*n as u64),
            Value::UInt(n) => Some(*n),
            value => {
                let wide = convert::integer(value, &self.expressions[index].ty, self.context);
                Some(if wide < 0 {
                    wide.max(i128::from(i64::MIN)) as i64 as u64
                } else {
                    wide.min(i128::from(u64::MAX)) as u64
                })
            }
        }
    }

    /// As a double.
    pub(super) fn double(&mut self, index: usize) -> Option<f64> {
        let value = self.get(index)?;
        Some(convert::double(value, &self.expressions[index].ty, self.context))
    }

    /// As a decimal.
    pub(super) fn decimal(&mut self, index: usize) -> Option<Decimal> {
        let value = self.get(index)?;
        Some(convert::decimal(value, &self.expressions[index].ty, self.context))
    }

    /// As a date-time.
    pub(super) fn datetime(&mut self, index: usize) -> Option<DateTime> {
        let value = self.get(index)?;
        convert::datetime(value, &self.expressions[index].ty, self.context)
    }

    /// As a time.
    pub(super) fn time(&mut self, index: usize) -> Option<Time> {
        let value = self.get(index)?;
        convert::time(value, &self.expressions[index].ty, self.context)
    }
}
