//! The facts of a purchase: looked up beside the acknowledgement, missing where the source fails, and there by
//! themselves once it is well again.

mod csv_file;
mod endpoint;
mod failing;
mod shop;
