//! A refund from the first letter to the question whether the money arrived, on real mail servers: the order number is
//! asked for, the answer finds the order, a person approves, the shop's payment side hears of it once.

use std::path::Path;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use guichet::adapters::assets::{Assets, Kind};
use guichet::adapters::store::sled::{SledSettings, SledStore};
use guichet::adapters::system::SystemIds;
use guichet::daemon::handbook::{Handbook, Handbooks};
use guichet::daemon::review::Wording;
use guichet::daemon::timers::Timers;
use guichet::domain::policy::Policy;
use guichet::domain::{Calendar, CaseId, CaseState, TimerKind};
use guichet::ports::{Clock, Store};
use guichet::refund::clues::Clues;
use guichet::reply::permission::PublicMail;
use guichet::reply::templates::Templates;
use guichet::triage::Triage;
use hmac::{Hmac, Mac as _};
use jiff::{SignedDuration, Timestamp, ToSpan as _, Zoned};
use mail_parser::MessageParser;
use sha2::Sha256;

use crate::play::daemon::{Daemon, Seen};
use crate::play::scripted_http::{Asked, HttpServer};
use crate::shop::http::{Page, Visitor};
use crate::shop::sender;
use crate::story::{CUSTOMER, Stage, header};

const SECRET: &str = "un secret de boutique";
const ORDER: &str = "CMD-2026-0412";
/// What the reviewer wrote before the customer's answer came.
const OWN_WORDS: &str = "Bonjour Claire, je cherche votre commande et reviens vers vous cet après-midi.";

/// A shop that knows two orders of one customer, the later delivered four days ago.
async fn stage() -> (Stage, HttpServer) {
    let payments = HttpServer::start().await;
    let stage = Stage::with(|folder| {
        let (orders, secret) = (folder.join("orders.csv"), folder.join("refunds.secret"));
        let day = |days: i64| Zoned::now().date().saturating_sub(days.days());
        let lines = [
            "number;ordered_on;email;total;product;shipped_on;delivered_on;payment_method".to_owned(),
            format!("{ORDER};{};{CUSTOMER};59,90 €;lampe de bureau;{};{};carte", day(9), day(7), day(4)),
            format!("CMD-2026-0233;{};{CUSTOMER};24,00 €;théière;{};{};carte", day(90), day(88), day(86)),
        ];
        std::fs::write(&orders, lines.join("\n") + "\n").unwrap();
        std::fs::write(&secret, SECRET).unwrap();
        std::fs::set_permissions(&secret, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
        format!(
            "[orders]\nsource = \"csv\"\nfile = {orders:?}\n[refunds]\nwebhook = {{ url = {:?}, secret = {{ file = {secret:?} }} }}\n",
            payments.url("/refunds")
        )
    });
    (stage, payments)
}

fn expect(daemon: &mut Daemon, count: usize, words: &[&str]) {
    assert!(matches!(daemon.wait_lines(count, words), Seen::Line(_)), "{words:?}: {}", daemon.log.join("\n"));
}

fn text(letter: &str) -> String {
    MessageParser::default().parse(letter.as_bytes()).unwrap().body_text(0).unwrap().into_owned()
}

/// The reviewer with the case page before her.
struct AtTheDesk {
    visitor: Visitor,
    case: String,
}

impl AtTheDesk {
    async fn sit_down(stage: &Stage, case: &str) -> Self {
        let mut visitor = Visitor::new(([127, 0, 0, 1], stage.desk).into());
        visitor.sign_in().await;
        Self { visitor, case: case.to_owned() }
    }

    async fn look(&mut self) -> Page {
        self.visitor.get(&format!("/case/{}", self.case)).await
    }

    async fn press(&mut self, page: &Page, button: &str, changed: &[(&str, &str)]) -> Page {
        self.visitor.act(page, &format!("/case/{}/{button}", self.case), changed).await
    }
}

/// From the first letter to the page on which an acceptance waits for approval.
async fn until_the_acceptance(stage: &Stage, daemon: &mut Daemon) -> (AtTheDesk, Page) {
    let wish = "Bonjour,\r\n\r\nmon achat ne me convient finalement pas. Je souhaite le renvoyer et être remboursée.\r\n\r\nClaire Fontaine";
    stage.customer_writes("wish", "Remboursement", wish).await;
    expect(daemon, 1, &["acknowledgement accepted"]);
    let acknowledgement = stage.messages(CUSTOMER, "INBOX", 1).remove(0);
    assert!(text(&acknowledgement).contains("numéro de votre commande"), "{}", text(&acknowledgement));

    expect(daemon, 1, &["assessed"]);
    let case = stage.queue(daemon)["cases"][0]["case"].as_str().expect("one case waits").to_owned();
    let mut desk = AtTheDesk::sit_down(stage, &case).await;
    let page = desk.look().await;
    assert!(page.field("body").contains("numéro de votre commande"), "the draft asks as well: {}", page.field("body"));
    let saved = desk.press(&page, "save", &[("body", OWN_WORDS)]).await;
    assert!(saved.status < 400, "{} {}", saved.status, saved.body);
    let before_the_answer = desk.look().await;

    let id = header(&acknowledgement, "Message-ID").unwrap();
    let answer = format!("Bonjour, voici le numéro : {ORDER}. Cordialement, Claire");
    stage.customer_answers("number", &id, "Re: Remboursement", &answer).await;
    expect(daemon, 2, &["assessed"]);
    let cases = stage.queue(daemon)["cases"].as_array().unwrap().clone();
    assert_eq!(cases.len(), 1, "the answer joined the case: {cases:?}");
    assert_eq!(stage.messages(CUSTOMER, "INBOX", 1).len(), 1, "and was not acknowledged again");

    let stale = desk.press(&before_the_answer, "approve", &[]).await;
    assert_eq!(stale.status, 409, "what the reviewer has not seen cannot be approved: {}", stale.body);
    let page = desk.look().await;
    assert!(page.body.contains(ORDER), "the order is found: {}", page.body);
    assert_eq!(page.field("body").trim(), OWN_WORDS, "the edited draft is untouched");
    let taken = desk.press(&page, "newer", &[]).await;
    assert!(taken.status < 400, "a new suggestion stands beside: {} {}", taken.status, taken.body);
    let page = desk.look().await;
    assert!(page.field("body").contains("59,90"), "it accepts, and names the amount: {}", page.field("body"));
    (desk, page)
}

/// As the receiver of a webhook checks it, with nothing of ours.
fn genuine(asked: &Asked) -> bool {
    let signed = asked.header("x-guichet-signature").unwrap();
    let (time, proof) = signed.strip_prefix("t=").and_then(|rest| rest.split_once(",v1=")).unwrap();
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
    mac.update(format!("{time}.").as_bytes());
    mac.update(&asked.body);
    let wanted: Vec<String> = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    wanted.concat() == proof
}

fn check_notice(asked: &Asked, case: &str) {
    assert!(genuine(asked), "{asked:?}");
    let notice = asked.json();
    assert_eq!(notice["event"], "refund_approved");
    assert_eq!(
        (&notice["case"], &notice["order_number"], &notice["basis"]),
        (&case.into(), &ORDER.into(), &"withdrawal".into())
    );
    assert_eq!(notice["amount"]["minor"], 5990);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_withdrawal_without_order_number_up_to_the_arrival_of_the_money() {
    let (stage, payments) = stage().await;
    let mut daemon = stage.start();
    let (mut desk, page) = until_the_acceptance(&stage, &mut daemon).await;
    assert!(payments.asked().is_empty(), "nothing is told before a person approved");
    let approved = desk.press(&page, "approve", &[]).await;
    assert!(approved.status < 400, "{} {}", approved.status, approved.body);
    expect(&mut daemon, 1, &["refund notice taken"]);
    let reply = stage.messages(CUSTOMER, "INBOX", 2).into_iter().find(|mail| header(mail, "Auto-Submitted").is_none());
    assert!(text(&reply.expect("a reply by a person")).contains("59,90"));
    assert!(daemon.stop().success());
    let asked = payments.asked();
    assert_eq!(asked.len(), 1, "told once");
    check_notice(&asked[0], &desk.case);

    the_money_should_be_there(&stage.data(), &desk.case).await;
    let mut daemon = stage.start();
    let queue = stage.queue(&daemon);
    assert_eq!(queue["cases"][0]["case"], desk.case.as_str(), "the case waits again: {queue}");
    let mut desk = AtTheDesk::sit_down(&stage, &desk.case).await;
    let body = desk.look().await.field("body");
    assert!(body.contains("remboursement") && body.contains('?'), "it asks whether the refund arrived: {body}");
    assert_eq!(stage.messages(CUSTOMER, "INBOX", 2).len(), 2, "and waits for a person");
    assert!(daemon.stop().success());
    assert_eq!(payments.asked().len(), 1, "still told once");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_around_the_webhook_one_refund_is_told() {
    for (point, heard) in [("refund-claimed", 1), ("refund-told", 2)] {
        let (stage, payments) = stage().await;
        let mut daemon = stage.start_armed(Some(point));
        let (mut desk, page) = until_the_acceptance(&stage, &mut daemon).await;
        let approved = desk.press(&page, "approve", &[]).await;
        assert!(approved.status < 400, "{} {}", approved.status, approved.body);
        assert_eq!(daemon.wait_line(&["refund notice taken"]), Seen::Ended, "{point} kills the daemon");
        let mut daemon = stage.start();
        expect(&mut daemon, 1, &["refund notice taken"]);
        assert!(daemon.stop().success());

        // A crash after the telling tells it again, under the same key: the receiver pays once.
        let asked = payments.asked();
        assert_eq!(asked.len(), heard, "{point}");
        for one in &asked {
            check_notice(one, &desk.case);
            assert_eq!(one.header("idempotency-key"), asked[0].header("idempotency-key"), "{point}");
            assert_eq!(one.body, asked[0].body, "{point}: the same bytes");
        }
        assert_eq!(stage.messages(CUSTOMER, "INBOX", 2).len(), 2, "{point}: one acknowledgement, one reply");
    }
}

/// Stands still until moved.
struct Later(Mutex<Timestamp>);

#[async_trait]
impl Clock for Later {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }

    async fn sleep_until(&self, _at: Timestamp) {
        std::future::pending::<()>().await;
    }
}

/// Lets the time pass on the very store that the daemon left: nothing is due today, the question is due in the end.
async fn the_money_should_be_there(data: &Path, case: &str) {
    let assets = Assets::built_in();
    let (triage, _) = Triage::load(&assets.load(Kind::Rules).unwrap(), &assets.load(Kind::Models).unwrap()).unwrap();
    let clues = Clues::load(&assets.load(Kind::Rules).unwrap()).unwrap();
    let wording = Wording {
        templates: Arc::new(Templates::load(&assets.load(Kind::Templates).unwrap()).unwrap()),
        policy: Policy::default(),
        calendar: Calendar::without_hours(jiff::tz::TimeZone::UTC),
        languages: vec!["fr".into(), "en".into()],
        fallback: "en".into(),
    };
    let handbook = Handbook { triage, clues, wording: Arc::new(wording), public_mail: PublicMail::default() };
    let (store, loss) = SledStore::open(data, &SledSettings::default(), Arc::new(SystemIds)).unwrap();
    assert!(loss.is_none());
    let store: Arc<dyn Store> = Arc::new(store);
    let lease = store.lease("support").await.unwrap();
    let clock = Arc::new(Later(Mutex::new(Timestamp::now())));
    let timers = Timers {
        store: Arc::clone(&store),
        handbooks: Handbooks::new(handbook),
        sender: sender(),
        clock: Arc::clone(&clock) as Arc<dyn Clock>,
    };
    let case = CaseId::parse(case).unwrap();
    timers.fire_due(&lease).await.unwrap();
    assert!(store.case_file(&case).await.unwrap().draft.is_none(), "nothing is due yet");

    *clock.0.lock().unwrap() += SignedDuration::from_hours(60 * 24);
    let due = store.due_timers(&lease, clock.now()).await.unwrap();
    assert_eq!(due.iter().map(|timer| timer.kind).collect::<Vec<_>>(), [TimerKind::ArrivalCheck]);
    timers.fire_due(&lease).await.unwrap();
    let file = store.case_file(&case).await.unwrap();
    assert_eq!(file.case.state, CaseState::NeedsReply);
    let template = file.draft.unwrap().suggestion.template.unwrap();
    assert_eq!(template.as_str(), "arrival_check");
}
