//! The shipped rules of clues: they load, and tell what customers mean from what only sounds alike.

use std::path::Path;

use guichet::domain::{Asset, Clue};
use guichet::refund::clues::Clues;

/// The rules as they lie in the tree, so that a sentence can be mended without building anew.
pub fn rules() -> Vec<Asset> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("rules");
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    files
        .filter(|path| path.extension().is_some_and(|end| end == "toml"))
        .map(|path| {
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            Asset { origin: format!("rules/{name}"), name, bytes: std::fs::read(&path).unwrap() }
        })
        .collect()
}

pub fn load() -> Clues {
    Clues::load(&rules()).unwrap_or_else(|error| panic!("{error}"))
}

fn pack(name: &str, text: &str) -> Vec<Asset> {
    vec![Asset { name: name.into(), origin: name.into(), bytes: text.into() }]
}

const RULE: &str =
    "[[rule]]\nname = \"x\"\npattern = 'hunch'\nmust_match = [\"a hunch\", \"hunches\"]\nmust_not_match = [\"no\"]\n";

#[test]
fn every_clue_is_found_by_a_shipped_rule_and_the_words_are_the_customers() {
    let clues = load();
    let found = clues.find("", "Bonjour,\nFinalement je le GARDE. Merci", &[]);
    assert_eq!(found.get(&Clue::KeepsIt).map(String::as_str), Some("Finalement je le GARDE"));
    let rules = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("rules/60-clues-fr.toml")).unwrap();
    for clue in Clue::ALL {
        assert!(rules.contains(&format!("clues = [\"{clue}\"]")), "no French rule finds {clue}");
    }
}

#[test]
fn names_of_attachments_tell_what_an_empty_body_does_not() {
    let clues = load();
    let told = |name: &str| clues.find("", "", &[name.to_owned()]).into_keys().collect::<Vec<_>>();
    assert_eq!(told("formulaire_retractation.pdf"), [Clue::WithdrawalForm]);
    assert_eq!(told("mediator.pdf"), [Clue::Official]);
    assert_eq!(told("photo.jpg"), []);
}

#[test]
fn hostile_text_neither_panics_nor_hangs() {
    let clues = load();
    for text in ["finalement je ".repeat(8_000), "rib ".repeat(20_000), "\u{1F4A9}é\u{301}\n".repeat(5_000)] {
        clues.find(&text, &text, std::slice::from_ref(&text));
    }
}

#[test]
fn an_operators_mistake_is_named_with_file_line_and_rule() {
    for (file, extra, why) in [
        ("60-mine.toml", "clues = [\"hunch\"]", "60-mine.toml, line 1: \"x\" names an unknown clue \"hunch\""),
        ("60-mine.toml", "", "names no clue"),
        ("60-mine.toml", "clues = [\"gift\"]\nsignals = [\"chaser\"]", "has an effect on the verdict"),
    ] {
        let error = Clues::load(&pack(file, &format!("{RULE}{extra}"))).unwrap_err().to_string();
        assert!(error.contains(why), "{error}");
    }
    let unmatched = RULE.replace("a hunch", "a guess") + "clues = [\"gift\"]";
    let error = Clues::load(&pack("60-mine.toml", &unmatched)).unwrap_err().to_string();
    assert!(error.contains("does not match its must_match sentence \"a guess\""), "{error}");
}
