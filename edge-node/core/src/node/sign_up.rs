//! Sign-ups: the honest answer on the spot.
//!
//! A right here: confirmed, now. No right here and the line up: the hub is asked; no answer in time: requested, and from
//! then on only the hub may accept it. Line down: wait-listed at this node.

use super::{Batch, Uplink};
use sync_protocol::{
    documents::{Document, SignUpFields, Status, Value},
    ids::{JobId, SignUpId, TopicId, VshardId, WorkerId},
    mutant::{self, Mutant},
    receipt::{Receipt, ReceiptBody},
    seats::{EndReason, Ending, LossPolicy, NodeEvent, NodeJob, Refusal, SeatState},
    wire::v1::{Ask, Outcome},
};
use sync_store::{EndingRow, HubSaid, SeatRow, ShardTx, SignUpRow, StoreError, WaitRow};

/// A worker wants a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignUpRequest {
    pub job: JobId,
    pub worker: WorkerId,
    /// Hash over the client's key and the worker.
    pub idempotency: [u8; 16],
    /// Hash over the request's body.
    pub body_hash: [u8; 16],
}

/// What a worker is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    pub sign_up: SignUpId,
    pub job: JobId,
    pub status: Status,
    pub code: String,
    /// Place on the wait list, from 1.
    pub position: Option<u32>,
    /// The place counts only those who signed up at this node.
    pub at_this_node: bool,
    /// Signed receipt of a confirmed place.
    pub receipt: Option<Vec<u8>>,
    /// The place is of a job whose rights the hub may take back from a lost node, and the hub has not acknowledged it: where
    /// the node is given up before that, it is void.
    pub provisional: bool,
    /// Its end was asked for here; the node that holds the place has not reported it yet.
    pub cancel_asked: bool,
    /// Why it was ended by others than its worker; empty where it was not.
    pub reason: String,
    /// The request was answered before; this is that answer as it stands.
    pub repeated: bool,
}

/// An answer now, or a question to the hub first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    Answer(Box<Answer>),
    Ask(PendingAsk),
}

/// A sign-up that waits for the hub's verdict; nothing of it is stored yet but its id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PendingAsk {
    pub ask: Ask,
    pub request: SignUpRequest,
    vshard: VshardId,
}

/// Why a sign-up is refused.
#[derive(Debug, thiserror::Error)]
pub enum SignUpRefusal {
    #[error("there is no such job here")]
    UnknownJob,
    #[error("the job is closed or has begun")]
    Closed,
    #[error("this worker has signed up for this job already")]
    AlreadySignedUp(SignUpId),
    #[error("the idempotency key was used with another request")]
    KeyReused,
    #[error("this node's incarnation is over; it must join again before it takes sign-ups")]
    Retired,
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why a sign-up is not cancelled.
#[derive(Debug, thiserror::Error)]
pub enum CancelRefusal {
    #[error("there is no such sign-up here")]
    Unknown,
    #[error("this node's incarnation is over; cancel at another kiosk")]
    Retired,
    #[error(transparent)]
    Store(#[from] StoreError),
}

struct Place {
    vshard: VshardId,
    topic: TopicId,
    seats: NodeJob,
    said: HubSaid,
}

impl Batch<'_> {
    /// Decides a sign-up.
    pub fn sign_up(&mut self, request: &SignUpRequest) -> Result<Decision, SignUpRefusal> {
        if let Some(answer) = self.answered_before(request)? {
            return Ok(Decision::Answer(Box::new(answer)));
        }
        let mut place = self.place(request.job)?.ok_or(SignUpRefusal::UnknownJob)?;
        let started =
            self.tx.job_summary(place.vshard, request.job)?.is_none_or(|job| job.start_at <= self.now);
        if started || place.seats.closed {
            return Err(SignUpRefusal::Closed);
        }
        // A document of another node came behind its row in the hub's ledger, which relays none alone: who made it up has
        // spent a right or a place in line of its own.
        if let Some(other) = self.tx.sign_ups_of(place.vshard, request.job, request.worker)?.first() {
            return Err(SignUpRefusal::AlreadySignedUp(other.sign_up));
        }
        let sign_up = SignUpId::sign_up(self.node.writer, self.tx.next_counter()?);
        match place.seats.accept(None, 0, self.footing()) {
            Ok(_) => Ok(Decision::Answer(Box::new(self.confirm(&place, sign_up, request, None)?))),
            Err(Refusal::Frozen) => Err(SignUpRefusal::Retired),
            Err(Refusal::NoRight | Refusal::NoLease) if self.uplink == Uplink::Up => {
                let ask = Ask { job: request.job, sign_up, worker: request.worker, topic: place.topic.0 };
                Ok(Decision::Ask(PendingAsk { ask, request: request.clone(), vshard: place.vshard }))
            }
            Err(Refusal::NoRight | Refusal::NoLease) => {
                Ok(Decision::Answer(Box::new(self.wait(&place, sign_up, request, 0)?)))
            }
            Err(Refusal::Closed | Refusal::Ended | Refusal::LeftToHub) => Err(SignUpRefusal::Closed),
        }
    }

    /// The answer that a request has had under its key.
    fn answered_before(&mut self, request: &SignUpRequest) -> Result<Option<Answer>, SignUpRefusal> {
        let known = self.tx.sign_up_by_idempotency(&request.idempotency)?;
        let Some(known) = known.filter(|_| !mutant::is(Mutant::IdempotencyForgotten)) else {
            return Ok(None);
        };
        if known.fields.body_hash != request.body_hash {
            return Err(SignUpRefusal::KeyReused);
        }
        Ok(Some(Answer { repeated: true, ..answer_of(self.tx, &known)? }))
    }

    /// Answers a sign-up for which the hub was asked; `None` where no verdict came in time.
    pub fn complete_ask(
        &mut self,
        pending: &PendingAsk,
        outcome: Option<Outcome>,
    ) -> Result<Answer, SignUpRefusal> {
        let (sign_up, request) = (pending.ask.sign_up, &pending.request);
        // The same worker may have asked again meanwhile, and been answered: one of the two questions came back first.
        if let Some(answer) = self.answered_before(request)? {
            return Ok(answer);
        }
        let mut place = self.place(request.job)?.ok_or(SignUpRefusal::UnknownJob)?;
        if let Some(other) = self.tx.sign_ups_of(place.vshard, request.job, request.worker)?.first() {
            return Err(SignUpRefusal::AlreadySignedUp(other.sign_up));
        }
        if let Some(Outcome::Granted { granted }) = outcome {
            // The hub has stored the grant; learning it here first is the maximum that the row will say again.
            place.seats.learn(granted, false);
        }
        match outcome {
            // The question overtook the job's own birth report: the hub does not know it yet.
            Some(Outcome::Closed) if request.job.writer == self.node.writer && !place.seats.closed => {
                Ok(self.wait(&place, sign_up, request, 0)?)
            }
            Some(Outcome::Closed) => Err(SignUpRefusal::Closed),
            Some(Outcome::WaitListed { position }) => Ok(self.wait(&place, sign_up, request, position)?),
            Some(Outcome::Granted { .. }) if place.seats.accept(None, 0, self.footing()).is_ok() => {
                Ok(self.confirm(&place, sign_up, request, None)?)
            }
            // Another worker took the granted right in the meantime: the hub decides about this one.
            Some(Outcome::Granted { .. }) | None => Ok(self.leave_to_hub(&place, sign_up, request)?),
        }
    }

    fn place(&mut self, job: JobId) -> Result<Option<Place>, StoreError> {
        let Some(vshard) = self.tx.vshard_of(job)? else { return Ok(None) };
        let Some(summary) = self.tx.job_summary(vshard, job)? else { return Ok(None) };
        let (seats, said) = self.tx.node_job(vshard, job)?.unwrap_or_default();
        Ok(Some(Place { vshard, topic: summary.topic, seats, said }))
    }

    fn fields(&self, sign_up: SignUpId, request: &SignUpRequest, status: Status) -> SignUpFields {
        SignUpFields {
            job: request.job,
            worker: request.worker,
            status,
            code: code(sign_up),
            idempotency: request.idempotency,
            body_hash: request.body_hash,
            created_at: self.now,
            reason: String::new(),
        }
    }

    fn create(&mut self, place: &Place, sign_up: SignUpId, fields: &SignUpFields) -> Result<(), StoreError> {
        let mut document = Document::default();
        let made = self.edit(place.vshard, place.topic, sign_up, &mut document, &fields.to_fields())?;
        made.map_err(|_| StoreError::BadRow("a sign-up of this node"))?;
        self.tx.put_sign_up(place.vshard, sign_up, fields)
    }

    /// Stores an accepted sign-up, new or from the wait list, with its receipt.
    fn confirm(
        &mut self,
        place: &Place,
        sign_up: SignUpId,
        request: &SignUpRequest,
        waited: Option<&SignUpRow>,
    ) -> Result<Answer, StoreError> {
        match waited {
            None => self.create(place, sign_up, &self.fields(sign_up, request, Status::Confirmed))?,
            Some(_) => self.set_status(place, sign_up, Status::Confirmed, "")?,
        }
        let event = NodeEvent::Accept { sign_up, worker: request.worker };
        let head = self.append_row(place.vshard, place.topic, request.job, event)?;
        if !(mutant::is(Mutant::Canary) && sign_up.counter.is_multiple_of(50)) {
            self.put_seat(place.vshard, request, sign_up, SeatState::Live)?;
        }
        self.tx.put_node_job(place.vshard, request.job, &place.seats, &place.said)?;
        let body = ReceiptBody {
            job: request.job,
            sign_up,
            worker: request.worker,
            writer: self.node.writer,
            vshard: place.vshard.0,
            wseq: head.wseq,
            head: head.head,
            issued_at: self.now,
        };
        let receipt = Receipt::sign(&body, &self.node.signer, &self.node.certificate).to_bytes();
        self.tx.put_receipt(place.vshard, sign_up, &receipt)?;
        let told = answer(sign_up, request.job, Status::Confirmed, None, Some(receipt));
        Ok(Answer { provisional: place.seats.policy == LossPolicy::Reclaim, ..told })
    }

    fn wait(
        &mut self,
        place: &Place,
        sign_up: SignUpId,
        request: &SignUpRequest,
        position: u32,
    ) -> Result<Answer, StoreError> {
        self.create(place, sign_up, &self.fields(sign_up, request, Status::WaitListed))?;
        self.append_row(
            place.vshard,
            place.topic,
            request.job,
            NodeEvent::Wait { sign_up, worker: request.worker },
        )?;
        self.put_seat(place.vshard, request, sign_up, SeatState::Waiting)?;
        self.tx.put_node_job(place.vshard, request.job, &place.seats, &place.said)?;
        let wait =
            WaitRow { sign_up, holder: self.node.writer, worker: request.worker, promoted: false, position };
        self.tx.put_waiting(place.vshard, request.job, &wait)?;
        let place_here = local_place(self.tx, place.vshard, request.job, sign_up)?;
        let told = if position > 0 { Some((position, false)) } else { place_here.map(|here| (here, true)) };
        Ok(answer(sign_up, request.job, Status::WaitListed, told, None))
    }

    fn leave_to_hub(
        &mut self,
        place: &Place,
        sign_up: SignUpId,
        request: &SignUpRequest,
    ) -> Result<Answer, StoreError> {
        self.create(place, sign_up, &self.fields(sign_up, request, Status::Requested))?;
        self.append_row(
            place.vshard,
            place.topic,
            request.job,
            NodeEvent::Request { sign_up, worker: request.worker },
        )?;
        self.put_seat(place.vshard, request, sign_up, SeatState::Requested)?;
        self.tx.put_node_job(place.vshard, request.job, &place.seats, &place.said)?;
        Ok(answer(sign_up, request.job, Status::Requested, None, None))
    }

    fn put_seat(
        &mut self,
        vshard: VshardId,
        request: &SignUpRequest,
        sign_up: SignUpId,
        state: SeatState,
    ) -> Result<(), StoreError> {
        let seat = SeatRow { sign_up, holder: self.node.writer, worker: request.worker, state };
        self.tx.put_seat(vshard, request.job, &seat)
    }

    fn set_status(
        &mut self,
        place: &Place,
        sign_up: SignUpId,
        status: Status,
        reason: &str,
    ) -> Result<(), StoreError> {
        let mut stored =
            self.tx.document(place.vshard, sign_up)?.ok_or(StoreError::BadRow("sign-up document"))?;
        let mut fields = vec![("status", Value::Text(status.as_str().to_owned()))];
        if !reason.is_empty() {
            fields.push(("reason", Value::Text(reason.to_owned())));
        }
        // The ledger has decided: where others left no room in the document, the row here says it all the same.
        drop(self.edit(place.vshard, place.topic, sign_up, &mut stored.document, &fields)?);
        let row = self.tx.sign_up(sign_up)?.map(|row| row.fields);
        let Some(told) = SignUpFields::read(&stored.document).or(row) else { return Ok(()) };
        let reason = if reason.is_empty() { told.reason.clone() } else { reason.to_owned() };
        self.tx.put_sign_up(place.vshard, sign_up, &SignUpFields { status, reason, ..told })
    }

    /// Ends a sign-up at its worker's wish. The freed right goes to the next in line here while the line is down, and back
    /// to the hub where others wait. A place that is held elsewhere is freed by its holder: the wish is passed on.
    pub fn cancel(&mut self, sign_up: SignUpId) -> Result<Answer, CancelRefusal> {
        if self.over {
            return Err(CancelRefusal::Retired);
        }
        let row = self.tx.sign_up(sign_up)?.ok_or(CancelRefusal::Unknown)?;
        let job = row.fields.job;
        let seat = self.tx.seat(row.vshard, job, sign_up)?;
        let held_here =
            seat.is_some_and(|seat| seat.holder == self.node.writer && seat.state != SeatState::Requested);
        let Some(seat) = seat.filter(|_| held_here) else {
            self.pass_wish_on(&row)?;
            return Ok(answer_of(self.tx, &row)?);
        };
        let mut place = self.place(job)?.ok_or(CancelRefusal::Unknown)?;
        if place.seats.cancel(Some(seat.state)) {
            self.set_status(&place, sign_up, Status::Cancelled, "")?;
            self.append_row(place.vshard, place.topic, job, NodeEvent::Cancel { sign_up })?;
            self.tx.put_seat(place.vshard, job, &SeatRow { state: SeatState::Cancelled, ..seat })?;
            self.tx.remove_waiting(place.vshard, job, sign_up)?;
            self.tx.put_node_job(place.vshard, job, &place.seats, &place.said)?;
            if seat.state == SeatState::Live {
                self.pass_on(&mut place, job)?;
            }
        }
        let row = self.tx.sign_up(sign_up)?.ok_or(CancelRefusal::Unknown)?;
        Ok(answer_of(self.tx, &row)?)
    }

    fn pass_wish_on(&mut self, row: &SignUpRow) -> Result<(), StoreError> {
        let (job, sign_up) = (row.fields.job, row.sign_up);
        if !row.status().is_current() || self.tx.ending(row.vshard, job, sign_up)?.is_some() {
            return Ok(());
        }
        let Some(place) = self.place(job)? else { return Ok(()) };
        let ending = Ending { sign_up, reason: EndReason::Worker };
        self.tx.put_ending(row.vshard, &EndingRow { job, ending, at: self.now, done: false })?;
        self.append_row(place.vshard, place.topic, job, NodeEvent::CancelFor { sign_up }).map(drop)
    }

    fn pass_on(&mut self, place: &mut Place, job: JobId) -> Result<(), StoreError> {
        match self.uplink {
            Uplink::Down => {
                let next = self.tx.waiting(place.vshard, job)?.into_iter().find(|wait| !wait.promoted);
                if let Some(next) = next {
                    self.promote(job, next.sign_up)?;
                }
            }
            Uplink::Up => {
                let waited_for = place.said.waiting > 0 || !self.tx.waiting(place.vshard, job)?.is_empty();
                if waited_for {
                    self.give_back(place, job, 1)?;
                }
            }
        }
        Ok(())
    }

    fn give_back(&mut self, place: &mut Place, job: JobId, count: u32) -> Result<(), StoreError> {
        let count = count.min(place.seats.avail());
        if count > 0 {
            place.seats.give_back(count);
            self.append_row(
                place.vshard,
                place.topic,
                job,
                NodeEvent::Return { returned: place.seats.returned },
            )?;
            if !mutant::is(Mutant::ReturnKeptHere) {
                self.tx.put_node_job(place.vshard, job, &place.seats, &place.said)?;
            }
        }
        Ok(())
    }

    /// Lets a waiting sign-up take a free right; nothing where it no longer waits or no right is free.
    pub(super) fn promote(&mut self, job: JobId, sign_up: SignUpId) -> Result<(), StoreError> {
        let Some(mut place) = self.place(job)? else { return Ok(()) };
        let seat = self.tx.seat(place.vshard, job, sign_up)?;
        let Some(row) = self.tx.sign_up(sign_up)? else { return self.forsake(&place, job, sign_up, seat) };
        let waits = seat.filter(|seat| seat.state == SeatState::Waiting || mutant::is(Mutant::PromoteTwice));
        let Some(seat) = waits else { return Ok(()) };
        if place.seats.accept(Some(SeatState::Waiting), 0, self.footing()).is_err() {
            // Somebody else took the right, or the lease does not run: the hub must know that the place in line stands.
            return self.decline(job, sign_up);
        }
        let request = SignUpRequest {
            job,
            worker: seat.worker,
            idempotency: row.fields.idempotency,
            body_hash: row.fields.body_hash,
        };
        self.confirm(&place, sign_up, &request, Some(&row))?;
        self.tx.remove_waiting(place.vshard, job, sign_up)
    }

    /// The hub listed a sign-up that it was asked about, and this node lost the question with its power before it
    /// answered the worker: nobody waits there.
    fn forsake(
        &mut self,
        place: &Place,
        job: JobId,
        sign_up: SignUpId,
        seat: Option<SeatRow>,
    ) -> Result<(), StoreError> {
        let is_lost = sign_up.writer == self.node.writer && sign_up.counter <= self.node.minted_before;
        if seat.is_some() || !is_lost {
            return Ok(());
        }
        let (holder, worker) = (self.node.writer, WorkerId([0; 16]));
        let seat = SeatRow { sign_up, holder, worker, state: SeatState::Cancelled };
        self.tx.put_seat(place.vshard, job, &seat)?;
        self.append_row(place.vshard, place.topic, job, NodeEvent::Cancel { sign_up }).map(drop)
    }

    /// Returns idle rights that the hub asked back.
    pub(super) fn recall(&mut self, job: JobId, granted: u32, keep: u32) -> Result<(), StoreError> {
        let Some(mut place) = self.place(job)? else { return Ok(()) };
        let count = place.seats.recalled(granted, keep, 0);
        self.give_back(&mut place, job, count)
    }

    /// The offer came too late: the right goes back, the worker keeps the place in line.
    pub(super) fn decline(&mut self, job: JobId, sign_up: SignUpId) -> Result<(), StoreError> {
        let Some(mut place) = self.place(job)? else { return Ok(()) };
        let seat = self.tx.seat(place.vshard, job, sign_up)?;
        let waits = seat.filter(|seat| seat.state == SeatState::Waiting);
        self.give_back(&mut place, job, 1)?;
        if self.tx.sign_up(sign_up)?.is_none() {
            self.forsake(&place, job, sign_up, seat)?;
        }
        if let Some(seat) = waits {
            let event = NodeEvent::Wait { sign_up, worker: seat.worker };
            self.append_row(place.vshard, place.topic, job, event)?;
        }
        Ok(())
    }

    /// Ends a sign-up as the hub asked: by its worker's wish like any cancellation, else with its right returned.
    pub(super) fn end(&mut self, job: JobId, ending: Ending) -> Result<(), StoreError> {
        match ending.reason {
            EndReason::Worker => match self.cancel(ending.sign_up) {
                Ok(_) | Err(CancelRefusal::Unknown | CancelRefusal::Retired) => Ok(()),
                Err(CancelRefusal::Store(error)) => Err(error),
            },
            EndReason::Closed | EndReason::CapLowered | EndReason::Duplicate | EndReason::Voided => {
                self.bump(job, ending.sign_up, ending.reason)
            }
        }
    }

    fn bump(&mut self, job: JobId, sign_up: SignUpId, reason: EndReason) -> Result<(), StoreError> {
        let Some(mut place) = self.place(job)? else { return Ok(()) };
        let seat = self.tx.seat(place.vshard, job, sign_up)?;
        let Some(state) = place.seats.apply_bump(seat.map(|seat| seat.state)) else { return Ok(()) };
        let worker = seat.map_or(WorkerId([0; 16]), |seat| seat.worker);
        self.tx.put_seat(place.vshard, job, &SeatRow { sign_up, holder: self.node.writer, worker, state })?;
        self.tx.remove_waiting(place.vshard, job, sign_up)?;
        self.tx.put_node_job(place.vshard, job, &place.seats, &place.said)?;
        if self.tx.sign_up(sign_up)?.is_some() {
            self.set_status(&place, sign_up, Status::Bumped, reason.as_str())?;
        }
        let event = NodeEvent::Bump { sign_up, returned: place.seats.returned };
        self.append_row(place.vshard, place.topic, job, event).map(drop)
    }
}

/// Six digits from the id; what a worker can say at a kiosk.
fn code(sign_up: SignUpId) -> String {
    let hash = blake3::hash(&sign_up.to_bytes());
    let [a, b, c, d, ..] = *hash.as_bytes();
    format!("{:06}", u32::from_be_bytes([a, b, c, d]) % 1_000_000)
}

fn answer(
    sign_up: SignUpId,
    job: JobId,
    status: Status,
    place: Option<(u32, bool)>,
    receipt: Option<Vec<u8>>,
) -> Answer {
    Answer {
        sign_up,
        job,
        status,
        code: code(sign_up),
        position: place.map(|(position, _)| position),
        at_this_node: place.is_some_and(|(_, here)| here),
        receipt,
        provisional: false,
        cancel_asked: false,
        reason: String::new(),
        repeated: false,
    }
}

fn local_place(
    tx: &mut dyn ShardTx,
    vshard: VshardId,
    job: JobId,
    sign_up: SignUpId,
) -> Result<Option<u32>, StoreError> {
    let place = tx.waiting(vshard, job)?.iter().position(|wait| wait.sign_up == sign_up);
    Ok(place.and_then(|place| u32::try_from(place + 1).ok()))
}

/// What a worker who comes back is told about a sign-up.
pub fn answer_of(tx: &mut dyn ShardTx, row: &SignUpRow) -> Result<Answer, StoreError> {
    let job = row.fields.job;
    let place = match row.status() {
        Status::WaitListed => {
            let told = tx.waiting(row.vshard, job)?.into_iter().find(|wait| wait.sign_up == row.sign_up);
            match told {
                Some(wait) if wait.position > 0 => Some((wait.position, false)),
                Some(_) => local_place(tx, row.vshard, job, row.sign_up)?.map(|place| (place, true)),
                None => None,
            }
        }
        Status::Confirmed | Status::Requested | Status::Cancelled | Status::Bumped => None,
    };
    let receipt = tx.receipt(row.vshard, row.sign_up)?.filter(|_| row.status() == Status::Confirmed);
    let asked = tx.ending(row.vshard, job, row.sign_up)?.is_some_and(|row| !row.done);
    Ok(Answer {
        code: row.fields.code.clone(),
        provisional: is_provisional(tx, row.vshard, job, receipt.as_deref())?,
        cancel_asked: asked && row.status().is_current(),
        reason: row.fields.reason.clone(),
        ..answer(row.sign_up, job, row.status(), place, receipt)
    })
}

/// Whether a receipt of this node could still be voided by a reclaim of its job's rights.
fn is_provisional(
    tx: &mut dyn ShardTx,
    vshard: VshardId,
    job: JobId,
    receipt: Option<&[u8]>,
) -> Result<bool, StoreError> {
    let Some(receipt) = receipt else { return Ok(false) };
    let policy = tx.node_job(vshard, job)?.map(|(seats, _)| seats.policy);
    if policy != Some(LossPolicy::Reclaim) {
        return Ok(false);
    }
    // A receipt of the hub came from outside: one that cannot be read is none of this node's.
    let body = Receipt::from_bytes(receipt).and_then(|receipt| receipt.body_unchecked());
    let acked = tx.acked(vshard)?;
    Ok(body.is_ok_and(|body| body.wseq > acked))
}
