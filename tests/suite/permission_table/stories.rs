//! Rules that the store knows: what happened before in the conversation, and to whom mail went already.

use guichet::domain::CaseFlag;
use guichet::domain::position::FolderRole;
use guichet::ports::store::Caps;
use guichet::reply::permission::AddressPattern;

use crate::loops::SUPPORT;
use crate::loops::counter::Counter;
use crate::loops::others::{forwarded, letter};

const KIM: &str = "kim@home.example";
const LEE: &str = "lee@else.example";

/// A letter about an order of its own: a conversation of its own.
async fn writes(counter: &Counter, from: &str, order: usize) {
    counter.receives(&letter(from, SUPPORT, order)).await;
}

/// To whom mail left since the last time.
async fn acknowledged(counter: &Counter) -> Vec<String> {
    counter.sends().await.into_iter().map(|left| left.to).collect()
}

/// Why cases were not acknowledged.
async fn held(counter: &Counter) -> Vec<String> {
    let cases = counter.store().cases(100).await.unwrap();
    let why = |flag: CaseFlag| match flag {
        CaseFlag::NotAcknowledged(why) => Some(why),
        _ => None,
    };
    cases.into_iter().flat_map(|case| case.flags).filter_map(why).collect()
}

async fn capped_at(caps: Caps) -> Counter {
    Counter::open_with(SUPPORT, |settings| settings.caps = caps).await
}

const WIDE: Caps = Caps { per_sender_per_day: 100, per_domain_per_hour: Some(100), per_mailbox_per_hour: 100 };

pub async fn the_senders_cap_is_reached() {
    let counter = capped_at(Caps { per_sender_per_day: 1, ..WIDE }).await;
    writes(&counter, KIM, 1).await;
    writes(&counter, "Kim+web@HOME.example", 2).await;
    assert_eq!(acknowledged(&counter).await, [KIM]);
    assert_eq!(held(&counter).await, ["cap: sender"]);
    writes(&counter, "jo@home.example", 3).await;
    assert_eq!(acknowledged(&counter).await, ["jo@home.example"]);
}

pub async fn the_domains_cap_is_reached() {
    let counter = capped_at(Caps { per_domain_per_hour: Some(1), ..WIDE }).await;
    writes(&counter, KIM, 1).await;
    writes(&counter, "jo@mail.home.example", 2).await;
    assert_eq!(acknowledged(&counter).await, [KIM]);
    assert_eq!(held(&counter).await, ["cap: domain"]);
    writes(&counter, LEE, 3).await;
    assert_eq!(acknowledged(&counter).await, [LEE]);
}

pub async fn the_breaker_is_open() {
    let counter = capped_at(Caps { per_mailbox_per_hour: 1, ..WIDE }).await;
    writes(&counter, KIM, 1).await;
    assert!(!counter.breaker().await);
    writes(&counter, LEE, 2).await;
    assert_eq!(acknowledged(&counter).await, [KIM]);
    assert_eq!(held(&counter).await, ["breaker"]);
    assert!(counter.breaker().await);
    counter.store().release_breaker("support", counter.now()).await.unwrap();
    writes(&counter, "jo@third.example", 3).await;
    assert_eq!(acknowledged(&counter).await, ["jo@third.example"]);
}

pub async fn another_sender_writes_in_the_case() {
    let counter = Counter::open(SUPPORT).await;
    writes(&counter, KIM, 1).await;
    let joining = letter(LEE, SUPPORT, 2).replace("Subject:", "In-Reply-To: <letter.1@mail.example>\r\nSubject:");
    counter.receives(&joining).await;
    assert_eq!(acknowledged(&counter).await, [KIM]);
    let cases = counter.store().cases(10).await.unwrap();
    assert_eq!(cases.len(), 1);
    assert!(cases[0].flags.contains(&CaseFlag::OtherSender), "{:?}", cases[0].flags);
    assert_eq!(cases[0].customer.as_ref().unwrap().email.as_str(), KIM, "the recipient stays");
    writes(&counter, LEE, 3).await;
    assert_eq!(acknowledged(&counter).await, [LEE]);
}

pub async fn a_person_already_wrote() {
    let offer = format!(
        "Message-ID: <offer@shop.example>\r\nFrom: {SUPPORT}\r\nTo: {KIM}\r\nSubject: Your lamp\r\n\r\nIt is ready.\r\n"
    );
    let citing = |id: &str| letter(KIM, SUPPORT, 1).replace("Subject:", &format!("In-Reply-To: <{id}>\r\nSubject:"));
    let counter = Counter::open(SUPPORT).await;
    counter.lies_in(FolderRole::Sent, offer.as_bytes()).await;
    counter.receives(&citing("offer@shop.example")).await;
    assert!(acknowledged(&counter).await.is_empty());
    assert_eq!(held(&counter).await, ["a person already wrote"]);

    let counter = Counter::open(SUPPORT).await;
    counter.lies_in(FolderRole::Sent, offer.as_bytes()).await;
    counter.receives(&citing("another@shop.example")).await;
    assert_eq!(acknowledged(&counter).await, [KIM]);
}

pub async fn the_mailbox_is_in_shadow_mode() {
    for shadow in [true, false] {
        let counter = Counter::open_with(SUPPORT, |settings| settings.shadow = shadow).await;
        writes(&counter, KIM, 1).await;
        assert_eq!(acknowledged(&counter).await.is_empty(), shadow);
        let why: &[&str] = if shadow { &["shadow mode"] } else { &[] };
        assert_eq!(held(&counter).await, why);
        let cases = counter.store().cases(10).await.unwrap();
        assert!(counter.store().case_file(&cases[0].id).await.unwrap().draft.is_some());
    }
}

pub async fn the_case_was_acknowledged() {
    let counter = Counter::open(SUPPORT).await;
    writes(&counter, KIM, 1).await;
    counter.receives(&letter(KIM, SUPPORT, 1).replace("letter.1", "again.1")).await;
    assert_eq!(acknowledged(&counter).await, [KIM]);
    assert_eq!(counter.cases().await, 1);
    writes(&counter, KIM, 2).await;
    assert_eq!(acknowledged(&counter).await, [KIM], "another matter is another conversation");
}

pub async fn our_acknowledgement_comes_back() {
    let counter = Counter::open(SUPPORT).await;
    writes(&counter, KIM, 1).await;
    let left = counter.sends().await;
    // Whoever sends it on may take all marks of a machine away.
    let back =
        forwarded(&left[0], KIM).replace("Auto-Submitted:", "X-Was:").replace("X-Auto-Response-Suppress:", "X-Had:");
    counter.receives(&back).await;
    let automated = counter.store().automated(10).await.unwrap();
    assert_eq!(automated.iter().map(|message| message.why.as_str()).collect::<Vec<_>>(), ["our own acknowledgement"]);

    let cites = format!("In-Reply-To: <{}>\r\nSubject:", left[0].message_id);
    counter.receives(&letter(KIM, SUPPORT, 2).replace("Subject:", &cites)).await;
    assert_eq!(counter.store().automated(10).await.unwrap().len(), 1, "who answers it is a person");
    assert_eq!(counter.cases().await, 1);
    assert!(acknowledged(&counter).await.is_empty());
}

pub async fn caps_count_the_reply_to_of_a_form() {
    let form = |customer: &str, order: usize| {
        letter("form@shop.example", SUPPORT, order).replace("Subject:", &format!("Reply-To: {customer}\r\nSubject:"))
    };
    let counter = Counter::open_with(SUPPORT, |settings| {
        settings.caps = Caps { per_sender_per_day: 1, ..WIDE };
        settings.permission.contact_forms = vec![AddressPattern::parse("form@shop.example").unwrap()];
    })
    .await;
    counter.receives(&form(KIM, 1)).await;
    counter.receives(&form(KIM, 2)).await;
    assert_eq!(acknowledged(&counter).await, [KIM]);
    assert_eq!(held(&counter).await, ["cap: sender"]);
    counter.receives(&form(LEE, 3)).await;
    assert_eq!(acknowledged(&counter).await, [LEE], "the form itself is not counted");
}
