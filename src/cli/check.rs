//! `guichet check`: says what is wrong, one line each.

mod lately;
mod loss;
mod old_copies;
mod reconcile;

use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use clap::Args;

use super::wiring;
use crate::adapters::imap::{self, FolderReport, ProbeReport};
use crate::adapters::reviewers::ReviewersFile;
use crate::adapters::smtp;
use crate::config::{Config, Mailbox, Outgoing, RefundsTo, Source};
use crate::daemon::handbook::Handbook;
use crate::ports::{MailError, MailerError};

/// Loads configuration, rules, templates and models, and tries the sign-ins.
#[derive(Debug, Args)]
pub struct Check {
    /// Do not connect to any server.
    #[arg(long)]
    offline: bool,
    /// Compares all messages on the server with the store: “0 missing”, or the list.
    #[arg(long, conflicts_with = "offline")]
    reconcile: bool,
    /// Says that somebody has read of the loss of the store that is told of: the alarm ends.
    #[arg(long)]
    dismiss_loss: bool,
}

/// Collects lines; remembers whether one was bad.
struct Findings {
    bad: bool,
}

impl Findings {
    fn good(&self, line: impl AsRef<str>) {
        println!("ok      {}", line.as_ref());
    }

    fn note(&self, line: impl AsRef<str>) {
        println!("note    {}", line.as_ref());
    }

    fn wrong(&mut self, line: impl AsRef<str>) {
        self.bad = true;
        println!("WRONG   {}", line.as_ref());
    }
}

impl Check {
    /// Runs it; false when something is wrong.
    ///
    /// # Errors
    /// When there is no configuration at all.
    pub async fn run(&self, config: Option<PathBuf>) -> anyhow::Result<bool> {
        let config = wiring::config(config.as_deref())?;
        let mut findings = Findings { bad: false };
        findings.good(format!("configuration {}", config.file.display()));
        let handbook = check_handbook(&config, &mut findings);
        check_data_dir(&config, &mut findings);
        loss::look(&config, self.dismiss_loss, &mut findings).await;
        old_copies::look(&config, &findings);
        check_refunds(&config, &mut findings).await;
        if !self.offline {
            check_orders(&config, &mut findings).await;
        }
        for mailbox in &config.mailboxes {
            if self.offline {
                continue;
            }
            check_source(mailbox, &mut findings).await;
            if let Source::Imap(server, folders) = &mailbox.source {
                let settings = wiring::imap_settings(server, folders, mailbox);
                lately::look(mailbox, &settings, handbook.as_ref(), &mut findings).await;
                if self.reconcile {
                    reconcile::compare(&config, mailbox, &settings, &mut findings).await;
                }
            }
            check_outgoing(mailbox, &mut findings).await;
        }
        Ok(!findings.bad)
    }
}

fn check_handbook(config: &Config, findings: &mut Findings) -> Option<Handbook> {
    match wiring::load(Some(config)) {
        Ok(loaded) => {
            findings.good("rules, templates, policy");
            if loaded.warnings.is_empty() {
                findings.good("models");
            }
            for warning in loaded.warnings {
                findings.wrong(warning);
            }
            for warning in loaded.handbook.wording.policy.warnings() {
                findings.note(warning);
            }
            Some(loaded.handbook)
        }
        Err(error) => {
            findings.wrong(format!("{error:#}"));
            None
        }
    }
}

fn check_data_dir(config: &Config, findings: &mut Findings) {
    let folder = config.data_dir.display();
    match std::fs::metadata(&config.data_dir) {
        Ok(meta) if !meta.is_dir() => findings.wrong(format!("data_dir {folder} is no folder")),
        Ok(_) if tempfile::tempfile_in(&config.data_dir).is_err() => {
            findings.wrong(format!("data_dir {folder}: this user cannot write there"));
        }
        Ok(_) => findings.good(format!("data_dir {folder}")),
        Err(_) => findings.note(format!("data_dir {folder} does not exist yet; it is made at the first start")),
    }
    if config.state_witness.is_none() {
        findings.note(
            "no state_witness: an older copy of data_dir put in its place is noticed only by keywords in the inbox. Name a \
             file outside of data_dir, best on another disk",
        );
    }
    match ReviewersFile::in_folder(&config.data_dir).list() {
        Ok(list) if list.is_empty() => findings.note("nobody can sign in to the desk yet: `guichet reviewer add NAME`"),
        Ok(list) => findings.good(format!("{} reviewer(s)", list.len())),
        Err(error) => findings.wrong(format!("{error:#}")),
    }
}

/// Nothing is sent: a notice would start a payment.
async fn check_refunds(config: &Config, findings: &mut Findings) {
    match &config.refunds {
        None => findings.note("accepted refunds are told to nobody (no [refunds]): somebody has to start them by hand"),
        Some(RefundsTo::Webhook { url, secret, .. }) => match secret.resolve().await {
            Ok(_) => findings.good(format!("accepted refunds are told to {} (not tried)", url.host())),
            Err(error) => findings.wrong(format!("[refunds] webhook: {error}")),
        },
        Some(RefundsTo::Command(program, _)) => {
            let executable = std::fs::metadata(program).is_ok_and(|meta| meta.permissions().mode() & 0o111 != 0);
            if executable && program.is_file() {
                findings.good(format!("accepted refunds are told to {} (not tried)", program.display()));
            } else {
                findings.wrong(format!("[refunds] command: {} is no program that can be run", program.display()));
            }
        }
    }
}

async fn check_orders(config: &Config, findings: &mut Findings) {
    let Some(orders) = wiring::orders(config) else {
        findings.note("no [orders]: drafts are made without the facts of the purchase");
        return;
    };
    match orders.trouble().await {
        None => findings.good("orders can be looked up"),
        Some(trouble) => findings.wrong(trouble),
    }
}

async fn check_source(mailbox: &Mailbox, findings: &mut Findings) {
    let name = &mailbox.name;
    match &mailbox.source {
        Source::Maildir { path, .. } if path.join("new").is_dir() => {
            findings.good(format!("{name}: Maildir {}", path.display()))
        }
        Source::Maildir { path, .. } => {
            findings.wrong(format!("{name}: {} is no Maildir (it has no folder `new`)", path.display()))
        }
        Source::Imap(server, folders) => {
            let settings = wiring::imap_settings(server, folders, mailbox);
            match imap::probe(&settings).await {
                Ok(report) => tell_imap(name, &server.host, &report, findings),
                Err(error) => findings.wrong(format!("{name}: {error}")),
            }
        }
    }
}

fn tell_imap(name: &str, host: &str, report: &ProbeReport, findings: &mut Findings) {
    let woken = if report.idle { "wakes us (IDLE)" } else { "is polled (no IDLE)" };
    findings.good(format!("{name}: IMAP {host}, {} messages in the inbox, {woken}", report.inbox.messages));
    if !report.keeps_keyword {
        findings.note(format!(
            "{name}: the server keeps no keywords; after a loss of data_dir nobody could tell what was acknowledged"
        ));
    }
    for (what, folder) in [("junk", report.junk.as_ref()), ("sent mail", Some(&report.sent))] {
        tell_folder(name, what, folder, findings);
    }
}

fn tell_folder(name: &str, what: &str, folder: Option<&Result<FolderReport, MailError>>, findings: &mut Findings) {
    match folder {
        Some(Ok(folder)) => findings.good(format!("{name}: folder of {what}: {}", folder.name)),
        Some(Err(error)) => findings.wrong(format!("{name}: folder of {what}: {error}")),
        None => {}
    }
}

async fn check_outgoing(mailbox: &Mailbox, findings: &mut Findings) {
    let name = &mailbox.name;
    match &mailbox.outgoing {
        Outgoing::Folder(path) => {
            findings.note(format!("{name}: mail is written to {} and goes no further", path.display()))
        }
        Outgoing::Smtp(server, _) => {
            let settings = wiring::smtp_settings(server, mailbox);
            match smtp::probe(&settings, Some(&mailbox.from.email)).await {
                Ok(probe) => {
                    findings.good(format!("{name}: SMTP {} lets us in", server.host));
                    if let (Some(words), None) = (probe.null_sender_refused, &mailbox.envelope_sender) {
                        findings.wrong(format!(
                            "{name}: the server refuses <> as envelope sender ({words}); set envelope_sender to {}",
                            mailbox.from.email
                        ));
                    }
                }
                Err(MailerError { message, .. }) => findings.wrong(format!("{name}: {message}")),
            }
        }
    }
}
