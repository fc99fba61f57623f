//! The independent count of a run: every receipt that a worker was shown, with the cancellations, against the seats of each
//! job, by `dayshift receipt count`, which shares no code with the ledger.

use super::cluster::{Cluster, root_certificate};
use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;

/// A receipt that a worker was shown.
#[derive(Debug, Serialize)]
pub(crate) struct Shown {
    pub(crate) job: String,
    pub(crate) sign_up: String,
    pub(crate) node: &'static str,
    /// Base64url.
    pub(crate) receipt: String,
    pub(crate) cancelled: bool,
}

/// What the count came to.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
pub(crate) struct Recount {
    /// Receipts that are genuine.
    pub(crate) receipts: u64,
    /// Jobs with a receipt that stands.
    pub(crate) jobs: u64,
    /// Receipts of places that were not given back.
    pub(crate) live: u64,
    pub(crate) oversold: u64,
    /// Receipts that are not genuine, in words.
    pub(crate) wrong: Vec<String>,
    /// Jobs with more live receipts than seats, and by how many.
    pub(crate) over: BTreeMap<String, u64>,
}

/// Writes receipts as a JSON list, as `dayshift receipt count` reads them.
pub(crate) fn write(shown: &[Shown], path: &Path) -> Result<()> {
    let text = serde_json::to_string_pretty(shown).context("write receipts")?;
    std::fs::write(path, text + "\n").with_context(|| format!("write {}", path.display()))
}

/// Counts by a process of its own. What is not genuine and what is oversold stands in the answer.
pub(crate) fn by_receipts(
    cluster: &Cluster,
    shown: &[Shown],
    caps: &BTreeMap<String, u64>,
) -> Result<Recount> {
    let (receipts, caps_at) = (cluster.path("receipts.json"), cluster.path("caps.json"));
    write(shown, receipts.as_ref())?;
    let text = serde_json::to_string(caps).context("caps")?;
    std::fs::write(&caps_at, text).with_context(|| format!("write {caps_at}"))?;
    let root = root_certificate(cluster.hub_data().as_ref())?.display().to_string();
    let arguments = ["receipt", "count", &receipts, "--root", &root, "--caps", &caps_at, "--json"];
    cluster.programs.own_json(&arguments, &[0, 1])
}
