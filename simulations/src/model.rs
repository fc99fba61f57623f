//! The reference model: what workers were told, and what must therefore hold. No storage, no documents, no merging.
//!
//! It knows nothing of rights. A worker who was told "confirmed" and has not asked to cancel has a seat; no job has more of
//! them than its cap; asking again under the same key gives the same sign-up.

use std::collections::BTreeMap;
use sync_protocol::{
    documents::Status,
    ids::{JobId, SignUpId, Writer},
};

/// A promise that was broken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// `oversold`, `lost`, `unconverged`, `invariant`, `answer` or `panic`.
    pub kind: &'static str,
    pub text: String,
}

/// Number of a request; its idempotency key is made from it.
pub type RequestNo = usize;

/// A worker's request.
#[derive(Debug, Clone)]
pub struct Request {
    /// Machine at which it was made.
    pub machine: usize,
    pub job: JobId,
    pub worker: u64,
    /// What was answered first, and by which incarnation.
    pub told: Option<(SignUpId, Writer)>,
    pub status: Option<Status>,
    /// The worker has asked to cancel, whether answered or not.
    pub cancel_sent: bool,
    pub answered_at: u64,
    /// Times that the worker came back because nobody answered.
    pub tries: u32,
}

/// A job as those who posted it know it.
#[derive(Debug, Clone)]
pub struct JobFacts {
    pub region: usize,
    /// The highest cap that was asked for.
    pub cap: u32,
    /// Workers who were told "confirmed" and have not asked to cancel.
    pub confirmed: u32,
    /// Rights that a copied or rolled-back incarnation may have spent twice.
    pub excess: u32,
    /// The most sign-ups that may be valid by the hub's books (E of I4), once it has heard of the job.
    pub valid: Option<u32>,
    /// What the job was imported under; empty for one that was born at a node.
    pub key: String,
}

/// Everything that people outside know.
#[derive(Debug, Default)]
pub struct Model {
    pub jobs: BTreeMap<JobId, JobFacts>,
    /// Jobs of each region, oldest first.
    pub by_region: Vec<Vec<JobId>>,
    pub requests: Vec<Request>,
    pub by_sign_up: BTreeMap<SignUpId, RequestNo>,
    /// Requests made at each machine, oldest first.
    pub by_machine: BTreeMap<usize, Vec<RequestNo>>,
    /// Sign-ups told "confirmed" beyond a cap, within what a copy may cost.
    pub excess_seen: u64,
    pub answers: u64,
}

impl Model {
    /// A model of some regions.
    #[must_use]
    pub fn new(regions: usize) -> Self {
        Self { by_region: vec![Vec::new(); regions], ..Self::default() }
    }

    /// A job was posted.
    pub fn posted(&mut self, job: JobId, region: usize, cap: u32, key: String) {
        self.jobs.entry(job).or_insert_with(|| {
            self.by_region[region].push(job);
            JobFacts { region, cap, confirmed: 0, excess: 0, valid: None, key }
        });
    }

    /// One of the `window` latest jobs of a region.
    #[must_use]
    pub fn recent_job(&self, region: usize, window: usize, pick: u64) -> Option<JobId> {
        let jobs = &self.by_region[region];
        let from = jobs.len().saturating_sub(window);
        pick_of(&jobs[from..], pick).copied()
    }

    /// A worker asks.
    pub fn asked(&mut self, machine: usize, job: JobId, worker: u64) -> RequestNo {
        let request = Request {
            machine,
            job,
            worker,
            told: None,
            status: None,
            cancel_sent: false,
            answered_at: 0,
            tries: 0,
        };
        self.requests.push(request);
        let number = self.requests.len() - 1;
        self.by_machine.entry(machine).or_default().push(number);
        number
    }

    /// One of the latest requests made at a machine.
    #[must_use]
    pub fn recent_request(&self, machine: usize, pick: u64) -> Option<RequestNo> {
        let requests = self.by_machine.get(&machine)?;
        pick_of(&requests[requests.len().saturating_sub(60)..], pick).copied()
    }

    /// A worker is told something durable. `forked`: the node went on from an older state, so that earlier answers may be gone.
    pub fn told(
        &mut self,
        number: RequestNo,
        sign_up: SignUpId,
        status: Status,
        writer: Writer,
        forked: bool,
        now: u64,
    ) -> Result<(), Violation> {
        self.answers += 1;
        let request = &mut self.requests[number];
        let before = request.status;
        if let Some((known, by)) = request.told {
            if known != sign_up && by == writer && !forked {
                return Err(Violation {
                    kind: "answer",
                    text: format!(
                        "request {number} was told {known}, and asked again under its key {sign_up}"
                    ),
                });
            }
            let regressed =
                before == Some(Status::Confirmed) && matches!(status, Status::WaitListed | Status::Requested);
            if known == sign_up && regressed && !forked {
                return Err(Violation {
                    kind: "answer",
                    text: format!("{sign_up} was confirmed and is told {}", status.as_str()),
                });
            }
            if known != sign_up {
                // Another incarnation knows nothing of the first answer: it stands beside this one.
                return Ok(());
            }
        }
        request.told.get_or_insert((sign_up, writer));
        (request.status, request.answered_at) = (Some(status), now);
        self.by_sign_up.insert(sign_up, number);
        let cancelled = request.cancel_sent;
        let counts = |status: Option<Status>| status == Some(Status::Confirmed) && !cancelled;
        let job = request.job;
        match (counts(before), counts(Some(status))) {
            (false, true) => self.seat_taken(job),
            (true, false) => {
                self.seat_left(job);
                Ok(())
            }
            (true, true) | (false, false) => Ok(()),
        }
    }

    fn seat_taken(&mut self, job: JobId) -> Result<(), Violation> {
        let Some(facts) = self.jobs.get_mut(&job) else { return Ok(()) };
        facts.confirmed += 1;
        if facts.confirmed <= facts.cap {
            return Ok(());
        }
        if facts.confirmed <= facts.cap + facts.excess {
            self.excess_seen += 1;
            return Ok(());
        }
        let text = format!(
            "{} workers were told that they have one of {} seats of {job}",
            facts.confirmed, facts.cap
        );
        Err(Violation { kind: "oversold", text })
    }

    fn seat_left(&mut self, job: JobId) {
        if let Some(facts) = self.jobs.get_mut(&job) {
            facts.confirmed = facts.confirmed.saturating_sub(1);
        }
    }

    /// A worker asks to cancel: from here on the seat is not claimed any more.
    pub fn cancels(&mut self, number: RequestNo) {
        let request = &mut self.requests[number];
        if !std::mem::replace(&mut request.cancel_sent, true) && request.status == Some(Status::Confirmed) {
            let job = request.job;
            self.seat_left(job);
        }
    }

    /// Its holder ended a sign-up as the hub asked, with a reason: the worker will read so.
    pub fn ended(&mut self, sign_up: SignUpId) {
        let Some(number) = self.by_sign_up.get(&sign_up).copied() else { return };
        let request = &mut self.requests[number];
        if request.status == Some(Status::Confirmed) {
            request.status = Some(Status::Bumped);
            if !request.cancel_sent {
                let job = request.job;
                self.seat_left(job);
            }
        }
    }

    /// Sign-ups that an incarnation confirmed and nobody asked to cancel.
    pub fn confirmed_by(&self, writer: Writer) -> impl DoubleEndedIterator<Item = (SignUpId, &Request)> {
        self.requests.iter().filter_map(move |request| {
            let (sign_up, _) = request.told?;
            // Another incarnation that learned of the sign-up may have repeated the answer; its minter holds it.
            let stands =
                sign_up.writer == writer && request.status == Some(Status::Confirmed) && !request.cancel_sent;
            stands.then_some((sign_up, request))
        })
    }
}

/// The element that a number picks.
#[must_use]
pub fn pick_of<T>(of: &[T], pick: u64) -> Option<&T> {
    let len = of.len() as u64;
    if len == 0 { None } else { of.get(usize::try_from(pick % len).ok()?) }
}
