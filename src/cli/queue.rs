//! `guichet queue`: the review queue from a terminal.

use std::io::{IsTerminal as _, Read as _, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail, ensure};
use clap::{Args, CommandFactory as _, FromArgMatches as _, Parser, Subcommand};
use jiff::Timestamp;

use super::case;
use super::terminal::{line, plain, table};
use crate::control::{AsideDocument, CaseDocument, Client, QueueDocument, Request, Response};
use crate::domain::{CaseId, MessageLocation};

/// Cases listed at once.
const MOST_ROWS: usize = 500;

/// The review queue.
#[derive(Debug, Args)]
pub struct QueueArgs {
    #[command(subcommand)]
    command: QueueCommand,
}

/// Who decides, on what was read.
#[derive(Debug, Args)]
struct Deciding {
    /// The case's reference, like G-7K3Q.
    #[arg(value_parser = CaseId::parse)]
    case: CaseId,
    /// The revision you have read (`queue show` prints it). Without it the draft is shown and you are asked.
    #[arg(long)]
    revision: Option<u64>,
    /// Your sign-in name; may be left out while there is only one reviewer.
    #[arg(long = "as", value_name = "NAME")]
    reviewer: Option<String>,
}

#[derive(Debug, Subcommand)]
enum QueueCommand {
    /// Lists the cases that need a reply, most urgent first.
    List {
        /// Prints one JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Lists what is no case: messages that could not be fetched, and machines' messages, newest first.
    Aside {
        /// Prints one JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Shows a case's messages, verdict and draft.
    Show {
        /// The case's reference, like G-7K3Q.
        #[arg(value_parser = CaseId::parse)]
        case: CaseId,
        /// Prints one JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Sends the draft as it stands, with your name under it.
    Approve {
        #[command(flatten)]
        deciding: Deciding,
        /// The second step that a refusal and an acceptance for an angry customer need.
        #[arg(long)]
        confirm: bool,
    },
    /// Changes the draft; without --to, --subject or --body-file it opens your editor.
    Edit {
        #[command(flatten)]
        deciding: Deciding,
        /// New recipient.
        #[arg(long)]
        to: Option<String>,
        /// New subject.
        #[arg(long)]
        subject: Option<String>,
        /// File with the new text; `-` reads standard input.
        #[arg(long, value_name = "FILE")]
        body_file: Option<PathBuf>,
    },
    /// Closes the case without a reply.
    Dismiss {
        #[command(flatten)]
        deciding: Deciding,
        /// Why; kept in the record.
        #[arg(long, default_value = "")]
        why: String,
    },
}

#[derive(Debug, Parser)]
struct Alone {
    #[command(flatten)]
    args: QueueArgs,
}

/// Reads the words after `guichet queue`.
///
/// # Errors
/// clap's own words.
pub fn parse<'a>(words: impl IntoIterator<Item = &'a str>) -> Result<QueueArgs, clap::Error> {
    let matches = Alone::command().try_get_matches_from(std::iter::once("guichet queue").chain(words))?;
    Ok(Alone::from_arg_matches(&matches)?.args)
}

/// Runs the command against the daemon that owns `data_dir`.
///
/// # Errors
/// When no daemon runs there, or it refuses; the message says why and what changed.
pub async fn run(args: QueueArgs, data_dir: &Path, out: &mut (dyn Write + Send)) -> anyhow::Result<()> {
    let mut client = Client::connect(data_dir).await?;
    match args.command {
        QueueCommand::List { json } => {
            let Response::Queue(queue) = ask(&mut client, Request::Queue { limit: MOST_ROWS }).await? else {
                bail!("the daemon answered another question: use the same version")
            };
            let text = if json { serde_json::to_string(&queue)? + "\n" } else { listed(&queue, Timestamp::now()) };
            Ok(write!(out, "{text}")?)
        }
        QueueCommand::Aside { json } => {
            let Response::Aside(aside) = ask(&mut client, Request::Aside).await? else {
                bail!("the daemon answered another question: use the same version")
            };
            let text = if json { serde_json::to_string(&aside)? + "\n" } else { set_aside(&aside) };
            Ok(write!(out, "{text}")?)
        }
        QueueCommand::Show { case, json } => {
            let document = case::fetch(&mut client, &case).await?;
            let text = if json { serde_json::to_string(&document)? + "\n" } else { shown(&document) };
            Ok(write!(out, "{text}")?)
        }
        QueueCommand::Approve { deciding, confirm } => {
            let question = "Send this reply?";
            let Some(revision) = read_revision(&mut client, &deciding, question, out).await? else { return Ok(()) };
            let Deciding { case, reviewer, .. } = deciding;
            let request = Request::Approve { case: case.clone(), revision, confirmed: confirm, reviewer };
            let Response::Approved { id } = ask(&mut client, request).await? else { return Ok(()) };
            Ok(writeln!(out, "{case}: approved; it leaves in a few seconds as {id}")?)
        }
        QueueCommand::Edit { deciding, to, subject, body_file } => {
            let typed = Typed { to, subject, body_file };
            edit(&mut client, deciding, typed, out).await
        }
        QueueCommand::Dismiss { deciding, why } => {
            let question = "Close this case without a reply?";
            let Some(revision) = read_revision(&mut client, &deciding, question, out).await? else { return Ok(()) };
            let Deciding { case, reviewer, .. } = deciding;
            ask(&mut client, Request::Dismiss { case: case.clone(), revision, why, reviewer }).await?;
            Ok(writeln!(out, "{case}: closed without a reply")?)
        }
    }
}

fn set_aside(aside: &AsideDocument) -> String {
    let row = |at: Timestamp, what: &str, place: &MessageLocation, subject: &str, why: &str| {
        let place = format!("{} {}", place.folder.mailbox, place.name);
        vec![format!("{at:.0}"), what.to_owned(), line(&place, 40), line(subject, 50), line(why, 60)]
    };
    let failed = aside.quarantined.iter().map(|lost| row(lost.at, "not read", &lost.location, "", &lost.why));
    let machines = aside.automated.iter().map(|mail| row(mail.at, "machine", &mail.location, &mail.subject, &mail.why));
    table(&["WHEN", "WHAT", "WHERE", "SUBJECT", "WHY"], &failed.chain(machines).collect::<Vec<_>>())
}

struct Typed {
    to: Option<String>,
    subject: Option<String>,
    body_file: Option<PathBuf>,
}

async fn edit(
    client: &mut Client,
    deciding: Deciding,
    typed: Typed,
    out: &mut (dyn Write + Send),
) -> anyhow::Result<()> {
    let Deciding { case, revision, reviewer } = deciding;
    let Typed { to, subject, body_file } = typed;
    let document = case::fetch(client, &case).await?;
    let body = match body_file {
        Some(path) => Some(read_body(&path)?),
        None if to.is_none() && subject.is_none() => {
            let draft = document.draft.context("the case has no draft that waits for a decision")?;
            Some(in_editor(&draft.body)?)
        }
        None => None,
    };
    let revision = revision.unwrap_or(document.revision);
    let request = Request::Edit { case: case.clone(), revision, to, subject, body, reviewer };
    let Response::Done { revision } = ask(client, request).await? else { return Ok(()) };
    Ok(writeln!(out, "{case}: saved. To send it: guichet queue approve {case} --revision {revision}")?)
}

fn read_body(path: &Path) -> anyhow::Result<String> {
    if path == Path::new("-") {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).context("cannot read the text from standard input")?;
        return Ok(text);
    }
    std::fs::read_to_string(path).with_context(|| format!("cannot read the text from {}", path.display()))
}

/// Lets the reviewer change a text in `$VISUAL` or `$EDITOR`.
fn in_editor(text: &str) -> anyhow::Result<String> {
    ensure!(std::io::stdin().is_terminal(), "say what to change with --to, --subject or --body-file");
    let editor = std::env::var("VISUAL").or_else(|_| std::env::var("EDITOR")).unwrap_or_else(|_| "vi".into());
    let file = tempfile::Builder::new().prefix("guichet-").suffix(".txt").tempfile()?;
    std::fs::write(file.path(), text)?;
    // The variable may hold arguments ("code --wait"), as git reads it.
    let status = std::process::Command::new("sh")
        .arg("-c")
        .arg(format!("{editor} \"$1\""))
        .arg("sh")
        .arg(file.path())
        .status()
        .with_context(|| format!("cannot start the editor “{editor}”: set EDITOR"))?;
    ensure!(status.success(), "the editor “{editor}” failed; nothing was changed");
    Ok(std::fs::read_to_string(file.path())?)
}

/// The revision named, or the one shown now, once the reviewer at the terminal has agreed.
async fn read_revision(
    client: &mut Client,
    deciding: &Deciding,
    question: &str,
    out: &mut (dyn Write + Send),
) -> anyhow::Result<Option<u64>> {
    if deciding.revision.is_some() {
        return Ok(deciding.revision);
    }
    ensure!(std::io::stdin().is_terminal(), "name the revision you have read: --revision N (see `guichet queue show`)");
    let document = case::fetch(client, &deciding.case).await?;
    write!(out, "{}\n{question} [y/N] ", shown(&document))?;
    out.flush()?;
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer)?;
    let agreed = matches!(answer.trim().to_lowercase().as_str(), "y" | "yes" | "o" | "oui");
    if !agreed {
        writeln!(out, "Nothing was changed.")?;
    }
    Ok(agreed.then_some(document.revision))
}

/// Asks; a refusal becomes an error that tells what changed.
async fn ask(client: &mut Client, request: Request) -> anyhow::Result<Response> {
    match client.ask(&request).await? {
        Response::Refused { why, changes } if changes.is_empty() => bail!("{why}"),
        Response::Refused { why, changes } => bail!("{why}\n{}", case::record(&changes)?.trim_end()),
        response => Ok(response),
    }
}

fn listed(queue: &QueueDocument, now: Timestamp) -> String {
    let mut out = String::new();
    for mailbox in &queue.stopped {
        out += &format!("! mailbox {mailbox} has stopped acknowledging: look at the desk\n");
    }
    if queue.troubled > 0 {
        out += &format!("! {} mail(s) held or in doubt: look at the desk's outbox\n", queue.troubled);
    }
    for alert in &queue.alerts {
        let (from, subject) = (line(alert.from.as_deref().unwrap_or("unknown"), 60), line(&alert.subject, 60));
        let case = alert.case.as_ref().map(|case| format!(" ({case})")).unwrap_or_default();
        out +=
            &format!("! {from} reports: {}{case}: {subject}; put it away at the desk\n", alert.kind.replace('_', " "));
    }
    for group in &queue.groups {
        let (product, reason) = (line(&group.product, 60), group.reason.replace('_', " "));
        let days = if group.days == 1 { "1 day".into() } else { format!("{} days", group.days) };
        out += &format!("! {} cases in {days}: {product}, {reason}\n", group.cases);
    }
    if queue.cases.is_empty() {
        return out + "Nothing waits.\n";
    }
    let rows: Vec<Vec<String>> = queue
        .cases
        .iter()
        .map(|case| {
            let minutes = now.duration_since(case.waiting_since).as_mins().max(0);
            let unsure = if case.unsure { "?" } else { "" };
            let intent = case.intent.as_deref().map_or_else(|| "not judged".into(), |label| format!("{label}{unsure}"));
            vec![
                case.case.to_string(),
                if minutes < 120 { format!("{minutes} min") } else { format!("{} h", minutes / 60) },
                line(&case.place_words, 40),
                intent,
                case.anger.map(|level| level.to_string()).unwrap_or_default(),
                line(case.customer.as_deref().unwrap_or("unknown"), 24),
                line(if case.subject.is_empty() { &case.excerpt } else { &case.subject }, 60),
            ]
        })
        .collect();
    out + &table(&["case", "waits", "place", "request", "anger", "customer", "subject"], &rows)
}

fn shown(document: &CaseDocument) -> String {
    let mut out = case::head(document) + &case::letters(document);
    let case = &document.case;
    match &document.draft {
        Some(draft) => {
            let to = draft.to.as_deref().unwrap_or("nobody yet: set it with `queue edit --to`");
            out += &format!("\n== draft{}", draft.template.as_deref().map(|t| format!(" ({t})")).unwrap_or_default());
            out += &format!(": {}\nto {}\nsubject: {}\n\n", plain(&draft.why), plain(to), plain(&draft.subject));
            out += &format!("{}\n\n", plain(&draft.body));
            out += &format!("To send it: guichet queue approve {case} --revision {}\n", document.revision);
        }
        None => out += "\nNo draft waits for a decision.\n",
    }
    out
}
