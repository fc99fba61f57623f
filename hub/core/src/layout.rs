//! What lies where in the hub's data folder: one answer for the hub and for the command that makes the folder.

use std::path::{Path, PathBuf};
use sync_protocol::ids::VshardId;

/// SQLite files over which the vshards are spread.
pub const SHARD_FILES: usize = 4;

/// The folder of the certificate authority.
#[must_use]
pub fn authority(folder: &Path) -> PathBuf {
    folder.join("authority")
}

/// The key with which the hub signs what is carried to nodes by hand.
#[must_use]
pub fn log_key(folder: &Path) -> PathBuf {
    folder.join("log.key")
}

/// What the hub knows about nodes, tenants, tokens and topics.
#[must_use]
pub fn control(folder: &Path) -> PathBuf {
    folder.join("control.sqlite")
}

/// One of the [`SHARD_FILES`] files.
#[must_use]
pub fn shard(folder: &Path, file: usize) -> PathBuf {
    folder.join(format!("shard-{file}.sqlite"))
}

/// The bearer token of the operators.
#[must_use]
pub fn admin_token(folder: &Path) -> PathBuf {
    folder.join("admin.token")
}

/// What the process that uses the folder holds locked.
#[must_use]
pub fn lock(folder: &Path) -> PathBuf {
    folder.join("hub.lock")
}

/// Where files of a backup are made ready; a hub does not start beside it, because some may be in place and some not.
#[must_use]
pub fn restoring(folder: &Path) -> PathBuf {
    folder.join("restoring")
}

/// Which file holds a vshard.
#[must_use]
pub const fn file_of(vshard: VshardId) -> usize {
    vshard.0 as usize % SHARD_FILES
}
