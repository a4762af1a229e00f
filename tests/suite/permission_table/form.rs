//! A contact form, and to whom an acknowledgement goes.

use guichet::reply::permission::PermissionSettings;

use super::row::{Row, Trial, allowed, held, machine, row, story};
use super::stories;

pub fn rows() -> Vec<Row> {
    [what_is_one(), what_it_skips(), what_it_does_not_skip(), whose_it_is(), to_whom()].into_iter().flatten().collect()
}

/// What our own form sends for Anna.
const FORM: &str = "From: form@shop.example\nReply-To: anna@client.test\nReturn-Path: <form@shop.example>\n";
/// What a form that somebody else runs for us sends.
const FOREIGN: &str = "From: form@forms.test\nReply-To: anna@client.test\nReturn-Path: <x@host.test>\n";

fn form(more: &str) -> String {
    format!("{FORM}{more}").trim_end().to_owned()
}

/// As [`FORM`], with another envelope sender.
fn form_returned_by(line: &str) -> String {
    form(line).replace("Return-Path: <form@shop.example>\n", "")
}

/// The very same mail where no such form is configured.
fn no_form(trial: Trial) -> Trial {
    trial.where_settings(|shop: &mut PermissionSettings| {
        shop.contact_forms.clear();
        shop.colleagues.clear();
    })
}

fn what_is_one() -> Vec<Row> {
    vec![
        row("a contact form's From matches", held("colleague", form("").replace("form@", "forms@")), allowed(form(""))),
        row(
            "a contact form's domain is ours",
            held("sender not verified: return-path of host.test", FOREIGN.trim_end()),
            allowed(form_returned_by("Return-Path: <x@host.test>")),
        ),
        row(
            "or dmarc=pass",
            held(
                "sender not verified: return-path of host.test",
                format!("{FOREIGN}Authentication-Results: mx.evil.test; dmarc=pass"),
            ),
            allowed(format!("{FOREIGN}Authentication-Results: mx.shop.example; dmarc=pass")),
        ),
    ]
}

/// The same bytes, stopped where the sender is no form of ours.
fn skipped(rule: &'static str, stopped: fn(String) -> Trial, mail: String) -> Row {
    row(rule, no_form(stopped(mail.clone())), allowed(mail))
}

fn what_it_skips() -> Vec<Row> {
    vec![
        skipped(
            "a contact form skips the own-address rule",
            |mail| held("our own address", mail),
            form("").replace("form@shop", "form@help.shop"),
        ),
        skipped(
            "a contact form skips the daemon-sender rule",
            |mail| machine("daemon sender: noreply", mail),
            form("").replace("form@", "noreply@"),
        ),
        skipped(
            "a contact form skips the daemon-sender rule in the Return-Path",
            |mail| machine("daemon return-path: postmaster", mail),
            form_returned_by("Return-Path: <postmaster@host.test>"),
        ),
        skipped(
            "a contact form skips the Auto-Submitted rule",
            |mail| machine("auto-submitted: auto-generated", mail),
            form("Auto-Submitted: auto-generated"),
        ),
        skipped(
            "a contact form skips the null Return-Path",
            |mail| machine("null return-path", mail),
            form_returned_by("Return-Path: <>"),
        ),
        skipped(
            "a contact form skips the absent Return-Path",
            |mail| held("return-path absent", mail),
            form_returned_by("without Return-Path"),
        ),
        skipped(
            "a contact form skips the unaligned Return-Path",
            |mail| held("sender not verified: return-path of host.test", mail),
            form_returned_by("Return-Path: <www-data@host.test>"),
        ),
    ]
}

fn what_it_does_not_skip() -> Vec<Row> {
    vec![
        row(
            "a contact form does not skip Precedence",
            machine("precedence: bulk", form("Precedence: bulk")),
            allowed(form("Precedence: normal")),
        ),
        row(
            "a contact form does not skip X-Auto-Response-Suppress",
            machine("x-auto-response-suppress: all", form("X-Auto-Response-Suppress: All")),
            allowed(form("X-Auto-Response-Suppress: DR")),
        ),
        row(
            "a contact form does not skip X-Loop",
            machine("auto-responder header: x-loop", form("X-Loop: form@shop.example")),
            allowed(form("X-Loop: no")),
        ),
        row(
            "a contact form does not skip dmarc=fail",
            held("dmarc fail", form("Authentication-Results: mx.shop.example; dmarc=fail")),
            allowed(form("Authentication-Results: mx.shop.example; dmarc=none")),
        ),
    ]
}

fn whose_it_is() -> Vec<Row> {
    let nobody = "no usable sender: contact form without reply-to";
    vec![
        row(
            "a contact form's customer is Reply-To",
            held(nobody, form("").replace("Reply-To: anna@client.test\n", "")),
            allowed(form("")),
        ),
        story("caps count Reply-To", || Box::pin(stories::caps_count_the_reply_to_of_a_form())),
    ]
}

fn to_whom() -> Vec<Row> {
    let nobody = "no usable sender: contact form without reply-to";
    let relayed = "Return-Path: <x@relay.test>";
    let not_verified = "sender not verified: return-path of relay.test";
    vec![
        row(
            "to From, whose mailbox is the Return-Path",
            held("sender not verified: return-path of home.test", "Return-Path: <anna@home.test>"),
            allowed("Return-Path: <Anna+orders@CLIENT.test>"),
        ),
        row(
            "to From, with whose domain the Return-Path aligns",
            held(not_verified, relayed),
            allowed("Return-Path: <x@relay.client.test>"),
        ),
        row(
            "to From, proven by dmarc=pass",
            held(not_verified, format!("{relayed}\nAuthentication-Results: mx.shop.example; dmarc=none")),
            allowed(format!("{relayed}\nAuthentication-Results: mx.shop.example; dmarc=pass")),
        ),
        row(
            "to Reply-To only for a contact form",
            allowed("Reply-To: victim@other.test"),
            allowed(form("").replace("anna@client.test", "ben@other.test")).to("ben@other.test"),
        ),
        row(
            "to one Reply-To, otherwise held",
            held(nobody, form("").replace("anna@client.test", "anna@client.test, ben@other.test")),
            allowed(form("").replace("anna@client.test", "Anna <anna@client.test>")),
        ),
        row(
            "to no Reply-To of ours",
            held(nobody, form("").replace("anna@client.test", "support@shop.example")),
            allowed(form("").replace("anna@client.test", "support@client.test")).to("support@client.test"),
        ),
    ]
}
