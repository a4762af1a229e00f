//! `cargo bench --bench throughput`: messages a second and peak memory on 10,000 mails, once only judged,
//! once taken in with everything stored durably.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a measurement that cannot go on should say where")]

#[path = "support/machine.rs"]
mod machine;

use std::sync::Arc;
use std::time::{Duration, Instant};

use guichet::adapters::assets::{Assets, Kind};
use guichet::adapters::store::sled::{SledSettings, SledStore};
use guichet::adapters::system::{SystemClock, SystemIds};
use guichet::daemon::handbook::{Handbook, Handbooks};
use guichet::daemon::intake::{Intake, IntakeSettings};
use guichet::daemon::review::Wording;
use guichet::domain::Agenda;
use guichet::domain::calendar::Calendar;
use guichet::domain::grouping::groups;
use guichet::domain::identity::IdentityKey;
use guichet::domain::policy::Policy;
use guichet::domain::position::FolderRole;
use guichet::domain::{Address, Folder, MessageLocation, Position, RawMessage};
use guichet::ports::store::Caps;
use guichet::ports::{Arrival, Content, Store};
use guichet::reading;
use guichet::refund::clues::Clues;
use guichet::reply::compose::Sender;
use guichet::reply::permission::{PermissionContext, PermissionSettings, PublicMail, permission};
use guichet::reply::templates::Templates;
use guichet::triage::Triage;

/// The binary's.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

const MAILS: usize = 10_000;

/// Mails from all parts of the corpus as raw messages from so many different people.
fn mails() -> Vec<RawMessage> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/models/corpus");
    let mut rows = Vec::new();
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    for path in files.iter().filter(|path| path.extension().is_some_and(|e| e == "jsonl")) {
        for line in std::fs::read_to_string(path).unwrap().lines() {
            let row: serde_json::Value = serde_json::from_str(line).unwrap();
            rows.push((row["subject"].as_str().unwrap().to_owned(), row["body"].as_str().unwrap().to_owned()));
        }
    }
    let arrived_at = jiff::Timestamp::now();
    let mail = |(index, (subject, body)): (usize, &(String, String))| {
        RawMessage {
        bytes: format!(
            "Return-Path: <c{index}@d{index}.example>\r\nMessage-ID: <{index}@d.example>\r\nFrom: <c{index}@d{index}.example>\r\n\
             To: support@shop.example\r\nSubject: {subject}\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{body}\r\n"
        )
        .into_bytes(),
        arrived_at,
        partial: false,
    }
    };
    let apart = (rows.len() / MAILS).max(1);
    rows.iter().step_by(apart).cycle().take(MAILS).enumerate().map(mail).collect()
}

fn handbook() -> Handbook {
    let assets = Assets::built_in();
    let (triage, warnings) =
        Triage::load(&assets.load(Kind::Rules).unwrap(), &assets.load(Kind::Models).unwrap()).unwrap();
    assert!(warnings.is_empty(), "{warnings:?}");
    let templates = Templates::load(&assets.load(Kind::Templates).unwrap()).unwrap();
    let clues = Clues::load(&assets.load(Kind::Rules).unwrap()).unwrap();
    let wording = Wording {
        templates: Arc::new(templates),
        policy: Policy::default(),
        calendar: Calendar::without_hours(jiff::tz::TimeZone::UTC),
        languages: vec!["fr".into(), "en".into()],
        fallback: "en".into(),
    };
    Handbook { triage, clues, wording: Arc::new(wording), public_mail: PublicMail::default() }
}

/// Each mail by itself, twice: the first pass builds the automata of dates and products, the second finds them built.
fn judge(mails: &[RawMessage]) {
    let handbook = handbook();
    let settings = PermissionSettings::without_configuration(PublicMail::default());
    let context = PermissionContext { role: FolderRole::Inbox, history: false, now: None };
    for pass in ["first", "again"] {
        let (mut reading_times, mut judging_times) = (Vec::new(), Vec::new());
        for mail in mails {
            let began = Instant::now();
            let message = reading::read(mail);
            reading_times.push(began.elapsed());
            let began = Instant::now();
            std::hint::black_box(permission(&message, &settings, &context));
            std::hint::black_box(handbook.triage.judge(&message, &handbook.wording.policy));
            judging_times.push(began.elapsed());
        }
        let all: Duration = reading_times.iter().chain(&judging_times).sum();
        println!(
            "judged, {pass:<6} {:>6.0} messages/s   reading {}, triage and permission {}   peak {} MB",
            mails.len() as f64 / all.as_secs_f64(),
            spread(&mut reading_times),
            spread(&mut judging_times),
            machine::peak_memory_mb()
        );
    }
}

/// Median, mean and the ninth of ten, in µs.
fn spread(times: &mut [Duration]) -> String {
    times.sort_unstable();
    let at = |share: f64| times.get((times.len() as f64 * share) as usize).map_or(0, Duration::as_micros);
    let mean = times.iter().sum::<Duration>().as_micros() / times.len().max(1) as u128;
    format!("{} µs in the median, {mean} in the mean, {} for nine in ten", at(0.5), at(0.9))
}

async fn take_in(mails: &[RawMessage]) {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = SledStore::open(folder.path(), &SledSettings::default(), Arc::new(SystemIds)).unwrap();
    let store: Arc<dyn Store> = Arc::new(store);
    let lease = store.lease("support").await.unwrap();
    let from = Address::parse("Shop <support@shop.example>").unwrap();
    let caps = Caps { per_sender_per_day: 3, per_domain_per_hour: Some(20), per_mailbox_per_hour: u32::MAX };
    let settings = IntakeSettings {
        shadow: false,
        permission: PermissionSettings::without_configuration(PublicMail::default()),
        caps,
        sender: Sender { mailbox: "support".into(), from, envelope_sender: None, message_id_domain: None },
    };
    let intake = Intake {
        store: Arc::clone(&store),
        handbooks: Handbooks::new(handbook()),
        identity: IdentityKey::new([7; 32]),
        settings,
        clock: Arc::new(SystemClock),
        ids: Arc::new(SystemIds),
        deliver: Arc::new(tokio::sync::Notify::new()),
        enrich: Arc::new(tokio::sync::Notify::new()),
    };
    let inbox = Folder { mailbox: "support".into(), role: FolderRole::Inbox };
    let began = Instant::now();
    for (index, mail) in mails.iter().enumerate() {
        let arrival = Arrival {
            location: MessageLocation { folder: inbox.clone(), name: index.to_string() },
            position: Position { mark: index.to_string(), ..Position::default() },
            content: Content::Message(mail.clone()),
            history: false,
            marked_acknowledged: false,
            answered: false,
        };
        intake.take(&lease, arrival).await.unwrap();
    }
    let all = began.elapsed();
    let cases = store.overview().await.unwrap().cases.values().sum::<u64>();
    println!(
        "taken in  {:>7.0} messages/s   every one durable before the next, {cases} cases   peak {} MB",
        mails.len() as f64 / all.as_secs_f64(),
        machine::peak_memory_mb()
    );
    list(store.as_ref()).await;
}

/// The queue as the desk lists it: all that waits put in order and grouped, the first page read.
async fn list(store: &dyn Store) {
    let (policy, calendar) = (Policy::default(), Calendar::without_hours(jiff::tz::TimeZone::UTC));
    let began = Instant::now();
    let mut work = store.work().await.unwrap();
    let read = began.elapsed();
    Agenda::new(&policy, &calendar, jiff::Timestamp::now()).sort(&mut work);
    let sorted = began.elapsed();
    let groups = groups(&work, &calendar.time_zone).len();
    let grouped = began.elapsed();
    let first: Vec<_> = work.iter().take(200).map(|work| work.case.clone()).collect();
    let rows = store.queue_rows(&first).await.unwrap().len();
    println!(
        "listed    {} cases in {} ms: {} ms to read, {} to sort, {} to group ({groups}), {} for the first {rows} rows",
        work.len(),
        began.elapsed().as_millis(),
        read.as_millis(),
        (sorted - read).as_millis(),
        (grouped - sorted).as_millis(),
        (began.elapsed() - grouped).as_millis(),
    );
}

fn main() {
    machine::print();
    let mails = mails();
    println!("{} mails, {} KB in all", mails.len(), mails.iter().map(|mail| mail.bytes.len()).sum::<usize>() / 1024);
    judge(&mails);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(take_in(&mails));
}
