//! Carried sessions: what goes in comes out; a torn, flipped, lengthened or foreign file is an error, never a part of one.

use ed25519_dalek::SigningKey;
use proptest::prelude::*;
use sync_protocol::{
    carry::{Carry, CarryError, CarryWriter, Header},
    ids::{JobId, TopicId, Writer},
    limits::CARRY_BYTES_MAX,
    log::{Entry, EntryKind},
    wire::v1::{DownState, Frame, Up},
};

fn key() -> SigningKey {
    SigningKey::from_bytes(&[4; 32])
}

fn header() -> Header {
    let writer = Writer::new(3, 1);
    let after = vec![DownState { vshard: 5, history: 1, seq: 9 }];
    Header { cluster: vec![1; 16], author: writer, node: writer, certificate: vec![2; 102], after }
}

fn up(first: u64, bytes: usize) -> Frame {
    // Bytes that do not pack, so that lengths are what they seem.
    let mut body = vec![0; bytes];
    let mut reader = blake3::Hasher::new().update(&first.to_be_bytes()).finalize_xof();
    reader.fill(&mut body);
    let entry = Entry::new(EntryKind::Change, TopicId(7), JobId::job(Writer::new(3, 1), first), body);
    Frame::Up(Up { vshard: 5, first, entries: vec![entry], signature: vec![1; 64] })
}

fn file(frames: &[Frame], more: bool) -> Vec<u8> {
    let mut writer = CarryWriter::new(&header(), CARRY_BYTES_MAX);
    for frame in frames {
        assert!(writer.push(frame));
    }
    writer.finish(more, &key())
}

#[test]
fn a_file_comes_out_as_it_went_in() {
    let frames = vec![up(1, 10), up(2, 5_000), up(3, 1)];
    for more in [false, true] {
        let bytes = file(&frames, more);
        let carry = Carry::decode(&bytes).unwrap();
        carry.verify(&key().verifying_key()).unwrap();
        assert_eq!((&carry.header, carry.more), (&header(), more));
        assert_eq!(carry.frames().collect::<Result<Vec<_>, _>>().unwrap(), frames);
        let other = SigningKey::from_bytes(&[5; 32]).verifying_key();
        assert_eq!(carry.verify(&other), Err(CarryError::WrongSignature));
    }
}

#[test]
fn a_torn_file_is_not_a_shorter_one() {
    let bytes = file(&[up(1, 40), up(2, 40)], false);
    for length in 0..bytes.len() {
        assert!(Carry::decode(&bytes[..length]).is_err(), "the first {length} bytes pass");
    }
    assert_eq!(Carry::decode(&bytes[..bytes.len() - 1]), Err(CarryError::Torn { block: 3 }));
    assert_eq!(Carry::decode(&[&bytes[..], &[0]].concat()), Err(CarryError::Trailing));
}

#[test]
fn every_flipped_bit_is_noticed() {
    let bytes = file(&[up(1, 40), up(2, 40)], false);
    for at in 0..bytes.len() * 8 {
        let mut flipped = bytes.clone();
        flipped[at / 8] ^= 1 << (at % 8);
        let read = Carry::decode(&flipped).and_then(|carry| carry.verify(&key().verifying_key()));
        assert!(read.is_err(), "bit {at} passes");
    }
}

#[test]
fn blocks_of_two_files_do_not_mix() {
    let (one, other) = (file(&[up(1, 40), up(2, 40)], false), file(&[up(9, 40), up(2, 40)], false));
    assert_eq!(one.len(), other.len());
    // The second half begins within the second frame, which both have.
    let mixed = [&one[..one.len() / 2], &other[one.len() / 2..]].concat();
    assert!(matches!(Carry::decode(&mixed), Err(CarryError::Damaged { .. })));
}

#[test]
fn a_full_file_takes_no_more() {
    let mut writer = CarryWriter::new(&header(), 4_000);
    assert!(writer.push(&up(1, 1_000)));
    assert!(writer.push(&up(2, 1_000)));
    assert!(!writer.push(&up(3, 3_000)));
    let bytes = writer.finish(true, &key());
    assert!(bytes.len() <= 4_000, "{}", bytes.len());
    assert_eq!(Carry::decode(&bytes).unwrap().frames().count(), 2);
}

#[test]
fn other_files_are_told_apart() {
    assert_eq!(Carry::decode(b"SQLite format 3"), Err(CarryError::NotOne));
    assert_eq!(Carry::decode(b"dscarry\n\x02"), Err(CarryError::Version(2)));
    assert_eq!(Carry::decode(b"dscarry\n\x01\xff\xff\xff\xff"), Err(CarryError::Damaged { block: 0 }));
    let long = vec![0; CARRY_BYTES_MAX + 1];
    assert_eq!(Carry::decode(&long), Err(CarryError::TooLong(long.len())));
}

proptest! {
    #[test]
    fn no_bytes_panic(body in prop::collection::vec(any::<u8>(), 0..300)) {
        drop(Carry::decode(&[&b"dscarry\n\x01"[..], &body].concat()));
    }
}
