//! Erasures: what a node has erased becomes an order to every node of its region.

use super::work::Node;
use crate::{app::App, clock, limits::ERASURES_OF_REGION_MAX};
use anyhow::Result;
use ed25519_dalek::VerifyingKey;
use std::sync::Arc;
use sync_protocol::{
    erasure::{EraseOrder, ErasureReceipt},
    limits::ERASURES_MAX,
};
use sync_store::ErasureAnswer;

/// Checks and stores a node's receipts; what they order is told to the others. Returns what was stored. A receipt that the
/// node's log key did not sign for itself is passed over: nothing follows from it.
pub(super) async fn heard(
    app: &Arc<App>,
    node: &Node,
    receipts: Vec<ErasureReceipt>,
) -> Result<Vec<EraseOrder>> {
    let key = node.log_key.as_deref().and_then(|key| <[u8; 32]>::try_from(key).ok());
    let Some(key) = key.and_then(|key| VerifyingKey::from_bytes(&key).ok()) else { return Ok(Vec::new()) };
    let mut answers = Vec::new();
    for receipt in receipts {
        match receipt.verify(&key) {
            Ok(body) if body.writer == node.writer => {
                let (receipt, heard_at) = (receipt.to_bytes(), clock::now());
                answers.push((body.order, ErasureAnswer { writer: node.writer, receipt, heard_at }));
            }
            Ok(_) | Err(_) => {
                tracing::warn!(writer = %node.writer, "an erasure receipt is not the node's own")
            }
        }
    }
    let region = node.region.clone();
    let work = move |store: &mut sync_store::ControlStore| {
        let mut stored = Vec::new();
        for (order, answer) in answers {
            if store.add_erasure(&region, &order, &answer, ERASURES_OF_REGION_MAX)? {
                stored.push(order);
            } else {
                tracing::error!(region, "an erasure was not taken: the region has as many orders as it may");
            }
        }
        Ok(stored)
    };
    let stored = app.directory.change(work).await?;
    if !stored.is_empty() {
        app.erasures.send_replace(());
    }
    Ok(stored)
}

/// What a node has to erase. Who joined after an order had nothing of the person.
pub(super) async fn owed(app: &Arc<App>, node: &Node) -> Result<Vec<EraseOrder>> {
    let picture = app.directory.picture();
    let Some(record) = picture.node(node.writer) else { return Ok(Vec::new()) };
    let (region, number, since) = (node.region.clone(), node.writer.node.0, record.joined_at);
    app.directory.change(move |store| store.erasures_owed(&region, number, since, ERASURES_MAX)).await
}
