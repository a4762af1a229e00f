//! `guichet case`: one case with its record.

mod export;

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::bail;
use clap::{Args, Subcommand};

use super::terminal::plain;
use crate::adapters::assets::{Assets, Kind};
use crate::config::Config;
use crate::control::{CaseDocument, Client, Request, Response};
use crate::desk::{Language, Words};
use crate::domain::record::CallDirection;
use crate::domain::{Actor, CaseId, CaseState, RecordEntry};
use crate::ports::store::PromiseState;

/// One case's record.
#[derive(Debug, Args)]
pub struct CaseArgs {
    #[command(subcommand)]
    command: CaseCommand,
}

#[derive(Debug, Subcommand)]
enum CaseCommand {
    /// Shows messages, draft, mails and record.
    Show {
        /// The case's reference, like G-7K3Q.
        #[arg(value_parser = CaseId::parse)]
        case: CaseId,
        /// Prints one JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Writes the evidence: messages, replies, verdicts, order facts and the verified record, as a zip.
    Export {
        /// The case's reference, like G-7K3Q.
        #[arg(value_parser = CaseId::parse)]
        case: CaseId,
        /// A file that does not exist yet [default: G-7K3Q.zip here].
        #[arg(long, value_name = "FILE.zip")]
        to: Option<PathBuf>,
    },
    /// Notes a telephone call in the case's record.
    Call {
        /// The case's reference, like G-7K3Q.
        #[arg(value_parser = CaseId::parse)]
        case: CaseId,
        /// What was said.
        #[arg(long, default_value = "")]
        note: String,
        /// The customer called; without it, we did.
        #[arg(long)]
        incoming: bool,
        /// Your sign-in name; may be left out while there is only one reviewer.
        #[arg(long = "as", value_name = "NAME")]
        reviewer: Option<String>,
    },
    /// Says that a promise of ours was kept; `case show` numbers them.
    Kept {
        /// The case's reference, like G-7K3Q.
        #[arg(value_parser = CaseId::parse)]
        case: CaseId,
        /// The promise's number.
        promise: u64,
        /// Your sign-in name; may be left out while there is only one reviewer.
        #[arg(long = "as", value_name = "NAME")]
        reviewer: Option<String>,
    },
    /// Tells the payment side again of a refund whose notice was given up.
    TellAgain {
        /// The case's reference, like G-7K3Q.
        #[arg(value_parser = CaseId::parse)]
        case: CaseId,
        /// Your sign-in name; may be left out while there is only one reviewer.
        #[arg(long = "as", value_name = "NAME")]
        reviewer: Option<String>,
    },
}

/// Runs the command against the daemon; only `export` works without one.
///
/// # Errors
/// When no daemon runs or there is no such case.
pub async fn run(args: CaseArgs, config: &Config, out: &mut (dyn Write + Send)) -> anyhow::Result<()> {
    let data_dir = &config.data_dir;
    let request = match args.command {
        CaseCommand::Show { case, json } => return show(&case, json, data_dir, out).await,
        CaseCommand::Export { case, to } => return export::run(&case, to, config, out).await,
        CaseCommand::Call { case, note, incoming, reviewer } => {
            let direction = if incoming { CallDirection::Incoming } else { CallDirection::Outgoing };
            Request::Call { case, direction, note, reviewer }
        }
        CaseCommand::Kept { case, promise, reviewer } => Request::KeepPromise { case, n: promise, reviewer },
        CaseCommand::TellAgain { case, reviewer } => Request::TellAgain { case, reviewer },
    };
    match Client::connect(data_dir).await?.ask(&request).await? {
        Response::Done { .. } => Ok(writeln!(out, "done")?),
        Response::Refused { why, .. } => bail!("{why}"),
        _ => bail!("the daemon answered another question: use the same version"),
    }
}

/// Prints one case.
///
/// # Errors
/// As [`run`].
pub async fn show(case: &CaseId, json: bool, data_dir: &Path, out: &mut (dyn Write + Send)) -> anyhow::Result<()> {
    let document = fetch(&mut Client::connect(data_dir).await?, case).await?;
    if json {
        writeln!(out, "{}", serde_json::to_string(&document)?)?;
        return Ok(());
    }
    write!(out, "{}", head(&document))?;
    write!(out, "{}", letters(&document))?;
    if let Some(draft) = &document.draft {
        writeln!(out, "\n== draft{}", draft.template.as_deref().map(|name| format!(" ({name})")).unwrap_or_default())?;
        writeln!(
            out,
            "to {}; subject: {}\n",
            plain(draft.to.as_deref().unwrap_or("nobody yet")),
            plain(&draft.subject)
        )?;
        writeln!(out, "{}", plain(&draft.body))?;
    }
    if !document.outgoing.is_empty() {
        writeln!(out, "\n== mails of ours")?;
        for mail in &document.outgoing {
            writeln!(out, "{}  {}  to {}", mail.id, mail.state.name(), plain(&mail.to.join(", ")))?;
        }
    }
    write!(out, "{}", aftermath(&document))?;
    writeln!(out, "\n== record")?;
    write!(out, "{}", record(&document.record)?)?;
    Ok(())
}

/// Promises and refund notices.
fn aftermath(case: &CaseDocument) -> String {
    let mut out = String::new();
    if !case.promises.is_empty() {
        out += "\n== promised\n";
    }
    for promise in &case.promises {
        let state = match &promise.state {
            PromiseState::Standing => "stands".to_owned(),
            PromiseState::Lapsed { .. } => "LAPSED".to_owned(),
            PromiseState::Kept { how, .. } => format!("settled ({})", how.replace('_', " ")),
            PromiseState::Withdrawn { .. } => "withdrawn".to_owned(),
        };
        out += &format!("{}  by {}  {state}  {}\n", promise.n, promise.by, plain(&promise.words));
    }
    if !case.notices.is_empty() {
        out += "\n== refunds\n";
    }
    for row in &case.notices {
        let amount = row.notice.amount.as_ref().map_or_else(|| "amount not said".to_owned(), ToString::to_string);
        let state = row.state.name().replace('_', " ");
        let problem = row.last_problem.as_deref().map(|why| format!(": {}", plain(why))).unwrap_or_default();
        out += &format!("{amount}  {state}{problem}  key {}\n", row.notice.idempotency_key);
    }
    out
}

/// Asks for a case.
pub(super) async fn fetch(client: &mut Client, case: &CaseId) -> anyhow::Result<CaseDocument> {
    match client.ask(&Request::Case { case: case.clone() }).await? {
        Response::Case(document) => Ok(*document),
        Response::Refused { why, .. } => bail!("{why}"),
        _ => bail!("the daemon answered another question: use the same version"),
    }
}

/// Reference, customer, state and verdict.
pub(super) fn head(case: &CaseDocument) -> String {
    let state = match case.state {
        CaseState::NeedsReply => "needs a reply",
        CaseState::WaitingForCustomer => "waits for the customer",
        CaseState::Answered => "answered",
        CaseState::Closed(_) => "closed",
    };
    let mut out = format!(
        "{}  {state}  (revision {})\nfrom {}\nsubject: {}\nwaiting since {}\n",
        case.case,
        case.revision,
        plain(case.customer.as_deref().unwrap_or("unknown")),
        plain(&case.subject),
        case.waiting_since
    );
    if let Some(verdict) = &case.verdict {
        let missing: Vec<&str> = verdict.missing.iter().map(|fact| fact.as_str()).collect();
        out += &format!("verdict: {}, {}", verdict.intent, verdict.anger.as_str());
        out += &verdict.reason.map(|reason| format!(", {reason}")).unwrap_or_default();
        out += if verdict.unsure.is_empty() { "" } else { " (unsure)" };
        out += &if missing.is_empty() { "\n".to_owned() } else { format!("; missing: {}\n", missing.join(", ")) };
    }
    out
}

/// What the customer wrote.
pub(super) fn letters(case: &CaseDocument) -> String {
    let mut out = String::new();
    for message in &case.messages {
        let from = plain(message.from.as_deref().unwrap_or("unknown"));
        out += &format!("\n== {from}, {}\n{}\n", message.arrived_at, plain(message.newest_text.trim_end()));
        if !message.attachments.is_empty() {
            out += &format!("attachments: {}\n", plain(&message.attachments.join(", ")));
        }
    }
    out
}

/// Record entries in words, one a line.
pub(super) fn record(entries: &[RecordEntry]) -> anyhow::Result<String> {
    let words = Words::load(&Assets::built_in().load(Kind::Templates)?)?;
    let line = |entry: &RecordEntry| {
        let actor = match &entry.actor {
            Actor::Guichet => "Guichet",
            Actor::Reviewer(name) => name,
            Actor::Operator => "operator",
            Actor::Customer => "customer",
            Actor::Colleague => "colleague",
        };
        let said = plain(&words.event(Language::English, entry.event.as_ref()));
        format!("{}  {actor}: {said}\n", entry.at)
    };
    Ok(entries.iter().map(line).collect())
}
