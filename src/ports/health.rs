//! How the daemon's workers are, for the desk and for health checks.

/// What a person should see to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// What happened, to what, what to do.
    pub sentence: String,
    /// It tells of a loss that is past: who has read it can say so, see [`Health::loss_dismissed`].
    pub loss: bool,
}

/// Asked by the desk on each page; cheap.
pub trait Health: Send + Sync {
    /// Whether every worker's heartbeat is fresh.
    fn fresh(&self) -> bool;
    /// What a person should see to.
    fn alarms(&self) -> Vec<Notice>;
    /// The store holds no loss any more that a person has not read of.
    fn loss_dismissed(&self);
}
