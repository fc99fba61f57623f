//! Whether a worker may take a job's place: no other shift at that time, and what the job asks of people.
//!
//! Asked when somebody signs up and again when a place in line is offered; plugins are asked last. What it needs of a
//! person is read from the sealed rows of this node; nothing of it is told to anybody who has not proved to be that person.

use super::{Batch, sign_up::Place};
use crate::{
    admit::{Admission, Denial, Occasion, Question, SHIFTS_MAX, SHIFTS_WITHIN_S, Shift},
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
    /// The profile says no birth date.
    #[error("this job is for workers from {0} years on: add the date of birth to the profile")]
    AgeUnknown(u8),
    #[error("{0}")]
    CertificateMissing(String),
    #[error("{0}")]
    LanguageMissing(String),
    #[error("the place is {distance_m} m away, and the profile says {most_m} m at most")]
    TooFar { distance_m: u32, most_m: u32 },
    #[error("{0}")]
    NotAdmitted(Denial),
    #[error("the rule {0} of this node could not be asked; nothing was taken, try again")]
    RuleUnanswered(String),
}

impl Unfit {
    /// The stable code under which interface, pages and documents know it.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Overlap(_) => "overlap",
            Self::ProfileNeeded => "profile-needed",
            Self::TooYoung(_) => "too-young",
            Self::AgeUnknown(_) => "age-unknown",
            Self::CertificateMissing(_) => "certificate-missing",
            Self::LanguageMissing(_) => "language-missing",
            Self::TooFar { .. } => "too-far",
            Self::NotAdmitted(_) => "not-admitted",
            Self::RuleUnanswered(_) => "rule-unanswered",
        }
    }
}

impl Batch<'_> {
    /// What keeps the worker who signs up from this job, if anything. Without a proof the profile is not looked at.
    pub(super) fn unfit(
        &mut self,
        place: &Place,
        job: JobId,
        worker: WorkerId,
        proved: bool,
    ) -> Result<Option<Unfit>, StoreError> {
        self.unfit_at(Occasion::SignUp, place, (job, worker), proved)
    }

    /// The same for a worker whose place in line has come up; the place itself is proof enough.
    pub(super) fn unfit_now(
        &mut self,
        place: &Place,
        job: JobId,
        worker: WorkerId,
    ) -> Result<Option<Unfit>, StoreError> {
        self.unfit_at(Occasion::Promotion, place, (job, worker), true)
    }

    fn unfit_at(
        &mut self,
        occasion: Occasion,
        place: &Place,
        (job, worker): (JobId, WorkerId),
        proved: bool,
    ) -> Result<Option<Unfit>, StoreError> {
        let stored = self.tx.document(place.vshard, job)?;
        let fields = stored.and_then(|stored| JobFields::read(&stored.document));
        // Whoever has typed a number and proved nothing learns of a job that asks for something nothing of that number.
        if !proved && fields.as_ref().is_some_and(|fields| !fields.demands.are_none()) {
            return Ok(Some(Unfit::ProfileNeeded));
        }
        if let Some(other) = self.overlapping(place, job, worker)? {
            return Ok(Some(Unfit::Overlap(other)));
        }
        let Some(fields) = fields else { return Ok(None) };
        match self.lacks(&fields, worker, proved)? {
            Some(lack) => Ok(Some(lack)),
            None => self.denied(occasion, &fields, (job, worker)),
        }
    }

    /// What the job asks of people and the worker has not.
    fn lacks(
        &mut self,
        fields: &JobFields,
        worker: WorkerId,
        proved: bool,
    ) -> Result<Option<Unfit>, StoreError> {
        let facts = if proved { self.facts(worker)? } else { None };
        let Some(facts) = facts else {
            return Ok((!fields.demands.are_none()).then_some(Unfit::ProfileNeeded));
        };
        Ok(judge(fields, facts.reveal(), self.node.position, i64::from(self.node.utc_offset_s)))
    }

    /// What plugins say against it. Where one gives no answer, whoever waits gets the place that has come up: he was
    /// admitted when he signed up, and else a plugin that fails would empty the line.
    fn denied(
        &mut self,
        occasion: Occasion,
        fields: &JobFields,
        (job, worker): (JobId, WorkerId),
    ) -> Result<Option<Unfit>, StoreError> {
        let Some(rules) = self.admit.filter(|rules| !rules.is_idle()) else { return Ok(None) };
        let shifts = self.shifts_around(fields, job, worker)?;
        let flags = [(1, fields.meal), (2, fields.bed), (4, fields.daily_pay)];
        let night = super::rows::is_night(fields.start_at, self.node.utc_offset_s);
        let bits = flags.into_iter().chain([(8, night)]).filter(|(_, is_set)| *is_set);
        let question = Question {
            occasion,
            now: self.now,
            utc_offset_s: self.node.utc_offset_s,
            start_at: fields.start_at,
            end_at: fields.end_at,
            employer: u64::from(fields.tenant),
            category: &fields.category,
            job_flags: bits.map(|(bit, _)| bit).sum(),
            pay_minor_per_hour: u32::try_from(fields.pay_minor_per_hour).unwrap_or(0),
            title: &fields.title,
            shifts: &shifts,
        };
        Ok(match (rules.ask(&question), occasion) {
            (Admission::Denied(denial), _) => Some(Unfit::NotAdmitted(denial)),
            (Admission::Unanswered(plugin), Occasion::SignUp) => Some(Unfit::RuleUnanswered(plugin)),
            (Admission::Admitted, _) | (Admission::Unanswered(_), Occasion::Promotion) => None,
        })
    }

    /// Other confirmed shifts of the worker around a job, by start; those nearest to it where there are too many.
    fn shifts_around(
        &mut self,
        fields: &JobFields,
        job: JobId,
        worker: WorkerId,
    ) -> Result<Vec<Shift>, StoreError> {
        let from = fields.start_at.saturating_sub(SHIFTS_WITHIN_S);
        let to = fields.end_at.saturating_add(SHIFTS_WITHIN_S);
        let found = self.other_shifts((from, to), job, worker)?;
        let mut shifts: Vec<_> = found.into_iter().map(|(_, shift)| shift).collect();
        shifts.sort_by_key(|shift| shift.start_at.abs_diff(fields.start_at));
        shifts.truncate(SHIFTS_MAX);
        shifts.sort_by_key(|shift| shift.start_at);
        Ok(shifts)
    }

    /// Another confirmed shift of the worker that this node knows of, at the same time.
    fn overlapping(
        &mut self,
        place: &Place,
        job: JobId,
        worker: WorkerId,
    ) -> Result<Option<SignUpId>, StoreError> {
        let Some(this) = self.tx.job_summary(place.vshard, job)? else { return Ok(None) };
        let found = self.other_shifts((this.start_at, this.end_at), job, worker)?;
        Ok(found.first().map(|(sign_up, _)| *sign_up))
    }

    /// Confirmed shifts of the worker for other jobs that this node knows of, as far as they reach into a time.
    fn other_shifts(
        &mut self,
        (from, to): (i64, i64),
        job: JobId,
        worker: WorkerId,
    ) -> Result<Vec<(SignUpId, Shift)>, StoreError> {
        let mut shifts = Vec::new();
        for row in self.tx.sign_ups_of_worker(worker)? {
            if row.status() != Status::Confirmed || row.fields.job == job {
                continue;
            }
            let Some(other) = self.tx.job_summary(row.vshard, row.fields.job)? else { continue };
            let reaches = from < other.end_at && other.start_at < to;
            // Its end was asked for here: it is as good as over.
            if reaches && self.tx.ending(row.vshard, row.fields.job, row.sign_up)?.is_none() {
                let employer = u64::from(other.tenant.0);
                let shift = Shift { start_at: other.start_at, end_at: other.end_at, employer };
                shifts.push((row.sign_up, shift));
            }
        }
        Ok(shifts)
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
    if let Some(least) = *min_age {
        let Some(born) = facts.born else { return Some(Unfit::AgeUnknown(least)) };
        if born.age_at(job.start_at + utc_offset_s) < u32::from(least) {
            return Some(Unfit::TooYoung(least));
        }
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
