//! What a node is told by its operator: flags, and the identity in its data folder.

use crate::{http::parse_origin, rates::RateArgs};
use anyhow::{Context, ensure};
use axum::http::HeaderValue;
use clap::{Args, Parser, Subcommand};
use enrolment::NodeIdentity;
use jiff::tz::TimeZone;
use pages::country::{Country, zone_of};
use std::{
    net::{IpAddr, SocketAddr},
    path::PathBuf,
};
use sync_quic::CertificateFiles;

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
    Run(Box<RunArgs>),
    /// Look at the language files of a kiosk.
    #[command(subcommand)]
    Languages(LanguagesCommand),
    /// Try the printer of a kiosk.
    #[command(subcommand)]
    Printer(PrinterCommand),
    /// Print the OpenAPI description of the HTTP interface.
    Openapi,
}

#[derive(Debug, Subcommand)]
pub(crate) enum LanguagesCommand {
    /// Say of each `*.ftl` file of a folder whether it can be used and which words it lacks.
    Check {
        /// Such as `languages` in a node's data folder.
        folder: PathBuf,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum PrinterCommand {
    /// Print a sample slip and show what the program says.
    ///
    /// The program gets the slip as one HTML document: on its standard input and, where an argument holds {}, as a file whose
    /// path stands there and which is gone once the program has ended. It is laid out for paper of 58 mm, 48 mm of which are
    /// printed, and is as long as its `@page` says. The program runs without a shell and has 20 seconds; it ends with 0 once
    /// the slip is printed or on its way to the printer. What it says otherwise is shown here, and stands in the log of a node.
    ///
    /// Ends with 0 where the program did, and with 1 where nothing was printed.
    #[command(
        after_help = "Examples:\n  edge-node printer test --print 'cp {} /tmp/slip.html'\n  edge-node printer test --print '/usr/local/bin/print-slip {}'\n\nThe same words after `edge-node run --print` put a button on tickets and worker cards."
    )]
    Test {
        /// The program and its arguments, parted by spaces.
        #[arg(long, env = "DAYSHIFT_PRINT", value_name = "PROGRAM ARGS…")]
        print: String,
    },
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
    /// Address of the same pages and interface for phones, over HTTPS; needs --certificate and --key.
    #[arg(long, requires_all = ["certificate", "key"])]
    pub(crate) https: Option<SocketAddr>,
    /// Certificate chain for --https, PEM, of an authority that phones know; read again when it changes.
    #[arg(long, requires = "https")]
    pub(crate) certificate: Option<PathBuf>,
    /// Private key of --certificate, PEM.
    #[arg(long, requires = "https")]
    pub(crate) key: Option<PathBuf>,
    /// Address of a shared screen in the hall that shows these pages over --https, such as 192.0.2.20; may be given several
    /// times. Every other caller of --https is a reader's own phone: its pages are not wiped, and no card is scanned there.
    #[arg(long, value_name = "IP", requires = "https")]
    pub(crate) screen: Vec<IpAddr>,
    /// Folder watched for plugins; `plugins` in the data folder by default.
    #[arg(long)]
    pub(crate) plugins: Option<PathBuf>,
    /// IANA time zone of the hall, such as Asia/Shanghai; by default that of a known region, else UTC, with a
    /// warning.
    #[arg(long)]
    pub(crate) time_zone: Option<String>,
    /// Latitude,longitude of the hall in degrees, for "near me" and walking minutes; without it the list goes
    /// by start, behind what can be confirmed here.
    #[arg(long, value_parser = parse_position)]
    pub(crate) position: Option<(i32, i32)>,
    /// Folder of further languages, one `*.ftl` file each; `languages` in the data folder by default.
    #[arg(long, env = "DAYSHIFT_LANGUAGES")]
    pub(crate) languages: Option<PathBuf>,
    /// Command that reads pages aloud: text on its stdin, WAV on its stdout, {voice} and {lang} for the language. By default
    /// espeak-ng where it is installed; an empty one turns reading off.
    #[arg(long, env = "DAYSHIFT_SPEAK_COMMAND")]
    pub(crate) speak_command: Option<String>,
    /// Program that prints tickets and worker cards, with its arguments: a slip of HTML on its stdin and, for {}, as a file. An
    /// empty one prints nothing, which is the default. `edge-node printer test --help` says more and tries it.
    #[arg(long, env = "DAYSHIFT_PRINT", value_name = "PROGRAM ARGS…")]
    pub(crate) print: Option<String>,
    /// Telephone number of somebody who helps, shown on the help page and while the kiosk is out of order.
    #[arg(long, value_parser = parse_shown)]
    pub(crate) help_phone: Option<String>,
    /// Where in the hall somebody helps, such as "the desk at the east gate".
    #[arg(long, value_parser = parse_shown)]
    pub(crate) help_desk: Option<String>,
    /// Origin of a web page that may call this node's interface from a browser, such as https://jobs.example; may be given
    /// several times. By default no other page may.
    #[arg(long, value_name = "URL", value_parser = parse_origin)]
    pub(crate) allow_origin: Vec<HeaderValue>,
    /// Name under which this node is asked for beside its address, localhost, *.local and the names of --certificate, such
    /// as that of a proxy before it; may be given several times. What was sent to any other name is refused.
    #[arg(long, value_name = "NAME", value_parser = http_face::host_name)]
    pub(crate) host_name: Vec<String>,
    /// File that gets the bound address as JSON once the node serves.
    #[arg(long)]
    pub(crate) announce: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) rates: RateArgs,
}

/// Words that the pages show as they are.
fn parse_shown(text: &str) -> Result<String, String> {
    const CHARS_MAX: usize = 60;
    let text = text.trim();
    if text.is_empty() || text.chars().count() > CHARS_MAX || text.chars().any(char::is_control) {
        return Err(format!("expected 1 to {CHARS_MAX} characters in one line"));
    }
    Ok(text.to_owned())
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

/// Who helps where the pages do not, as far as the operator has said.
#[derive(Debug, Clone, Default)]
pub(crate) struct Help {
    /// A telephone number.
    pub(crate) phone: Option<String>,
    /// A place in the hall.
    pub(crate) desk: Option<String>,
}

/// The node's configuration, checked before any port is bound.
#[derive(Debug)]
pub(crate) struct Config {
    pub(crate) identity: NodeIdentity,
    pub(crate) region_key: [u8; 32],
    pub(crate) data: PathBuf,
    pub(crate) http: SocketAddr,
    pub(crate) https: Option<(SocketAddr, CertificateFiles)>,
    /// Shared screens beside the box's own.
    pub(crate) screens: Vec<IpAddr>,
    pub(crate) plugins: PathBuf,
    /// Folder of language files beside those that are built in.
    pub(crate) languages: PathBuf,
    /// Template of the command that speaks.
    pub(crate) speak_command: Option<String>,
    /// Template of the command that prints.
    pub(crate) print: Option<String>,
    pub(crate) time_zone: TimeZone,
    /// Millionths of a degree.
    pub(crate) position: Option<(i32, i32)>,
    /// Origins of pages that may call the interface.
    pub(crate) origins: Vec<HeaderValue>,
    /// Names of the node that the operator gave.
    pub(crate) host_names: Vec<String>,
    pub(crate) announce: Option<PathBuf>,
    /// How much is let through.
    pub(crate) rates: RateArgs,
    /// Whom the pages name for help.
    pub(crate) help: Help,
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
            "--http {} is not a loopback address: plain HTTP is for the kiosk on this box; for phones give --https ADDRESS with --certificate and --key",
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
            https: https(args),
            screens: args.screen.iter().map(IpAddr::to_canonical).collect(),
            plugins: args.plugins.clone().unwrap_or_else(|| args.data.join("plugins")),
            languages: args.languages.clone().unwrap_or_else(|| args.data.join("languages")),
            speak_command: args.speak_command.clone(),
            print: args.print.clone(),
            time_zone,
            position: args.position,
            origins: args.allow_origin.clone(),
            host_names: args.host_name.clone(),
            announce: args.announce.clone(),
            rates: args.rates,
            help: Help { phone: args.help_phone.clone(), desk: args.help_desk.clone() },
            country,
            assumed,
        })
    }
}

/// The door for phones; the flags need each other.
fn https(args: &RunArgs) -> Option<(SocketAddr, CertificateFiles)> {
    let (chain, key) = (args.certificate.clone()?, args.key.clone()?);
    args.https.map(|address| (address, CertificateFiles { chain, key }))
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
            "this node does not know where it stands: its list begins with what can be confirmed on the spot and goes on by start, not by distance; start with --position LATITUDE,LONGITUDE, such as --position 30.31,120.27"
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
