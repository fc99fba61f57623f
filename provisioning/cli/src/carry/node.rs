//! Hands the hub's answer to the running node: its event loop stays the one that writes its database.

use crate::{Outcome, hub_client::HubClient, output};
use anyhow::{Context, Result};
use serde::Deserialize;
use std::path::Path;

/// What a running node leaves in its data folder, for whoever may read it.
#[derive(Deserialize)]
struct Control {
    http: String,
    token: String,
}

#[derive(Deserialize)]
struct Carried {
    received: u64,
    /// Own entries that the hub has.
    acked: u64,
    more: bool,
    retired: Option<String>,
}

/// The running node of a data folder, by the token that it leaves there.
pub(crate) fn running_node(data: &Path) -> Result<HubClient> {
    let path = data.join("control.json");
    let text = std::fs::read_to_string(&path)
        .with_context(|| format!("read {}; this needs the running node", path.display()))?;
    let control: Control = serde_json::from_str(&text).with_context(|| path.display().to_string())?;
    HubClient::new(&format!("http://{}", control.http), &control.token)
}

/// Imports at the node of this folder.
pub(super) fn import(data: &Path, bytes: &[u8], json: bool) -> Result<Outcome> {
    let client = running_node(data)?;
    let text = client.post_bytes("/v1/sync/carry", &[], bytes)?;
    let carried: Carried = serde_json::from_str(&text).context("the node's answer")?;
    if json {
        output::result(&text);
    } else {
        if carried.retired.is_none() {
            let entries = if carried.acked == 1 { "entry" } else { "entries" };
            output::result(&format!(
                "what the node sent is acknowledged: the hub has {} {entries} of its log",
                carried.acked
            ));
        }
        let entries = if carried.received == 1 { "entry" } else { "entries" };
        output::result(&format!("the node took {} {entries} of the hub", carried.received));
        if carried.more {
            output::result("the hub has more than the file held: carry again");
        }
        if let Some(reason) = &carried.retired {
            output::result(&format!("the node signs nobody up any more: {reason}"));
        }
    }
    Ok(if carried.retired.is_some() { Outcome::Degraded } else { Outcome::Done })
}
