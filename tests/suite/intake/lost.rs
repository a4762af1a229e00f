//! Letters of which the store lost what it knew, or that came while nobody watched: a person sees them.

use guichet::domain::position::FolderRole;
use guichet::domain::{Case, CaseFlag, CaseState, Closed};
use guichet::ports::{Arrival, Content};
use jiff::{SignedDuration, Timestamp};

use super::{CUSTOMER, Counter, WISH};

fn letter_of(name: &str) -> String {
    format!(
        "Return-Path: <{name}@{name}.example>\r\nFrom: {name}@{name}.example\r\nTo: support@shop.example\r\n\
         Subject: A kettle\r\n"
    )
}

/// It lies in the folder when that is read for the first time; it came so many hours ago.
fn there_since(hours: i64) -> impl Fn(&mut Arrival) {
    move |arrival| {
        arrival.history = true;
        let Content::Message(raw) = &mut arrival.content else { panic!("a message") };
        raw.arrived_at = Timestamp::now() - SignedDuration::from_hours(hours);
    }
}

impl Counter {
    async fn of(&self, name: &str) -> Case {
        let of = |case: &Case| case.customer.as_ref().is_some_and(|c| c.email.as_str().starts_with(name));
        self.cases().await.into_iter().find(of).unwrap_or_else(|| panic!("{name} has no case"))
    }

    /// Claire's letter (m1) was answered from a mail client when the store turns out to be older than what was done.
    async fn older_than_what_was_done() -> Self {
        let counter = Self::open(false).await;
        counter.arrives(CUSTOMER, WISH).await;
        let head = "Return-Path: <support@shop.example>\r\nFrom: support@shop.example\r\nTo: claire@orange.example\r\n\
                    Cc: support@shop.example\r\nSubject: Re: Order 48213\r\nIn-Reply-To: <m1@mail.example>\r\n";
        counter.takes(FolderRole::Sent, head, "We have refunded you.", |_| {}).await;
        assert_eq!(counter.of("claire").await.state, CaseState::Answered);
        counter.store.roll_back(Timestamp::now(), "it is older").await.unwrap();
        counter
    }

    async fn waits_after_the_loss(&self, name: &str) -> Case {
        let case = self.of(name).await;
        assert_eq!(case.state, CaseState::NeedsReply, "{name} waits for an answer");
        assert!(case.flags.contains(&CaseFlag::AfterLoss), "{name}: {:?}", case.flags);
        assert!(self.store.case_file(&case.id).await.unwrap().draft.is_some(), "{name} has a draft");
        case
    }
}

#[tokio::test]
async fn unknown_letters_after_a_loss_wait_for_a_person_and_are_not_acknowledged() {
    let counter = Counter::older_than_what_was_done().await;
    let before = counter.outbox().await.len();
    counter.takes(FolderRole::Inbox, &letter_of("ben"), WISH, there_since(3)).await;
    counter
        .takes(FolderRole::Inbox, &letter_of("dora"), WISH, |arrival| {
            there_since(2)(arrival);
            arrival.marked_acknowledged = true;
        })
        .await;
    let again = format!("{CUSTOMER}In-Reply-To: <m1@mail.example>\r\n");
    counter.takes(FolderRole::Inbox, &again, "I still have no refund, please answer.", there_since(1)).await;
    counter.takes(FolderRole::Inbox, &letter_of("olga"), WISH, there_since(24 * 20)).await;

    let ben = counter.waits_after_the_loss("ben").await;
    assert!(ben.flags.contains(&CaseFlag::MaybeAcknowledged), "{:?}", ben.flags);
    let dora = counter.waits_after_the_loss("dora").await;
    assert!(!dora.flags.contains(&CaseFlag::MaybeAcknowledged), "the keyword says that she was: {:?}", dora.flags);
    counter.waits_after_the_loss("claire").await;
    assert_eq!(counter.of("olga").await.state, CaseState::Closed(Closed::History), "older than what was lost");
    assert_eq!(counter.outbox().await.len(), before, "nobody is acknowledged");
    assert_eq!(counter.store.work().await.unwrap().len(), 3);
}

#[tokio::test]
async fn a_letter_that_was_answered_in_the_time_lost_is_nobodys_work() {
    let counter = Counter::older_than_what_was_done().await;
    let to = |name: &str, n: u32, more: &str| {
        format!(
            "From: support@shop.example\r\nTo: {name}@{name}.example\r\nSubject: Re: A kettle\r\n{more}\
             In-Reply-To: <m{n}@mail.example>\r\n"
        )
    };
    // The folder of sent mail may be read first. It holds an answer, and an acknowledgement that the server filed.
    counter.takes(FolderRole::Sent, &to("ben", 5, ""), "It is on its way.", there_since(1)).await;
    counter
        .takes(FolderRole::Sent, &to("dora", 6, "Auto-Submitted: auto-replied\r\n"), "Received.", there_since(1))
        .await;
    counter.takes(FolderRole::Inbox, &letter_of("ben"), WISH, there_since(3)).await;
    counter.takes(FolderRole::Inbox, &letter_of("dora"), WISH, there_since(3)).await;
    assert_eq!(counter.of("ben").await.state, CaseState::Answered);
    counter.waits_after_the_loss("dora").await;
}

#[tokio::test]
async fn without_a_loss_what_was_there_before_the_first_start_is_history() {
    let counter = Counter::open(false).await;
    counter.takes(FolderRole::Inbox, &letter_of("ben"), WISH, there_since(3)).await;
    assert_eq!(counter.of("ben").await.state, CaseState::Closed(Closed::History));
}
