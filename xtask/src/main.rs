//! The `cargo xtask` command; everything it does is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    xtask::cli::main()
}
