//! How the daemon's workers are, for the desk and for health checks.

/// Asked by the desk on each page; cheap.
pub trait Health: Send + Sync {
    /// Whether every worker's heartbeat is fresh.
    fn fresh(&self) -> bool;
    /// What a person should see to, one sentence each: what happened, to what, what to do.
    fn alarms(&self) -> Vec<String>;
}
