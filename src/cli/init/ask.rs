//! Questions on a terminal, or answers piped in line by line.

use std::io::{BufRead, IsTerminal, Write};

use anyhow::Context;

use crate::domain::Email;

/// So often a wrong answer may be given again.
const TRIES: usize = 5;

/// Asks.
pub struct Questions {
    terminal: bool,
}

impl Questions {
    /// Passwords are not echoed when standard input is a terminal.
    pub fn new() -> Self {
        Self { terminal: std::io::stdin().is_terminal() }
    }

    /// A line of text; an empty answer takes the default.
    pub fn text(&mut self, question: &str, default: Option<&str>) -> anyhow::Result<String> {
        self.until(question, default, |answer| {
            if answer.is_empty() { Err("an answer is needed".into()) } else { Ok(answer.to_owned()) }
        })
    }

    /// A line of text that `check` takes, or says what is wrong with.
    pub fn checked(
        &mut self,
        question: &str,
        default: &str,
        check: impl Fn(&str) -> Result<(), String>,
    ) -> anyhow::Result<String> {
        self.until(question, Some(default), |answer| check(answer).map(|()| answer.to_owned()))
    }

    /// An address.
    pub fn email(&mut self, question: &str) -> anyhow::Result<Email> {
        self.until(question, None, |answer| Email::parse(answer).map_err(|error| error.to_string()))
    }

    /// A port.
    pub fn port(&mut self, question: &str, default: u16) -> anyhow::Result<u16> {
        let default = default.to_string();
        self.until(question, Some(&default), |answer| {
            answer.parse().map_err(|_| "a port is a number from 1 to 65535".into())
        })
    }

    /// One of a few words; the first is the default.
    pub fn choice(&mut self, question: &str, words: &'static [&'static str]) -> anyhow::Result<&'static str> {
        self.one_of(question, words.to_vec())
    }

    /// The same for words put together elsewhere.
    pub fn one_of(&mut self, question: &str, words: Vec<&'static str>) -> anyhow::Result<&'static str> {
        let question = format!("{question} ({})", words.join(", "));
        let find = |answer: &str| {
            words
                .iter()
                .copied()
                .find(|word| *word == answer)
                .ok_or_else(|| format!("write one of {}", words.join(", ")))
        };
        self.until(&question, words.first().copied(), find)
    }

    /// A password; an empty answer takes the one known.
    pub fn password(&mut self, question: &str, known: Option<&str>) -> anyhow::Result<String> {
        let hint = if known.is_some() { " [the same]" } else { "" };
        for _ in 0..TRIES {
            print!("{question}{hint}: ");
            std::io::stdout().flush()?;
            let answer =
                if self.terminal { rpassword::read_password().context("no password was typed")? } else { line()? };
            match (answer.is_empty(), known) {
                (false, _) => return Ok(answer),
                (true, Some(known)) => return Ok(known.to_owned()),
                (true, None) => println!("  a password is needed"),
            }
        }
        anyhow::bail!("no password was given")
    }

    fn until<T>(
        &mut self,
        question: &str,
        default: Option<&str>,
        check: impl Fn(&str) -> Result<T, String>,
    ) -> anyhow::Result<T> {
        for _ in 0..TRIES {
            print!("{question}{}: ", default.map(|text| format!(" [{text}]")).unwrap_or_default());
            std::io::stdout().flush()?;
            let answer = line()?;
            let answer = if answer.is_empty() { default.unwrap_or_default() } else { &answer };
            match check(answer) {
                Ok(value) => return Ok(value),
                Err(problem) => println!("  {problem}"),
            }
        }
        anyhow::bail!("{question}: no usable answer")
    }
}

fn line() -> anyhow::Result<String> {
    let mut line = String::new();
    let read = std::io::stdin().lock().read_line(&mut line).context("cannot read an answer")?;
    anyhow::ensure!(read > 0, "the answers ended before the questions");
    Ok(line.trim().to_owned())
}
