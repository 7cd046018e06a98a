//! Cardea.
fn main() {}
