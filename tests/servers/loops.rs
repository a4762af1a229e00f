//! Guichet against Pigeonhole's vacation, and against another Guichet: nobody answers an answer.

mod neighbours;

use crate::play::daemon::Seen;
use crate::story::{CUSTOMER, Stage};
use crate::support::dovecot::USER;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_absent_customer_gets_one_acknowledgement_and_no_second() {
    let stage = Stage::new();
    stage.dovecot.goes_on_vacation(CUSTOMER);
    let mut daemon = stage.start();
    let text = "The kettle of order 48213 stopped working, I want my money back.\r\n";
    stage.customer_writes("first", "Order 48213", text).await;
    assert!(matches!(daemon.wait_line(&["acknowledgement accepted"]), Seen::Line(_)), "{}", daemon.log.join("\n"));
    stage.messages(CUSTOMER, "INBOX", 1);
    assert!(matches!(daemon.wait_line(&["assessed"]), Seen::Line(_)), "{}", daemon.log.join("\n"));
    // A person's reply is what vacation answers: an acknowledgement says that a machine wrote it.
    let case = stage.queue(&daemon)["cases"][0]["case"].as_str().expect("one case waits").to_owned();
    let revision = stage.queue(&daemon)["cases"][0]["revision"].to_string();
    let approved = daemon.command(&["queue", "approve", &case, "--revision", &revision, "--as", crate::shop::NAME]);
    assert!(approved.status.success(), "{}", String::from_utf8_lossy(&approved.stderr));
    assert!(matches!(daemon.wait_line(&["automated message stored"]), Seen::Line(_)), "{}", daemon.log.join("\n"));
    let inbox = stage.messages(USER.0, "INBOX", 2);
    assert_eq!(inbox.len(), 2, "the letter and the one notice that answers the reply");
    let received = stage.messages(CUSTOMER, "INBOX", 2);
    assert_eq!(received.len(), 2, "one acknowledgement and one reply");
    assert_eq!(daemon.log.iter().filter(|line| line.contains("acknowledgement accepted")).count(), 1);
    assert!(daemon.stop().success());
}
