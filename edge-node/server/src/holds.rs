//! Wakes the event loop when a hold ends: the loop itself waits for events alone.

use crate::{
    app::{Shared, boot_ms},
    event_loop::Event,
};
use anyhow::Context;
use std::{sync::Arc, time::Duration};
use tokio::sync::mpsc;

/// Before a loop that could not end a hold is told of it again.
const ASK_AGAIN: Duration = Duration::from_secs(1);

/// Tells the loop of its beginning, and from then on of the end of each hold, until the node stops.
pub(crate) async fn watch(shared: Arc<Shared>, events: mpsc::Sender<Event>) -> anyhow::Result<()> {
    let gone = "the event loop has stopped";
    let mut ends = shared.hold_ends();
    events.send(Event::Begin).await.context(gone)?;
    loop {
        let next = *ends.borrow_and_update();
        let due = async {
            match next {
                Some(at) => tokio::time::sleep(Duration::from_millis(at.saturating_sub(boot_ms()))).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            changed = ends.changed() => changed.context(gone)?,
            () = due => {
                events.send(Event::HoldsDue).await.context(gone)?;
                // The loop moves the time on; one that is frozen or without room does not, and is asked again.
                let _same = tokio::time::timeout(ASK_AGAIN, ends.changed()).await;
            }
        }
    }
}
