//! Somebody on the line between nodes and the hub who holds the keys of both: to a node it is the hub, to the hub that node.
//! It passes each frame on and keeps it as it was, before the encryption of the next stretch.

use enrolment::{Authority, NodeIdentity, Serial};
use std::{
    net::SocketAddr,
    path::Path,
    sync::{Arc, Mutex},
    time::{SystemTime, UNIX_EPOCH},
};
use sync_quic::{
    Arrival, HubCredentials, HubEndpoint, Link, NodeCredentials, NodeEndpoint, Standing, TimeSource,
};
use tokio::{runtime::Runtime, sync::watch, task::JoinSet};

/// Which way a frame goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    ToHub,
    ToNode,
}

type Frames = Arc<Mutex<Vec<(Way, Vec<u8>)>>>;

/// All lines of a town; they end with this value.
pub(crate) struct Tap {
    runtime: Runtime,
    frames: Frames,
}

/// One node's line. It is whole until it is cut.
pub(crate) struct Line(watch::Sender<bool>);

impl Line {
    pub(crate) fn cut(&self) {
        self.0.send_replace(true);
    }

    pub(crate) fn heal(&self) {
        self.0.send_replace(false);
    }
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

fn clock() -> TimeSource {
    TimeSource::new(Arc::new(now), 0)
}

impl Tap {
    pub(crate) fn new() -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        Self { runtime, frames: Frames::default() }
    }

    /// Lays itself between the hub and a node that has joined and does not run.
    pub(crate) fn lay(&self, hub_data: &Path, hub: SocketAddr, node_data: &Path) -> Line {
        let _inside = self.runtime.enter();
        let authority = Authority::open(&hub_data.join("authority")).unwrap();
        let shown = authority.issue_hub_certificate(Serial::from_random([7; 16]), now()).unwrap();
        let as_hub = HubCredentials {
            certificate_chain: vec![shown.certificate],
            private_key: shown.private_key,
            root_certificate: authority.root_certificate().to_vec(),
            reset_secret: [7; 32],
        };
        let anybody = Arc::new(|_: &[u8]| Standing::Good);
        let endpoint = HubEndpoint::bind("127.0.0.1:0".parse().unwrap(), &as_hub, &clock(), anybody).unwrap();
        let mut identity = NodeIdentity::load(node_data).unwrap();
        identity.hub_address = endpoint.local_address().unwrap().to_string();
        identity.store(node_data).unwrap();
        let as_node = NodeCredentials {
            certificate_chain: identity.certificate_chain,
            private_key: identity.tls_key,
            root_certificate: identity.root_certificate,
        };
        let local = "127.0.0.1:0".parse().unwrap();
        let node = Arc::new(NodeEndpoint::bind(Some(local), &as_node, clock()).unwrap());
        let (line, is_cut) = watch::channel(false);
        let frames = Arc::clone(&self.frames);
        // The runtime's end is this task's.
        let _runs = self.runtime.spawn(serve(endpoint, node, hub, frames, is_cut));
        Line(line)
    }

    /// Every frame so far.
    pub(crate) fn frames(&self) -> Vec<(Way, Vec<u8>)> {
        self.frames.lock().unwrap().clone()
    }
}

/// Takes the node's links; a newer one ends the one before.
async fn serve(
    mut endpoint: HubEndpoint,
    node: Arc<NodeEndpoint>,
    hub: SocketAddr,
    frames: Frames,
    mut is_cut: watch::Receiver<bool>,
) {
    let mut session = JoinSet::new();
    loop {
        tokio::select! {
            arrival = endpoint.accept() => {
                let Some(arrival) = arrival else { return };
                let Arrival::Link(link) = arrival else { continue };
                session.shutdown().await;
                if !*is_cut.borrow() {
                    session.spawn(pass(*link, Arc::clone(&node), hub, Arc::clone(&frames)));
                }
            }
            changed = is_cut.changed() => {
                if changed.is_err() {
                    return;
                }
                if *is_cut.borrow_and_update() {
                    session.shutdown().await;
                }
            }
        }
    }
}

/// Passes frames on in both directions until one side ends; the other's link ends with it.
async fn pass(link: Link, node: Arc<NodeEndpoint>, hub: SocketAddr, frames: Frames) {
    let Ok(upstream) = node.connect(hub).await else { return };
    let (mut to_node, mut from_node) = link.split();
    let (mut to_hub, mut from_hub) = upstream.split();
    let keep = |way: Way, frame: &[u8]| frames.lock().unwrap().push((way, frame.to_vec()));
    let up = async {
        while let Ok(Some(frame)) = from_node.recv().await {
            keep(Way::ToHub, &frame);
            if to_hub.send(&frame).await.is_err() {
                return;
            }
        }
    };
    let down = async {
        while let Ok(Some(frame)) = from_hub.recv().await {
            keep(Way::ToNode, &frame);
            if to_node.send(&frame).await.is_err() {
                return;
            }
        }
    };
    tokio::select! {
        () = up => {}
        () = down => {}
    }
}
