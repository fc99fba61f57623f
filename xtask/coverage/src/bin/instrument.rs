//! What cargo calls in place of rustc for the packages of the workspace, and only for them (`RUSTC_WORKSPACE_WRAPPER`):
//! rustc, with counters.

use std::env;
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};

fn main() -> ExitCode {
    let mut arguments = env::args_os().skip(1);
    let Some(rustc) = arguments.next() else { return ExitCode::FAILURE };
    let error = Command::new(rustc).args(arguments).arg("-Cinstrument-coverage").exec();
    eprintln!("cannot start rustc: {error}");
    ExitCode::FAILURE
}
