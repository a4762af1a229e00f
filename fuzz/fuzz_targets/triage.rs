//! The built-in rules and word lists on any text, without models: subject in the first line, names of
//! attachments in the second, the newest text after them.
#![no_main]

use std::sync::LazyLock;

use guichet::adapters::assets::{Assets, Kind};
use guichet::domain::policy::Policy;
use guichet::triage::Triage;
use libfuzzer_sys::fuzz_target;

static TRIAGE: LazyLock<Triage> = LazyLock::new(|| {
    let rules = Assets::built_in().load(Kind::Rules).expect("the built-in rules");
    Triage::load(&rules, &[]).expect("which are in order").0
});

fuzz_target!(|data: &[u8]| {
    let text = guichet_fuzz::text(data);
    let (subject, rest) = guichet_fuzz::cut(&text, "\n");
    let (names, body) = guichet_fuzz::cut(rest, "\n");
    let attachments: Vec<String> = names.split(',').filter(|name| !name.is_empty()).map(str::to_owned).collect();
    let verdict = TRIAGE.judge_text(subject, body, &attachments, "fr", &Policy::default());
    for share in [verdict.intent_confidence, verdict.anger_confidence, verdict.reason_confidence] {
        assert!((0.0..=1.0).contains(&share), "a confidence of {share}");
    }
    let joined = attachments.join("\n");
    let given = &verdict.given;
    for fact in [&given.order_number, &given.purchase_date, &given.product, &given.announced_date].into_iter().flatten()
    {
        assert!(
            !fact.is_empty() && [subject, body, &joined].iter().any(|part| part.contains(fact)),
            "{fact:?} made up"
        );
    }
    assert!(verdict.explanation.iter().all(|because| because.weight.is_finite()));
});
