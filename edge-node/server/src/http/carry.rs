//! What the hub sends by hand: a carried session, taken over by the event loop as if it had come over the line.
//!
//! Only whoever can read the node's data folder may bring one, by the token in its control file, and only a file that
//! the hub signed for this very node is used.

use super::{Problem, messages, pins, problem, upkeep};
use crate::{
    app::App,
    event_loop::{Event, Failure},
    limits,
};
use anyhow::Context;
use axum::{
    Json, Router,
    body::Bytes,
    extract::{DefaultBodyLimit, State, rejection::BytesRejection},
    http::{HeaderMap, header},
    middleware,
    routing::{get, post},
};
use ed25519_dalek::VerifyingKey;
use enrolment::{LogKeyCertificate, NodeIdentity};
use http_face::Limit;
use serde::Serialize;
use std::{
    io::{ErrorKind, Write},
    net::SocketAddr,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};
use sync_protocol::{
    carry::{Carry, CarryError},
    ids::Writer,
    limits::CARRY_BYTES_MAX,
    wire::v1::{DownState, Frame, Welcome},
};
use tokio::sync::oneshot;

/// Where the folder's owner finds the running node.
const CONTROL_FILE: &str = "control.json";

/// What carried files are checked by.
#[derive(Debug, Clone)]
pub(crate) struct Desk {
    app: App,
    cluster: [u8; 16],
    writer: Writer,
    root_key: [u8; 32],
    token: String,
}

/// What a carried session brought.
#[derive(Debug, Default, Serialize, utoipa::ToSchema)]
pub(crate) struct CarriedJson {
    /// Entries of the hub that it held.
    received: u64,
    /// Own entries that the hub has.
    acked: u64,
    /// The hub had more than the file holds: carry again.
    more: bool,
    /// Why this node's incarnation is over, where the hub says so.
    retired: Option<String>,
}

impl Desk {
    /// Makes the token of this run and writes it, with the node's address, where only the folder's owner can read it.
    pub(crate) fn open(
        app: App,
        identity: &NodeIdentity,
        data: &Path,
        address: SocketAddr,
    ) -> anyhow::Result<(Self, ControlFile)> {
        let mut random = [0; 16];
        getrandom::fill(&mut random).context("the system gives no random bytes")?;
        let token: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
        let root_key = enrolment::root_public_key(&identity.root_certificate);
        let root_key = root_key.context("the identity's root certificate has no key")?;
        let control = serde_json::json!({ "http": address.to_string(), "token": token });
        let control = ControlFile::write(data, control.to_string())?;
        let desk = Self { app, cluster: identity.cluster_id.0, writer: identity.writer, root_key, token };
        Ok((desk, control))
    }

    /// The route with limits of its own.
    pub(super) fn router(self) -> Router {
        let limit = Limit { wait: limits::CARRY_WAIT, answer: problem::answer };
        Router::new()
            .route("/v1/sync/carry", post(take))
            .route("/v1/messages", get(messages::list))
            .route("/v1/node:drain", post(upkeep::drain))
            .route("/v1/node:resume", post(upkeep::resume))
            .route("/v1/node:resync", post(upkeep::resync))
            .route("/v1/messages/{id}", post(messages::again))
            .route("/v1/workers:reset_pin", post(pins::reset))
            .layer(DefaultBodyLimit::max(CARRY_BYTES_MAX))
            .layer(middleware::from_fn_with_state(limit, http_face::in_time))
            .with_state(self)
    }

    pub(super) const fn app(&self) -> &App {
        &self.app
    }

    pub(super) fn admit(&self, headers: &HeaderMap) -> Result<(), Problem> {
        let shown = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let shown = shown.and_then(|value| value.strip_prefix("Bearer ")).unwrap_or_default();
        // Hashes compare in constant time.
        if blake3::hash(shown.as_bytes()) == blake3::hash(self.token.as_bytes()) {
            return Ok(());
        }
        let detail = format!("this needs the token of {CONTROL_FILE} in the node's data folder");
        Err(Problem::new("unauthorised", detail))
    }

    /// The hub's Welcome in a file that the hub signed for this node.
    fn check(&self, carry: &Carry<'_>) -> Result<Welcome, Problem> {
        let refuse = |detail: &str| Problem::new("wrong-file", detail);
        let header = &carry.header;
        if header.cluster != self.cluster {
            return Err(refuse("the file is of another cluster"));
        }
        if !header.author.is_hub() {
            return Err(refuse("the file is a node's own; import it at the hub, and its answer here"));
        }
        if header.node != self.writer {
            return Err(refuse(&format!(
                "the file is for node {}, and this is {}; import it there, or carry from this node first",
                header.node, self.writer
            )));
        }
        let certificate = LogKeyCertificate::decode(&header.certificate).ok();
        let certified =
            certificate.filter(|of| of.writer == header.author && of.verify(&self.root_key).is_ok());
        let key = certified.and_then(|of| VerifyingKey::from_bytes(&of.key).ok());
        let key =
            key.ok_or_else(|| refuse("the cluster's root has not certified the key that signed the file"))?;
        carry.verify(&key).map_err(|error| unusable(&error))?;
        match carry.frames().next() {
            Some(Ok(Frame::Welcome(welcome))) => Ok(welcome),
            Some(Err(error)) => Err(unusable(&error)),
            Some(Ok(_)) | None => Err(unusable(&CarryError::FirstFrame)),
        }
    }

    fn goes_on(&self, after: &[DownState], welcome: &Welcome) -> Result<(), Problem> {
        let (cursors, own) = self.app.shared.readers.read(|tx| Ok((tx.cursors()?, tx.own_heads()?)))?;
        edge_core::carry::goes_on(after, welcome, &cursors, &own)
            .map_err(|why| Problem::new("bad-request", why.to_string()))
    }

    async fn send(&self, event: Event) -> Result<(), Problem> {
        self.app.events.send(event).await.map_err(|_| Problem::from(Failure::Storage))
    }

    pub(super) async fn ask<T>(
        &self,
        event: impl FnOnce(oneshot::Sender<Result<T, Failure>>) -> Event,
    ) -> Result<T, Problem> {
        let (reply, done) = oneshot::channel();
        self.send(event(reply)).await?;
        Ok(done.await.map_err(|_| Problem::from(Failure::Storage))??)
    }

    async fn apply(&self, carry: &Carry<'_>, welcome: Welcome) -> Result<CarriedJson, Problem> {
        let mut carried = CarriedJson { more: carry.more, ..CarriedJson::default() };
        if let Some(reason) = welcome.retired {
            let reason = format!("the hub has ended this node's incarnation: {reason}");
            self.ask(|reply| Event::Retire(reason.clone(), welcome.interest, reply)).await?;
            self.app.shared.freeze(&reason);
            carried.retired = Some(reason);
            return Ok(carried);
        }
        for ack in welcome.acked {
            carried.acked += ack.wseq;
            self.ask(|reply| Event::Acked(ack, reply)).await?;
        }
        // What a session has told of tenants and topics is newer than any file.
        if self.app.shared.link_times().1 <= welcome.time.unsigned_abs() {
            self.ask(|reply| Event::Interest(welcome.interest, reply)).await?;
        }
        for frame in carry.frames().skip(1) {
            let Frame::Down(down) = frame.map_err(|error| unusable(&error))? else {
                return Err(Problem::new("bad-file", "a frame that a file of the hub does not have"));
            };
            carried.received += down.entries.len() as u64;
            self.ask(|reply| Event::Receive(down, reply)).await?;
        }
        Ok(carried)
    }
}

fn unusable(error: &CarryError) -> Problem {
    Problem::new("bad-file", error.to_string())
}

/// The control file of this run. A node whose disk is full starts without it, because searches need no room.
#[derive(Debug)]
pub(crate) struct ControlFile {
    data: PathBuf,
    text: String,
    is_written: bool,
}

impl ControlFile {
    fn write(data: &Path, text: String) -> anyhow::Result<Self> {
        let written = write_control(data, &text);
        let is_written = written.is_ok();
        match written {
            Err(error) if matches!(error.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded) => {
                tracing::warn!("the disk is full; nothing can be carried before {CONTROL_FILE} has room");
            }
            done => done.with_context(|| format!("cannot write {CONTROL_FILE} in {}", data.display()))?,
        }
        Ok(Self { data: data.to_owned(), text, is_written })
    }

    /// Writes what had no room once there is some, and stays.
    pub(crate) async fn keep(mut self) -> anyhow::Result<()> {
        while !self.is_written {
            tokio::time::sleep(limits::CONTROL_FILE_AGAIN).await;
            self.is_written = write_control(&self.data, &self.text).is_ok();
        }
        std::future::pending().await
    }
}

fn write_control(data: &Path, text: &str) -> std::io::Result<()> {
    let next = data.join(format!("{CONTROL_FILE}.next"));
    let mut file =
        std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&next)?;
    writeln!(file, "{text}")?;
    std::fs::rename(&next, data.join(CONTROL_FILE))
}

/// Takes the hub's answer to a carried session.
#[utoipa::path(post, path = "/v1/sync/carry", operation_id = "carry",
    request_body(content = Vec<u8>, content_type = "application/octet-stream", description = "The answer that `dayshift sync carry import` wrote."),
    responses((status = 200, body = CarriedJson), (status = 400, body = Problem,
        description = "`bad-file`: the file cannot be used; `bad-request`: it does not go on from what this node has."),
    (status = 401, body = Problem, description = "`unauthorised`."),
    (status = 409, body = Problem, description = "`wrong-file`: the file is not for this node."), (status = 413, body = Problem), (status = 503, body = Problem)))]
pub(crate) async fn take(
    State(desk): State<Desk>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<CarriedJson>, Problem> {
    desk.admit(&headers)?;
    let body = body.map_err(|error| Problem::new("too-large", error.body_text()))?;
    let carry = Carry::decode(&body).map_err(|error| unusable(&error))?;
    let welcome = desk.check(&carry)?;
    desk.goes_on(&carry.header.after, &welcome)?;
    Ok(Json(desk.apply(&carry, welcome).await?))
}
