//! A shop whose mail comes by Maildir and leaves into a folder: the real daemon, no mail server.

use std::path::{Path, PathBuf};

use guichet::adapters::reviewers::ReviewersFile;

use crate::shop::{NAME, PASSWORD};
use crate::support::free_port;

/// Where everything of one shop lies.
pub struct MaildirShop {
    pub folder: tempfile::TempDir,
    /// What Guichet keeps, outgoing mail included.
    pub data: PathBuf,
    pub config: PathBuf,
    pub desk: u16,
}

impl MaildirShop {
    /// `extra` stands at the top of the configuration. What is kept lies below `kept`, else beside the rest.
    pub fn new(kept: Option<&Path>, extra: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        for part in ["inbox/new", "inbox/cur", "inbox/tmp"] {
            std::fs::create_dir_all(root.join(part)).unwrap();
        }
        let kept = kept.unwrap_or(root);
        let (data, desk) = (kept.join("data"), free_port());
        let config = root.join("guichet.toml");
        let text = format!(
            "data_dir = {data:?}\n{extra}\n[[mailbox]]\nname = \"support\"\nsource = \"maildir\"\npath = {inbox:?}\n\
             from = \"Shop <support@shop.example>\"\nundo_window = \"0s\"\n[mailbox.smtp]\noutbox_dir = {out:?}\n\
             [desk]\nlisten = \"127.0.0.1:{desk}\"\n",
            inbox = root.join("inbox"),
            out = kept.join("out"),
        );
        std::fs::write(&config, text).unwrap();
        ReviewersFile::in_folder(&data).add(NAME, "Ana Müller", PASSWORD, jiff::Timestamp::now()).unwrap();
        Self { folder, data, config, desk }
    }

    /// A customer's letter lies in the inbox when this returns.
    pub fn deliver(&self, from: &str) {
        let name = format!("{}.M1.host", from.replace('@', "_"));
        let text = format!(
            "Return-Path: <{from}>\nMessage-ID: <first.{from}>\nFrom: <{from}>\nTo: support@shop.example\n\
             Subject: Order 48213\nDate: Mon, 16 Nov 2026 10:00:00 +0100\nContent-Type: text/plain; charset=utf-8\n\n\
             Hello, the kettle I bought on 3 November stopped working. Order 48213. I would like my money back.\n"
        );
        self.deliver_bytes(&name, text.as_bytes());
    }

    /// A message lies in the inbox under this name when this returns.
    pub fn deliver_bytes(&self, name: &str, message: &[u8]) {
        let temporary = self.folder.path().join("inbox/tmp").join(name);
        std::fs::write(&temporary, message).unwrap();
        std::fs::rename(temporary, self.folder.path().join("inbox/new").join(name)).unwrap();
    }

    /// Whom the mails in the outgoing folder go to.
    pub fn answered(&self) -> Vec<String> {
        let Ok(entries) = std::fs::read_dir(self.data.with_file_name("out")) else { return Vec::new() };
        let mut found: Vec<String> = entries
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.extension().is_some_and(|extension| extension == "eml"))
            .map(|path| {
                let text = std::fs::read_to_string(path).unwrap();
                let to = text.lines().find(|line| line.starts_with("To:")).unwrap();
                to.trim_start_matches("To:").trim().trim_matches(['<', '>']).to_owned()
            })
            .collect();
        found.sort();
        found
    }
}
