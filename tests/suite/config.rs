//! The configuration: the shipped example loads, and a mistake names file, line and key.

use std::path::Path;

use guichet::adapters::sign_in::SignIn;
use guichet::config::{Config, Mode, Orders, Outgoing, Source};
use guichet::domain::policy::Stance;

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
fn an_account_signs_in_by_token_as_the_example_shows() {
    let without = EXAMPLE.replacen("password = { credential = \"imap\" }", "", 1);
    let text = format!("{without}\n{}", commented("# [mailbox.imap.oauth2]", 0));
    let config = parse(&text).unwrap();
    let Source::Imap(server, _) = &config.mailboxes.first().unwrap().source else { panic!("an IMAP mailbox") };
    assert!(matches!(server.sign_in, Some(SignIn::Oauth2(_))), "{:?}", server.sign_in);
}

/// What stands commented out behind the `n`-th line that begins with `head`, up to the next line that holds nothing.
fn commented(head: &str, n: usize) -> String {
    let from = EXAMPLE.lines().enumerate().filter(|(_, line)| line.starts_with(head)).nth(n).expect("it is there").0;
    let block = EXAMPLE.lines().skip(from).take_while(|line| !line.is_empty() && *line != "#");
    block.map(|line| format!("{}\n", line.trim_start_matches("# "))).collect()
}

#[test]
fn the_order_sources_of_the_example_load() {
    for (n, wanted) in [(0, "csv"), (1, "http")] {
        let text = format!("{EXAMPLE}\n{}", commented("# [orders]", n));
        match (parse(&text).unwrap().orders.unwrap(), wanted) {
            (Orders::Csv(csv), "csv") => {
                assert_eq!((csv.separator, csv.columns.len()), (Some(b';'), 7));
                assert_eq!(csv.formats.time_zone.iana_name(), Some("Europe/Paris"));
            }
            (Orders::Http(http), "http") => {
                assert_eq!((http.url.host(), http.cache.as_secs()), ("shop.example", 300));
                assert!(http.fields.parcels.is_some() && http.fields.lines.is_some() && http.key.is_some());
            }
            (other, _) => panic!("{other:?}"),
        }
    }
    assert!(parse(&format!("{EXAMPLE}\n[orders]\n")).unwrap().orders.is_none(), "an empty table is no source");
}

#[test]
fn the_cost_of_a_refund_is_an_amount_with_its_currency() {
    let cost = |text: &str| parse(&format!("{EXAMPLE}\n[figures]\ncost_per_refund = \"{text}\"\n"));
    assert_eq!(cost("4,5 eur").unwrap().cost_per_refund.unwrap().to_string(), "4.50 EUR");
    assert_eq!(parse(EXAMPLE).unwrap().cost_per_refund, None);
    for wrong in ["4.50", "4.50 €", "EUR 4.50", "-1 EUR", "4.505 EUR", ""] {
        let said = cost(wrong).unwrap_err();
        assert!(said.contains("`figures.cost_per_refund` is an amount with its currency"), "{wrong}: {said}");
    }
    let typed = parse(&format!("{EXAMPLE}\n[figures]\ncost_refund = \"1 EUR\"\n")).unwrap_err();
    assert!(typed.contains("did you mean `cost_per_refund`?"), "{typed}");
}

#[test]
fn a_mistake_about_orders_says_what_to_write() {
    let http = "source = \"http\"\nprofile = \"shopify\"\n";
    for (written, expected) in [
        ("file = \"/x\"", "[orders] needs `source`"),
        ("source = \"cvs\"", "unknown variant `cvs`"),
        ("source = \"csv\"", "orders from CSV need `file`"),
        ("source = \"csv\"\nfil = \"/x\"", "unknown key `orders.fil`: did you mean `file`?"),
        ("source = \"csv\"\nfile = \"/x\"\nseparator = \"::\"", "`separator`: write"),
        ("source = \"csv\"\nfile = \"/x\"\nencoding = \"latin\"", "`encoding`: write"),
        ("source = \"csv\"\nfile = \"/x\"\ncurrency = \"€\"", "`currency`: write"),
        ("source = \"csv\"\nfile = \"/x\"\n[orders.columns]\nnumer = \"N\"", "did you mean `number`?"),
        ("source = \"csv\"\nfile = \"/x\"\nurl = \"https://a\"", "belong to source = \"http\""),
        ("source = \"http\"", "orders by HTTP need `url`"),
        (&format!("{http}url = \"http://shop.example\""), "use https://"),
        (&format!("{http}url = \"https://me:pw@shop.example\""), "secrets never stand in an address"),
        (&format!("{http}url = \"https://shop.example\"\nsecret = \"s3cret\""), "`orders.secret` takes a table"),
        (&format!("{http}url = \"https://shop.example\"\nsecret = {{}}"), "`secret` needs exactly one of"),
        (&format!("{http}url = \"https://shop.example\"\nheader = \"X\""), "`header` goes with `secret`"),
        (&format!("{http}url = \"https://shop.example\"\ncache = \"soon\""), "`cache`: write a duration"),
        (&format!("{http}url = \"https://shop.example\"\n[orders.fields]\ntotal = \"total\""), "“total” is no path"),
        ("source = \"http\"\nprofile = \"magento\"\nurl = \"https://a.example\"", "\"woocommerce\" or \"shopify\""),
        ("source = \"http\"\nurl = \"https://a.example/{number}\"", "[orders.fields] needs `number`"),
        ("source = \"http\"\nurl = \"https://a.example/{email}\"", "`url` has no place for {number}"),
    ] {
        let error = parse(&format!("{EXAMPLE}\n[orders]\n{written}\n")).expect_err(written);
        assert!(error.contains(expected), "{written}: {error}");
        assert!(error.starts_with("guichet.toml:") && !error.contains("s3cret") && !error.contains("pw"), "{error}");
    }
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
        (
            "password",
            "oauth2 = { token_ur = \"x\" }",
            "unknown key `mailbox.imap.oauth2.token_ur`: did you mean `token_url`?",
        ),
        ("password", "oauth2 = { token_url = \"http://a.example/t\", client_id = \"x\" }", "`oauth2.token_url`"),
        ("password", "oauth2 = { token_url = \"https://a.example/t\", client_id = \"x\" }", "needs `refresh_token`"),
        (
            "password",
            "password = { env = \"A\" }\noauth2 = { token_url = \"https://a.example/t\", client_id = \"x\", refresh_token = { env = \"B\" } }",
            "by `password` or by `oauth2`, not by both",
        ),
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
    let unproved = "[[mailbox]]\nname = \"a\"\nsource = \"imap\"\nfrom = \"a@b.example\"\n[mailbox.imap]\nhost = \"h\"\nusername = \"a\"\n\
        [mailbox.smtp]\noutbox_dir = \"/tmp/x\"\n";
    assert!(parse(unproved).unwrap_err().contains("[mailbox.imap] needs `password` or `oauth2`"));
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

#[test]
fn a_stance_that_is_none_is_named_with_what_can_be_chosen() {
    for (old, new, said) in [
        ("refusal_offers", "refusal_offers = \"some\"", "`non_monetary`"),
        ("apology", "apolgy = \"experience\"", "apology"),
        ("perks_to_flagged", "perks_to_flagged = \"no\"", "boolean"),
    ] {
        let (text, line) = with_line(old, new);
        let error = parse(&text).unwrap_err();
        assert!(error.starts_with(&format!("guichet.toml:{line}")) && error.contains(said), "{error}");
    }
    let config = parse(EXAMPLE).unwrap();
    assert_eq!(config.stance.over(Stance::default()), Stance::default(), "the example shows the defaults");
}
