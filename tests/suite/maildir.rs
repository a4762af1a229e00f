//! The Maildir source: what is new, what is history, and that nothing in it is touched.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use guichet::adapters::maildir::{MaildirActions, MaildirSettings, MaildirSource};
use guichet::domain::position::FolderRole;
use guichet::domain::{Folder, MessageId, Position};
use guichet::ports::{Arrival, Content, MailError, MailSession, MailSource, MailboxActions, Opened, Standing};
use tokio_util::sync::CancellationToken;

struct Maildir {
    folder: tempfile::TempDir,
}

impl Maildir {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        for part in ["new", "cur", "tmp"] {
            std::fs::create_dir(folder.path().join(part)).unwrap();
        }
        Self { folder }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Delivers as a mail server does: written in `tmp/`, renamed to `name`; `age` ago.
    fn deliver(&self, name: &str, age: Duration) -> PathBuf {
        let tmp = self.path().join("tmp/delivery");
        std::fs::write(&tmp, format!("Subject: {name}\r\n\r\nHello\r\n")).unwrap();
        let file = std::fs::File::options().write(true).open(&tmp).unwrap();
        file.set_modified(SystemTime::now() - age).unwrap();
        let target = self.path().join(name);
        std::fs::rename(tmp, &target).unwrap();
        target
    }

    async fn open(&self, stored: Option<&Position>) -> (Box<dyn MailSession>, Opened) {
        let folder = Folder { mailbox: "support".into(), role: FolderRole::Inbox };
        let source = MaildirSource::new(MaildirSettings::new(self.path(), 30), folder);
        let mut session = source.connect().await.unwrap();
        let opened = session.open(stored).await.unwrap();
        (session, opened)
    }
}

/// What the store does with a position.
fn keep(stored: &mut Position, new: &Position) {
    stored.mark.clone_from(&new.mark);
    stored.seen.extend(new.seen.iter().cloned());
    stored.seen.retain(|name| !new.forgotten.contains(name));
}

fn names(arrivals: &[Arrival]) -> Vec<&str> {
    arrivals.iter().map(|arrival| arrival.location.name.as_str()).collect()
}

fn tree(path: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    for part in ["new", "cur"] {
        for entry in std::fs::read_dir(path.join(part)).unwrap() {
            let path = entry.unwrap().path();
            found.insert(path.display().to_string(), std::fs::read(path).unwrap());
        }
    }
    found
}

const HOUR: Duration = Duration::from_secs(3600);
const YEAR: Duration = Duration::from_secs(365 * 86_400);

#[tokio::test]
async fn the_first_start_gives_new_mail_before_young_history_and_leaves_old_history() {
    let maildir = Maildir::new();
    maildir.deliver("cur/2.young:2,RS", HOUR);
    maildir.deliver("new/1.younger", HOUR / 2);
    maildir.deliver("cur/0.old:2,S", YEAR);
    let (mut session, opened) = maildir.open(None).await;
    assert_eq!(opened.standing, Standing::First);
    maildir.deliver("new/3.new", Duration::ZERO);
    let before = tree(maildir.path());
    let arrivals = session.fetch(10).await.unwrap();
    assert_eq!(names(&arrivals), ["3.new", "2.young", "1.younger"]);
    assert_eq!(arrivals.iter().map(|one| one.history).collect::<Vec<_>>(), [false, true, true]);
    assert_eq!(arrivals.iter().map(|one| one.answered).collect::<Vec<_>>(), [false, true, false]);
    let Content::Message(raw) = &arrivals[0].content else { panic!("{:?}", arrivals[0].content) };
    assert_eq!(raw.bytes, b"Subject: new/3.new\r\n\r\nHello\r\n");
    assert_eq!(session.fetch(10).await.unwrap(), []);
    assert_eq!(tree(maildir.path()), before, "watching changes nothing");
}

#[tokio::test]
async fn after_a_loss_it_reads_back_even_where_no_history_is_wanted() {
    let maildir = Maildir::new();
    maildir.deliver("cur/1.lost:2,S", HOUR);
    maildir.deliver("cur/0.known:2,S", 5 * HOUR);
    let folder = Folder { mailbox: "support".into(), role: FolderRole::Inbox };
    let mut session = MaildirSource::new(MaildirSettings::new(maildir.path(), 0), folder).connect().await.unwrap();
    session.reach_back(jiff::Timestamp::try_from(SystemTime::now() - 2 * HOUR).unwrap());
    session.open(None).await.unwrap();
    assert_eq!(names(&session.fetch(10).await.unwrap()), ["1.lost"]);
}

#[tokio::test]
async fn a_restart_between_two_messages_repeats_only_what_was_not_stored() {
    let maildir = Maildir::new();
    maildir.deliver("cur/1.history:2,", HOUR);
    let (mut session, opened) = maildir.open(None).await;
    let mut stored = opened.position;
    maildir.deliver("new/2.first", Duration::from_secs(20));
    maildir.deliver("new/3.second", Duration::from_secs(10));
    let arrivals = session.fetch(2).await.unwrap();
    assert_eq!(names(&arrivals), ["2.first", "3.second"]);
    keep(&mut stored, &arrivals[0].position);

    let (mut session, opened) = maildir.open(Some(&stored)).await;
    assert_eq!(opened.standing, Standing::Continues);
    let arrivals = session.fetch(10).await.unwrap();
    assert_eq!(names(&arrivals), ["3.second", "1.history"]);
    assert_eq!(arrivals.iter().map(|one| one.history).collect::<Vec<_>>(), [false, true]);
    for arrival in &arrivals {
        keep(&mut stored, &arrival.position);
    }
    assert_eq!(stored.seen.iter().collect::<Vec<_>>(), ["1.history", "2.first", "3.second"]);
}

#[tokio::test]
async fn a_message_that_a_mail_client_moves_and_flags_does_not_come_again() {
    let maildir = Maildir::new();
    let (mut session, _) = maildir.open(None).await;
    let file = maildir.deliver("new/1.a", Duration::ZERO);
    assert_eq!(session.fetch(10).await.unwrap().len(), 1);
    std::fs::rename(file, maildir.path().join("cur/1.a:2,RS")).unwrap();
    assert_eq!(session.fetch(10).await.unwrap(), []);
}

#[tokio::test]
async fn names_that_vanished_are_forgotten_with_the_next_message() {
    let maildir = Maildir::new();
    let (mut session, opened) = maildir.open(None).await;
    let mut stored = opened.position;
    let file = maildir.deliver("new/1.gone", Duration::ZERO);
    for arrival in session.fetch(10).await.unwrap() {
        keep(&mut stored, &arrival.position);
    }
    assert!(stored.seen.contains("1.gone"));
    std::fs::remove_file(file).unwrap();
    assert_eq!(session.fetch(10).await.unwrap(), []);
    assert_eq!(session.fetch(10).await.unwrap(), []);
    maildir.deliver("new/2.next", Duration::ZERO);
    for arrival in session.fetch(10).await.unwrap() {
        keep(&mut stored, &arrival.position);
    }
    assert_eq!(stored.seen.iter().collect::<Vec<_>>(), ["2.next"]);
}

#[tokio::test]
async fn a_name_missing_from_one_listing_only_is_not_forgotten() {
    let maildir = Maildir::new();
    let (mut session, _) = maildir.open(None).await;
    let file = maildir.deliver("new/1.a", Duration::ZERO);
    assert_eq!(session.fetch(10).await.unwrap().len(), 1);
    let aside = maildir.path().join("tmp/aside");
    std::fs::rename(&file, &aside).unwrap();
    maildir.deliver("new/2.b", Duration::ZERO);
    let arrivals = session.fetch(10).await.unwrap();
    assert_eq!(names(&arrivals), ["2.b"]);
    assert!(arrivals[0].position.forgotten.is_empty());
    std::fs::rename(&aside, &file).unwrap();
    assert_eq!(session.fetch(10).await.unwrap(), []);
}

#[tokio::test]
async fn waiting_ends_when_mail_is_delivered_and_when_told_to_stop() {
    let maildir = Maildir::new();
    let (mut session, _) = maildir.open(None).await;
    assert_eq!(session.fetch(10).await.unwrap(), []);
    let stop = CancellationToken::new();
    let (waited, _) = tokio::join!(session.wait(YEAR, &stop), async { maildir.deliver("new/1.a", Duration::ZERO) });
    waited.unwrap();
    assert_eq!(names(&session.fetch(10).await.unwrap()), ["1.a"]);
    let (waited, ()) = tokio::join!(session.wait(YEAR, &stop), async { stop.cancel() });
    waited.unwrap();
}

#[tokio::test]
async fn what_cannot_be_read_is_given_up_at_the_third_try_and_stops_no_message() {
    let maildir = Maildir::new();
    let (mut session, _) = maildir.open(None).await;
    std::fs::create_dir(maildir.path().join("new/folder")).unwrap();
    std::os::unix::fs::symlink("1.loop", maildir.path().join("new/1.loop")).unwrap();
    let stop = CancellationToken::new();
    stop.cancel();
    let mut contents = Vec::new();
    for _ in 0..4 {
        for arrival in session.fetch(10).await.unwrap() {
            assert_eq!(arrival.location.name, "1.loop", "a folder is no message");
            contents.push(arrival.content);
        }
        session.wait(Duration::ZERO, &stop).await.unwrap();
    }
    let [Content::Failed { .. }, Content::Failed { .. }, Content::Quarantined { why }] = contents.as_slice() else {
        panic!("{contents:?}")
    };
    assert!(why.contains("new/1.loop"), "{why}");
    maildir.deliver("new/2.good", Duration::ZERO);
    assert_eq!(names(&session.fetch(10).await.unwrap()), ["2.good"]);
}

#[tokio::test]
async fn a_message_over_the_size_cap_is_read_in_part() {
    let maildir = Maildir::new();
    let settings = MaildirSettings { size_cap: 10, ..MaildirSettings::new(maildir.path(), 0) };
    let source = MaildirSource::new(settings, Folder { mailbox: "support".into(), role: FolderRole::Inbox });
    let mut session = source.connect().await.unwrap();
    session.open(None).await.unwrap();
    maildir.deliver("new/1.large", Duration::ZERO);
    let arrivals = session.fetch(1).await.unwrap();
    let Content::Message(raw) = &arrivals[0].content else { panic!("{:?}", arrivals[0].content) };
    assert!(raw.partial);
    assert_eq!(raw.bytes, b"Subject: n");
}

#[tokio::test]
async fn a_folder_that_is_no_maildir_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let source = MaildirSource::new(
        MaildirSettings::new(folder.path(), 0),
        Folder { mailbox: "support".into(), role: FolderRole::Inbox },
    );
    let Err(MailError::Permanent(why)) = source.connect().await else { panic!("connected") };
    assert!(why.contains(&folder.path().display().to_string()), "{why}");
    assert!(why.contains("is not a Maildir"), "{why}");
}

#[tokio::test]
async fn a_sent_message_is_filed_as_seen_and_found_by_its_id() {
    let folder = tempfile::tempdir().unwrap();
    let actions = MaildirActions::new(folder.path().join("Sent"));
    let id = MessageId::parse("<reply.1@shop.example>").unwrap();
    assert!(!actions.find_sent(&id).await.unwrap());
    let bytes = b"Message-ID: <reply.1@shop.example>\r\nSubject: Re\r\n\r\nHello\r\n";
    actions.file_sent(bytes).await.unwrap();
    assert!(actions.find_sent(&id).await.unwrap());
    assert!(!actions.find_sent(&MessageId::parse("<reply.2@shop.example>").unwrap()).await.unwrap());
    let filed: Vec<_> = std::fs::read_dir(folder.path().join("Sent/cur")).unwrap().collect();
    let [Ok(filed)] = filed.as_slice() else { panic!("{filed:?}") };
    assert!(filed.file_name().to_string_lossy().ends_with(":2,S"));
    assert_eq!(std::fs::read(filed.path()).unwrap(), bytes);
}
