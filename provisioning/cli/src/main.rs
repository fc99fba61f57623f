//! `dayshift`: the command that people type. `main` parses, dispatches to one module per
//! subcommand and turns the outcome into an exit code: 0 ok, 1 error, 2 degraded.

mod carry;
mod count;
mod demo;
mod edge;
mod erasure;
mod hub;
mod hub_client;
mod jobs;
mod live;
mod messages;
mod node;
mod output;
mod peers;
mod plugin;
mod receipt;
mod stage;
mod tenant;
mod timesheet;
mod token;
mod worker;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// Edge-node runtime for day-labour jobs.
#[derive(Debug, Parser)]
#[command(name = "dayshift", version, propagate_version = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// The hub's data folder.
    #[command(subcommand)]
    Hub(hub::HubCommand),
    /// Import and generate jobs, show who holds their seats, change their number, close them.
    Jobs(jobs::JobsArgs),
    /// Show the whole story on this machine: a hub, three nodes, lines that are cut.
    Demo(demo::DemoArgs),
    /// One node, from its own box: how it is, draining, a new session with the hub.
    #[command(subcommand)]
    Edge(edge::EdgeCommand),
    /// Erasures of workers, and which nodes have signed that they followed.
    #[command(subcommand)]
    Erasure(erasure::ErasureCommand),
    /// Nodes as the hub sees them, and ends of their incarnations.
    #[command(subcommand)]
    Node(node::NodeCommand),
    /// Kill the processes of a cluster under load, again and again, and compare what its clients were told.
    Live(live::LiveArgs),
    /// Messages to workers and tenants that a node could not deliver.
    #[command(subcommand)]
    Messages(messages::MessagesCommand),
    /// Open a page on which lines are cut and plugs pulled under a running cluster.
    Stage(stage::StageArgs),
    /// Receipts that workers take away.
    #[command(subcommand)]
    Receipt(receipt::ReceiptCommand),
    /// Plugins, from an empty folder to a tested component.
    #[command(subcommand)]
    Plugin(plugin::PluginCommand),
    /// How far sync with each node has come, and sync by hand.
    #[command(subcommand)]
    Sync(carry::SyncCommand),
    /// Employers and agencies.
    #[command(subcommand)]
    Tenant(tenant::TenantCommand),
    /// Timesheets that nodes hand out.
    #[command(subcommand)]
    Timesheet(timesheet::TimesheetCommand),
    /// Tokens by which boxes join.
    #[command(subcommand)]
    Token(token::TokenCommand),
    /// Help for workers at a node: a PIN that was forgotten.
    #[command(subcommand)]
    Worker(worker::WorkerCommand),
}

/// How a command that ran to its end went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// All of it was done.
    Done,
    /// Some of it was not done, and the output says what.
    Degraded,
}

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // clap's own exit code for a wrong call is 2, which here means "degraded".
            let code = u8::from(error.use_stderr());
            output::clap_message(&error);
            return ExitCode::from(code);
        }
    };
    let outcome = match cli.command {
        Command::Hub(command) => hub::run(&command),
        Command::Jobs(args) => jobs::run(args),
        Command::Demo(args) => demo::run(&args),
        Command::Edge(command) => edge::run(&command),
        Command::Erasure(command) => erasure::run(&command),
        Command::Node(command) => node::run(&command),
        Command::Live(args) => live::run(&args),
        Command::Messages(command) => messages::run(&command),
        Command::Stage(args) => stage::run(&args),
        Command::Receipt(command) => receipt::run(&command),
        Command::Plugin(command) => plugin::run(&command),
        Command::Sync(command) => carry::run(&command),
        Command::Tenant(command) => tenant::run(&command),
        Command::Timesheet(command) => timesheet::run(&command),
        Command::Token(command) => token::run(&command),
        Command::Worker(command) => worker::run(&command),
    };
    match outcome {
        Ok(Outcome::Done) => ExitCode::SUCCESS,
        Ok(Outcome::Degraded) => ExitCode::from(2),
        Err(error) => {
            output::note(&format!("error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}
