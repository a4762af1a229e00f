use super::classifier::Linear;
use super::*;
use crate::domain::{Anger, Intent, Signal, verdict::Unsure};

const RULES: &str = r#"
[[rule]]
name = "asks-money-back"
patterns = ['\bmoney back\b']
intent = { refund_request = 3.0 }
must_match = ["I want my money back", "Money back please"]
must_not_match = ["My money is gone"]
[[rule]]
name = "at-least-angry"
patterns = ['\bdisgraceful\b|\bnot good\b']
anger_floor = 2
must_match = ["Disgraceful!", "It is not good."]
must_not_match = ["It is not disgraceful", "The sign said \"disgraceful\""]
[[rule]]
name = "burns"
patterns = ['\bburn\w*\b']
signals = ["safety"]
must_match = ["It burns.", "We were burnt."]
must_not_match = ["It is bitter."]
"#;

fn rules() -> Vec<Asset> {
    let origin = "test".into();
    vec![Asset { name: "10-test.toml".into(), origin, bytes: RULES.as_bytes().to_vec() }]
}

fn judge(triage: &Triage, text: &str, language: &str) -> Verdict {
    triage.judge_text("", text, &[], language, &Policy::default())
}

/// A model that knows one word, wherever it stands.
fn one_word(word: &str, weights: Vec<f32>) -> Linear {
    let text = prepared::PreparedText::new("", word, &[]);
    let seen = features::extract(&text, &[]);
    let column = seen.mail.entries.iter().find(|entry| entry.block == features::Block::Words).unwrap().column;
    let classes = weights.len();
    Linear::new(&[column], weights, vec![0.0; classes], 0.6).unwrap()
}

#[test]
fn without_models_rules_decide_and_the_operator_is_told() {
    let (triage, warnings) = Triage::load(&rules(), &[]).unwrap();
    assert_eq!(warnings.len(), Task::ALL.len());
    assert!(warnings.iter().any(|warning| warning.contains("intent.model")));
    let verdict = judge(&triage, "I want my money back.", "en");
    assert_eq!(verdict.intent, Intent::RefundRequest);
    let line = verdict.explanation.first().unwrap();
    assert_eq!((line.from.as_str(), line.matched.as_str()), ("rule", "money back"));
}

#[test]
fn a_broken_model_is_a_warning() {
    let models =
        [Asset { name: "intent.model".into(), origin: "models/intent.model".into(), bytes: b"GUICHETM".to_vec() }];
    let (_, warnings) = Triage::load(&rules(), &models).unwrap();
    assert!(warnings.iter().any(|warning| warning.contains("models/intent.model is not used")), "{warnings:?}");
}

#[test]
fn a_model_decides_and_names_the_customers_word() {
    let model = one_word("spatule", vec![-9.0, 9.0, 0.0]);
    let stored = Stored { model, corpus: [0; 32] };
    let triage = Triage::with_models(RuleSet::load(&rules()).unwrap(), [(Task::Intent, stored)]);
    let verdict = judge(&triage, "Une SPATULE.", "fr");
    assert_eq!(verdict.intent, Intent::RefundNotReceived);
    assert!(verdict.intent_confidence > 0.9 && !verdict.unsure.contains(&Unsure::Intent));
    assert!(verdict.explanation.iter().any(|line| line.from == "model" && line.matched == "SPATULE"));
    assert!(judge(&triage, "Une SPATULE.", "de").unsure.contains(&Unsure::Intent), "a language it does not know");
}

#[test]
fn a_floor_lifts_the_anger_says_so_and_leaves_more_alone() {
    let model = |weights| {
        let stored = Stored { model: one_word("spatula", weights), corpus: [0; 32] };
        Triage::with_models(RuleSet::load(&rules()).unwrap(), [(Task::Anger, stored)])
    };
    let calm = model(vec![-3.0, -4.0, -5.0]);
    let lifted = judge(&calm, "Spatula: disgraceful.", "en");
    assert_eq!(lifted.anger, Anger::Angry);
    assert!(lifted.anger_confidence > 0.0 && lifted.anger_confidence <= 0.9);
    let line = lifted.explanation.first().unwrap();
    assert_eq!((line.name.as_str(), line.matched.as_str()), ("at-least-angry", "disgraceful"));
    assert_eq!(judge(&calm, "Spatula, not disgraceful.", "en").anger, Anger::Calm);
    let furious = judge(&model(vec![9.0, 9.0, 9.0]), "Spatula: disgraceful.", "en");
    assert_eq!(furious.anger, Anger::Furious);
    assert!(furious.explanation.iter().all(|line| line.name != "at-least-angry"), "the floor changed nothing");
}

#[test]
fn hostile_text_is_judged_like_any() {
    let (triage, _) = Triage::load(&rules(), &[]).unwrap();
    for text in
        ["", "\u{0}\u{202e}", &"a ".repeat(100_000), &"é!?".repeat(50_000), &"n'ai pas 12/03/2024 ".repeat(5_000)]
    {
        let verdict = judge(&triage, text, "fr");
        assert!((0.0..=1.0).contains(&verdict.intent_confidence));
    }
}

#[test]
fn a_mail_without_words_is_judged_as_ordinary() {
    let column = features::Finding::again(6);
    let columns = [0, features::Finding::Offset.column(), column];
    // The second look goes by the highest sentence alone; a sentence without known words scores the intercept, −4.
    let model = Linear::new(&columns, vec![0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0], vec![0.0; 3], 0.5).unwrap();
    let decisive = Linear::new(&[1], vec![1.0; 3], vec![-4.0; 3], 0.0).unwrap();
    let stored = Stored { model: model.with_decisive(decisive).unwrap(), corpus: [0; 32] };
    let triage = Triage::with_models(RuleSet::load(&rules()).unwrap(), [(Task::Anger, stored)]);
    for text in ["", "…", "zyx"] {
        let verdict = judge(&triage, text, "fr");
        assert_eq!(verdict.anger, Anger::Calm, "{text:?}");
        assert!(verdict.anger_confidence > 0.9);
    }
}

/// A model of the signals that knows one word, and what it is held for without it.
fn of_signals(word: &str, signal: Signal, weight: f32, otherwise: f32) -> Linear {
    let mut weights = vec![0.0; Signal::ALL.len()];
    weights[signal as usize] = weight;
    let model = one_word(word, weights);
    let column = model.columns()[0];
    Linear::new(&[column], model.row(column).unwrap().to_vec(), vec![otherwise; Signal::ALL.len()], 0.5).unwrap()
}

#[test]
fn a_model_finds_signals_that_no_rule_knows_and_says_by_which_word() {
    let model = of_signals("singed", Signal::Safety, 5.0, -2.0);
    let triage =
        Triage::with_models(RuleSet::load(&rules()).unwrap(), [(Task::Signals, Stored { model, corpus: [0; 32] })]);
    let verdict = judge(&triage, "It singed my hand.", "en");
    assert_eq!(verdict.signals, [Signal::Safety]);
    let line = verdict.explanation.iter().find(|line| line.name == "safety").unwrap();
    assert_eq!((line.from.as_str(), line.matched.as_str()), ("model", "singed"));
}

#[test]
fn a_signal_of_the_rules_stays_unless_the_model_holds_it_for_unlikely() {
    let signals = |otherwise: f32| {
        let model = of_signals("candle", Signal::Safety, -5.0, otherwise);
        let stored = Stored { model, corpus: [0; 32] };
        let triage = Triage::with_models(RuleSet::load(&rules()).unwrap(), [(Task::Signals, stored)]);
        ["It burns.", "The candle burns."].map(|text| judge(&triage, text, "en").signals)
    };
    assert_eq!(signals(-0.5), [vec![Signal::Safety], vec![]], "doubtful, and denied");
    assert_eq!(signals(-3.0), [vec![], vec![]]);
}
