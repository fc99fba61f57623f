//! Everything that arrives at the nodes' port: sessions, joins, renewals. One task each, all owned here.

mod board;
mod carry;
mod erasures;
mod exchanges;
mod hello;
mod session;
mod work;

pub(crate) use board::{Board, Contact, LeaseClock, PeerState, state};
pub(crate) use carry::{Account, Refusal, Word, import};

use crate::{app::App, clock, limits::EXCHANGES_MAX};
use anyhow::{Context, Result};
use enrolment::{Serial, parse_peer_certificate};
use std::{net::SocketAddr, sync::Arc};
use sync_quic::{Arrival, HubCredentials, HubEndpoint, Standing, TimeSource};
use tokio::{sync::Semaphore, task::JoinSet};

/// 16 random bytes of the system.
pub(crate) fn random() -> Result<[u8; 16]> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).context("the system gives no random bytes")?;
    Ok(bytes)
}

/// Opens the nodes' port with a fresh certificate of the hub.
pub(crate) fn bind(app: &App, address: SocketAddr) -> Result<HubEndpoint> {
    let serial = Serial::from_random(random()?);
    let hub = app.authority.issue_hub_certificate(serial, clock::unix_now()).context("certify the hub")?;
    let credentials = HubCredentials {
        certificate_chain: vec![hub.certificate],
        private_key: hub.private_key,
        root_certificate: app.authority.root_certificate().to_vec(),
        reset_secret: app.signer.key.to_bytes(),
    };
    let time = TimeSource::new(Arc::new(clock::unix_now), 0);
    let domain = app.authority.trust_domain().to_owned();
    // Fenced nodes are let in to be told why; the session refuses them.
    let standing = move |leaf: &[u8]| match parse_peer_certificate(leaf) {
        Ok(peer) if peer.trust_domain == domain => Standing::Good,
        Ok(_) | Err(_) => Standing::Revoked,
    };
    HubEndpoint::bind(address, &credentials, &time, Arc::new(standing)).context("open the nodes' port")
}

/// Takes arrivals until the hub stops, then ends all sessions.
pub(crate) async fn accept(app: Arc<App>, mut endpoint: HubEndpoint) {
    let mut tasks = JoinSet::new();
    let exchanges = Arc::new(Semaphore::new(EXCHANGES_MAX));
    loop {
        let arrival = tokio::select! {
            () = app.stop.cancelled() => break,
            Some(ended) = tasks.join_next() => {
                if let Err(error) = ended {
                    tracing::error!(%error, "a peer's task failed");
                }
                continue;
            }
            arrival = endpoint.accept() => match arrival {
                Some(arrival) => arrival,
                None => break,
            },
        };
        let (app, exchanges) = (Arc::clone(&app), Arc::clone(&exchanges));
        match arrival {
            Arrival::Link(link) => tasks.spawn(session::run(app, *link)),
            Arrival::Join(exchange) => tasks.spawn(async move {
                let Ok(_permit) = exchanges.acquire().await else { return };
                exchanges::join(&app, *exchange).await;
            }),
            Arrival::Renewal(exchange) => tasks.spawn(async move {
                let Ok(_permit) = exchanges.acquire().await else { return };
                exchanges::renew(&app, *exchange).await;
            }),
        };
    }
    endpoint.shut_down().await;
    while tasks.join_next().await.is_some() {}
}
