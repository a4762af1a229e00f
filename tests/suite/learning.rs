//! What reviewers correct is learnt: from the desk's store over `guichet train` to the daemon's next verdict.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use guichet::adapters::store::sled::{SledSettings, SledStore};
use guichet::adapters::system::SystemIds;
use guichet::cli::train::{self, TrainArgs};
use guichet::config::Config;
use guichet::control::{Control, bind, serve, socket_path};
use guichet::domain::{CaseId, Intent, Reason, Verdict};
use guichet::ports::Store;
use guichet::triage::learning::choose::TOLERANCE;

use crate::shop::letters::Letter;
use crate::shop::{self, Shop};
use crate::support::daemon::{Daemon, Seen, guichet};

/// A mail whose words no corpus knows; the reviewer knows what is wanted.
const ODD: &str = "Zwibble quorn for the brambleflop please: gnarl the fizzwick back to my plonk, vexly and \
    whole. The brambleflop snargled. Zwibble me the fizzwick!";

/// The small part of the shipped corpus that these tests learn from: enough for every class, quick enough for a test.
fn corpus() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/corpus");
    vec![folder.join("both-plain.jsonl")]
}

/// A configuration of a Maildir whose daemon sends nothing.
fn configure(root: &Path, data: &Path) -> PathBuf {
    for part in ["new", "cur", "tmp"] {
        std::fs::create_dir_all(root.join("inbox").join(part)).unwrap();
    }
    let path = root.join("guichet.toml");
    let text = format!(
        "data_dir = {data:?}\nmode = \"shadow\"\n[[mailbox]]\nname = \"support\"\nsource = \"maildir\"\n\
         path = {inbox:?}\nfrom = \"Shop <support@shop.example>\"\n[mailbox.smtp]\noutbox_dir = {outbox:?}\n\
         [desk]\nlisten = \"off\"\n",
        inbox = root.join("inbox"),
        outbox = root.join("outbox"),
    );
    std::fs::write(&path, text).unwrap();
    path
}

fn deliver(root: &Path, from: &str) {
    let text = format!(
        "Return-Path: <{from}>\nMessage-ID: <first.{from}>\nFrom: <{from}>\nTo: support@shop.example\nSubject: Brambleflop\n\
         Date: Mon, 16 Nov 2026 10:00:00 +0100\nContent-Type: text/plain; charset=utf-8\n\n{ODD}\n"
    );
    let name = format!("{}.M1.host", from.replace('@', "_"));
    std::fs::write(root.join("inbox/tmp").join(&name), text).unwrap();
    std::fs::rename(root.join("inbox/tmp").join(&name), root.join("inbox/new").join(&name)).unwrap();
}

/// The case and intent of a customer's mail, once the daemon has taken it in.
fn judged(daemon: &mut Daemon, root: &Path, from: &str) -> (CaseId, String) {
    let seen = daemon.log.len();
    deliver(root, from);
    assert!(matches!(daemon.wait_line_from(seen, &["new case"]), Seen::Line(_)), "{}", daemon.log.join("\n"));
    let output = daemon.command(&["queue", "list", "--json"]);
    let queue: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let line = queue["cases"].as_array().unwrap().iter().find(|line| line["customer"] == from).unwrap();
    (CaseId::parse(line["case"].as_str().unwrap()).unwrap(), line["intent"].as_str().unwrap().to_owned())
}

/// Trains on the small corpus alone, as the models in use.
fn begin(config: &Path, data: &Path) {
    let mut command = guichet();
    command.arg("train").args(corpus()).arg("--output").arg(data.join("overrides/models"));
    let output = command.arg("--config").arg(config).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

async fn correct(store: &dyn Store, case: &CaseId, change: impl FnOnce(&mut Verdict)) {
    let case = store.case(case).await.unwrap();
    let mut verdict = case.verdict.unwrap();
    change(&mut verdict);
    let at = "2026-11-20T10:00:00Z".parse().unwrap();
    store.correct(&case.id, case.revision, verdict, "ana", at).await.unwrap();
}

#[tokio::test]
async fn a_corrected_mail_is_judged_as_corrected_once_the_daemon_took_up_the_new_models() {
    let folder = tempfile::tempdir().unwrap();
    let (root, data) = (folder.path(), folder.path().join("data"));
    let config = configure(root, &data);
    begin(&config, &data);
    let mut daemon = Daemon::start(&config, None);
    assert!(daemon.wait_ready(), "{}", daemon.log.join("\n"));
    let (case, before) = judged(&mut daemon, root, "kim@kim.example");
    assert_ne!(before, "refund_not_received");
    assert!(daemon.stop().success());
    let (store, _) = SledStore::open(&data, &SledSettings::default(), Arc::new(SystemIds)).unwrap();
    correct(&store, &case, |verdict| {
        (verdict.intent, verdict.reason) = (Intent::RefundNotReceived, None);
        verdict.given = Default::default();
    })
    .await;
    drop(store);

    let mut daemon = Daemon::start(&config, None);
    assert!(daemon.wait_ready(), "{}", daemon.log.join("\n"));
    let corpus: Vec<String> = corpus().iter().map(|path| path.display().to_string()).collect();
    let arguments: Vec<&str> =
        ["train", "--corrections"].into_iter().chain(corpus.iter().map(String::as_str)).collect();
    let output = daemon.command(&arguments);
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.contains("1 corrections of reviewers") && said.contains("replaced  intent:"), "{said}");
    let models = data.join("overrides/models");
    assert!(models.join("intent.model.previous").is_file() && models.join("intent.card.toml.previous").is_file());
    let (_, unchanged) = judged(&mut daemon, root, "lee@lee.example");
    assert_eq!(unchanged, before, "nothing is taken up before it is asked for");
    daemon.hang_up();
    assert!(matches!(daemon.wait_line(&["loaded anew"]), Seen::Line(_)));
    let (_, after) = judged(&mut daemon, root, "max@max.example");
    assert_eq!(after, "refund_not_received");
    assert!(daemon.stop().success());
}

async fn listening(shop: &Shop) {
    let path = socket_path(shop.data.path());
    let listener = bind(&path).await.unwrap();
    let control = Control {
        review: shop.review.clone(),
        reviewers: shop.reviewers.clone(),
        store: shop.store.clone(),
        clock: shop.clock.clone(),
    };
    let stop = shop.stop.clone();
    tokio::spawn(async move { serve(control, listener, &path, stop).await });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nonsense_corrections_replace_no_model_that_they_make_worse() {
    let shop = shop::open().await;
    let (_, rows) = guichet::cli::corpora::read(&corpus()).unwrap();
    let asked = rows.iter().filter(|row| row.split == guichet::triage::corpus::Split::Train);
    for (number, row) in asked.take(80).enumerate() {
        let from = format!("Anne Dupont <anne.dupont{number}@mail{number}.example>");
        let letter = Letter::new(&from, &row.subject, &row.body).ago(number as i64);
        let case = shop.receive(&letter).await;
        correct(shop.port(), &case, |verdict| match row.intent {
            Intent::RefundRequest => (verdict.intent, verdict.reason) = (Intent::Other, None),
            _ => (verdict.intent, verdict.reason) = (Intent::RefundRequest, Some(Reason::Unspecified)),
        })
        .await;
    }
    listening(&shop).await;
    let data = shop.data.path();
    let config = configure(data, data);
    begin(&config, data);
    let models = data.join("overrides/models");
    let old = std::fs::read(models.join("intent.model")).unwrap();
    let saved = data.join("corrections.jsonl");
    let args = TrainArgs {
        corpora: corpus(),
        corrections: true,
        output: None,
        tolerance: TOLERANCE,
        save_corrections: Some(saved.clone()),
    };
    let mut out = Vec::new();
    let config = Config::read(&config).unwrap();
    train::run(&args, Some(&config), jiff::civil::date(2026, 11, 20), &mut out).await.unwrap();
    let said = String::from_utf8(out).unwrap();
    assert!(said.contains("KEPT      intent:") && said.contains("more than the 0.010 tolerated"), "{said}");
    assert_eq!(std::fs::read(models.join("intent.model")).unwrap(), old);
    assert!(!models.join("intent.model.previous").exists());
    let saved = std::fs::read_to_string(saved).unwrap();
    assert!(saved.lines().count() >= 50 && !saved.contains("Dupont"), "{}", saved.lines().count());
}
