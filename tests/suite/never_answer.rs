//! What machines write is never acknowledged, what a person has to decide is held, and what ordinary people
//! write is acknowledged: our own mails for each rule of the permission table, in six languages.
//!
//! `tests/fixtures/never/LANGUAGE/machine-….eml` and `held-….eml` say in their names what they are;
//! `tests/fixtures/people` are all written by people, some of them with a machine's words.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::cli::guichet;

/// The mailbox that the mails were written to.
const CONFIG: &str = "data_dir = \"data\"\n[[mailbox]]\nname = \"support\"\nsource = \"imap\"\n\
    addresses = [\"support@shop.example\"]\nfrom = \"Shop <support@shop.example>\"\ncolleagues = [\"*@shop.example\"]\n\
    contact_forms = [\"form@shop.example\"]\ntrusted_authserv_id = \"mx.shop.example\"\nreturn_path = \"required\"\n\
    [mailbox.imap]\nhost = \"127.0.0.1\"\nport = 1\ntls = \"none\"\nusername = \"x\"\npassword = { env = \"NOBODY\" }\n\
    [mailbox.smtp]\nhost = \"127.0.0.1\"\nport = 1\ntls = \"none\"\n";

fn fixtures(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

/// File name without its ending, and the verdict of `guichet classify` on it.
fn classified(folder: &Path) -> Vec<(PathBuf, Value)> {
    let here = tempfile::tempdir().unwrap();
    std::fs::write(here.path().join("guichet.toml"), CONFIG).unwrap();
    let output = guichet(here.path(), &["classify", "--json", folder.to_str().unwrap()], b"");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let lines: Vec<Value> =
        String::from_utf8(output.stdout).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    lines.into_iter().map(|line| (PathBuf::from(line["file"].as_str().unwrap()), line)).collect()
}

#[test]
fn machines_are_never_answered_and_what_a_person_has_to_decide_is_held() {
    let mut wrong = Vec::new();
    let mut rows = BTreeSet::new();
    let mut languages = BTreeSet::new();
    for (file, line) in classified(&fixtures("never")) {
        let name = file.file_stem().unwrap().to_str().unwrap().to_owned();
        let expected = if name.starts_with("machine-") { "machine" } else { "held" };
        if line["permission"] != expected || line["automated"] != (expected == "machine") {
            wrong.push(format!("{}: {} because {}", file.display(), line["permission"], line["acknowledge"]["why"]));
        }
        assert_eq!(line["acknowledge"]["allowed"], false, "{}", file.display());
        assert_eq!(line["intent"].is_null(), expected == "machine", "{}", file.display());
        languages.insert(file.parent().unwrap().file_name().unwrap().to_owned());
        rows.insert(name);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(languages.len() == 6 && rows.len() >= 45, "{} rows in {languages:?}", rows.len());
    println!("{} rows in {} languages: none acknowledged", rows.len(), languages.len());
}

#[test]
fn people_are_acknowledged_whatever_words_of_machines_they_use() {
    let lines = classified(&fixtures("people"));
    let wrong: Vec<String> = lines
        .iter()
        .filter(|(_, line)| line["permission"] != "allowed" || line["acknowledge"]["to"].is_null())
        .map(|(file, line)| format!("{}: {}", file.display(), line["acknowledge"]["why"]))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(lines.len() >= 60, "{} mails", lines.len());
    println!("{} mails of people: all acknowledged", lines.len());
}

/// Mail of others that nobody may answer, in a folder that is named outside: `GUICHET_NEVER_ANSWER=FOLDER`.
#[test]
fn a_folder_given_as_never_to_be_answered_is_not() {
    let Some(folder) = std::env::var_os("GUICHET_NEVER_ANSWER") else { return };
    let lines = classified(Path::new(&folder));
    let answered: Vec<_> =
        lines.iter().filter(|(_, line)| line["permission"] == "allowed").map(|(file, _)| file).collect();
    println!("{} of {} mails would be acknowledged", answered.len(), lines.len());
    assert!(answered.is_empty(), "{answered:?}");
}
