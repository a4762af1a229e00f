//! Floor 5: the web page for reviewers.
