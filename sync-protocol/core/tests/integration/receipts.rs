//! Receipts: only the signing key's own words verify.

use ed25519_dalek::SigningKey;
use sync_protocol::{
    ids::{JobId, SignUpId, VshardId, WorkerId, Writer},
    log::Head,
    receipt::{Receipt, ReceiptBody, ReceiptError},
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
    }
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
