//! The headwaters binary.
fn main() {}
