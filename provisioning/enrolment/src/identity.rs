//! What a node is: its keys, certificates and whereabouts of the hub, in one file of its folder.
//!
//! Written at join and at every renewal, read at start. One file, replaced whole, so that a key never meets the
//! certificate of another one. Invariant: a loaded identity is consistent, its parts belong to one writer and cluster.

use std::{
    fmt, fs, io,
    path::{Path, PathBuf},
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ed25519_dalek::SigningKey;
use rcgen::{CertificateParams, DistinguishedName, KeyPair, PKCS_ECDSA_P256_SHA256, PublicKeyData};
use serde::{Deserialize, Serialize};
use sync_protocol::ids::Writer;

use crate::{
    authority::{ClusterId, cluster_id},
    files::{create_private_folder, write_private},
    log_key::{LogKeyCertificate, LogKeyError},
    peer::{PeerError, parse_certificate, parse_peer_certificate},
    token::is_host_and_port,
};

const IDENTITY_FILE: &str = "node-identity.toml";

/// A node's TLS key, made on the node; it never leaves it.
pub struct NodeKey {
    key: KeyPair,
}

impl fmt::Debug for NodeKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NodeKey(..)")
    }
}

impl NodeKey {
    /// Makes an ECDSA P-256 key.
    pub fn generate() -> Result<Self, IdentityError> {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).map_err(IdentityError::Key)?;
        Ok(Self { key })
    }

    /// Reads a key from PKCS #8 DER, to renew its certificate.
    pub fn from_der(private_key: &[u8]) -> Result<Self, IdentityError> {
        let key = KeyPair::try_from(private_key).map_err(IdentityError::Key)?;
        Ok(Self { key })
    }

    /// The private key as PKCS #8 DER.
    #[must_use]
    pub fn to_der(&self) -> Vec<u8> {
        self.key.serialize_der()
    }

    /// A signing request (PKCS #10, DER) that proves possession of the key and asks for nothing else.
    pub fn request(&self) -> Result<Vec<u8>, IdentityError> {
        let mut params = CertificateParams::default();
        params.distinguished_name = DistinguishedName::new();
        let request = params.serialize_request(&self.key).map_err(IdentityError::Key)?;
        Ok(request.der().to_vec())
    }
}

/// Everything a joined node knows about itself.
#[derive(Clone, PartialEq, Eq)]
pub struct NodeIdentity {
    /// Node and incarnation.
    pub writer: Writer,
    /// The region in the certificate.
    pub region: String,
    /// The operator's name for the node.
    pub name: String,
    /// The cluster that the root names.
    pub cluster_id: ClusterId,
    /// `host:port` of the hub.
    pub hub_address: String,
    /// PKCS #8 DER of the TLS key.
    pub tls_key: Vec<u8>,
    /// DER certificates, the node's own first, without the root.
    pub certificate_chain: Vec<Vec<u8>>,
    /// DER of the pinned root.
    pub root_certificate: Vec<u8>,
    /// Ed25519 seed of the key that signs the node's log.
    pub log_key: [u8; 32],
    /// The root's statement about the log key.
    pub log_key_certificate: LogKeyCertificate,
}

impl fmt::Debug for NodeIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NodeIdentity")
            .field("writer", &self.writer)
            .field("region", &self.region)
            .field("name", &self.name)
            .field("cluster_id", &self.cluster_id)
            .field("hub_address", &self.hub_address)
            .finish_non_exhaustive()
    }
}

/// Why a node's identity could not be stored or loaded.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// The folder holds no identity: the node has not joined.
    #[error("{} holds no identity: join a cluster first", .0.display())]
    NotJoined(PathBuf),
    /// The file could not be read or written.
    #[error("cannot access {}", path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file is not TOML with the expected fields.
    #[error("{} is not an identity file", path.display())]
    Format {
        /// Which file.
        path: PathBuf,
        /// What does not fit, without any content of the file.
        message: String,
    },
    /// A field does not hold what its name says.
    #[error("the field `{0}` of the identity is damaged")]
    Field(&'static str),
    /// The TLS key could not be made or read.
    #[error("the TLS key is unusable")]
    Key(#[source] rcgen::Error),
    /// The node's certificate names no node.
    #[error("the node's certificate is unusable")]
    Certificate(#[source] PeerError),
    /// The certificate is for another key.
    #[error("the TLS key does not belong to the node's certificate")]
    KeyMismatch,
    /// The certificate names another node, incarnation or region than the identity.
    #[error("the node's certificate names another node, incarnation or region")]
    NameMismatch,
    /// The root is not the one that names the cluster.
    #[error("the root certificate belongs to another cluster")]
    ClusterMismatch,
    /// The log key is not certified for this writer by this root.
    #[error("the log key's certificate is unusable")]
    LogKey(#[source] LogKeyError),
    /// The log key's certificate is for another key or writer.
    #[error("the log key's certificate is for another key or writer")]
    LogKeyMismatch,
}

impl NodeIdentity {
    /// Reads and checks the identity in a node's folder; the validity period is left to the connection.
    pub fn load(folder: &Path) -> Result<Self, IdentityError> {
        let path = folder.join(IDENTITY_FILE);
        let text = fs::read_to_string(&path).map_err(|source| {
            if source.kind() == io::ErrorKind::NotFound {
                IdentityError::NotJoined(folder.to_owned())
            } else {
                IdentityError::File { path: path.clone(), source }
            }
        })?;
        let stored: Stored = toml::from_str(&text)
            // The parser's own Display quotes the line, which may be a private key.
            .map_err(|e| IdentityError::Format { path, message: e.message().to_owned() })?;
        let identity = stored.decode()?;
        identity.check()?;
        Ok(identity)
    }

    /// Checks the identity and replaces the one in the folder, which survives a power cut whole.
    pub fn store(&self, folder: &Path) -> Result<(), IdentityError> {
        self.check()?;
        let path = folder.join(IDENTITY_FILE);
        let text = toml::to_string(&Stored::encode(self))
            .map_err(|e| IdentityError::Format { path: path.clone(), message: e.to_string() })?;
        create_private_folder(folder)
            .and_then(|()| write_private(folder, IDENTITY_FILE, text.as_bytes()))
            .map_err(|source| IdentityError::File { path, source })
    }

    fn check(&self) -> Result<(), IdentityError> {
        if !is_host_and_port(&self.hub_address) {
            return Err(IdentityError::Field("hub_address"));
        }
        let leaf = self.certificate_chain.first().ok_or(IdentityError::Field("certificate_chain"))?;
        let peer = parse_peer_certificate(leaf).map_err(IdentityError::Certificate)?;
        if peer.writer != self.writer || peer.region != self.region {
            return Err(IdentityError::NameMismatch);
        }
        let certified = parse_certificate(leaf).map_err(IdentityError::Certificate)?;
        if certified.public_key().raw != NodeKey::from_der(&self.tls_key)?.key.subject_public_key_info() {
            return Err(IdentityError::KeyMismatch);
        }
        if cluster_id(&self.root_certificate) != Some(self.cluster_id) {
            return Err(IdentityError::ClusterMismatch);
        }
        let log_key = SigningKey::from_bytes(&self.log_key).verifying_key().to_bytes();
        if self.log_key_certificate.key != log_key || self.log_key_certificate.writer != self.writer {
            return Err(IdentityError::LogKeyMismatch);
        }
        let root = parse_certificate(&self.root_certificate)
            .map_err(|_| IdentityError::Field("root_certificate"))?;
        let root_key = root.public_key().subject_public_key.data.as_ref();
        let root_key = root_key.try_into().map_err(|_| IdentityError::Field("root_certificate"))?;
        self.log_key_certificate.verify(root_key).map_err(IdentityError::LogKey)
    }
}

/// The identity as the file holds it: bytes in unpadded base64url.
#[derive(Serialize, Deserialize)]
struct Stored {
    version: u32,
    node: u32,
    incarnation: u16,
    region: String,
    name: String,
    cluster_id: String,
    hub_address: String,
    tls_key: String,
    certificate_chain: Vec<String>,
    root_certificate: String,
    log_key: String,
    log_key_certificate: String,
}

const STORED_VERSION: u32 = 1;

impl Stored {
    fn encode(identity: &NodeIdentity) -> Self {
        Self {
            version: STORED_VERSION,
            node: identity.writer.node.0,
            incarnation: identity.writer.incarnation.0,
            region: identity.region.clone(),
            name: identity.name.clone(),
            cluster_id: URL_SAFE_NO_PAD.encode(identity.cluster_id.0),
            hub_address: identity.hub_address.clone(),
            tls_key: URL_SAFE_NO_PAD.encode(&identity.tls_key),
            certificate_chain: identity.certificate_chain.iter().map(|c| URL_SAFE_NO_PAD.encode(c)).collect(),
            root_certificate: URL_SAFE_NO_PAD.encode(&identity.root_certificate),
            log_key: URL_SAFE_NO_PAD.encode(identity.log_key),
            log_key_certificate: URL_SAFE_NO_PAD.encode(identity.log_key_certificate.encode()),
        }
    }

    fn decode(self) -> Result<NodeIdentity, IdentityError> {
        if self.version != STORED_VERSION {
            return Err(IdentityError::Field("version"));
        }
        let chain =
            self.certificate_chain.iter().map(|c| bytes(c, "certificate_chain")).collect::<Result<_, _>>()?;
        let log_key_certificate = bytes(&self.log_key_certificate, "log_key_certificate")?;
        Ok(NodeIdentity {
            writer: Writer::new(self.node, self.incarnation),
            cluster_id: ClusterId(array(&self.cluster_id, "cluster_id")?),
            tls_key: bytes(&self.tls_key, "tls_key")?,
            certificate_chain: chain,
            root_certificate: bytes(&self.root_certificate, "root_certificate")?,
            log_key: array(&self.log_key, "log_key")?,
            log_key_certificate: LogKeyCertificate::decode(&log_key_certificate)
                .map_err(IdentityError::LogKey)?,
            region: self.region,
            name: self.name,
            hub_address: self.hub_address,
        })
    }
}

fn bytes(text: &str, field: &'static str) -> Result<Vec<u8>, IdentityError> {
    URL_SAFE_NO_PAD.decode(text).map_err(|_| IdentityError::Field(field))
}

fn array<const N: usize>(text: &str, field: &'static str) -> Result<[u8; N], IdentityError> {
    bytes(text, field)?.try_into().map_err(|_| IdentityError::Field(field))
}
