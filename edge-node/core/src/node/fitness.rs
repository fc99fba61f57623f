//! Whether a worker may take a job's place: no other shift at that time, and what the job asks of people.
//!
//! Asked when somebody signs up and again when a place in line is offered. What it needs of a person is read from the
//! sealed rows of this node; nothing of it is told to anybody who has not proved to be that person.

use super::{Batch, sign_up::Place};
use crate::{
    person::{Facts, Opened, Regional},
    search::{Near, Position},
};
use sync_protocol::{
    documents::{Demands, JobFields, Status},
    ids::{JobId, SignUpId, WorkerId},
};
use sync_store::{Kept, StoreError};

/// Why a worker may not take a place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    #[error("{0}")]
    Overlap(SignUpId),
    #[error(
        "this job asks for age, certificates or languages: enrol at this kiosk, and prove it with card or phone and PIN"
    )]
    ProfileNeeded,
    #[error("this job is for workers from {0} years on")]
    TooYoung(u8),
    #[error("{0}")]
    CertificateMissing(String),
    #[error("{0}")]
    LanguageMissing(String),
    #[error("the place is {distance_m} m away, and the profile says {most_m} m at most")]
    TooFar { distance_m: u32, most_m: u32 },
}

impl Unfit {
    /// The stable code under which interface, pages and documents know it.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Overlap(_) => "overlap",
            Self::ProfileNeeded => "profile-needed",
            Self::TooYoung(_) => "too-young",
            Self::CertificateMissing(_) => "certificate-missing",
            Self::LanguageMissing(_) => "language-missing",
            Self::TooFar { .. } => "too-far",
        }
    }
}

impl Batch<'_> {
    /// What keeps the worker from this job, if anything. Without a proof the profile is not looked at.
    pub(super) fn unfit(
        &mut self,
        place: &Place,
        job: JobId,
        worker: WorkerId,
        proved: bool,
    ) -> Result<Option<Unfit>, StoreError> {
        if let Some(other) = self.overlapping(place, job, worker)? {
            return Ok(Some(Unfit::Overlap(other)));
        }
        let Some(stored) = self.tx.document(place.vshard, job)? else { return Ok(None) };
        let Some(fields) = JobFields::read(&stored.document) else { return Ok(None) };
        let facts = if proved { self.facts(worker)? } else { None };
        let Some(facts) = facts else {
            return Ok((!fields.demands.are_none()).then_some(Unfit::ProfileNeeded));
        };
        Ok(judge(&fields, facts.reveal(), self.node.position, i64::from(self.node.utc_offset_s)))
    }

    /// Another confirmed shift of the worker that this node knows of, at the same time.
    fn overlapping(
        &mut self,
        place: &Place,
        job: JobId,
        worker: WorkerId,
    ) -> Result<Option<SignUpId>, StoreError> {
        let Some(this) = self.tx.job_summary(place.vshard, job)? else { return Ok(None) };
        for row in self.tx.sign_ups_of_worker(worker)? {
            if row.status() != Status::Confirmed || row.fields.job == job {
                continue;
            }
            let Some(other) = self.tx.job_summary(row.vshard, row.fields.job)? else { continue };
            let overlaps = this.start_at < other.end_at && other.start_at < this.end_at;
            // Its end was asked for here: it is as good as over.
            if overlaps && self.tx.ending(row.vshard, row.fields.job, row.sign_up)?.is_none() {
                return Ok(Some(row.sign_up));
            }
        }
        Ok(None)
    }

    fn facts(&mut self, worker: WorkerId) -> Result<Option<Regional<Facts>>, StoreError> {
        let Some(sealer) = &self.node.sealer else { return Ok(None) };
        let Some(Kept::Whole(wrapped)) = self.tx.person_key(worker)? else { return Ok(None) };
        let Some(key) = sealer.unwrap_key(worker, &wrapped) else { return Ok(None) };
        let Some(Kept::Whole(sealed)) = self.tx.person(worker, Facts::CLASS.number())? else {
            return Ok(None);
        };
        Ok(key.open(worker, &sealed))
    }
}

/// Holds a job against what is known of a worker.
fn judge(job: &JobFields, facts: &Facts, hall: Option<(i32, i32)>, utc_offset_s: i64) -> Option<Unfit> {
    let Demands { min_age, certificates, languages } = &job.demands;
    if let Some(least) = *min_age
        && facts.born.is_none_or(|born| born.age_at(job.start_at + utc_offset_s) < u32::from(least))
    {
        return Some(Unfit::TooYoung(least));
    }
    if let Some(missing) = certificates.difference(&facts.certificates).next() {
        return Some(Unfit::CertificateMissing(missing.clone()));
    }
    if let Some(missing) = languages.difference(&facts.languages).next() {
        return Some(Unfit::LanguageMissing(missing.clone()));
    }
    let (most_m, from, to) = (facts.distance_m_max?, facts.home.or(hall)?, job.position?);
    let at = |(lat_e6, lon_e6)| Position { lat_e6, lon_e6 };
    let distance_m = Near { position: at(from), radius_m: 0 }.distance_m(at(to));
    (distance_m > most_m).then_some(Unfit::TooFar { distance_m, most_m })
}
