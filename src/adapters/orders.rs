//! The shop's order sources: a CSV file, or an HTTP endpoint that answers in JSON. Both map what they find to the
//! same fields (`fields.rs`).

pub mod csv;
pub mod fields;
pub mod http;

pub use csv::{CsvOrders, CsvSettings};
pub use fields::{DateFormat, Field, Formats};
pub use http::{HttpOrders, HttpSettings};
