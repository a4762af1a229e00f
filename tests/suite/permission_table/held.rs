//! Held: judged, drafted and queued like any case, only not acknowledged.

use guichet::domain::position::FolderRole;
use guichet::reply::permission::ReturnPathRule;

use super::row::{Row, allowed, held, row, story};
use super::stories;

pub fn rows() -> Vec<Row> {
    [lists_and_ours(), visible(), proven_false(), not_verified(), surroundings(), conversation()]
        .into_iter()
        .flatten()
        .collect()
}

fn lists_and_ours() -> Vec<Row> {
    vec![
        row(
            "List-Post",
            held("discussion list: list-post", "List-Post: <mailto:friends@client.test>"),
            allowed("List-Post: NO"),
        ),
        row(
            "Precedence list",
            held("discussion list: precedence list", "Precedence: list"),
            allowed("Precedence: urgent"),
        ),
        row(
            "our own addresses",
            held("our own address", "From: Support+x@Shop.example\nReturn-Path: <support@shop.example>"),
            allowed("From: support@client.test").to("support@client.test"),
        ),
        row(
            "a look-alike of our domain",
            held("look-alike of our domain: sh0p.example", "From: a@sh0p.example\nReturn-Path: <a@sh0p.example>"),
            allowed("From: a@shed.example\nReturn-Path: <a@shed.example>").to("a@shed.example"),
        ),
        row(
            "our domain in front of another",
            held(
                "look-alike of our domain: shop.example.evil.test",
                "From: a@shop.example.evil.test\nReturn-Path: <a@evil.test>",
            ),
            allowed("From: a@shop.evil.test\nReturn-Path: <a@evil.test>").to("a@shop.evil.test"),
        ),
        row(
            "colleagues",
            held("colleague", "From: marie@shop.example\nReturn-Path: <marie@shop.example>"),
            allowed("From: marie@client.test").to("marie@client.test"),
        ),
    ]
}

fn visible() -> Vec<Row> {
    let not = |mail: &str| held("our address not visible", mail);
    vec![
        row(
            "our address not visible among To",
            not("To: friends@client.test"),
            allowed("To: friends@client.test, Support+web@shop.example"),
        ),
        row(
            "our address not visible among Cc",
            not("To: friends@client.test\nCc: ben@client.test\nBcc: support@shop.example"),
            allowed("To: friends@client.test\nCc: support@shop.example"),
        ),
        row(
            "our address not visible among Resent-To",
            not("To: friends@client.test\nResent-To: ben@client.test"),
            allowed("To: friends@client.test\nResent-To: support@shop.example"),
        ),
        row(
            "our address not visible among Resent-Cc",
            not("To: friends@client.test\nResent-Cc: ben@client.test"),
            allowed("To: friends@client.test\nResent-Cc: anybody@help.shop.example"),
        ),
        row(
            "our address not visible among recipient_headers",
            not("To: friends@client.test\nDelivered-To: support@shop.example"),
            allowed("To: friends@client.test\nX-Original-To: support@shop.example"),
        ),
    ]
}

/// A mail that Anna sends on as a file, with what somebody's server wrote about it.
const FORWARDED: &str = "Content-Type: multipart/mixed; boundary=m\n\n--m\nContent-Type: text/plain\n\nI got this.\n\
    --m\nContent-Type: message/rfc822\n\nAuthentication-Results: mx.shop.example; dmarc=@\nFrom: ben@else.test\n\n\
    Look.\n--m--";

fn forwarding(dmarc: &str, head: &str) -> String {
    format!("{head}{}", FORWARDED.replace('@', dmarc))
}

fn proven_false() -> Vec<Row> {
    vec![
        row(
            "dmarc=fail by the trusted authserv-id",
            held("dmarc fail", "Authentication-Results: mx.shop.example; dkim=none; dmarc=fail (p=none)"),
            allowed("Authentication-Results: mx.evil.test; dkim=none; dmarc=fail (p=none)"),
        ),
        row(
            "dmarc=fail among the topmost",
            held(
                "dmarc fail",
                "Authentication-Results: mx.shop.example; spf=pass\nAuthentication-Results: MX.shop.example; dmarc=fail",
            ),
            allowed(
                "Authentication-Results: mx.shop.example; spf=pass\nAuthentication-Results: x.test; spf=none\n\
                 Authentication-Results: mx.shop.example; dmarc=fail",
            ),
        ),
        row(
            "dmarc=fail never inside a forwarded message",
            held("dmarc fail", forwarding("pass", "Authentication-Results: mx.shop.example; dmarc=fail\n")),
            allowed(forwarding("fail", "")),
        ),
    ]
}

fn not_verified() -> Vec<Row> {
    let relayed = "Return-Path: <x@relay.test>\n";
    let not = |mail: String| held("sender not verified: return-path of relay.test", mail);
    let proven = |server: &str| format!("{relayed}Authentication-Results: {server}; dmarc=pass");
    vec![
        row(
            "Return-Path not aligned",
            held("sender not verified: return-path of notclient.test", "Return-Path: <anna@notclient.test>"),
            allowed("Return-Path: <b.12@news.client.test>"),
        ),
        row("Return-Path not aligned, nor dmarc=pass", not(proven("mx.evil.test")), allowed(proven("mx.shop.example"))),
        row(
            "dmarc=pass inside a forwarded message",
            not(forwarding("pass", relayed)),
            allowed(forwarding("none", &format!("{}\n", proven("mx.shop.example")))),
        ),
        row(
            "Return-Path absent where required",
            held("return-path absent", "without Return-Path"),
            allowed("without Return-Path").where_settings(|shop| shop.return_path = ReturnPathRule::Ignore),
        ),
    ]
}

/// Where it lies, how many it went to, who wrote it, how old it is.
fn surroundings() -> Vec<Row> {
    vec![
        row("spam-flagged", held("spam mark: x-spam-flag", "X-Spam-Flag: YES"), allowed("X-Spam-Flag: NO")),
        row("in the junk folder", held("junk folder", "").in_folder(FolderRole::Junk), allowed("")),
        row(
            "more than max_recipients",
            held("too many recipients: 4", "To: support@shop.example, b@client.test\nCc: c@client.test, d@client.test"),
            allowed("To: support@shop.example, b@client.test\nCc: c@client.test"),
        ),
        row("no sender", held("no usable sender", "without From"), allowed("From: anna@client.test")),
        row("no usable sender", held("no usable sender", "From: Anna"), allowed("From: Anna anna@client.test")),
        row(
            "several senders",
            held("several senders", "From: anna@client.test, ben@client.test"),
            allowed("From: anna@client.test\nSender: ben@client.test"),
        ),
        row(
            "older than max_age on arrival",
            held("too old: 25 h", "").arrived_hours_ago(25),
            allowed("Date: Sun, 1 Feb 2026 07:00:00 +0000").arrived_hours_ago(24),
        ),
        row(
            "older than max_age by the topmost Received",
            held("too old: 26 h", "Received: from a by b with LMTP; Sun, 01 Mar 2026 07:00:00 +0100"),
            allowed(
                "Received: from a by b with LMTP; Mon, 02 Mar 2026 08:59:00 +0100\n\
                 Received: from c by a; Sun, 01 Mar 2026 07:00:00 +0100",
            ),
        ),
        row("history", held("history", "").of_history(), allowed("")),
    ]
}

fn conversation() -> Vec<Row> {
    vec![
        story("a cap: sender", || Box::pin(stories::the_senders_cap_is_reached())),
        story("a cap: domain", || Box::pin(stories::the_domains_cap_is_reached())),
        story("the breaker", || Box::pin(stories::the_breaker_is_open())),
        story("another sender in the case", || Box::pin(stories::another_sender_writes_in_the_case())),
        story("a person already wrote in this conversation", || Box::pin(stories::a_person_already_wrote())),
        story("a closed mailbox mode", || Box::pin(stories::the_mailbox_is_in_shadow_mode())),
        story("already acknowledged", || Box::pin(stories::the_case_was_acknowledged())),
    ]
}
