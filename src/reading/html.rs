//! HTML mail as lines of text.
//!
//! The tokens are those of a browser's parser (html5ever); the tree is not built. A sender can make
//! a tree-building parser's work grow with the square of the input (deep nesting, formatting elements
//! that are opened again in every paragraph), and a writer needs no tree: a bounded stack of open
//! elements says whether text is hidden, quoted, preformatted or part of a list.

mod laid_out;
mod style;
mod writer;

use std::cell::RefCell;

use html5ever::tendril::StrTendril;
use html5ever::tokenizer::states::RawKind;
use html5ever::tokenizer::{BufferQueue, Tag, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts};

use super::lines::{Line, Mark};
pub use laid_out::LaidOut;
pub(super) use laid_out::laid_out;

use style::{Hidden, Style};
use writer::Writer;

/// Longest HTML that is read, in bytes.
const MAX_HTML: usize = 1024 * 1024;
/// Elements open at once that are told apart; deeper ones keep their text and lose their meaning.
const MAX_DEPTH: usize = 512;
/// A tag with more blanks or equals signs than this is left out: the tokenizer compares each
/// attribute with all others.
const MAX_TAG_WORDS: usize = 2_000;

/// Writes out what a reader of the mail would see, quotes and marks kept.
pub(super) fn lines(html: &str) -> Vec<Line> {
    let mut end = html.len().min(MAX_HTML);
    while !html.is_char_boundary(end) {
        end -= 1;
    }
    let html = without_huge_tags(html.get(..end).unwrap_or_default());
    let tokenizer = Tokenizer::new(Sink::default(), TokenizerOpts::default());
    let input = BufferQueue::default();
    input.push_back(StrTendril::from_slice(&html));
    // The sink never asks for a pause, so one call reads everything.
    let _ = tokenizer.feed(&input);
    tokenizer.end();
    tokenizer.sink.state.into_inner().writer.finish()
}

fn without_huge_tags(html: &str) -> String {
    let mut out = String::with_capacity(html.len());
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        let (before, tag) = rest.split_at(at);
        out.push_str(before);
        let (length, words) = if tag.starts_with("<!--") {
            (tag.find("-->").map_or(tag.len(), |end| end + 3), 0)
        } else {
            measure_tag(tag.as_bytes())
        };
        let (tag, after) = tag.split_at_checked(length).unwrap_or((tag, ""));
        if words <= MAX_TAG_WORDS {
            out.push_str(tag);
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

/// Length of the tag at the start of `bytes`, and how many words its attributes may be.
fn measure_tag(bytes: &[u8]) -> (usize, usize) {
    let mut words = 0;
    let mut quote = None;
    let mut before = b'<';
    for (at, byte) in bytes.iter().enumerate().skip(1) {
        match (quote, *byte) {
            (Some(open), byte) if byte == open => quote = None,
            (Some(_), _) => continue,
            (None, b'>') => return (at + 1, words),
            (None, b'"' | b'\'') if before == b'=' => quote = Some(*byte),
            (None, byte) if byte.is_ascii_whitespace() || matches!(byte, b'=' | b'/') => words += 1,
            _ => {}
        }
        if !byte.is_ascii_whitespace() {
            before = *byte;
        }
    }
    (bytes.len(), words)
}

/// Whether an element and all in it is never shown: by its kind, its attribute, or a class that the mail's own style
/// sheet hides.
fn hides(tag: &Tag, hidden_classes: &[String]) -> bool {
    let class = attribute(tag, "class").unwrap_or_default();
    is_left_out(&tag.name)
        || attribute(tag, "hidden").is_some()
        || class.split_whitespace().any(|class| hidden_classes.iter().any(|hidden| hidden == class))
}

/// An element that is open.
struct Open {
    name: String,
    hidden: Hidden,
    quote: bool,
    pre: bool,
    mark: Mark,
    /// For a list: the next number, 0 for bullets.
    list: Option<usize>,
}

#[derive(Default)]
struct State {
    open: Vec<Open>,
    /// Elements opened above [`MAX_DEPTH`].
    beyond: usize,
    /// Name of the element whose raw text is skipped.
    raw: Option<String>,
    css: String,
    hidden_classes: Vec<String>,
    writer: Writer,
}

#[derive(Default)]
struct Sink {
    state: RefCell<State>,
}

impl TokenSink for Sink {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        let mut state = self.state.borrow_mut();
        match token {
            Token::CharacterTokens(text) => state.text(&text),
            Token::TagToken(tag) if tag.kind == TagKind::StartTag => return state.start(&tag),
            Token::TagToken(tag) => state.end(&tag.name),
            _ => {}
        }
        TokenSinkResult::Continue
    }
}

impl State {
    fn text(&mut self, text: &str) {
        if let Some(raw) = &self.raw {
            if raw == "style" && self.css.len() < MAX_HTML {
                self.css.push_str(text);
            }
            return;
        }
        let hidden = self.open.last().is_some_and(|open| open.hidden.is_hidden());
        if !hidden {
            let pre = self.open.last().is_some_and(|open| open.pre);
            let depth = self.open.iter().filter(|open| open.quote).count();
            let mark = self.open.last().map_or(Mark::None, |open| open.mark);
            self.writer.text(text, depth, mark, pre);
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
            "br" => return self.unless_hidden(Writer::line_break),
            "hr" => return self.unless_hidden(Writer::rule),
            "img" => {
                let alt = attribute(tag, "alt").unwrap_or_default();
                // A picture's text counts only where it is an emoji that the client drew.
                if !alt.is_empty() && alt.chars().count() <= 8 && !alt.chars().any(|c| c.is_ascii()) {
                    self.text(alt);
                }
                return TokenSinkResult::Continue;
            }
            _ if is_void(name) || tag.self_closing && !is_block(name) => return TokenSinkResult::Continue,
            _ => {}
        }
        if self.open.len() >= MAX_DEPTH {
            self.beyond += 1;
            return TokenSinkResult::Continue;
        }
        self.push(tag);
        TokenSinkResult::Continue
    }

    fn unless_hidden(&mut self, write: impl Fn(&mut Writer)) -> TokenSinkResult<()> {
        if !self.open.last().is_some_and(|open| open.hidden.is_hidden()) {
            write(&mut self.writer);
        }
        TokenSinkResult::Continue
    }

    fn push(&mut self, tag: &Tag) {
        let name: &str = &tag.name;
        let style = Style::of(attribute(tag, "style").unwrap_or_default());
        let parent = self.open.last();
        let mut hidden = parent.map(|open| open.hidden).unwrap_or_default().with(&style);
        let class = attribute(tag, "class").unwrap_or_default();
        if hides(tag, &self.hidden_classes) {
            hidden = Hidden::always();
        }
        let quote = name == "blockquote" && !style.is_plain_indent(class, attribute(tag, "type"));
        let inherited = parent.map_or(Mark::None, |open| open.mark);
        let mark = match own_mark(class, attribute(tag, "id").unwrap_or_default(), &style) {
            Mark::None => inherited,
            mark => mark,
        };
        let open = Open {
            name: name.to_owned(),
            hidden,
            quote,
            pre: parent.is_some_and(|open| open.pre) || name == "pre" || style.keeps_white_space,
            mark,
            list: match name {
                "ul" | "menu" | "dir" => Some(0),
                "ol" => Some(attribute(tag, "start").and_then(|n| n.trim().parse().ok()).unwrap_or(1)),
                _ => None,
            },
        };
        if !open.hidden.is_hidden() {
            self.before(name, &style, class);
        }
        self.open.push(open);
    }

    /// Breaks and prefixes that an element's start makes.
    fn before(&mut self, name: &str, style: &Style, class: &str) {
        if is_block(name) {
            self.writer.block(has_margin(name, style, class));
        }
        match name {
            "li" => {
                let level = self.open.iter().filter(|open| open.list.is_some()).count();
                let list = self.open.iter_mut().rev().find_map(|open| open.list.as_mut());
                let bullet = match list {
                    Some(number) if *number > 0 => {
                        *number = number.saturating_add(1);
                        format!("{}. ", number.saturating_sub(1))
                    }
                    _ => "- ".to_owned(),
                };
                self.writer.prefix(format!("{}{bullet}", "  ".repeat(level.saturating_sub(1).min(8))));
            }
            "td" | "th" | "dd" => self.writer.gap(),
            _ => {}
        }
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
        match name {
            // Browsers make an empty paragraph and a line break of these.
            "br" => return self.writer.line_break(),
            "p" if !self.open.iter().any(|open| open.name == "p") => return self.writer.block(true),
            _ => {}
        }
        if self.beyond > 0 {
            self.beyond -= 1;
            return;
        }
        let barrier = |open: &Open| is_cell(&open.name) && !is_table(name);
        let found = self.open.iter().rposition(|open| open.name == name || barrier(open));
        let Some(at) = found.filter(|at| self.open.get(*at).is_some_and(|open| open.name == name)) else { return };
        if is_formatting(name) {
            self.open.remove(at);
            return;
        }
        let closed = self.open.split_off(at);
        for open in closed.iter().filter(|open| !open.hidden.is_hidden()) {
            if is_block(&open.name) {
                self.writer.block(matches!(open.name.as_str(), "blockquote" | "ul" | "ol" | "table") && at < 40);
            }
            if is_cell(&open.name) {
                self.writer.gap();
            }
        }
    }

    /// Elements whose end tag HTML lets a writer leave out.
    fn close_implied(&mut self, name: &str) {
        let implied: &[&str] = match name {
            "li" => &["li", "p"],
            "dt" | "dd" => &["dt", "dd", "p"],
            "tr" => &["td", "th", "tr", "p"],
            "td" | "th" => &["td", "th", "p"],
            "tbody" | "thead" | "tfoot" => &["td", "th", "tr", "tbody", "thead", "p"],
            "option" => &["option"],
            "meta" | "link" | "base" | "noscript" | "template" => &[],
            _ if is_block(name) => &["p", "head"],
            "span" | "a" | "font" | "b" | "img" => &["head"],
            _ => &[],
        };
        while self.open.last().is_some_and(|open| implied.contains(&open.name.as_str())) {
            let closed = self.open.pop();
            if closed.is_some_and(|open| open.name != "head" && !open.hidden.is_hidden() && is_block(&open.name)) {
                self.writer.block(false);
            }
        }
    }
}

fn attribute<'a>(tag: &'a Tag, name: &str) -> Option<&'a str> {
    tag.attrs.iter().find(|attribute| &*attribute.name.local == name).map(|attribute| &*attribute.value)
}

/// What a mail client's own class, id or style says about an element.
fn own_mark(class: &str, id: &str, style: &Style) -> Mark {
    let has = |name: &str| class.split_whitespace().any(|class| class == name);
    if has("gmail_attr") || has("moz-cite-prefix") {
        Mark::Attribution
    } else if matches!(id, "divRplyFwdMsg" | "x_divRplyFwdMsg" | "mail-editor-reference-message-container")
        || id.contains("reference-message")
        || has("OutlookMessageHeader")
        || class.contains("yahoo_quoted")
        || id.contains("yahoo_quoted")
        || style.is_outlook_header
    {
        Mark::History
    } else if has("gmail_signature")
        || has("moz-signature")
        || has("protonmail_signature_block")
        || matches!(id, "Signature" | "AppleMailSignature" | "ms-outlook-mobile-signature")
    {
        Mark::Signature
    } else {
        Mark::None
    }
}

fn raw_kind(name: &str) -> Option<RawKind> {
    match name {
        "style" | "xmp" | "iframe" | "noembed" | "noframes" => Some(RawKind::Rawtext),
        "script" => Some(RawKind::ScriptData),
        "title" | "textarea" => Some(RawKind::Rcdata),
        _ => None,
    }
}

fn is_left_out(name: &str) -> bool {
    matches!(name, "head" | "template" | "object" | "svg" | "math" | "select" | "audio" | "video" | "map" | "datalist")
}

fn is_void(name: &str) -> bool {
    matches!(
        name,
        "area"
            | "base"
            | "col"
            | "embed"
            | "input"
            | "link"
            | "meta"
            | "param"
            | "source"
            | "track"
            | "wbr"
            | "frame"
            | "bgsound"
    )
}

fn is_block(name: &str) -> bool {
    matches!(
        name,
        "address"
            | "article"
            | "aside"
            | "blockquote"
            | "body"
            | "caption"
            | "center"
            | "dd"
            | "details"
            | "dir"
            | "div"
            | "dl"
            | "dt"
            | "fieldset"
            | "figcaption"
            | "figure"
            | "footer"
            | "form"
            | "h1"
            | "h2"
            | "h3"
            | "h4"
            | "h5"
            | "h6"
            | "header"
            | "html"
            | "legend"
            | "li"
            | "main"
            | "menu"
            | "nav"
            | "ol"
            | "p"
            | "pre"
            | "section"
            | "summary"
            | "table"
            | "tbody"
            | "tfoot"
            | "thead"
            | "tr"
            | "ul"
    )
}

fn is_cell(name: &str) -> bool {
    matches!(name, "td" | "th")
}

fn is_table(name: &str) -> bool {
    matches!(name, "td" | "th" | "tr" | "tbody" | "thead" | "tfoot" | "table" | "html" | "body")
}

/// Elements that HTML lets overlap: the end tag closes them alone.
fn is_formatting(name: &str) -> bool {
    matches!(
        name,
        "a" | "b"
            | "big"
            | "code"
            | "em"
            | "font"
            | "i"
            | "nobr"
            | "s"
            | "small"
            | "strike"
            | "strong"
            | "tt"
            | "u"
            | "span"
            | "o:p"
    )
}

/// Whether a reader sees a blank line around the element. Outlook's paragraphs have none.
fn has_margin(name: &str, style: &Style, class: &str) -> bool {
    match name {
        "p" => !style.no_margin && !class.split_whitespace().any(|class| class.starts_with("Mso")),
        "h1" | "h2" | "h3" | "h4" | "h5" | "h6" | "blockquote" | "pre" | "table" | "dl" => true,
        _ => false,
    }
}
