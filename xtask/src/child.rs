//! Runs one program with live output, watches its lines, and says so when it is silent for long.

use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};

use crate::out;

/// How long a program may be silent before a line says that it still runs.
const SILENCE: Duration = Duration::from_secs(20);

/// Lines read but not yet written. A full channel slows the program down, as a slow terminal would.
const LINES_WAITING_MAX: usize = 1024;

/// One line that a program wrote.
pub(crate) enum Line {
    Out(String),
    Err(String),
}

/// Runs `command` to its end, passes each line on, shows it to `watch`, and says whether it succeeded.
pub(crate) fn stream(name: &str, command: &mut Command, mut watch: impl FnMut(&str)) -> anyhow::Result<bool> {
    run(name, command, None, |line| {
        let (Line::Out(text) | Line::Err(text)) = &line;
        watch(&plain(text));
        pass_on(&line);
    })
}

/// Writes a line where the program meant it to go.
pub(crate) fn pass_on(line: &Line) {
    match line {
        Line::Out(text) => out::line(text),
        Line::Err(text) => out::note(text),
    }
}

/// Runs `command` to its end, or kills it at the deadline, and gives each line to `take`. A killed program is an error.
pub(crate) fn run(
    name: &str,
    command: &mut Command,
    deadline: Option<Instant>,
    mut take: impl FnMut(Line),
) -> anyhow::Result<bool> {
    let started = Instant::now();
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().with_context(|| format!("cannot start {:?}", command.get_program()))?;
    let (sender, receiver) = sync_channel(LINES_WAITING_MAX);
    let outputs = child.stdout.take().zip(child.stderr.take());
    let (stdout, stderr) = outputs.context("the program has no pipes")?;
    let in_time = thread::scope(|scope| {
        let other = sender.clone();
        scope.spawn(move || pump(stdout, &sender, Line::Out));
        scope.spawn(move || pump(stderr, &other, Line::Err));
        let in_time = take_all(name, started, deadline, &receiver, &mut take);
        // A pump that waits for room ends with its receiver.
        drop(receiver);
        if !in_time {
            drop(child.kill());
        }
        in_time
    });
    let status = child.wait().with_context(|| format!("cannot wait for {name}"))?;
    ensure!(in_time, "{name} took longer than {} s and was killed", started.elapsed().as_secs());
    Ok(status.success())
}

/// Whether the last line came before the deadline.
fn take_all(
    name: &str,
    started: Instant,
    deadline: Option<Instant>,
    lines: &Receiver<Line>,
    take: &mut impl FnMut(Line),
) -> bool {
    loop {
        let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        if left.is_some_and(|left| left.is_zero()) {
            return false;
        }
        match lines.recv_timeout(left.map_or(SILENCE, |left| left.min(SILENCE))) {
            Ok(line) => take(line),
            Err(RecvTimeoutError::Timeout) => {
                out::note(&format!("   {name} still runs, {} s", started.elapsed().as_secs()));
            }
            Err(RecvTimeoutError::Disconnected) => return true,
        }
    }
}

fn pump(pipe: impl Read, sender: &SyncSender<Line>, line: fn(String) -> Line) {
    let mut reader = BufReader::new(pipe);
    let mut bytes = Vec::new();
    while reader.read_until(b'\n', &mut bytes).is_ok_and(|count| count > 0) {
        let text = String::from_utf8_lossy(&bytes).trim_end_matches(['\r', '\n']).to_owned();
        if sender.send(line(text)).is_err() {
            return;
        }
        bytes.clear();
    }
}

fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(char) = chars.next() {
        if char == '\u{1b}' {
            chars.by_ref().find(|end| end.is_ascii_alphabetic());
        } else {
            plain.push(char);
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::{plain, run, stream};
    use std::process::Command;
    use std::time::Instant;

    #[test]
    fn every_line_is_watched_and_the_exit_code_counts() {
        let mut seen = Vec::new();
        let mut command = Command::new("sh");
        command.args(["-c", "echo one; echo two >&2; printf three; exit 3"]);
        let succeeded = stream("sh", &mut command, |line| seen.push(line.to_owned())).unwrap();
        seen.sort();
        assert!(!succeeded);
        assert_eq!(seen, ["one", "three", "two"]);
    }

    #[test]
    fn a_program_is_killed_at_its_deadline() {
        let mut command = Command::new("sleep");
        let error = run("sleep", command.arg("3600"), Some(Instant::now()), |_| ()).unwrap_err();
        assert_eq!(error.to_string(), "sleep took longer than 0 s and was killed");
    }

    #[test]
    fn colours_are_no_part_of_a_line() {
        assert_eq!(plain("\u{1b}[32;1mSummary\u{1b}[0m [1s]"), "Summary [1s]");
    }
}
