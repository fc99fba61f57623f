//! Who came, and for how long: fields that the nodes of a region add to a sign-up document at the gate and after the shift.
//!
//! They are no seat decisions. Any node that has the sign-up writes them, and a reader that does not know them passes them over.

use super::{Document, Value};
use crate::ids::Writer;

/// Minutes of one shift that either side may confirm: two days. More is a slip of the keyboard.
pub const MINUTES_MAX: u32 = 2_880;

/// How long before the start an agency may say that somebody will not come, in seconds.
pub const NO_SHOW_FROM_S: i64 = 30 * 60;

/// What is known of one worker's attendance. Times are epoch seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Attendance {
    pub checked_in_at: Option<i64>,
    pub checked_out_at: Option<i64>,
    /// Worked minutes as the agency confirmed them.
    pub agency_minutes: Option<u32>,
    /// Worked minutes as the worker confirmed them.
    pub worker_minutes: Option<u32>,
    /// Who wrote the check-in: the node at whose gate it was.
    pub gate: Option<Writer>,
}

impl Attendance {
    /// Reads what a sign-up document says; what is of another form counts as not said.
    #[must_use]
    pub fn read(document: &Document) -> Self {
        let minutes = |field| {
            let minutes = document.int(field).and_then(|minutes| u32::try_from(minutes).ok());
            minutes.filter(|minutes| *minutes <= MINUTES_MAX)
        };
        let gate = document.visible("checked_in_at").iter().max_by_key(|v| (v.counter, v.writer));
        Self {
            checked_in_at: document.int("checked_in_at"),
            checked_out_at: document.int("checked_out_at"),
            agency_minutes: minutes("agency_minutes"),
            worker_minutes: minutes("worker_minutes"),
            gate: gate.map(|visible| visible.writer),
        }
    }

    /// The field of a check-in, for [`Document::edit`].
    #[must_use]
    pub const fn in_at(at: i64) -> (&'static str, Value) {
        ("checked_in_at", Value::Int(at))
    }

    /// The field of a check-out.
    #[must_use]
    pub const fn out_at(at: i64) -> (&'static str, Value) {
        ("checked_out_at", Value::Int(at))
    }

    /// The field of minutes that the agency confirms.
    #[must_use]
    pub fn by_agency(minutes: u32) -> (&'static str, Value) {
        ("agency_minutes", Value::Int(i64::from(minutes)))
    }

    /// The field of minutes that the worker confirms.
    #[must_use]
    pub fn by_worker(minutes: u32) -> (&'static str, Value) {
        ("worker_minutes", Value::Int(i64::from(minutes)))
    }

    /// Minutes between check-in and check-out, rounded to the nearest; `None` until both are there.
    #[must_use]
    pub fn measured_minutes(&self) -> Option<u32> {
        let seconds = self.checked_out_at?.saturating_sub(self.checked_in_at?).max(0);
        Some(u32::try_from((seconds + 30) / 60).unwrap_or(MINUTES_MAX).min(MINUTES_MAX))
    }

    /// Both sides have confirmed the same minutes.
    #[must_use]
    pub fn is_agreed(&self) -> bool {
        self.agency_minutes.is_some() && self.agency_minutes == self.worker_minutes
    }
}
