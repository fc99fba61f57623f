//! What a node is told by its operator: flags, and the identity in its data folder.

use crate::{
    country::{Country, zone_of},
    http::parse_origin,
};
use anyhow::{Context, ensure};
use axum::http::HeaderValue;
use clap::{Args, Parser, Subcommand};
use enrolment::NodeIdentity;
use jiff::tz::TimeZone;
use std::{net::SocketAddr, path::PathBuf};

/// Serves local job search and sign-ups, whether or not the line to the hub works.
#[derive(Debug, Parser)]
#[command(version)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Turn this box into a node: get its certificate from the hub with a single-use token.
    Join(JoinArgs),
    /// Serve.
    Run(RunArgs),
    /// Print the OpenAPI description of the HTTP interface.
    Openapi,
}

#[derive(Debug, Args)]
pub(crate) struct JoinArgs {
    /// The token that `dayshift token create` printed.
    pub(crate) token: String,
    /// Folder for the node's identity and database; made where it is missing.
    #[arg(long)]
    pub(crate) data: PathBuf,
    /// Put a new incarnation in the place of the node that is in the folder, such as one whose database is damaged;
    /// its files are kept in a folder of their own.
    #[arg(long)]
    pub(crate) replace: bool,
}

#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    /// Folder that `edge-node join` filled.
    #[arg(long)]
    pub(crate) data: PathBuf,
    /// Address for HTTP; loopback only, a kiosk's browser runs on the same box.
    #[arg(long, default_value = "127.0.0.1:7080")]
    pub(crate) http: SocketAddr,
    /// Folder watched for plugins; `plugins` in the data folder by default.
    #[arg(long)]
    pub(crate) plugins: Option<PathBuf>,
    /// IANA time zone of the hall, such as Asia/Shanghai; by default that of a known region, else UTC, with a
    /// warning.
    #[arg(long)]
    pub(crate) time_zone: Option<String>,
    /// Latitude,longitude of the hall in degrees, for "near me" and walking minutes; without it the list is
    /// sorted by start.
    #[arg(long, value_parser = parse_position)]
    pub(crate) position: Option<(i32, i32)>,
    /// Origin of a web page that may call this node's interface from a browser, such as https://jobs.example; may be given
    /// several times. By default no other page may.
    #[arg(long, value_name = "URL", value_parser = parse_origin)]
    pub(crate) allow_origin: Vec<HeaderValue>,
    /// File that gets the bound address as JSON once the node serves.
    #[arg(long)]
    pub(crate) announce: Option<PathBuf>,
}

fn parse_position(text: &str) -> Result<(i32, i32), String> {
    let e6 = |part: &str, max: f64| -> Option<i32> {
        let degrees: f64 = part.trim().parse().ok()?;
        #[expect(clippy::cast_possible_truncation, reason = "at most 180 million")]
        (degrees.abs() <= max).then(|| (degrees * 1e6).round() as i32)
    };
    text.split_once(',')
        .and_then(|(lat, lon)| Some((e6(lat, 90.0)?, e6(lon, 180.0)?)))
        .ok_or_else(|| "expected latitude,longitude such as 30.31,120.27".to_owned())
}

/// The node's configuration, checked before any port is bound.
#[derive(Debug)]
pub(crate) struct Config {
    pub(crate) identity: NodeIdentity,
    pub(crate) region_key: [u8; 32],
    pub(crate) data: PathBuf,
    pub(crate) http: SocketAddr,
    pub(crate) plugins: PathBuf,
    pub(crate) time_zone: TimeZone,
    /// Millionths of a degree.
    pub(crate) position: Option<(i32, i32)>,
    /// Origins of pages that may call the interface.
    pub(crate) origins: Vec<HeaderValue>,
    pub(crate) announce: Option<PathBuf>,
    pub(crate) country: Country,
    /// What was not told and had to be assumed: what follows from it, and the flag that mends it.
    pub(crate) assumed: Vec<String>,
}

/// Where the key of the region's pseudonyms lies in the data folder.
pub(crate) const REGION_KEY_FILE: &str = "region.key";

impl Config {
    /// Reads and checks everything.
    pub(crate) fn load(args: &RunArgs) -> anyhow::Result<Self> {
        ensure!(
            args.http.ip().is_loopback(),
            "--http {} is not a loopback address: the node's HTTP is for the kiosk on this box; put a TLS proxy before it for others",
            args.http
        );
        let identity = NodeIdentity::load(&args.data).with_context(|| {
            format!(
                "{} holds no node identity; run `edge-node join TOKEN --data {0}` first",
                args.data.display()
            )
        })?;
        let key_path = args.data.join(REGION_KEY_FILE);
        let key = std::fs::read(&key_path).with_context(|| format!("cannot read {}", key_path.display()))?;
        let region_key =
            key.try_into().map_err(|_| anyhow::anyhow!("{} is damaged: join again", key_path.display()))?;
        let zone = args.time_zone.as_deref().or_else(|| zone_of(&identity.region));
        let name = zone.unwrap_or("UTC");
        let time_zone = TimeZone::get(name).with_context(|| {
            format!(
                "--time-zone {name} is not known on this machine; give an IANA name such as Asia/Shanghai"
            )
        })?;
        let country = Country::of(&identity.region, name);
        let assumed = assumptions(&identity.region, zone.is_some(), args.position.is_some());
        Ok(Self {
            identity,
            region_key,
            data: args.data.clone(),
            http: args.http,
            plugins: args.plugins.clone().unwrap_or_else(|| args.data.join("plugins")),
            time_zone,
            position: args.position,
            origins: args.allow_origin.clone(),
            announce: args.announce.clone(),
            country,
            assumed,
        })
    }
}

/// What a start that was told less than it could be assumes.
fn assumptions(region: &str, knows_zone: bool, knows_position: bool) -> Vec<String> {
    let mut assumed = Vec::new();
    if !knows_zone {
        assumed.push(format!(
            "the time zone of region {region} is not known: days begin at midnight UTC, and phone numbers are taken in any country's form; start with --time-zone and the hall's zone, such as --time-zone Asia/Shanghai"
        ));
    }
    if !knows_position {
        assumed.push(
            "this node does not know where it stands: its list is sorted by start and not by distance; start with --position LATITUDE,LONGITUDE, such as --position 30.31,120.27"
                .to_owned(),
        );
    }
    assumed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_assumed_is_said_with_the_flag_that_mends_it() {
        for (knows_zone, knows_position, flags) in [
            (true, true, &[][..]),
            (false, true, &["--time-zone"]),
            (true, false, &["--position"]),
            (false, false, &["--time-zone", "--position"]),
        ] {
            let assumed = assumptions("my-city", knows_zone, knows_position);
            assert_eq!(assumed.len(), flags.len());
            assert!(assumed.iter().zip(flags).all(|(said, flag)| said.contains(flag)), "{assumed:?}");
        }
    }
}
