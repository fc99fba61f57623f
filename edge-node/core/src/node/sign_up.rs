//! Sign-ups: the honest answer on the spot.
//!
//! A right here: confirmed, now. No right here and the line up: the hub is asked; no answer in time: requested, and from
//! then on only the hub may accept it. Line down: wait-listed at this node.

use super::{
    Answer, Batch, Claim, Unfit, Uplink,
    answer::{answer, answer_of, free_code, local_place},
    line,
};
use sync_protocol::{
    documents::{Document, SignUpFields, Status, Value},
    ids::{JobId, SignUpId, TopicId, VshardId, WorkerId},
    mutant::{self, Mutant},
    receipt::{Receipt, ReceiptBody},
    seats::{EndReason, Ending, LossPolicy, NodeEvent, NodeJob, Refusal, SeatState},
    wire::v1::{Ask, Outcome},
};
use sync_store::{EndingRow, HubSaid, SeatRow, SignUpRow, StoreError, WaitRow};

/// A worker wants a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignUpRequest {
    pub job: JobId,
    pub worker: WorkerId,
    /// Hash over the client's key and the worker.
    pub idempotency: [u8; 16],
    /// Hash over the request's body.
    pub body_hash: [u8; 16],
    pub claim: Claim,
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
    #[error(transparent)]
    Unfit(Unfit),
    #[error("the idempotency key was used with another request")]
    KeyReused,
    #[error("this node's incarnation is over; it must join again before it takes sign-ups")]
    Retired,
    #[error("this node takes nobody new: an operator drains it")]
    Draining,
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
    /// The seat is being worked, and two people would have hours of it.
    #[error("who was checked in has no place to give back")]
    Came,
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A job as a decision needs it.
#[derive(Clone)]
pub(super) struct Place {
    pub(super) vshard: VshardId,
    pub(super) topic: TopicId,
    pub(super) seats: NodeJob,
    said: HubSaid,
}

impl Batch<'_> {
    /// Decides a sign-up. Who held a place uses it, whatever the answer is.
    pub fn sign_up(&mut self, request: &SignUpRequest) -> Result<Decision, SignUpRefusal> {
        let decision = self.decide(request)?;
        if matches!(decision, Decision::Answer(_)) {
            self.end_own_hold(request.job, request.worker, request.claim.form)?;
        }
        Ok(decision)
    }

    fn decide(&mut self, request: &SignUpRequest) -> Result<Decision, SignUpRefusal> {
        if let Some(answer) = self.answered_before(request)? {
            return Ok(Decision::Answer(Box::new(answer)));
        }
        let has_hold = self.held_by_others(request) < self.holds.of_job(request.job);
        if self.draining && !has_hold {
            return Err(SignUpRefusal::Draining);
        }
        let mut place = self.open_place(request.job)?;
        // A document of another node came behind its row in the hub's ledger, which relays none alone: who made it up has
        // spent a right or a place in line of its own.
        if let Some(other) = self.tx.sign_ups_of(place.vshard, request.job, request.worker)?.first() {
            return Err(SignUpRefusal::AlreadySignedUp(other.sign_up));
        }
        if let Some(unfit) = self.unfit(&place, request.job, request.worker, request.claim.proved)? {
            return Err(SignUpRefusal::Unfit(unfit));
        }
        let sign_up = SignUpId::sign_up(self.node.writer, self.tx.next_counter()?);
        match place.seats.accept(None, self.held_by_others(request), self.footing()) {
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

    fn held_by_others(&self, request: &SignUpRequest) -> u32 {
        self.holds.of_others(request.job, request.worker, request.claim.form)
    }

    /// The job of a sign-up, where it takes anybody still.
    fn open_place(&mut self, job: JobId) -> Result<Place, SignUpRefusal> {
        let place = self.place(job)?.ok_or(SignUpRefusal::UnknownJob)?;
        let started = self.tx.job_summary(place.vshard, job)?.is_none_or(|job| job.start_at <= self.now);
        if started || place.seats.closed { Err(SignUpRefusal::Closed) } else { Ok(place) }
    }

    /// The job after each of `wanted` sign-ups that this node can confirm now; of fewer where its rights run out.
    pub(super) fn confirmable(&mut self, job: JobId, wanted: usize) -> Result<Vec<Place>, SignUpRefusal> {
        let mut place = self.open_place(job)?;
        let mut after = Vec::with_capacity(wanted);
        while after.len() < wanted {
            match place.seats.accept(None, self.holds.of_job(job), self.footing()) {
                Ok(_) => after.push(place.clone()),
                Err(Refusal::Frozen) => return Err(SignUpRefusal::Retired),
                Err(Refusal::NoRight | Refusal::NoLease) => break,
                Err(Refusal::Closed | Refusal::Ended | Refusal::LeftToHub) => {
                    return Err(SignUpRefusal::Closed);
                }
            }
        }
        Ok(after)
    }

    /// Whether a worker may sign up for the job: what keeps him from it, or the sign-up that he has.
    pub(super) fn may_sign_up(&mut self, request: &SignUpRequest) -> Result<Option<SignUpId>, SignUpRefusal> {
        let place = self.open_place(request.job)?;
        let known = self.tx.sign_ups_of(place.vshard, request.job, request.worker)?;
        if let Some(row) = known.first() {
            return Ok(Some(row.sign_up));
        }
        match self.unfit(&place, request.job, request.worker, request.claim.proved)? {
            Some(unfit) => Err(SignUpRefusal::Unfit(unfit)),
            None => Ok(None),
        }
    }

    /// The answer that a request has had under its key.
    pub(super) fn answered_before(
        &mut self,
        request: &SignUpRequest,
    ) -> Result<Option<Answer>, SignUpRefusal> {
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
        if self.over {
            // The node has heard of its end since it asked: its logs are closed.
            return Err(SignUpRefusal::Retired);
        }
        let mut place = self.place(request.job)?.ok_or(SignUpRefusal::UnknownJob)?;
        if let Some(other) = self.tx.sign_ups_of(place.vshard, request.job, request.worker)?.first() {
            return Err(SignUpRefusal::AlreadySignedUp(other.sign_up));
        }
        // Confirmed for another shift while the hub was asked: a right that came stays here, idle, and the hub knows of no
        // sign-up that would be owed it.
        if matches!(outcome, Some(Outcome::Granted { .. }))
            && let Some(unfit) = self.unfit(&place, request.job, request.worker, request.claim.proved)?
        {
            return Err(SignUpRefusal::Unfit(unfit));
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
            Some(Outcome::Granted { .. })
                if place.seats.accept(None, self.held_by_others(request), self.footing()).is_ok() =>
            {
                let answer = self.confirm(&place, sign_up, request, None)?;
                self.end_own_hold(request.job, request.worker, request.claim.form)?;
                Ok(answer)
            }
            // Another worker took the granted right in the meantime: the hub decides about this one.
            Some(Outcome::Granted { .. }) | None => Ok(self.leave_to_hub(&place, sign_up, request)?),
        }
    }

    pub(super) fn place(&mut self, job: JobId) -> Result<Option<Place>, StoreError> {
        let Some(vshard) = self.tx.vshard_of(job)? else { return Ok(None) };
        let Some(summary) = self.tx.job_summary(vshard, job)? else { return Ok(None) };
        let (seats, said) = self.tx.node_job(vshard, job)?.unwrap_or_default();
        Ok(Some(Place { vshard, topic: summary.topic, seats, said }))
    }

    /// Stores a new sign-up and returns its digits.
    fn create(
        &mut self,
        place: &Place,
        sign_up: SignUpId,
        request: &SignUpRequest,
        status: Status,
    ) -> Result<String, StoreError> {
        let fields = &SignUpFields {
            job: request.job,
            worker: request.worker,
            status,
            code: free_code(self.tx, &self.node.digits_key, sign_up)?,
            idempotency: request.idempotency,
            body_hash: request.body_hash,
            created_at: self.now,
            reason: String::new(),
        };
        let mut document = Document::default();
        let made = self.edit(place.vshard, place.topic, sign_up, &mut document, &fields.to_fields())?;
        made.map_err(|_| StoreError::BadRow("a sign-up of this node"))?;
        self.stands.insert(sign_up, (fields.job, fields.status));
        self.tx.put_sign_up(place.vshard, sign_up, fields)?;
        Ok(fields.code.clone())
    }

    /// Stores an accepted sign-up, new or from the wait list, with its receipt.
    pub(super) fn confirm(
        &mut self,
        place: &Place,
        sign_up: SignUpId,
        request: &SignUpRequest,
        waited: Option<&SignUpRow>,
    ) -> Result<Answer, StoreError> {
        let code = match waited {
            None => self.create(place, sign_up, request, Status::Confirmed)?,
            Some(row) => {
                self.set_status(place, sign_up, Status::Confirmed, "")?;
                row.fields.code.clone()
            }
        };
        let event = NodeEvent::Accept { sign_up, worker: request.worker };
        let head = self.append_row(place.vshard, place.topic, request.job, event)?;
        if !(mutant::is(Mutant::Canary) && sign_up.counter.is_multiple_of(50)) {
            self.put_seat(place.vshard, request, sign_up, SeatState::Live)?;
        }
        self.tx.put_node_job(place.vshard, request.job, &place.seats, &place.said)?;
        let provisional = place.seats.policy == LossPolicy::Reclaim;
        let body = ReceiptBody {
            job: request.job,
            sign_up,
            worker: request.worker,
            writer: self.node.writer,
            vshard: place.vshard.0,
            wseq: head.wseq,
            head: head.head,
            issued_at: self.now,
            class: provisional.then_some(place.seats.policy),
            final_by: provisional.then_some(self.lease_ends_at),
        };
        let receipt = Receipt::sign(&body, &self.node.signer, &self.node.certificate).to_bytes();
        self.tx.put_receipt(place.vshard, sign_up, &receipt)?;
        let told = answer(sign_up, code, request.job, Status::Confirmed, None, Some(receipt));
        Ok(Answer { provisional, ..told })
    }

    fn wait(
        &mut self,
        place: &Place,
        sign_up: SignUpId,
        request: &SignUpRequest,
        position: u32,
    ) -> Result<Answer, StoreError> {
        let code = self.create(place, sign_up, request, Status::WaitListed)?;
        self.append_row(
            place.vshard,
            place.topic,
            request.job,
            NodeEvent::Wait { sign_up, worker: request.worker },
        )?;
        self.put_seat(place.vshard, request, sign_up, SeatState::Waiting)?;
        self.tx.put_node_job(place.vshard, request.job, &place.seats, &place.said)?;
        let turn = line::turn(self.tx, place.vshard, request.job)?;
        // Before a draw the hub's number says who came when, and nothing of who is served when.
        let position = if turn.draw_at.is_some() { 0 } else { position };
        let wait =
            WaitRow { sign_up, holder: self.node.writer, worker: request.worker, promoted: false, position };
        self.tx.put_waiting(place.vshard, request.job, &wait)?;
        let place_here = local_place(self.tx, place.vshard, request.job, sign_up)?;
        let told = if position > 0 { Some((position, false)) } else { place_here.map(|here| (here, true)) };
        Ok(Answer { turn, ..answer(sign_up, code, request.job, Status::WaitListed, told, None) })
    }

    fn leave_to_hub(
        &mut self,
        place: &Place,
        sign_up: SignUpId,
        request: &SignUpRequest,
    ) -> Result<Answer, StoreError> {
        let code = self.create(place, sign_up, request, Status::Requested)?;
        self.append_row(
            place.vshard,
            place.topic,
            request.job,
            NodeEvent::Request { sign_up, worker: request.worker },
        )?;
        self.put_seat(place.vshard, request, sign_up, SeatState::Requested)?;
        self.tx.put_node_job(place.vshard, request.job, &place.seats, &place.said)?;
        Ok(answer(sign_up, code, request.job, Status::Requested, None, None))
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
        self.put_sign_up(place.vshard, sign_up, &SignUpFields { status, reason, ..told })
    }

    /// Ends a sign-up at its worker's wish. The freed right goes to the next in line here while the line is down, and back
    /// to the hub where others wait. A place that is held elsewhere is freed by its holder: the wish is passed on.
    pub fn cancel(&mut self, sign_up: SignUpId) -> Result<Answer, CancelRefusal> {
        self.let_go(sign_up, EndReason::Worker)
    }

    /// The same for any reason that is said at a node: the worker's wish, or the agency's word.
    pub(super) fn let_go(&mut self, sign_up: SignUpId, reason: EndReason) -> Result<Answer, CancelRefusal> {
        if self.over {
            return Err(CancelRefusal::Retired);
        }
        let row = self.tx.sign_up(sign_up)?.ok_or(CancelRefusal::Unknown)?;
        if reason.spares_who_came() && self.has_come(sign_up)? {
            return Err(CancelRefusal::Came);
        }
        let job = row.fields.job;
        let seat = self.tx.seat(row.vshard, job, sign_up)?;
        let held_here =
            seat.is_some_and(|seat| seat.holder == self.node.writer && seat.state != SeatState::Requested);
        let Some(seat) = seat.filter(|_| held_here) else {
            self.pass_wish_on(&row, reason)?;
            return Ok(answer_of(self.tx, &row)?);
        };
        let mut place = self.place(job)?.ok_or(CancelRefusal::Unknown)?;
        if place.seats.cancel(Some(seat.state)) {
            let (status, told) = match reason {
                EndReason::Worker => (Status::Cancelled, ""),
                EndReason::Closed
                | EndReason::CapLowered
                | EndReason::Duplicate
                | EndReason::Voided
                | EndReason::NoShow
                | EndReason::Employer => (Status::Bumped, reason.as_str()),
            };
            self.set_status(&place, sign_up, status, told)?;
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

    fn pass_wish_on(&mut self, row: &SignUpRow, reason: EndReason) -> Result<(), StoreError> {
        let (job, sign_up) = (row.fields.job, row.sign_up);
        let is_asked = self.tx.ending(row.vshard, job, sign_up)?.is_some();
        if !row.status().is_current() || is_asked || mutant::is(Mutant::WishForgotten) {
            return Ok(());
        }
        let Some(place) = self.place(job)? else { return Ok(()) };
        let ending = Ending { sign_up, reason };
        self.tx.put_ending(row.vshard, &EndingRow { job, ending, at: self.now, done: false })?;
        let reason = (reason != EndReason::Worker).then_some(reason);
        self.append_row(place.vshard, place.topic, job, NodeEvent::CancelFor { sign_up, reason }).map(drop)
    }

    pub(super) fn pass_on(&mut self, place: &mut Place, job: JobId) -> Result<(), StoreError> {
        let listed = match self.uplink {
            Uplink::Down => line::line(self.tx, place.vshard, job)?,
            Uplink::Up => None,
        };
        match listed {
            Some(listed) => {
                for next in listed.into_iter().filter(|wait| !wait.promoted) {
                    match self.unfit_now(place, job, next.worker)? {
                        Some(unfit) => self.withdraw(place, job, next.sign_up, &unfit)?,
                        None => return self.promote_of(job, next.sign_up, true),
                    }
                }
            }
            // The hub's list decides, and so it does where a draw is to come: the right waits there for whoever is drawn.
            None => {
                let waited_for = place.said.waiting > 0 || !self.tx.waiting(place.vshard, job)?.is_empty();
                if waited_for {
                    self.give_back(place, job, 1)?;
                }
            }
        }
        if self.draining {
            self.give_back(place, job, u32::MAX)?;
        }
        Ok(())
    }

    /// A place in line ends whose worker does not fit any more; the document says why.
    fn withdraw(
        &mut self,
        place: &Place,
        job: JobId,
        sign_up: SignUpId,
        unfit: &Unfit,
    ) -> Result<(), StoreError> {
        let waits = self.tx.seat(place.vshard, job, sign_up)?;
        let Some(seat) = waits.filter(|seat| seat.state == SeatState::Waiting) else { return Ok(()) };
        self.set_status(place, sign_up, Status::Cancelled, unfit.code())?;
        self.append_row(place.vshard, place.topic, job, NodeEvent::Cancel { sign_up })?;
        self.tx.put_seat(place.vshard, job, &SeatRow { state: SeatState::Cancelled, ..seat })?;
        self.tx.remove_waiting(place.vshard, job, sign_up)
    }

    pub(super) fn give_back(&mut self, place: &mut Place, job: JobId, count: u32) -> Result<(), StoreError> {
        let count = count.min(self.unheld(place, job));
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
        self.promote_of(job, sign_up, false)
    }

    fn promote_of(&mut self, job: JobId, sign_up: SignUpId, is_fit: bool) -> Result<(), StoreError> {
        let Some(mut place) = self.place(job)? else { return Ok(()) };
        let seat = self.tx.seat(place.vshard, job, sign_up)?;
        let Some(row) = self.tx.sign_up(sign_up)? else { return self.forsake(&place, job, sign_up, seat) };
        let waits = seat.filter(|seat| seat.state == SeatState::Waiting || mutant::is(Mutant::PromoteTwice));
        let Some(seat) = waits else { return Ok(()) };
        if !is_fit
            && seat.state == SeatState::Waiting
            && let Some(unfit) = self.unfit_now(&place, job, seat.worker)?
        {
            // The right was for this place in line: the hub asks the next one.
            self.give_back(&mut place, job, 1)?;
            return self.withdraw(&place, job, sign_up, &unfit);
        }
        let held = self.holds.of_job(job);
        if place.seats.accept(Some(SeatState::Waiting), held, self.footing()).is_err() {
            // Somebody else took the right, or the lease does not run: the hub must know that the place in line stands.
            return self.decline(job, sign_up);
        }
        let request = SignUpRequest {
            job,
            worker: seat.worker,
            idempotency: row.fields.idempotency,
            body_hash: row.fields.body_hash,
            claim: Claim::default(),
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
            EndReason::Worker | EndReason::NoShow | EndReason::Employer => {
                match self.let_go(ending.sign_up, ending.reason) {
                    // Whoever was seen at a gate that the hub had not heard of keeps the place.
                    Ok(_) | Err(CancelRefusal::Unknown | CancelRefusal::Retired | CancelRefusal::Came) => {
                        Ok(())
                    }
                    Err(CancelRefusal::Store(error)) => Err(error),
                }
            }
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
