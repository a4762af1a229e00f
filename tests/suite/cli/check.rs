//! `guichet check` on the policy.

use super::guichet;

const CONFIG: &str = r#"
data_dir = "data"
[[mailbox]]
name = "support"
source = "maildir"
path = "inbox"
from = "support@shop.example"
[mailbox.smtp]
outbox_dir = "out"
[policy]
file = "policy.toml"
"#;

fn said(policy: &str) -> (bool, String) {
    let folder = tempfile::tempdir().unwrap();
    for inner in ["data", "inbox/new", "inbox/cur", "inbox/tmp"] {
        std::fs::create_dir_all(folder.path().join(inner)).unwrap();
    }
    std::fs::write(folder.path().join("guichet.toml"), CONFIG).unwrap();
    std::fs::write(folder.path().join("policy.toml"), policy).unwrap();
    let output = guichet(folder.path(), &["check", "--offline"], b"");
    (output.status.success(), String::from_utf8(output.stdout).unwrap())
}

#[test]
fn what_a_shop_in_france_lacks_is_noted_and_stops_nothing() {
    let (good, lines) = said("[[window]]\ndays = 30\n");
    assert!(good, "{lines}");
    assert!(lines.contains("note    the policy names no consumer mediator (L616-1): add [mediator]"), "{lines}");
    assert!(lines.contains("note    the policy's window of everything else names no clause"), "{lines}");
    let (_, elsewhere) = said("law = \"none\"\n");
    assert!(!elsewhere.contains("mediator"), "{elsewhere}");
}

#[test]
fn what_the_law_forbids_is_wrong_with_file_line_and_key() {
    let (good, lines) = said("[fees]\nwithdrawal = 15\n");
    assert!(!good);
    assert!(lines.contains("policy.toml:2: `fees.withdrawal`: a fee on withdrawal is not allowed"), "{lines}");
    let clause = "[[clause]]\nid = \"returns\"\nvalid_from = 2026-01-01\nurl = \"https://shop.example/r\"\ntext = { fr = \"Trente jours.\" }\n";
    let (good, lines) = said(clause);
    assert!(!good && lines.contains("policy.toml:1: clause `returns` has no `text.en`"), "{lines}");
}

#[test]
fn a_state_witness_is_recommended_where_there_is_none() {
    let (good, lines) = said("");
    assert!(good && lines.contains("note    no state_witness: an older copy of data_dir"), "{lines}");
}
