//! The entity service as a process of its own.
fn main() {}
