//! The one owner of the node's state: takes events in batches, commits each batch durably, then answers.
//!
//! One transaction and one witness record per batch, then every caller is answered at once. An event that the disk
//! refuses takes its whole batch with it: nothing of the batch is kept and all callers learn why.

use crate::{
    app::{Shared, boot_ms},
    http::SeatsOf,
    limits::{BATCH_EVENTS_MAX, MERGE_BUDGET},
};
use edge_core::{
    admit::Admit,
    node::{
        Answer, Batch, CancelRefusal, CrewDecision, CrewRefusal, CrewRequest, Decision, EdgeNode, Hold,
        HoldId, HoldRefusal, HoldRequest, Holds, JobRefusal, NewJob, PendingAsk, PersonChange, PersonRefusal,
        SignUpRefusal, SignUpRequest, Uplink, job_row, job_view,
    },
    search::Index,
};
use std::{collections::BTreeMap, sync::Arc, time::Instant};
use sync_protocol::{
    documents::{Status, TenantKey},
    erasure::EraseOrder,
    ids::{JobId, SignUpId, VshardId},
    log::LogHead,
    wire::v1::{Down, DownState, Interest, Outcome, UpAck},
};
use sync_store::{ShardStore, ShardTx, StoreError, Witness, WitnessError};
use tokio::sync::{mpsc, oneshot};

mod orders;

pub(crate) use orders::Order;

/// Why no answer came: nothing of the request was kept.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum Failure {
    #[error("the node's disk is full")]
    DiskFull,
    #[error("{0}")]
    Frozen(String),
    #[error("the node's storage failed")]
    Storage,
    #[error("too many requests are waiting")]
    Busy,
}

type Reply<T> = oneshot::Sender<Result<T, Failure>>;

/// What can happen to a node.
#[derive(Debug)]
pub(crate) enum Event {
    SignUp(SignUpRequest, Reply<Result<Decision, SignUpRefusal>>),
    /// All of a crew, or nobody.
    Crew(CrewRequest, Reply<Result<CrewDecision, CrewRefusal>>),
    /// The hub's verdict on a question, or none in time.
    CompleteAsk(Box<PendingAsk>, Option<Outcome>, Reply<Result<Answer, SignUpRefusal>>),
    Cancel(SignUpId, Reply<Result<Answer, CancelRefusal>>),
    /// With the key that signs in the tenant's name.
    CreateJob(Box<NewJob>, TenantKey, Reply<Result<JobId, JobRefusal>>),
    Hold(HoldRequest, Reply<Result<Hold, HoldRefusal>>),
    EndHold(HoldId, Reply<bool>),
    /// Sealed rows of a worker, new or changed.
    Person(Box<PersonChange>, Reply<Result<(), PersonRefusal>>),
    /// A worker wants to be erased, here and everywhere; the receipt of this node comes back.
    Erase(EraseOrder, Reply<Vec<u8>>),
    /// The hub has heard of a worker's wish to be erased.
    EraseOrdered(EraseOrder, Reply<()>),
    /// The hub has stored the receipts of these.
    ErasuresTold(Vec<EraseOrder>, Reply<()>),
    /// The time of a hold is over.
    HoldsDue,
    /// The loop runs: what an earlier run left open is taken up.
    Begin,
    Receive(Down, Reply<DownState>),
    /// The hub's number of a place in line.
    Placed(SignUpId, u32),
    Acked(UpAck, Reply<()>),
    Interest(Interest, Reply<()>),
    /// The hub welcomed this node: keep the number of the contact.
    Contact(u64, Reply<()>),
    /// What became of a try to send a message.
    Sent {
        vshard: VshardId,
        n: u64,
        result: Result<(), String>,
        reply: Reply<()>,
    },
    /// Send a message that was given up once more; tells whether there is such a one.
    SendAgain {
        vshard: VshardId,
        n: u64,
        reply: Reply<bool>,
    },
    /// The incarnation is over: close its logs for good.
    Retire(String, Interest, Reply<()>),
    /// Nobody new is to be taken from here on, or people again.
    Drain(bool, Reply<()>),
    /// The agency's side.
    Order(Order),
    /// Commit what came before and end.
    Stop,
}

/// Answers one caller: `None` where the batch was committed, else why it was not.
type Finish = Box<dyn FnOnce(Option<&Failure>) + Send>;

/// State and files of the loop's thread.
pub(crate) struct EventLoop {
    pub(crate) node: EdgeNode,
    pub(crate) store: Box<dyn ShardStore>,
    /// None where it is damaged: then the node is frozen.
    pub(crate) witness: Option<Witness>,
    pub(crate) index: Index,
    /// Rights that are set aside, as of the last batch.
    pub(crate) holds: Holds,
    pub(crate) shared: Arc<Shared>,
    /// The disk was full at the last batch, and what the log could free is freed.
    pub(crate) is_full: bool,
}

struct Committed {
    heads: BTreeMap<VshardId, LogHead>,
    changed: Vec<JobId>,
    /// Sign-ups that are new or stand otherwise.
    stands: BTreeMap<SignUpId, (JobId, Status)>,
    interest: Option<Interest>,
    retired: Option<String>,
    draining: Option<bool>,
    holds: Holds,
    erased: bool,
    /// The outbox has something to send.
    told: bool,
    finishes: Vec<Finish>,
}

/// What a batch is decided by beside the database.
struct Moment<'a> {
    now: i64,
    boot_ms: u64,
    uplink: Uplink,
    leased: bool,
    lease_ends_at: i64,
    holds: Holds,
    admit: &'a dyn Admit,
}

impl EventLoop {
    /// Runs until it is told to stop.
    pub(crate) fn run(mut self, mut events: mpsc::Receiver<Event>) {
        let mut batch = Vec::with_capacity(BATCH_EVENTS_MAX);
        while let Some(event) = events.blocking_recv() {
            batch.push(event);
            while batch.len() < BATCH_EVENTS_MAX
                && let Ok(event) = events.try_recv()
            {
                batch.push(event);
            }
            self.shared.metrics.queue_depth.set(i64::try_from(events.len()).unwrap_or(i64::MAX));
            let stops = batch.iter().any(|event| matches!(event, Event::Stop));
            let number = self.shared.begin_batch();
            self.handle(std::mem::take(&mut batch));
            self.shared.announce_batch(number);
            if stops {
                break;
            }
        }
        // What is damaged stays as it was found.
        if self.shared.frozen().is_none()
            && let Err(error) = self.store.checkpoint()
        {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "no checkpoint at the end; the write-ahead log stays"
            );
        }
    }

    fn handle(&mut self, events: Vec<Event>) {
        let frozen = self.shared.frozen();
        let Some(witness) = self.witness.as_mut().filter(|_| frozen.is_none()) else {
            return refuse_all(events, &Failure::Frozen(frozen.unwrap_or_default()));
        };
        let began = Instant::now();
        let rules = self.shared.admission.rules(&self.shared.metrics);
        let moment = Moment {
            now: self.shared.now(),
            boot_ms: boot_ms(),
            uplink: self.shared.uplink(),
            leased: self.shared.is_leased(),
            lease_ends_at: self.shared.lease_ends_at(),
            holds: self.holds.clone(),
            admit: &rules,
        };
        let node = &self.node;
        let mut pending = events.into_iter();
        let mut finishes = Vec::new();
        let result = self.store.transact(|tx| commit_batch(node, tx, moment, &mut pending, &mut finishes));
        let committed = match result
            .map(|committed| Committed { finishes: std::mem::take(&mut finishes), ..committed })
        {
            Ok(committed) => committed,
            Err(error) => {
                let failure = self.failure_of(&error);
                finishes.into_iter().for_each(|finish| finish(Some(&failure)));
                return refuse_all(pending.collect(), &failure);
            }
        };
        self.is_full = false;
        self.holds = committed.holds;
        self.shared.set_holds(&self.holds);
        if committed.erased {
            self.shared.announce_erasures();
        }
        // The write-ahead log still has the pages as they were.
        if committed.erased
            && let Err(error) = self.store.checkpoint()
        {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "what was erased stays in the write-ahead log until the next checkpoint"
            );
        }
        // Also where this batch moved no head: what an earlier one could not write must be there before any answer.
        let witnessed = witness.record(&committed.heads);
        self.shared.metrics.commit_seconds.observe(began.elapsed().as_secs_f64());
        if let Some(interest) = committed.interest {
            self.node.learn(interest.clone());
            self.shared.set_interest(interest);
        }
        if let Some(reason) = committed.retired {
            self.node.retire(&reason);
            self.shared.freeze(&reason);
        }
        if let Some(draining) = committed.draining {
            self.node.set_draining(draining);
            self.shared.set_draining(draining);
        }
        self.publish(&committed.changed, &committed.stands);
        self.shared.announce_heads(&committed.heads);
        if committed.told {
            self.shared.told.notify_one();
        }
        let failure = witnessed.err().map(|error| witness_failure(&error));
        committed.finishes.into_iter().for_each(|finish| finish(failure.as_ref()));
    }

    /// Brings the search index up to what is committed and hands readers the new one.
    fn publish(&mut self, changed: &[JobId], stands: &BTreeMap<SignUpId, (JobId, Status)>) {
        let mut seats = Vec::new();
        let offset = self.node.utc_offset_s;
        let views =
            self.store.read(|tx| changed.iter().map(|job| job_view(tx, *job)).collect::<Result<Vec<_>, _>>());
        match views {
            Ok(views) => {
                for view in views.into_iter().flatten() {
                    let held = self.holds.of_job(view.job);
                    seats.push(SeatsOf::new(&view, held));
                    let mut row = job_row(&view, offset);
                    row.offerable = row.offerable.saturating_sub(held);
                    self.index.upsert(row);
                }
            }
            // What was committed stands; a damaged row freezes the node before it takes the next one.
            Err(error) => drop(self.failure_of(&error)),
        }
        if !changed.is_empty() || !stands.is_empty() {
            self.index.merge_step(MERGE_BUDGET);
            self.shared.publish_index(&self.index);
            self.shared.tell_listeners(changed, seats, stands);
        }
    }

    fn failure_of(&mut self, error: &StoreError) -> Failure {
        tracing::error!(error = error as &dyn std::error::Error, "the database failed");
        if error.is_full() {
            // The write-ahead log may hold most of what the disk lacks. Tried once: each try writes all of the log again.
            if !std::mem::replace(&mut self.is_full, true) {
                drop(self.store.checkpoint());
            }
            return Failure::DiskFull;
        }
        if error.is_corrupt() {
            let reason = damaged(error);
            self.shared.freeze(&reason);
            return Failure::Frozen(reason);
        }
        Failure::Storage
    }
}

/// Answers every event with the reason for which this node signs nobody up, until it is told to stop.
pub(crate) fn refuse(reason: &str, mut events: mpsc::Receiver<Event>) {
    while let Some(event) = events.blocking_recv() {
        let stops = matches!(event, Event::Stop);
        refuse_all(vec![event], &Failure::Frozen(reason.to_owned()));
        if stops {
            break;
        }
    }
}

/// What callers and operators are told of a damaged database.
pub(crate) fn damaged(found: impl std::fmt::Display) -> String {
    format!(
        "this node's database is damaged ({found}); nothing of it was deleted. To mend it run `edge-node join TOKEN --replace` with a new token: the box becomes a new incarnation, and its old files are kept beside the new ones"
    )
}

fn witness_failure(error: &WitnessError) -> Failure {
    tracing::error!(
        error = error as &dyn std::error::Error,
        "the witness could not be written; callers are told to try again"
    );
    if error.is_full() { Failure::DiskFull } else { Failure::Storage }
}

fn commit_batch(
    node: &EdgeNode,
    tx: &mut dyn ShardTx,
    moment: Moment<'_>,
    events: &mut dyn Iterator<Item = Event>,
    finishes: &mut Vec<Finish>,
) -> Result<Committed, StoreError> {
    let (mut interest, mut retired, mut draining) = (None, None, None);
    let mut batch = Batch::new(node, tx, moment.now, moment.uplink);
    (batch.leased, batch.lease_ends_at) = (moment.leased, moment.lease_ends_at);
    batch.holds = moment.holds;
    batch.admit = Some(moment.admit);
    for event in events {
        if let Event::Retire(reason, ..) = &event {
            retired = Some(reason.clone());
        }
        if let Event::Drain(drains, _) = &event {
            draining = Some(*drains);
        }
        if let Event::Interest(told, _) = &event {
            EdgeNode::store_interest(batch.tx, told)?;
            interest = Some(told.clone());
        }
        handle_event(node, &mut batch, moment.boot_ms, event, finishes)?;
    }
    let changed = std::mem::take(&mut batch.changed).into_iter().collect();
    let stands = std::mem::take(&mut batch.stands);
    let heads = std::mem::take(&mut batch.heads);
    let holds = std::mem::take(&mut batch.holds);
    let (erased, told) = (batch.erased, batch.told);
    let finishes = Vec::new();
    Ok(Committed { heads, changed, stands, interest, retired, draining, holds, erased, told, finishes })
}

/// Takes an event; its caller is answered by `finishes`, once the node is as the answer says.
fn handle_event(
    node: &EdgeNode,
    batch: &mut Batch<'_>,
    boot_ms: u64,
    event: Event,
    finishes: &mut Vec<Finish>,
) -> Result<(), StoreError> {
    let finish = match event {
        Event::SignUp(request, reply) => Some(decided(reply, batch.sign_up(&request), finishes)?),
        Event::Crew(crew, reply) => Some(decided(reply, batch.sign_up_crew(&crew), finishes)?),
        Event::CompleteAsk(pending, outcome, reply) => {
            Some(decided(reply, batch.complete_ask(&pending, outcome), finishes)?)
        }
        Event::Cancel(sign_up, reply) => Some(decided(reply, batch.cancel(sign_up), finishes)?),
        Event::CreateJob(new, key, reply) => {
            batch.in_name_of = Some(key);
            let created = batch.create_job(&new);
            batch.in_name_of = None;
            Some(decided(reply, created, finishes)?)
        }
        Event::Hold(wish, reply) => Some(decided(reply, batch.hold(&wish, boot_ms), finishes)?),
        Event::Retire(reason, interest, reply) => Some(finish(reply, batch.retire(&reason, &interest)?)),
        Event::Receive(down, reply) => Some(finish(reply, batch.receive(&down)?)),
        Event::Drain(draining, reply) => Some(finish(reply, batch.drain(draining)?)),
        Event::Contact(number, reply) => Some(finish(reply, node.store_contact(batch.tx, number)?)),
        Event::Sent { vshard, n, result, reply } => {
            Some(finish(reply, batch.sent(vshard, n, result.as_ref().copied().map_err(String::as_str))?))
        }
        Event::SendAgain { vshard, n, reply } => Some(finish(reply, batch.send_again(vshard, n)?)),
        Event::Acked(ack, reply) => Some(finish(reply, batch.tx.put_acked(VshardId(ack.vshard), ack.wseq)?)),
        Event::Placed(sign_up, position) => {
            batch.keep_place(sign_up, position)?;
            None
        }
        Event::Order(order) => order.handle(batch, finishes)?,
        Event::Person(change, reply) => Some(decided(reply, batch.change_person(&change), finishes)?),
        Event::Erase(order, reply) => Some(finish(reply, batch.erase(&order)?)),
        Event::EraseOrdered(order, reply) => Some(finish(reply, batch.erase(&order).map(drop)?)),
        Event::ErasuresTold(orders, reply) => Some(finish(reply, batch.erasures_told(&orders)?)),
        Event::EndHold(id, reply) => Some(finish(reply, batch.end_hold(id)?)),
        Event::HoldsDue => {
            batch.end_holds(boot_ms)?;
            None
        }
        Event::Begin => {
            batch.recall_all_again()?;
            batch.let_all_idle_go()?;
            None
        }
        Event::Interest(_, reply) => Some(finish(reply, ())),
        Event::Stop => None,
    };
    finishes.extend(finish);
    Ok(())
}

/// A refusal that may be the storage's.
trait Refusal: Send + Sized + 'static {
    /// The storage's error, which undoes the whole batch, or the refusal.
    fn check(self) -> Result<Self, StoreError>;
}

macro_rules! may_be_the_storages {
    ($($refusal:ident),*) => {$(
        impl Refusal for $refusal {
            fn check(self) -> Result<Self, StoreError> {
                if let Self::Store(error) = self { Err(error) } else { Ok(self) }
            }
        }
    )*};
}

impl Refusal for CrewRefusal {
    fn check(self) -> Result<Self, StoreError> {
        if let Self::SignUp(SignUpRefusal::Store(error)) = self { Err(error) } else { Ok(self) }
    }
}

may_be_the_storages!(SignUpRefusal, CancelRefusal, JobRefusal, HoldRefusal, PersonRefusal);

/// Answers a decision; an error of the storage answers with the batch.
fn decided<T: Send + 'static, E: Refusal>(
    reply: Reply<Result<T, E>>,
    result: Result<T, E>,
    finishes: &mut Vec<Finish>,
) -> Result<Finish, StoreError> {
    match result.map_err(Refusal::check) {
        Ok(value) => Ok(finish(reply, Ok(value))),
        Err(Ok(refusal)) => Ok(finish(reply, Err(refusal))),
        Err(Err(error)) => {
            finishes.push(fail(reply));
            Err(error)
        }
    }
}

fn finish<T: Send + 'static>(reply: Reply<T>, result: T) -> Finish {
    Box::new(move |failure| {
        // A caller that went away asks again under its idempotency key.
        let _gone = reply.send(failure.map_or(Ok(result), |failure| Err(failure.clone())));
    })
}

/// Answers the caller whose event the disk refused.
fn fail<T: Send + 'static>(reply: Reply<T>) -> Finish {
    Box::new(move |failure| {
        if let Some(failure) = failure {
            let _gone = reply.send(Err(failure.clone()));
        }
    })
}

fn refuse_all(events: Vec<Event>, failure: &Failure) {
    for event in events {
        match event {
            Event::SignUp(_, reply) => drop(reply.send(Err(failure.clone()))),
            Event::Crew(_, reply) => drop(reply.send(Err(failure.clone()))),
            Event::CompleteAsk(_, _, reply) => drop(reply.send(Err(failure.clone()))),
            Event::Cancel(_, reply) => drop(reply.send(Err(failure.clone()))),
            Event::CreateJob(_, _, reply) => drop(reply.send(Err(failure.clone()))),
            Event::Receive(_, reply) => drop(reply.send(Err(failure.clone()))),
            Event::Contact(_, reply) => drop(reply.send(Err(failure.clone()))),
            Event::Retire(_, _, reply) => drop(reply.send(Err(failure.clone()))),
            Event::Drain(_, reply)
            | Event::Interest(_, reply)
            | Event::EraseOrdered(_, reply)
            | Event::ErasuresTold(_, reply)
            | Event::Acked(_, reply) => drop(reply.send(Err(failure.clone()))),
            Event::Order(order) => order.refuse(failure),
            Event::Hold(_, reply) => drop(reply.send(Err(failure.clone()))),
            Event::Person(_, reply) => drop(reply.send(Err(failure.clone()))),
            Event::Erase(_, reply) => drop(reply.send(Err(failure.clone()))),
            Event::EndHold(_, reply) => drop(reply.send(Err(failure.clone()))),
            Event::Sent { reply, .. } => drop(reply.send(Err(failure.clone()))),
            Event::SendAgain { reply, .. } => drop(reply.send(Err(failure.clone()))),
            Event::HoldsDue | Event::Begin | Event::Placed(..) | Event::Stop => {}
        }
    }
}
