//! The command line and what it makes of it, checked before any port is bound.

use crate::{rates::RateArgs, regions::Regions};
use anyhow::{Result, bail};
use clap::{Args, Parser, Subcommand};
use hub_core::layout;
use std::{net::SocketAddr, path::PathBuf};

/// The hub of a Dayshift cluster.
#[derive(Debug, Parser)]
#[command(name = "hub", version)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What the program can do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run the hub until it is told to stop.
    Run(RunArgs),
    /// Print the description of the HTTP API.
    Openapi,
}

/// How to run.
#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    /// Data folder, made by `dayshift hub init`.
    #[arg(long)]
    data: PathBuf,
    /// Address of the HTTP API and the console; loopback only.
    #[arg(long, default_value = "127.0.0.1:7480")]
    http: SocketAddr,
    /// Address of the nodes' port (UDP).
    #[arg(long, default_value = "127.0.0.1:7443")]
    quic: SocketAddr,
    /// Time zone of a region, as my-city=Asia/Shanghai; those of hangzhou and new-york are known, others are UTC.
    #[arg(long = "time-zone", value_name = "REGION=ZONE")]
    time_zones: Vec<String>,
    /// Name under which the hub is asked for beside its address, localhost and *.local, such as that of the proxy before it;
    /// may be given several times. What was sent to any other name is refused.
    #[arg(long = "host-name", value_name = "NAME", value_parser = http_face::host_name)]
    host_names: Vec<String>,
    /// File to write the bound addresses to.
    #[arg(long)]
    announce: Option<PathBuf>,
    #[command(flatten)]
    rates: RateArgs,
}

/// A sound configuration.
#[derive(Debug, Clone)]
pub(crate) struct Config {
    pub(crate) data: PathBuf,
    pub(crate) http: SocketAddr,
    pub(crate) quic: SocketAddr,
    pub(crate) regions: Regions,
    pub(crate) host_names: Vec<String>,
    pub(crate) announce: Option<PathBuf>,
    /// How much is let through.
    pub(crate) rates: RateArgs,
}

impl TryFrom<RunArgs> for Config {
    type Error = anyhow::Error;

    fn try_from(args: RunArgs) -> Result<Self> {
        let RunArgs { data, http, quic, time_zones, host_names, announce, rates } = args;
        if !http.ip().is_loopback() {
            bail!(
                "--http {http} is not a loopback address; the console has no log-in, so put a proxy with one before it"
            );
        }
        if !layout::control(&data).is_file() {
            bail!("{} is not a hub's data folder; make one with `dayshift hub init`", data.display());
        }
        let regions = Regions::read(&time_zones).map_err(anyhow::Error::msg)?;
        Ok(Self { data, http, quic, regions, host_names, announce, rates })
    }
}
