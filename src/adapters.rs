//! Floor 3: the only I/O. Each adapter implements a port.

pub mod assets;
pub mod durable;
pub mod http_client;
pub mod identity;
pub mod imap;
pub mod maildir;
pub mod oauth2;
pub mod orders;
pub mod outbox_dir;
pub mod refunds;
pub mod reviewers;
pub mod secret;
pub mod sign_in;
pub mod smtp;
pub mod store;
pub mod system;
pub mod tls;
