//! A date that a reply of ours names, and until when it binds us.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// A date promised in a text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Promised {
    /// The words that promise it: `within 5 business days`.
    pub words: String,
    /// The last day by which it is kept.
    pub by: Date,
}
