//! `guichet erase`: everything about one address, removed by the running daemon or, without one, here.

use std::io::Write;

use anyhow::{Context as _, bail};
use clap::Args;
use jiff::Timestamp;

use super::wiring;
use crate::config::{Config, Outgoing};
use crate::control::{Client, ClientError, Request, Response};
use crate::domain::Email;
use crate::ports::Store as _;
use crate::ports::store::{Erased, KeptInBackup};

/// Removes everything about an address: data, files, traces in the files, managed backups.
#[derive(Debug, Args)]
pub struct EraseArgs {
    /// The address.
    address: String,
}

/// Runs the command. False when something is left that somebody has to see to.
///
/// # Errors
/// When the address is none, or the store cannot be changed; repeating it finishes what was begun.
pub async fn run(args: EraseArgs, config: &Config, out: &mut dyn Write) -> anyhow::Result<bool> {
    let address = Email::parse(&args.address).with_context(|| format!("“{}” is no address", args.address))?;
    let done = match Client::connect(&config.data_dir).await {
        Ok(mut daemon) => match daemon.ask(&Request::Erase { address: args.address.clone() }).await? {
            Response::Erased(done) => done,
            Response::Refused { why, .. } => bail!("{why}"),
            other => bail!("the daemon answered something else ({other:?}): use the same version"),
        },
        Err(ClientError::NoDaemon(_)) => {
            let store = wiring::store_without_daemon(config)?;
            store.erase(&address, Timestamp::now()).await?
        }
        Err(error) => return Err(error.into()),
    };
    tell(&done, config, out)?;
    Ok(done.deferred.is_empty()
        && done.notices.is_empty()
        && done.deferred_in_backups.is_empty()
        && done.incomplete.is_empty()
        && done.moved_aside.is_empty()
        && done.damaged.is_empty())
}

fn tell(done: &Erased, config: &Config, out: &mut dyn Write) -> anyhow::Result<()> {
    let cases: Vec<String> = done.cases.iter().map(ToString::to_string).collect();
    writeln!(
        out,
        "erased: {} messages, {} mails of ours, {} corrections, {} files; cases {}",
        done.messages,
        done.mails,
        done.corrections,
        done.files,
        if cases.is_empty() { "none".into() } else { cases.join(", ") }
    )?;
    for backup in &done.backups {
        writeln!(out, "erased in the backup {}", backup.display())?;
    }
    for (case, why) in &done.deferred {
        writeln!(out, "KEPT    case {case}: {why}")?;
    }
    for location in &done.notices {
        let (folder, name) = (&location.folder, &location.name);
        writeln!(
            out,
            "KEPT    a notice of a payment dispute ({} {:?} {name}): put it away at the desk, then erase again",
            folder.mailbox, folder.role
        )?;
    }
    for KeptInBackup { backup, case, why } in &done.deferred_in_backups {
        writeln!(out, "KEPT    case {case} in the backup {}: {why}", backup.display())?;
    }
    for folder in &done.incomplete {
        writeln!(
            out,
            "KEPT    {} is a backup that did not come to its end and cannot be searched: delete it",
            folder.display()
        )?;
    }
    for folder in &done.moved_aside {
        writeln!(
            out,
            "KEPT    {} is a damaged store that cannot be searched: delete it when you no longer need it",
            folder.display()
        )?;
    }
    for damaged in &done.damaged {
        writeln!(out, "KEPT    {damaged}; then erase again")?;
    }
    for case in &done.mentioned_in {
        writeln!(out, "note    the address is written in case {case} of somebody else; it was left there")?;
    }
    for mailbox in &config.mailboxes {
        if let Outgoing::Folder(path) = &mailbox.outgoing {
            writeln!(out, "note    mail was written to {}, which is not searched", path.display())?;
        }
    }
    if done.unlocated > 0 {
        writeln!(
            out,
            "note    where {} of the messages removed lie in the mailbox cannot be said, for their texts were damaged: look \
             for the address there",
            done.unlocated
        )?;
    }
    if !done.in_mailbox.is_empty() {
        writeln!(out, "These messages still lie in the mailbox, if nobody deleted them there:")?;
    }
    for location in &done.in_mailbox {
        writeln!(out, "  {} {:?} {}", location.folder.mailbox, location.folder.role, location.name)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::CaseId;

    #[test]
    fn what_was_kept_is_said_with_its_backup() {
        let case = CaseId::parse("G-7K3Q").unwrap();
        let kept = KeptInBackup { backup: "/backups/monday".into(), case, why: "a dispute is open".into() };
        let done = Erased { deferred_in_backups: vec![kept], ..Erased::default() };
        let config = Config::parse(include_str!("../../guichet.example.toml"), "guichet.toml".as_ref()).unwrap();
        let mut said = Vec::new();
        tell(&done, &config, &mut said).unwrap();
        let said = String::from_utf8(said).unwrap();
        assert!(said.contains("KEPT    case G-7K3Q in the backup /backups/monday: a dispute is open"), "{said}");
    }
}
