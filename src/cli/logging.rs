//! Log lines for people: one readable sentence and its fields, on standard error.

use std::fmt;
use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;
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
    let filter = EnvFilter::builder().parse_lossy(allowed(&asked));
    let registry = tracing_subscriber::registry().with(filter);
    let colours = look == Look::Terminal && std::io::stderr().is_terminal();
    let layer = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_target(false).with_ansi(colours);
    // A second call, as in tests, changes nothing.
    let _ = match look {
        Look::Journal => registry.with(layer.without_time()).try_init(),
        Look::Terminal => registry.with(layer.with_timer(WallClock).compact()).try_init(),
    };
}

/// What was asked for, without anything about libraries that write passwords or mail at their finest
/// levels: async_imap does at trace.
fn allowed(asked: &str) -> String {
    let harmless =
        |directive: &&str| !["async_imap", "imap_proto", "lettre"].iter().any(|library| directive.contains(library));
    let mut kept = vec!["info"];
    kept.extend(asked.split(',').filter(|directive| !directive.is_empty()).filter(harmless));
    kept.extend(["async_imap=info", "imap_proto=info", "lettre=info", "sled=warn"]);
    kept.join(",")
}

/// The time of day, as a person at a terminal wants it.
struct WallClock;

impl FormatTime for WallClock {
    fn format_time(&self, writer: &mut Writer<'_>) -> fmt::Result {
        write!(writer, "{}", jiff::Zoned::now().strftime("%H:%M:%S"))
    }
}

#[cfg(test)]
mod tests {
    use super::allowed;

    #[test]
    fn no_directive_reaches_a_library_that_logs_passwords() {
        let kept = allowed("debug,async_imap::imap_stream=trace,[x{y=async_imap}]=trace,guichet=trace");
        assert_eq!(kept, "info,debug,guichet=trace,async_imap=info,imap_proto=info,lettre=info,sled=warn");
    }
}
