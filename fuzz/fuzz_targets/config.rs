//! The configuration file: any text is a checked configuration or one readable sentence.
#![no_main]

use std::path::Path;

use guichet::config::Config;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    match Config::parse(&guichet_fuzz::text(data), Path::new("guichet.toml")) {
        Ok(config) => assert!(!config.mailboxes.is_empty() && config.languages.contains(&config.fallback_language)),
        Err(error) => assert!(error.to_string().starts_with("guichet.toml"), "{error}"),
    }
});
