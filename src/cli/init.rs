//! `guichet init`: asks, tries the sign-ins, writes a commented configuration.

mod ask;
mod files;
mod stance;

use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;
use jiff::tz::TimeZone;

use super::wiring;
use crate::adapters::secret::Secret;
use crate::adapters::{imap, smtp};
use crate::config::{Config, Mailbox, Outgoing, Source};
use crate::domain::Email;
use crate::domain::calendar::Calendar;
use ask::Questions;
use files::{NewFiles, Place};
use stance::Stance;

/// Asks for mailbox and servers, tries the sign-ins and writes a configuration.
#[derive(Debug, Args)]
pub struct Init {
    /// Write the configuration even when a sign-in fails.
    #[arg(long)]
    untried: bool,
}

/// What was answered.
struct Answers {
    address: Email,
    shop: String,
    data_dir: PathBuf,
    /// Where the daemon may write it, as far as `init` can know.
    witness: Option<PathBuf>,
    imap: Account,
    smtp: Account,
    time_zone: String,
    hours: String,
    stance: Stance,
}

struct Account {
    host: String,
    port: u16,
    tls: &'static str,
    username: String,
    password: String,
}

impl Init {
    /// Runs it.
    ///
    /// # Errors
    /// When the file exists already, cannot be written, or a sign-in failed.
    pub async fn run(&self, config: Option<PathBuf>) -> anyhow::Result<bool> {
        let path = std::path::absolute(config.unwrap_or_else(|| PathBuf::from("guichet.toml")))?;
        let place = Place::beside(path)?;
        place.prepare()?;
        let answers = ask_all(&place.folder)?;
        let text = render(&answers, &place.imap_secret, &place.smtp_secret);
        let parsed = Config::parse(&text, &place.config).context("these answers make no usable configuration")?;
        let tried = try_sign_ins(&with_passwords(parsed, &answers)).await;
        if !tried && !self.untried {
            println!("\nNothing was written. Correct the answers and start again, or write them down as they are");
            println!("with `guichet init --untried`.");
            return Ok(false);
        }
        let mut written = NewFiles::default();
        written.private(&place.imap_secret, &answers.imap.password)?;
        written.private(&place.smtp_secret, &answers.smtp.password)?;
        written.readable(&place.config, &text)?;
        written.keep();
        say_what_next(&place);
        Ok(true)
    }
}

/// The configuration with the passwords as typed: nothing is written before they have been tried.
fn with_passwords(mut config: Config, answers: &Answers) -> Config {
    for mailbox in &mut config.mailboxes {
        if let Source::Imap(server, _) = &mut mailbox.source {
            server.sign_in = Some(Secret::Given(answers.imap.password.clone()).into());
        }
        if let Outgoing::Smtp(server, _) = &mut mailbox.outgoing {
            server.sign_in = Some(Secret::Given(answers.smtp.password.clone()).into());
        }
    }
    config
}

fn say_what_next(place: &Place) {
    let [config, imap, smtp] = [&place.config, &place.imap_secret, &place.smtp_secret].map(|path| path.display());
    println!("\nWritten: {config}, and the passwords, for your eyes only: {imap} and {smtp}.");
    println!("It starts in shadow mode: it judges and drafts, and sends nothing.");
    println!("Next:  guichet check --config {config}");
    println!("       guichet reviewer add YOUR-NAME --config {config}");
    println!("       guichet run --config {config}");
    println!("When the drafts please you, set mode = \"live\".");
    if rustix::process::geteuid().is_root() {
        println!("\nAs a service (deploy/guichet.service) Guichet runs under an account of its own, which cannot read");
        println!("the password files: systemd hands them over. In the unit's [Service] write");
        println!("  LoadCredential=imap:{imap}\n  LoadCredential=smtp:{smtp}");
        println!("and in {config}, in place of the two `password` lines,");
        println!("  password = {{ credential = \"imap\" }}     # in [mailbox.imap]");
        println!("  password = {{ credential = \"smtp\" }}     # in [mailbox.smtp]");
    }
}

fn ask_all(folder: &Path) -> anyhow::Result<Answers> {
    let mut questions = Questions::new();
    println!("Guichet asks a few questions; Enter takes what stands in brackets.\n");
    let address = questions.email("Address of the support mailbox")?;
    let domain = address.domain().to_owned();
    let shop = questions.text("Name of the shop, as customers read it", Some(&domain))?;
    println!("\nReading (IMAP)");
    let imap = account(&mut questions, &format!("imap.{domain}"), address.as_str(), [993, 143], None)?;
    println!("\nSending (SMTP)");
    let known = Some((imap.username.clone(), imap.password.clone()));
    let smtp = account(&mut questions, &format!("smtp.{domain}"), address.as_str(), [465, 587], known)?;
    println!();
    let time_zone = questions.checked("Time zone", "Europe/Paris", |name| {
        TimeZone::get(name).map(drop).map_err(|_| "write a name like Europe/Paris".into())
    })?;
    let hours = questions.checked("Opening hours", "Mon-Fri 09:00-18:00", |hours| {
        Calendar::parse(TimeZone::UTC, hours, &[], None).map(drop).map_err(|error| error.to_string())
    })?;
    let default_data =
        if rustix::process::geteuid().is_root() { "/var/lib/guichet".into() } else { folder.join("guichet-data") };
    let data_dir = questions.text("Folder for everything Guichet keeps", Some(&default_data.to_string_lossy()))?;
    let data_dir = PathBuf::from(data_dir);
    let stance = Stance::ask(&mut questions)?;
    let witness = (data_dir == default_data).then(|| beside(&data_dir)).flatten();
    Ok(Answers { address, shop, data_dir, witness, imap, smtp, time_zone, hours, stance })
}

/// The state witness beside the data folder: where the daemon may make the one it may make the other, and the shipped unit
/// names both.
fn beside(data_dir: &Path) -> Option<PathBuf> {
    let mut name = data_dir.file_name()?.to_owned();
    name.push("-witness");
    Some(data_dir.with_file_name(name).join("state"))
}

fn account(
    questions: &mut Questions,
    host: &str,
    username: &str,
    [implicit, plain]: [u16; 2],
    known: Option<(String, String)>,
) -> anyhow::Result<Account> {
    let host = questions.text("  server", Some(host))?;
    let tls = questions.choice("  protection", &["implicit", "starttls", "none"])?;
    let port = questions.port("  port", if tls == "implicit" { implicit } else { plain })?;
    let default_name = known.as_ref().map_or(username, |(name, _)| name.as_str());
    let username = questions.text("  user name", Some(default_name))?;
    let password = questions.password("  password", known.as_ref().map(|(_, password)| password.as_str()))?;
    Ok(Account { host, port, tls, username, password })
}

fn render(answers: &Answers, imap_secret: &Path, smtp_secret: &Path) -> String {
    let quoted = |text: &str| toml::Value::String(text.to_owned()).to_string();
    let path = |path: &Path| quoted(&path.to_string_lossy());
    let account = |account: &Account, secret: &Path| {
        format!(
            "host = {}\nport = {}\ntls = {}\nusername = {}\npassword = {{ file = {} }}\n",
            quoted(&account.host),
            account.port,
            quoted(account.tls),
            quoted(&account.username),
            path(secret)
        )
    };
    format!(
        "# Written by `guichet init`. Every key is explained in guichet.example.toml.\n\
         data_dir = {data}\n\
         # Notices an older copy of data_dir put in its place; best on another disk.\n\
         {witness}\n\
         # \"live\" lets acknowledgements and approved replies leave.\n\
         mode = \"shadow\"\n\
         time_zone = {zone}\n\n\
         [calendar]\n\
         hours = {hours}\n\
         # closed = [\"2026-12-24..2027-01-02\"]\n\n\
         [[mailbox]]\n\
         name = \"support\"\n\
         source = \"imap\"\n\
         # Every address that customers write to.\n\
         addresses = [{address}]\n\
         from = {from}\n\
         # contact_forms = []   # addresses of your own forms: the customer stands in Reply-To\n\
         # colleagues = []      # judged, never acknowledged\n\
         signature = {shop}\n\n\
         [mailbox.imap]\n{imap}\n\
         [mailbox.smtp]\n{smtp}\n\
         {stance}\n\
         [desk]\n\
         listen = \"127.0.0.1:8025\"\n",
        stance = answers.stance.render(),
        data = path(&answers.data_dir),
        witness = match &answers.witness {
            Some(witness) => format!("state_witness = {}", path(witness)),
            None => "# state_witness = \"/a/folder/elsewhere/state\"".to_owned(),
        },
        zone = quoted(&answers.time_zone),
        hours = quoted(&answers.hours),
        address = quoted(answers.address.as_str()),
        from = quoted(&format!("{} <{}>", answers.shop, answers.address)),
        shop = quoted(&answers.shop),
        imap = account(&answers.imap, imap_secret),
        smtp = account(&answers.smtp, smtp_secret),
    )
}

async fn try_sign_ins(config: &Config) -> bool {
    let mut good = true;
    for mailbox in &config.mailboxes {
        good &= try_imap(mailbox).await;
        good &= try_smtp(mailbox).await;
    }
    good
}

async fn try_imap(mailbox: &Mailbox) -> bool {
    let Source::Imap(server, folders) = &mailbox.source else { return true };
    match imap::probe(&wiring::imap_settings(server, folders, mailbox)).await {
        Ok(report) => {
            println!("\nIMAP: signed in, {} messages in the inbox.", report.inbox.messages);
            true
        }
        Err(error) => {
            println!("\nIMAP: {error}");
            false
        }
    }
}

async fn try_smtp(mailbox: &Mailbox) -> bool {
    let Outgoing::Smtp(server, _) = &mailbox.outgoing else { return true };
    match smtp::probe(&wiring::smtp_settings(server, mailbox), Some(&mailbox.from.email)).await {
        Ok(probe) => {
            println!("SMTP: signed in.");
            if let Some(words) = probe.null_sender_refused {
                println!(
                    "SMTP: the server refuses <> as envelope sender ({words}): set envelope_sender to your address."
                );
            }
            true
        }
        Err(error) => {
            println!("SMTP: {error}");
            false
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_init_writes_is_a_configuration_that_loads() {
        let account = || Account {
            host: "mail.shop.example".into(),
            port: 993,
            tls: "implicit",
            username: "u\"x".into(),
            password: "p".into(),
        };
        let answers = Answers {
            address: Email::parse("support@shop.example").unwrap(),
            shop: "L'Échoppe \"du coin\"".into(),
            data_dir: "/var/lib/guichet".into(),
            witness: beside(Path::new("/var/lib/guichet")),
            imap: account(),
            smtp: account(),
            time_zone: "Europe/Brussels".into(),
            hours: "Mon-Sat 10:00-19:00".into(),
            stance: Stance::usual(),
        };
        let text = render(&answers, Path::new("/etc/guichet/imap.secret"), Path::new("/etc/guichet/smtp.secret"));
        let config = Config::parse(&text, Path::new("guichet.toml")).unwrap();
        assert_eq!(config.mailboxes.first().unwrap().signature, "L'Échoppe \"du coin\"");
        assert!(!text.contains("password = \"p\""));
        assert_eq!(config.state_witness, Some("/var/lib/guichet-witness/state".into()), "as the shipped unit allows");
        let text = render(&Answers { witness: None, ..answers }, Path::new("a"), Path::new("b"));
        assert_eq!(Config::parse(&text, Path::new("guichet.toml")).unwrap().state_witness, None);
    }
}
