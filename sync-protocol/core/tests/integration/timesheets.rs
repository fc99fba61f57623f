//! The seal under a timesheet: of one file, by one key.

use ed25519_dalek::SigningKey;
use sync_protocol::timesheet::{Seal, SealError};

#[test]
fn a_seal_is_of_its_file_and_its_key() {
    let (key, other) = (SigningKey::from_bytes(&[4; 32]), SigningKey::from_bytes(&[5; 32]));
    let seal = Seal::sign(b"date,job\n", &key, b"certificate");
    let read = Seal::from_bytes(&seal.to_bytes()).unwrap();
    assert_eq!(read, seal);
    assert_eq!(read.verify(b"date,job\n", &key.verifying_key()), Ok(()));
    assert_eq!(read.verify(b"date,jobs\n", &key.verifying_key()), Err(SealError::WrongSignature));
    assert_eq!(read.verify(b"date,job\n", &other.verifying_key()), Err(SealError::WrongSignature));
    let short = Seal { signature: vec![1; 63], ..seal };
    assert_eq!(short.verify(b"date,job\n", &key.verifying_key()), Err(SealError::Malformed));
    assert_eq!(Seal::from_bytes(b"not a seal"), Err(SealError::Malformed));
}
