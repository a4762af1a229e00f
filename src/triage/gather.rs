//! Lists of what a filter lets through.

/// As `collect`, with room from the beginning for all that may come: a filter may let nothing through, so that `collect` would begin with
/// four places and grow; those here let most through, and a mail has many of them.
pub fn gather<T>(found: impl Iterator<Item = T>) -> Vec<T> {
    let mut list = Vec::with_capacity(found.size_hint().1.unwrap_or(0));
    list.extend(found);
    list
}
