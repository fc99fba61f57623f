//! What all parts of the running hub share.

use crate::{
    directory::Directory, over_limits::OverLimits, peers::Board, rates::Gauges, regions::Regions,
    scheduler::Scheduler, shard_workers::Shards, signer::Signer,
};
use enrolment::{Authority, ClusterId};
use pages::{agency::Clerks, guesses::Guesses};
use std::{
    sync::{Arc, Mutex},
    time::Instant,
};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// The shared state.
#[derive(Debug)]
pub(crate) struct App {
    pub(crate) name: String,
    pub(crate) cluster: ClusterId,
    pub(crate) authority: Authority,
    pub(crate) signer: Signer,
    pub(crate) shards: Shards,
    pub(crate) directory: Arc<Directory>,
    pub(crate) board: Board,
    pub(crate) over_limits: OverLimits,
    /// How often somebody may write.
    pub(crate) gauges: Gauges,
    pub(crate) scheduler: Scheduler,
    /// Wakes the sessions when a node has told of an erasure.
    pub(crate) erasures: watch::Sender<()>,
    pub(crate) admin_token: String,
    /// Clerks who are logged in at the desk.
    pub(crate) clerks: Mutex<Clerks>,
    pub(crate) guesses: Mutex<Guesses>,
    pub(crate) regions: Regions,
    pub(crate) started: Instant,
    /// Cancelled when the hub has to stop.
    pub(crate) stop: CancellationToken,
}

impl App {
    /// Milliseconds since the start, by a clock that does not go back.
    pub(crate) fn now_ms(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}
