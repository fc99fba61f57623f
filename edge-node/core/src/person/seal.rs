//! Sealing: XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha-03) under a data key per worker, wrapped under the region's key.
//!
//! The data that is authenticated with a row names worker and field class, so that no row opens in the place of another.
//! Nonces are 24 random bytes and come from the caller.

use super::{Contact, Facts, Proof, Regional};
use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, Payload},
};
use minicbor::{Decode, Encode};
use std::fmt;
use sync_protocol::ids::WorkerId;

/// Bytes of a nonce.
pub const NONCE_BYTES: usize = 24;
/// Bytes of a wrapped data key: nonce, key, tag.
pub const WRAPPED_BYTES: usize = NONCE_BYTES + 32 + 16;

/// A class of fields, sealed as one row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    Contact,
    Facts,
    Proof,
}

impl Class {
    /// Every class that a person has.
    pub const ALL: [Self; 3] = [Self::Contact, Self::Facts, Self::Proof];

    /// Its number in the store.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Contact => 1,
            Self::Facts => 2,
            Self::Proof => 3,
        }
    }
}

/// What a class holds.
pub trait Opened: Encode<()> + for<'b> Decode<'b, ()> {
    const CLASS: Class;
}

impl Opened for Contact {
    const CLASS: Class = Class::Contact;
}

impl Opened for Facts {
    const CLASS: Class = Class::Facts;
}

impl Opened for Proof {
    const CLASS: Class = Class::Proof;
}

/// A worker's data key.
#[derive(Clone)]
pub struct DataKey([u8; 32]);

impl DataKey {
    /// A fresh key from random bytes.
    #[must_use]
    pub const fn from_random(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Seals a class of fields under a fresh nonce.
    #[must_use]
    pub fn seal<T: Opened>(
        &self,
        worker: WorkerId,
        value: &Regional<T>,
        nonce: [u8; NONCE_BYTES],
    ) -> Option<Vec<u8>> {
        let plain = minicbor::to_vec(value.reveal()).ok()?;
        encrypt(&self.0, nonce, &plain, &row_data(worker, T::CLASS))
    }

    /// Opens a row of a class; `None` where it is not what was sealed for this worker and class.
    #[must_use]
    pub fn open<T: Opened>(&self, worker: WorkerId, sealed: &[u8]) -> Option<Regional<T>> {
        let plain = decrypt(&self.0, sealed, &row_data(worker, T::CLASS))?;
        minicbor::decode(&plain).ok().map(Regional::new)
    }
}

impl fmt::Debug for DataKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DataKey")
    }
}

/// Wraps data keys under the region's key.
#[derive(Clone)]
pub struct Sealer([u8; 32]);

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sealer")
    }
}

impl Sealer {
    /// The wrapping key is derived: the region key itself makes pseudonyms and encrypts nothing.
    #[must_use]
    pub fn of_region(region_key: &[u8; 32]) -> Self {
        Self(blake3::derive_key("dayshift personal data wrapping key v1", region_key))
    }

    /// Wraps a data key for its row in the store.
    #[must_use]
    pub fn wrap(&self, worker: WorkerId, key: &DataKey, nonce: [u8; NONCE_BYTES]) -> Option<Vec<u8>> {
        encrypt(&self.0, nonce, &key.0, &key_data(worker))
    }

    /// Unwraps a data key; `None` where it is not this worker's or not this region's.
    #[must_use]
    pub fn unwrap_key(&self, worker: WorkerId, wrapped: &[u8]) -> Option<DataKey> {
        decrypt(&self.0, wrapped, &key_data(worker))?.try_into().ok().map(DataKey)
    }
}

fn key_data(worker: WorkerId) -> Vec<u8> {
    [b"dayshift data key v1".as_slice(), &worker.0].concat()
}

fn row_data(worker: WorkerId, class: Class) -> Vec<u8> {
    [b"dayshift personal row v1".as_slice(), &worker.0, &[class.number()]].concat()
}

fn encrypt(key: &[u8; 32], nonce: [u8; NONCE_BYTES], plain: &[u8], aad: &[u8]) -> Option<Vec<u8>> {
    let cipher = XChaCha20Poly1305::new(&(*key).into());
    let sealed = cipher.encrypt(&XNonce::from(nonce), Payload { msg: plain, aad }).ok()?;
    Some([nonce.as_slice(), &sealed].concat())
}

fn decrypt(key: &[u8; 32], sealed: &[u8], aad: &[u8]) -> Option<Vec<u8>> {
    let (nonce, sealed) = sealed.split_at_checked(NONCE_BYTES)?;
    let nonce: [u8; NONCE_BYTES] = nonce.try_into().ok()?;
    let cipher = XChaCha20Poly1305::new(&(*key).into());
    cipher.decrypt(&XNonce::from(nonce), Payload { msg: sealed, aad }).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAME: &str = "planted-name-of-a-person";

    fn worker(n: u8) -> WorkerId {
        WorkerId([n; 16])
    }

    fn contact() -> Regional<Contact> {
        Regional::new(Contact { name: NAME.to_owned(), phone: "13905712916".to_owned(), lang: None })
    }

    #[test]
    fn a_sealed_row_opens_for_its_worker_and_class_alone() {
        let key = DataKey::from_random([7; 32]);
        let sealed = key.seal(worker(1), &contact(), [9; 24]).unwrap();
        assert!(!sealed.windows(8).any(|window| window == &NAME.as_bytes()[..8]));
        assert_eq!(key.open::<Contact>(worker(1), &sealed), Some(contact()));
        assert_eq!(key.open::<Contact>(worker(2), &sealed), None, "another worker's");
        assert!(key.open::<Facts>(worker(1), &sealed).is_none(), "another class");
        assert_eq!(DataKey::from_random([8; 32]).open::<Contact>(worker(1), &sealed), None, "another key");
        for at in 0..sealed.len() {
            let mut torn = sealed.clone();
            torn[at] ^= 1;
            assert_eq!(key.open::<Contact>(worker(1), &torn), None, "byte {at}");
            assert_eq!(key.open::<Contact>(worker(1), &sealed[..at]), None, "cut at {at}");
        }
    }

    #[test]
    fn a_data_key_is_wrapped_for_one_worker_of_one_region() {
        let sealer = Sealer::of_region(&[1; 32]);
        let wrapped = sealer.wrap(worker(1), &DataKey::from_random([7; 32]), [2; 24]).unwrap();
        assert_eq!(wrapped.len(), WRAPPED_BYTES);
        assert_eq!(sealer.unwrap_key(worker(1), &wrapped).unwrap().0, [7; 32]);
        assert!(sealer.unwrap_key(worker(2), &wrapped).is_none());
        assert!(Sealer::of_region(&[2; 32]).unwrap_key(worker(1), &wrapped).is_none());
    }

    #[test]
    fn nothing_personal_is_printed() {
        let printed = format!("{:?} {:?} {:?}", contact(), contact().reveal(), DataKey::from_random([7; 32]));
        assert_eq!(printed, "regional Contact of a person DataKey");
    }
}
