//! The only place that writes to standard output and standard error. Results go to standard
//! output, everything about them to standard error, so that output can be piped.

use anyhow::{Result, bail};
use std::io::{IsTerminal, Write};

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

/// A number of things, such as `1 seat` and `2 seats`.
pub(crate) fn count(number: u64, thing: &str) -> String {
    format!("{number} {thing}{}", if number == 1 { "" } else { "s" })
}

/// Shows what a command is about to do and asks for a yes, unless `--yes` said it already.
pub(crate) fn confirm(plan: &str, yes: bool) -> Result<()> {
    note(plan);
    if yes {
        return Ok(());
    }
    if !std::io::stdin().is_terminal() {
        bail!("nothing was changed: nobody is here to ask; give --yes to do it");
    }
    note("Type yes to do it:");
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer)?;
    if answer.trim() != "yes" {
        bail!("nothing was changed");
    }
    Ok(())
}
