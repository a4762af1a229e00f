//! HTML mail as its sender laid it out, without anything that acts, loads or leads away.
//!
//! Three walls stand here, the desk adds two more (a sandboxed frame, a policy that allows no loading):
//!
//! 1. our own writer takes the tokens and writes out known elements only, each closed by itself, with no attribute of
//!    the sender's but a few plain style values; what a sender can make a tree-building parser do is bounded by it;
//! 2. card numbers and IBANs are masked in what is left, also where markup cuts them to pieces;
//! 3. `ammonia` judges the result by the same list of elements.
//!
//! Pictures are left out, also those in the message: they are among its files. Addresses are not links: each is
//! listed under the text and numbered in it.

mod names;
mod pieces;
mod safe_style;

use std::cell::RefCell;

use html5ever::tendril::StrTendril;
use html5ever::tokenizer::{BufferQueue, Tag, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts};

use super::style::{self, Hidden, Style};
use super::{MAX_HTML, attribute, hides, is_void, raw_kind, without_huge_tags};
use crate::reading::mask;
use names::{Place, barriers, closes, is_cell, is_table, place_of, written_as};
use pieces::Pieces;

/// Elements open at once that are written out; deeper ones keep their text.
const MAX_DEPTH: usize = 100;
/// Elements written out; what comes after keeps its text.
const MAX_TAGS: usize = 20_000;
/// Addresses that are listed.
const MAX_ADDRESSES: usize = 200;
/// Longest address that is listed, in characters.
const MAX_ADDRESS: usize = 500;

/// A mail's HTML, made harmless.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LaidOut {
    /// Elements of a body: no links, pictures, scripts, classes, handlers, and styles that only colour, weigh or align.
    pub html: String,
    /// Where its links led, each named in the text by its number in square brackets, from 1. Text, not HTML.
    pub addresses: Vec<String>,
    /// Pictures that are not shown.
    pub pictures: usize,
    /// Its end is missing: it is longer than 1 MiB.
    pub is_cut: bool,
}

/// Makes the HTML parts of a message harmless, one under the other.
pub(in crate::reading) fn laid_out(parts: &[String]) -> LaidOut {
    let mut out = LaidOut::default();
    let mut room = MAX_HTML;
    for part in parts {
        out.is_cut |= part.len() > room;
        let mut sheet = sheet_of(beginning(part, room), std::mem::take(&mut out.addresses));
        room = room.saturating_sub(part.len());
        sheet.close_to(0);
        sheet.pieces.mask();
        if !out.html.is_empty() {
            out.html.push_str("<hr>");
        }
        out.html.push_str(&sanitised(&sheet.pieces.html()));
        out.pictures += sheet.pictures;
        out.addresses = sheet.addresses;
    }
    for address in &mut out.addresses {
        mask::mask(address);
    }
    out
}

fn beginning(html: &str, room: usize) -> &str {
    let mut end = html.len().min(room);
    while !html.is_char_boundary(end) {
        end -= 1;
    }
    html.get(..end).unwrap_or_default()
}

fn sheet_of(html: &str, addresses: Vec<String>) -> Sheet {
    let sink = Sink { sheet: RefCell::new(Sheet { addresses, ..Sheet::default() }) };
    let tokenizer = Tokenizer::new(sink, TokenizerOpts::default());
    let input = BufferQueue::default();
    input.push_back(StrTendril::from_slice(&without_huge_tags(html)));
    // The sink never asks for a pause, so one call reads everything.
    let _ = tokenizer.feed(&input);
    tokenizer.end();
    tokenizer.sink.sheet.into_inner()
}

/// The last word: elements and attributes that are not on the list do not come out of it.
fn sanitised(html: &str) -> String {
    let mut builder = ammonia::Builder::empty();
    builder
        .tags(names::WRITTEN.iter().copied().collect())
        .generic_attributes(["style", "dir"].into())
        .tag_attributes([("td", ["colspan", "rowspan"].into()), ("th", ["colspan", "rowspan"].into())].into())
        .add_tag_attributes("ol", ["start"])
        .attribute_filter(|_, name, value| match name {
            "style" => safe_style::safe(value).map(Into::into),
            _ => Some(value.into()),
        });
    builder.clean(html).to_string()
}

/// An element that is open.
struct Open {
    /// As the sender wrote it.
    name: String,
    /// As it was written out, if it was.
    written: Option<&'static str>,
    hidden: Hidden,
    /// Where it led: what is put into the text at its end.
    link: Option<usize>,
}

#[derive(Default)]
struct Sheet {
    pieces: Pieces,
    open: Vec<Open>,
    /// Elements opened above [`MAX_DEPTH`].
    beyond: usize,
    /// Elements written out.
    written: usize,
    /// Name of the element whose raw text is skipped.
    raw: Option<String>,
    css: String,
    hidden_classes: Vec<String>,
    addresses: Vec<String>,
    pictures: usize,
}

struct Sink {
    sheet: RefCell<Sheet>,
}

impl TokenSink for Sink {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        let mut sheet = self.sheet.borrow_mut();
        match token {
            Token::CharacterTokens(text) => sheet.text(&text),
            Token::TagToken(tag) if tag.kind == TagKind::StartTag => return sheet.start(&tag),
            Token::TagToken(tag) => sheet.end(&tag.name),
            _ => {}
        }
        TokenSinkResult::Continue
    }
}

impl Sheet {
    fn is_hidden(&self) -> bool {
        self.open.last().is_some_and(|open| open.hidden.is_hidden())
    }

    fn text(&mut self, text: &str) {
        match &self.raw {
            Some(raw) if raw == "style" && self.css.len() < MAX_HTML => self.css.push_str(text),
            Some(_) => {}
            None if self.is_hidden() => {}
            None => self.pieces.text(text),
        }
    }

    fn start(&mut self, tag: &Tag) -> TokenSinkResult<()> {
        let name: &str = &tag.name;
        if let Some(kind) = raw_kind(name) {
            self.raw = Some(name.to_owned());
            return TokenSinkResult::RawData(kind);
        }
        self.close_implied(name);
        match name {
            "br" | "hr" if !self.is_hidden() => self.pieces.tag(&format!("<{name}>"), Place::Block),
            "img" if !self.is_hidden() => self.picture(tag),
            _ => {}
        }
        if matches!(name, "br" | "hr" | "img" | "wbr" | "input") || is_void(name) {
            return TokenSinkResult::Continue;
        }
        if self.open.len() >= MAX_DEPTH {
            self.beyond += 1;
            return TokenSinkResult::Continue;
        }
        self.push(tag);
        TokenSinkResult::Continue
    }

    /// Its text stands for it: a picture that says nothing is most often a spacer or counts its readers.
    fn picture(&mut self, tag: &Tag) {
        self.pictures += 1;
        let text = attribute(tag, "alt").unwrap_or_default().trim();
        if !text.is_empty() {
            let mut text: String = text.chars().take(MAX_ADDRESS).collect();
            mask::mask(&mut text);
            self.pieces.note(&format!("[{text}]"));
        }
    }

    fn push(&mut self, tag: &Tag) {
        let name: &str = &tag.name;
        let css = attribute(tag, "style").unwrap_or_default();
        let mut hidden = self.open.last().map(|open| open.hidden).unwrap_or_default().with(&Style::of(css));
        if hides(tag, &self.hidden_classes) {
            hidden = Hidden::always();
        }
        let around = self.open.iter().rev().find_map(|open| open.written);
        // A parser moves what stands between cells out of the table, and repeats formatting for every text there.
        let at_home = |written: &str| !around.is_some_and(is_table) || is_table(written) || is_cell(written);
        let shown = !hidden.is_hidden() && self.written < MAX_TAGS;
        let written = written_as(name).filter(|written| shown && at_home(written));
        if let Some(written) = written {
            self.written += 1;
            self.pieces.tag(&format!("<{written}{}>", safe_style::attributes(tag, css)), place_of(written));
        }
        let link = (written.is_some() && name == "a").then(|| self.address(tag)).flatten();
        self.open.push(Open { name: name.to_owned(), written, hidden, link });
    }

    /// The number under which a link's address is listed.
    fn address(&mut self, tag: &Tag) -> Option<usize> {
        let address = attribute(tag, "href")?;
        let address: String = crate::reading::parse::one_line(address, MAX_ADDRESS);
        if address.is_empty() || address.starts_with('#') {
            return None;
        }
        let known = self.addresses.iter().position(|known| *known == address);
        let at = known.or_else(|| {
            let room = self.addresses.len() < MAX_ADDRESSES;
            room.then(|| {
                self.addresses.push(address);
                self.addresses.len() - 1
            })
        });
        at.map(|at| at + 1)
    }

    fn end(&mut self, name: &str) {
        if let Some(raw) = self.raw.take() {
            if raw == "style" {
                let css = std::mem::take(&mut self.css);
                self.hidden_classes.extend(style::hidden_classes(&css));
                self.hidden_classes.truncate(500);
            }
            return;
        }
        if name == "br" && !self.is_hidden() {
            return self.pieces.tag("<br>", Place::Block);
        }
        if self.beyond > 0 {
            self.beyond -= 1;
            return;
        }
        let stop = barriers(name);
        let found = self.open.iter().rposition(|open| open.name == name || stop.contains(&open.name.as_str()));
        let Some(at) = found.filter(|at| self.open.get(*at).is_some_and(|open| open.name == name)) else { return };
        // Wrongly nested: `<b><div></b>` ends with the block.
        let inside = self.open.iter().skip(at + 1).filter_map(|open| open.written);
        if place_of(written_as(name).unwrap_or(name)) == Place::Inline
            && inside.map(place_of).any(|p| p != Place::Inline)
        {
            return;
        }
        self.close_to(at);
    }

    /// Elements whose end tag HTML lets a writer leave out.
    fn close_implied(&mut self, name: &str) {
        let (closed, stop) = closes(name);
        let from = self.open.iter().rposition(|open| stop.contains(&open.name.as_str())).map_or(0, |at| at + 1);
        let first = self.open.iter().skip(from).position(|open| closed.contains(&open.name.as_str()));
        if let Some(at) = first {
            self.close_to(from + at);
        }
    }

    fn close_to(&mut self, at: usize) {
        while self.open.len() > at {
            let Some(open) = self.open.pop() else { return };
            if let Some(number) = open.link {
                self.pieces.note(&format!(" [{number}]"));
            }
            if let Some(written) = open.written {
                self.pieces.tag(&format!("</{written}>"), place_of(written));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(html: &str) -> String {
        laid_out(&[html.to_owned()]).html
    }

    #[test]
    fn what_a_sender_laid_out_is_kept() {
        assert_eq!(
            shown(
                "<h2>Bonjour</h2><p style='color:RED; font-family: x'>La <b>bouilloire</b> fuit.<ul><li>un<li>deux</ul>"
            ),
            "<h2>Bonjour</h2><p style=\"color:red\">La <b>bouilloire</b> fuit.</p><ul><li>un</li><li>deux</li></ul>"
        );
        assert_eq!(
            shown("<table><tr><td bgcolor=#eeeeee colspan=2>a<td>b<tr><td>c</table>"),
            "<table><tbody><tr><td style=\"background-color:#eeeeee\" colspan=\"2\">a</td><td>b</td></tr><tr><td>c</td></tr></tbody></table>"
        );
    }

    #[test]
    fn nothing_acts_loads_or_leads_away() {
        for html in [
            "<script>x</script><style>*{background:url(//h)}</style><iframe src=//h></iframe><object data=//h></object>",
            "<img src=//h><img srcset=//h><video src=//h></video><link rel=stylesheet href=//h><base href=//h>",
            "<svg><script>x</script><a xlink:href=//h>y</a></svg><math><mi href=//h>z</mi></math>",
            "<meta http-equiv=refresh content='0;url=//h'><form action=//h><input name=a><select><option>o</select></form>",
        ] {
            assert_eq!(shown(html), "", "{html}");
        }
        assert_eq!(shown("<p onclick=x id=a class=b title=c>t</p>"), "<p>t</p>");
        assert_eq!(shown("<p style='background:url(//h)'>t</p>"), "<p>t</p>");
        assert_eq!(shown("<form><button formaction=//h>Pay</button></form>"), "Pay");
        assert_eq!(shown("<!--[if mso]><b>x</b><![endif]-->y"), "y");
        assert_eq!(shown("a &lt;script&gt; b"), "a &lt;script&gt; b");
    }

    #[test]
    fn addresses_are_listed_and_not_links() {
        let found = laid_out(&["<a href='https://h.example/?a=1&amp;b'>Suivi</a> <a href=https://h.example/?a=1&b>encore</a> <a href=#top>x</a>".into()]);
        assert_eq!(found.addresses, ["https://h.example/?a=1&b"]);
        assert_eq!(found.html, "<span>Suivi [1]</span> <span>encore [1]</span> <span>x</span>");
    }

    #[test]
    fn pictures_are_their_text_and_counted() {
        let found = laid_out(&["<img src=cid:1 alt='the kettle'><img src=http://h/1.gif>".into()]);
        assert_eq!((found.html.as_str(), found.pictures), ("[the kettle]", 2));
    }

    #[test]
    fn what_the_sender_hid_stays_hidden() {
        assert_eq!(
            shown("<style>.x{display:none}</style><div class=x>a</div><p style='display:none'>b</p><p>c</p>"),
            "<p>c</p>"
        );
    }

    #[test]
    fn a_link_or_a_picture_inside_a_number_does_not_unmask_it() {
        let html = "FR76 3000 <a href=\"tel:60000112\">6000 0112</a> 3456 <img alt=\"x\">7890 189";
        assert_eq!(shown(html), "**** **** <span>**** **** [1]</span> **** [x]***0 189");
    }

    #[test]
    fn numbers_are_masked_though_markup_cuts_them() {
        for (html, masked) in [
            ("FR76 3000 6000 0112 3456 7890 189", "**** **** **** **** **** ***0 189"),
            ("<b>4111</b> 1111\n<i>1111 1111</i>", "<b>****</b> ****\n<i>**** 1111</i>"),
            ("4111&nbsp;&shy;1111 11<span></span>11 1111", "****&nbsp;**** **<span></span>** 1111"),
            (
                "<table><td>4111 1111</td><td>1111 1111</table>",
                "<table><tbody><tr><td>**** ****</td><td>**** 1111</td></tr></tbody></table>",
            ),
        ] {
            assert_eq!(shown(html), masked, "{html}");
        }
        let listed = laid_out(&["<a href='http://h/4111111111111111'>x</a><img alt='4111111111111111'>".into()]);
        assert_eq!(listed.addresses, ["http://h/************1111"]);
        assert!(listed.html.ends_with("[************1111]"), "{}", listed.html);
        assert_eq!(shown("<p>4111 1111</p><p>1111 1111</p>"), "<p>4111 1111</p><p>1111 1111</p>");
    }

    #[test]
    fn broken_and_hostile_nesting_stays_small() {
        assert_eq!(shown("<b><div>x</b>y</div>z"), "<b><div>xy</div>z</b>");
        let deep = "<div>".repeat(50_000);
        assert!(shown(&deep).len() < 2_000);
        let mut reopening: String = (0..5_000).map(|n| format!("<font color=#{n:06}>")).collect();
        reopening += &"<p>x".repeat(50_000);
        let found = shown(&reopening);
        assert!(found.len() < 1_000_000, "{}", found.len());
        // A parser would repeat all of these for the text of every row.
        let styled = "<b style=\"color:#123456;white-space:pre\">".repeat(97);
        let between_cells = format!("<table>{styled}{}", "<tr>x".repeat(19_900));
        let found = shown(&between_cells);
        assert!(found.len() < 1_000_000, "{}", found.len());
        for html in [
            "</p></b></td>",
            "<table><table><td><tr></table>x",
            "<li><dd><tr>",
            "<a><a><a></a>",
            "<plaintext><b>",
            "\0<\0",
        ] {
            shown(html);
        }
    }

    #[test]
    fn what_is_too_long_says_so() {
        assert!(!laid_out(&["x".into()]).is_cut);
        assert!(laid_out(&["é".repeat(MAX_HTML)]).is_cut);
        assert_eq!(laid_out(&["<p>a".into(), "<p>b".into()]).html, "<p>a</p><hr><p>b</p>");
    }
}
