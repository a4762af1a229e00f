//! What a person has to look at: kept in memory, shown by the desk,
//! and logged when it begins and ends.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;

use crate::domain::address::mask_addresses;
use crate::ports::Clock;

/// Subject of the alarm about a store that does not know all that was done: the one that a person dismisses.
pub const LOSS: &str = "store";

/// One thing that is wrong now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alarm {
    /// Its subject, e.g. `smtp support`: at most one alarm a subject.
    pub key: String,
    /// What happened, to what, and what to do.
    pub sentence: String,
    /// When it began.
    pub since: Timestamp,
    /// When it was last seen to be so.
    pub last: Timestamp,
    /// How often it was seen.
    pub count: u64,
}

/// All present alarms. Clones share them.
#[derive(Clone)]
pub struct Alarms {
    clock: Arc<dyn Clock>,
    open: Arc<Mutex<BTreeMap<String, Alarm>>>,
}

impl Alarms {
    /// No alarm yet.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, open: Arc::default() }
    }

    /// Something is wrong with `key`. Repeating it counts and keeps the newest sentence; it is logged
    /// only when it begins or its sentence changes.
    pub fn raise(&self, key: &str, sentence: impl Into<String>) {
        let (sentence, now) = (sentence.into(), self.clock.now());
        let news = match self.lock().entry(key.to_owned()) {
            Entry::Vacant(entry) => {
                let key = key.to_owned();
                entry.insert(Alarm { key, sentence: sentence.clone(), since: now, last: now, count: 1 });
                true
            }
            Entry::Occupied(mut entry) => {
                let alarm = entry.get_mut();
                let changed = alarm.sentence != sentence;
                alarm.sentence.clone_from(&sentence);
                alarm.last = now;
                alarm.count += 1;
                changed
            }
        };
        if news {
            // A server's words may name a customer; the log never does.
            tracing::error!(subject = key, "alarm: {}", mask_addresses(&sentence));
        }
    }

    /// `key` is well again. Nothing happens when it was.
    pub fn clear(&self, key: &str) {
        let cleared = self.lock().remove(key);
        if let Some(alarm) = cleared {
            tracing::info!(subject = key, since = %alarm.since, count = alarm.count, "alarm over");
        }
    }

    /// The present alarms, by subject.
    pub fn list(&self) -> Vec<Alarm> {
        self.lock().values().cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Alarm>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Alarms {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.list()).finish()
    }
}

#[cfg(test)]
mod tests {
    use async_trait::async_trait;

    use super::*;

    struct Still;

    #[async_trait]
    impl Clock for Still {
        fn now(&self) -> Timestamp {
            Timestamp::UNIX_EPOCH
        }

        async fn sleep_until(&self, _at: Timestamp) {}
    }

    #[test]
    fn an_alarm_is_counted_kept_up_to_date_and_cleared() {
        let alarms = Alarms::new(Arc::new(Still));
        alarms.raise("smtp support", "wrong password");
        alarms.clone().raise("smtp support", "expired certificate");
        alarms.raise("imap support", "no such folder");
        let listed = alarms.list();
        assert_eq!(listed.len(), 2);
        let smtp = listed.iter().find(|alarm| alarm.key == "smtp support").unwrap();
        assert_eq!((smtp.count, smtp.sentence.as_str()), (2, "expired certificate"));
        alarms.clear("smtp support");
        alarms.clear("smtp support");
        assert_eq!(alarms.list().len(), 1);
    }
}
