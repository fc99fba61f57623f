//! Which nodes have erased whom they were told to, and which still owe it.

use super::problem::Problem;
use crate::{app::App, clock};
use axum::{Json, extract::State};
use serde::Serialize;
use std::sync::Arc;
use sync_store::{ErasureAnswer, ErasureRecord, NodeRecord};
use utoipa::ToSchema;

/// Orders that are listed.
const LISTED_MAX: u32 = 1_000;

/// The latest orders, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Erasures {
    erasures: Vec<Erasure>,
}

/// An order to erase a worker.
#[derive(Debug, Serialize, ToSchema)]
struct Erasure {
    /// 32 hexadecimal digits.
    order: String,
    /// The pseudonym, 32 hexadecimal digits.
    worker: String,
    region: String,
    /// When it was given, by the clock of its node. RFC 3339.
    ordered_at: String,
    /// When the hub heard of it.
    heard_at: String,
    /// Number of the node that told first.
    heard_from: u32,
    /// Every node of the region that may have had something of the worker.
    nodes: Vec<Answer>,
    /// How many of them still owe a receipt.
    owed: u32,
}

/// How a node stands with an order.
#[derive(Debug, Serialize, ToSchema)]
struct Answer {
    node: u32,
    name: String,
    /// `erased`; `owes`: it follows at its next contact; `retired`: its incarnation is over, and its disk is to be wiped by
    /// hand; `old_disk`: it joined anew meanwhile, and its old files are to be deleted by hand.
    state: &'static str,
    /// When its receipt came, RFC 3339.
    at: Option<String>,
    /// The signed receipt, hexadecimal.
    receipt: Option<String>,
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn answer(order: &ErasureRecord, answers: &[ErasureAnswer], node: &NodeRecord) -> Option<Answer> {
    let told = answers.iter().find(|answer| answer.writer.node == node.writer.node);
    let state = match told {
        Some(_) => "erased",
        None if node.joined_at > order.heard_at && node.writer.incarnation.0 == 1 => return None,
        None if node.joined_at > order.heard_at => "old_disk",
        None if node.fenced.is_some() => "retired",
        None => "owes",
    };
    Some(Answer {
        node: node.writer.node.0,
        name: node.name.clone(),
        state,
        at: told.map(|told| clock::rfc3339(told.heard_at)),
        receipt: told.map(|told| hex(&told.receipt)),
    })
}

/// Lists orders to erase, with the nodes that have followed them and those that have not.
#[utoipa::path(get, path = "/v1/erasures", responses((status = 200, body = Erasures)))]
pub(super) async fn list(State(app): State<Arc<App>>) -> Result<Json<Erasures>, Problem> {
    let stored = app.directory.change(|store| store.erasures(LISTED_MAX)).await;
    let stored = stored.map_err(|error| Problem::internal(&error))?;
    let picture = app.directory.picture();
    let erasures = stored.into_iter().map(|(order, answers)| {
        let of_region = picture.nodes.values().filter(|node| node.region == order.region);
        let nodes: Vec<Answer> = of_region.filter_map(|node| answer(&order, &answers, node)).collect();
        let owed = nodes.iter().filter(|node| node.state != "erased").count();
        Erasure {
            order: hex(&order.order.id),
            worker: hex(&order.order.worker.0),
            region: order.region,
            ordered_at: clock::rfc3339(order.order.at),
            heard_at: clock::rfc3339(order.heard_at),
            heard_from: order.heard_from,
            nodes,
            owed: u32::try_from(owed).unwrap_or(u32::MAX),
        }
    });
    Ok(Json(Erasures { erasures: erasures.collect() }))
}
