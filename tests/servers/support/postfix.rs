//! A private Postfix: submission with STARTTLS and with TLS from the first byte, sign-in through the
//! private Dovecot, delivery to it by LMTP. Killed on drop. Needs root: Postfix changes users itself.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::dovecot::{Dovecot, certificate};
use super::free_port;

/// What a test wants different.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    /// The certificate expired in 2020.
    pub expired_certificate: bool,
    /// `<>` is refused as envelope sender.
    pub no_null_sender: bool,
}

/// A running Postfix.
pub struct Postfix {
    folder: tempfile::TempDir,
    /// Plain SMTP with STARTTLS.
    pub submission: u16,
    /// SMTP over TLS.
    pub submissions: u16,
}

impl Postfix {
    /// Starts one that delivers to `dovecot`, and returns when it listens.
    pub fn start(dovecot: &Dovecot) -> Self {
        Self::start_with(dovecot, Options::default())
    }

    /// See [`Options`].
    pub fn start_with(dovecot: &Dovecot, options: Options) -> Self {
        assert!(rustix::process::getuid().is_root(), "a private Postfix needs root: run scripts/test as root");
        let folder = tempfile::tempdir().unwrap();
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
        std::fs::create_dir(folder.path().join("queue")).unwrap();
        std::fs::create_dir(folder.path().join("data")).unwrap();
        let chown = Command::new("chown").arg("postfix").arg(folder.path().join("data")).status().unwrap();
        assert!(chown.success(), "no user postfix: apt-get install postfix, or run scripts/test");
        certificate(folder.path(), options.expired_certificate);
        let (submission, submissions) = (free_port(), free_port());
        configure(folder.path(), dovecot, options, submission, submissions);
        let postfix = Self { folder, submission, submissions };
        postfix.command("start");
        postfix
    }

    /// The issuer to trust: the certificate itself.
    pub fn ca_file(&self) -> PathBuf {
        self.folder.path().join("certificate.pem")
    }

    /// What Postfix logged so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("mail.log")).unwrap_or_default()
    }

    /// Whether all that was handed in is delivered.
    pub fn is_empty(&self) -> bool {
        let output = Command::new("postqueue").arg("-c").arg(self.folder.path()).arg("-j").output().unwrap();
        assert!(output.status.success(), "postqueue: {}", String::from_utf8_lossy(&output.stderr));
        output.stdout.is_empty()
    }

    fn command(&self, word: &str) {
        let output = Command::new("postfix").arg("-c").arg(self.folder.path()).arg(word).output();
        let output = output.unwrap_or_else(|error| {
            panic!("cannot run postfix ({error}): apt-get install postfix, or run scripts/test")
        });
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "postfix {word}: {error}\n{}", self.log());
    }
}

impl Drop for Postfix {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("Postfix's log:\n{}", self.log());
        }
        let pid = std::fs::read_to_string(self.folder.path().join("queue/pid/master.pid")).unwrap_or_default();
        if let Some(pid) = pid.trim().parse().ok().and_then(rustix::process::Pid::from_raw) {
            // The master leads the group of all its processes.
            rustix::process::kill_process_group(pid, rustix::process::Signal::KILL).ok();
        }
    }
}

fn configure(folder: &Path, dovecot: &Dovecot, options: Options, submission: u16, submissions: u16) {
    let sender = if options.no_null_sender { "check_sender_access inline:{{<> = REJECT no empty sender}}" } else { "" };
    let values = [
        ("@folder@", folder.display().to_string()),
        ("@lmtp@", dovecot.lmtp.to_string()),
        ("@auth@", dovecot.auth.to_string()),
        ("@sender@", sender.to_owned()),
        ("@submission@", submission.to_string()),
        ("@submissions@", submissions.to_string()),
    ];
    for (name, template) in
        [("main.cf", include_str!("postfix-main.cf")), ("master.cf", include_str!("postfix-master.cf"))]
    {
        let text = values.iter().fold(template.to_owned(), |text, (name, value)| text.replace(name, value));
        std::fs::write(folder.join(name), text).unwrap();
    }
}
