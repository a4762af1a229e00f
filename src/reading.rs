//! Floor 1, pure: bytes → [`crate::domain::Message`].
