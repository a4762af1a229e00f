//! The link to the SMTP server fails after every byte of a session.

use std::ops::RangeInclusive;
use std::time::Duration;

use super::house::House;
use super::{faults, played};
use crate::support::cutting::{Fault, Link, Towards};
use crate::support::scripted_smtp::Taken;
use guichet::domain::OutgoingMail;

/// The longest stated limits in a row: thirteen minutes for the body and its answer, fifteen in doubt, and
/// the wait for a new connection. All limits before the body together are shorter.
pub(super) const SMTP_LIMIT: Duration = Duration::from_secs(30 * 60);

/// What a session carried, and the bytes after which its failure leaves doubt.
struct Reference {
    bytes: [(Towards, usize); 2],
    windows: Vec<(Towards, RangeInclusive<usize>)>,
}

impl Reference {
    fn of(carried: &[(Towards, Vec<u8>)]) -> Self {
        let (mut client, mut server) = (0, 0);
        let mut windows = Vec::new();
        let mut body_from = None;
        for (towards, bytes) in carried {
            match towards {
                Towards::Server => server += bytes.len(),
                Towards::Client => {
                    if let Some((answer_from, body_from)) = body_from.take() {
                        // A reset may overtake the answer's last byte.
                        windows.push((Towards::Client, answer_from..=client + bytes.len()));
                        windows.push((Towards::Server, body_from..=server));
                    }
                    client += bytes.len();
                    if bytes.starts_with(b"354") {
                        body_from = Some((client, server));
                    }
                }
            }
        }
        Self { bytes: [(Towards::Client, client), (Towards::Server, server)], windows }
    }

    fn may_leave_doubt(&self, fault: Fault) -> bool {
        self.windows.iter().any(|(towards, window)| *towards == fault.towards && window.contains(&fault.after))
    }
}

/// Two mails over one link: what it carried, the rows of the outbox, and what the server took.
async fn story(fault: Option<Fault>) -> (Reference, Vec<OutgoingMail>, Vec<Taken>) {
    let house = House::new().await;
    let link = Link::to(house.smtp.port, fault, house.still.activity.clone()).await;
    house.put(1).await;
    house.put(2).await;
    let tasks = vec![house.deliver(link.port).await];
    house.until_sent(2, SMTP_LIMIT, &fault).await;
    // The goodbye belongs to the session.
    house.still.during(Duration::from_secs(60), std::future::pending::<()>()).await;
    assert!(fault.is_none() || link.struck(), "{fault:?} did not strike");
    let reference = Reference::of(&link.carried());
    house.end(tasks).await;
    (reference, house.outbox().await, house.smtp.taken())
}

#[test]
fn at_whatever_byte_the_smtp_link_fails_each_mail_leaves_and_only_the_window_makes_a_second_copy() {
    let (reference, ..) = played(story(None));
    assert_eq!(reference.windows.len(), 4, "two mails, counted each way");
    let (mut tried, mut doubts, mut copies) = (0, 0, 0);
    for fault in faults(reference.bytes, 29) {
        let (_, rows, all) = played(story(Some(fault)));
        for row in rows {
            let id = format!("Message-ID: <{}>", row.message_id);
            let taken: Vec<_> = all.iter().filter(|mail| holds(&mail.bytes, &id)).collect();
            let in_window = reference.may_leave_doubt(fault);
            assert!(row.resends == 0 || in_window, "{fault:?}: {id} was in doubt outside the window");
            assert!((1..=1 + row.resends as usize).contains(&taken.len()), "{fault:?}: {} copies of {id}", taken.len());
            assert!(taken.iter().all(|mail| mail.bytes == taken[0].bytes), "{fault:?}: the copies differ");
            doubts += row.resends;
            copies += taken.len() - 1;
        }
        tried += 1;
    }
    assert!(doubts > 0, "no fault left doubt: the windows are wrong");
    println!(
        "{tried} failures of the SMTP link in a session of {:?} bytes: 0 lost, {doubts} in doubt, {copies} second copies, all in the window",
        reference.bytes
    );
}

fn holds(bytes: &[u8], text: &str) -> bool {
    String::from_utf8_lossy(bytes).contains(text)
}
