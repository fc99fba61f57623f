//! HTTPS for phones: a TCP listener whose connections have gone through their TLS handshake.
//!
//! The certificate is of a public authority, since phones know no other; its files are read again when they change.

use crate::tls::{TlsError, public_server_config};
use rustls::{
    client::verify_server_name,
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject},
    server::{ClientHello, ParsedCertificate, ResolvesServerCert},
    sign::CertifiedKey,
};
use std::{
    fs, io,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock},
    time::{Duration, SystemTime},
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{Semaphore, mpsc},
    task::JoinSet,
    time::{interval, sleep, timeout},
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

/// A handshake that takes longer is given up.
const HANDSHAKE_WAIT: Duration = Duration::from_secs(10);
/// Handshakes at a time; whoever comes on top waits in the system's queue.
const HANDSHAKES_MAX: usize = 128;
/// Connections that wait for the server to take them.
const READY_MAX: usize = 64;
/// How often the files are looked at for a renewed certificate.
const LOOK_EVERY: Duration = Duration::from_secs(30);
/// Rest after the system refused a connection, as where too many files are open.
const REFUSED_REST: Duration = Duration::from_millis(100);

/// A connection behind its handshake.
pub type HttpsStream = TlsStream<TcpStream>;

/// Where certificate chain and private key lie, both PEM.
#[derive(Debug, Clone)]
pub struct CertificateFiles {
    pub chain: PathBuf,
    pub key: PathBuf,
}

/// Why the certificate cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum HttpsError {
    #[error("cannot read {path}: {reason}")]
    File { path: PathBuf, reason: String },
    #[error("{0} holds no certificate")]
    NoCertificate(PathBuf),
    #[error(transparent)]
    Tls(#[from] TlsError),
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl CertificateFiles {
    fn load(&self) -> Result<CertifiedKey, HttpsError> {
        let unread = |path: &Path, reason: &dyn std::fmt::Display| HttpsError::File {
            path: path.to_owned(),
            reason: reason.to_string(),
        };
        let chain = CertificateDer::pem_file_iter(&self.chain)
            .and_then(Iterator::collect::<Result<Vec<_>, _>>)
            .map_err(|error| unread(&self.chain, &error))?;
        if chain.is_empty() {
            return Err(HttpsError::NoCertificate(self.chain.clone()));
        }
        let key = PrivateKeyDer::from_pem_file(&self.key).map_err(|error| unread(&self.key, &error))?;
        Ok(CertifiedKey::from_der(chain, key, &crate::tls::provider()).map_err(TlsError::new)?)
    }

    fn changed_at(&self) -> Option<(SystemTime, SystemTime)> {
        let at = |path| fs::metadata(path).and_then(|meta| meta.modified()).ok();
        Some((at(&self.chain)?, at(&self.key)?))
    }
}

/// The certificate in use.
#[derive(Debug)]
struct InUse(RwLock<Arc<CertifiedKey>>);

impl ResolvesServerCert for InUse {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.read().unwrap_or_else(PoisonError::into_inner).clone())
    }
}

impl InUse {
    fn is_for(&self, name: &str) -> bool {
        let in_use = self.0.read().unwrap_or_else(PoisonError::into_inner).clone();
        let parsed = in_use.cert.first().and_then(|own| ParsedCertificate::try_from(own).ok());
        let name = ServerName::try_from(name).ok();
        parsed.zip(name).is_some_and(|(own, name)| verify_server_name(&own, &name).is_ok())
    }
}

/// Takes connections, lets each go through its handshake beside the others, and hands them out.
#[derive(Debug)]
pub struct HttpsListener {
    local: SocketAddr,
    in_use: Arc<InUse>,
    ready: mpsc::Receiver<(HttpsStream, SocketAddr)>,
    /// They end with the listener.
    _tasks: JoinSet<()>,
}

impl HttpsListener {
    /// Listens, in the runtime of the caller.
    pub async fn bind(address: SocketAddr, files: CertificateFiles) -> Result<Self, HttpsError> {
        let in_use = Arc::new(InUse(RwLock::new(Arc::new(files.load()?))));
        let acceptor = TlsAcceptor::from(Arc::new(public_server_config(in_use.clone())?));
        let listener = TcpListener::bind(address).await?;
        let local = listener.local_addr()?;
        let (sender, ready) = mpsc::channel(READY_MAX);
        let mut tasks = JoinSet::new();
        tasks.spawn(accept(listener, acceptor, sender));
        tasks.spawn(renew(files, in_use.clone()));
        Ok(Self { local, in_use, ready, _tasks: tasks })
    }

    #[must_use]
    pub const fn local_addr(&self) -> SocketAddr {
        self.local
    }

    /// Whether the certificate that is in use when it is asked is for a name.
    pub fn certifies(&self) -> impl Fn(&str) -> bool + Send + Sync + 'static {
        let in_use = self.in_use.clone();
        move |name| in_use.is_for(name)
    }

    /// The next connection.
    pub async fn accept(&mut self) -> (HttpsStream, SocketAddr) {
        match self.ready.recv().await {
            Some(connection) => connection,
            // The runtime stops.
            None => std::future::pending().await,
        }
    }
}

async fn accept(
    listener: TcpListener,
    acceptor: TlsAcceptor,
    ready: mpsc::Sender<(HttpsStream, SocketAddr)>,
) {
    let handshakes = Arc::new(Semaphore::new(HANDSHAKES_MAX));
    let mut connections = JoinSet::new();
    while let Ok(turn) = handshakes.clone().acquire_owned().await {
        let (stream, from) = match listener.accept().await {
            Ok(connection) => connection,
            Err(error) => {
                tracing::debug!(error = &error as &dyn std::error::Error, "a connection was not taken");
                sleep(REFUSED_REST).await;
                continue;
            }
        };
        let (acceptor, ready) = (acceptor.clone(), ready.clone());
        while connections.try_join_next().is_some() {}
        connections.spawn(async move {
            // Scanners and phones that walk away are no news.
            if let Ok(Ok(stream)) = timeout(HANDSHAKE_WAIT, acceptor.accept(stream)).await {
                drop(turn);
                let _stopped = ready.send((stream, from)).await;
            }
        });
    }
}

/// Takes a renewed certificate into use; one that cannot be used leaves the one before.
async fn renew(files: CertificateFiles, in_use: Arc<InUse>) {
    let mut known = files.changed_at();
    let mut look = interval(LOOK_EVERY);
    loop {
        look.tick().await;
        let now = files.changed_at();
        if now.is_none() || now == known {
            continue;
        }
        known = now;
        match files.load() {
            Ok(fresh) => {
                *in_use.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(fresh);
                tracing::info!("the certificate for HTTPS was read again");
            }
            Err(error) => tracing::error!(
                error = &error as &dyn std::error::Error,
                "the changed certificate for HTTPS cannot be used; the one before stays"
            ),
        }
    }
}
