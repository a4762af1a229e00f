//! What `guichet train` prints.

use std::io::{Result, Write};
use std::path::Path;

use crate::triage::evaluate::Report;
use crate::triage::learning::choose::{Choice, main_figures};
use crate::triage::learning::train::Trained;

/// The scores of the new models.
pub(super) fn trained(trained: &Trained, out: &mut dyn Write) -> Result<()> {
    writeln!(out, "Cross-validation on the training split\n\n{}", trained.cross_validation)?;
    writeln!(out, "Frozen test split\n\n{}", trained.test)
}

/// Models in use and new ones side by side, then one line a model.
pub(super) fn compared(choice: &Choice, trained: &Trained, tolerance: f32, out: &mut dyn Write) -> Result<()> {
    table("Frozen test split", &choice.before, &trained.test, out)?;
    if let (Some(before), Some(after)) = (&choice.corrections_before, &trained.corrections) {
        let title = "Corrections (new: judged by models that had not seen them; in use: may have learnt from them)";
        table(title, before, after, out)?;
    }
    for fate in &choice.fates {
        let name = fate.task.as_str();
        let (before, after) = (fate.before, fate.after);
        if fate.replaces {
            writeln!(out, "replaced  {name}: {before:.3} → {after:.3}")?;
        } else {
            writeln!(
                out,
                "KEPT      {name}: {before:.3} → {after:.3} would be worse by {:.3}, more than the {tolerance:.3} tolerated; \
                 the old model stays",
                before - after
            )?;
        }
    }
    Ok(())
}

fn table(title: &str, before: &Report, after: &Report, out: &mut dyn Write) -> Result<()> {
    writeln!(out, "{title}: {} mails\n  {:16} in use    new", after.all.mails, "")?;
    for ((name, before), (_, after)) in main_figures(before).into_iter().zip(main_figures(after)) {
        writeln!(out, "  {name:16}  {before:.3}  {after:.3}")?;
    }
    writeln!(out)
}

/// What was written, and what to do next.
pub(super) fn done(replaced: usize, folder: &Path, out: &mut dyn Write) -> Result<()> {
    if replaced == 0 {
        return writeln!(out, "\nNo model was replaced; nothing was written.");
    }
    writeln!(
        out,
        "\n{replaced} models written to {}; those they replace there are kept as NAME.previous.",
        folder.display()
    )?;
    writeln!(out, "A running daemon takes them up on SIGHUP (`systemctl reload guichet`).")
}
