//! The configuration: the shipped example loads, and a mistake names file, line and key.

use std::path::Path;

use guichet::config::{Config, Mode, Outgoing, Source};

const EXAMPLE: &str = include_str!("../../guichet.example.toml");

fn parse(text: &str) -> Result<Config, String> {
    Config::parse(text, Path::new("guichet.toml")).map_err(|error| error.to_string())
}

/// The example with the first line that begins with `old` replaced, and that line's number.
fn with_line(old: &str, new: &str) -> (String, usize) {
    let line = EXAMPLE.lines().position(|line| line.starts_with(old)).expect("the example has that line");
    let text: Vec<&str> = EXAMPLE.lines().enumerate().map(|(n, text)| if n == line { new } else { text }).collect();
    (text.join("\n"), line + 1)
}

#[test]
fn the_example_loads_and_means_what_its_comments_say() {
    let config = parse(EXAMPLE).unwrap();
    assert_eq!(config.mode, Mode::Shadow);
    let mailbox = config.mailboxes.first().unwrap();
    assert_eq!(mailbox.name, "support");
    assert!(mailbox.envelope_sender.is_none() && mailbox.resend_once);
    let Source::Imap(server, folders) = &mailbox.source else { panic!("the example is an IMAP mailbox") };
    assert_eq!((server.host.as_str(), server.port), ("imap.shop.example", 993));
    assert_eq!(folders.junk_folder.as_deref(), Some("Junk"));
    assert!(matches!(mailbox.outgoing, Outgoing::Smtp(..)));
}

#[test]
fn every_mistake_names_its_line_and_what_to_write() {
    let cases = [
        (
            "fallback_language",
            "falback_language = \"en\"",
            "unknown key `falback_language`: did you mean `fallback_language`?",
        ),
        ("username", "usernam = \"x\"", "unknown key `mailbox.imap.usernam`: did you mean `username`?"),
        ("time_zone", "time_zone = \"Mars/Olympus\"", "unknown time zone `Mars/Olympus`"),
        ("hours", "hours = \"Mon-Fri nine to five\"", "opening hours"),
        ("closed", "closed = [\"24 December\"]", "closed “24 December”"),
        ("from", "from = \"nobody\"", "“nobody” is not an e-mail address"),
        ("addresses", "addresses = [\"*@*\"]", "is neither an address nor a pattern"),
        ("undo_window", "undo_window = \"soon\"", "`undo_window`: write a duration"),
        ("max_age", "max_age = \"-1h\"", "`max_age`: write a duration"),
        ("listen", "listen = \"8025\"", "`listen`: write an address"),
        ("tls", "tls = \"none\"", "sends the password in the clear"),
        ("password", "password = { env = \"A\", file = \"b\" }", "exactly one of"),
        ("password", "password = \"s3cret\"", "`mailbox.imap.password` takes a table"),
        ("mode", "mode = \"lively\"", "unknown variant"),
        ("name", "name = \"sup/port\"", "`name` takes"),
        ("data_dir", "data_dir = var", "string"),
    ];
    for (line, written, expected) in cases {
        let (text, number) = with_line(line, written);
        let error = parse(&text).expect_err(written);
        assert!(error.contains(expected), "{written}: {error}");
        let near = (number.saturating_sub(2)..=number + 1).any(|n| error.starts_with(&format!("guichet.toml:{n}:")));
        assert!(near, "{written} stands in line {number}: {error}");
        assert!(!error.contains("s3cret"), "{error}");
    }
}

#[test]
fn what_is_missing_is_said() {
    assert!(parse("mode = \"live\"").unwrap_err().contains("no mailbox"));
    let maildir = "[[mailbox]]\nname = \"a\"\nsource = \"maildir\"\nfrom = \"a@b.example\"\n";
    assert!(parse(maildir).unwrap_err().contains("[mailbox.smtp]"));
    let no_path = format!("{maildir}[mailbox.smtp]\noutbox_dir = \"/tmp/x\"\n");
    assert!(parse(&no_path).unwrap_err().contains("`path`"));
    let both = format!("{maildir}path = \"/m\"\n[mailbox.smtp]\noutbox_dir = \"/tmp/x\"\nhost = \"y\"\n");
    assert!(parse(&both).unwrap_err().contains("either `host` or `outbox_dir`"));
    let twice = format!("{0}{0}", format!("{maildir}path = \"/m\"\n[mailbox.smtp]\noutbox_dir = \"/tmp/x\"\n"));
    assert!(parse(&twice).unwrap_err().contains("two mailboxes are named"));
}

#[test]
fn a_small_configuration_gets_sensible_defaults() {
    let text = "[[mailbox]]\nname = \"a\"\nsource = \"maildir\"\npath = \"/m\"\nfrom = \"a@b.example\"\n[mailbox.smtp]\noutbox_dir = \"/tmp/x\"\n";
    let config = parse(text).unwrap();
    assert_eq!(config.mode, Mode::Live);
    assert_eq!(config.languages, ["fr", "en"]);
    assert_eq!(config.caps.per_mailbox_per_hour, 500);
    let mailbox = config.mailboxes.first().unwrap();
    assert!(mailbox.permission.is_ours(&guichet::domain::Email::parse("A+x@b.example").unwrap()));
}
