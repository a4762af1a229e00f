//! Floor 5: the unix socket by which commands ask the running daemon.
