//! Private servers, each in a temporary folder on free ports of 127.0.0.1.

pub mod dovecot;
pub mod lmtp;
pub mod maildir_shop;
pub mod postfix;

/// A port nobody listens on at this moment.
pub fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}
