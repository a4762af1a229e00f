//! The link to the IMAP server fails after every byte of a session.

use super::house::House;
use super::{IMAP_LIMIT, faults, played};
use crate::support::cutting::{Fault, Link, Towards};

/// Two letters lie there, a third arrives during IDLE: bytes carried each way.
async fn story(fault: Option<Fault>) -> [(Towards, usize); 2] {
    let house = House::new().await;
    let link = Link::to(house.imap.port, fault, house.still.activity.clone()).await;
    house.receive(1);
    house.receive(2);
    let tasks = vec![house.watch(link.port).await, house.deliver(house.smtp.port).await];
    house.until_sent(2, IMAP_LIMIT, &fault).await;
    house.receive(3);
    house.until_sent(3, IMAP_LIMIT, &fault).await;
    house.assert_each_once(3, &fault).await;
    let carried = link.carried();
    let count = |towards| carried.iter().filter(|(way, _)| *way == towards).map(|(_, bytes)| bytes.len()).sum();
    assert!(fault.is_none() || link.struck(), "{fault:?} did not strike");
    assert!(fault.is_some() || link.connections() == 1, "the reference session has one connection");
    house.end(tasks).await;
    [(Towards::Client, count(Towards::Client)), (Towards::Server, count(Towards::Server))]
}

#[test]
fn at_whatever_byte_the_imap_link_fails_nothing_is_missed_and_nobody_answered_twice() {
    let bytes = played(story(None));
    let mut tried = 0;
    for fault in faults(bytes, 61) {
        played(story(Some(fault)));
        tried += 1;
    }
    println!("{tried} failures of the IMAP link in a session of {bytes:?} bytes: 0 missed, 0 answered twice");
}
