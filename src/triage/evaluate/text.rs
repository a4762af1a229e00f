//! The report as a person reads it.

use std::fmt::{self, Display, Formatter};

use super::{Classes, Found, Report, Scores};

impl Display for Report {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(f, "All")?;
        scores(f, &self.all)?;
        for (language, part) in &self.languages {
            line(f, language, part)?;
        }
        line(f, "hard", &self.hard)?;
        writeln!(f, "\nWorst mistakes")?;
        for mistake in &self.mistakes {
            writeln!(f, "\n{} (confidence {:.2}): {}", mistake.id, mistake.confidence, mistake.wrong.join("; "))?;
            writeln!(f, "  {}", mistake.text)?;
            for reason in &mistake.explanation {
                writeln!(f, "  {:+.2} {} {}: {:?}", reason.weight, reason.from, reason.name, reason.matched)?;
            }
        }
        Ok(())
    }
}

fn line(f: &mut Formatter<'_>, name: &str, part: &Scores) -> fmt::Result {
    write!(f, "{name} ({} mails): intent macro-F1 {:.3}", part.mails, part.intent.macro_f1)?;
    write!(f, ", angry F1 {:.3}, anger kappa {:.3}", part.angry.f1, part.anger_kappa)?;
    write!(f, ", reason macro-F1 {:.3}", part.reason.macro_f1)?;
    writeln!(f, ", missing information exact {:.3}", part.missing_exact.share)
}

fn scores(f: &mut Formatter<'_>, all: &Scores) -> fmt::Result {
    writeln!(f, "  mails {}", all.mails)?;
    classes(f, "intent", &all.intent, all.intent_ece)?;
    classes(f, "anger", &all.anger, all.anger_ece)?;
    writeln!(f, "  anger: kappa {:.3}", all.anger_kappa)?;
    found(f, "angry (2 or 3)", &all.angry)?;
    classes(f, "reason", &all.reason, all.reason_ece)?;
    writeln!(f, "  facts")?;
    for (fact, figures) in &all.facts {
        found(f, fact.as_str(), figures)?;
    }
    writeln!(f, "  missing information exact {:.3}", all.missing_exact.share)?;
    writeln!(f, "  signals")?;
    for (signal, figures) in &all.signals {
        found(f, signal.as_str(), figures)?;
    }
    let (sure, right) = (all.sure.share, all.right_when_sure.share);
    writeln!(f, "  sure of the intent {sure:.3}, then right {right:.3}")
}

fn classes(f: &mut Formatter<'_>, name: &str, figures: &Classes, error: f32) -> fmt::Result {
    write!(f, "  {name}: macro-F1 {:.3}, accuracy {:.3}", figures.macro_f1, figures.accuracy)?;
    writeln!(f, ", calibration error {error:.3}")?;
    for (class, row) in figures.classes.iter().zip(&figures.confusion) {
        found(f, &class.label, &class.found)?;
        let cells: Vec<String> = row.iter().map(|cell| format!("{cell:4}")).collect();
        writeln!(f, "      judged {}", cells.join(" "))?;
    }
    Ok(())
}

fn found(f: &mut Formatter<'_>, name: &str, figures: &Found) -> fmt::Result {
    let Found { precision, recall, f1, support } = figures;
    writeln!(f, "    {name:20} P {precision:.3} R {recall:.3} F1 {f1:.3} ({support})")
}
