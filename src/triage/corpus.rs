//! The annotated corpus: one JSON object a line, each a customer's mail with every label of the
//! labelling guide. Corrections made at the desk have the same form.

mod duplicates;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use crate::domain::{Anger, Asset, Fact, Intent, Reason, Signal};

pub use duplicates::{Pair, near_duplicates};

/// How the ids of reviewers' corrections begin; no mail of a corpus written for the purpose has such an id.
pub const CORRECTION: &str = "desk-";

/// Whether a row is a reviewer's correction.
pub fn is_correction(id: &str) -> bool {
    id.starts_with(CORRECTION)
}

/// Which side of the frozen split a mail stands on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Split {
    /// Models learn from it.
    Train,
    /// Never trained on.
    Test,
}

impl Split {
    /// The side a mail belongs to: decided by its id alone, so that it stays when mails are added.
    pub fn of(id: &str) -> Self {
        let digest = Sha256::digest(id.as_bytes());
        let number = digest.iter().take(8).fold(0_u64, |sum, byte| (sum << 8) | u64::from(*byte));
        if number.is_multiple_of(5) { Self::Test } else { Self::Train }
    }
}

/// The customer's own words for each fact, or `None` where the mail does not hold it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct GivenWords {
    /// The reference that identifies the purchase.
    pub order_number: Option<String>,
    /// When it was bought, charged or delivered.
    pub purchase_date: Option<String>,
    /// What was bought.
    pub product: Option<String>,
    /// When the refund was announced or the return arrived.
    pub announced_date: Option<String>,
}

/// One annotated mail.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// Unique in the whole corpus.
    pub id: String,
    /// ISO 639-1 code.
    pub lang: String,
    /// The subject line, decoded.
    pub subject: String,
    /// The newest text.
    pub body: String,
    /// File names of attachments.
    pub attachments: Vec<String>,
    /// What the customer wants.
    pub intent: Intent,
    /// How angry they are.
    pub anger: Anger,
    /// Exactly when `intent` is a refund request.
    pub reason: Option<Reason>,
    /// The facts' words.
    pub given: GivenWords,
    /// `None`: not annotated.
    pub signals: Option<Vec<Signal>>,
    /// Why the mail is hard; empty when it is easy.
    pub hard: Vec<String>,
    /// Side of the frozen split.
    pub split: Split,
}

impl Row {
    /// The words of a fact; the reason has none of its own, only its label.
    pub fn words(&self, fact: Fact) -> Option<&str> {
        match fact {
            Fact::OrderNumber => self.given.order_number.as_deref(),
            Fact::PurchaseDate => self.given.purchase_date.as_deref(),
            Fact::Product => self.given.product.as_deref(),
            Fact::AnnouncedDate => self.given.announced_date.as_deref(),
            Fact::Reason => None,
        }
    }

    /// The row as one line of a corpus, without the line end.
    pub fn line(&self) -> String {
        let given = json!({
            "order_number": self.given.order_number,
            "purchase_date": self.given.purchase_date,
            "product": self.given.product,
            "announced_date": self.given.announced_date,
        });
        let mut line = json!({
            "id": self.id, "lang": self.lang, "subject": self.subject, "body": self.body,
            "attachments": self.attachments, "intent": self.intent, "anger": self.anger, "reason": self.reason,
            "given": given, "signals": self.signals, "hard": self.hard,
        });
        if let Some(line) = line.as_object_mut() {
            line.insert("split".into(), if self.split == Split::Test { "test" } else { "train" }.into());
        }
        line.to_string()
    }

    /// Whether the mail holds the fact.
    pub fn has(&self, fact: Fact) -> bool {
        match fact {
            Fact::Reason => self.reason.is_some_and(|reason| reason != Reason::Unspecified),
            _ => self.words(fact).is_some(),
        }
    }
}

/// A line of a corpus that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}, line {line}, field `{field}`: {problem}")]
pub struct CorpusError {
    /// Where the file was found.
    pub file: String,
    /// Counted from 1.
    pub line: usize,
    /// The field at fault; `(line)` when it is the whole line.
    pub field: String,
    /// What is wrong with it.
    pub problem: String,
}

/// Reads one corpus file; empty lines are skipped.
///
/// # Errors
/// The first line that is no JSON object of the row format, naming file, line and field.
pub fn parse(file: &Asset) -> Result<Vec<Row>, CorpusError> {
    let whole =
        |line: usize, problem: String| CorpusError { file: file.origin.clone(), line, field: "(line)".into(), problem };
    let text = std::str::from_utf8(&file.bytes).map_err(|error| whole(0, format!("not UTF-8 ({error})")))?;
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    lines
        .map(|(index, line)| {
            let object = match serde_json::from_str(line) {
                Ok(Value::Object(object)) => object,
                Ok(_) => return Err(whole(index + 1, "not a JSON object".into())),
                Err(error) => return Err(whole(index + 1, format!("not JSON ({error})"))),
            };
            row(Fields { object, prefix: "" }).map_err(|(field, problem)| CorpusError {
                file: file.origin.clone(),
                line: index + 1,
                field,
                problem,
            })
        })
        .collect()
}

/// SHA-256 over the rows' file contents in the order given, as hexadecimal digits: what a model
/// says it was trained on.
pub fn digest(files: &[Asset]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    for file in files {
        hasher.update((file.bytes.len() as u64).to_be_bytes());
        hasher.update(&file.bytes);
    }
    hasher.finalize().into()
}

/// A field and what is wrong with it.
pub type FieldProblem = (String, String);

struct Fields {
    object: Map<String, Value>,
    prefix: &'static str,
}

impl Fields {
    fn name(&self, key: &str) -> String {
        format!("{}{key}", self.prefix)
    }

    fn optional<T: DeserializeOwned>(&mut self, key: &str) -> Result<Option<T>, FieldProblem> {
        match self.object.shift_remove(key) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => serde_json::from_value(value).map(Some).map_err(|error| (self.name(key), error.to_string())),
        }
    }

    fn required<T: DeserializeOwned>(&mut self, key: &str) -> Result<T, FieldProblem> {
        self.optional(key)?.ok_or_else(|| (self.name(key), "is missing".into()))
    }

    fn nothing_left(&self) -> Result<(), FieldProblem> {
        match self.object.keys().next() {
            Some(key) => Err((self.name(key), "is no field of a corpus row".into())),
            None => Ok(()),
        }
    }
}

fn row(mut fields: Fields) -> Result<Row, FieldProblem> {
    let id: String = fields.required("id")?;
    let split = match fields.optional::<String>("split")?.as_deref() {
        None => Split::of(&id),
        Some("train") => Split::Train,
        Some("test") => Split::Test,
        Some(other) => return Err(("split".into(), format!("`{other}` is neither `train` nor `test`"))),
    };
    let given = given(&mut fields)?;
    let row = Row {
        id,
        split,
        given,
        lang: fields.required("lang")?,
        subject: fields.required("subject")?,
        body: fields.required("body")?,
        attachments: fields.optional("attachments")?.unwrap_or_default(),
        intent: fields.required("intent")?,
        anger: fields.required("anger")?,
        reason: fields.optional("reason")?,
        signals: fields.optional("signals")?,
        hard: fields.optional("hard")?.unwrap_or_default(),
    };
    fields.nothing_left()?;
    check(&row)?;
    Ok(row)
}

fn given(fields: &mut Fields) -> Result<GivenWords, FieldProblem> {
    let mut inner = Fields { object: fields.required("given")?, prefix: "given." };
    let words = GivenWords {
        order_number: inner.optional("order_number")?,
        purchase_date: inner.optional("purchase_date")?,
        product: inner.optional("product")?,
        announced_date: inner.optional("announced_date")?,
    };
    inner.nothing_left()?;
    Ok(words)
}

/// What the labelling guide rules out whatever the mail says: field and problem.
///
/// # Errors
/// The first such field.
pub fn check(row: &Row) -> Result<(), FieldProblem> {
    let wrong = |field: &str, problem: &str| Err((field.to_owned(), problem.to_owned()));
    if (row.intent == Intent::RefundRequest) != row.reason.is_some() {
        return wrong("reason", "belongs to refund requests, and to every one of them");
    }
    if row.given.announced_date.is_some() && row.intent != Intent::RefundNotReceived {
        return wrong("given.announced_date", "belongs to refund_not_received only");
    }
    let text = one_blank(&format!("{}\n{}\n{}", row.subject, row.body, row.attachments.join(" ")));
    for fact in Fact::ALL {
        if row.words(*fact).is_some_and(|words| words.is_empty() || !text.contains(&one_blank(words))) {
            return wrong(&format!("given.{fact}"), "is not verbatim in the mail");
        }
    }
    Ok(())
}

fn one_blank(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str = r#"{"id":"a","lang":"en","subject":"Lamp","body":"Broken since\nMay. Money back.","intent":"refund_request","anger":1,"reason":"defective","given":{"order_number":null,"purchase_date":"since May","product":"Lamp","announced_date":null},"signals":["chaser"],"hard":[]}"#;

    fn file(text: &str) -> Asset {
        Asset { name: "x.jsonl".into(), origin: "corpus/x.jsonl".into(), bytes: text.as_bytes().to_vec() }
    }

    #[test]
    fn a_row_is_read_whole() {
        let rows = parse(&file(&format!("\n{LINE}\n"))).unwrap();
        let row = rows.first().unwrap();
        assert_eq!((row.anger, row.reason), (Anger::Frustrated, Some(Reason::Defective)));
        assert_eq!(row.words(Fact::PurchaseDate), Some("since May"));
        assert!(row.has(Fact::Reason) && !row.has(Fact::OrderNumber));
        assert_eq!(row.split, Split::of("a"));
    }

    #[test]
    fn errors_name_file_line_and_field() {
        for (from, to, field) in [
            (r#""anger":1"#, r#""anger":4"#, "anger"),
            (r#""intent":"refund_request""#, r#""intent":"refund""#, "intent"),
            (r#""reason":"defective""#, r#""reason":null"#, "reason"),
            (r#""product":"Lamp""#, r#""product":"Lantern""#, "given.product"),
            (r#""product":"Lamp""#, r#""produit":"Lamp""#, "given.produit"),
            (r#""announced_date":null"#, r#""announced_date":"May""#, "given.announced_date"),
            (r#""id":"a","#, "", "id"),
            (r#""hard":[]"#, r#""hrad":[]"#, "hrad"),
            ("{", "[", "(line)"),
        ] {
            let error = parse(&file(&format!("{LINE}\n{}", LINE.replacen(from, to, 1)))).unwrap_err();
            assert_eq!((error.line, error.field.as_str()), (2, field), "{error}");
            assert!(error.to_string().starts_with("corpus/x.jsonl, line 2, field `"), "{error}");
        }
    }
}
