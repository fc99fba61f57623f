//! How rustls is set up: ring, TLS 1.3, the cluster's root as the only authority, no 0-RTT.
//!
//! One port serves three protocols. TLS cannot demand a client certificate for some of them only, so the handshake
//! takes a client without one, or with one that is merely out of date, and [`ClientCheck`] then judges every
//! connection by its protocol. A certificate of another authority fails the handshake itself.

use std::sync::{Arc, PoisonError, RwLock};

use quinn::crypto::rustls::{QuicClientConfig, QuicServerConfig};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, DistinguishedName, Error, RootCertStore,
    ServerConfig, SignatureScheme,
    client::{
        Resumption, WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime},
    server::{
        ClientHello, ParsedCertificate, ResolvesServerCert, ServerSessionMemoryCache, WebPkiClientVerifier,
        danger::{ClientCertVerified, ClientCertVerifier},
    },
    sign::CertifiedKey,
    version::TLS13,
};
use sha2::{Digest, Sha256};

use crate::{
    limits::{NODE_SESSIONS_MAX, SESSIONS_MAX},
    time::TimeSource,
};

/// Sessions: certificate required and in date.
pub(crate) const ALPN_SYNC: &[u8] = b"dayshift-sync/1";
/// First contact of a box that has a token only.
pub(crate) const ALPN_JOIN: &[u8] = b"dayshift-join/1";
/// A node whose certificate may be out of date asks for a fresh one.
pub(crate) const ALPN_RENEW: &[u8] = b"dayshift-renew/1";
/// The name in the hub's certificate, whatever address was dialled.
pub(crate) const HUB_DNS_NAME: &str = "hub.dayshift.internal";

/// The given keys and certificates cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("the TLS keys and certificates cannot be used")]
pub struct TlsError(#[source] Box<dyn std::error::Error + Send + Sync>);

impl TlsError {
    pub(crate) fn new(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self(source.into())
    }
}

pub(crate) fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

/// A server for anybody's browser: TLS 1.2 or 1.3, no client certificate, HTTP/1.1.
pub(crate) fn public_server_config(
    certificate: Arc<dyn ResolvesServerCert>,
) -> Result<ServerConfig, TlsError> {
    let builder = ServerConfig::builder_with_provider(provider());
    let builder = builder.with_safe_default_protocol_versions().map_err(TlsError::new)?;
    let mut config = builder.with_no_client_auth().with_cert_resolver(certificate);
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

fn root_store(root: &[u8]) -> Result<Arc<RootCertStore>, Error> {
    let mut store = RootCertStore::empty();
    store.add(CertificateDer::from(root).into_owned())?;
    Ok(Arc::new(store))
}

fn certified_key(chain: &[Vec<u8>], key: &[u8]) -> Result<CertifiedKey, TlsError> {
    let chain = chain.iter().cloned().map(CertificateDer::from).collect();
    let key = PrivateKeyDer::try_from(key.to_vec()).map_err(TlsError::new)?;
    CertifiedKey::from_der(chain, key, &provider()).map_err(TlsError::new)
}

/// Why the hub does not deal with a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ClientFault {
    Expired,
    Untrusted,
}

/// Verifies client certificates against the root: leniently in the handshake, strictly afterwards.
#[derive(Debug)]
pub(crate) struct ClientCheck {
    strict: Arc<dyn ClientCertVerifier>,
    time: TimeSource,
}

impl ClientCheck {
    fn new(root: &[u8], time: TimeSource) -> Result<Arc<Self>, TlsError> {
        let store = root_store(root).map_err(TlsError::new)?;
        let strict = WebPkiClientVerifier::builder_with_provider(store, provider())
            .allow_unauthenticated()
            .build()
            .map_err(TlsError::new)?;
        Ok(Arc::new(Self { strict, time }))
    }

    /// Judges a chain again at this moment: a resumed session was not verified in its handshake.
    pub(crate) fn check(&self, chain: &[CertificateDer<'_>]) -> Result<(), ClientFault> {
        let (leaf, rest) = chain.split_first().ok_or(ClientFault::Untrusted)?;
        match self.strict.verify_client_cert(leaf, rest, self.time.unix_time()) {
            Ok(_) => Ok(()),
            Err(error) if end_of_validity(&error).is_some() => {
                self.verify_client_cert(leaf, rest, self.time.unix_time())
                    .map_err(|_| ClientFault::Untrusted)?;
                Err(ClientFault::Expired)
            }
            Err(_) => Err(ClientFault::Untrusted),
        }
    }
}

fn end_of_validity(error: &Error) -> Option<UnixTime> {
    if let Error::InvalidCertificate(CertificateError::ExpiredContext { not_after, .. }) = error {
        Some(*not_after)
    } else {
        None
    }
}

impl ClientCertVerifier for ClientCheck {
    fn offer_client_auth(&self) -> bool {
        true
    }

    fn client_auth_mandatory(&self) -> bool {
        false
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        // A node has one certificate; a hint would only cost bytes.
        &[]
    }

    /// As the strict verifier does, but an expired certificate is verified as of its last second.
    fn verify_client_cert(
        &self,
        leaf: &CertificateDer<'_>,
        rest: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        self.strict.verify_client_cert(leaf, rest, now).or_else(|error| match end_of_validity(&error) {
            Some(last) => self.strict.verify_client_cert(leaf, rest, last),
            None => Err(error),
        })
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.strict.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.strict.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.strict.supported_verify_schemes()
    }
}

/// The hub's certificate: with the root for a box that knows only its hash, without it for nodes that hold it.
#[derive(Debug)]
pub(crate) struct HubChain {
    current: RwLock<HubChains>,
}

#[derive(Debug)]
struct HubChains {
    for_nodes: Arc<CertifiedKey>,
    for_joins: Arc<CertifiedKey>,
}

impl HubChains {
    fn new(chain: &[Vec<u8>], key: &[u8], root: &[u8]) -> Result<Self, TlsError> {
        let with_root: Vec<_> = chain.iter().cloned().chain([root.to_vec()]).collect();
        Ok(Self {
            for_nodes: Arc::new(certified_key(chain, key)?),
            for_joins: Arc::new(certified_key(&with_root, key)?),
        })
    }
}

impl HubChain {
    /// Uses another certificate from the next handshake on.
    pub(crate) fn replace(&self, chain: &[Vec<u8>], key: &[u8], root: &[u8]) -> Result<(), TlsError> {
        let chains = HubChains::new(chain, key, root)?;
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = chains;
        Ok(())
    }
}

impl ResolvesServerCert for HubChain {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let joins = hello.alpn().is_some_and(|mut offered| offered.any(|name| name == ALPN_JOIN));
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        Some(Arc::clone(if joins { &current.for_joins } else { &current.for_nodes }))
    }
}

/// The hub's TLS side: quinn's configuration, the replaceable chain, the judge of clients.
pub(crate) struct HubTls {
    pub(crate) config: Arc<QuicServerConfig>,
    pub(crate) chain: Arc<HubChain>,
    pub(crate) clients: Arc<ClientCheck>,
}

/// Builds the hub's side.
pub(crate) fn hub_tls(
    chain: &[Vec<u8>],
    key: &[u8],
    root: &[u8],
    time: &TimeSource,
) -> Result<HubTls, TlsError> {
    let clients = ClientCheck::new(root, time.clone())?;
    let chain = Arc::new(HubChain { current: RwLock::new(HubChains::new(chain, key, root)?) });
    let mut config = ServerConfig::builder_with_details(provider(), Arc::new(time.clone()))
        .with_protocol_versions(&[&TLS13])
        .map_err(TlsError::new)?
        .with_client_cert_verifier(clients.clone())
        .with_cert_resolver(chain.clone());
    config.alpn_protocols = vec![ALPN_SYNC.to_vec(), ALPN_JOIN.to_vec(), ALPN_RENEW.to_vec()];
    config.session_storage = ServerSessionMemoryCache::new(SESSIONS_MAX);
    config.send_tls13_tickets = 1;
    config.max_early_data_size = 0;
    let config = Arc::new(QuicServerConfig::try_from(config).map_err(TlsError::new)?);
    Ok(HubTls { config, chain, clients })
}

/// Judges the hub's chain by the pinned root and the hub's name.
#[derive(Debug)]
pub(crate) struct HubCheck {
    verifier: Arc<WebPkiServerVerifier>,
    time: TimeSource,
}

impl HubCheck {
    pub(crate) fn new(root: &[u8], time: TimeSource) -> Result<Self, TlsError> {
        let store = root_store(root).map_err(TlsError::new)?;
        let verifier =
            WebPkiServerVerifier::builder_with_provider(store, provider()).build().map_err(TlsError::new)?;
        Ok(Self { verifier, time })
    }

    /// Judges a chain again at this moment: a resumed session was not verified in its handshake.
    pub(crate) fn check(&self, chain: &[CertificateDer<'_>]) -> Result<(), TlsError> {
        let (leaf, rest) =
            chain.split_first().ok_or_else(|| TlsError::new("the hub showed no certificate"))?;
        let name = ServerName::try_from(HUB_DNS_NAME).map_err(TlsError::new)?;
        self.verifier
            .verify_server_cert(leaf, rest, &name, &[], self.time.unix_time())
            .map(|_| ())
            .map_err(TlsError::new)
    }

    /// The node's side for a session or a renewal.
    pub(crate) fn client_config(
        &self,
        chain: &[Vec<u8>],
        key: &[u8],
        alpn: &[u8],
    ) -> Result<Arc<QuicClientConfig>, TlsError> {
        let chain = chain.iter().cloned().map(CertificateDer::from).collect();
        let key = PrivateKeyDer::try_from(key.to_vec()).map_err(TlsError::new)?;
        let mut config = ClientConfig::builder_with_details(provider(), Arc::new(self.time.clone()))
            .with_protocol_versions(&[&TLS13])
            .map_err(TlsError::new)?
            .with_webpki_verifier(self.verifier.clone())
            .with_client_auth_cert(chain, key)
            .map_err(TlsError::new)?;
        config.alpn_protocols = vec![alpn.to_vec()];
        config.resumption = Resumption::in_memory_sessions(NODE_SESSIONS_MAX);
        config.enable_early_data = false;
        Ok(Arc::new(QuicClientConfig::try_from(config).map_err(TlsError::new)?))
    }
}

/// The box's side for a join: trusts whatever root has the expected hash.
pub(crate) fn join_config(
    root_spki_sha256: [u8; 32],
    time: &TimeSource,
) -> Result<Arc<QuicClientConfig>, TlsError> {
    let mut config = ClientConfig::builder_with_details(provider(), Arc::new(time.clone()))
        .with_protocol_versions(&[&TLS13])
        .map_err(TlsError::new)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(RootHashVerifier {
            root_spki_sha256,
            provider: provider(),
        }))
        .with_no_client_auth();
    config.alpn_protocols = vec![ALPN_JOIN.to_vec()];
    config.resumption = Resumption::disabled();
    config.enable_early_data = false;
    Ok(Arc::new(QuicClientConfig::try_from(config).map_err(TlsError::new)?))
}

/// Finds the certificate behind the leaf whose key has the expected hash.
pub(crate) fn find_root<'a>(
    chain: &'a [CertificateDer<'a>],
    spki_sha256: &[u8; 32],
) -> Option<&'a CertificateDer<'a>> {
    chain.iter().find(|certificate| {
        ParsedCertificate::try_from(*certificate)
            .is_ok_and(|parsed| Sha256::digest(parsed.subject_public_key_info()).as_slice() == spki_sha256)
    })
}

/// Accepts a chain that leads to a root of the expected hash, for the hub's name.
#[derive(Debug)]
struct RootHashVerifier {
    root_spki_sha256: [u8; 32],
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for RootHashVerifier {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        rest: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let unknown = Error::InvalidCertificate(CertificateError::UnknownIssuer);
        let root = find_root(rest, &self.root_spki_sha256).ok_or_else(|| unknown.clone())?;
        WebPkiServerVerifier::builder_with_provider(root_store(root)?, self.provider.clone())
            .build()
            .map_err(|_| unknown)?
            .verify_server_cert(leaf, rest, name, ocsp, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(
            message,
            certificate,
            signature,
            &self.provider.signature_verification_algorithms,
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(
            message,
            certificate,
            signature,
            &self.provider.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
