//! Conversions between kinds of values: implicit ones, CAST, and what a column does to a value it stores.
//!
//! Promises: implicit conversions never fail, they warn (1292) and give the nearest value; [`store`] refuses in strict
//! mode what MySQL refuses. A DATETIME takes the session's zone only for TIMESTAMP columns and TIME values.

mod cast;
mod numeric;
mod prefix;
mod store;
mod temporal;

pub use cast::cast;
pub use numeric::{decimal, double, integer, label_number};
pub use prefix::{decimal_prefix, double_prefix, integer_prefix};
pub use store::store;
pub use temporal::{datetime, local_of_instant, round_to, time, today};
