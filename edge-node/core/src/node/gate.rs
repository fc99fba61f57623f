//! The gate of this node: for which jobs it scans, receipts that came before their sign-ups, and who did not come in time.
//!
//! Only a node that has itself checked somebody in for a job declares its no-shows: elsewhere nobody knows who came. It
//! does so once for each minute that the rule names, so that who takes a freed place later is not missed at once.

use super::{AttendRefusal, Attended, Batch, attendance_of};
use minicbor::{Decode, Encode};
use sync_protocol::{
    documents::{Attendance, JobFields, Status},
    ids::{JobId, SignUpId},
};
use sync_store::{ShardTx, StoreError};

const BOOK: &str = "gate";

/// Jobs for which one gate scans at a time. Above it the one that was opened first is forgotten: its no-shows are left to the
/// clerk.
const JOBS_MAX: usize = 1_024;

/// Receipts that wait for their sign-ups; the next one is refused.
pub const EARLY_MAX: usize = 4_096;

/// From the first check-in on, so long at least: a gate that opens late lets those in who stand before it.
const SCAN_FIRST_S: i64 = 5 * 60;

/// What this gate has to remember.
#[derive(Debug, Default, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
struct Book {
    #[n(0)]
    jobs: Vec<Scanned>,
    #[n(1)]
    early: Vec<Early>,
}

/// A job for which somebody was checked in here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
struct Scanned {
    #[n(0)]
    job: JobId,
    /// Epoch seconds of the first check-in.
    #[n(1)]
    first_at: i64,
    /// The minutes after the start at which no-shows were declared.
    #[n(2)]
    declared: Option<u32>,
}

/// A check-in by receipt, of a sign-up that is not here yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
struct Early {
    #[n(0)]
    sign_up: SignUpId,
    #[n(1)]
    job: JobId,
    #[n(2)]
    at: i64,
}

fn book(tx: &mut dyn ShardTx) -> Result<Book, StoreError> {
    let Some(bytes) = tx.meta(BOOK)? else { return Ok(Book::default()) };
    minicbor::decode(&bytes).map_err(|_| StoreError::BadRow("gate"))
}

fn keep(tx: &mut dyn ShardTx, book: &Book) -> Result<(), StoreError> {
    tx.put_meta(BOOK, &minicbor::to_vec(book).map_err(|_| StoreError::BadRow("gate"))?)
}

impl Batch<'_> {
    /// Somebody was checked in here for a job.
    pub(super) fn gate_opened(&mut self, job: JobId) -> Result<(), StoreError> {
        let mut book = book(self.tx)?;
        if book.jobs.iter().any(|known| known.job == job) {
            return Ok(());
        }
        if book.jobs.len() >= JOBS_MAX {
            book.jobs.remove(0);
        }
        book.jobs.push(Scanned { job, first_at: self.now, declared: None });
        keep(self.tx, &book)
    }

    /// Keeps a check-in whose sign-up has not come here; the first time stands.
    pub(super) fn check_in_early(
        &mut self,
        sign_up: SignUpId,
        job: JobId,
    ) -> Result<Attended, AttendRefusal> {
        let mut book = book(self.tx)?;
        let known = book.early.iter().find(|early| early.sign_up == sign_up).map(|early| early.at);
        let at = known.unwrap_or(self.now);
        if known.is_none() {
            if book.early.len() >= EARLY_MAX {
                return Err(AttendRefusal::TooManyEarly);
            }
            book.early.push(Early { sign_up, job, at });
            keep(self.tx, &book)?;
            self.gate_opened(job)?;
        }
        let attendance =
            Attendance { checked_in_at: Some(at), gate: Some(self.node.writer), ..Attendance::default() };
        Ok(Attended { attendance, status: Status::Confirmed, is_early: true })
    }

    /// Does what time has made due at this gate: writes the check-ins whose sign-ups came, and lets go of who did not come.
    pub fn tick(&mut self) -> Result<(), StoreError> {
        let before = book(self.tx)?;
        if self.over || before == Book::default() {
            return Ok(());
        }
        let mut after = before.clone();
        after.early = Vec::new();
        for early in &before.early {
            if !self.write_early(early)? {
                after.early.push(*early);
            }
        }
        after.jobs = Vec::new();
        for scanned in &before.jobs {
            after.jobs.extend(self.declare(*scanned)?);
        }
        if after != before {
            keep(self.tx, &after)?;
        }
        Ok(())
    }

    /// Whether a kept check-in is done with.
    fn write_early(&mut self, early: &Early) -> Result<bool, StoreError> {
        let Some(row) = self.tx.sign_up(early.sign_up)? else { return self.is_over(early.job) };
        if row.status() == Status::Confirmed && attendance_of(self.tx, &row)?.checked_in_at.is_none() {
            // Where the document has no room, the gate itself remembers who came.
            if let Err(AttendRefusal::Store(error)) = self.write(&row, &[Attendance::in_at(early.at)]) {
                return Err(error);
            }
        }
        Ok(true)
    }

    fn is_over(&mut self, job: JobId) -> Result<bool, StoreError> {
        let Some(vshard) = self.tx.vshard_of(job)? else { return Ok(true) };
        Ok(self.tx.job_summary(vshard, job)?.is_none_or(|job| job.end_at <= self.now))
    }

    /// Declares the no-shows of a job where they are due; `None` once the job is over.
    fn declare(&mut self, scanned: Scanned) -> Result<Option<Scanned>, StoreError> {
        let Some(vshard) = self.tx.vshard_of(scanned.job)? else { return Ok(None) };
        let stored = self.tx.document(vshard, scanned.job)?;
        let fields = stored.and_then(|stored| JobFields::read(&stored.document));
        let Some(fields) = fields.filter(|fields| fields.end_at > self.now) else { return Ok(None) };
        let minutes = fields.no_show_after_min;
        let due = (fields.start_at + i64::from(minutes) * 60).max(scanned.first_at + SCAN_FIRST_S);
        if minutes == 0 || self.now < due || scanned.declared == Some(minutes) {
            return Ok(Some(scanned));
        }
        for row in self.tx.sign_ups_for(vshard, scanned.job)? {
            if row.status() == Status::Confirmed && attendance_of(self.tx, &row)?.checked_in_at.is_none() {
                self.miss(&row)?;
            }
        }
        Ok(Some(Scanned { declared: Some(minutes), ..scanned }))
    }
}
