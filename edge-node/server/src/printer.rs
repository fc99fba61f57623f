//! The printer: a program of the operator's that gets a slip as one HTML document and ends with 0 once it has printed it.
//!
//! The document comes on its standard input and, where an argument holds `{}`, as a file whose path stands there. The file lies
//! in a folder of the node's own user alone, which goes with all that the program has put there once the program has ended: a
//! slip may hold a worker's card.

use crate::{
    config::PrinterCommand,
    kiosk::view::{Slip, sample_slip},
    limits::{PRINT_LAST_WORDS_WAIT, PRINT_SAID_BYTES_MAX, PRINT_WAIT},
    speech::is_program,
};
use anyhow::Context;
use rustix::process::{Pid, Signal, kill_process_group};
use std::{
    fs,
    future::Future,
    io::{self, ErrorKind, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
    pin::{Pin, pin},
    process::{ExitStatus, Stdio},
    time::Duration,
};
use thiserror::Error;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::unix::pipe,
    process::{Child, Command},
    time::timeout,
};

/// What stands for the path of the slip's file in an argument.
const FILE: &str = "{}";
/// Bytes that are read at a time of what the program says.
const CHUNK_BYTES: usize = 1_024;

/// The program, and what it may take.
#[derive(Debug)]
pub(crate) struct Printer {
    /// The program and its arguments.
    words: Vec<String>,
    /// Where the files of slips lie while they are printed.
    folder: PathBuf,
    /// From the program's start to its end.
    wait: Duration,
}

/// Why nothing is printed.
#[derive(Debug, Error)]
pub(crate) enum PrintError {
    #[error("{program} does not start: {error}")]
    Missing { program: String, error: io::Error },
    #[error("it took longer than {} s and was ended", .0.as_secs_f32())]
    Late(Duration),
    #[error("it ended with {0}")]
    Failed(ExitStatus),
    #[error("the slip does not reach it: {0}")]
    Lost(#[from] io::Error),
}

/// What came of a slip, with what the program said, shortened.
#[derive(Debug)]
pub(crate) struct Printed {
    pub(crate) result: Result<(), PrintError>,
    said: Vec<u8>,
}

impl Printed {
    /// What the program said, in one line, without what stands on the slip.
    pub(crate) fn said(&self, slip: &Slip) -> String {
        let said = String::from_utf8_lossy(&self.said);
        // Of a line whose beginning is left out nobody can say what it tells.
        let whole = if self.said.len() < PRINT_SAID_BYTES_MAX {
            &*said
        } else {
            said.split_once('\n').map_or("", |(_, rest)| rest)
        };
        let lines = whole.lines().map(str::trim).filter(|line| !line.is_empty());
        let mut lines: Vec<&str> = lines.map(|line| if slip.tells(line) { "…" } else { line }).collect();
        lines.dedup();
        lines.join(" | ")
    }
}

/// The folder of a slip's file, for as long as it is printed.
struct OwnFolder<'a>(&'a Path);

impl Drop for OwnFolder<'_> {
    fn drop(&mut self) {
        if let Err(error) = clear(self.0) {
            tracing::error!("a slip may still be there: {error:#}");
        }
    }
}

/// Removes a folder of slips, where there is one.
fn clear(folder: &Path) -> anyhow::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", folder.display()))
        }
        Ok(()) | Err(_) => Ok(()),
    }
}

/// The program with all that it has started: they end together, also where the node ends first.
struct Group(Option<Pid>);

impl Group {
    fn of(child: &Child) -> Self {
        Self(child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?)))
    }

    /// It has ended by itself.
    fn let_go(&mut self) {
        self.0 = None;
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(group) = self.0 {
            // There is nothing to end where all have ended a moment ago.
            let _gone = kill_process_group(group, Signal::KILL);
        }
    }
}

impl Printer {
    /// The printer of a command; `None` where the command is empty. What a power cut left in `folder` is removed in either
    /// case.
    ///
    /// # Errors
    /// The folder cannot be removed, or where it lies cannot be told.
    pub(crate) fn open(folder: &Path, command: Option<&str>, wait: Duration) -> anyhow::Result<Option<Self>> {
        clear(folder)?;
        let words: Vec<String> = command.unwrap_or_default().split_whitespace().map(str::to_owned).collect();
        let Some(program) = words.first() else { return Ok(None) };
        if !is_program(program) {
            tracing::warn!(program, "--print names no program of this machine: nothing will be printed");
        }
        // Where the node was started from is nothing that a browser knows.
        let folder = std::path::absolute(folder).context("the folder of slips has no path")?;
        Ok(Some(Self { words, folder, wait }))
    }

    /// Has a slip printed. One at a time: they have one folder.
    pub(crate) async fn print(&self, slip: &Slip) -> Printed {
        let mut said = Vec::new();
        let result = self.run(slip, &mut said).await;
        Printed { result, said }
    }

    async fn run(&self, slip: &Slip, said: &mut Vec<u8>) -> Result<(), PrintError> {
        let (path, _folder) = self.file(slip)?.unzip();
        let path = path.unwrap_or_default();
        let mut words = self.words.iter().map(|word| word.replace(FILE, &path));
        let program = words.next().unwrap_or_default();
        let (hears, says) = io::pipe()?;
        let hears = pipe::Receiver::from_owned_fd(hears.into())?;
        let child = Command::new(&program)
            .args(words)
            .stdin(Stdio::piped())
            .stdout(says.try_clone()?)
            .stderr(says)
            .process_group(0)
            .kill_on_drop(true)
            .spawn();
        let mut child = child.map_err(|error| PrintError::Missing { program, error })?;
        let mut group = Group::of(&child);
        let input = child.stdin.take();
        let give = async {
            if let Some(mut input) = input {
                // A program that does not read to the end says by its exit status whether it has what it needs.
                let _unread = input.write_all(slip.html().as_bytes()).await;
            }
        };
        let ended = {
            let (give, hear) = (pin!(give), pin!(hear(hears, said)));
            timeout(self.wait, end_of(&mut child, give, hear)).await
        };
        let Ok(status) = ended else {
            drop(group);
            child.wait().await?;
            return Err(PrintError::Late(self.wait));
        };
        group.let_go();
        let status = status?;
        if status.success() { Ok(()) } else { Err(PrintError::Failed(status)) }
    }

    /// Writes the slip's file, where the command names one: its path, and what removes it.
    fn file(&self, slip: &Slip) -> Result<Option<(String, OwnFolder<'_>)>, PrintError> {
        if !self.words.iter().any(|word| word.contains(FILE)) {
            return Ok(None);
        }
        // Who was ended a moment ago may have written once more.
        clear(&self.folder).map_err(io::Error::other)?;
        fs::DirBuilder::new().mode(0o700).create(&self.folder)?;
        let own = OwnFolder(&self.folder);
        // Browsers know a page by the end of its name.
        let path = self.folder.join("slip.html");
        let mut file = fs::OpenOptions::new().create_new(true).write(true).mode(0o600).open(&path)?;
        file.write_all(slip.html().as_bytes())?;
        Ok(Some((path.display().to_string(), own)))
    }
}

/// Gives the program its slip and hears it out until it has ended. Whoever it left behind may hold its input and its output
/// open, and is not waited for.
async fn end_of(
    child: &mut Child,
    mut give: Pin<&mut impl Future<Output = ()>>,
    mut hear: Pin<&mut impl Future<Output = ()>>,
) -> io::Result<ExitStatus> {
    let (mut is_given, mut is_heard) = (false, false);
    let status = loop {
        tokio::select! {
            status = child.wait() => break status,
            () = &mut give, if !is_given => is_given = true,
            () = &mut hear, if !is_heard => is_heard = true,
        }
    };
    if !is_heard {
        let _held_open = timeout(PRINT_LAST_WORDS_WAIT, hear).await;
    }
    status
}

/// Reads to the end and keeps the last of it: what went wrong is said at the end.
async fn hear(mut from: pipe::Receiver, said: &mut Vec<u8>) {
    let mut chunk = [0; CHUNK_BYTES];
    while let Ok(read @ 1..) = from.read(&mut chunk).await {
        said.extend_from_slice(&chunk[..read]);
        said.drain(..said.len().saturating_sub(PRINT_SAID_BYTES_MAX));
    }
}

/// `edge-node printer …`
///
/// # Errors
/// The sample was not printed.
pub(crate) async fn command(command: &PrinterCommand) -> anyhow::Result<()> {
    let PrinterCommand::Test { print } = command;
    let folder = std::env::temp_dir().join(format!("dayshift-printer-{}", std::process::id()));
    let printer = Printer::open(&folder, Some(print), PRINT_WAIT)?;
    let printer =
        printer.context("--print is empty: name the program that prints, such as --print 'lp -d NAME {}'")?;
    let slip = sample_slip(&jiff::Zoned::now().datetime())?;
    let printed = printer.print(&slip).await;
    let mut out = io::stdout();
    let said = String::from_utf8_lossy(&printed.said);
    for line in said.lines().filter(|line| !line.trim().is_empty()) {
        writeln!(out, "it says: {line}")?;
    }
    printed.result.with_context(|| format!("the sample was not printed by `{}`", print.trim()))?;
    writeln!(out, "it ended with 0: the sample is printed, or on its way there")?;
    Ok(())
}

#[cfg(test)]
mod tests;
