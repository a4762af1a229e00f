//! Every draft template in every kind of situation it serves, in both languages, as golden texts that a person read:
//! `tests/fixtures/goldens/<language>/<template>-<situation>.txt`. `GUICHET_GOLDENS=write` writes them anew.

mod bars;
mod properties;
mod shop;
mod situations;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use guichet::domain::TemplateName;
use guichet::reply::compose;
use guichet::reply::lint::lint_draft;

use shop::{Words, statutory};
use situations::Situation;

const LANGUAGES: [&str; 2] = ["fr", "en"];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/goldens")
}

fn rendered(words: &Words, situation: &Situation, language: &str) -> String {
    let template = TemplateName::new(situation.template);
    let text = words.drafted(situation, |parts, voice| compose::twin(parts, &template, voice, language));
    text.unwrap_or_else(|problem| panic!("{}-{}: {problem}", situation.template, situation.name))
}

#[test]
fn every_draft_reads_as_it_was_read() {
    let words = Words::load();
    let write = std::env::var("GUICHET_GOLDENS").is_ok_and(|value| value == "write");
    let mut expected = BTreeSet::new();
    let mut changed = Vec::new();
    for language in LANGUAGES {
        for situation in situations::all() {
            let text = format!("{}\n", rendered(&words, &situation, language));
            let file = folder().join(language).join(format!("{}-{}.txt", situation.template, situation.name));
            assert!(expected.insert(file.clone()), "two situations of one name: {}", file.display());
            if write {
                std::fs::create_dir_all(file.parent().unwrap()).unwrap();
                std::fs::write(&file, &text).unwrap();
            } else if std::fs::read_to_string(&file).unwrap_or_default() != text {
                changed.push(format!("{}:\n{text}", file.display()));
            }
        }
    }
    for language in LANGUAGES {
        for entry in std::fs::read_dir(folder().join(language)).unwrap() {
            let file = entry.unwrap().path();
            if write && !expected.contains(&file) {
                std::fs::remove_file(&file).unwrap();
            }
            assert!(write || expected.contains(&file), "no situation writes {}", file.display());
        }
    }
    let how = "read them, then write them anew with GUICHET_GOLDENS=write";
    assert!(changed.is_empty(), "{} golden texts differ ({how}):\n{}", changed.len(), changed.join("\n"));
}

#[test]
fn no_golden_text_has_a_flaw() {
    let words = Words::load();
    for language in LANGUAGES {
        for situation in situations::all() {
            let text = rendered(&words, &situation, language);
            let law = statutory(situation.assessment.as_ref());
            assert_eq!(lint_draft(&text, language, law), Vec::new(), "{}-{}", situation.template, situation.name);
        }
    }
}

#[test]
fn every_template_has_golden_texts() {
    let words = Words::load();
    let shown: BTreeSet<&str> = situations::all().iter().map(|situation| situation.template).collect();
    for info in words.templates.drafts("fr") {
        assert!(shown.contains(info.name.as_str()), "{} has no golden text", info.name);
    }
}
