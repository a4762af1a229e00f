//! An operator's rule file: any bytes are a set of rules that can be run, or an error that names the file.
#![no_main]

use guichet::domain::Asset;
use guichet::triage::facts::facts;
use guichet::triage::prepared::PreparedText;
use guichet::triage::rules::RuleSet;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let asset = Asset { name: "50-own.toml".into(), origin: "rules/50-own.toml".into(), bytes: data.to_vec() };
    match RuleSet::load(&[asset]) {
        Ok(rules) => {
            let text = PreparedText::new("Remboursement", "Je veux être remboursé : commande 4471 du 3 mai 2026.", &[]);
            let hits = rules.hits(&text);
            assert!(hits.iter().all(|hit| hit.rule < rules.len()));
            let _ = facts(&rules, &text, &hits);
        }
        Err(error) => assert!(error.to_string().contains("rules/50-own.toml"), "{error}"),
    }
});
