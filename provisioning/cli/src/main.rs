//! The `dayshift` command.

mod plugin;

use clap::Parser;
use std::process::ExitCode;

#[derive(Parser)]
#[command(name = "dayshift")]
enum Command {
    /// Plugins, from an empty folder to a tested component.
    #[command(subcommand)]
    Plugin(plugin::PluginCommand),
}

fn main() -> anyhow::Result<ExitCode> {
    let Command::Plugin(command) = Command::parse();
    plugin::run(&command)
}
