//! The thread that owns the play: it takes orders one at a time, looks at the processes in between,
//! and publishes what it saw.

use super::play::{Order, Play};
use super::snapshot::Snapshot;
use crate::demo::wait::stopped;
use anyhow::{Context, Result};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::{oneshot, watch};

/// Orders that may wait: more than a hand can tap while the slowest one, a new start, is carried out.
const ORDERS_MAX: usize = 64;
/// Short enough that a change is seen as it happens, long against the cost of a look.
const LOOK_PAUSE: Duration = Duration::from_millis(150);

type Reply = oneshot::Sender<Result<Arc<Snapshot>>>;

/// The way to the play from the page's requests.
#[derive(Debug, Clone)]
pub(crate) struct Director {
    orders: SyncSender<(Order, Reply)>,
    shown: watch::Receiver<Arc<Snapshot>>,
}

impl Director {
    /// Starts the processes, then the thread that owns them; it ends with the last `Director` or by a signal.
    pub(crate) fn start(folder: PathBuf) -> Result<(Self, JoinHandle<()>)> {
        let mut play = Play::begin(folder)?;
        let (orders, inbox) = sync_channel(ORDERS_MAX);
        let (publish, shown) = watch::channel(Arc::new(play.look()));
        let thread = std::thread::Builder::new()
            .name("director".to_owned())
            .spawn(move || direct(play, &inbox, &publish))
            .context("start the director")?;
        Ok((Self { orders, shown }, thread))
    }

    /// Hands an order to the play and waits for what it led to.
    pub(crate) async fn order(&self, order: Order) -> Result<Arc<Snapshot>> {
        let (reply, answer) = oneshot::channel();
        self.orders.try_send((order, reply)).context("too many orders wait")?;
        answer.await.context("the stage has ended")?
    }

    /// What was seen last.
    pub(crate) fn shown(&self) -> Arc<Snapshot> {
        Arc::clone(&self.shown.borrow())
    }

    /// What is seen from here on, each picture that differs from the one before.
    pub(crate) fn watch(&self) -> watch::Receiver<Arc<Snapshot>> {
        self.shown.clone()
    }
}

fn direct(mut play: Play, inbox: &Receiver<(Order, Reply)>, publish: &watch::Sender<Arc<Snapshot>>) {
    while !stopped() {
        let order = match inbox.recv_timeout(LOOK_PAUSE) {
            Ok(order) => Some(order),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => return,
        };
        let outcome = order.map(|(order, reply)| (play.obey(order), reply));
        let seen = Arc::new(play.look());
        publish.send_if_modified(|shown| {
            let changed = **shown != *seen;
            *shown = Arc::clone(&seen);
            changed
        });
        if let Some((outcome, reply)) = outcome {
            // The page may have gone away; the order is carried out all the same.
            drop(reply.send(outcome.map(|()| seen)));
        }
    }
}
