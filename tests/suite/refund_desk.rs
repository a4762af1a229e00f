//! The refund desk as a specification: every situation of `tests/fixtures/situations/*.toml`, from the mail as it comes in to
//! the draft as it is suggested, through the parts the daemon runs. `docs/refund-desk.md` holds the same as tables;
//! `GUICHET_GOLDENS=write` writes them anew.

mod page;
mod play;
mod situation;

use std::collections::BTreeSet;
use std::path::Path;

use play::Desk;
use situation::{Theme, themes};

const BEGIN: &str = "<!-- situations: written by the test refund_desk -->";
const END: &str = "<!-- end of situations -->";

#[test]
fn every_situation_ends_as_it_is_written() {
    let mut desk = Desk::open();
    let (mut names, mut wrong) = (BTreeSet::new(), Vec::new());
    for theme in themes() {
        for situation in &theme.situation {
            assert!(names.insert(situation.name.clone()), "two situations are named {}", situation.name);
            let (expected, found) = (situation.expected(), desk.play(situation));
            if expected != found {
                wrong.push(format!("{} / {}\n  written: {expected}\n  found:   {found}", theme.theme, situation.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {} situations end otherwise:\n{}", wrong.len(), names.len(), wrong.join("\n"));
    assert!(names.len() >= 60, "only {} situations", names.len());
}

#[test]
fn the_document_holds_the_same_situations() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/refund-desk.md");
    let text = std::fs::read_to_string(&file).unwrap();
    let (before, rest) = text.split_once(BEGIN).expect("the place of the situations");
    let (held, after) = rest.split_once(END).expect("the end of the situations");
    let themes: Vec<Theme> = themes();
    let tables = format!("\n\n{}\n", page::tables(&themes));
    if std::env::var("GUICHET_GOLDENS").is_ok_and(|value| value == "write") {
        std::fs::write(&file, format!("{before}{BEGIN}{tables}{END}{after}")).unwrap();
        return;
    }
    assert!(held == tables, "docs/refund-desk.md tells other situations: write it anew with GUICHET_GOLDENS=write");
}
