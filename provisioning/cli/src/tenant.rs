//! `dayshift tenant`: adds employers and agencies. Their API key is shown once; the hub keeps its BLAKE3 hash.

use crate::{Outcome, hub, output};
use anyhow::{Result, bail};
use clap::Subcommand;
use enrolment::is_name;
use std::path::PathBuf;

/// What can be done with tenants.
#[derive(Debug, Subcommand)]
pub(crate) enum TenantCommand {
    /// Add a tenant and print its API key, once.
    Create(CreateArgs),
}

/// A tenant to be.
#[derive(Debug, clap::Args)]
pub(crate) struct CreateArgs {
    /// Name of the tenant.
    name: String,
    /// The hub's data folder.
    #[arg(long)]
    data: PathBuf,
    /// A region in which it posts jobs; give the option once for each.
    #[arg(long = "region", required = true)]
    regions: Vec<String>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Runs `dayshift tenant`.
pub(crate) fn run(command: &TenantCommand) -> Result<Outcome> {
    match command {
        TenantCommand::Create(args) => create(args),
    }
}

fn create(args: &CreateArgs) -> Result<Outcome> {
    if args.name.trim().is_empty() || args.name.len() > enrolment::limits::NAME_CHARS_MAX {
        bail!("a tenant's name has 1 to {} characters", enrolment::limits::NAME_CHARS_MAX);
    }
    if let Some(region) = args.regions.iter().find(|region| !is_name(region)) {
        bail!("`{region}` cannot name a region: use letters, digits, `.`, `_` and `-`, at most 63");
    }
    let store = hub::open_control(&args.data)?;
    let key = format!("dsk_{}", hub::random_hex()?);
    let Some(id) = store.add_tenant(&args.name, blake3::hash(key.as_bytes()).as_bytes())? else {
        bail!("there is a tenant named {} already", args.name);
    };
    for region in &args.regions {
        store.add_topic(id, region)?;
    }
    if args.json {
        let answer =
            serde_json::json!({ "tenant": id.0, "name": args.name, "regions": args.regions, "api_key": key });
        output::result(&answer.to_string());
    } else {
        output::result(&key);
        output::note("this is the API key; it is not shown again");
    }
    Ok(Outcome::Done)
}
