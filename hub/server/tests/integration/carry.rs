//! Sessions in files: what the hub takes, what it refuses, and that a file read twice changes nothing.

use crate::{
    IMPORT,
    hub::{Answer, Hub},
    node::{LOG_KEY, Node},
    row,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use ed25519_dalek::{Signer, SigningKey, VerifyingKey};
use enrolment::LogKeyCertificate;
use serde_json::json;
use sync_protocol::{
    carry::{Carry, CarryWriter, Header},
    ids::{JobId, SignUpId, TenantId, TopicId, VshardId, WorkerId, Writer},
    limits::CARRY_BYTES_MAX,
    log::{Entry, EntryKind, Head, LogHead},
    seats::{NodeEvent, NodeRow},
    wire::v1::{Frame, Hello, Up, UpState},
};

const ROUTE: &str = "/v1/sync/carry";

/// A log with a job of `cap` seats born at the node, these workers' sign-ups and, where it is whole, its last row.
fn log(writer: Writer, cap: u32, workers: &[u8], is_whole: bool) -> Vec<Entry> {
    let job = JobId::job(writer, 1);
    let mut events = vec![(job, NodeEvent::Birth { cap, policy: None })];
    for (worker, counter) in workers.iter().zip(2..) {
        let sign_up = SignUpId::sign_up(writer, counter);
        events.push((job, NodeEvent::Accept { sign_up, worker: WorkerId([*worker; 16]) }));
    }
    if is_whole {
        events.push((NodeEvent::no_job(writer), NodeEvent::Final));
    }
    let topic = TopicId::of(TenantId(1), "north", 0);
    let entry = |(job, event)| {
        let body = minicbor::to_vec(NodeRow { job, event }).unwrap();
        Entry::new(EntryKind::NodeLedger, topic, job, body)
    };
    events.into_iter().map(entry).collect()
}

fn header(node: &Node) -> Header {
    let admitted = node.admitted();
    Header {
        cluster: admitted.cluster_id.0.to_vec(),
        author: admitted.writer,
        node: admitted.writer,
        certificate: admitted.log_key_certificate.encode().to_vec(),
        after: Vec::new(),
    }
}

fn file(node: &Node, header: &Header, entries: &[Entry]) -> Vec<u8> {
    let (key, writer) = (SigningKey::from_bytes(&LOG_KEY), header.author);
    let vshard = VshardId::of(TopicId::of(TenantId(1), "north", 0));
    let genesis = LogHead { wseq: 0, head: Head::genesis(writer, vshard) };
    let head = entries.iter().fold(genesis, |head, entry| head.then(entry));
    let up = vec![UpState { vshard: vshard.0, wseq: head.wseq, head: head.head }];
    let signature = key.sign(&head.head.signed_bytes(writer, vshard, head.wseq)).to_bytes().to_vec();
    let mut file = CarryWriter::new(header, CARRY_BYTES_MAX);
    assert!(file.push(&Frame::Hello(Hello { up, ..node.hello() })));
    assert!(file.push(&Frame::Up(Up { vshard: vshard.0, first: 1, entries: entries.to_vec(), signature })));
    file.finish(false, &key)
}

fn bring(hub: &Hub, query: &str, file: &[u8]) -> Answer {
    hub.post_bytes(&format!("{ROUTE}{query}"), &hub.token, file)
}

#[test]
fn a_file_is_merged_once_and_answered() {
    let hub = Hub::start();
    assert_eq!(hub.import(IMPORT, &row("a", "Cook", 3)).status, 200);
    let node = Node::join(&hub, "north", "kiosk-1");
    let bytes = file(&node, &header(&node), &log(node.admitted().writer, 5, &[1, 2], false));
    let first = bring(&hub, "", &bytes);
    assert_eq!((first.status, &first.json["merged"]), (200, &json!(3)), "{first:?}");
    assert_eq!(first.json["saved"].as_array().unwrap().len(), 2);
    let again = bring(&hub, "", &bytes);
    assert_eq!((again.status, &again.json["merged"], &again.json["saved"]), (200, &json!(0), &json!([])));
    let answer = STANDARD.decode(first.json["answer"].as_str().unwrap()).unwrap();
    let carry = Carry::decode(&answer).unwrap();
    let certificate = LogKeyCertificate::decode(&carry.header.certificate).unwrap();
    certificate.verify(&hub.authority().root_public_key()).unwrap();
    carry.verify(&VerifyingKey::from_bytes(&certificate.key).unwrap()).unwrap();
    let frames: Vec<Frame> = carry.frames().collect::<Result<_, _>>().unwrap();
    assert!(matches!(&frames[0], Frame::Welcome(welcome) if welcome.acked[0].wseq == 3));
    assert!(matches!(&frames[1], Frame::Down(down) if !down.entries.is_empty()));
}

#[test]
fn a_whole_log_settles_and_gives_its_rights_back() {
    let hub = Hub::start();
    let node = Node::join(&hub, "north", "kiosk-1");
    let entries = log(node.admitted().writer, 5, &[1, 2], true);
    assert_eq!(bring(&hub, "", &file(&node, &header(&node), &entries[..2])).json["merged"], 2);
    let bytes = file(&node, &header(&node), &entries);
    let settled = bring(&hub, "?retire=lost", &bytes);
    assert_eq!((settled.status, &settled.json["settled"]), (200, &json!(true)), "{settled:?}");
    let again = bring(&hub, "?retire=lost", &bytes);
    assert_eq!((again.status, &again.json["settled"], &again.json["saved"]), (200, &json!(true), &json!([])));
    assert_eq!(settled.json["saved"].as_array().unwrap().len(), 1, "{settled:?}");
    assert_eq!(settled.json["back"][0]["rights"], 3, "{settled:?}");
}

#[test]
fn a_copy_is_fenced_and_its_people_are_named() {
    let hub = Hub::start();
    let node = Node::join(&hub, "north", "kiosk-1");
    let writer = node.admitted().writer;
    let (one, other) = (log(writer, 2, &[1, 2], true), log(writer, 2, &[1, 3], false));
    assert_eq!(bring(&hub, "", &file(&node, &header(&node), &one[..3])).status, 200);
    let copy = bring(&hub, "", &file(&node, &header(&node), &other));
    assert_eq!(copy.json["strangers"][0]["worker"], "03".repeat(16), "{copy:?}");
    assert_eq!(copy.json["strangers"].as_array().unwrap().len(), 1);
    let whole = file(&node, &header(&node), &one);
    assert_eq!(bring(&hub, "", &whole).json["settled"], false, "a doubted log needs a word");
    let settled = bring(&hub, "?this_is_the_one=true", &whole);
    assert_eq!(settled.json["settled"], true, "{settled:?}");
}

#[test]
fn what_is_not_the_nodes_own_whole_file_is_refused() {
    let hub = Hub::start();
    let node = Node::join(&hub, "north", "kiosk-1");
    let writer = node.admitted().writer;
    let entries = log(writer, 5, &[1], false);
    let bytes = file(&node, &header(&node), &entries);
    let refused = |file: &[u8]| {
        let answer = bring(&hub, "", file);
        // A broken file may name another cluster before its signature is looked at.
        let expected = [(400, "/problems/bad-file"), (409, "/problems/wrong-file")];
        let said = (answer.status, answer.json["type"].as_str().unwrap_or_default());
        assert!(expected.contains(&said), "{answer:?}");
    };
    refused(&bytes[..bytes.len() - 70]);
    for at in [0, 8, 20, bytes.len() / 2, bytes.len() - 1] {
        let mut flipped = bytes.clone();
        flipped[at] ^= 4;
        refused(&flipped);
    }
    let elsewhere =
        bring(&hub, "", &file(&node, &Header { cluster: vec![1; 16], ..header(&node) }, &entries));
    assert_eq!(
        (elsewhere.status, &elsewhere.json["type"]),
        (409, &json!("/problems/wrong-file")),
        "{elsewhere:?}"
    );
    refused(&file(
        &node,
        &Header { author: Writer::new(9, 1), node: Writer::new(9, 1), ..header(&node) },
        &entries,
    ));
    let mut foreign = node.admitted().log_key_certificate;
    foreign.signature[0] ^= 1;
    refused(&file(&node, &Header { certificate: foreign.encode().to_vec(), ..header(&node) }, &entries));
    assert_eq!(hub.post_bytes(ROUTE, "wrong", &bytes).status, 401);
    assert_eq!(bring(&hub, "", &bytes).json["merged"], 2, "the node's own file is taken after all that");
}

#[test]
fn wishes_without_end_are_refused_and_counted() {
    let hub = Hub::start();
    let node = Node::join(&hub, "north", "kiosk-1");
    let writer = node.admitted().writer;
    let job = JobId::job(writer, 1);
    let wish = |counter| {
        let event =
            NodeEvent::CancelFor { sign_up: SignUpId::sign_up(Writer::new(2, 1), counter), reason: None };
        let topic = TopicId::of(TenantId(1), "north", 0);
        Entry::new(EntryKind::NodeLedger, topic, job, minicbor::to_vec(NodeRow { job, event }).unwrap())
    };
    let wishes: Vec<Entry> = (1..=1_021).map(wish).collect();
    let first = bring(&hub, "", &file(&node, &header(&node), &wishes[..1_020]));
    assert_eq!((first.status, &first.json["merged"]), (200, &json!(1_020)), "{first:?}");
    let second = bring(&hub, "", &file(&node, &header(&node), &wishes));
    assert_eq!((second.status, &second.json["type"]), (409, &json!("/problems/over-limit")), "{second:?}");
    let metrics = hub.get("/metrics").body;
    assert!(metrics.contains("dayshift_batches_over_limit_total{limit=\"Cancels\"} 1"), "{metrics}");
    assert_eq!(hub.get("/v1/limbo").json["incarnations"], json!([]), "nobody is fenced for it");
}
