//! The key with which the hub signs what nodes get by hand, and the receipts of places that it confirms itself. The root certifies it, so that a node that knows only its
//! root can tell the hub's file from anybody's.

use anyhow::{Context, Result, bail};
use ed25519_dalek::SigningKey;
use enrolment::Authority;
use hub_core::{layout, shard::RECEIPT_WRITER};
use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::Path,
};
use sync_protocol::{
    ids::{JobId, Writer},
    receipt::{Receipt, ReceiptBody},
};

/// The key with its certificate.
#[derive(Clone)]
pub(crate) struct Signer {
    pub(crate) key: SigningKey,
    pub(crate) certificate: Vec<u8>,
}

impl std::fmt::Debug for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Signer(..)")
    }
}

impl Signer {
    /// Whom the certificate names: the hub, in no history of any vshard.
    pub(crate) const WRITER: Writer = RECEIPT_WRITER;

    /// The receipt of a place that the hub's own node confirmed.
    pub(crate) fn receipt(&self, body: &ReceiptBody) -> Vec<u8> {
        Receipt::sign(body, &self.key, &self.certificate).to_bytes()
    }

    /// The seed of a job's draw: known to nobody without the key before it is published.
    pub(crate) fn draw_seed(&self, job: JobId) -> [u8; 32] {
        let secret = blake3::derive_key("dayshift draw seed v1", self.key.as_bytes());
        *blake3::keyed_hash(&secret, &job.to_bytes()).as_bytes()
    }

    /// Reads the key in the hub's folder, made at its first use, and certifies it.
    pub(crate) fn open(data: &Path, authority: &Authority) -> Result<Self> {
        let path = layout::log_key(data);
        let seed = match fs::read(&path) {
            Ok(seed) => seed,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                create(data, &path).with_context(|| format!("make {}", path.display()))?
            }
            Err(error) => return Err(error).with_context(|| format!("read {}", path.display())),
        };
        let Ok(seed) = <[u8; 32]>::try_from(seed) else {
            bail!("{} is damaged; delete it, and the hub makes another", path.display());
        };
        let key = SigningKey::from_bytes(&seed);
        let certificate = authority.certify_log_key(Self::WRITER, key.verifying_key().to_bytes())?;
        Ok(Self { key, certificate: certificate.encode().to_vec() })
    }
}

fn create(data: &Path, path: &Path) -> Result<Vec<u8>> {
    let mut seed = vec![0; 32];
    getrandom::fill(&mut seed).context("the system gives no random bytes")?;
    let next = path.with_extension("next");
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&next)?;
    file.write_all(&seed)?;
    file.sync_all()?;
    fs::rename(&next, path)?;
    File::open(data)?.sync_all()?;
    Ok(seed)
}
