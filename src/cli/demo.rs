//! `guichet demo`: the whole product on embedded parts, nothing to configure.
//!
//! It is the real daemon with a Maildir for an inbox and a folder for an outbox; the only thing added is
//! a hand that drops sample messages into the Maildir, and a file of sample orders that fit them.

mod feed;
mod shop;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;
use tokio::net::TcpListener;

use super::logging::{self, Look};
use super::service::Service;
use super::signals;
use crate::adapters::reviewers::ReviewersFile;
use crate::adapters::system::{SystemClock, SystemIds};
use crate::config::Config;
use crate::ports::{Clock, Ids};

/// Runs the whole product on sample mail, in a temporary folder, and prints the address to open.
#[derive(Debug, Args)]
pub struct Demo {
    /// Address of the desk; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:8025")]
    listen: SocketAddr,
    /// Folder to work in; kept afterwards. Default: a temporary one, removed at the end.
    #[arg(long, value_name = "DIR")]
    folder: Option<PathBuf>,
}

impl Demo {
    /// Runs until Ctrl-C.
    ///
    /// # Errors
    /// When the folder cannot be written or the port is taken.
    pub async fn run(&self) -> anyhow::Result<bool> {
        logging::start(Look::Terminal);
        let temporary =
            tempfile::Builder::new().prefix("guichet-demo-").tempdir().context("cannot make a temporary folder")?;
        let folder = match &self.folder {
            Some(folder) => std::path::absolute(folder)?,
            None => temporary.path().to_owned(),
        };
        let inbox = folder.join("inbox");
        make_maildir(&inbox)?;
        make_maildir(&folder.join("sent"))?;
        let orders = folder.join("orders.csv");
        shop::export(&orders, 0, feed::today()).with_context(|| format!("cannot write {}", orders.display()))?;
        let policy = folder.join("policy.toml");
        std::fs::write(&policy, shop::POLICY).with_context(|| format!("cannot write {}", policy.display()))?;
        let listener = bind(self.listen).await?;
        let address = listener.local_addr().context("the desk has no address")?;
        let config = Config::parse(&configuration(&folder), &folder.join("guichet.toml"))?;
        let data_dir = config.data_dir.clone();
        let stop = signals::stop_on_signal()?;
        let service = Service::assemble(config, Some(listener), stop.clone()).await?;
        let path = add_reviewer(&data_dir, &service)?;
        introduce(address, &path, &folder);
        let feeding = tokio::spawn(feed::feed(inbox, orders, service.ready(), stop.clone()));
        let served = service.run().await;
        stop.cancel();
        let _ = feeding.await;
        println!(
            "\nThe counter is closed.{}",
            if self.folder.is_none() { " The temporary folder is removed." } else { "" }
        );
        served.map(|()| true)
    }
}

/// A reviewer whose password nobody knows: the link signs in once.
fn add_reviewer(data_dir: &Path, service: &Service) -> anyhow::Result<String> {
    let password = SystemIds.salt();
    ReviewersFile::in_folder(data_dir).add("demo", "Camille", &password, SystemClock.now())?;
    let desk = service.desk.as_ref().context("the demo has no desk")?;
    Ok(desk.one_time_path("demo"))
}

fn make_maildir(folder: &Path) -> anyhow::Result<()> {
    for part in ["new", "cur", "tmp"] {
        std::fs::create_dir_all(folder.join(part)).with_context(|| format!("cannot make {}", folder.display()))?;
    }
    Ok(())
}

/// The port asked for, or a free one when another program has it.
async fn bind(wanted: SocketAddr) -> anyhow::Result<TcpListener> {
    match TcpListener::bind(wanted).await {
        Ok(listener) => Ok(listener),
        Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => {
            TcpListener::bind(SocketAddr::new(wanted.ip(), 0)).await.context("no free port for the desk")
        }
        Err(error) => Err(error).with_context(|| format!("the desk cannot listen on {wanted}")),
    }
}

fn introduce(address: SocketAddr, path: &str, folder: &Path) {
    println!("Guichet's counter is open. Sample mail arrives while you watch.\n");
    println!("  desk     http://{address}{path}   (this link signs in once)");
    println!("  inbox    {}", folder.join("inbox/new").display());
    println!("  orders   {}", folder.join("orders.csv").display());
    println!("  outbox   {}", folder.join("outbox").display());
    println!("  end      Ctrl-C\n");
}

fn configuration(folder: &Path) -> String {
    let quoted = |path: PathBuf| toml::Value::String(path.to_string_lossy().into_owned()).to_string();
    format!(
        r#"data_dir = {data}
mode = "live"
time_zone = "Europe/Paris"
[calendar]
country = "FR"
hours = "Mon-Fri 09:00-18:00"
[[mailbox]]
name = "demo"
source = "maildir"
path = {inbox}
sent_path = {sent}
addresses = ["support@guichet.example"]
from = "Maison Guichet <support@guichet.example>"
signature = "Maison Guichet"
undo_window = "3s"
sent_copy = "always"
[mailbox.smtp]
outbox_dir = {outbox}
[policy]
file = "policy.toml"
[orders]
source = "csv"
file = {orders}
currency = "EUR"
[desk]
listen = "127.0.0.1:0"
"#,
        data = quoted(folder.join("data")),
        inbox = quoted(folder.join("inbox")),
        sent = quoted(folder.join("sent")),
        outbox = quoted(folder.join("outbox")),
        orders = quoted(folder.join("orders.csv")),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_demo_has_a_configuration_that_loads() {
        let config = Config::parse(&configuration(Path::new("/tmp/a \"b\"")), Path::new("guichet.toml")).unwrap();
        assert_eq!(config.mailboxes.len(), 1);
    }
}
