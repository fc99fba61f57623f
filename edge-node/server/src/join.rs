//! `edge-node join`: turns a box into a node.

use crate::config::{JoinArgs, REGION_KEY_FILE};
use anyhow::{Context, bail, ensure};
use ed25519_dalek::SigningKey;
use enrolment::{
    Admitted, JoinAnswer, JoinRequest, JoinToken, LogKeyCertificate, NodeIdentity, NodeKey, cluster_id,
};
use std::{
    fs,
    io::Write,
    net::{SocketAddr, ToSocketAddrs},
    path::Path,
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};
use sync_quic::{TimeSource, request_join};

/// The clock of certificates, in Unix seconds.
pub(crate) fn time_source(floor: u64) -> TimeSource {
    TimeSource::new(
        Arc::new(|| SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs())),
        floor,
    )
}

/// Looks a `host:port` up.
pub(crate) fn resolve(address: &str) -> anyhow::Result<SocketAddr> {
    address
        .to_socket_addrs()
        .with_context(|| format!("cannot find the hub's address {address}"))?
        .next()
        .with_context(|| format!("the hub's name {address} has no address"))
}

/// Asks the hub for a certificate and stores the identity; nothing is written unless the hub admits the box.
pub(crate) async fn join(args: &JoinArgs) -> anyhow::Result<()> {
    let token: JoinToken =
        args.token.parse().context("the join token is damaged; copy it whole, from `ds1.` on")?;
    ensure!(
        NodeIdentity::load(&args.data).is_err(),
        "{} holds a node already; join with another folder, or move this one away",
        args.data.display()
    );
    fs::create_dir_all(&args.data).with_context(|| format!("cannot make {}", args.data.display()))?;
    let tls_key = NodeKey::generate().context("cannot make a key")?;
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).context("the system gives no random bytes")?;
    let log_public_key = SigningKey::from_bytes(&seed).verifying_key().to_bytes();
    let address = resolve(&token.hub_address)?;
    let pending = request_join(address, token.root_spki_sha256, &time_source(0))
        .await
        .with_context(|| format!("cannot join by the hub at {}", &token.hub_address))?;
    let root = pending.root_certificate().to_vec();
    let request = JoinRequest {
        token_id: token.id,
        secret: token.secret.clone(),
        csr: tls_key.request().context("cannot make a signing request")?,
        log_public_key,
    };
    let answer = pending.exchange(&request.encode()).await.context("the hub did not answer")?;
    let admitted = match JoinAnswer::decode(&answer).context("the hub's answer is not understood")? {
        JoinAnswer::Admitted(admitted) => *admitted,
        JoinAnswer::Refused { reason } => {
            bail!("the hub refused: {reason}; make a new token with `dayshift token create`")
        }
    };
    let identity = checked_identity(admitted, &root, &token, &tls_key, seed, &args.data)?;
    tracing::info!(node = %identity.writer, region = identity.region, name = identity.name, "joined");
    Ok(())
}

fn checked_identity(
    admitted: Admitted,
    root: &[u8],
    token: &JoinToken,
    tls_key: &NodeKey,
    seed: [u8; 32],
    data: &Path,
) -> anyhow::Result<NodeIdentity> {
    ensure!(admitted.root_certificate == root, "the hub gave another root than the token names");
    ensure!(
        cluster_id(root) == Some(admitted.cluster_id),
        "the hub gave another cluster than its root names"
    );
    let certificate: LogKeyCertificate = admitted.log_key_certificate;
    let identity = NodeIdentity {
        writer: admitted.writer,
        region: admitted.region,
        name: admitted.name,
        cluster_id: admitted.cluster_id,
        hub_address: token.hub_address.clone(),
        tls_key: tls_key.to_der(),
        certificate_chain: admitted.certificate_chain,
        root_certificate: root.to_vec(),
        log_key: seed,
        log_key_certificate: certificate,
    };
    write_private(&data.join(REGION_KEY_FILE), &admitted.region_key)?;
    identity.store(data).context("cannot store the identity")?;
    Ok(identity)
}

fn write_private(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    use std::os::unix::fs::OpenOptionsExt;
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)
        .with_context(|| format!("cannot write {}", path.display()))?;
    file.write_all(bytes)
        .and_then(|()| file.sync_all())
        .with_context(|| format!("cannot write {}", path.display()))
}
