//! Who may decide at the desk.

use async_trait::async_trait;
use jiff::Timestamp;

/// A person who may sign in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reviewer {
    /// Sign-in name: what the record and the store know the person by.
    pub name: String,
    /// What customers read under a reply.
    pub display_name: String,
    /// When the present password was set: a session begun under an older one is void.
    pub since: Timestamp,
}

/// The list of reviewers cannot be read or written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ReviewersError(pub String);

/// The reviewers. Implementations do slow work (hashing, files) off the async threads.
#[async_trait]
pub trait Reviewers: Send + Sync {
    /// The reviewer, if name and password are right. An unknown name costs the same time as a wrong password.
    async fn verify(&self, name: &str, password: &str) -> Result<Option<Reviewer>, ReviewersError>;
    /// A reviewer by sign-in name.
    async fn find(&self, name: &str) -> Result<Option<Reviewer>, ReviewersError>;
    /// All of them, by name.
    async fn all(&self) -> Result<Vec<Reviewer>, ReviewersError>;
}
