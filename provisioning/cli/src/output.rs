//! The only place that writes to standard output and standard error. Results go to standard
//! output, everything about them to standard error, so that output can be piped.

use std::io::Write;

/// Writes one line of result to standard output; a closed pipe ends the process quietly.
pub(crate) fn result(line: &str) {
    let mut out = std::io::stdout().lock();
    if writeln!(out, "{line}").is_err() {
        std::process::exit(0);
    }
}

/// Writes one line of result and says when that fails, for commands that must still tidy up.
pub(crate) fn try_result(line: &str) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush()
}

/// Writes one line for the person at the terminal to standard error.
#[expect(clippy::print_stderr, reason = "the one place where the command line speaks to a person")]
pub(crate) fn note(line: &str) {
    eprintln!("{line}");
}

/// Prints help, version or a wrong call the way clap formats it.
pub(crate) fn clap_message(error: &clap::Error) {
    if let Err(failed) = error.print() {
        note(&format!("error: cannot print: {failed}"));
    }
}
