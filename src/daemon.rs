//! Floor 4: the use-cases. They know ports only, never an adapter.

pub mod review;
