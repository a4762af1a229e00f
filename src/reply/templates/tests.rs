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
