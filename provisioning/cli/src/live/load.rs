//! The clients: threads that sign people up and cancel all the time, and write down what they were told.
//! One that gets no answer asks again under the same key, as a kiosk does.

use crate::demo::api::{Api, Refused, SignUp};
use crate::demo::cluster::{Cluster, Who};
use crate::jobs::generate::splitmix::SplitMix64;
use anyhow::{Context, Result};
use serde_json::json;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// Two at each node, so that one waits for the disk while the other is answered.
const CLIENTS_PER_NODE: u64 = 2;
/// People come faster than in any hall, and the disk of a small machine still keeps up.
const NEXT_PERSON: Duration = Duration::from_millis(25);
/// Before the same question is put again to a node that does not answer.
const ASK_AGAIN: Duration = Duration::from_millis(20);
/// What a node answers while its disk is full.
const NO_ROOM: u16 = 507;
/// One in this many who got a seat gives it back.
const CANCELS: u32 = 4;

/// One acknowledged sign-up.
#[derive(Debug, Clone)]
pub(super) struct Ack {
    pub(super) who: Who,
    pub(super) job: String,
    pub(super) id: String,
    /// The ticket's digits.
    pub(super) code: String,
    /// The first answer was a confirmation.
    pub(super) confirmed: bool,
    /// What the first answer gave to take away, base64url.
    pub(super) receipt: Option<String>,
    pub(super) cancel: Cancel,
}

/// How far the person's cancellation has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cancel {
    None,
    /// Asked and not answered: the node may have done it or not.
    Asked,
    Acknowledged,
}

/// What all clients were told, in order.
#[derive(Debug, Default)]
pub(super) struct Record {
    acks: Mutex<Vec<Ack>>,
    /// Answers that a disk was full, each of which was asked again.
    refused_for_room: AtomicU64,
    ended: AtomicBool,
}

/// The running clients.
#[derive(Debug)]
pub(super) struct Load {
    record: Arc<Record>,
    threads: Vec<JoinHandle<()>>,
}

struct Client {
    api: Api,
    who: Who,
    name: String,
    first_phone: u64,
    jobs: Arc<Vec<String>>,
    record: Arc<Record>,
    random: SplitMix64,
}

impl Record {
    /// What was told so far.
    pub(super) fn acks(&self) -> MutexGuard<'_, Vec<Ack>> {
        self.acks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How often a client was told that the node's disk is full.
    pub(super) fn refused_for_room(&self) -> u64 {
        self.refused_for_room.load(Ordering::Relaxed)
    }

    fn note_refusal(&self, error: &anyhow::Error) {
        if error.downcast_ref::<Refused>().is_some_and(|refused| refused.status == NO_ROOM) {
            self.refused_for_room.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn ended(&self) -> bool {
        self.ended.load(Ordering::Relaxed)
    }
}

impl Load {
    /// Starts the clients of both nodes.
    pub(super) fn start(
        cluster: &Cluster,
        jobs: Vec<String>,
        record: &Arc<Record>,
        seed: u64,
    ) -> Result<Self> {
        let jobs = Arc::new(jobs);
        let mut threads = Vec::new();
        for who in Who::HANGZHOU {
            for place in 0..CLIENTS_PER_NODE {
                let number = who as u64 * CLIENTS_PER_NODE + place;
                let mut client = Client {
                    api: Api::new(cluster.node(who).api()?.base()),
                    who,
                    name: format!("live-{seed}-{number}"),
                    first_phone: 10_000_000_000 + number * 10_000_000,
                    jobs: Arc::clone(&jobs),
                    record: Arc::clone(record),
                    random: SplitMix64::new(seed.wrapping_mul(31).wrapping_add(number)),
                };
                let thread = std::thread::Builder::new().name(client.name.clone());
                threads.push(thread.spawn(move || client.run()).context("start a client")?);
            }
        }
        Ok(Self { record: Arc::clone(record), threads })
    }

    /// Lets every client finish the person before it, and ends them.
    pub(super) fn end(self) {
        self.record.ended.store(true, Ordering::Relaxed);
        for thread in self.threads {
            // A client that panicked has ended as well; what it was told stands in the record.
            drop(thread.join());
        }
    }
}

impl Client {
    fn run(&mut self) {
        let mut person = 0;
        while !self.record.ended() {
            person += 1;
            self.serve(person);
            std::thread::sleep(NEXT_PERSON);
        }
    }

    fn serve(&mut self, person: u64) {
        let job = self.random.pick(&self.jobs).clone();
        let key = format!("{}-{person}", self.name);
        let phone = (self.first_phone + person).to_string();
        let body = json!({ "job": job, "phone": phone });
        let Some(answer) = self.ask(|api| api.post("/v1/sign_ups", ("Idempotency-Key", &key), &body)) else {
            return;
        };
        let confirmed = answer.status == "confirmed";
        let place = {
            let mut acks = self.record.acks();
            acks.push(Ack {
                who: self.who,
                job,
                id: answer.id.clone(),
                code: answer.code.clone(),
                confirmed,
                receipt: answer.receipt.clone(),
                cancel: Cancel::None,
            });
            acks.len() - 1
        };
        if confirmed && self.random.below(CANCELS) == 0 {
            self.record.acks()[place].cancel = Cancel::Asked;
            let path = format!("/v1/sign_ups/{}:cancel", answer.id);
            let answer = self.ask(|api| {
                api.post(&path, ("Idempotency-Key", &key), &json!({ "phone": phone, "code": answer.code }))
            });
            if answer.is_some_and(|answer| answer.status == "cancelled") {
                self.record.acks()[place].cancel = Cancel::Acknowledged;
            }
        }
    }

    /// Asks until there is an answer; a client that is told to end gives up a node that does not answer.
    fn ask(&self, question: impl Fn(&Api) -> Result<SignUp>) -> Option<SignUp> {
        loop {
            match question(&self.api) {
                Ok(answer) => return Some(answer),
                Err(error) => self.record.note_refusal(&error),
            }
            if self.record.ended() {
                return None;
            }
            std::thread::sleep(ASK_AGAIN);
        }
    }
}
