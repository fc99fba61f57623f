//! Holds: a right set aside for a worker who is typing. In memory alone, lost at a restart, and never a promise.
//!
//! A hold creates no right and uses none: while it lasts, `offerable = avail - holds` for everybody else. The event loop
//! hands a copy to each batch and takes it back once the batch is durable. Time is milliseconds of a clock that does not go
//! back.

use super::{Batch, sign_up::Place};
use crate::limits::{HOLD_MS, HOLDS_MAX, HOLDS_OF_DEVICE_MAX};
use std::collections::BTreeMap;
use sync_protocol::ids::{JobId, WorkerId};
use sync_store::StoreError;

/// A hold's name: random, and known to its holder alone.
pub type HoldId = [u8; 16];

/// For whom a right is set aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Holder {
    Worker(WorkerId),
    /// A form that does not know its worker yet, by its random token.
    Form([u8; 16]),
}

/// What a request shows beside its job and worker.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Claim {
    /// The form's token, under which a hold may stand.
    pub form: Option<[u8; 16]>,
    /// The worker has proved who it is: its profile may be looked at.
    pub proved: bool,
}

/// A right that is set aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hold {
    pub id: HoldId,
    pub job: JobId,
    pub holder: Holder,
    /// Where it was asked for: hash of the device's address.
    pub device: [u8; 16],
    pub until_ms: u64,
}

/// A wish for a hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HoldRequest {
    /// A fresh name.
    pub id: HoldId,
    pub job: JobId,
    pub holder: Holder,
    pub device: [u8; 16],
}

/// Why there is no hold.
#[derive(Debug, thiserror::Error)]
pub enum HoldRefusal {
    #[error("there is no such job here")]
    UnknownJob,
    #[error("the job is closed or has begun")]
    Closed,
    #[error("this node takes nobody new: an operator drains it")]
    Draining,
    #[error("no right to a seat is free here; a sign-up may still be confirmed by asking the hub, or wait")]
    NothingFree,
    #[error("this device holds {HOLDS_OF_DEVICE_MAX} places; end one or wait")]
    DeviceFull,
    #[error("this node holds {HOLDS_MAX} places; sign up without a hold")]
    NodeFull,
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The holds of a node.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Holds(BTreeMap<HoldId, Hold>);

impl Holds {
    /// Rights of a job that are set aside.
    #[must_use]
    pub fn of_job(&self, job: JobId) -> u32 {
        self.count(|hold| hold.job == job)
    }

    /// Rights of a job that are set aside for others than this worker and form.
    #[must_use]
    pub fn of_others(&self, job: JobId, worker: WorkerId, form: Option<[u8; 16]>) -> u32 {
        self.count(|hold| hold.job == job && !is_own(hold, worker, form))
    }

    /// Every job with holds, and how many it has.
    #[must_use]
    pub fn by_job(&self) -> BTreeMap<JobId, u32> {
        let mut by_job = BTreeMap::new();
        for hold in self.0.values() {
            *by_job.entry(hold.job).or_insert(0) += 1;
        }
        by_job
    }

    /// When the next hold expires.
    #[must_use]
    pub fn next_end_ms(&self) -> Option<u64> {
        self.0.values().map(|hold| hold.until_ms).min()
    }

    fn count(&self, is_counted: impl Fn(&Hold) -> bool) -> u32 {
        u32::try_from(self.0.values().filter(|hold| is_counted(hold)).count()).unwrap_or(u32::MAX)
    }

    fn take_out(&mut self, ends: impl Fn(&Hold) -> bool) -> Vec<JobId> {
        let ended: Vec<Hold> = self.0.values().filter(|hold| ends(hold)).cloned().collect();
        for hold in &ended {
            self.0.remove(&hold.id);
        }
        ended.into_iter().map(|hold| hold.job).collect()
    }
}

fn is_own(hold: &Hold, worker: WorkerId, form: Option<[u8; 16]>) -> bool {
    match hold.holder {
        Holder::Worker(held) => held == worker,
        Holder::Form(held) => form == Some(held),
    }
}

/// Recalls that the hub sent while a hold stood in their way; durable, because the hub does not send them again.
const RECALLS_DUE: &str = "recalls_due";

type RecallsDue = Vec<(JobId, u32, u32)>;

impl Batch<'_> {
    /// Sets a right aside. Of one holder there is one hold: asked again for the same job it is the same one and ends when
    /// it would have ended; for another job it takes the place of the first.
    pub fn hold(&mut self, wish: &HoldRequest, now_ms: u64) -> Result<Hold, HoldRefusal> {
        self.end_holds(now_ms)?;
        let own = self.holds.0.values().find(|hold| hold.holder == wish.holder).cloned();
        if let Some(own) = own.as_ref().filter(|own| own.job == wish.job) {
            return Ok(own.clone());
        }
        if self.draining {
            return Err(HoldRefusal::Draining);
        }
        let place = self.place(wish.job)?.ok_or(HoldRefusal::UnknownJob)?;
        let started = self.tx.job_summary(place.vshard, wish.job)?.is_none_or(|job| job.start_at <= self.now);
        if started || place.seats.closed {
            return Err(HoldRefusal::Closed);
        }
        let held = self.holds.of_job(wish.job);
        // The same question as a sign-up's, of counters that nobody keeps.
        let mut seats = place.seats;
        if seats.accept(None, held, self.footing()).is_err() {
            return Err(HoldRefusal::NothingFree);
        }
        if let Some(own) = own {
            self.end_hold(own.id)?;
        }
        if self.holds.0.len() >= HOLDS_MAX {
            return Err(HoldRefusal::NodeFull);
        }
        if self.holds.0.values().filter(|hold| hold.device == wish.device).count() >= HOLDS_OF_DEVICE_MAX {
            return Err(HoldRefusal::DeviceFull);
        }
        let HoldRequest { id, job, holder, device } = *wish;
        let hold = Hold { id, job, holder, device, until_ms: now_ms + HOLD_MS };
        self.holds.0.insert(id, hold.clone());
        self.changed.insert(job);
        Ok(hold)
    }

    /// Ends a hold at its holder's wish; nothing where it has ended. Returns whether it stood.
    pub fn end_hold(&mut self, id: HoldId) -> Result<bool, StoreError> {
        let ended = self.holds.take_out(|hold| hold.id == id);
        self.recall_freed(&ended)?;
        Ok(!ended.is_empty())
    }

    /// Ends the holds whose time is over.
    pub fn end_holds(&mut self, now_ms: u64) -> Result<(), StoreError> {
        let ended = self.holds.take_out(|hold| hold.until_ms <= now_ms);
        self.recall_freed(&ended)
    }

    /// Ends what a worker held, whose sign-up has used it or needs it no more.
    pub(super) fn end_own_hold(
        &mut self,
        job: JobId,
        worker: WorkerId,
        form: Option<[u8; 16]>,
    ) -> Result<(), StoreError> {
        let ended = self.holds.take_out(|hold| hold.job == job && is_own(hold, worker, form));
        self.recall_freed(&ended)
    }

    /// A right that is held no more is what it would have been without the hold: the hub's where it was asked back, else
    /// the next one's in line.
    fn recall_freed(&mut self, jobs: &[JobId]) -> Result<(), StoreError> {
        for job in jobs {
            self.changed.insert(*job);
            if self.over {
                continue;
            }
            self.recall_again(*job)?;
            let held = self.holds.of_job(*job);
            if let Some(mut place) = self.place(*job)?.filter(|place| place.seats.avail() > held) {
                self.pass_on(&mut place, *job)?;
            }
        }
        Ok(())
    }

    /// Takes up recalls that holds of an earlier run stood in the way of: those holds are gone.
    pub fn recall_all_again(&mut self) -> Result<(), StoreError> {
        if self.over {
            return Ok(());
        }
        for (job, _, _) in self.recalls_due()? {
            self.recall_again(job)?;
        }
        Ok(())
    }

    fn recalls_due(&mut self) -> Result<RecallsDue, StoreError> {
        let Some(bytes) = self.tx.meta(RECALLS_DUE)? else { return Ok(Vec::new()) };
        minicbor::decode(&bytes).map_err(|_| StoreError::BadRow(RECALLS_DUE))
    }

    fn put_recalls_due(&mut self, due: &RecallsDue) -> Result<(), StoreError> {
        let bytes = minicbor::to_vec(due).map_err(|_| StoreError::BadRow(RECALLS_DUE))?;
        self.tx.put_meta(RECALLS_DUE, &bytes)
    }

    fn recall_again(&mut self, job: JobId) -> Result<(), StoreError> {
        let due = self.recalls_due()?;
        let Some((_, granted, keep)) = due.iter().find(|(of, _, _)| *of == job).copied() else {
            return Ok(());
        };
        self.put_recalls_due(&due.into_iter().filter(|(of, _, _)| *of != job).collect())?;
        self.recall(job, granted, keep)
    }

    /// Returns idle rights that the hub asked back; of those that are held, once they are let go.
    pub(super) fn recall(&mut self, job: JobId, granted: u32, keep: u32) -> Result<(), StoreError> {
        let Some(mut place) = self.place(job)? else { return Ok(()) };
        let held = self.holds.of_job(job);
        let count = place.seats.recalled(granted, keep, held);
        if held > 0 && place.seats.recalled(granted, keep, 0) > count {
            // A node has few holds, and each of their jobs one row here.
            let mut due = self.recalls_due()?;
            due.retain(|(of, _, _)| *of != job);
            due.push((job, granted, keep));
            self.put_recalls_due(&due)?;
        }
        self.give_back(&mut place, job, count)
    }

    /// Rights that may be given away: those that are held are not.
    pub(super) fn unheld(&self, place: &Place, job: JobId) -> u32 {
        place.seats.avail().saturating_sub(self.holds.of_job(job))
    }
}
