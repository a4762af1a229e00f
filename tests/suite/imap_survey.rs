//! What `guichet check` is told by a server that lists a message and does not give it.

use std::sync::Arc;

use guichet::adapters::imap::{ImapSettings, Survey};
use guichet::adapters::secret::Secret;
use guichet::adapters::tls::Security;
use guichet::domain::position::FolderRole;

use crate::support::played_imap::{PlayedImap, Said};

#[tokio::test]
async fn a_message_that_is_listed_and_not_given_is_not_taken_for_gone() {
    let server = PlayedImap::start().await;
    for n in 1..=3 {
        server.deliver(format!("Subject: {n}\r\n\r\nHello\r\n").as_bytes(), jiff::Timestamp::UNIX_EPOCH);
    }
    let password = Secret::Given("secret".into());
    let settings = ImapSettings::new("127.0.0.1", server.port, Security::None, "user", password);
    let mut survey = Survey::open(&settings, FolderRole::Inbox).await.unwrap();
    assert_eq!(survey.uids, [1, 2, 3]);
    server.expunge(3);
    let without_the_second = |_: &str, honest: &[u8]| {
        let honest = String::from_utf8_lossy(honest);
        let kept = match honest.split_once("* 2 FETCH (UID 2 BODY") {
            Some((before, cut)) => format!("{before}{}", cut.split_once(")\r\n").unwrap().1),
            None => honest.into_owned(),
        };
        Said { bytes: kept.into_bytes(), close: false }
    };
    server.lie("UID FETCH", 100, Arc::new(without_the_second));
    let handed = survey.messages(&[1, 2, 3]).await.unwrap();
    assert_eq!(handed.messages.keys().copied().collect::<Vec<_>>(), [1], "{:?}", server.transcript());
    assert_eq!(handed.withheld, [2], "and the third is gone");
}
