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
    path::{Path, PathBuf},
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};
use sync_protocol::ids::Writer;
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
        args.replace || NodeIdentity::load(&args.data).is_err(),
        "{} holds a node already; join with another folder, or with --replace to keep its files and begin anew",
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
    let region_key = admitted.region_key;
    let identity = checked_identity(admitted, &root, &token, &tls_key, seed)?;
    if args.replace {
        let kept = set_aside(&args.data, identity.writer)?;
        tracing::info!(kept = %kept.display(), "the files of the node that was here are kept");
    }
    write_private(&args.data.join(REGION_KEY_FILE), &region_key)?;
    identity.store(&args.data).context("cannot store the identity")?;
    tracing::info!(node = %identity.writer, region = identity.region, name = identity.name, "joined");
    Ok(())
}

fn checked_identity(
    admitted: Admitted,
    root: &[u8],
    token: &JoinToken,
    tls_key: &NodeKey,
    seed: [u8; 32],
) -> anyhow::Result<NodeIdentity> {
    ensure!(admitted.root_certificate == root, "the hub gave another root than the token names");
    ensure!(
        cluster_id(root) == Some(admitted.cluster_id),
        "the hub gave another cluster than its root names"
    );
    let certificate: LogKeyCertificate = admitted.log_key_certificate;
    Ok(NodeIdentity {
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
    })
}

/// Moves every file of the folder into one beside them, named after the incarnation that takes their place. Folders,
/// such as that of the plugins, stay.
fn set_aside(data: &Path, next: Writer) -> anyhow::Result<PathBuf> {
    let kept = data.join(format!("before-{}-{}", next.node.0, next.incarnation.0));
    fs::create_dir_all(&kept).with_context(|| format!("cannot make {}", kept.display()))?;
    for file in fs::read_dir(data).with_context(|| format!("cannot list {}", data.display()))? {
        let file = file.with_context(|| format!("cannot list {}", data.display()))?;
        if file.file_type().is_ok_and(|kind| kind.is_file()) {
            fs::rename(file.path(), kept.join(file.file_name()))
                .with_context(|| format!("cannot move {}", file.path().display()))?;
        }
    }
    for folder in [kept.as_path(), data] {
        fs::File::open(folder)
            .and_then(|folder| folder.sync_all())
            .with_context(|| format!("cannot sync {}", folder.display()))?;
    }
    Ok(kept)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_files_of_the_node_that_was_here_are_kept() {
        let data = std::env::temp_dir().join(format!("dayshift-replace-{}", std::process::id()));
        fs::create_dir_all(data.join("plugins")).unwrap();
        for name in ["node.sqlite", "node.sqlite-wal", "witness", "plugins/one.wasm"] {
            fs::write(data.join(name), name).unwrap();
        }
        let kept = set_aside(&data, Writer::new(7, 3)).unwrap();
        assert_eq!(kept, data.join("before-7-3"));
        for name in ["node.sqlite", "node.sqlite-wal", "witness"] {
            assert!(!data.join(name).exists(), "{name} is gone from the new incarnation");
            assert_eq!(fs::read_to_string(kept.join(name)).unwrap(), name);
        }
        assert!(data.join("plugins/one.wasm").exists(), "plugins stay");
        fs::remove_dir_all(&data).unwrap();
    }
}
