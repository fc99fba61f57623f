//! Links over loopback: who gets in, who does not, and what a frame may be.

#![expect(clippy::disallowed_methods, reason = "a test joins its own tasks")]
#![expect(clippy::unwrap_used, reason = "a panic is how a test helper fails")]

mod lines;
mod simulated;

use std::{
    fs,
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use enrolment::{Authority, NodeKey, NodeSubject, Serial};
use sync_protocol::ids::Writer;
use sync_quic::{
    Arrival, CloseCode, ConnectError, Denylist, Exchange, HubCredentials, HubEndpoint, Link, LinkError,
    NodeCredentials, NodeEndpoint, Standing, TimeSource, limits, request_join,
};
use tokio::task::JoinHandle;

const NOW: u64 = 1_800_000_000;
const LOOPBACK: (Ipv4Addr, u16) = (Ipv4Addr::LOCALHOST, 0);
const DAY: u64 = 86_400;

/// A cluster of one hub on loopback, with a clock and a denylist that the test sets.
struct World {
    folder: PathBuf,
    authority: Authority,
    clock: Arc<AtomicU64>,
    revoked: Arc<AtomicBool>,
}

impl World {
    fn new(name: &str) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id()));
        let authority = Authority::create(&folder, "city", NOW).unwrap();
        Self { folder, authority, clock: Arc::new(AtomicU64::new(NOW)), revoked: Arc::default() }
    }

    fn time(&self) -> TimeSource {
        let clock = self.clock.clone();
        TimeSource::new(Arc::new(move || clock.load(Ordering::Relaxed)), 0)
    }

    fn hub_credentials(&self) -> HubCredentials {
        let issued = self.authority.issue_hub_certificate(Serial::from_random([1; 16]), NOW).unwrap();
        HubCredentials {
            certificate_chain: vec![issued.certificate],
            private_key: issued.private_key,
            root_certificate: self.authority.root_certificate().to_vec(),
            reset_secret: [4; 32],
        }
    }

    fn standing(&self) -> Denylist {
        let revoked = self.revoked.clone();
        Arc::new(
            move |_: &[u8]| {
                if revoked.load(Ordering::Relaxed) { Standing::Revoked } else { Standing::Good }
            },
        )
    }

    fn hub(&self) -> (HubEndpoint, SocketAddr) {
        self.hub_at(LOOPBACK.into())
    }

    fn hub_at(&self, address: SocketAddr) -> (HubEndpoint, SocketAddr) {
        let (credentials, time) = (self.hub_credentials(), self.time());
        let hub = HubEndpoint::bind(address, &credentials, &time, self.standing()).unwrap();
        let address = hub.local_address().unwrap();
        (hub, address)
    }

    fn credentials(&self) -> NodeCredentials {
        let key = NodeKey::generate().unwrap();
        let subject = NodeSubject { region: "north".to_owned(), writer: Writer::new(7, 1) };
        let serial = Serial::from_random([2; 16]);
        let request = key.request().unwrap();
        NodeCredentials {
            certificate_chain: vec![
                self.authority.issue_node_certificate(&request, &subject, serial, NOW).unwrap(),
            ],
            private_key: key.to_der(),
            root_certificate: self.authority.root_certificate().to_vec(),
        }
    }

    fn node(&self, credentials: &NodeCredentials) -> NodeEndpoint {
        NodeEndpoint::bind(Some(LOOPBACK.into()), credentials, self.time()).unwrap()
    }
}

impl Drop for World {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.folder).unwrap();
    }
}

/// Accepts in the background: echoes every frame of links, answers every exchange with its request.
fn serve(mut hub: HubEndpoint) -> JoinHandle<()> {
    tokio::spawn(async move {
        while let Some(arrival) = hub.accept().await {
            match arrival {
                Arrival::Link(link) => drop(tokio::spawn(echo(*link))),
                Arrival::Join(exchange) | Arrival::Renewal(exchange) => drop(tokio::spawn(answer(*exchange))),
            }
        }
    })
}

/// `Ok` once the peer has finished.
async fn echo(link: Link) -> Result<(), LinkError> {
    let (mut sender, mut receiver) = link.split();
    while let Some(frame) = receiver.recv().await? {
        sender.send(&frame).await?;
    }
    Ok(())
}

async fn answer(exchange: Exchange) {
    let bytes = [exchange.request(), exchange.exporter(), exchange.peer().unwrap_or_default()].concat();
    exchange.answer(&bytes).await.unwrap();
}

/// What the first receive says after one frame was sent.
async fn first_answer(node: &NodeEndpoint, address: SocketAddr) -> Result<Option<Vec<u8>>, LinkError> {
    let (mut sender, mut receiver) = match node.connect(address).await {
        Ok(link) => link.split(),
        Err(ConnectError::Lost(error)) => return Err(error),
        Err(error) => panic!("{error}"),
    };
    // A refusal may overtake the frame; the receive tells why.
    let _ = sender.send(b"hello").await;
    receiver.recv().await
}

fn closed(code: CloseCode) -> Result<Option<Vec<u8>>, LinkError> {
    Err(LinkError::Closed { code, reason: String::new() })
}

#[tokio::test]
async fn a_link_shows_both_certificates_and_echoes_frames_of_every_size() {
    let world = World::new("echo");
    let (mut hub, address) = world.hub();
    let credentials = world.credentials();
    let node = world.node(&credentials);
    let (near, far) = tokio::join!(node.connect(address), hub.accept());
    let near = near.unwrap();
    let Some(Arrival::Link(far)) = far else { panic!("no link") };
    assert_eq!(far.peer(), credentials.certificate_chain[0]);
    let echo = tokio::spawn(echo(*far));
    let (mut sender, mut receiver) = near.split();
    let sizes = (0..1000).map(|n| n * 37).chain([limits::FRAME_BYTES_MAX]);
    for size in sizes {
        sender.send(&vec![7; size]).await.unwrap();
        assert_eq!(receiver.recv().await.unwrap().unwrap().len(), size);
    }
    let too_long = limits::FRAME_BYTES_MAX + 1;
    assert_eq!(sender.send(&vec![7; too_long]).await, Err(LinkError::FrameTooLong(too_long)));
    assert!(sender.handle().stats().bytes_sent > 1000);
    sender.finish();
    assert_eq!(echo.await.unwrap(), Ok(()));
}

#[tokio::test]
async fn a_certificate_of_another_authority_fails_the_handshake() {
    let (world, other) = (World::new("ours"), World::new("theirs"));
    let (hub, address) = world.hub();
    let hub = serve(hub);
    let foreign = NodeCredentials {
        root_certificate: world.authority.root_certificate().to_vec(),
        ..other.credentials()
    };
    let refused = first_answer(&world.node(&foreign), address).await;
    assert!(matches!(refused, Err(LinkError::Alert(_))), "{refused:?}");
    let fooled = first_answer(&other.node(&other.credentials()), address).await;
    assert!(matches!(fooled, Err(LinkError::Handshake(_))), "{fooled:?}");
    hub.abort();
}

#[tokio::test]
async fn a_certificate_that_signs_itself_fails_the_handshake() {
    let world = World::new("selfish");
    let (hub, address) = world.hub();
    let hub = serve(hub);
    let own = rcgen::generate_simple_self_signed(vec!["node-7.north.city".to_owned()]).unwrap();
    let selfish = NodeCredentials {
        certificate_chain: vec![own.cert.der().to_vec()],
        private_key: own.signing_key.serialize_der(),
        root_certificate: world.authority.root_certificate().to_vec(),
    };
    let refused = first_answer(&world.node(&selfish), address).await;
    assert!(matches!(refused, Err(LinkError::Alert(_))), "{refused:?}");
    assert_eq!(first_answer(&world.node(&world.credentials()), address).await, Ok(Some(b"hello".to_vec())));
    hub.abort();
}

#[tokio::test]
async fn an_expired_or_revoked_certificate_is_refused_on_resumed_connections_too() {
    let world = World::new("expired");
    let (hub, address) = world.hub();
    let hub = serve(hub);
    let credentials = world.credentials();
    let node = world.node(&credentials);
    assert_eq!(first_answer(&node, address).await, Ok(Some(b"hello".to_vec())));
    assert_eq!(first_answer(&node, address).await, Ok(Some(b"hello".to_vec())));
    world.clock.store(NOW + 8 * DAY, Ordering::Relaxed);
    assert_eq!(first_answer(&node, address).await, closed(CloseCode::CertificateExpired));
    assert_eq!(first_answer(&world.node(&credentials), address).await, closed(CloseCode::CertificateExpired));

    let renewal = node.connect_for_renewal(address).await.unwrap();
    let expected = [b"csr".as_slice(), renewal.exporter(), &credentials.certificate_chain[0]].concat();
    assert_eq!(renewal.exchange(b"csr").await.unwrap(), expected);

    world.clock.store(NOW, Ordering::Relaxed);
    world.revoked.store(true, Ordering::Relaxed);
    assert_eq!(first_answer(&node, address).await, closed(CloseCode::Revoked));
    let renewal = node.connect_for_renewal(address).await.unwrap();
    assert!(renewal.exchange(b"csr").await.is_err());
    hub.abort();
}

#[tokio::test]
async fn a_box_joins_the_cluster_that_its_token_names_and_no_other() {
    let world = World::new("join");
    let (hub, address) = world.hub();
    let hub = serve(hub);
    let mut hash = world.authority.root_spki_sha256();
    let join = request_join(address, hash, &world.time()).await.unwrap();
    assert_eq!(join.root_certificate(), world.authority.root_certificate());
    let expected = [b"token".as_slice(), join.exporter()].concat();
    assert_eq!(join.exchange(b"token").await.unwrap(), expected);

    let join = request_join(address, hash, &world.time()).await.unwrap();
    assert!(join.exchange(&[0; limits::EXCHANGE_BYTES_MAX + 1]).await.is_err());

    hash[0] ^= 1;
    let refused = request_join(address, hash, &world.time()).await;
    assert!(matches!(refused, Err(ConnectError::Lost(LinkError::Handshake(_)))), "{refused:?}");
    hub.abort();
}

/// A client without any of the library's care; trusts the root, shows the credentials if given.
async fn raw_connection(
    world: &World,
    credentials: Option<NodeCredentials>,
    endpoint: &quinn::Endpoint,
    address: SocketAddr,
) -> quinn::Connection {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(world.authority.root_certificate().to_vec().into()).unwrap();
    let config =
        rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_protocol_versions(&[&rustls::version::TLS13])
            .unwrap()
            .with_root_certificates(roots);
    let mut config = match credentials {
        Some(NodeCredentials { certificate_chain, private_key, .. }) => config
            .with_client_auth_cert(
                certificate_chain.into_iter().map(Into::into).collect(),
                private_key.try_into().unwrap(),
            )
            .unwrap(),
        None => config.with_no_client_auth(),
    };
    config.alpn_protocols = vec![b"dayshift-sync/1".to_vec()];
    let config = quinn::crypto::rustls::QuicClientConfig::try_from(config).unwrap();
    let config = quinn::ClientConfig::new(Arc::new(config));
    endpoint.connect_with(config, address, "hub.dayshift.internal").unwrap().await.unwrap()
}

#[tokio::test]
async fn a_session_without_a_certificate_is_refused() {
    let world = World::new("bare");
    let (hub, address) = world.hub();
    let hub = serve(hub);
    let endpoint = quinn::Endpoint::client(LOOPBACK.into()).unwrap();
    let connection = raw_connection(&world, None, &endpoint, address).await;
    let quinn::ConnectionError::ApplicationClosed(close) = connection.closed().await else {
        panic!("not closed")
    };
    assert_eq!(close.error_code, CloseCode::NoCertificate.to_u32().into());
    hub.abort();
}

#[tokio::test]
async fn a_frame_over_the_limit_closes_the_connection_before_it_is_read() {
    let world = World::new("oversize");
    let (mut hub, address) = world.hub();
    let endpoint = quinn::Endpoint::client(LOOPBACK.into()).unwrap();
    let client = raw_connection(&world, Some(world.credentials()), &endpoint, address);
    let client = async {
        let connection = client.await;
        let (mut send, receive) = connection.open_bi().await.unwrap();
        send.write_all(&[1, 0, 16, 0, 1]).await.unwrap();
        (connection, send, receive)
    };
    let ((connection, _send, _receive), far) = tokio::join!(client, hub.accept());
    let Some(Arrival::Link(far)) = far else { panic!("no link") };
    let (_sender, mut receiver) = far.split();
    let length = limits::FRAME_BYTES_MAX + 1;
    assert_eq!(receiver.recv().await, Err(LinkError::FrameTooLong(length)));
    let quinn::ConnectionError::ApplicationClosed(close) = connection.closed().await else {
        panic!("not closed")
    };
    assert_eq!(close.error_code, CloseCode::TooLong.to_u32().into());
}

#[tokio::test]
async fn a_closed_link_ends_the_peers_receive_with_the_reason() {
    let world = World::new("gone");
    let (mut hub, address) = world.hub();
    let node = world.node(&world.credentials());
    let (near, far) = tokio::join!(node.connect(address), hub.accept());
    let Some(Arrival::Link(far)) = far else { panic!("no link") };
    let (_sender, mut receiver) = near.unwrap().split();
    far.close(CloseCode::Replaced, "newer link");
    let error = LinkError::Closed { code: CloseCode::Replaced, reason: "newer link".to_owned() };
    assert_eq!(receiver.recv().await, Err(error));
}

#[test]
fn a_hub_that_was_killed_and_runs_again_ends_the_links_of_before_at_their_next_packet() {
    let world = World::new("killed");
    let credentials = world.credentials();
    let runtime =
        || tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let (first, second, near) = (runtime(), runtime(), runtime());
    let address = first.block_on(async {
        let (hub, address) = world.hub();
        serve(hub);
        address
    });
    let (node, mut sender, mut receiver) = near.block_on(async {
        let node = world.node(&credentials);
        let (mut sender, mut receiver) = node.connect(address).await.unwrap().split();
        sender.send(b"before").await.unwrap();
        assert_eq!(receiver.recv().await.unwrap().unwrap(), b"before");
        (node, sender, receiver)
    });
    // Nothing of it is told to the node: its tasks and its socket are gone.
    first.shutdown_timeout(limits::IDLE_TIMEOUT);
    second.block_on(async { drop(serve(world.hub_at(address).0)) });
    near.block_on(async {
        sender.send(b"after").await.unwrap();
        let ended =
            tokio::time::timeout(limits::IDLE_TIMEOUT / 4, receiver.recv()).await.expect("it waits on");
        assert_eq!(ended, Err(LinkError::Reset));
        assert_eq!(first_answer(&node, address).await.unwrap().unwrap(), b"hello");
    });
    second.shutdown_background();
}
