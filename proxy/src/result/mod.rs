//! Answers: column definitions, rows in text and in binary, and the packets that end them.

pub(crate) mod binary;
pub(crate) mod definition;
pub(crate) mod end;
pub(crate) mod number;
pub(crate) mod text;
