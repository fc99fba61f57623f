//! `GET /v1/events`: server-sent events about jobs whose content or seats changed, how their seats stand, and how sign-ups
//! stand, with Last-Event-ID.
//!
//! An id is (start of the node, generation of the index). A change may be several events; the last of them has its id, so that
//! a line which is cut between two of them loses none. A listener that was away for longer than the node remembers gets one
//! `reset` event and searches again.

use super::{Problem, jobs::SeatsJson};
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
use edge_core::node::JobView;
use futures_util::{Stream, StreamExt, stream};
use serde::Serialize;
use std::{
    collections::{BTreeMap, VecDeque},
    convert::Infallible,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};
use sync_protocol::{
    documents::Status,
    ids::{JobId, SignUpId},
};
use tokio::sync::broadcast;
use tokio_stream::wrappers::{BroadcastStream, errors::BroadcastStreamRecvError};

/// How the seats of a job stand at this node.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct SeatsOf {
    job: String,
    #[serde(flatten)]
    seats: SeatsJson,
}

impl SeatsOf {
    /// Of what is free here, so many are set aside.
    pub(crate) fn new(view: &JobView, held: u32) -> Self {
        Self { job: view.job.to_string(), seats: SeatsJson::of(view, held) }
    }
}

/// How a sign-up stands: nothing of its worker.
#[derive(Debug, Clone, Serialize)]
struct StandsJson {
    id: String,
    job: String,
    status: &'static str,
}

/// One published change of the index, as its events tell it.
#[derive(Debug, Clone)]
pub(crate) struct Change {
    generation: u64,
    /// Name and data of each.
    events: Arc<[(&'static str, String)]>,
}

impl Change {
    pub(crate) fn new(
        generation: u64,
        jobs: &[JobId],
        seats: Vec<SeatsOf>,
        stands: &BTreeMap<SignUpId, (JobId, Status)>,
    ) -> Self {
        let jobs: Vec<String> = jobs.iter().map(ToString::to_string).collect();
        let stands = stands.iter().map(|(id, (job, status))| StandsJson {
            id: id.to_string(),
            job: job.to_string(),
            status: status.as_str(),
        });
        let stands: Vec<StandsJson> = stands.collect();
        let mut events = Vec::new();
        if !stands.is_empty() {
            events.push(("sign_ups", serde_json::json!({ "sign_ups": stands }).to_string()));
        }
        if !seats.is_empty() {
            events.push(("seats", serde_json::json!({ "seats": seats }).to_string()));
        }
        if !jobs.is_empty() {
            events.push(("jobs", serde_json::json!({ "jobs": jobs }).to_string()));
        }
        Self { generation, events: events.into() }
    }

    fn events(&self, run: u64) -> Vec<Event> {
        let last = self.events.len().saturating_sub(1);
        let events = self.events.iter().enumerate().map(|(at, (name, data))| {
            let event = Event::default().event(*name).data(data);
            if at == last { event.id(format!("{run}-{}", self.generation)) } else { event }
        });
        events.collect()
    }
}

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
        let oldest = recent.front().map_or(u64::MAX, |change| change.generation);
        let newest = recent.back().map_or(0, |change| change.generation);
        let known = run == self.run && (generation >= newest || generation + 1 >= oldest);
        let missed = recent.iter().filter(|change| change.generation > generation).cloned().collect();
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
        Some(missed) => missed.iter().flat_map(|change| change.events(run)).collect(),
        None => vec![reset()],
    };
    let coming = BroadcastStream::new(receiver).flat_map(move |change| {
        let _counted = &listener;
        stream::iter(match change {
            Ok(change) => change.events(run),
            Err(BroadcastStreamRecvError::Lagged(_)) => vec![reset()],
        })
    });
    stream::iter(first).chain(coming).map(Ok)
}

/// Streams changes of jobs, seats and sign-ups.
#[utoipa::path(get, path = "/v1/events",
    params(("Last-Event-ID" = Option<String>, Header, description = "The id of the last event that was received: what came after it is told first.")),
    responses((status = 200, body = String, content_type = "text/event-stream",
        description = "Events `jobs` with {\"jobs\": [ids]}, of jobs whose content or seats changed; `seats` with {\"seats\": [{job, here, cap, free, waiting}]}, as they stand; `sign_ups` with {\"sign_ups\": [{id, job, status}]}; and `reset` where the listener must search again. It does not end."),
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
            changes.publish(Change::new(generation, &[], Vec::new(), &BTreeMap::new()));
        }
        let missed = changes
            .since(last)
            .0
            .map(|missed| missed.iter().map(|change| change.generation).collect::<Vec<_>>());
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
