//! The shape of a mail: what its letters look like, whatever they say.

use super::tokens::{Kind, Tokens};
use super::{Block, Sink, hash};

pub(super) fn add(subject: &Tokens<'_>, body: &Tokens<'_>, sink: &mut Sink) {
    let count = |test: &dyn Fn(&str, &super::tokens::Token) -> bool| {
        let both = [subject, body];
        both.iter()
            .flat_map(|tokens| tokens.list.iter().map(move |token| (tokens, token)))
            .filter(|(tokens, token)| test(tokens.text(token), token))
            .count()
    };
    let words = count(&|_, token| token.kind == Kind::Word);
    let mark = |wanted: &'static str| count(&|text, token| token.kind == Kind::Mark && text == wanted);
    // Subjects are written in capitals without any anger.
    let loud = |token: &&super::tokens::Token| token.shouted && token.kind == Kind::Word && body.text(token).len() >= 4;
    let shouted = body.list.iter().filter(loud).count();
    let mut steps = |name: &str, number: usize, at: &[usize]| {
        let key = hash::text(name);
        for (step, limit) in at.iter().enumerate() {
            if number >= *limit {
                sink.add_value(Block::Shape, hash::byte(key, step as u8), 1.0);
            }
        }
    };
    steps("words", words, &[6, 12, 25, 50, 90, 150, 250]);
    steps("subject", subject.list.len(), &[1, 2, 4, 8]);
    steps("sentences", body.sentences() as usize, &[2, 4, 8, 14]);
    steps("!", mark("!"), &[1, 2, 3, 5]);
    steps("?", mark("?"), &[1, 2, 3]);
    steps("quotes", mark("\""), &[1, 2, 4]);
    steps("quoted lines", mark(">"), &[1]);
    steps("money", mark("€") + mark("£") + mark("$"), &[1, 2, 3]);
    steps("shouted", shouted, &[1, 2, 4, 8]);
    steps("mostly shouted", usize::from(shouted * 3 > words), &[1]);
    steps("numbers", count(&|_, token| token.kind == Kind::Number), &[1, 2, 4, 8]);
    steps("codes", count(&|_, token| token.kind == Kind::Code), &[1, 2, 4]);
}
