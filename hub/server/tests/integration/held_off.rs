//! What the hub's process holds off: boxes without a sound token, strangers' certificates, frames that are none.

use crate::{
    IMPORT,
    hub::Hub,
    node::{self, Node},
    row,
};
use enrolment::{Authority, JoinAnswer, JoinSecret, NodeKey, NodeSubject, Serial};
use serde_json::json;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use sync_protocol::{
    command::{Change, Command, CommandOutcome},
    documents::TenantKey,
    ids::{JobId, TenantId, Writer},
    limits::CAP_MAX,
    seats::Excess,
    session::{End, NodeOutput, NodeSession},
    wire::v1::{Frame, Hello, Reason},
};
use sync_quic::{CloseCode, ConnectError, LinkError, NodeCredentials, NodeEndpoint, limits, request_join};
use tokio::{runtime::Runtime, time::timeout};

const ANSWER_TIME_MAX: Duration = Duration::from_secs(30);

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

/// What a node hears back.
#[derive(Debug)]
enum Heard {
    Frame(Vec<u8>),
    Finish,
    Loss(LinkError),
}

/// What comes back when this frame is sent as the first of a session.
fn hear(hub: &Hub, credentials: &NodeCredentials, frame: &[u8]) -> Heard {
    let conversation = async {
        let endpoint = NodeEndpoint::bind(None, credentials, node::time()).unwrap();
        let link = match endpoint.connect(hub.quic.parse().unwrap()).await {
            Ok(link) => link,
            Err(ConnectError::Lost(error)) => return Heard::Loss(error),
            Err(error) => panic!("{error}"),
        };
        let (mut sender, mut receiver) = link.split();
        // A refusal may overtake what is sent; the receive says why.
        let _refused = sender.send(frame).await;
        match receiver.recv().await {
            Ok(Some(frame)) => Heard::Frame(frame),
            Ok(None) => Heard::Finish,
            Err(error) => Heard::Loss(error),
        }
    };
    let runtime = Runtime::new().unwrap();
    runtime.block_on(async { timeout(ANSWER_TIME_MAX, conversation).await.expect("the hub does not answer") })
}

/// How the hub ends the session that this hello begins.
fn end_of(hub: &Hub, node: &Node, hello: &Hello) -> End {
    let mut session = NodeSession::new(hello, 0);
    let Some(NodeOutput::Send(first)) = session.poll_output() else { panic!("no hello") };
    let Heard::Frame(frame) = hear(hub, &node.credentials(), &first) else { panic!("no answer") };
    session.handle_frame(&frame, 0);
    loop {
        match session.poll_output() {
            Some(NodeOutput::End(end)) => return end,
            Some(_) => {}
            None => panic!("the session goes on"),
        }
    }
}

#[test]
fn a_token_works_once() {
    let hub = Hub::start();
    let token = hub.create_token("north", "kiosk-1");
    assert!(node::try_join(&hub, &token).is_some());
    assert!(node::try_join(&hub, &token).is_none());
    assert_eq!(hub.get("/v1/nodes").json["nodes"].as_array().unwrap().len(), 1);
}

#[test]
fn a_token_that_has_expired_or_is_forged_works_never() {
    let hub = Hub::start();
    let late = hub.create_token_until("north", "kiosk-1", i64::try_from(now()).unwrap() - 1);
    assert!(node::try_join(&hub, &late).is_none());
    let mut forged = late;
    forged.secret = JoinSecret([9; 16]);
    assert!(node::try_join(&hub, &forged).is_none());
    assert!(hub.get("/v1/nodes").json["nodes"].as_array().unwrap().is_empty());
}

#[test]
fn a_join_request_that_is_none_is_refused() {
    let hub = Hub::start();
    let token = hub.create_token("north", "kiosk-1");
    for garbage in [b"".as_slice(), b"{}", &[0xff; 900]] {
        let answer = Runtime::new().unwrap().block_on(async {
            let address = hub.quic.parse().unwrap();
            let join = request_join(address, token.root_spki_sha256, &node::time()).await.unwrap();
            join.exchange(garbage).await.unwrap()
        });
        assert!(matches!(JoinAnswer::decode(&answer), Ok(JoinAnswer::Refused { .. })));
    }
    assert!(node::try_join(&hub, &token).is_some(), "the token is not used up by it");
}

#[test]
fn a_node_and_a_hub_of_two_clusters_refuse_each_other() {
    let hub = Hub::start();
    let node = Node::join(&hub, "north", "kiosk-1");
    let other = Authority::create(&hub.folder("other"), "test", now()).unwrap();
    let key = NodeKey::generate().unwrap();
    let subject = NodeSubject { region: "north".to_owned(), writer: Writer::new(1, 1) };
    let serial = Serial::from_random([5; 16]);
    let foreign = NodeCredentials {
        certificate_chain: vec![
            other.issue_node_certificate(&key.request().unwrap(), &subject, serial, now()).unwrap(),
        ],
        private_key: key.to_der(),
        root_certificate: hub.authority().root_certificate().to_vec(),
    };
    let refused = hear(&hub, &foreign, b"hello");
    assert!(matches!(refused, Heard::Loss(LinkError::Alert(_))), "{refused:?}");

    let elsewhere =
        NodeCredentials { root_certificate: other.root_certificate().to_vec(), ..node.credentials() };
    let refused = hear(&hub, &elsewhere, b"hello");
    assert!(matches!(refused, Heard::Loss(LinkError::Handshake(_))), "{refused:?}");
}

#[test]
fn a_hello_to_another_cluster_or_in_another_name_is_refused() {
    let hub = Hub::start();
    let node = Node::join(&hub, "north", "kiosk-1");
    let other = Hello { cluster: vec![0; 16], ..node.hello() };
    let End::Refused(refuse) = end_of(&hub, &node, &other) else { panic!("not refused") };
    assert_eq!(refuse.reason, Reason::WrongCluster);
    let posing = Hello { writer: Writer::new(2, 1), ..node.hello() };
    let End::Refused(refuse) = end_of(&hub, &node, &posing) else { panic!("not refused") };
    assert_eq!(refuse.reason, Reason::Protocol);
}

/// The number that a disk is given when it shows one.
fn contact(hub: &Hub, node: &Node, shown: u64) -> u64 {
    let hello = Hello { contact: shown, ..node.hello() };
    let Heard::Frame(frame) = hear(hub, &node.credentials(), &Frame::Hello(hello).encode()) else {
        panic!("no answer")
    };
    let Ok(Frame::Welcome(welcome)) = Frame::decode(&frame) else { panic!("not welcome") };
    welcome.contact
}

#[test]
fn a_copy_of_a_disk_that_wrote_nothing_ends_its_incarnation() {
    let hub = Hub::start();
    let node = Node::join(&hub, "north", "kiosk-1");
    assert_eq!(contact(&hub, &node, 0), 1);
    assert_eq!(contact(&hub, &node, 0), 2, "a box that lost power before it kept its number is let in");
    assert_eq!(contact(&hub, &node, 2), 3);
    for shown in [0, 3] {
        let hello = Hello { contact: shown, ..node.hello() };
        let End::Refused(refuse) = end_of(&hub, &node, &hello) else { panic!("not refused") };
        assert_eq!(refuse.reason, Reason::Revoked, "contact {shown}");
        assert!(refuse.detail.contains("a copy"), "{}", refuse.detail);
    }
}

#[test]
fn frames_that_are_none_end_their_session_alone() {
    let hub = Hub::start();
    let node = Node::join(&hub, "north", "kiosk-1");
    let many = vec![0xff; limits::FRAME_BYTES_MAX];
    for garbage in [&[][..], &[1], &[1, 0], &[1, 0, 0xff], &[1, 1, 0x28, 0xb5, 0x2f, 0xfd, 0xff], &many] {
        assert!(Frame::decode(garbage).is_err(), "{:?}", &garbage[..garbage.len().min(8)]);
        let heard = hear(&hub, &node.credentials(), garbage);
        let is_over = matches!(heard, Heard::Finish)
            || matches!(heard, Heard::Loss(LinkError::Closed { code: CloseCode::Protocol, .. }));
        assert!(is_over, "the hub goes on: {heard:?}");
    }
    assert_eq!(hub.get("/readyz").status, 200);
    assert_eq!(hub.import(IMPORT, &row("a", "Cook", 10)).status, 200);
    let (changes, granted) = node.sync_until_granted(&hub);
    assert!(changes > 0 && granted > 0, "the node that sent them is served again");
}

#[test]
fn a_node_commands_nothing_without_the_tenants_key() {
    let hub = Hub::start();
    hub.add_tenant("Other", "another key", "north");
    hub.add_tenant("Away", "a third key", "south");
    for (tenant, region) in [("Acme", "north"), ("Other", "north"), ("Away", "south")] {
        let path = format!("/v1/jobs:import?region={region}&tenant={tenant}");
        assert_eq!(hub.import(&path, &row("a", tenant, 3)).json["created"], 1, "{tenant}");
    }
    let job = |title: &str| -> JobId {
        hub.get(&format!("/v1/jobs?q={title}")).json["jobs"][0]["id"].as_str().unwrap().parse().unwrap()
    };
    let (own, other, away) = (job("Acme"), job("Other"), job("Away"));
    let node = Node::join(&hub, "north", "kiosk-1");
    let writer = node.admitted().writer;
    let (acme, third) = (hub.tenant_id("Acme"), hub.tenant_id("Away"));
    let order = |key: &str, at: Writer, tenant, job, change| {
        Command::signed(&TenantKey::of_api_key(key), at, [1; 16], tenant, job, change)
    };
    let unsigned = Command { signature: Vec::new(), ..order("key", writer, acme, own, Change::Close) };
    let elsewhere = Writer::new(writer.node.0 + 1, 1);
    let cap = |cap| Change::Cap { cap, excess: Excess::Keep };
    let commands = [
        ("unsigned", unsigned, CommandOutcome::NotProved),
        ("a guessed key", order("guessed", writer, acme, own, Change::Close), CommandOutcome::NotProved),
        ("another's key", order("another key", writer, acme, own, Change::Close), CommandOutcome::NotProved),
        ("for another node", order("key", elsewhere, acme, own, Change::Close), CommandOutcome::NotProved),
        ("no such tenant", order("key", writer, TenantId(99), own, Change::Close), CommandOutcome::NotProved),
        ("another's job", order("key", writer, acme, other, Change::Close), CommandOutcome::Unknown),
        ("another region", order("a third key", writer, third, away, Change::Close), CommandOutcome::Unknown),
        ("no seats", order("key", writer, acme, own, cap(0)), CommandOutcome::OutOfRange),
        ("too many seats", order("key", writer, acme, own, cap(CAP_MAX + 1)), CommandOutcome::OutOfRange),
    ];
    let sent: Vec<_> = commands.iter().map(|(_, command, _)| command.clone()).collect();
    for ((what, _, expected), outcome) in commands.iter().zip(node.pass_on(&hub, &sent)) {
        assert_eq!(outcome, *expected, "{what}");
    }
    for job in [own, other, away] {
        let seats = hub.get(&format!("/v1/jobs/{job}/seats")).json;
        assert_eq!((&seats["cap"], &seats["open"]), (&json!(3), &json!(true)), "{job}");
    }
    let right = order("key", writer, acme, own, cap(5));
    let outcomes = node.pass_on(&hub, &[right.clone(), right]);
    let CommandOutcome::Done(standing) = outcomes[0] else { panic!("{outcomes:?}") };
    assert_eq!((standing.cap, standing.open, outcomes[1]), (5, true, outcomes[0]), "once, and told twice");
    let other_order = order("key", writer, acme, own, Change::Close);
    assert_eq!(node.pass_on(&hub, &[other_order]), [CommandOutcome::KeyReused]);
    let seats = hub.get(&format!("/v1/jobs/{own}/seats")).json;
    assert_eq!((&seats["cap"], &seats["open"]), (&json!(5), &json!(true)));
}
