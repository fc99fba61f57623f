//! Frames: what goes in comes out, and hostile bytes end in an error.

use proptest::prelude::*;
use sync_protocol::{
    ids::{JobId, SignUpId, TopicId, Writer},
    limits::{BODY_BYTES_MAX, FRAME_BYTES_MAX},
    log::{Entry, EntryKind},
    wire::v1::{Frame, FrameError, Outcome, Up, UpAck, Verdict},
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

#[test]
fn frames_come_out_as_they_went_in() {
    let verdict = Verdict {
        sign_up: SignUpId::sign_up(Writer::new(1, 1), 4),
        job: JobId::job(Writer::hub(1), 9),
        outcome: Outcome::WaitListed { position: 3 },
    };
    for frame in
        [up(1), up(1_000), Frame::UpAck(UpAck { vshard: 1023, wseq: u64::MAX }), Frame::Verdict(verdict)]
    {
        assert_eq!(Frame::decode(&frame.encode()).unwrap(), frame);
    }
    let packed = up(1_000).encode();
    assert!(packed.len() < 20_000, "a batch is packed: {} bytes", packed.len());
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
    fn no_bytes_panic(kind in 0..12u8, flags in 0..2u8, body in prop::collection::vec(any::<u8>(), 0..200)) {
        let frame = [&[kind, flags, 0, 0][..], &body].concat();
        drop(Frame::decode(&frame));
    }
}
