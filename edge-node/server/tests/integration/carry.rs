//! What a hub sends by hand: only a file that the hub signed for this very node is used.

use crate::node::{Answer, Node};
use ed25519_dalek::SigningKey;
use enrolment::Authority;
use sync_protocol::{
    carry::{CarryWriter, Header},
    ids::Writer,
    limits::CARRY_BYTES_MAX,
    wire::v1::{Frame, Interest, Reason, Refuse, Welcome},
};

const HUB: Writer = Writer::new(0, 1);
const OWN: Writer = Writer::new(7, 1);
const HUB_KEY: [u8; 32] = [8; 32];

/// A header as the hub of the node's cluster writes it.
fn header(node: &Node) -> Header {
    let authority = Authority::open(&node.folder().join("authority")).unwrap();
    let public = SigningKey::from_bytes(&HUB_KEY).verifying_key().to_bytes();
    Header {
        cluster: authority.cluster_id().0.to_vec(),
        author: HUB,
        node: OWN,
        certificate: authority.certify_log_key(HUB, public).unwrap().encode().to_vec(),
        after: Vec::new(),
    }
}

fn file(header: &Header, key: [u8; 32], first: &Frame) -> Vec<u8> {
    let mut file = CarryWriter::new(header, CARRY_BYTES_MAX);
    assert!(file.push(first));
    file.finish(false, &SigningKey::from_bytes(&key))
}

fn welcome(interest: Interest) -> Frame {
    Frame::Welcome(Welcome { version: 1, interest, acked: Vec::new(), time: 0, retired: None, contact: 0 })
}

fn bring(node: &Node, file: &[u8]) -> Answer {
    let (name, value) = node.owner();
    node.send("POST", "/v1/sync/carry", &[(name, &value)], file)
}

#[test]
fn a_file_for_somebody_else_is_refused_with_the_way_to_go() {
    let node = Node::start("wrong-file");
    let right = header(&node);
    let stranger = Authority::create(&node.folder().join("strangers"), "other", crate::node::now()).unwrap();
    let public = SigningKey::from_bytes(&HUB_KEY).verifying_key().to_bytes();
    let of = |change: &dyn Fn(&mut Header)| {
        let mut header = right.clone();
        change(&mut header);
        file(&header, HUB_KEY, &welcome(Interest::default()))
    };
    let cases: [(Vec<u8>, &str); 5] = [
        (of(&|header| header.cluster = stranger.cluster_id().0.to_vec()), "of another cluster"),
        (of(&|header| header.author = OWN), "import it at the hub"),
        (of(&|header| header.node = Writer::new(8, 1)), "import it there"),
        (of(&|header| header.node = Writer::new(7, 2)), "import it there"),
        (
            of(&|header| {
                header.certificate = stranger.certify_log_key(HUB, public).unwrap().encode().to_vec()
            }),
            "has not certified",
        ),
    ];
    for (file, way) in cases {
        let refused = bring(&node, &file);
        assert_eq!((refused.status, refused.problem().as_str()), (409, "/problems/wrong-file"), "{way}");
        assert!(refused.body.contains(way), "{way}: {refused:?}");
    }
    assert_eq!(node.get("/readyz").status, 200, "nothing of them was used");
}

#[test]
fn a_file_that_is_none_is_refused_and_a_right_one_is_used() {
    let node = Node::start("bad-file");
    let header = header(&node);
    let whole = file(&header, HUB_KEY, &welcome(Interest::default()));
    let mut damaged = whole.clone();
    let middle = damaged.len() / 2;
    damaged[middle] ^= 1;
    let first = Frame::Refuse(Refuse { reason: Reason::Busy, detail: String::new(), retry_after_ms: 0 });
    for bad in [
        &b"no such thing"[..],
        &whole[..whole.len() - 1],
        &damaged,
        &file(&header, [9; 32], &welcome(Interest::default())),
        &file(&header, HUB_KEY, &first),
    ] {
        let refused = bring(&node, bad);
        assert_eq!((refused.status, refused.problem().as_str()), (400, "/problems/bad-file"), "{refused:?}");
    }
    let unproved = node.send("POST", "/v1/sync/carry", &[], &whole);
    assert_eq!((unproved.status, unproved.problem().as_str()), (401, "/problems/unauthorised"));
    let taken = bring(&node, &whole);
    assert_eq!(taken.status, 200, "{taken:?}");
}
