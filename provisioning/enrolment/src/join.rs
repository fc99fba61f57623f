//! What a box and the hub say to each other when the box joins and when its certificate is renewed.
//!
//! CBOR maps with integer keys, so that later versions can add fields. Every length is checked before anything is parsed.

use minicbor::{Decode, Encode, bytes::ByteVec};
use sync_protocol::ids::Writer;

use crate::{
    authority::ClusterId,
    limits::{ANSWER_BYTES_MAX, CHAIN_CERTIFICATES_MAX, REFUSAL_BYTES_MAX, REQUEST_BYTES_MAX},
    log_key::LogKeyCertificate,
    token::{JoinSecret, TokenId},
};

/// Why bytes are not a request or an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JoinError {
    /// Longer than any honest one; the bytes were not looked at.
    #[error("a join message of {0} bytes is too long")]
    TooLong(usize),
    /// Not CBOR of the expected form.
    #[error("the join message is malformed")]
    Malformed,
    /// A field does not hold what its name says.
    #[error("the field `{0}` of the join message is damaged")]
    Field(&'static str),
}

/// What a box shows and wants certified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JoinRequest {
    /// Names the token's record.
    pub token_id: TokenId,
    /// Proves that the box was handed the token.
    pub secret: JoinSecret,
    /// PKCS #10, DER.
    pub csr: Vec<u8>,
    /// Ed25519 public key that will sign the node's log.
    pub log_public_key: [u8; 32],
}

/// Everything that a box needs to be a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Admitted {
    /// DER certificates, the node's own first, without the root.
    pub certificate_chain: Vec<Vec<u8>>,
    /// DER of the cluster's root.
    pub root_certificate: Vec<u8>,
    /// The root's statement about the log key.
    pub log_key_certificate: LogKeyCertificate,
    /// Node and incarnation.
    pub writer: Writer,
    /// The region in the certificate.
    pub region: String,
    /// The operator's name for the node.
    pub name: String,
    /// The cluster that the root names.
    pub cluster_id: ClusterId,
    /// Key of the workers' pseudonyms in the region; secret.
    pub region_key: [u8; 32],
    /// The hub's clock, Unix seconds.
    pub hub_time: u64,
}

/// The hub's answer to a [`JoinRequest`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JoinAnswer {
    /// The box is a node from here on.
    Admitted(Box<Admitted>),
    /// It is not; the text is for the operator.
    Refused {
        /// One and the same for every fault of a token.
        reason: String,
    },
}

/// The hub's answer to a renewal, whose request is the bare signing request (PKCS #10, DER).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RenewAnswer {
    /// The certificate for the coming days.
    Renewed {
        /// DER certificates, the node's own first, without the root.
        certificate_chain: Vec<Vec<u8>>,
        /// The hub's clock, Unix seconds.
        hub_time: u64,
    },
    /// No certificate; the text is for the operator.
    Refused {
        /// Why.
        reason: String,
    },
}

#[derive(Encode, Decode)]
#[cbor(map)]
struct RequestBody {
    #[cbor(n(0), with = "minicbor::bytes")]
    token_id: [u8; 8],
    #[cbor(n(1), with = "minicbor::bytes")]
    secret: [u8; 16],
    #[cbor(n(2), with = "minicbor::bytes")]
    csr: Vec<u8>,
    #[cbor(n(3), with = "minicbor::bytes")]
    log_public_key: [u8; 32],
}

#[derive(Encode, Decode)]
#[cbor(map)]
struct AdmittedBody {
    #[n(0)]
    certificate_chain: Vec<ByteVec>,
    #[cbor(n(1), with = "minicbor::bytes")]
    root_certificate: Vec<u8>,
    #[cbor(n(2), with = "minicbor::bytes")]
    log_key_certificate: Vec<u8>,
    #[n(3)]
    writer: Writer,
    #[n(4)]
    region: String,
    #[n(5)]
    name: String,
    #[cbor(n(6), with = "minicbor::bytes")]
    cluster_id: [u8; 16],
    #[cbor(n(7), with = "minicbor::bytes")]
    region_key: [u8; 32],
    #[n(8)]
    hub_time: u64,
}

#[derive(Encode, Decode)]
enum AnswerBody {
    #[n(0)]
    Admitted(#[n(0)] AdmittedBody),
    #[n(1)]
    Refused(#[n(0)] String),
}

#[derive(Encode, Decode)]
enum RenewBody {
    #[n(0)]
    Renewed(#[n(0)] Vec<ByteVec>, #[n(1)] u64),
    #[n(1)]
    Refused(#[n(0)] String),
}

impl JoinRequest {
    /// The bytes that the hub reads.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        to_bytes(&RequestBody {
            token_id: self.token_id.0,
            secret: self.secret.0,
            csr: self.csr.clone(),
            log_public_key: self.log_public_key,
        })
    }

    /// Reads what [`Self::encode`] wrote; the token and the signing request are not judged.
    pub fn decode(bytes: &[u8]) -> Result<Self, JoinError> {
        let body: RequestBody = from_bytes(bytes, REQUEST_BYTES_MAX)?;
        Ok(Self {
            token_id: TokenId(body.token_id),
            secret: JoinSecret(body.secret),
            csr: body.csr,
            log_public_key: body.log_public_key,
        })
    }
}

impl JoinAnswer {
    /// A refusal whose text is cut to its limit.
    #[must_use]
    pub fn refused(reason: &str) -> Self {
        Self::Refused { reason: cut(reason) }
    }

    /// The bytes that the box reads.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let body = match self {
            Self::Refused { reason } => AnswerBody::Refused(reason.clone()),
            Self::Admitted(node) => AnswerBody::Admitted(AdmittedBody {
                certificate_chain: pack_chain(&node.certificate_chain),
                root_certificate: node.root_certificate.clone(),
                log_key_certificate: node.log_key_certificate.encode().to_vec(),
                writer: node.writer,
                region: node.region.clone(),
                name: node.name.clone(),
                cluster_id: node.cluster_id.0,
                region_key: node.region_key,
                hub_time: node.hub_time,
            }),
        };
        to_bytes(&body)
    }

    /// Reads what [`Self::encode`] wrote; certificates are not verified.
    pub fn decode(bytes: &[u8]) -> Result<Self, JoinError> {
        let body = match from_bytes(bytes, ANSWER_BYTES_MAX)? {
            AnswerBody::Refused(reason) => return Ok(Self::refused(&reason)),
            AnswerBody::Admitted(body) => body,
        };
        let log_key_certificate = LogKeyCertificate::decode(&body.log_key_certificate)
            .map_err(|_| JoinError::Field("log_key_certificate"))?;
        Ok(Self::Admitted(Box::new(Admitted {
            certificate_chain: unpack_chain(body.certificate_chain)?,
            root_certificate: body.root_certificate,
            log_key_certificate,
            writer: body.writer,
            region: body.region,
            name: body.name,
            cluster_id: ClusterId(body.cluster_id),
            region_key: body.region_key,
            hub_time: body.hub_time,
        })))
    }
}

impl RenewAnswer {
    /// A refusal whose text is cut to its limit.
    #[must_use]
    pub fn refused(reason: &str) -> Self {
        Self::Refused { reason: cut(reason) }
    }

    /// The bytes that the node reads.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        to_bytes(&match self {
            Self::Refused { reason } => RenewBody::Refused(reason.clone()),
            Self::Renewed { certificate_chain, hub_time } => {
                RenewBody::Renewed(pack_chain(certificate_chain), *hub_time)
            }
        })
    }

    /// Reads what [`Self::encode`] wrote; certificates are not verified.
    pub fn decode(bytes: &[u8]) -> Result<Self, JoinError> {
        Ok(match from_bytes(bytes, ANSWER_BYTES_MAX)? {
            RenewBody::Refused(reason) => Self::refused(&reason),
            RenewBody::Renewed(chain, hub_time) => {
                Self::Renewed { certificate_chain: unpack_chain(chain)?, hub_time }
            }
        })
    }
}

fn pack_chain(chain: &[Vec<u8>]) -> Vec<ByteVec> {
    chain.iter().cloned().map(ByteVec::from).collect()
}

fn unpack_chain(chain: Vec<ByteVec>) -> Result<Vec<Vec<u8>>, JoinError> {
    if chain.is_empty() || chain.len() > CHAIN_CERTIFICATES_MAX {
        return Err(JoinError::Field("certificate_chain"));
    }
    Ok(chain.into_iter().map(Into::into).collect())
}

fn cut(reason: &str) -> String {
    let mut end = reason.len().min(REFUSAL_BYTES_MAX);
    while !reason.is_char_boundary(end) {
        end -= 1;
    }
    reason[..end].to_owned()
}

fn to_bytes<T: Encode<()>>(body: &T) -> Vec<u8> {
    minicbor::to_vec(body).expect("writing to a Vec cannot fail")
}

fn from_bytes<'b, T: Decode<'b, ()>>(bytes: &'b [u8], bytes_max: usize) -> Result<T, JoinError> {
    if bytes.len() > bytes_max {
        return Err(JoinError::TooLong(bytes.len()));
    }
    let mut decoder = minicbor::Decoder::new(bytes);
    let body = decoder.decode().map_err(|_| JoinError::Malformed)?;
    if decoder.position() == bytes.len() { Ok(body) } else { Err(JoinError::Malformed) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let request = JoinRequest {
            token_id: TokenId([1; 8]),
            secret: JoinSecret([2; 16]),
            csr: vec![3; 250],
            log_public_key: [4; 32],
        };
        let bytes = request.encode();
        assert_eq!(JoinRequest::decode(&bytes), Ok(request));
        assert_eq!(JoinRequest::decode(&bytes[1..]), Err(JoinError::Malformed));
        assert_eq!(JoinRequest::decode(&[bytes.as_slice(), &[0]].concat()), Err(JoinError::Malformed));
        assert_eq!(JoinRequest::decode(&[0; 5000]), Err(JoinError::TooLong(5000)));
        let node = Admitted {
            certificate_chain: vec![vec![1; 400]],
            root_certificate: vec![2; 300],
            log_key_certificate: LogKeyCertificate {
                writer: Writer::new(3, 1),
                key: [5; 32],
                signature: [6; 64],
            },
            writer: Writer::new(3, 1),
            region: "north".to_owned(),
            name: "n1".to_owned(),
            cluster_id: ClusterId([7; 16]),
            region_key: [8; 32],
            hub_time: 1_700_000_000,
        };
        for answer in [JoinAnswer::Admitted(Box::new(node)), JoinAnswer::refused("no")] {
            assert_eq!(JoinAnswer::decode(&answer.encode()), Ok(answer));
        }
        for answer in [
            RenewAnswer::Renewed { certificate_chain: vec![vec![1; 400]], hub_time: 7 },
            RenewAnswer::refused("revoked"),
        ] {
            assert_eq!(RenewAnswer::decode(&answer.encode()), Ok(answer));
        }
    }
}
