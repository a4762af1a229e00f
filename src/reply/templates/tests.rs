use super::*;
use crate::reply::lint::lint_draft;
use crate::reply::shipped;

fn replaced(name: &str, text: &str) -> Result<Templates, TemplateError> {
    let mut assets = shipped::assets();
    assets.retain(|asset| asset.name != name);
    assets.push(Asset { name: name.into(), origin: format!("/etc/guichet/templates/{name}"), bytes: text.into() });
    Templates::load(&assets)
}

fn problem(name: &str, text: &str) -> String {
    replaced(name, text).unwrap_err().to_string()
}

const DRAFT: &str = "drafts/fr/basic_answer.txt";

#[test]
fn the_shipped_templates_load_in_both_languages() {
    let templates = Templates::load(&shipped::assets()).unwrap();
    assert_eq!(templates.languages().collect::<Vec<_>>(), ["en", "fr"]);
    let names: Vec<&str> = templates.drafts("fr").map(|info| info.name.as_str()).collect();
    for name in ["ask_information", "legal_notice", "refund_status", "reminder", "withdrawal_received"] {
        assert!(names.contains(&name), "{name}");
    }
    assert!(templates.info("en", &TemplateName::new("ask_information")).unwrap().asks);
    assert!(!templates.info("en", &TemplateName::new("review_request")).unwrap().asks);
}

#[test]
fn an_unknown_name_is_found_even_in_a_branch_that_is_never_taken() {
    let text = "---\ntitle: x\nasks: false\n---\nBonjour,\n{% if anger > 7 %}\n{{ customer_nmae }}\n{% endif %}\nfin";
    let problem = problem(DRAFT, text);
    assert!(
        problem.starts_with("/etc/guichet/templates/drafts/fr/basic_answer.txt, line 7: “customer_nmae”"),
        "{problem}"
    );
    assert!(problem.contains("order_number"), "it names what there is: {problem}");
}

#[test]
fn a_syntax_error_names_file_and_line() {
    let problem = problem(DRAFT, "---\ntitle: x\nasks: false\n---\nBonjour,\n\n{% if anger %}\nfin");
    assert!(problem.contains("drafts/fr/basic_answer.txt, line "), "{problem}");
    let line: usize = problem.split("line ").nth(1).unwrap().split(':').next().unwrap().parse().unwrap();
    assert!((7..=8).contains(&line), "{problem}");
}

#[test]
fn an_unknown_filter_and_a_null_that_is_used_are_errors() {
    assert!(problem(DRAFT, "---\ntitle: x\nasks: false\n---\nb\n{{ reference | shout }}").contains("line 6"));
    assert!(problem(DRAFT, "---\ntitle: x\nasks: false\n---\n{{ reference.nothing }}").contains("line 5"));
}

#[test]
fn front_matter_is_demanded() {
    assert!(problem(DRAFT, "Bonjour").contains("line 1: a draft begins with the lines"));
    assert!(problem(DRAFT, "---\ntitle: x\n---\nBonjour").contains("line 1: a draft begins with the lines"));
    assert!(problem(DRAFT, "---\ntitle: x\nasks: maybe\n---\nBonjour").contains("line 3: “asks: maybe”"));
}

#[test]
fn both_languages_need_the_same_drafts() {
    let problem = problem("drafts/en/only_english.txt", "---\ntitle: x\nasks: false\n---\nHello");
    assert!(problem.starts_with("drafts/fr/only_english.txt is missing"), "{problem}");
    let acknowledgement = replaced("acknowledgement/de.txt", "{{ reference }} {{ received }}").unwrap_err().to_string();
    assert!(acknowledgement.starts_with("drafts/de/ is missing"), "{acknowledgement}");
}

#[test]
fn an_acknowledgement_that_promises_or_hides_the_reference_is_refused_at_load() {
    let name = "acknowledgement/fr.txt";
    let promise = problem(name, "{{ reference }} {{ received }} Votre remboursement est garanti.");
    assert!(
        promise.contains("acknowledgement/fr.txt") && promise.contains("“garanti” promises an outcome"),
        "{promise}"
    );
    assert!(problem(name, "Reçu le {{ received }}.").contains("has to say the case reference"));
    assert!(problem(name, "Référence {{ reference }}.").contains("has to say when the message was received"));
}

#[test]
fn foreign_files_are_left_alone_and_misplaced_ones_named() {
    assert!(replaced("desk/queue.html", "{{ anything }}").is_ok());
    assert!(replaced("README.md", "{{ anything }}").is_ok());
    assert!(problem("drafts/basic_answer.txt", "x").contains("not a template: they are"));
}

/// Every shipped draft, rendered for every sample it serves: `(language, name, sample, text)`.
fn rendered() -> Vec<(&'static str, String, DraftContext, String)> {
    let templates = shipped::templates();
    let mut texts = Vec::new();
    for language in ["fr", "en"] {
        for info in templates.drafts(language) {
            let name = info.name.as_str();
            for sample in trial::drafts().into_iter().filter(|sample| serves::check(name, sample).is_ok()) {
                let text = templates.draft(language, &info.name, &sample).unwrap();
                texts.push((language, name.to_owned(), sample, text));
            }
        }
    }
    texts
}

/// Drafts that have nothing to regret, or only where the customer is angry.
const NEUTRAL: &[&str] = &[
    "basic_answer",
    "not_refund_matter",
    "request_taken_back",
    "verify_buyer",
    "arrival_check",
    "ask_feedback",
    "status_update",
];

#[test]
fn every_draft_can_be_sent_nearly_unchanged() {
    for (language, name, sample, text) in rendered() {
        let place = format!("{language}/{name}:\n{text}");
        assert_eq!(lint_draft(&text, language, sample.statutory), Vec::new(), "{place}");
        let (greeting, reach, regrets) = match language {
            "fr" => ("Bonjour,\n\n", "répondez simplement à ce", ["regrett", "excuser", "désol"]),
            _ => ("Hello,\n\n", "simply reply to this", ["e are sorry", "pologise", "regret"]),
        };
        assert!(text.starts_with(greeting), "{place}");
        assert_eq!(text.matches(reach).count(), 1, "one way to reach a person: {place}");
        assert!(text.contains("G-7K3Q"), "{place}");
        let sorry: usize = regrets.iter().map(|words| text.matches(words).count()).sum();
        let own = ["legal_notice", "refund_status", "reminder", "withdrawal_received"];
        let expected = match name.as_str() {
            neutral if NEUTRAL.contains(&neutral) => 0,
            own_words if own.contains(&own_words) => 1,
            "exchange_or_repair" if sample.wants_exchange || sample.intent.as_deref() != Some("refund_request") => 1,
            _ => usize::from(sample.regret != "none"),
        };
        assert_eq!(sorry, expected, "one sentence of regret: {place}");
    }
}

#[test]
fn only_an_accepted_refund_is_called_accepted() {
    for (language, name, sample, text) in rendered() {
        if sample.outcome.as_deref() != Some("eligible") {
            for promise in ["est acceptée", "nous vous remboursons", "is accepted", "we are refunding"] {
                assert!(!text.contains(promise), "{language}/{name}:\n{text}");
            }
        }
    }
}

#[test]
fn a_withdrawal_is_never_asked_for_its_reason() {
    for (language, name, _, text) in rendered() {
        if name == "withdrawal_received" {
            assert!(text.contains(if language == "fr" {
                "pas à nous en donner la raison"
            } else {
                "do not have to give us a reason"
            }));
            assert!(!text.contains('?'), "{text}");
        }
    }
}

#[test]
fn a_template_is_refused_where_it_may_not_be_said() {
    let templates = shipped::templates();
    let bare = DraftContext::default();
    for name in ["accept", "accept_in_part", "refuse", "alternative", "refund_not_received"] {
        let error = templates.draft("fr", &TemplateName::new(name), &bare).unwrap_err();
        assert!(matches!(error, TemplateError::Unfit { .. }), "{name}: {error}");
        assert!(error.to_string().starts_with(&format!("“{name}” cannot be said here: ")), "{error}");
    }
}

#[test]
fn a_refusal_that_hides_its_clause_or_the_mediator_is_refused_at_load() {
    let head = "---\ntitle: x\nasks: false\n---\n";
    let hides = |body: &str| problem("drafts/fr/refuse.txt", &format!("{head}{body}"));
    assert!(hides("Non.").contains("does not print the text of the clause"));
    assert!(hides("{{ clause.text }}").contains("does not print where the clause is to be read"));
    assert!(hides("{{ clause.text }} {{ clause.url }}").contains("does not print the mediator"));
    let whole = "{% include \"clause\" %}\n{% include \"mediator\" %}";
    assert!(replaced("drafts/fr/refuse.txt", &format!("{head}{whole}")).is_ok());
}

#[test]
fn a_right_called_a_favour_is_refused_at_load() {
    let favour = |condition: &str| {
        let text = format!("---\ntitle: x\nasks: false\n---\nBonjour,\n{condition}Un geste commercial.{{% endif %}}");
        replaced("drafts/fr/accept.txt", &text)
    };
    let problem = favour("{% if refund %}").unwrap_err().to_string();
    assert!(problem.contains("“geste commercial” makes a favour of a right"), "{problem}");
    assert!(favour("{% if not statutory %}").is_ok());
}

#[test]
fn parts_are_found_by_name_and_their_mistakes_named_in_their_own_file() {
    let head = "---\ntitle: x\nasks: false\n---\nBonjour,\n";
    let lost = problem(DRAFT, &format!("{head}{{% if anger > 7 %}}\n{{% include \"regrets\" %}}\n{{% endif %}}"));
    assert!(lost.contains("line 7: there is no part “regrets”: drafts/fr/parts/regrets.txt is missing"), "{lost}");
    let unknown = problem("drafts/fr/parts/contact.txt", "{{ refernce }}");
    assert!(unknown.contains("parts/contact.txt, line 1: “refernce” is not known here"), "{unknown}");
    let null = problem("drafts/fr/parts/contact.txt", "Ici.\n{{ order.number }}");
    assert!(null.starts_with("drafts/fr/parts/contact.txt, line 2"), "{null}");
    let inner = problem("drafts/fr/parts/contact.txt", "{{ order.nmuber if order }}");
    assert!(inner.contains("“order.nmuber” is not known here"), "{inner}");
}

#[test]
fn french_files_are_set_in_french() {
    for asset in shipped::assets().iter().filter(|asset| asset.name.contains("fr") && !asset.name.starts_with("desk/"))
    {
        let text = asset.text().unwrap();
        let prose = text.split("---\n").last().unwrap();
        for line in prose.lines().filter(|line| !line.trim_start().starts_with("{%")) {
            for wrong in [" :", " ;", " ?", " !", "« ", " »", "'"] {
                assert!(!line.contains(wrong), "{}: “{wrong}” in “{line}”", asset.name);
            }
        }
    }
}
