//! Frames: what goes in comes out, and hostile bytes end in an error.

use proptest::prelude::*;
use sync_protocol::{
    command::{Change, Command, CommandOutcome as Ordered, Commanded, JobStanding},
    documents::TenantKey,
    erasure::{EraseOrder, ErasureReceipt},
    ids::{JobId, SignUpId, TenantId, TopicId, VshardId, WorkerId, Writer},
    limits::{BODY_BYTES_MAX, FRAME_BYTES_MAX},
    log::{Entry, EntryKind, Head},
    seats::Excess,
    wire::v1::{
        Ask, Down, DownState, Erase, Erased, Frame, FrameError, Held, Hello, Interest, Lease, Outcome,
        Reason, Refuse, Renew, Sequenced, Tenant, Up, UpAck, UpState, Verdict, Welcome,
    },
};

fn up(entries: usize) -> Frame {
    let writer = Writer::new(3, 1);
    let entry = |n: u64| Entry::new(EntryKind::Change, TopicId(7), JobId::job(writer, n), vec![7; 90]);
    Frame::Up(Up {
        vshard: 5,
        first: 1,
        entries: (0..entries as u64).map(entry).collect(),
        signature: vec![1; 64],
    })
}

/// Acme orders twelve seats at this node.
fn command(writer: Writer) -> Command {
    let change = Change::Cap { cap: 12, excess: Excess::BumpLatest };
    let key = TenantKey::of_api_key("key");
    Command::signed(&key, writer, [4; 16], TenantId(8), JobId::job(Writer::hub(1), 9), change)
}

/// One frame of each kind that a session has.
fn each() -> Vec<Frame> {
    let (writer, worker) = (Writer::new(3, 1), WorkerId([9; 16]));
    let (job, sign_up) = (JobId::job(Writer::hub(1), 9), SignUpId::sign_up(writer, 4));
    let cursor = DownState { vshard: 5, history: 2, seq: 70_000 };
    let tenant = Tenant { id: 8, name: "劳务".into(), key_hash: vec![1; 32], sign_keys: vec![2; 64] };
    let interest = Interest { topics: vec![(7, 8, 5)], tenants: vec![tenant] };
    let acked = UpAck { vshard: 1023, wseq: u64::MAX };
    let entry = Entry::new(EntryKind::Change, TopicId(7), job, vec![7; 9]);
    let order = EraseOrder { id: [3; 16], worker, at: 1_800_000_000 };
    let receipt = ErasureReceipt { body: vec![1; 60], signature: vec![2; 64], certificate: vec![3; 102] };
    vec![
        Frame::Hello(Hello {
            versions: (1, 3),
            cluster: vec![2; 16],
            writer,
            up: vec![UpState { vshard: 5, wseq: 3, head: Head::genesis(writer, VshardId(5)) }],
            down: vec![cursor],
            build: "1".into(),
            contact: 6,
            draining: true,
        }),
        Frame::Welcome(Welcome {
            version: 1,
            interest: interest.clone(),
            acked: vec![acked.clone()],
            time: -1,
            retired: Some("replaced".into()),
            contact: 7,
        }),
        Frame::Refuse(Refuse { reason: Reason::Busy, detail: "later".into(), retry_after_ms: 50 }),
        up(1),
        Frame::UpAck(acked),
        Frame::Down(Down {
            vshard: 5,
            history: 2,
            upto: 9,
            entries: vec![Sequenced { seq: 9, writer, entry }],
            sent_at: 1_800_000_000,
        }),
        Frame::DownAck(cursor),
        Frame::Ask(Ask { job, sign_up, worker, topic: 7 }),
        Frame::Verdict(Verdict { sign_up, job, outcome: Outcome::WaitListed { position: 3 } }),
        Frame::Interest(interest),
        Frame::Renew(Renew { sent_ms: 1 }),
        Frame::Lease(Lease { sent_ms: 1, duration_ms: 2 }),
        Frame::Held(Held { contact: 7 }),
        Frame::Erased(Erased { receipts: vec![receipt] }),
        Frame::Erase(Erase { orders: vec![order], heard: vec![order] }),
        Frame::Command(command(writer)),
        Frame::Commanded(Commanded {
            id: [4; 16],
            outcome: Ordered::Done(JobStanding { cap: 12, open: true, version: 3, ended: 1, unheard: 2 }),
        }),
        Frame::Unknown(18),
    ]
}

#[test]
fn frames_come_out_as_they_went_in() {
    for (frame, kind) in each().into_iter().zip(1..) {
        let bytes = frame.encode();
        assert_eq!(bytes[0], kind, "{frame:?}");
        assert_eq!(Frame::decode(&bytes).unwrap(), frame);
    }
    let packed = up(1_000).encode();
    assert!(packed.len() < 20_000, "a batch is packed: {} bytes", packed.len());
    assert_eq!(Frame::decode(&packed).unwrap(), up(1_000));
}

#[test]
fn a_frame_that_is_cut_off_is_malformed() {
    for (frame, kind) in each().into_iter().zip(1..=17) {
        let mut bytes = frame.encode();
        bytes.pop();
        let found = Frame::decode(&bytes).unwrap_err();
        assert!(
            matches!(found, FrameError::Malformed(of) if of == kind) || found == FrameError::Unpack,
            "{frame:?}"
        );
    }
}

#[test]
fn an_order_is_signed_by_its_tenant_for_the_node_that_passes_it_on() {
    let writer = Writer::new(3, 1);
    let (ordered, public) = (command(writer), TenantKey::of_api_key("key").public());
    let check = |what, ordered: &Command, public: &[u8; 32], at: Writer, expected: bool| {
        assert_eq!(ordered.is_signed_by(public, at), expected, "{what}");
    };
    check("as it was made", &ordered, &public, writer, true);
    check("at another node", &ordered, &public, Writer::new(4, 1), false);
    check("by the next incarnation", &ordered, &public, Writer::new(3, 2), false);
    check("another's key", &ordered, &TenantKey::of_api_key("guessed").public(), writer, false);
    check("a key that is none", &ordered, &[0xff; 32], writer, false);
    check("unsigned", &Command { signature: Vec::new(), ..ordered }, &public, writer, false);
    for (what, changed) in [
        ("another id", Command { id: [5; 16], ..ordered.clone() }),
        ("another tenant", Command { tenant: 9, ..ordered.clone() }),
        ("another job", Command { job: JobId::job(Writer::hub(1), 10), ..ordered.clone() }),
        ("another change", Command { change: Change::Close, ..ordered.clone() }),
    ] {
        check(what, &changed, &public, writer, false);
        assert_eq!(changed.digest() == ordered.digest(), what == "another id", "{what}");
    }
    let elsewhere = command(Writer::new(4, 1));
    assert_eq!(elsewhere.digest(), ordered.digest(), "a retry at another node is the same order");
}

#[test]
fn later_versions_pass() {
    assert_eq!(Frame::decode(&[200, 0, 0, 0, 1, 2, 3]).unwrap(), Frame::Unknown(200));
    // An UpAck with an unknown third key: {0: 4, 1: 9, 7: "later"}.
    let body = [0xa3, 0, 4, 1, 9, 7, 0x65, b'l', b'a', b't', b'e', b'r'];
    let frame = [&[5, 0, 0, 0][..], &body].concat();
    assert_eq!(Frame::decode(&frame).unwrap(), Frame::UpAck(UpAck { vshard: 4, wseq: 9 }));
}

fn check(bytes: &[u8], expected: &FrameError) {
    assert_eq!(Frame::decode(bytes).unwrap_err(), *expected);
}

#[test]
fn hostile_frames_end_in_an_error() {
    check(&[1, 0], &FrameError::Truncated);
    check(&[1, 0, 0, 9], &FrameError::UnknownDictionary(9));
    check(&vec![0; FRAME_BYTES_MAX + 1], &FrameError::TooLong(FRAME_BYTES_MAX + 1));
    check(&[4, 0, 0, 0, 0xff], &FrameError::Malformed(4));
    check(&[4, 1, 0, 0, 1, 2, 3], &FrameError::Unpack);
    let bomb = zstd::bulk::compress(&vec![0; BODY_BYTES_MAX + 1], 3).unwrap();
    check(&[&[4, 1, 0, 0][..], &bomb].concat(), &FrameError::Unpack);
    // An array that claims 2^32 entries in five bytes.
    check(&[4, 0, 0, 0, 0xa1, 2, 0x9b, 0, 0, 0, 1, 0, 0, 0, 0], &FrameError::Malformed(4));
}

proptest! {
    #[test]
    fn no_bytes_panic(kind in 0..19u8, flags in 0..2u8, body in prop::collection::vec(any::<u8>(), 0..200)) {
        let frame = [&[kind, flags, 0, 0][..], &body].concat();
        drop(Frame::decode(&frame));
    }
}
