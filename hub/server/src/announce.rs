//! Tells whoever started the hub which ports it got, by a file that is there whole or not at all.

use anyhow::{Context, Result};
use std::{fs, net::SocketAddr, path::Path};

/// Writes the bound addresses.
pub(crate) fn write(path: &Path, http: SocketAddr, quic: SocketAddr) -> Result<()> {
    let text = serde_json::json!({ "http": http.to_string(), "quic": quic.to_string() }).to_string();
    let mut temporary = path.as_os_str().to_owned();
    temporary.push(".tmp");
    fs::write(&temporary, text)
        .and_then(|()| fs::rename(&temporary, path))
        .with_context(|| format!("write {}", path.display()))
}
