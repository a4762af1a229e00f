//! A message that the process does not survive: met a few times, put aside for a person, and survived by all others.

use guichet::domain::position::FolderRole;
use guichet::ports::Store;

use super::play::{Shop, customer};
use crate::store_sled::open;
use crate::support::daemon::{Daemon, Seen};

/// The second of three letters.
const DEADLY: &str = "message-begun@7/2";

fn deliver(shop: &Shop) {
    (0..3).for_each(|n| shop.deliver(n));
}

/// Customers who have a case, in any order.
async fn customers(shop: &Shop) -> Vec<String> {
    let cases = open(&shop.data()).cases(100).await.unwrap().into_iter();
    let mut customers: Vec<_> = cases.filter_map(|case| Some(case.customer?.email.to_string())).collect();
    customers.sort();
    customers
}

fn dies(shop: &Shop) {
    let mut daemon = Daemon::start(&shop.config, Some(DEADLY));
    deliver(shop);
    assert!(!daemon.exit().success(), "survived:\n{}", daemon.log.join("\n"));
}

/// Starts, and ends in good order once it has taken so many letters in. That of an earlier life may be acknowledged meanwhile.
fn lives(shop: &Shop, point: Option<&str>, taken: usize) {
    let mut daemon = Daemon::start(&shop.config, point);
    assert!(daemon.wait_ready(), "{}", daemon.log.join("\n"));
    deliver(shop);
    let seen = daemon.wait_lines(taken, &["acknowledgement queued"]);
    assert_ne!(seen, Seen::Ended, "{}", daemon.log.join("\n"));
    assert!(daemon.stop().success(), "{}", daemon.log.join("\n"));
}

/// The folder is met before any of them comes.
async fn shop_with_an_empty_inbox() -> Shop {
    let shop = Shop::new().await;
    tokio::task::block_in_place(|| {
        let mut daemon = Daemon::start(&shop.config, None);
        assert!(daemon.wait_ready() && daemon.stop().success(), "{}", daemon.log.join("\n"));
    });
    shop
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_that_kills_the_process_three_times_is_listed_and_the_others_go_on() {
    let shop = shop_with_an_empty_inbox().await;
    tokio::task::block_in_place(|| (0..3).for_each(|_| dies(&shop)));
    assert_eq!(customers(&shop).await, [customer(0)], "what comes behind it waits");
    tokio::task::block_in_place(|| lives(&shop, Some(DEADLY), 1));
    assert_eq!(customers(&shop).await, [customer(0), customer(2)]);
    let listed = open(&shop.data()).quarantined(9).await.unwrap();
    assert_eq!(listed.len(), 1, "{listed:?}");
    assert_eq!((listed[0].location.name.as_str(), listed[0].location.folder.role), ("7/2", FolderRole::Inbox));
    assert!(listed[0].why.contains("ended 3 times"), "{}", listed[0].why);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_that_killed_the_process_twice_is_taken_by_the_third() {
    let shop = shop_with_an_empty_inbox().await;
    tokio::task::block_in_place(|| {
        (0..2).for_each(|_| dies(&shop));
        lives(&shop, None, 2);
    });
    assert_eq!(customers(&shop).await, [0, 1, 2].map(customer));
    assert_eq!(open(&shop.data()).quarantined(9).await.unwrap(), Vec::new());
}
