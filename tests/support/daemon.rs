//! The built binary as a child process: started, watched by its log lines and its readiness, killed.

use std::io::{BufRead, BufReader};
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use tokio::sync::watch;

/// A test that waits longer has failed; no assertion is made on how long anything took.
pub const PATIENCE: Duration = Duration::from_secs(90);

/// What a wait ended with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seen {
    /// The line that held the words.
    Line(String),
    /// The process ended before.
    Ended,
}

enum News {
    Line(String),
    Ready,
    Ended,
}

/// A running `guichet run`.
pub struct Daemon {
    child: Child,
    news: Receiver<News>,
    config: PathBuf,
    /// Every log line so far, for failure messages and for looking back.
    pub log: Vec<String>,
    ready: bool,
    ended: bool,
    /// The same, for those who wait for something else beside it.
    gone: watch::Receiver<bool>,
}

/// The binary under test, or the one that `GUICHET_BINARY` names: a release build where time is measured, an optimised one
/// with failpoints where it is killed a thousand times.
pub fn guichet() -> Command {
    let built = env!("CARGO_BIN_EXE_guichet");
    let mut command = Command::new(std::env::var_os("GUICHET_BINARY").unwrap_or_else(|| built.into()));
    command.env_remove("GUICHET_FAILPOINT").env_remove("NOTIFY_SOCKET");
    command
}

impl Daemon {
    /// Starts `guichet run --config CONFIG`, armed with a failpoint if one is named.
    pub fn start(config: &Path, failpoint: Option<&str>) -> Self {
        Self::start_with(config, |command| {
            if let Some(point) = failpoint {
                command.env("GUICHET_FAILPOINT", point);
            }
        })
    }

    /// Starts `guichet run --config CONFIG` in surroundings of the test's making.
    pub fn start_with(config: &Path, surround: impl FnOnce(&mut Command)) -> Self {
        let socket_path = config.with_extension(format!("notify-{}", std::process::id()));
        let _ = std::fs::remove_file(&socket_path);
        let socket = UnixDatagram::bind(&socket_path).unwrap();
        let mut command = guichet();
        command.args(["run", "--config"]).arg(config).env("NOTIFY_SOCKET", &socket_path).env("RUST_BACKTRACE", "0");
        surround(&mut command);
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let (sender, news) = channel();
        let errors = child.stderr.take().unwrap();
        let lines = sender.clone();
        let (going, gone) = watch::channel(false);
        std::thread::spawn(move || {
            for line in BufReader::new(errors).lines().map_while(Result::ok) {
                let _ = lines.send(News::Line(line));
            }
            let _ = lines.send(News::Ended);
            going.send_replace(true);
        });
        std::thread::spawn(move || {
            let mut buffer = [0_u8; 4096];
            while let Ok(length) = socket.recv(&mut buffer) {
                if buffer[..length].windows(7).any(|window| window == b"READY=1") && sender.send(News::Ready).is_err() {
                    return;
                }
            }
        });
        Self { child, news, config: config.to_owned(), log: Vec::new(), ready: false, ended: false, gone }
    }

    /// Waits until every mailbox is watched; false when the process ended before.
    pub fn wait_ready(&mut self) -> bool {
        while !self.ready && !self.ended {
            self.next("READY");
        }
        self.ready
    }

    /// Waits for a log line that holds all of `words`, counting lines already seen from `from` on.
    pub fn wait_line_from(&mut self, from: usize, words: &[&str]) -> Seen {
        let holds = |line: &String| words.iter().all(|word| line.contains(word));
        let mut looked = from;
        loop {
            if let Some(line) = self.log.iter().skip(looked).find(|line| holds(line)) {
                return Seen::Line(line.clone());
            }
            looked = self.log.len();
            if self.ended {
                return Seen::Ended;
            }
            self.next(&words.join(" … "));
        }
    }

    /// Waits for a log line that holds all of `words`.
    pub fn wait_line(&mut self, words: &[&str]) -> Seen {
        self.wait_line_from(0, words)
    }

    /// Waits until `count` lines hold `words`, or the process ended.
    pub fn wait_lines(&mut self, count: usize, words: &[&str]) -> Seen {
        loop {
            let found = self.log.iter().filter(|line| words.iter().all(|word| line.contains(word))).count();
            if found >= count {
                return Seen::Line(String::new());
            }
            if self.ended {
                return Seen::Ended;
            }
            self.next(&format!("{count} × {}", words.join(" … ")));
        }
    }

    fn next(&mut self, what: &str) {
        match self.news.recv_timeout(PATIENCE) {
            Ok(News::Line(line)) => self.log.push(line),
            Ok(News::Ready) => self.ready = true,
            Ok(News::Ended) | Err(RecvTimeoutError::Disconnected) => self.ended = true,
            Err(RecvTimeoutError::Timeout) => {
                panic!("waited in vain for “{what}”; the log:\n{}", self.log.join("\n"));
            }
        }
    }

    /// Another `guichet` command on the same configuration.
    pub fn command(&self, arguments: &[&str]) -> Output {
        guichet().args(arguments).arg("--config").arg(&self.config).output().unwrap()
    }

    /// Becomes true when the process has ended.
    pub fn ended(&self) -> watch::Receiver<bool> {
        self.gone.clone()
    }

    /// The process's number.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// `kill -9`.
    pub fn kill(mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// SIGTERM, and the exit status; all remaining log lines are read.
    pub fn stop(&mut self) -> ExitStatus {
        let _ = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        self.exit()
    }

    /// SIGHUP.
    pub fn hang_up(&self) {
        let _ = Command::new("kill").args(["-HUP", &self.child.id().to_string()]).status();
    }

    /// Waits for the end of the process.
    pub fn exit(&mut self) -> ExitStatus {
        while !self.ended {
            self.next("the end of the process");
        }
        self.child.wait().unwrap()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
