//! `dayshift plugin`: what an author of a plugin types, from an empty folder to a tested component.

mod admit;
mod build;
mod cases;
mod manifest;
mod new;
mod trial;

use crate::Outcome;
use clap::{Args, Subcommand, ValueEnum};
use std::path::PathBuf;

/// The commands of `dayshift plugin`.
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum PluginCommand {
    /// Makes a project that builds and whose test passes at once.
    ///
    /// Its rule, in src/lib.rs, is an example: put your own in its place.
    #[command(
        after_long_help = "Example:\n  dayshift plugin new night-only && dayshift plugin test night-only"
    )]
    New(NewArgs),
    /// Builds the component and refuses what a node would refuse.
    ///
    /// It needs Rust with the target wasm32-unknown-unknown, which it tries to add (`rustup target add
    /// wasm32-unknown-unknown`), and the crates of the project's Cargo.toml, which cargo fetches the first time.
    Build(BuildArgs),
    /// Builds, then runs the cases of `tests/*.toml` in the real host with its real limits.
    Test(TestArgs),
}

/// What `test` takes.
#[derive(Args, Clone, Debug)]
pub(crate) struct TestArgs {
    #[command(flatten)]
    pub(crate) project: ProjectArgs,
    /// A component that is built already; neither sources nor a toolchain are needed, only the cases.
    #[arg(long)]
    pub(crate) wasm: Option<PathBuf>,
}

/// What `new` takes.
#[derive(Args, Clone, Debug)]
pub(crate) struct NewArgs {
    /// Lower-case letters, digits and hyphens; also the folder to make.
    pub(crate) name: String,
    /// What the plugin does.
    #[arg(long, value_enum, default_value_t = KindArg::Filter)]
    pub(crate) kind: KindArg,
}

/// The kinds of plugins that the contract has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum KindArg {
    /// Keeps or hides jobs.
    Filter,
    /// Says who may take a job's place.
    Admit,
}

/// What `build` takes.
#[derive(Args, Clone, Debug)]
pub(crate) struct BuildArgs {
    #[command(flatten)]
    pub(crate) project: ProjectArgs,
    /// Where to write the component instead of where the manifest says; its sources' hashes go beside it.
    #[arg(long)]
    pub(crate) out: Option<PathBuf>,
}

/// Where the project is.
#[derive(Args, Clone, Debug)]
pub(crate) struct ProjectArgs {
    /// The project, where `dayshift-plugin.toml` is.
    #[arg(default_value = ".")]
    pub(crate) dir: PathBuf,
}

/// Carries a command out; 1 is a failed case, other failures are errors.
///
/// # Errors
/// With what is wrong, where, and what to do about it.
pub(crate) fn run(command: &PluginCommand) -> anyhow::Result<Outcome> {
    match command {
        PluginCommand::New(args) => new::run(&args.name, args.kind),
        PluginCommand::Build(args) => {
            build::run(&args.project.dir, args.out.as_deref()).map(|_built| Outcome::Done)
        }
        PluginCommand::Test(args) => trial::run(&args.project.dir, args.wasm.as_deref()),
    }
}
