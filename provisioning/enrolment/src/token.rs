//! Join tokens: the one string an operator hands to a new box, and what the hub remembers of it.
//!
//! The string names the cluster by the hash of its root key, so that the box can verify the hub at its first contact.
//! The hub keeps a hash of the secret only. Storing the records and limiting the rate of tries is done by the caller.

use std::{fmt, str::FromStr};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use subtle::ConstantTimeEq;

use crate::limits::{ADDRESS_CHARS_MAX, TOKEN_CHARS_MAX};

const PREFIX: &str = "ds1";

/// Names a token in records and logs; it is not secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TokenId(pub [u8; 8]);

impl fmt::Display for TokenId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl FromStr for TokenId {
    type Err = TokenError;

    fn from_str(text: &str) -> Result<Self, TokenError> {
        let number = u64::from_str_radix(text, 16).map_err(|_| TokenError::Part("token id"))?;
        let id = Self(number.to_be_bytes());
        if id.to_string() == text { Ok(id) } else { Err(TokenError::Part("token id")) }
    }
}

/// The secret half of a token: 128 random bits.
#[derive(Clone, PartialEq, Eq)]
pub struct JoinSecret(pub [u8; 16]);

impl fmt::Debug for JoinSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JoinSecret(..)")
    }
}

/// Everything a box needs to join: whom to trust, where to call, what to show.
///
/// As text `ds1.<root hash>.<hub address>.<token id>.<secret>`; hash, address and secret in unpadded base64url,
/// so that no part contains a dot; the id in 16 hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JoinToken {
    /// SHA-256 of the root's SubjectPublicKeyInfo.
    pub root_spki_sha256: [u8; 32],
    /// `host:port` of the hub.
    pub hub_address: String,
    /// Names the record at the hub.
    pub id: TokenId,
    /// Proves that the box was handed this token.
    pub secret: JoinSecret,
}

/// Why a text is not a join token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// The text is longer than any token.
    #[error("longer than {TOKEN_CHARS_MAX} characters")]
    TooLong,
    /// The text does not start with `ds1.`.
    #[error("a join token starts with `{PREFIX}.`")]
    Prefix,
    /// There are not exactly five parts: part of it was lost in copying.
    #[error("a join token has five parts between dots: was all of it copied?")]
    PartCount,
    /// One part does not decode to what it should be.
    #[error("the {0} in the join token is damaged")]
    Part(&'static str),
    /// The address is not `host:port`.
    #[error("the hub address in the join token is not host:port")]
    Address,
}

impl JoinToken {
    /// Joins the parts; fails when the address is not `host:port`.
    pub fn new(
        root_spki_sha256: [u8; 32],
        hub_address: &str,
        id: TokenId,
        secret: JoinSecret,
    ) -> Result<Self, TokenError> {
        if !is_host_and_port(hub_address) {
            return Err(TokenError::Address);
        }
        Ok(Self { root_spki_sha256, hub_address: hub_address.to_owned(), id, secret })
    }
}

impl fmt::Display for JoinToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let root = URL_SAFE_NO_PAD.encode(self.root_spki_sha256);
        let address = URL_SAFE_NO_PAD.encode(&self.hub_address);
        write!(f, "{PREFIX}.{root}.{address}.{}.{}", self.id, URL_SAFE_NO_PAD.encode(self.secret.0))
    }
}

impl FromStr for JoinToken {
    type Err = TokenError;

    fn from_str(text: &str) -> Result<Self, TokenError> {
        if text.len() > TOKEN_CHARS_MAX {
            return Err(TokenError::TooLong);
        }
        let parts: Vec<&str> = text.trim().split('.').collect();
        if parts.first() != Some(&PREFIX) {
            return Err(TokenError::Prefix);
        }
        let [_, root, address, id, secret] = parts.as_slice() else {
            return Err(TokenError::PartCount);
        };
        let address = decode(address, "hub address")?;
        let address = std::str::from_utf8(&address).map_err(|_| TokenError::Address)?;
        Self::new(
            decode_array(root, "root hash")?,
            address,
            id.parse()?,
            JoinSecret(decode_array(secret, "secret")?),
        )
    }
}

/// What the hub keeps of a token; the secret itself is kept nowhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenRecord {
    /// Names the token.
    pub id: TokenId,
    /// Keyed BLAKE3 hash of the secret.
    pub secret_hash: [u8; 32],
    /// The region that the node will belong to.
    pub region: String,
    /// The operator's name for the node.
    pub node_name: String,
    /// First second at which it is refused, Unix time.
    pub expires_at: u64,
    /// When it was redeemed, Unix time; it works once.
    pub used_at: Option<u64>,
}

impl TokenRecord {
    /// The record of a fresh token for one node of one region.
    #[must_use]
    pub fn new(id: TokenId, secret: &JoinSecret, region: &str, node_name: &str, expires_at: u64) -> Self {
        Self {
            id,
            secret_hash: hash_secret(id, secret),
            region: region.to_owned(),
            node_name: node_name.to_owned(),
            expires_at,
            used_at: None,
        }
    }
}

/// Why a token does not admit; for the log only, the box is told one and the same for all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenRefusal {
    /// No record has this id.
    #[error("no such token")]
    Unknown,
    /// Its time is over.
    #[error("the token has expired")]
    Expired,
    /// It has admitted a node already.
    #[error("the token was used already")]
    AlreadyUsed,
    /// The secret is not the one it was made with.
    #[error("the token's secret is wrong")]
    WrongSecret,
}

/// Decides whether a token admits at `now` (Unix seconds); the caller marks the record used in the same transaction.
///
/// The secret is compared first and in constant time, so that whoever lacks it learns nothing about the record.
pub fn redeem(record: Option<&TokenRecord>, secret: &JoinSecret, now: u64) -> Result<(), TokenRefusal> {
    let record = record.ok_or(TokenRefusal::Unknown)?;
    let hash = hash_secret(record.id, secret);
    if !bool::from(hash.ct_eq(&record.secret_hash)) {
        return Err(TokenRefusal::WrongSecret);
    }
    if record.used_at.is_some() {
        return Err(TokenRefusal::AlreadyUsed);
    }
    if now >= record.expires_at {
        return Err(TokenRefusal::Expired);
    }
    Ok(())
}

/// Whether the text is a host name or address, a colon and a port other than 0.
pub(crate) fn is_host_and_port(text: &str) -> bool {
    let Some((host, port)) = text.rsplit_once(':') else {
        return false;
    };
    let bracketed = host.starts_with('[') && host.ends_with(']');
    let plain = host.chars().all(|c| c.is_ascii_graphic()) && (bracketed || !host.contains(':'));
    !host.is_empty()
        && plain
        && text.len() <= ADDRESS_CHARS_MAX
        && port.parse::<u16>().is_ok_and(|port| port != 0)
}

fn hash_secret(id: TokenId, secret: &JoinSecret) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new_derive_key("dayshift join token v1");
    hasher.update(&id.0);
    hasher.update(&secret.0);
    *hasher.finalize().as_bytes()
}

fn decode(text: &str, part: &'static str) -> Result<Vec<u8>, TokenError> {
    URL_SAFE_NO_PAD.decode(text).map_err(|_| TokenError::Part(part))
}

fn decode_array<const N: usize>(text: &str, part: &'static str) -> Result<[u8; N], TokenError> {
    decode(text, part)?.try_into().map_err(|_| TokenError::Part(part))
}
