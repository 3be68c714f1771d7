//! Aggregates: which there are, their types, and accumulators that take a group's rows one by one.
//!
//! Promises: NULLs are left out as MySQL leaves them out; an accumulator's answer does not depend on the order of rows
//! unless MySQL's does (GROUP_CONCAT without ORDER BY, JSON_ARRAYAGG, floating sums). Knows no groups: the executor
//! keeps one accumulator for each.

mod bits;
mod concat;
mod distinct;
mod extreme;
mod json;
mod number;

use crate::error::SqlError;
use crate::expression::{Kind, Type};
use crate::function::Context;
pub use crate::limits::GROUP_CONCAT_MAX_LENGTH;
use crate::types;
use dag::decimal::{MAX_DIGITS, MAX_SCALE};
use dag::value::Value;
use std::sync::Arc;

/// An aggregate function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are SQL's")]
pub enum AggregateFunction {
    Count,
    Sum,
    Avg,
    Min,
    Max,
    BitAnd,
    BitOr,
    BitXor,
    GroupConcat,
    JsonArrayAgg,
    JsonObjectAgg,
    StdDevPop,
    StdDevSamp,
    VarPop,
    VarSamp,
}

/// What an accumulator is told beside the values.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Types of the arguments.
    pub arguments: Vec<Type>,
    /// The result's type, as [`AggregateFunction::result`] gave it.
    pub result: Type,
    /// DISTINCT.
    pub distinct: bool,
    /// GROUP_CONCAT's ORDER BY: type and DESC of each key. The keys' values follow the arguments' in `add`.
    pub order: Vec<(Type, bool)>,
    /// GROUP_CONCAT's SEPARATOR.
    pub separator: Arc<str>,
    /// group_concat_max_len, in bytes.
    pub max_length: usize,
}

/// The running state of one aggregate in one group.
pub trait Accumulator: Send {
    /// Takes one row: the arguments' values, then the ORDER BY keys'. COUNT(*) has no values.
    fn add(&mut self, values: &[Value], context: &mut dyn Context) -> Result<(), SqlError>;
    /// The answer so far.
    fn finish(&mut self, context: &mut dyn Context) -> Result<Value, SqlError>;
}

impl AggregateFunction {
    /// The aggregate of that name, in any case.
    pub fn by_name(name: &str) -> Option<Self> {
        Some(match name.to_ascii_uppercase().as_str() {
            "COUNT" => Self::Count,
            "SUM" => Self::Sum,
            "AVG" => Self::Avg,
            "MIN" => Self::Min,
            "MAX" => Self::Max,
            "BIT_AND" => Self::BitAnd,
            "BIT_OR" => Self::BitOr,
            "BIT_XOR" => Self::BitXor,
            "GROUP_CONCAT" => Self::GroupConcat,
            "JSON_ARRAYAGG" => Self::JsonArrayAgg,
            "JSON_OBJECTAGG" => Self::JsonObjectAgg,
            "STD" | "STDDEV" | "STDDEV_POP" => Self::StdDevPop,
            "STDDEV_SAMP" => Self::StdDevSamp,
            "VARIANCE" | "VAR_POP" => Self::VarPop,
            "VAR_SAMP" => Self::VarSamp,
            _ => return None,
        })
    }

    /// Whether more than one argument may be written.
    pub fn takes_many(self, distinct: bool) -> bool {
        match self {
            Self::Count => distinct,
            Self::GroupConcat | Self::JsonObjectAgg => true,
            _ => false,
        }
    }

    /// The type of the result.
    pub fn result(self, arguments: &[Type]) -> Result<Type, SqlError> {
        let first = || arguments.first().cloned().unwrap_or_else(Type::null);
        Ok(match self {
            Self::Count => Type::bigint().nullable(false),
            Self::Sum => sum_type(&first()),
            Self::Avg => average_type(&first()),
            Self::Min | Self::Max => extreme_type(first()),
            Self::BitAnd | Self::BitOr | Self::BitXor => Type::unsigned().nullable(false),
            Self::GroupConcat => {
                let kinds: Vec<&Type> = arguments.iter().collect();
                types::text_result(&kinds, GROUP_CONCAT_MAX_LENGTH as u32, "group_concat")?
            }
            Self::JsonArrayAgg | Self::JsonObjectAgg => Type::json(),
            Self::StdDevPop | Self::StdDevSamp | Self::VarPop | Self::VarSamp => Type::double(),
        })
    }

    /// An empty accumulator.
    pub fn start(self, settings: &Settings) -> Box<dyn Accumulator> {
        let inner: Box<dyn Accumulator> = match self {
            Self::Count => Box::new(number::Count::default()),
            Self::Sum => Box::new(number::Sum::new(settings)),
            Self::Avg => Box::new(number::Average::new(settings)),
            Self::Min => Box::new(extreme::Extreme::new(settings, std::cmp::Ordering::Less)),
            Self::Max => Box::new(extreme::Extreme::new(settings, std::cmp::Ordering::Greater)),
            Self::BitAnd => Box::new(bits::Bits::new(settings, u64::MAX, |a, b| a & b)),
            Self::BitOr => Box::new(bits::Bits::new(settings, 0, |a, b| a | b)),
            Self::BitXor => Box::new(bits::Bits::new(settings, 0, |a, b| a ^ b)),
            Self::GroupConcat => Box::new(concat::Concat::new(settings)),
            Self::JsonArrayAgg => Box::new(json::Items::new(settings)),
            Self::JsonObjectAgg => Box::new(json::Members::new(settings)),
            Self::StdDevPop => Box::new(number::Variance::new(settings, false, true)),
            Self::StdDevSamp => Box::new(number::Variance::new(settings, true, true)),
            Self::VarPop => Box::new(number::Variance::new(settings, false, false)),
            Self::VarSamp => Box::new(number::Variance::new(settings, true, false)),
        };
        // The least and greatest of a set do not depend on doubles.
        let plain = matches!(self, Self::Min | Self::Max) || !settings.distinct;
        if plain { inner } else { Box::new(distinct::Distinct::new(settings, inner)) }
    }
}

/// Digits that SUM adds before the point: room for 2^64 rows and two more, as MySQL has it.
const SUM_DIGITS: u8 = 22;

fn sum_type(argument: &Type) -> Type {
    match types::decimal_shape(argument) {
        Some((precision, scale)) => Type::decimal((precision + SUM_DIGITS).min(MAX_DIGITS), scale),
        None => Type::double(),
    }
}

fn average_type(argument: &Type) -> Type {
    match types::decimal_shape(argument) {
        Some((precision, scale)) => {
            let more = types::DIVISION_INCREMENT;
            Type::decimal((precision + more).min(MAX_DIGITS), (scale + more).min(MAX_SCALE))
        }
        None => Type::double(),
    }
}

fn extreme_type(argument: Type) -> Type {
    let kind = if matches!(argument.kind, Kind::Enum(_) | Kind::Set(_)) { Kind::Text } else { argument.kind.clone() };
    Type { kind, ..argument }.nullable(true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluate::Detached;
    use crate::render;

    fn run(name: &str, ty: Type, distinct: bool, rows: &[Value]) -> Option<String> {
        let function = AggregateFunction::by_name(name).expect(name);
        let result = function.result(std::slice::from_ref(&ty)).expect(name);
        let settings = Settings {
            arguments: vec![ty],
            result: result.clone(),
            distinct,
            order: Vec::new(),
            separator: ",".into(),
            max_length: GROUP_CONCAT_MAX_LENGTH,
        };
        let mut context = Detached::default();
        let mut accumulator = function.start(&settings);
        for row in rows {
            accumulator.add(std::slice::from_ref(row), &mut context).expect(name);
        }
        let value = accumulator.finish(&mut context).expect(name);
        render::text(&value, &result).map(|t| t.into_owned())
    }

    #[test]
    fn aggregates_answer_as_mariadb_does() {
        let rows = [Value::Int(10), Value::Int(20), Value::Null, Value::Int(10)];
        for (name, distinct, expected, empty) in [
            ("COUNT", false, Some("3"), Some("0")),
            ("COUNT", true, Some("2"), Some("0")),
            ("SUM", false, Some("40"), None),
            ("SUM", true, Some("30"), None),
            ("AVG", false, Some("13.3333"), None),
            ("AVG", true, Some("15.0000"), None),
            ("MIN", false, Some("10"), None),
            ("MAX", false, Some("20"), None),
            ("BIT_AND", false, Some("0"), Some("18446744073709551615")),
            ("BIT_OR", false, Some("30"), Some("0")),
            ("BIT_XOR", false, Some("20"), Some("0")),
            ("GROUP_CONCAT", false, Some("10,20,10"), None),
            ("GROUP_CONCAT", true, Some("10,20"), None),
            ("JSON_ARRAYAGG", false, Some("[10, 20, null, 10]"), None),
            ("STD", false, Some("4.714045207910317"), None),
            ("VAR_SAMP", false, Some("33.333333333333336"), None),
        ] {
            assert_eq!(run(name, Type::bigint(), distinct, &rows).as_deref(), expected, "{name}");
            assert_eq!(run(name, Type::bigint(), distinct, &[]).as_deref(), empty, "{name} of nothing");
        }
    }

    #[test]
    fn text_is_grouped_and_compared_under_its_collation() {
        let rows = ["b", "A", "a", "B"].map(Value::text);
        assert_eq!(run("COUNT", Type::text(1), true, &rows).as_deref(), Some("2"));
        assert_eq!(run("MIN", Type::text(1), false, &rows).as_deref(), Some("A"));
        assert_eq!(run("GROUP_CONCAT", Type::text(1), true, &rows).as_deref(), Some("b,A"));
    }
}
