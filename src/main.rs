//! Guichet.
fn main() {}
