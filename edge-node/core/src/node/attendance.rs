//! Who came: check-in and check-out at the gate, the minutes that both sides confirm, and the agency's word that ends a place.
//!
//! Times and minutes are edits of the sign-up document, which any node of the region makes. A seat is freed by its holder
//! alone: what the agency ends takes the way of a worker's cancellation.

use super::{Batch, sign_up::CancelRefusal};
use sync_protocol::{
    documents::{Attendance, MINUTES_MAX, NO_SHOW_FROM_S, Refused, Status, Value},
    ids::{JobId, SignUpId, TenantId},
    seats::EndReason,
};
use sync_store::{ShardTx, SignUpRow, StoreError};

/// What an agency does about one sign-up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// Its worker is at the gate. The first time stands.
    CheckIn,
    /// The same of a sign-up that this node may not have heard of, whose receipt for this job was verified.
    CheckInByReceipt(JobId),
    /// Its worker leaves. The first time stands.
    CheckOut,
    /// The agency confirms so many worked minutes.
    Minutes(u32),
    /// Its worker did not come.
    NoShow,
    /// The agency cancels the place.
    Dismiss,
}

/// An agency's order about one sign-up for one of its own jobs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attend {
    pub tenant: TenantId,
    pub sign_up: SignUpId,
    pub act: Act,
}

/// How a sign-up stands after an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attended {
    pub attendance: Attendance,
    pub status: Status,
    /// The sign-up is not here yet: its check-in is kept and written once it is.
    pub is_early: bool,
}

/// Why an order about a sign-up is refused.
#[derive(Debug, thiserror::Error)]
pub enum AttendRefusal {
    #[error("there is no such sign-up for a job of this agency here")]
    Unknown,
    #[error("this node's incarnation is over; it must join again before it writes anything")]
    Retired,
    #[error("the place is not confirmed: {}", .0.as_str())]
    NotConfirmed(Status),
    #[error("the worker has been checked in; a place is not taken from somebody who came")]
    CameAlready,
    #[error("the worker has not been checked in")]
    NotIn,
    #[error("somebody is a no-show from 30 minutes before the start on; before that, cancel the place")]
    TooEarly,
    #[error("a shift has 0 to {MINUTES_MAX} minutes")]
    Minutes,
    #[error("too many receipts wait for their sign-ups; put this node's line up")]
    TooManyEarly,
    #[error("other nodes have filled what is known of this sign-up: {0}")]
    NoRoom(Refused),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What a sign-up's document says of its attendance.
pub fn attendance_of(tx: &mut dyn ShardTx, row: &SignUpRow) -> Result<Attendance, StoreError> {
    let stored = tx.document(row.vshard, row.sign_up)?;
    Ok(stored.map(|stored| Attendance::read(&stored.document)).unwrap_or_default())
}

impl Batch<'_> {
    /// Carries out an agency's order about a sign-up. Repeating one changes nothing.
    pub fn attend(&mut self, order: Attend) -> Result<Attended, AttendRefusal> {
        if self.over {
            return Err(AttendRefusal::Retired);
        }
        let Some(row) = self.tx.sign_up(order.sign_up)? else {
            let Act::CheckInByReceipt(job) = order.act else { return Err(AttendRefusal::Unknown) };
            self.owned(order.tenant, job)?;
            return self.check_in_early(order.sign_up, job);
        };
        let start_at = self.owned(order.tenant, row.fields.job)?;
        let known = attendance_of(self.tx, &row)?;
        match order.act {
            Act::CheckIn | Act::CheckInByReceipt(_) => self.check_in(&row, known)?,
            Act::CheckOut => self.check_out(&row, known)?,
            Act::Minutes(minutes) => self.confirm_minutes(&row, minutes, Attendance::by_agency)?,
            Act::NoShow if self.now < start_at - NO_SHOW_FROM_S => return Err(AttendRefusal::TooEarly),
            Act::NoShow => self.dismiss(&row, known, EndReason::NoShow)?,
            Act::Dismiss => self.dismiss(&row, known, EndReason::Employer)?,
        }
        self.attended(order.sign_up)
    }

    /// The worker confirms so many minutes of his own sign-up.
    pub fn confirm_as_worker(&mut self, sign_up: SignUpId, minutes: u32) -> Result<Attended, AttendRefusal> {
        if self.over {
            return Err(AttendRefusal::Retired);
        }
        let row = self.tx.sign_up(sign_up)?.ok_or(AttendRefusal::Unknown)?;
        self.confirm_minutes(&row, minutes, Attendance::by_worker)?;
        self.attended(sign_up)
    }

    /// When a job of this tenant starts; refused where it is another's, as if it were not here.
    fn owned(&mut self, tenant: TenantId, job: JobId) -> Result<i64, AttendRefusal> {
        let vshard = self.tx.vshard_of(job)?.ok_or(AttendRefusal::Unknown)?;
        let summary = self.tx.job_summary(vshard, job)?.filter(|summary| summary.tenant == tenant);
        summary.map(|summary| summary.start_at).ok_or(AttendRefusal::Unknown)
    }

    fn attended(&mut self, sign_up: SignUpId) -> Result<Attended, AttendRefusal> {
        let row = self.tx.sign_up(sign_up)?.ok_or(AttendRefusal::Unknown)?;
        let attendance = attendance_of(self.tx, &row)?;
        Ok(Attended { attendance, status: row.status(), is_early: false })
    }

    fn check_in(&mut self, row: &SignUpRow, known: Attendance) -> Result<(), AttendRefusal> {
        if known.checked_in_at.is_some() {
            return Ok(());
        }
        if row.status() != Status::Confirmed {
            return Err(AttendRefusal::NotConfirmed(row.status()));
        }
        self.write(row, &[Attendance::in_at(self.now)])?;
        Ok(self.gate_opened(row.fields.job)?)
    }

    fn check_out(&mut self, row: &SignUpRow, known: Attendance) -> Result<(), AttendRefusal> {
        if known.checked_in_at.is_none() {
            return Err(AttendRefusal::NotIn);
        }
        if known.checked_out_at.is_some() {
            return Ok(());
        }
        self.write(row, &[Attendance::out_at(self.now)])
    }

    fn confirm_minutes(
        &mut self,
        row: &SignUpRow,
        minutes: u32,
        field: fn(u32) -> (&'static str, Value),
    ) -> Result<(), AttendRefusal> {
        if minutes > MINUTES_MAX {
            return Err(AttendRefusal::Minutes);
        }
        if attendance_of(self.tx, row)?.checked_in_at.is_none() {
            return Err(AttendRefusal::NotIn);
        }
        self.write(row, &[field(minutes)])
    }

    fn dismiss(
        &mut self,
        row: &SignUpRow,
        known: Attendance,
        reason: EndReason,
    ) -> Result<(), AttendRefusal> {
        if !row.status().is_current() {
            return Ok(());
        }
        if known.checked_in_at.is_some() {
            return Err(AttendRefusal::CameAlready);
        }
        if reason == EndReason::NoShow && row.status() != Status::Confirmed {
            return Err(AttendRefusal::NotConfirmed(row.status()));
        }
        match self.let_go(row.sign_up, reason) {
            Ok(_) => Ok(()),
            Err(CancelRefusal::Unknown) => Err(AttendRefusal::Unknown),
            Err(CancelRefusal::Came) => Err(AttendRefusal::CameAlready),
            Err(CancelRefusal::Retired) => Err(AttendRefusal::Retired),
            Err(CancelRefusal::Store(error)) => Err(error.into()),
        }
    }

    /// Ends the place of somebody who did not come.
    pub(super) fn miss(&mut self, row: &SignUpRow) -> Result<(), StoreError> {
        match self.let_go(row.sign_up, EndReason::NoShow) {
            Ok(_) | Err(CancelRefusal::Unknown | CancelRefusal::Retired | CancelRefusal::Came) => Ok(()),
            Err(CancelRefusal::Store(error)) => Err(error),
        }
    }

    /// Whether a sign-up's worker was seen at a gate.
    pub(super) fn has_come(&mut self, sign_up: SignUpId) -> Result<bool, StoreError> {
        let Some(row) = self.tx.sign_up(sign_up)? else { return Ok(false) };
        Ok(attendance_of(self.tx, &row)?.checked_in_at.is_some())
    }

    /// Writes into a sign-up's document, as this node's edit.
    pub(super) fn write(&mut self, row: &SignUpRow, fields: &[(&str, Value)]) -> Result<(), AttendRefusal> {
        let stored = self.tx.document(row.vshard, row.sign_up)?;
        let mut stored = stored.ok_or(StoreError::BadRow("sign-up document"))?;
        self.edit(row.vshard, stored.topic, row.sign_up, &mut stored.document, fields)?
            .map_err(AttendRefusal::NoRoom)?;
        self.changed.insert(row.fields.job);
        Ok(())
    }
}
