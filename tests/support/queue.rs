//! The queue as a store holds it, put in order.

use guichet::domain::policy::Policy;
use guichet::domain::{Agenda, Calendar, CaseId};
use guichet::ports::Store;
use guichet::ports::store::QueueRow;
use jiff::Timestamp;
use jiff::tz::TimeZone;

/// Its rows in the order of work of a shop with the default policy and no opening hours of its own.
pub async fn rows(store: &dyn Store, now: Timestamp) -> Vec<QueueRow> {
    let policy = Policy::default();
    let mut work = store.work().await.unwrap();
    Agenda::new(&policy, &Calendar::without_hours(TimeZone::UTC), now).sort(&mut work);
    let ids: Vec<CaseId> = work.into_iter().map(|work| work.case).collect();
    store.queue_rows(&ids).await.unwrap()
}
