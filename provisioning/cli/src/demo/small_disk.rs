//! A disk of a node's own that can be full: a tmpfs in a mount namespace, which lives as long as its handle. It shrinks
//! to what it holds, so that a full disk takes no memory.

use super::process::{Process, apart};
use anyhow::{Context, Result, bail, ensure};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// More than any run fills; memory is taken by what is written alone.
const ROOM_BYTES: u64 = 8 << 30;
/// The node goes on writing while its disk is filled, and a disk cannot shrink below what it holds.
const TRIES: usize = 50;
/// Mounts, says so in a file, and keeps the namespace.
const HOLD: &str =
    "mount -t tmpfs -o size=$1 tmpfs \"$2\" && echo true > \"$2/mounted\" && exec sleep infinity";

/// A mounted disk.
#[derive(Debug)]
pub(crate) struct SmallDisk {
    holder: Process,
    folder: PathBuf,
}

impl SmallDisk {
    /// Mounts a disk with room on `folder`; an error where this machine lets nobody do that.
    pub(crate) fn mount(folder: &Path, log: &Path) -> Result<Self> {
        std::fs::create_dir_all(folder).with_context(|| format!("create {}", folder.display()))?;
        // A link that is absolute would lead out of the namespace.
        let folder = folder.canonicalize().with_context(|| format!("find {}", folder.display()))?;
        let (room, path) = (ROOM_BYTES.to_string(), folder.display().to_string());
        let arguments = ["-rm", "sh", "-c", HOLD, "sh", &room, &path];
        let holder = Process::start(apart(Command::new("unshare")), "unshare", log, arguments)?;
        let mut disk = Self { holder, folder };
        let mounted = disk.seen_from_here().join("mounted");
        ensure!(disk.holder.announcement::<bool>(&mounted)?, "no disk was mounted");
        std::fs::remove_file(&mounted).with_context(|| format!("remove {}", mounted.display()))?;
        Ok(disk)
    }

    /// The same command where the disk is seen under its folder.
    pub(crate) fn inside(&self, command: &Command) -> Command {
        let mut inside = apart(Command::new("nsenter"));
        let id = self.holder.id().to_string();
        inside.args(["--target", &id, "--user", "--mount", "--preserve-credentials", "--"]);
        inside.arg(command.get_program()).args(command.get_args());
        inside
    }

    /// Leaves no more room than these bytes.
    pub(crate) fn fill(&self, spare_bytes: u64) -> Result<()> {
        for _ in 0..TRIES {
            if self.resize(self.used_bytes()? + spare_bytes)? {
                return Ok(());
            }
        }
        bail!("{} could not be made full", self.folder.display())
    }

    /// Gives the room back.
    pub(crate) fn give_room(&self) -> Result<()> {
        ensure!(self.resize(ROOM_BYTES)?, "{} could not be given room", self.folder.display());
        Ok(())
    }

    /// Copies what it holds to a folder that stays.
    pub(crate) fn keep(&self, to: &Path) -> Result<()> {
        let status = Command::new("cp").arg("-r").arg(self.seen_from_here()).arg(to).status();
        ensure!(status.context("run cp")?.success(), "copy {}", self.folder.display());
        Ok(())
    }

    fn seen_from_here(&self) -> PathBuf {
        PathBuf::from(format!("/proc/{}/root{}", self.holder.id(), self.folder.display()))
    }

    fn resize(&self, bytes: u64) -> Result<bool> {
        let mut mount = Command::new("mount");
        mount.args(["-o", &format!("remount,size={bytes}")]).arg(&self.folder);
        let status = self.inside(&mount).stderr(Stdio::null()).status();
        Ok(status.context("run nsenter")?.success())
    }

    fn used_bytes(&self) -> Result<u64> {
        let asked = Command::new("stat").args(["-f", "-c", "%b %f %S"]).arg(self.seen_from_here()).output();
        let text = String::from_utf8(asked.context("run stat")?.stdout).context("what stat says")?;
        let numbers: Result<Vec<u64>, _> = text.split_whitespace().map(str::parse).collect();
        let numbers = numbers.context("what stat says")?;
        let [blocks, free, size] = numbers[..] else { bail!("stat says {text:?}") };
        Ok((blocks - free) * size)
    }
}
