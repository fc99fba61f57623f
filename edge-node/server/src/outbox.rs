//! Sends what waits in the outbox: a few messages at a time, each tried until it is delivered or given up.
//!
//! The event loop wakes this task after the commit that wrote a message, and hears from it what became of each try. A
//! message is put together when it is sent, so that the outbox itself holds nothing personal and an erased worker is told
//! nothing more.

use crate::{
    app::App,
    event_loop::Event,
    limits::{MESSAGES_AT_ONCE, OUTBOX_EVERY},
    person::record,
    telemetry::{Delivery, MessageLabel},
};
use std::{collections::BTreeSet, time::Instant};
use sync_protocol::ids::{VshardId, WorkerId};
use sync_store::{MessageRow, StoreError};
use tokio::{
    task::JoinSet,
    time::{MissedTickBehavior, interval},
};

pub(crate) mod message;
pub(crate) mod sender;

pub(crate) use sender::Senders;

/// What became of a try.
type Tried = (VshardId, u64, Result<(), String>);

/// The task's own things.
pub(crate) struct Outbox {
    app: App,
    /// Under way, or sent and not yet marked so by the event loop.
    busy: BTreeSet<(VshardId, u64)>,
}

impl Outbox {
    pub(crate) const fn new(app: App) -> Self {
        Self { app, busy: BTreeSet::new() }
    }

    /// Sends until the node stops.
    pub(crate) async fn run(mut self) -> anyhow::Result<()> {
        let mut tick = interval(OUTBOX_EVERY);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut tries = JoinSet::new();
        let mut erased = self.app.shared.erasures();
        // Also at the start: the node may have ended between an erasure and this.
        self.forget_erased().await?;
        loop {
            tokio::select! {
                () = self.app.shared.told.notified() => {}
                changed = erased.changed() => {
                    changed?;
                    self.forget_erased().await?;
                }
                _ = tick.tick() => {}
                Some(tried) = tries.join_next() => self.mark(tried?).await?,
            }
            if !self.app.shared.is_frozen() {
                self.begin(&mut tries);
            }
        }
    }

    /// Whoever was erased is in no message that lies here.
    async fn forget_erased(&self) -> anyhow::Result<()> {
        let app = self.app.clone();
        let is_known = move |phone: &str| {
            let worker = WorkerId::of_phone(&app.shared.region_key, phone);
            // What cannot be read is no reason to drop it.
            record::contact(&app, worker).map_or(true, |contact| contact.is_some())
        };
        let senders = self.app.senders.clone();
        let done = tokio::task::spawn_blocking(move || senders.forget(is_known)).await?;
        if let Err(error) = done {
            tracing::error!(
                error = format!("{error:#}"),
                "messages to people who were erased are still in their file"
            );
        }
        Ok(())
    }

    fn begin(&mut self, tries: &mut JoinSet<Tried>) {
        let room = MESSAGES_AT_ONCE.saturating_sub(tries.len());
        if room == 0 {
            return;
        }
        let due = match self.due(room) {
            Ok(due) => due,
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "the outbox cannot be read");
                return;
            }
        };
        for row in due {
            self.busy.insert((row.vshard, row.n));
            let app = self.app.clone();
            tries.spawn(async move {
                let result = deliver(&app, &row).await;
                (row.vshard, row.n, result)
            });
        }
    }

    /// Messages whose time has come. A clock that was set back must not keep one for ever.
    fn due(&self, room: usize) -> Result<Vec<MessageRow>, StoreError> {
        let now = self.app.shared.now();
        let rows = self.app.shared.readers.read(|tx| tx.messages(false, room + self.busy.len()))?;
        let is_due = |row: &MessageRow| row.next_at <= now || row.next_at > now + 3_600;
        let free = |row: &MessageRow| !self.busy.contains(&(row.vshard, row.n));
        Ok(rows.into_iter().filter(|row| is_due(row) && free(row)).take(room).collect())
    }

    async fn mark(&mut self, (vshard, n, result): Tried) -> anyhow::Result<()> {
        if let Err(error) = &result {
            tracing::warn!(message = n, error, "a message was not delivered");
        }
        let (reply, marked) = tokio::sync::oneshot::channel();
        let event = Event::Sent { vshard, n, result, reply };
        if self.app.events.send(event).await.is_ok() {
            // Where it could not be marked, it is sent again under the same number.
            let _not_marked = marked.await;
        }
        self.busy.remove(&(vshard, n));
        Ok(())
    }
}

async fn deliver(app: &App, row: &MessageRow) -> Result<(), String> {
    let began = Instant::now();
    let composed = message::compose(app, row).map_err(|error| format!("{error:#}"))?;
    let label = |outcome| MessageLabel { kind: row.kind.as_str().to_owned(), outcome };
    let Some(composed) = composed else {
        app.shared.metrics.messages.get_or_create(&label(Delivery::Nobody)).inc();
        return Ok(());
    };
    let result = app.senders.send(&composed).await;
    let outcome = if result.is_ok() { Delivery::Delivered } else { Delivery::Failed };
    app.shared.metrics.messages.get_or_create(&label(outcome)).inc();
    app.shared.metrics.message_seconds.observe(began.elapsed().as_secs_f64());
    result
}
