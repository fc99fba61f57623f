//! Joins and renewals: one request, one answer. What a certificate says is decided here, from the token's record.

use super::{hello::standing, random};
use crate::{app::App, clock, fencing};
use anyhow::{Context, Result};
use ed25519_dalek::VerifyingKey;
use enrolment::{
    Admitted, JoinAnswer, JoinRequest, NodeSubject, RenewAnswer, Serial, TokenId, TokenRecord,
    parse_peer_certificate, redeem,
};
use std::sync::Arc;
use sync_protocol::ids::Writer;
use sync_quic::Exchange;
use sync_store::{ControlStore, FenceCause, NodeRecord, StoreError, TokenRow};

/// What every fault of a token is answered with; the log has more.
const TOKEN_REFUSED: &str = "this token is unknown, used or expired";
const BROKEN: &str = "the hub could not answer; try again later";

/// Answers a box that shows a token.
pub(super) async fn join(app: &Arc<App>, exchange: Exchange) {
    let remote = exchange.remote_address();
    let answer = match JoinRequest::decode(exchange.request()) {
        Err(error) => JoinAnswer::refused(&error.to_string()),
        Ok(request) => admit(app, request).await.unwrap_or_else(|error| {
            tracing::error!(error = format!("{error:#}"), "a join failed");
            JoinAnswer::refused(BROKEN)
        }),
    };
    match &answer {
        JoinAnswer::Admitted(node) => {
            tracing::info!(writer = %node.writer, name = node.name, region = node.region, "joined");
            app.board.drop_older(node.writer);
            if let Some(earlier) = node.writer.incarnation.0.checked_sub(1).filter(|earlier| *earlier > 0) {
                let former = Writer::new(node.writer.node.0, earlier);
                let fenced = fencing::fence(app, former, FenceCause::Replaced, "it joined again").await;
                if let Err(error) = fenced {
                    tracing::error!(%former, error = format!("{error:#}"), "the former incarnation is fenced at the next start");
                }
            }
        }
        JoinAnswer::Refused { reason } => tracing::warn!(%remote, reason, "a join was refused"),
    }
    if let Err(error) = exchange.answer(&answer.encode()).await {
        tracing::warn!(%error, "the answer to a join was not delivered");
    }
}

async fn admit(app: &Arc<App>, request: JoinRequest) -> Result<JoinAnswer> {
    let (fresh, more, serial) = (random()?, random()?, Serial::from_random(random()?));
    let mut region_key = [0; 32];
    region_key[..16].copy_from_slice(&fresh);
    region_key[16..].copy_from_slice(&more);
    let this = Arc::clone(app);
    app.directory.change(move |store| Ok(decide(&this, store, &request, serial, &region_key))).await?
}

/// Runs under the directory's lock, so that two boxes never get one writer.
fn decide(
    app: &App,
    store: &mut ControlStore,
    request: &JoinRequest,
    serial: Serial,
    fresh_region_key: &[u8; 32],
) -> Result<JoinAnswer> {
    let now = clock::now();
    let row = store.token(&request.token_id.to_string())?;
    let record = row.as_ref().map(|row| token_record(request.token_id, row)).transpose()?;
    if let Err(refusal) = redeem(record.as_ref(), &request.secret, clock::unix_now()) {
        tracing::warn!(token = %request.token_id, %refusal, "a token was refused");
        return Ok(JoinAnswer::refused(TOKEN_REFUSED));
    }
    let Some(record) = record else { return Ok(JoinAnswer::refused(TOKEN_REFUSED)) };
    if VerifyingKey::from_bytes(&request.log_public_key).map_or(true, |key| key.is_weak()) {
        return Ok(JoinAnswer::refused("the log key is not a sound Ed25519 key"));
    }
    let writer = store.next_writer(&record.node_name)?;
    // Its former logs are of the region that it had: their rows would not be taken under another.
    if store.nodes()?.iter().any(|node| node.name == record.node_name && node.region != record.region) {
        return Ok(JoinAnswer::refused("a node of this name is in another region; give the box a new name"));
    }
    let subject = NodeSubject { region: record.region.clone(), writer };
    let certificate =
        match app.authority.issue_node_certificate(&request.csr, &subject, serial, clock::unix_now()) {
            Ok(certificate) => certificate,
            Err(error) => return Ok(JoinAnswer::refused(&error.to_string())),
        };
    let log_key_certificate = app.authority.certify_log_key(writer, request.log_public_key)?;
    let region_key = store.region_key(&record.region, fresh_region_key)?;
    let node = NodeRecord {
        writer,
        name: record.node_name.clone(),
        region: record.region.clone(),
        log_key: request.log_public_key.to_vec(),
        fenced: None,
        joined_at: now,
    };
    if !store.join(&request.token_id.to_string(), &node)? {
        return Ok(JoinAnswer::refused(TOKEN_REFUSED));
    }
    store.add_event(now, &format!("node {writer} joined as {} in {}", node.name, node.region))?;
    Ok(JoinAnswer::Admitted(Box::new(Admitted {
        certificate_chain: vec![certificate],
        root_certificate: app.authority.root_certificate().to_vec(),
        log_key_certificate,
        writer,
        region: record.region,
        name: record.node_name,
        cluster_id: app.cluster,
        region_key,
        hub_time: clock::unix_now(),
    })))
}

fn token_record(id: TokenId, row: &TokenRow) -> Result<TokenRecord, StoreError> {
    let secret_hash = row.secret_hash.as_slice().try_into().map_err(|_| StoreError::BadRow("token"))?;
    Ok(TokenRecord {
        id,
        secret_hash,
        region: row.region.clone(),
        node_name: row.node_name.clone(),
        expires_at: u64::try_from(row.expires_at).unwrap_or(0),
        used_at: row.used_at.map(|at| u64::try_from(at).unwrap_or(0)),
    })
}

/// Answers a node that asks for a fresh certificate.
pub(super) async fn renew(app: &App, exchange: Exchange) {
    let answer = renewed(app, &exchange).unwrap_or_else(|error| {
        tracing::error!(error = format!("{error:#}"), "a renewal failed");
        RenewAnswer::refused(BROKEN)
    });
    if let Err(error) = exchange.answer(&answer.encode()).await {
        tracing::warn!(%error, "the answer to a renewal was not delivered");
    }
}

fn renewed(app: &App, exchange: &Exchange) -> Result<RenewAnswer> {
    let peer = parse_peer_certificate(exchange.peer().context("no certificate")?)?;
    let Some(reason) = standing(app, peer.writer, &peer.region) else {
        let subject = NodeSubject { region: peer.region, writer: peer.writer };
        let (serial, now) = (Serial::from_random(random()?), clock::unix_now());
        return Ok(match app.authority.issue_node_certificate(exchange.request(), &subject, serial, now) {
            Ok(certificate) => RenewAnswer::Renewed { certificate_chain: vec![certificate], hub_time: now },
            Err(error) => RenewAnswer::refused(&error.to_string()),
        });
    };
    Ok(RenewAnswer::refused(&reason))
}
