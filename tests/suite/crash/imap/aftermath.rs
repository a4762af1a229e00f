//! What a crash left, and what becomes of it once the daemon is started again.

use guichet::domain::position::FolderRole;
use guichet::domain::{CaseId, Folder, OutgoingKind, OutgoingMail};
use guichet::ports::Store;

use super::super::approve;
use super::super::repetition::fast;
use super::customer;
use super::play::{Shop, is_filed};
use crate::store_sled::open;
use crate::support::played_imap::{ACKNOWLEDGED, Account};

/// The stored position of the inbox, as the IMAP adapter writes it.
async fn mark(store: &dyn Store) -> Option<serde_json::Value> {
    let inbox = Folder { mailbox: "support".into(), role: FolderRole::Inbox };
    store.position(&inbox).await.unwrap().map(|position| serde_json::from_str(&position.mark).unwrap())
}

async fn cases_of(store: &dyn Store, customer: &str) -> Vec<CaseId> {
    let cases = store.cases(100).await.unwrap().into_iter();
    cases
        .filter(|case| case.customer.as_ref().is_some_and(|c| c.email.as_str() == customer))
        .map(|case| case.id)
        .collect()
}

/// Right after the crash: no position lies behind a message that is not stored.
pub async fn assert_nothing_skipped(shop: &Shop, customers: usize, point: &str) {
    let store = open(&shop.data());
    let Some(mark) = mark(&store).await else { return };
    let inbox = shop.imap.account().borrow().inbox.clone();
    let next = mark["next_uid"].as_u64().unwrap();
    assert!(next <= u64::from(inbox.uid_next), "{point}: {mark} is past what ever came");
    for customer in (0..customers).map(customer) {
        let behind = inbox.holding(&customer).any(|(uid, _)| u64::from(*uid) < next);
        let known = cases_of(&store, &customer).await.len();
        assert_eq!(known, usize::from(behind), "{point}: {customer} against {mark}");
    }
}

fn all_marked(account: &Account) -> bool {
    account.inbox.messages.values().all(|kept| kept.flags.contains(ACKNOWLEDGED))
}

/// Started anew, with a clock that makes a quarter of an hour of doubt short: whatever had not been done is done.
pub fn aftermath(shop: &Shop, customers: usize) {
    let mut daemon = fast(&shop.config, None);
    assert!(daemon.wait_ready(), "does not start again:\n{}", daemon.log.join("\n"));
    (0..customers).for_each(|n| shop.deliver(n));
    assert!(shop.seen(&daemon, "every keyword", all_marked));
    (0..customers).for_each(|n| approve(&daemon, &customer(n)));
    let filed = |account: &Account| (0..customers).all(|n| is_filed(account, &customer(n)));
    assert!(shop.seen(&daemon, "every copy", filed));
    // What is filed is written down before the daemon ends.
    assert!(daemon.stop().success(), "{}", daemon.log.join("\n"));
}

/// What everybody has in the end. How many second copies the server took.
pub async fn check(shop: &Shop, customers: usize) -> usize {
    let store = open(&shop.data());
    assert_eq!(store.loss().await.unwrap(), None, "nothing was taken for a loss");
    let account = shop.imap.account().borrow().clone();
    let mark = mark(&store).await.unwrap();
    assert_eq!(mark["next_uid"], account.inbox.uid_next, "{mark}");
    assert!(mark["retry"].is_null() && all_marked(&account), "{mark}");
    let mut second = 0;
    for customer in (0..customers).map(customer) {
        let cases = cases_of(&store, &customer).await;
        assert_eq!(cases.len(), 1, "{customer} has one case, nothing is lost and nothing doubled");
        let file = store.case_file(&cases[0]).await.unwrap();
        let of = |kind| file.outgoing.iter().filter(move |mail| mail.kind == kind).count();
        assert_eq!((of(OutgoingKind::Acknowledgement), of(OutgoingKind::Reply)), (1, 1), "{customer}");
        for mail in &file.outgoing {
            second += copies_beyond_the_first(shop, mail);
            let id = mail.message_id.to_string();
            let filed = account.sent.messages.values().filter(|kept| kept.is_named(&id)).count();
            assert_eq!(filed, usize::from(mail.kind == OutgoingKind::Reply), "copies of {} filed", mail.id);
        }
        let record = serde_json::to_string(&file.record).unwrap();
        assert!(!record.contains("answered_elsewhere") && !record.contains("unproven_answer"), "{customer}: {record}");
    }
    second
}

/// All that was accepted of a mail: the same bytes, and twice only where it had been in doubt.
fn copies_beyond_the_first(shop: &Shop, mail: &OutgoingMail) -> usize {
    let id = format!("Message-ID: {}", mail.message_id);
    let mut copies: Vec<_> = shop.smtp.taken().into_iter().map(|copy| copy.bytes).collect();
    copies.retain(|copy| String::from_utf8_lossy(copy).contains(&id));
    assert_eq!(mail.state.name(), "sent", "{id}");
    assert!((1..=1 + mail.resends as usize).contains(&copies.len()), "{id}: {} copies", copies.len());
    assert!(mail.resends <= 1 && copies.windows(2).all(|pair| pair[0] == pair[1]), "{id}");
    copies.len() - 1
}
