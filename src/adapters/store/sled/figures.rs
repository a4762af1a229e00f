//! Figures: all cases read once, some at a time, so that writers wait for none of it.

use std::sync::PoisonError;

use jiff::tz::TimeZone;

use super::key::{Key, Table};
use super::tx::{Order, Tx};
use super::{Inner, closed};
use crate::domain::{Case, CaseId};
use crate::ports::store::{Counted, Figures, Period, StoreResult, Tally};

/// Cases read in one go.
const AT_ONCE: usize = 200;

impl Inner {
    /// See [`crate::ports::Store::figures`].
    pub(super) fn figures(&self, period: Period, time_zone: TimeZone) -> StoreResult<Figures> {
        let mut tally = Tally::new(period, time_zone);
        let mut from = Key::of(Table::Case);
        loop {
            let reading = self.live.read().unwrap_or_else(PoisonError::into_inner);
            let tx = self.tx(reading.as_ref().ok_or_else(closed)?);
            let cases: Vec<Case> = tx.rows_between(from, &Key::of(Table::Case).end(), AT_ONCE)?;
            let Some(last) = cases.last().map(|case| case.id.clone()) else { return Ok(tally.finish()) };
            for case in &cases {
                if tally.wants(case) {
                    tx.count_into(&mut tally, case)?;
                }
            }
            from = behind(&last);
        }
    }
}

/// The first key that no earlier case and not this one has: a case's key ends in a terminator, so nothing lies between.
fn behind(case: &CaseId) -> Key {
    Key::of(Table::Case).text(case.as_str()).byte(0)
}

impl Tx<'_> {
    fn count_into(&self, tally: &mut Tally, case: &Case) -> StoreResult<()> {
        let outgoing = self.case_outgoing(&case.id)?;
        let record = self.rows(&Key::of(Table::Record).text(case.id.as_str()), Order::Rising, usize::MAX)?;
        let (assessment, notices) = (self.assessment(&case.id)?, self.notices_of(&case.id)?);
        tally.add(&Counted {
            case,
            outgoing: &outgoing,
            record: &record,
            assessment: assessment.as_ref(),
            notices: &notices,
        });
        Ok(())
    }
}
