//! `guichet init` with its answers piped in, and no server anywhere.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Output;

use guichet::config::Config;
use guichet::domain::policy::{AlternativeStance, Apology, RefusalLength, RefusalOffers, StanceChoices};

use super::guichet;

/// One answer a line; nobody listens on port 1.
const ANSWERS: &str = "support@shop.example\nL'Échoppe\n\
    127.0.0.1\nnone\n1\n\nimap-pass\n\
    127.0.0.1\nnone\n1\n\nsmtp-pass\n\
    Nowhere/Land\nEurope/Brussels\n\ndata\n\
    no\nall\nany\n\nexperience\nfull\n\n";

fn init(folder: &Path, config: &str, more: &[&str]) -> Output {
    guichet(folder, &[&["init", "--config", config], more].concat(), ANSWERS.as_bytes())
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn it_makes_the_folder_and_writes_a_configuration_that_loads() {
    let folder = tempfile::tempdir().unwrap();
    let output = init(folder.path(), "etc/guichet/guichet.toml", &["--untried"]);
    assert!(output.status.success(), "{output:?}");
    let etc = folder.path().join("etc/guichet");
    let path = etc.join("guichet.toml");
    let config = Config::read(&path).unwrap();
    assert_eq!(config.mailboxes.first().unwrap().signature, "L'Échoppe");
    let chosen = StanceChoices {
        refusal_offers: Some(RefusalOffers::Any),
        alternative: Some(AlternativeStance::Beside),
        apology: Some(Apology::Experience),
        refusal_length: Some(RefusalLength::Full),
        perks_to_flagged: Some(false),
    };
    assert_eq!(config.stance, chosen);
    assert_eq!(
        config.state_witness, None,
        "a folder of the operator's own: nobody knows what may be written beside it"
    );
    assert!(!std::fs::read_to_string(&path).unwrap().contains("-pass"));
    for (kind, password) in [("imap", "imap-pass\n"), ("smtp", "smtp-pass\n")] {
        let secret = etc.join(format!("guichet.{kind}.secret"));
        assert_eq!(std::fs::read_to_string(&secret).unwrap(), password);
        assert_eq!(mode(&secret), 0o600);
    }
    assert_eq!((mode(&etc), mode(&path)), (0o755, 0o644));
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains("write a name like Europe/Paris"), "{said}");
    assert!(
        said.contains("some hold that improper") && said.contains("write one of non_monetary, none, any"),
        "{said}"
    );
    assert!(!said.contains("-pass"), "{said}");
}

#[test]
fn a_second_run_refuses_and_another_configuration_keeps_its_own_passwords() {
    let folder = tempfile::tempdir().unwrap();
    assert!(init(folder.path(), "guichet.toml", &["--untried"]).status.success());
    let before = std::fs::read(folder.path().join("guichet.imap.secret")).unwrap();
    let again = init(folder.path(), "guichet.toml", &["--untried"]);
    assert_eq!(again.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&again.stderr).contains("guichet.toml exists already"), "{again:?}");
    assert!(again.stdout.is_empty(), "nothing is asked in vain: {again:?}");
    assert!(init(folder.path(), "spare.toml", &["--untried"]).status.success());
    assert_eq!(std::fs::read(folder.path().join("guichet.imap.secret")).unwrap(), before);
    assert!(folder.path().join("spare.imap.secret").exists());
}

#[test]
fn the_usual_data_folder_has_a_state_witness_beside_it() {
    let folder = tempfile::tempdir().unwrap();
    let answers = ANSWERS.replace("\ndata\n", "\n\n");
    let output = guichet(folder.path(), &["init", "--config", "guichet.toml", "--untried"], answers.as_bytes());
    assert!(output.status.success(), "{output:?}");
    let config = Config::read(&folder.path().join("guichet.toml")).unwrap();
    let mut beside = config.data_dir.clone().into_os_string();
    beside.push("-witness/state");
    assert_eq!(config.state_witness, Some(beside.into()));
}

#[test]
fn a_failed_sign_in_writes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let output = init(folder.path(), "guichet.toml", &[]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(said.contains("Nothing was written") && said.contains("--untried"), "{said}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}
