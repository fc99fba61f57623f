//! `GET /v1/events`: server-sent events about jobs whose content or seats changed, with Last-Event-ID.
//!
//! An id is (start of the node, generation of the index). A listener that was away for longer than the node remembers gets one
//! `reset` event and searches again.

use super::Problem;
use crate::{
    app::App,
    limits::{STREAM_EVENTS_MAX, STREAMS_MAX},
};
use axum::{
    extract::State,
    http::HeaderMap,
    response::{
        IntoResponse, Response,
        sse::{Event, KeepAlive, Sse},
    },
};
use futures_util::{Stream, StreamExt, stream};
use std::{
    collections::VecDeque,
    convert::Infallible,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};
use sync_protocol::ids::JobId;
use tokio::sync::broadcast;
use tokio_stream::wrappers::{BroadcastStream, errors::BroadcastStreamRecvError};

/// One published change of the index.
pub(crate) type Change = (u64, Vec<JobId>);

/// Remembers the latest changes and hands them to listeners.
#[derive(Debug)]
pub(crate) struct Changes {
    /// Tells one run of the node from another.
    run: u64,
    recent: Mutex<VecDeque<Change>>,
    sender: broadcast::Sender<Change>,
    listeners: AtomicUsize,
}

impl Changes {
    pub(crate) fn new(run: u64) -> Self {
        let sender = broadcast::Sender::new(STREAM_EVENTS_MAX);
        Self { run, recent: Mutex::new(VecDeque::new()), sender, listeners: AtomicUsize::new(0) }
    }

    /// Publishes a change; called by the event loop after the commit.
    pub(crate) fn publish(&self, change: Change) {
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        if recent.len() == STREAM_EVENTS_MAX {
            recent.pop_front();
        }
        recent.push_back(change.clone());
        // Nobody may be listening.
        let _listeners = self.sender.send(change);
    }

    /// What a listener missed since `last`, or `None` where that is not known any more; and what comes from here on.
    fn since(&self, last: Option<(u64, u64)>) -> (Option<Vec<Change>>, broadcast::Receiver<Change>) {
        let recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        let receiver = self.sender.subscribe();
        let Some((run, generation)) = last else { return (Some(Vec::new()), receiver) };
        let oldest = recent.front().map_or(u64::MAX, |change| change.0);
        let newest = recent.back().map_or(0, |change| change.0);
        let known = run == self.run && (generation >= newest || generation + 1 >= oldest);
        let missed = recent.iter().filter(|change| change.0 > generation).cloned().collect();
        (known.then_some(missed), receiver)
    }
}

/// Counts a listener for as long as its stream lives.
struct Listener(App);

impl Listener {
    fn enter(app: &App) -> Result<Self, Problem> {
        if app.shared.changes.listeners.fetch_add(1, Ordering::Relaxed) >= STREAMS_MAX {
            app.shared.changes.listeners.fetch_sub(1, Ordering::Relaxed);
            return Err(Problem::new("busy", "too many listeners; ask again in a second"));
        }
        Ok(Self(app.clone()))
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.0.shared.changes.listeners.fetch_sub(1, Ordering::Relaxed);
    }
}

fn last_event_id(headers: &HeaderMap) -> Option<(u64, u64)> {
    let text = headers.get("last-event-id")?.to_str().ok()?;
    let (run, generation) = text.split_once('-')?;
    Some((run.parse().ok()?, generation.parse().ok()?))
}

fn event(run: u64, (generation, jobs): &Change) -> Event {
    let jobs: Vec<String> = jobs.iter().map(ToString::to_string).collect();
    let text = serde_json::json!({ "jobs": jobs }).to_string();
    Event::default().event("jobs").id(format!("{run}-{generation}")).data(text)
}

fn reset() -> Event {
    Event::default().event("reset").data("{}")
}

fn events(
    app: &App,
    last: Option<(u64, u64)>,
    listener: Listener,
) -> impl Stream<Item = Result<Event, Infallible>> + use<> {
    let run = app.shared.changes.run;
    let (missed, receiver) = app.shared.changes.since(last);
    let first = match missed {
        Some(missed) => missed.iter().map(|change| event(run, change)).collect(),
        None => vec![reset()],
    };
    let coming = BroadcastStream::new(receiver).map(move |change| {
        let _counted = &listener;
        match change {
            Ok(change) => event(run, &change),
            Err(BroadcastStreamRecvError::Lagged(_)) => reset(),
        }
    });
    stream::iter(first).chain(coming).map(Ok)
}

/// Streams changes of jobs and seats.
#[utoipa::path(get, path = "/v1/events",
    params(("Last-Event-ID" = Option<String>, Header, description = "The id of the last event that was received: what came after it is told first.")),
    responses((status = 200, body = String, content_type = "text/event-stream",
        description = "Events `jobs` with {\"jobs\": [ids]}, and `reset` where the listener must search again; it does not end."),
    (status = 503, body = Problem, description = "`busy`: too many listen.")))]
pub(crate) async fn listen(State(app): State<App>, headers: HeaderMap) -> Result<Response, Problem> {
    let listener = Listener::enter(&app)?;
    let stream = events(&app, last_event_id(&headers), listener);
    Ok(Sse::new(stream).keep_alive(KeepAlive::default()).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(last: Option<(u64, u64)>, expected: Option<&[u64]>) {
        let changes = Changes::new(7);
        for generation in 10..15 {
            changes.publish((generation, Vec::new()));
        }
        let missed =
            changes.since(last).0.map(|missed| missed.iter().map(|change| change.0).collect::<Vec<_>>());
        assert_eq!(missed.as_deref(), expected, "{last:?}");
    }

    #[test]
    fn a_listener_gets_what_it_missed_or_begins_again() {
        check(None, Some(&[]));
        check(Some((7, 14)), Some(&[]));
        check(Some((7, 12)), Some(&[13, 14]));
        check(Some((7, 9)), Some(&[10, 11, 12, 13, 14]));
        check(Some((7, 8)), None);
        check(Some((6, 12)), None);
    }
}
