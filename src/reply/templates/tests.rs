use super::*;
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

/// Every shipped draft, rendered for every sample: `(language, name, text)`.
fn rendered() -> Vec<(String, String, String)> {
    let templates = shipped::templates();
    let mut texts = Vec::new();
    for language in ["fr", "en"] {
        for info in templates.drafts(language) {
            for sample in trial::drafts() {
                let text = templates.draft(language, &info.name, &sample).unwrap();
                texts.push((language.to_owned(), info.name.to_string(), text));
            }
        }
    }
    texts
}

#[test]
fn every_draft_can_be_sent_nearly_unchanged() {
    for (language, name, text) in rendered() {
        let place = format!("{language}/{name}:\n{text}");
        let (greeting, reach, regret) = match language.as_str() {
            "fr" => ("Bonjour,\n\n", "répondez simplement à ce courriel", "regrett"),
            _ => ("Hello,\n\n", "reply to this e-mail", "We are sorry|we are sorry"),
        };
        assert!(text.starts_with(greeting), "{place}");
        assert!(text.contains(reach) && text.contains("G-7K3Q"), "how to reach a person: {place}");
        let regrets: usize = regret.split('|').map(|words| text.matches(words).count()).sum();
        // A neutral answer to a question has nothing to regret.
        assert_eq!(regrets, usize::from(name != "basic_answer"), "one sentence of regret: {place}");
        assert!(!text.contains(['!', '{', '}', '[', ']']) && !text.contains("XX"), "{place}");
        assert!(!text.contains("\n\n\n") && !text.contains("  ") && !text.contains(" \n"), "blanks: {place}");
        for promise in
            ["garanti", "accepté", "éligible", "délais", "sous 48", "guarantee", "approved", "eligible", "shortly"]
        {
            assert!(!text.to_lowercase().contains(promise), "“{promise}” in {place}");
        }
        for gendered in ["(e)", "·e", "Monsieur", "Madame", "Dear Sir"] {
            assert!(!text.contains(gendered), "“{gendered}” in {place}");
        }
        let glued = text.as_bytes().windows(2).any(|pair| pair[0] == b'.' && pair[1].is_ascii_uppercase());
        assert!(!glued, "two sentences without a blank between: {place}");
    }
}

#[test]
fn a_withdrawal_is_never_asked_for_its_reason() {
    for (language, name, text) in rendered() {
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
