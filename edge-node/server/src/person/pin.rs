//! PINs: four to eight digits, kept as an Argon2id verifier (RFC 9106) inside the sealed record.
//!
//! A PIN has few values: whoever has the region key and the disk tries them all in minutes. The verifier slows that down;
//! it does not make a PIN a password.

use crate::{
    http::Problem,
    limits::{PIN_CHECKS_MAX, PIN_MEMORY_KIB, PIN_PASSES},
};
use argon2::{Algorithm, Argon2, Params, Version};
use edge_core::person::{Proof, Regional};
use std::{fmt, ops::RangeInclusive, sync::Arc};
use tokio::sync::Semaphore;

/// How many digits a PIN has.
const DIGITS: RangeInclusive<usize> = 4..=8;
const SALT_BYTES: usize = 16;
const HASH_BYTES: usize = 32;

/// What a person typed as PIN.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Pin(String);

impl fmt::Debug for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pin")
    }
}

impl Pin {
    /// Reads a PIN to compare; `None` where no PIN has that form.
    pub(crate) fn read(typed: &str) -> Option<Self> {
        let typed = typed.trim();
        let is_pin = DIGITS.contains(&typed.len()) && typed.bytes().all(|digit| digit.is_ascii_digit());
        is_pin.then(|| Self(typed.to_owned()))
    }

    /// Reads a new PIN: those that everybody tries first are refused.
    pub(crate) fn choose(typed: &str) -> Result<Self, &'static str> {
        let pin = Self::read(typed).ok_or("a PIN has 4 to 8 digits")?;
        let steps: Vec<i16> =
            pin.0.as_bytes().windows(2).map(|two| i16::from(two[1]) - i16::from(two[0])).collect();
        let is_plain = [0, 1, -1].iter().any(|step| steps.iter().all(|found| found == step));
        if is_plain {
            Err("a PIN of equal or counted digits is guessed first; choose another")
        } else {
            Ok(pin)
        }
    }
}

/// Checks PINs, few at a time: each takes its memory for a moment.
#[derive(Debug, Clone)]
pub(crate) struct Pins(Arc<Semaphore>);

impl Default for Pins {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(PIN_CHECKS_MAX)))
    }
}

impl Pins {
    /// Makes the verifier of a PIN.
    pub(crate) async fn proof_of(&self, pin: Pin) -> Result<Regional<Proof>, Problem> {
        let mut salt = vec![0; SALT_BYTES];
        getrandom::fill(&mut salt)
            .map_err(|error| Problem::internal(&anyhow::anyhow!("no random bytes: {error}")))?;
        let (memory_kib, passes) = (PIN_MEMORY_KIB, PIN_PASSES);
        let empty = Proof { salt, memory_kib, passes, ..Proof::default() };
        let hash = self.hash(pin, empty.clone()).await?;
        Ok(Regional::new(Proof { hash, ..empty }))
    }

    /// Whether a PIN is the one of a verifier. Without a verifier it takes as long, and is not.
    pub(crate) async fn fits(&self, pin: Pin, proof: Option<Regional<Proof>>) -> Result<bool, Problem> {
        let is_known = proof.is_some();
        let proof = proof.map_or_else(
            || Proof {
                salt: vec![0; SALT_BYTES],
                hash: vec![0; HASH_BYTES],
                memory_kib: PIN_MEMORY_KIB,
                passes: PIN_PASSES,
                given_until: None,
            },
            Regional::into_revealed,
        );
        let hash = self.hash(pin, proof.clone()).await?;
        // Both are hashes of this node's own making: what a comparison's time tells of them is of no use.
        Ok(blake3::hash(&hash) == blake3::hash(&proof.hash) && is_known)
    }

    async fn hash(&self, pin: Pin, proof: Proof) -> Result<Vec<u8>, Problem> {
        let turn = self.0.clone().acquire_owned().await;
        let _turn = turn.map_err(|error| Problem::internal(&anyhow::Error::new(error)))?;
        let work = move || -> Result<Vec<u8>, argon2::Error> {
            let params = Params::new(proof.memory_kib, proof.passes, 1, Some(HASH_BYTES))?;
            let mut hash = vec![0; HASH_BYTES];
            Argon2::new(Algorithm::Argon2id, Version::V0x13, params).hash_password_into(
                pin.0.as_bytes(),
                &proof.salt,
                &mut hash,
            )?;
            Ok(hash)
        };
        let done = tokio::task::spawn_blocking(work).await;
        let done = done.map_err(|error| Problem::internal(&anyhow::Error::new(error)))?;
        done.map_err(|error| Problem::internal(&anyhow::anyhow!("a PIN could not be hashed: {error}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pin_is_four_to_eight_digits_that_are_not_guessed_first() {
        for (typed, chosen) in [
            ("7391", true),
            ("739182", true),
            ("73918264", true),
            ("739", false),
            ("739182645", false),
            ("73a1", false),
            ("七三九一", false),
            ("0000", false),
            ("1234", false),
            ("987654", false),
            ("1212", true),
        ] {
            assert_eq!(Pin::choose(typed).is_ok(), chosen, "{typed}");
        }
        assert!(Pin::read("0000").is_some(), "it can be typed, and is nobody's");
        assert_eq!(format!("{:?}", Pin::read("7391")), "Some(Pin)");
    }

    #[tokio::test]
    async fn a_verifier_fits_its_pin_alone() {
        let pins = Pins::default();
        let pin = |typed| Pin::read(typed).unwrap();
        let proof = pins.proof_of(pin("7391")).await.unwrap();
        assert!(pins.fits(pin("7391"), Some(proof.clone())).await.unwrap());
        assert!(!pins.fits(pin("7392"), Some(proof.clone())).await.unwrap());
        assert!(!pins.fits(pin("7391"), None).await.unwrap());
        let again = pins.proof_of(pin("7391")).await.unwrap();
        assert_ne!(proof.reveal().hash, again.reveal().hash, "two persons with one PIN");
    }
}
