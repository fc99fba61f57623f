//! `dayshift hub`: makes the data folder that the hub runs on, copies it, puts a copy back.
//!
//! `init` works on files alone, so that it needs no running hub. The authority is made last: a folder without one is a creation
//! that was cut off, and the command can be given again.

mod backup;
mod import_node_disk;
mod restore;

use crate::{Outcome, output};
use anyhow::{Context, Result, bail};
use clap::Subcommand;
use enrolment::Authority;
use hub_core::layout;
use std::{
    fs::{DirBuilder, OpenOptions},
    io::Write,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};
use sync_store::{ControlStore, OpenOptions as ShardOptions};

/// What can be done with a hub's folder.
#[derive(Debug, Subcommand)]
pub(crate) enum HubCommand {
    /// Make the authority, the databases and the operators' token of a new cluster.
    #[command(after_long_help = "Example:\n  dayshift hub init --data hub --name my-city")]
    Init {
        /// Folder to make.
        #[arg(long)]
        data: PathBuf,
        /// Name of the cluster; it stands in every certificate.
        #[arg(long)]
        name: String,
    },
    /// Copy the databases, the authority and the operators' token; the hub may run meanwhile.
    ///
    /// The copy has the key of the cluster's authority in it: keep it where only operators can read it.
    #[command(after_long_help = "Example:\n  dayshift hub backup --data hub --to /backups/monday")]
    Backup(backup::BackupArgs),
    /// Put a backup in the place of the databases; the hub must not run.
    ///
    /// Each vshard begins a new history: the hub grants nothing in it before every node that may hold rights there has
    /// told what it holds, so that nothing is oversold. Sign-ups that a node had confirmed come back with its log. The
    /// files that were there are kept in a folder of their own.
    #[command(after_long_help = "Example:\n  dayshift hub restore --data hub --from /backups/monday")]
    Restore(restore::RestoreArgs),
    /// Bring what a dead node's disk knows to the running hub, and end that incarnation.
    #[command(
        after_long_help = "Example:\n  dayshift hub import-node-disk hall-3 --hub http://127.0.0.1:7480 --token-file hub/admin.token"
    )]
    ImportNodeDisk(import_node_disk::ImportDiskArgs),
}

/// Runs `dayshift hub`.
pub(crate) fn run(command: &HubCommand) -> Result<Outcome> {
    match command {
        HubCommand::Init { data, name } => init(data, name),
        HubCommand::Backup(args) => backup::run(args),
        HubCommand::Restore(args) => restore::run(args),
        HubCommand::ImportNodeDisk(args) => import_node_disk::run(args),
    }
}

/// Opens the control file of a folder that `hub init` made.
pub(crate) fn open_control(data: &Path) -> Result<ControlStore> {
    let path = layout::control(data);
    if !path.exists() {
        bail!("{} is not a hub's data folder; make one with `dayshift hub init`", data.display());
    }
    ControlStore::open(&path).with_context(|| format!("open {}", path.display()))
}

/// Seconds since 1970.
pub(crate) fn now() -> i64 {
    jiff::Timestamp::now().as_second()
}

/// 128 random bits in 32 hexadecimal digits.
pub(crate) fn random_hex() -> Result<String> {
    let bytes = random::<16>()?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Random bytes of the system.
pub(crate) fn random<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).context("the system gives no random bytes")?;
    Ok(bytes)
}

fn init(data: &Path, name: &str) -> Result<Outcome> {
    let authority = layout::authority(data);
    if Authority::open(&authority).is_ok() {
        bail!("{} holds a hub already; nothing was changed", data.display());
    }
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(data)
        .with_context(|| format!("make {}", data.display()))?;
    ControlStore::open(&layout::control(data)).context("make control.sqlite")?;
    for file in 0..layout::SHARD_FILES {
        let path = layout::shard(data, file);
        ShardOptions::new(&path).open().with_context(|| format!("make {}", path.display()))?;
    }
    write_secret(&layout::admin_token(data), &random_hex()?)?;
    let authority = Authority::create(&authority, name, u64::try_from(now()).unwrap_or(0))?;
    output::result(&format!("cluster {name} ({}) in {}", authority.cluster_id(), data.display()));
    output::note(&format!("start it with `hub run --data {}`", data.display()));
    Ok(Outcome::Done)
}

fn write_secret(path: &Path, secret: &str) -> Result<()> {
    let write = || {
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
        writeln!(file, "{secret}")?;
        file.sync_all()
    };
    write().with_context(|| format!("write {}", path.display()))
}
