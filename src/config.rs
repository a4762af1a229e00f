//! Floor 5: TOML → checked configuration → each part's own settings.
