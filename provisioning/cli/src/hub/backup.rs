//! `dayshift hub backup`: one folder with a consistent copy of each database, beside the running hub.
//!
//! The incarnations are noted before the first shard is copied and the directory is copied last, so that whoever may hold
//! rights by a shard's copy is known by the backup. Its manifest is written last: a folder without one is no backup.

use super::open_control;
use crate::{Outcome, hub, output};
use anyhow::{Context, Result, bail};
use clap::Args;
use enrolment::Authority;
use hub_core::layout::{self, SHARD_FILES};
use serde::{Deserialize, Serialize};
use std::fs::{self, DirBuilder, File};
use std::io::Write;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use sync_store::back_up;

/// The form of backups that this version writes and reads.
pub(super) const VERSION: u32 = 1;

/// Arguments of `dayshift hub backup`.
#[derive(Debug, Args)]
pub(crate) struct BackupArgs {
    /// The hub's data folder.
    #[arg(long)]
    data: PathBuf,
    /// Folder to make, with those above it; it must not be there yet.
    #[arg(long)]
    to: PathBuf,
}

/// What a backup says of itself.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Manifest {
    pub(super) version: u32,
    pub(super) cluster: String,
    /// Epoch seconds, for people.
    pub(super) taken_at: i64,
    /// Node and current incarnation of every node that had joined.
    pub(super) nodes: Vec<(u32, u16)>,
}

/// Where the manifest lies in a backup.
pub(super) fn manifest(folder: &Path) -> PathBuf {
    folder.join("backup.json")
}

/// Writes a file that is on the disk when this returns.
pub(super) fn write_synced(path: &Path, bytes: &[u8]) -> Result<()> {
    let write = || {
        let mut file = File::create(path)?;
        file.write_all(bytes)?;
        file.sync_all()
    };
    write().with_context(|| format!("write {}", path.display()))
}

/// Copies a plain file with its permissions, synced.
pub(super) fn copy_synced(from: &Path, to: &Path) -> Result<()> {
    let copy = || {
        fs::copy(from, to)?;
        File::open(to)?.sync_all()
    };
    copy().with_context(|| format!("copy {} to {}", from.display(), to.display()))
}

/// Copies the files of a folder, which has no folders in it.
pub(super) fn copy_folder(from: &Path, to: &Path) -> Result<()> {
    make_private(to)?;
    for file in fs::read_dir(from).with_context(|| format!("list {}", from.display()))? {
        let file = file.with_context(|| format!("list {}", from.display()))?;
        copy_synced(&file.path(), &to.join(file.file_name()))?;
    }
    sync_folder(to)
}

/// Makes a folder that its owner alone can read.
pub(super) fn make_private(path: &Path) -> Result<()> {
    DirBuilder::new().mode(0o700).create(path).with_context(|| format!("make {}", path.display()))
}

/// Makes the names in a folder durable.
pub(super) fn sync_folder(path: &Path) -> Result<()> {
    File::open(path).and_then(|folder| folder.sync_all()).with_context(|| format!("sync {}", path.display()))
}

/// Runs `dayshift hub backup`.
pub(super) fn run(args: &BackupArgs) -> Result<Outcome> {
    let (data, to) = (&args.data, &args.to);
    let control = open_control(data)?;
    let authority = Authority::open(&layout::authority(data)).context("open the authority")?;
    if layout::restoring(data).exists() {
        bail!("a restore into {} was cut off; finish it first: dayshift hub restore", data.display());
    }
    if to.exists() {
        bail!("{} is there already; a backup is made in a new folder", to.display());
    }
    let nodes: Vec<_> =
        control.nodes()?.iter().map(|node| (node.writer.node.0, node.writer.incarnation.0)).collect();
    let known = nodes.len();
    let parent =
        to.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    fs::create_dir_all(parent).with_context(|| format!("make {}", parent.display()))?;
    make_private(to)?;
    for file in 0..SHARD_FILES {
        let path = layout::shard(data, file);
        back_up(&path, &layout::shard(to, file)).with_context(|| format!("copy {}", path.display()))?;
    }
    back_up(&layout::control(data), &layout::control(to)).context("copy control.sqlite")?;
    copy_folder(&layout::authority(data), &layout::authority(to))?;
    copy_synced(&layout::admin_token(data), &layout::admin_token(to))?;
    let cluster = authority.cluster_id().to_string();
    let manifest = Manifest { version: VERSION, cluster, taken_at: hub::now(), nodes };
    let text = serde_json::to_vec_pretty(&manifest).context("write the manifest")?;
    write_synced(&self::manifest(to), &text)?;
    sync_folder(to)?;
    sync_folder(parent)?;
    output::result(&format!(
        "{SHARD_FILES} shard files and a directory of {known} nodes in {}",
        to.display()
    ));
    output::note("it holds the authority's key: keep it where only operators can read it");
    Ok(Outcome::Done)
}
