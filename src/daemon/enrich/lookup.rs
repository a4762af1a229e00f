//! From what the customer named to the purchase, with patience for a source that is slow or down.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::daemon::backoff::Backoff;
use crate::domain::joining::canonical_order_number;
use crate::domain::{Order, Purchase};
use crate::ports::{OrderQuery, Orders};

/// A source that takes longer has not answered.
const DEADLINE: Duration = Duration::from_secs(5);
/// The first wait after a failure; it doubles.
const FIRST_WAIT: SignedDuration = SignedDuration::from_secs(10);
/// A source that came back is noticed after this at the latest.
const LONGEST_WAIT: SignedDuration = SignedDuration::from_mins(5);

/// The order source as one worker sees it.
pub(super) struct Source {
    orders: Option<Arc<dyn Orders>>,
    backoff: Backoff,
    down: Option<Down>,
}

/// The source failed: until then nobody waits for it again, so that many cases do not wait one after the other.
struct Down {
    why: String,
    until: Timestamp,
}

impl Source {
    pub(super) fn new(orders: Option<Arc<dyn Orders>>) -> Self {
        Self { orders, backoff: Backoff::new(FIRST_WAIT, LONGEST_WAIT), down: None }
    }

    /// Looks a purchase up; `bits` are random.
    pub(super) async fn purchase(&mut self, query: &OrderQuery, now: Timestamp, bits: u64) -> Purchase {
        let Some(orders) = self.orders.as_ref().filter(|orders| orders.takes(query)) else {
            return Purchase::NotAsked;
        };
        if let Some(down) = self.down.as_ref().filter(|down| now < down.until) {
            return Purchase::Unavailable { why: down.why.clone(), at: now };
        }
        let why = match tokio::time::timeout(DEADLINE, orders.find(query)).await {
            Ok(Ok(found)) => {
                self.down = None;
                self.backoff.reset();
                return chosen(query, found, now);
            }
            Ok(Err(error)) => error.to_string(),
            Err(_) => format!("the order source gave no answer in {} s", DEADLINE.as_secs()),
        };
        let until = now.saturating_add(self.backoff.next(bits)).unwrap_or(now);
        self.down = Some(Down { why: why.clone(), until });
        Purchase::Unavailable { why, at: now }
    }

    /// When the source is asked again; `None` while it answers.
    pub(super) fn next_try(&self) -> Option<Timestamp> {
        self.down.as_ref().map(|down| down.until)
    }

    /// What is wrong with it now. A failure counts until the source would be asked again: nobody may need it then.
    pub(super) async fn trouble(&self, now: Timestamp) -> Option<String> {
        let orders = self.orders.as_ref()?;
        let down = self.down.as_ref().filter(|down| now < down.until);
        match (tokio::time::timeout(DEADLINE, orders.trouble()).await, down) {
            (Ok(Some(trouble)), _) => Some(trouble),
            (_, Some(down)) => Some(down.why.clone()),
            (Ok(None), None) => None,
            (Err(_), None) => Some(format!("the order source gave no answer in {} s", DEADLINE.as_secs())),
        }
    }
}

/// Which of the orders found it is: the one that bears the number named, else the sender's only one.
fn chosen(query: &OrderQuery, found: Vec<Order>, at: Timestamp) -> Purchase {
    let named = query.number.as_deref().map(canonical_order_number).filter(|number| !number.is_empty());
    let bears = |order: &Order| named.as_ref().is_some_and(|named| canonical_order_number(&order.number) == *named);
    let of_sender = |order: &Order| {
        query.email.as_ref().is_some_and(|sender| order.emails.iter().any(|email| email.same_mailbox(sender)))
    };
    let (mut bearing, others): (Vec<Order>, Vec<Order>) = found.into_iter().partition(bears);
    if bearing.len() > 1 && bearing.iter().filter(|order| of_sender(order)).count() == 1 {
        bearing.retain(of_sender);
    }
    let by_number = !bearing.is_empty();
    let mut fitting = if by_number { bearing } else { others };
    match (fitting.len(), fitting.pop()) {
        (1, Some(order)) => Purchase::Found { order: Box::new(order), by_number, at },
        (_, Some(last)) => {
            let numbers = fitting.into_iter().chain([last]).map(|order| order.number).collect();
            Purchase::Several { numbers, at }
        }
        (_, None) => Purchase::NotFound { at },
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use async_trait::async_trait;

    use super::*;
    use crate::domain::Email;
    use crate::ports::OrdersError;

    fn order(number: &str, email: &str) -> Order {
        let facts = serde_json::json!({ "number": number, "ordered_on": "2026-02-09", "emails": [email] });
        serde_json::from_value(facts).unwrap()
    }

    fn query(number: Option<&str>) -> OrderQuery {
        OrderQuery { number: number.map(str::to_owned), email: Email::parse("a@b.example").ok() }
    }

    fn found(number: Option<&str>, orders: &[Order]) -> Purchase {
        chosen(&query(number), orders.to_vec(), Timestamp::UNIX_EPOCH)
    }

    #[test]
    fn a_number_is_compared_without_case_blanks_and_punctuation() {
        let orders = [order("FR-2026/001", "a@b.example"), order("FR-2026/002", "a@b.example")];
        for written in ["fr 2026 001", "#FR2026001", "FR-2026/001"] {
            let purchase = found(Some(written), &orders);
            assert!(
                matches!(&purchase, Purchase::Found { order, by_number: true, .. } if order.number == "FR-2026/001"),
                "{written}: {purchase:?}"
            );
        }
    }

    #[test]
    fn the_senders_only_order_is_found_and_several_are_named() {
        let (one, two) = (order("1", "a@b.example"), order("2", "a@b.example"));
        assert!(matches!(found(None, std::slice::from_ref(&one)), Purchase::Found { by_number: false, .. }));
        assert!(matches!(found(Some("9"), std::slice::from_ref(&one)), Purchase::Found { by_number: false, .. }));
        let Purchase::Several { numbers, .. } = found(None, &[one.clone(), two]) else { panic!("two orders") };
        assert_eq!(numbers, ["1", "2"]);
        assert!(matches!(found(None, &[]), Purchase::NotFound { .. }));
        // One number, used twice (two shops in one list): the sender's own.
        let twins = [order("7", "x@y.example"), order("7", "A+tag@b.example")];
        assert!(matches!(found(Some("7"), &twins), Purchase::Found { by_number: true, .. }));
    }

    /// Answers as told, and counts how often it was asked.
    struct Played(Mutex<(u32, Option<OrdersError>)>);

    #[async_trait]
    impl Orders for Played {
        async fn find(&self, _: &OrderQuery) -> Result<Vec<Order>, OrdersError> {
            let error = {
                let mut state = self.0.lock().unwrap();
                state.0 += 1;
                state.1.clone()
            };
            match error {
                Some(OrdersError::Temporary(what)) if what == "hangs" => std::future::pending().await,
                Some(error) => Err(error),
                None => Ok(Vec::new()),
            }
        }

        async fn trouble(&self) -> Option<String> {
            None
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_source_that_hangs_costs_five_seconds_once_and_is_asked_again_later() {
        let played = Arc::new(Played(Mutex::new((0, Some(OrdersError::Temporary("hangs".into()))))));
        let mut source = Source::new(Some(played.clone()));
        let (begun, now) = (tokio::time::Instant::now(), Timestamp::UNIX_EPOCH);
        for _ in 0..20 {
            let purchase = source.purchase(&query(None), now, 0).await;
            assert!(matches!(&purchase, Purchase::Unavailable { why, .. } if why.contains("5 s")), "{purchase:?}");
        }
        assert_eq!(begun.elapsed(), DEADLINE, "twenty cases wait once");
        assert_eq!(played.0.lock().unwrap().0, 1);
        assert!(source.trouble(now).await.is_some());

        let next = source.next_try().unwrap();
        assert_eq!(source.trouble(next).await, None, "it may be well again, and nobody needs it");
        played.0.lock().unwrap().1 = None;
        assert!(matches!(source.purchase(&query(None), next, 0).await, Purchase::NotFound { .. }));
        assert_eq!((source.next_try(), source.trouble(next).await), (None, None));
    }

    #[tokio::test]
    async fn nobody_is_asked_without_a_source_or_without_a_key() {
        let mut none = Source::new(None);
        assert_eq!(none.purchase(&query(Some("1")), Timestamp::UNIX_EPOCH, 0).await, Purchase::NotAsked);
        let played = Arc::new(Played(Mutex::new((0, None))));
        let mut source = Source::new(Some(played.clone()));
        let nothing = OrderQuery { number: None, email: None };
        assert_eq!(source.purchase(&nothing, Timestamp::UNIX_EPOCH, 0).await, Purchase::NotAsked);
        assert_eq!(played.0.lock().unwrap().0, 0);
    }
}
