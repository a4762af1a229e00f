//! Order numbers, dates and products: places and words of every candidate in the text of one part.
#![no_main]

use std::sync::LazyLock;

use guichet::adapters::assets::{Assets, Kind};
use guichet::triage::facts::facts;
use guichet::triage::prepared::PreparedText;
use guichet::triage::rules::RuleSet;
use libfuzzer_sys::fuzz_target;

static RULES: LazyLock<RuleSet> = LazyLock::new(|| {
    RuleSet::load(&Assets::built_in().load(Kind::Rules).expect("the built-in rules")).expect("which are in order")
});

fuzz_target!(|data: &[u8]| {
    let text = guichet_fuzz::text(data);
    let (subject, body) = guichet_fuzz::cut(&text, "\n");
    let prepared = PreparedText::new(subject, body, &[]);
    for candidate in &facts(&RULES, &prepared, &[]).all {
        let original = prepared.part(candidate.part).original();
        let there = original.get(candidate.span.clone()).map(str::trim);
        assert_eq!(there, Some(candidate.words.as_str()), "words and place differ");
        assert!(!candidate.words.trim().is_empty() && candidate.score.is_finite(), "{candidate:?}");
    }
});
