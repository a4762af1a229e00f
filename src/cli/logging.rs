//! Log lines for people: one readable sentence and its fields, on standard error.

use std::fmt;
use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::FormatTime;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// How lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// For a journal that has its own clock.
    Journal,
    /// For a terminal.
    Terminal,
}

/// Starts logging. `GUICHET_LOG` takes directives like `debug` or `guichet::daemon=debug`.
pub fn start(look: Look) {
    let asked = std::env::var("GUICHET_LOG").unwrap_or_default();
    // async_imap writes passwords at trace level.
    let filter = EnvFilter::builder()
        .with_default_directive(LevelFilter::INFO.into())
        .parse_lossy(asked)
        .add_directive("async_imap=info".parse().unwrap_or_else(|_| LevelFilter::INFO.into()))
        .add_directive("lettre=info".parse().unwrap_or_else(|_| LevelFilter::INFO.into()))
        .add_directive("sled=warn".parse().unwrap_or_else(|_| LevelFilter::INFO.into()));
    let registry = tracing_subscriber::registry().with(filter);
    let colours = look == Look::Terminal && std::io::stderr().is_terminal();
    let layer = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_target(false).with_ansi(colours);
    // A second call, as in tests, changes nothing.
    let _ = match look {
        Look::Journal => registry.with(layer.without_time()).try_init(),
        Look::Terminal => registry.with(layer.with_timer(WallClock).compact()).try_init(),
    };
}

/// The time of day, as a person at a terminal wants it.
struct WallClock;

impl FormatTime for WallClock {
    fn format_time(&self, writer: &mut Writer<'_>) -> fmt::Result {
        write!(writer, "{}", jiff::Zoned::now().strftime("%H:%M:%S"))
    }
}
