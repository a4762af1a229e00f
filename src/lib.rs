//! Guichet watches a shop's support inbox, acknowledges customers within seconds and queues a
//! suggested reply that a person approves.
//!
//! The tree is the architecture; imports point down only:
//!
//! | floor | modules |
//! |---|---|
//! | 0 | [`domain`]: values and their legal steps; [`failpoint`] |
//! | 1 | [`reading`], [`triage`], [`refund`], [`reply`]: pure functions from bytes to answer |
//! | 2 | [`ports`]: traits |
//! | 3 | [`adapters`]: the only I/O |
//! | 4 | [`daemon`]: use-cases that know ports only |
//! | 5 | [`desk`], [`control`], [`cli`], [`config`] |

pub mod adapters;
pub mod cli;
pub mod config;
pub mod control;
pub mod daemon;
pub mod desk;
pub mod domain;
pub mod failpoint;
pub mod ports;
pub mod reading;
pub mod refund;
pub mod reply;
pub mod triage;
