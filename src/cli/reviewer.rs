//! `guichet reviewer`: who may sign in to the desk. Works on the file itself, with or without a daemon.

use std::io::{BufRead as _, Write};
use std::path::Path;

use anyhow::{Context as _, ensure};
use clap::{Args, Subcommand};
use jiff::Timestamp;

use super::terminal::table;
use crate::adapters::reviewers::{MIN_PASSWORD_CHARS, ReviewersFile};

/// Who may sign in to the desk.
#[derive(Debug, Args)]
pub struct ReviewerArgs {
    #[command(subcommand)]
    command: ReviewerCommand,
}

#[derive(Debug, Subcommand)]
enum ReviewerCommand {
    /// Adds a reviewer, or gives a known one a new password.
    Add {
        /// Sign-in name: small letters, digits, . _ - @
        name: String,
        /// What customers read under a reply [default: the sign-in name].
        #[arg(long, value_name = "TEXT")]
        display_name: Option<String>,
        /// Reads the password from the first line of standard input instead of asking.
        #[arg(long)]
        password_stdin: bool,
    },
    /// Lists the reviewers.
    List,
    /// Removes a reviewer; sessions under that name end at once.
    Remove {
        /// Sign-in name.
        name: String,
    },
}

/// Runs the command on `data_dir/reviewers.json`.
///
/// # Errors
/// When the file cannot be used, or name or password is unfit.
pub fn run(args: ReviewerArgs, data_dir: &Path, out: &mut dyn Write) -> anyhow::Result<()> {
    let file = ReviewersFile::in_folder(data_dir);
    match args.command {
        ReviewerCommand::Add { name, display_name, password_stdin } => {
            let known = file.list()?.into_iter().find(|reviewer| reviewer.name == name);
            let password = if password_stdin { password_from_stdin()? } else { ask_password()? };
            let shown = display_name.or_else(|| known.as_ref().map(|r| r.display_name.clone()));
            file.add(&name, shown.as_deref().unwrap_or(&name), &password, Timestamp::now())?;
            let done =
                if known.is_some() { "has a new password; sessions under the old one end" } else { "may sign in" };
            writeln!(out, "{name} {done}")?;
        }
        ReviewerCommand::List => {
            let rows: Vec<Vec<String>> = file
                .list()?
                .into_iter()
                .map(|r| vec![r.name, r.display_name, r.since.strftime("%Y-%m-%d").to_string()])
                .collect();
            let text = if rows.is_empty() {
                "No reviewer yet: add one with `guichet reviewer add NAME`\n".to_owned()
            } else {
                table(&["name", "shown to customers as", "password since"], &rows)
            };
            write!(out, "{text}")?;
        }
        ReviewerCommand::Remove { name } => {
            file.remove(&name)?;
            writeln!(out, "{name} may no longer sign in")?;
        }
    }
    Ok(())
}

fn password_from_stdin() -> anyhow::Result<String> {
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line).context("cannot read the password from standard input")?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

fn ask_password() -> anyhow::Result<String> {
    let ask = |prompt: String| {
        rpassword::prompt_password(prompt).context("cannot ask for a password here: use --password-stdin")
    };
    let first = ask(format!("Password (at least {MIN_PASSWORD_CHARS} characters): "))?;
    ensure!(first == ask("The same again: ".into())?, "the two passwords differ; nothing was changed");
    Ok(first)
}
