//! A private Dovecot: IMAP, IMAPS, LMTP with Sieve, its own users and certificate. Killed on drop.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, mpsc};

use super::free_port;

/// Who signs in, and a password with all that has to be quoted.
pub const USER: (&str, &str) = ("support@shop.example", "correct \"horse\" \\battery");
/// Another one, with a password that LOGIN has no words for.
pub const FRENCH_USER: (&str, &str) = ("aide@shop.example", "clé à molette");
/// Another shop's.
pub const NEIGHBOUR: (&str, &str) = ("help@store.example", "bonjour");
/// With which access tokens are signed.
pub const TOKEN_KEY: &str = "a key that is thirty-two bytes long";
/// The folder of sent mail, marked `\Sent`.
pub const SENT: &str = "Éléments envoyés";
/// Whom an ordinary process of root becomes (`nobody`).
const ORDINARY: &str = "65534";

/// What a test wants different.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    /// The certificate expired in 2020.
    pub expired_certificate: bool,
    /// The server speaks no TLS at all.
    pub no_tls: bool,
    /// Access tokens are taken, signed with [`TOKEN_KEY`].
    pub tokens: bool,
}

/// A running Dovecot.
pub struct Dovecot {
    folder: tempfile::TempDir,
    child: Child,
    log: Arc<Mutex<String>>,
    /// Plain IMAP with STARTTLS.
    pub imap: u16,
    /// IMAP over TLS.
    pub imaps: u16,
    /// LMTP.
    pub lmtp: u16,
    /// Sign-in service for Postfix.
    pub auth: u16,
}

impl Dovecot {
    /// Starts one and returns when it listens.
    pub fn start() -> Self {
        Self::start_with(Options::default())
    }

    /// See [`Options`].
    pub fn start_with(options: Options) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (imap, imaps, lmtp, auth) = (free_port(), free_port(), free_port(), free_port());
        certificate(folder.path(), options.expired_certificate);
        std::fs::write(folder.path().join("users"), users()).unwrap();
        if options.tokens {
            token_check(folder.path());
        }
        let configuration = configuration(folder.path(), options, [imap, imaps, lmtp, auth]);
        std::fs::write(folder.path().join("dovecot.conf"), configuration).unwrap();
        hand_over(folder.path());
        let (child, log) = spawn(folder.path());
        Self { folder, child, log, imap, imaps, lmtp, auth }
    }

    /// The issuer to trust: the certificate itself.
    pub fn ca_file(&self) -> PathBuf {
        self.folder.path().join("certificate.pem")
    }

    /// What Dovecot logged so far.
    pub fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// Delivers a message over LMTP.
    pub async fn deliver(&self, user: &str, bytes: &[u8]) {
        super::lmtp::deliver(self.lmtp, "customer@customer.example", user, bytes).await;
    }

    /// Runs doveadm against this Dovecot and returns what it prints.
    pub fn doveadm(&self, arguments: &[&str]) -> String {
        let mut command = ordinary("doveadm");
        command.arg("-c").arg(self.folder.path().join("dovecot.conf")).args(arguments);
        let mut output = command.output().unwrap();
        // Dovecot 2.3.19 refuses one of two that open a new INBOX at once; the folder is there then.
        if String::from_utf8_lossy(&output.stderr).contains("Mailbox already exists") {
            output = command.output().unwrap();
        }
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "doveadm {arguments:?}: {error}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Puts a message into a folder as a mail client does.
    pub fn save(&self, user: &str, folder: &str, bytes: &[u8]) {
        let mut command = ordinary("doveadm");
        command.arg("-c").arg(self.folder.path().join("dovecot.conf")).args(["save", "-u", user, "-m", folder]);
        let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(bytes).unwrap();
        assert!(child.wait().unwrap().success(), "doveadm save failed");
    }

    /// From now on Pigeonhole answers this user's mail with an absence notice; what it sends is delivered
    /// on this server.
    pub fn goes_on_vacation(&self, user: &str) {
        use std::os::unix::fs::PermissionsExt;
        let home = self.folder.path().join("mail").join(user);
        let script = "require [\"vacation\"];\nvacation :days 0 :subject \"I am away\" \"Back on Monday.\";\n";
        // Delivery is what the vacation extension calls sendmail.
        let sendmail = format!(
            "#!/bin/sh\nwhile [ $# -gt 1 ]; do [ \"$1\" = -f ] && from=$2; shift; done\n\
             exec /usr/lib/dovecot/dovecot-lda -c {}/dovecot.conf -f \"$from\" -d \"$1\"\n",
            self.folder.path().display()
        );
        let program = self.folder.path().join("sendmail");
        std::fs::create_dir_all(&home).unwrap();
        std::fs::write(home.join(".dovecot.sieve"), script).unwrap();
        std::fs::write(&program, sendmail).unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
        hand_over(self.folder.path());
    }

    /// Kills the server as a power failure would, and starts it again on the same ports and mail.
    pub fn restart(&mut self) {
        self.kill();
        (self.child, self.log) = spawn(self.folder.path());
    }

    fn kill(&mut self) {
        // The whole family: the log-in processes hold the connections.
        let group = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process_group(group, rustix::process::Signal::KILL).ok();
        self.child.wait().ok();
        std::fs::remove_file(self.folder.path().join("run/master.pid")).ok();
    }
}

impl Drop for Dovecot {
    fn drop(&mut self) {
        self.kill();
        if std::thread::panicking() {
            eprintln!("Dovecot's log:\n{}", self.log());
        }
    }
}

/// A command that is not root, as Dovecot wants it.
fn ordinary(program: &str) -> Command {
    if !rustix::process::getuid().is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid", ORDINARY, "--regid", ORDINARY, "--clear-groups", program]);
    command
}

fn hand_over(folder: &Path) {
    if rustix::process::getuid().is_root() {
        let owner = format!("{ORDINARY}:{ORDINARY}");
        let status = Command::new("chown").arg("-R").arg(owner).arg(folder).status().unwrap();
        assert!(status.success());
    }
}

fn spawn(folder: &Path) -> (Child, Arc<Mutex<String>>) {
    use std::os::unix::process::CommandExt;
    let mut command = ordinary("dovecot");
    command.arg("-F").arg("-c").arg(folder.join("dovecot.conf"));
    let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).process_group(0).spawn();
    let mut child = child.unwrap_or_else(|error| {
        panic!("cannot run dovecot ({error}): apt-get install dovecot-imapd dovecot-lmtpd dovecot-sieve, or run scripts/test")
    });
    let log = Arc::new(Mutex::new(String::new()));
    let (ready, started) = mpsc::channel();
    let (kept, stderr) = (Arc::clone(&log), child.stderr.take().unwrap());
    std::thread::spawn(move || {
        for line in BufReader::new(stderr).lines().map_while(Result::ok) {
            if line.contains("starting up") {
                ready.send(()).ok();
            }
            let mut kept = kept.lock().unwrap();
            kept.push_str(&line);
            kept.push('\n');
        }
    });
    // The sender is dropped when Dovecot ends instead of starting.
    assert!(
        started.recv().is_ok(),
        "dovecot did not start (apt-get install dovecot-imapd dovecot-lmtpd dovecot-sieve, or run scripts/test):\n{}",
        log.lock().unwrap()
    );
    (child, log)
}

fn users() -> String {
    [USER, FRENCH_USER, NEIGHBOUR].map(|(user, password)| format!("{user}:{{PLAIN}}{password}::::::\n")).concat()
}

/// Dovecot finds the key under the token's client, algorithm and key id, each "default" where it names none.
fn token_check(folder: &Path) {
    use base64::Engine as _;
    let keys = folder.join("keys/default/HS256");
    std::fs::create_dir_all(&keys).unwrap();
    std::fs::write(keys.join("default"), base64::engine::general_purpose::STANDARD.encode(TOKEN_KEY)).unwrap();
    let text = format!(
        "introspection_mode = local\nusername_attribute = sub\nlocal_validation_key_dict = fs:posix:prefix={}/keys/\n",
        folder.display()
    );
    std::fs::write(folder.join("oauth2.conf"), text).unwrap();
}

/// A self-signed `certificate.pem` for localhost, and its `key.pem`.
pub fn certificate(folder: &Path, expired: bool) {
    let mut parameters = rcgen::CertificateParams::new(vec!["localhost".into(), "127.0.0.1".into()]).unwrap();
    parameters.is_ca = rcgen::IsCa::ExplicitNoCa;
    if expired {
        parameters.not_before = rcgen::date_time_ymd(2019, 1, 1);
        parameters.not_after = rcgen::date_time_ymd(2020, 1, 1);
    }
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate = parameters.self_signed(&key).unwrap();
    std::fs::write(folder.join("certificate.pem"), certificate.pem()).unwrap();
    std::fs::write(folder.join("key.pem"), key.serialize_pem()).unwrap();
}

fn configuration(folder: &Path, options: Options, ports: [u16; 4]) -> String {
    let root = rustix::process::getuid().is_root();
    let owner = std::fs::metadata(folder).unwrap();
    let (uid, gid) =
        if root { (ORDINARY.into(), ORDINARY.into()) } else { (owner.uid().to_string(), owner.gid().to_string()) };
    let name = |database: &str, id: &str| {
        let output = Command::new("getent").args([database, id]).output().unwrap();
        String::from_utf8_lossy(&output.stdout).split(':').next().unwrap_or_default().to_owned()
    };
    let (user, group) = (name("passwd", &uid), name("group", &gid));
    let tls = if options.no_tls {
        "ssl = no".to_owned()
    } else {
        format!("ssl = yes\nssl_cert = <{0}/certificate.pem\nssl_key = <{0}/key.pem", folder.display())
    };
    let folder = folder.display().to_string();
    let tokens = if options.tokens {
        format!(
            "auth_mechanisms = plain login xoauth2\npassdb {{\n  driver = oauth2\n  mechanisms = xoauth2\n  args = {folder}/oauth2.conf\n}}"
        )
    } else {
        String::new()
    };
    let [imap, imaps, lmtp, auth] = ports.map(|port| port.to_string());
    let values = [
        ("@folder@", folder.as_str()),
        ("@user@", &user),
        ("@group@", &group),
        ("@uid@", &uid),
        ("@gid@", &gid),
        ("@tls@", &tls),
        ("@tokens@", &tokens),
        ("@imap@", &imap),
        ("@imaps@", &imaps),
        ("@lmtp@", &lmtp),
        ("@auth@", &auth),
        ("@SENT@", SENT),
    ];
    let template = include_str!("dovecot.conf").to_owned();
    values.iter().fold(template, |text, (name, value)| text.replace(name, value))
}
