//! A crew signs up together: all of its members get a place here and now, or nothing is taken.
//!
//! Nobody is asked on a crew's behalf: places that lie elsewhere come one at a time, and half a crew would be kept.

use super::{
    Answer, Batch, Claim, Unfit,
    sign_up::{SignUpRefusal, SignUpRequest},
};
use sync_protocol::ids::{JobId, SignUpId, WorkerId};
use sync_store::StoreError;

/// Members of a crew, with the one who leads it.
pub const CREW_MIN: usize = 2;
/// One transaction takes this many places at most.
pub const CREW_MAX: usize = 10;

/// A crew wants places of one job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CrewRequest {
    pub job: JobId,
    /// The one who leads first.
    pub workers: Vec<WorkerId>,
    /// Hash over the client's key.
    pub idempotency: [u8; 16],
    /// Hash over the request's body.
    pub body_hash: [u8; 16],
}

/// What a crew is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CrewDecision {
    /// A place for each member, in their order; of a request that was answered before, as the places stand.
    Answered(Vec<Answer>),
    /// This node can confirm only so many; nothing was taken.
    Short { confirmable: usize },
}

/// Why a crew is refused.
#[derive(Debug, thiserror::Error)]
pub enum CrewRefusal {
    #[error("a crew has {CREW_MIN} to {CREW_MAX} members")]
    Size,
    /// Counted from 1.
    #[error("member {0} is in the crew already")]
    Twice(usize),
    /// Counted from 1.
    #[error("member {member} has signed up for this job already")]
    AlreadySignedUp { member: usize, sign_up: SignUpId },
    /// Counted from 1.
    #[error("member {member} may not take this place: {unfit}")]
    Unfit { member: usize, unfit: Unfit },
    #[error(transparent)]
    SignUp(#[from] SignUpRefusal),
}

impl From<StoreError> for CrewRefusal {
    fn from(error: StoreError) -> Self {
        Self::SignUp(SignUpRefusal::Store(error))
    }
}

impl CrewRequest {
    /// The sign-ups of the members, each under a key that follows from the crew's.
    fn members(&self) -> Result<Vec<SignUpRequest>, CrewRefusal> {
        if !(CREW_MIN..=CREW_MAX).contains(&self.workers.len()) {
            return Err(CrewRefusal::Size);
        }
        let mut members: Vec<SignUpRequest> = Vec::with_capacity(self.workers.len());
        for (place, worker) in self.workers.iter().enumerate() {
            if members.iter().any(|other| other.worker == *worker) {
                return Err(CrewRefusal::Twice(place + 1));
            }
            let mut hasher = blake3::Hasher::new_derive_key("dayshift crew member v1");
            hasher.update(&self.idempotency);
            hasher.update(&(place as u64).to_be_bytes());
            let mut idempotency = [0; 16];
            idempotency.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
            members.push(SignUpRequest {
                job: self.job,
                worker: *worker,
                idempotency,
                body_hash: self.body_hash,
                claim: Claim::default(),
            });
        }
        Ok(members)
    }
}

impl Batch<'_> {
    /// Decides for a crew.
    ///
    /// # Errors
    /// The crew or one of its members is refused; nothing is taken.
    pub fn sign_up_crew(&mut self, crew: &CrewRequest) -> Result<CrewDecision, CrewRefusal> {
        let members = crew.members()?;
        let mut before = Vec::new();
        for member in &members {
            before.extend(self.answered_before(member)?);
        }
        if before.len() == members.len() {
            return Ok(CrewDecision::Answered(before));
        }
        if !before.is_empty() {
            return Err(SignUpRefusal::KeyReused.into());
        }
        if self.draining {
            return Err(SignUpRefusal::Draining.into());
        }
        for (place, member) in members.iter().enumerate() {
            match self.may_sign_up(member) {
                Ok(None) => {}
                Ok(Some(sign_up)) => return Err(CrewRefusal::AlreadySignedUp { member: place + 1, sign_up }),
                Err(SignUpRefusal::Unfit(unfit)) => {
                    return Err(CrewRefusal::Unfit { member: place + 1, unfit });
                }
                Err(refusal) => return Err(refusal.into()),
            }
        }
        let places = self.confirmable(crew.job, members.len())?;
        if places.len() < members.len() {
            return Ok(CrewDecision::Short { confirmable: places.len() });
        }
        let mut answers = Vec::with_capacity(members.len());
        for (place, member) in places.iter().zip(&members) {
            let sign_up = SignUpId::sign_up(self.node.writer, self.tx.next_counter()?);
            answers.push(self.confirm(place, sign_up, member, None)?);
        }
        // What a member held goes to others only now: before, it could be a right that the next member uses.
        for member in &members {
            self.end_own_hold(member.job, member.worker, member.claim.form)?;
        }
        Ok(CrewDecision::Answered(answers))
    }
}
