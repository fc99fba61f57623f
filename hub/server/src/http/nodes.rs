//! Nodes as operators see them, and how far sync with each has come.

use super::problem::Problem;
use crate::{
    app::App,
    clock,
    live::{self, NodeView},
    peers::PeerState,
};
use axum::{Json, extract::State};
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

/// All nodes.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Nodes {
    nodes: Vec<Node>,
}

/// One node.
#[derive(Debug, Serialize, ToSchema)]
struct Node {
    node: u32,
    incarnation: u16,
    name: String,
    region: String,
    /// `up`, `behind`, `cut_off`, `fenced` or `never`.
    state: &'static str,
    /// Why it is fenced, where it is.
    reason: Option<String>,
    /// Whether an operator drains it: it takes nobody new, and is granted no rights.
    draining: bool,
    /// Entries that it has not acknowledged, as far as known.
    behind: u64,
    /// RFC 3339; nothing before the first contact since the hub's start.
    last_contact_at: Option<String>,
    /// RFC 3339; when a file that was carried from it was taken last, since the hub's start.
    carried_at: Option<String>,
    /// Rights that are with it: granted and not returned.
    granted: u64,
    /// Rights that live sign-ups use there, as last reported.
    used: u64,
    bytes_sent: u64,
    bytes_received: u64,
    /// From the sending of a batch to its acknowledgement.
    lag_ms: Option<u64>,
}

/// The state's word in the API.
const fn word(state: PeerState) -> &'static str {
    match state {
        PeerState::Up => "up",
        PeerState::Behind => "behind",
        PeerState::CutOff => "cut_off",
        PeerState::Fenced => "fenced",
        PeerState::Never => "never",
    }
}

impl From<NodeView> for Node {
    fn from(view: NodeView) -> Self {
        let contact = view.contact.as_ref();
        let (bytes_sent, bytes_received) = contact.map(crate::peers::Contact::bytes).unwrap_or_default();
        Self {
            node: view.record.writer.node.0,
            incarnation: view.record.writer.incarnation.0,
            state: word(view.state),
            reason: view.record.fenced.clone(),
            draining: contact.is_some_and(|contact| contact.draining == Some(true)),
            behind: contact.map_or(0, |contact| contact.behind),
            last_contact_at: contact.map(|contact| clock::rfc3339(contact.last_contact_at)),
            carried_at: view.carried_at.map(clock::rfc3339),
            granted: view.held,
            used: view.used,
            bytes_sent,
            bytes_received,
            lag_ms: contact.map(|contact| contact.lag_ms),
            name: view.record.name,
            region: view.record.region,
        }
    }
}

/// Lists all nodes that have joined.
#[utoipa::path(get, path = "/v1/nodes", responses((status = 200, body = Nodes)))]
pub(super) async fn list(State(app): State<Arc<App>>) -> Result<Json<Nodes>, Problem> {
    Ok(Json(Nodes { nodes: live::nodes(&app).await?.into_iter().map(Node::from).collect() }))
}

/// All sync peers.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Peers {
    peers: Vec<Peer>,
}

/// How far sync with a node has come.
#[derive(Debug, Serialize, ToSchema)]
struct Peer {
    node: u32,
    incarnation: u16,
    name: String,
    state: &'static str,
    cursors: Vec<Cursor>,
    bytes_sent: u64,
    bytes_received: u64,
    batches_sent: u64,
    batches_received: u64,
    /// Sessions since the hub's start.
    rounds: u64,
}

/// One vshard of a peer.
#[derive(Debug, Serialize, ToSchema)]
struct Cursor {
    vshard: u16,
    history: u16,
    /// Applied by the node up to here.
    seq: u64,
    /// The hub's last sequence.
    head: u64,
    /// The node's own log is merged up to here.
    received: u64,
}

/// Lists how far sync with each node has come.
#[utoipa::path(get, path = "/v1/sync/peers", responses((status = 200, body = Peers)))]
pub(super) async fn peers(State(app): State<Arc<App>>) -> Result<Json<Peers>, Problem> {
    let mut peers = Vec::new();
    for view in live::nodes(&app).await? {
        let cursors = live::cursors(&app, &view).await?;
        let contact = view.contact.as_ref();
        let (bytes_sent, bytes_received) = contact.map(crate::peers::Contact::bytes).unwrap_or_default();
        peers.push(Peer {
            node: view.record.writer.node.0,
            incarnation: view.record.writer.incarnation.0,
            name: view.record.name.clone(),
            state: word(view.state),
            cursors: cursors
                .into_iter()
                .map(|at| Cursor {
                    vshard: at.vshard.0,
                    history: at.history,
                    seq: at.seq,
                    head: at.head,
                    received: at.received,
                })
                .collect(),
            bytes_sent,
            bytes_received,
            batches_sent: contact.map_or(0, |contact| contact.batches_sent),
            batches_received: contact.map_or(0, |contact| contact.batches_received),
            rounds: contact.map_or(0, |contact| contact.sessions),
        });
    }
    Ok(Json(Peers { peers }))
}
