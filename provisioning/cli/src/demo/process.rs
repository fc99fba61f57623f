//! Child processes with their logs in files; a child lives no longer than its handle.

use super::wait::wait_until;
use anyhow::{Context, Result, bail};
use serde::de::DeserializeOwned;
use std::ffi::OsStr;
use std::fs::{File, OpenOptions};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

/// How long a server may take from its start to its announcement.
const START_TIME_MAX: Duration = Duration::from_secs(30);
/// Lines of each log that a failure shows.
const TAIL_LINES: usize = 25;
/// Requests stay on this machine whatever the shell says.
const PROXY_VARIABLES: [&str; 6] =
    ["http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"];

/// The folder that holds this program and the servers.
#[derive(Debug)]
pub(crate) struct Programs {
    folder: PathBuf,
}

/// One running server.
#[derive(Debug)]
pub(crate) struct Process {
    name: String,
    child: Child,
}

impl Programs {
    /// Finds the servers beside the running program.
    pub(crate) fn beside_own() -> Result<Self> {
        let own = std::env::current_exe().context("the path of this program")?;
        let folder = own.parent().context("the folder of this program")?.to_owned();
        for name in ["hub", "edge-node", "dayshift"] {
            if !folder.join(name).is_file() {
                bail!("no program {name} in {}; build it: cargo xtask demo", folder.display());
            }
        }
        Ok(Self { folder })
    }

    /// A command of one of the programs, apart from the terminal's process group.
    pub(crate) fn command(&self, name: &str) -> Command {
        apart(Command::new(self.folder.join(name)))
    }

    /// Runs `dayshift` to its end; `accepted` are the exit codes that are no failure.
    pub(crate) fn run_own(&self, arguments: &[&str], accepted: &[i32]) -> Result<Output> {
        let output = self.command("dayshift").args(arguments).output().context("run dayshift")?;
        let accepts = output.status.code().is_some_and(|code| accepted.contains(&code));
        if !accepts {
            let said = String::from_utf8_lossy(&output.stderr);
            let shown = arguments.iter().take(2).copied().collect::<Vec<_>>().join(" ");
            bail!("dayshift {shown} ended with {}: {}", output.status, said.trim());
        }
        Ok(output)
    }

    /// Runs `dayshift … --json` and reads what it printed.
    pub(crate) fn own_json<T: DeserializeOwned>(&self, arguments: &[&str], accepted: &[i32]) -> Result<T> {
        let output = self.run_own(arguments, accepted)?;
        serde_json::from_slice(&output.stdout).with_context(|| {
            let shown = arguments.iter().take(2).copied().collect::<Vec<_>>().join(" ");
            format!("dayshift {shown} printed something else than its JSON")
        })
    }
}

/// A command that a signal from the terminal does not reach and whose requests stay on this machine.
pub(crate) fn apart(mut command: Command) -> Command {
    // Ctrl-C reaches the demo alone, which then ends the children in order.
    command.process_group(0).stdin(Stdio::null());
    for variable in PROXY_VARIABLES {
        command.env_remove(variable);
    }
    command
}

impl Process {
    /// Its number in the system.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Starts a server whose output goes to `log`.
    pub(crate) fn start<I, S>(mut command: Command, name: &str, log: &Path, arguments: I) -> Result<Self>
    where
        I: IntoIterator<Item = S>,
        S: AsRef<OsStr>,
    {
        let file = open_log(log)?;
        let second = file.try_clone().context("log file")?;
        let child = command
            .args(arguments)
            .stdout(file)
            .stderr(second)
            .spawn()
            .with_context(|| format!("start {name}"))?;
        Ok(Self { name: name.to_owned(), child })
    }

    /// Waits until the server has written where it listens.
    pub(crate) fn announcement<T: DeserializeOwned>(&mut self, file: &Path) -> Result<T> {
        let name = self.name.clone();
        let text = wait_until(&format!("the announcement of {name}"), START_TIME_MAX, || {
            if let Some(status) = self.child.try_wait().context("child")? {
                return Ok(Some(Err(status)));
            }
            Ok(Some(Ok(std::fs::read_to_string(file)?)))
        })?;
        match text {
            Ok(text) => serde_json::from_str(&text).with_context(|| format!("the announcement of {name}")),
            Err(status) => bail!("{name} ended at its start with {status}"),
        }
    }

    /// Sends a signal by its name, as `kill` does: `STOP` freezes the server, `CONT` lets it go on.
    pub(crate) fn signal(&self, signal: &str) -> Result<()> {
        let id = self.child.id().to_string();
        let status = Command::new("kill").args([&format!("-{signal}"), &id]).status().context("run kill")?;
        anyhow::ensure!(status.success(), "kill -{signal} of {} ended with {status}", self.name);
        Ok(())
    }

    /// Ends the server as a power cut would: SIGKILL, nothing is flushed.
    pub(crate) fn kill(mut self) -> Result<()> {
        self.child.kill().with_context(|| format!("kill {}", self.name))?;
        self.child.wait().with_context(|| format!("wait for {}", self.name))?;
        Ok(())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already; either way it is gone afterwards.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Opens a log for adding, so that a restarted server continues it.
pub(crate) fn open_log(path: &Path) -> Result<File> {
    let open = OpenOptions::new().create(true).append(true).open(path);
    open.with_context(|| format!("open {}", path.display()))
}

/// The last lines of every log in a folder, for the person who looks for a failure's cause.
pub(crate) fn tails(folder: &Path) -> Vec<String> {
    let mut lines = Vec::new();
    let Ok(entries) = std::fs::read_dir(folder) else { return lines };
    let mut paths: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.sort();
    for path in paths {
        let content = std::fs::read(&path).unwrap_or_default();
        let text = String::from_utf8_lossy(&content);
        let all: Vec<&str> = text.lines().collect();
        lines.push(format!("--- {} ({} lines)", path.display(), all.len()));
        lines.extend(all[all.len().saturating_sub(TAIL_LINES)..].iter().map(|line| (*line).to_owned()));
    }
    lines
}
