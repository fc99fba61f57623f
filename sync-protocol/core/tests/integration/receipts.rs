//! Receipts: only the signing key's own words verify.

use ed25519_dalek::{Signer, SigningKey};
use sync_protocol::{
    ids::{JobId, SignUpId, VshardId, WorkerId, Writer},
    log::Head,
    receipt::{Receipt, ReceiptBody, ReceiptError},
    seats::LossPolicy,
};

fn body() -> ReceiptBody {
    let writer = Writer::new(2, 1);
    ReceiptBody {
        job: JobId::job(Writer::hub(1), 7),
        sign_up: SignUpId::sign_up(writer, 8),
        worker: WorkerId([9; 16]),
        writer,
        vshard: 12,
        wseq: 4,
        head: Head::genesis(writer, VshardId(12)),
        issued_at: 1_800_000_000,
        class: None,
        final_by: None,
    }
}

/// The same receipt, of a job whose rights may be reclaimed.
fn provisional() -> ReceiptBody {
    ReceiptBody { class: Some(LossPolicy::Reclaim), final_by: Some(1_800_000_120), ..body() }
}

/// The eight fields of a receipt that is final at once, byte by byte as they have always been.
fn written() -> Vec<u8> {
    let head = Head::genesis(Writer::new(2, 1), VshardId(12)).0;
    [
        &[0xa8, 0x00, 0x4f, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 7][..],
        &[0x01, 0x4f, 2, 0, 0, 0, 2, 0, 1, 0, 0, 0, 0, 0, 0, 0, 8, 0x02, 0x50],
        &[9; 16],
        &[0x03, 0x46, 0, 0, 0, 2, 0, 1, 0x04, 12, 0x05, 4, 0x06, 0x58, 0x20],
        &head,
        &[0x07, 0x1a, 0x6b, 0x49, 0xd2, 0x00],
    ]
    .concat()
}

#[test]
fn a_receipt_that_is_final_at_once_is_written_as_ever_and_old_ones_verify() {
    let key = SigningKey::from_bytes(&[1; 32]);
    assert_eq!(Receipt::sign(&body(), &key, b"").body, written());
    let signature = key.sign(&[b"dayshift receipt v1".as_slice(), &written()].concat()).to_bytes();
    let old = Receipt { body: written(), signature: signature.to_vec(), certificate: Vec::new() };
    let read = old.verify(&key.verifying_key()).unwrap();
    assert_eq!((&read, read.provisional_until()), (&body(), None));
}

#[test]
fn a_provisional_receipt_says_until_when_behind_what_others_say() {
    let key = SigningKey::from_bytes(&[1; 32]);
    let receipt = Receipt::sign(&provisional(), &key, b"");
    let added = [0x08, 0x01, 0x09, 0x1a, 0x6b, 0x49, 0xd2, 0x78];
    assert_eq!((receipt.body[0], &receipt.body[1..]), (0xaa, &*[&written()[1..], &added].concat()));
    let read = receipt.verify(&key.verifying_key()).unwrap();
    assert_eq!((&read, read.provisional_until()), (&provisional(), Some(1_800_000_120)));
}

#[test]
fn only_unchanged_receipts_verify() {
    let (key, other) = (SigningKey::from_bytes(&[1; 32]), SigningKey::from_bytes(&[2; 32]));
    let receipt = Receipt::sign(&body(), &key, b"certificate");
    let read = Receipt::from_bytes(&receipt.to_bytes()).unwrap();
    assert_eq!(read.verify(&key.verifying_key()), Ok(body()));
    assert_eq!(read.verify(&other.verifying_key()), Err(ReceiptError::WrongSignature));
    for at in 0..receipt.body.len() {
        let mut forged = receipt.clone();
        forged.body[at] ^= 1;
        assert!(forged.verify(&key.verifying_key()).is_err(), "byte {at}");
    }
}

#[test]
fn what_is_no_receipt_is_told_apart_from_a_forged_one() {
    let key = SigningKey::from_bytes(&[1; 32]);
    let verify = |receipt: &Receipt| receipt.verify(&key.verifying_key()).map(|body| body.vshard());
    let receipt = Receipt::sign(&body(), &key, b"certificate");
    assert_eq!(verify(&receipt), Ok(VshardId(12)));
    let short = Receipt { signature: receipt.signature[..63].to_vec(), ..receipt.clone() };
    assert_eq!(verify(&short), Err(ReceiptError::Malformed));
    let whole = receipt.to_bytes();
    for length in 0..whole.len() {
        assert_eq!(Receipt::from_bytes(&whole[..length]), Err(ReceiptError::Malformed), "{length} bytes");
    }
}
