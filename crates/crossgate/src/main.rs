//! Crossgate.
fn main() {}
