//! The cluster's certificate authority: made once by `hub init`, opened by the hub to certify nodes and itself.
//!
//! One Ed25519 root key signs TLS certificates and log-key certificates. Every certificate is valid from 1970 on, so
//! that a slow clock locks nobody out; only the end of validity is meaningful.

use std::{
    fmt, fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

use rcgen::{
    BasicConstraints, CertificateParams, CertificateSigningRequestParams, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, PKCS_ED25519,
    PublicKeyData, SanType, SerialNumber, SigningKey, date_time_ymd,
};
use sha2::{Digest, Sha256};
use sync_protocol::ids::Writer;

use crate::{
    HUB_DNS_NAME,
    files::{create_private_folder, write_private},
    limits::{
        HUB_CERTIFICATE_SECONDS, NODE_CERTIFICATE_SECONDS, REQUEST_BYTES_MAX, ROOT_CERTIFICATE_SECONDS,
        TIME_SECONDS_MAX,
    },
    log_key::{LogKeyCertificate, signed_bytes},
    peer::{NodeSubject, is_name, node_uri, parse_certificate, single_uri},
};

const KEY_FILE: &str = "root-key.pem";
const CERTIFICATE_FILE: &str = "root.der";

/// Names a cluster: the first 16 bytes of the SHA-256 of its root's SubjectPublicKeyInfo.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClusterId(pub [u8; 16]);

impl fmt::Display for ClusterId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// A certificate's serial: 16 bytes, the first two bits always `01`, so that its encoding has one length.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Serial([u8; 16]);

impl Serial {
    /// Makes a serial of 126 of the given random bits.
    #[must_use]
    pub const fn from_random(mut bytes: [u8; 16]) -> Self {
        bytes[0] = bytes[0] & 0x3f | 0x40;
        Self(bytes)
    }

    /// Reads the bytes of a certificate's serial; `None` unless it is one of ours.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let bytes: [u8; 16] = bytes.try_into().ok()?;
        (Self::from_random(bytes).0 == bytes).then_some(Self(bytes))
    }

    /// The 16 bytes, big endian.
    #[must_use]
    pub const fn to_bytes(self) -> [u8; 16] {
        self.0
    }
}

impl fmt::Display for Serial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// Why the authority could not be created or opened.
#[derive(Debug, thiserror::Error)]
pub enum AuthorityError {
    /// Letters, digits, `.`, `_` and `-` are allowed, 63 at most.
    #[error("`{0}` cannot name a cluster: use letters, digits, `.`, `_` and `-`, at most 63")]
    ClusterName(String),
    /// The folder holds an authority, which is never overwritten.
    #[error("{} already holds an authority", .0.display())]
    Exists(PathBuf),
    /// A file could not be read or written.
    #[error("cannot access {}", path.display())]
    File {
        /// Which file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A key or certificate could not be made or read.
    #[error("the root key or certificate is unusable")]
    Crypto(#[source] rcgen::Error),
    /// The key does not belong to the certificate beside it.
    #[error("{} holds a root key and a root certificate that do not belong together", .0.display())]
    Mismatch(PathBuf),
    /// The certificate is not one that [`Authority::create`] made.
    #[error("{} does not hold a root certificate", .0.display())]
    NotARoot(PathBuf),
}

/// Why a certificate was not issued.
#[derive(Debug, thiserror::Error)]
pub enum IssueError {
    /// The request is longer than any that a node makes.
    #[error("the signing request has {0} bytes, more than {REQUEST_BYTES_MAX}")]
    RequestTooLong(usize),
    /// The request does not parse or is not signed by the key in it.
    #[error("the signing request is malformed or not signed by its own key")]
    Request(#[source] rcgen::Error),
    /// Only P-256 keys are certified.
    #[error("the signing request holds a key of another kind than ECDSA P-256")]
    KeyKind,
    /// The region cannot stand in a certificate, or the writer is the hub's.
    #[error("a node's certificate cannot name {0:?}")]
    Subject(NodeSubject),
    /// Key generation or signing failed.
    #[error("the certificate could not be signed")]
    Sign(#[source] rcgen::Error),
}

/// The hub's server certificate and its private key.
#[derive(Clone)]
pub struct HubCertificate {
    /// DER.
    pub certificate: Vec<u8>,
    /// PKCS #8 DER of an ECDSA P-256 key.
    pub private_key: Vec<u8>,
}

impl fmt::Debug for HubCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HubCertificate").finish_non_exhaustive()
    }
}

/// The root key with its self-signed certificate.
pub struct Authority {
    key: KeyPair,
    certificate: Vec<u8>,
    trust_domain: String,
}

impl fmt::Debug for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authority").field("trust_domain", &self.trust_domain).finish_non_exhaustive()
    }
}

impl Authority {
    /// Makes a root for a new cluster at `now` (Unix seconds) and stores it; refuses a folder that holds one.
    pub fn create(folder: &Path, cluster_name: &str, now: u64) -> Result<Self, AuthorityError> {
        if !is_name(cluster_name) {
            return Err(AuthorityError::ClusterName(cluster_name.to_owned()));
        }
        // The certificate is written last: a key without one is a creation that was cut off.
        if folder.join(CERTIFICATE_FILE).exists() {
            return Err(AuthorityError::Exists(folder.to_owned()));
        }
        let key = KeyPair::generate_for(&PKCS_ED25519).map_err(AuthorityError::Crypto)?;
        let certificate = self_signed_root(&key, cluster_name, now).map_err(AuthorityError::Crypto)?;
        let at = |name: &str| {
            let path = folder.join(name);
            |source| AuthorityError::File { path, source }
        };
        create_private_folder(folder).map_err(at(""))?;
        write_private(folder, KEY_FILE, key.serialize_pem().as_bytes()).map_err(at(KEY_FILE))?;
        write_private(folder, CERTIFICATE_FILE, &certificate).map_err(at(CERTIFICATE_FILE))?;
        Ok(Self { key, certificate, trust_domain: cluster_name.to_owned() })
    }

    /// Reads the root that [`Self::create`] stored.
    pub fn open(folder: &Path) -> Result<Self, AuthorityError> {
        let key_path = folder.join(KEY_FILE);
        let pem = fs::read_to_string(&key_path)
            .map_err(|source| AuthorityError::File { path: key_path, source })?;
        let path = folder.join(CERTIFICATE_FILE);
        let certificate =
            fs::read(&path).map_err(|source| AuthorityError::File { path: path.clone(), source })?;
        let key = KeyPair::from_pem(&pem).map_err(AuthorityError::Crypto)?;
        let root = parse_certificate(&certificate).map_err(|_| AuthorityError::NotARoot(path.clone()))?;
        if root.public_key().raw != key.subject_public_key_info() {
            return Err(AuthorityError::Mismatch(folder.to_owned()));
        }
        let trust_domain = single_uri(&root)
            .ok()
            .and_then(|uri| uri.strip_prefix("dayshift://"))
            .filter(|name| is_name(name))
            .ok_or(AuthorityError::NotARoot(path))?
            .to_owned();
        Ok(Self { key, certificate, trust_domain })
    }

    /// The self-signed root certificate, DER.
    #[must_use]
    pub fn root_certificate(&self) -> &[u8] {
        &self.certificate
    }

    /// The root's Ed25519 public key, against which log-key certificates verify.
    #[must_use]
    pub fn root_public_key(&self) -> [u8; 32] {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(self.key.public_key_raw());
        bytes
    }

    /// SHA-256 of the root's SubjectPublicKeyInfo: what a join token pins.
    #[must_use]
    pub fn root_spki_sha256(&self) -> [u8; 32] {
        Sha256::digest(self.key.subject_public_key_info()).into()
    }

    /// The id that every session of the cluster states.
    #[must_use]
    pub fn cluster_id(&self) -> ClusterId {
        cluster_id_of(&self.root_spki_sha256())
    }

    /// The cluster's name, the authority part of every certificate's URI.
    #[must_use]
    pub fn trust_domain(&self) -> &str {
        &self.trust_domain
    }

    /// Makes a key and a server certificate for the hub.
    pub fn issue_hub_certificate(&self, serial: Serial, now: u64) -> Result<HubCertificate, IssueError> {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).map_err(IssueError::Sign)?;
        let uri = format!("dayshift://{}/hub", self.trust_domain);
        let mut params = leaf_params(serial, now, HUB_CERTIFICATE_SECONDS, &uri).map_err(IssueError::Sign)?;
        let dns_name = HUB_DNS_NAME.try_into().map_err(IssueError::Sign)?;
        params.subject_alt_names.push(SanType::DnsName(dns_name));
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let certificate = self.sign(&params, &key)?;
        Ok(HubCertificate { certificate, private_key: key.serialize_der() })
    }

    /// Certifies the key of a signing request (PKCS #10, DER) for 7 days under the name that the hub chose.
    ///
    /// Nothing but the public key is taken from the request, whose signature proves possession of the key.
    pub fn issue_node_certificate(
        &self,
        request: &[u8],
        subject: &NodeSubject,
        serial: Serial,
        now: u64,
    ) -> Result<Vec<u8>, IssueError> {
        if request.len() > REQUEST_BYTES_MAX {
            return Err(IssueError::RequestTooLong(request.len()));
        }
        if !is_name(&subject.region) || subject.writer.is_hub() {
            return Err(IssueError::Subject(subject.clone()));
        }
        let request =
            CertificateSigningRequestParams::from_der(&request.into()).map_err(IssueError::Request)?;
        if request.public_key.algorithm() != &PKCS_ECDSA_P256_SHA256 {
            return Err(IssueError::KeyKind);
        }
        let uri = node_uri(&self.trust_domain, subject);
        let mut params =
            leaf_params(serial, now, NODE_CERTIFICATE_SECONDS, &uri).map_err(IssueError::Sign)?;
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        self.sign(&params, &request.public_key)
    }

    /// States that an Ed25519 public key signs the log of a writer.
    pub fn certify_log_key(&self, writer: Writer, key: [u8; 32]) -> Result<LogKeyCertificate, IssueError> {
        let signature = self.key.sign(&signed_bytes(writer, &key)).map_err(IssueError::Sign)?;
        let signature = signature.try_into().map_err(|_| IssueError::KeyKind)?;
        Ok(LogKeyCertificate { writer, key, signature })
    }

    fn sign(&self, params: &CertificateParams, key: &impl PublicKeyData) -> Result<Vec<u8>, IssueError> {
        let root = self.certificate.as_slice().into();
        let issuer = Issuer::from_ca_cert_der(&root, &self.key).map_err(IssueError::Sign)?;
        let certificate = params.signed_by(key, &issuer).map_err(IssueError::Sign)?;
        Ok(certificate.der().to_vec())
    }
}

/// The cluster id of a root certificate (DER); `None` when it is not a certificate.
#[must_use]
pub fn cluster_id(root_certificate: &[u8]) -> Option<ClusterId> {
    let root = parse_certificate(root_certificate).ok()?;
    Some(cluster_id_of(&Sha256::digest(root.public_key().raw).into()))
}

/// The Ed25519 public key in a root certificate (DER); `None` when it is not one of ours.
#[must_use]
pub fn root_public_key(root_certificate: &[u8]) -> Option<[u8; 32]> {
    let root = parse_certificate(root_certificate).ok()?;
    let is_root = single_uri(&root).is_ok_and(|uri| uri.strip_prefix("dayshift://").is_some_and(is_name));
    let key = root.public_key().subject_public_key.data.as_ref().try_into().ok()?;
    is_root.then_some(key)
}

fn cluster_id_of(spki_sha256: &[u8; 32]) -> ClusterId {
    let mut id = [0; 16];
    id.copy_from_slice(&spki_sha256[..16]);
    ClusterId(id)
}

fn self_signed_root(key: &KeyPair, cluster_name: &str, now: u64) -> Result<Vec<u8>, rcgen::Error> {
    let mut params = CertificateParams::default();
    params.not_before = date_time_ymd(1970, 1, 1);
    params.not_after = params.not_before + lifetime(now, ROOT_CERTIFICATE_SECONDS);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    params.subject_alt_names = vec![SanType::URI(format!("dayshift://{cluster_name}").try_into()?)];
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, format!("{cluster_name} root"));
    Ok(params.self_signed(key)?.der().to_vec())
}

fn leaf_params(serial: Serial, now: u64, seconds: u64, uri: &str) -> Result<CertificateParams, rcgen::Error> {
    let mut params = CertificateParams::default();
    params.not_before = date_time_ymd(1970, 1, 1);
    params.not_after = params.not_before + lifetime(now, seconds);
    params.serial_number = Some(SerialNumber::from_slice(&serial.to_bytes()));
    params.is_ca = IsCa::NoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.distinguished_name = DistinguishedName::new();
    params.subject_alt_names = vec![SanType::URI(uri.try_into()?)];
    Ok(params)
}

fn lifetime(now: u64, seconds: u64) -> Duration {
    Duration::from_secs(now.saturating_add(seconds).min(TIME_SECONDS_MAX))
}
