//! `dayshift tenant`: adds and lists employers and agencies, gives them regions and new keys. An API key is shown once; the
//! hub keeps its BLAKE3 hash and the public key of what signs in the tenant's name.

mod regions;

pub(crate) use regions::check_known;

use crate::{Outcome, hub, output};
use anyhow::{Result, bail};
use clap::Subcommand;
use std::path::PathBuf;
use sync_protocol::documents::TenantKey;
use sync_store::{ControlStore, TenantRecord};

/// What can be done with tenants.
#[derive(Debug, Subcommand)]
pub(crate) enum TenantCommand {
    /// Add a tenant and print its API key, once.
    #[command(after_long_help = "Example:\n  dayshift tenant create agency --data hub --region hangzhou")]
    Create(CreateArgs),
    /// List the tenants with the regions in which each may post.
    List(ListArgs),
    /// Let a tenant post in another region.
    #[command(
        after_long_help = "Example:\n  dayshift tenant allow agency --data hub --region new-york --new-region"
    )]
    Allow(AllowArgs),
    /// Take a region back from a tenant that has no job and no node there, as after a typing error.
    Disallow(DisallowArgs),
    /// Give a tenant a new API key and print it, once; the old one stops working.
    ///
    /// The hub refuses the old key within a second, and so does each node whose line is up; a node without one when it is.
    Rekey(RekeyArgs),
}

/// Whose tenants to list.
#[derive(Debug, clap::Args)]
pub(crate) struct ListArgs {
    /// The hub's data folder.
    #[arg(long)]
    data: PathBuf,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Who may post where.
#[derive(Debug, clap::Args)]
pub(crate) struct AllowArgs {
    /// Name of the tenant.
    name: String,
    /// The hub's data folder.
    #[arg(long)]
    data: PathBuf,
    /// The region; give the option once for each.
    #[arg(long = "region", required = true)]
    regions: Vec<String>,
    /// A region may be one that no tenant has had before.
    #[arg(long)]
    new_region: bool,
}

/// Who may no longer post where.
#[derive(Debug, clap::Args)]
pub(crate) struct DisallowArgs {
    /// Name of the tenant.
    name: String,
    /// The hub's data folder.
    #[arg(long)]
    data: PathBuf,
    /// The region; give the option once for each.
    #[arg(long = "region", required = true)]
    regions: Vec<String>,
}

/// Whose key is replaced.
#[derive(Debug, clap::Args)]
pub(crate) struct RekeyArgs {
    /// Name of the tenant.
    name: String,
    /// The hub's data folder.
    #[arg(long)]
    data: PathBuf,
    /// Do not ask.
    #[arg(long)]
    yes: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
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
    /// A region may be one that no tenant has had before; the first tenant's need no such word.
    #[arg(long)]
    new_region: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Runs `dayshift tenant`.
pub(crate) fn run(command: &TenantCommand) -> Result<Outcome> {
    match command {
        TenantCommand::Create(args) => create(args),
        TenantCommand::List(args) => list(args),
        TenantCommand::Allow(args) => allow(args),
        TenantCommand::Disallow(args) => regions::disallow(&args.data, &args.name, &args.regions),
        TenantCommand::Rekey(args) => rekey(args),
    }
}

fn create(args: &CreateArgs) -> Result<Outcome> {
    if args.name.trim().is_empty() || args.name.len() > enrolment::limits::NAME_CHARS_MAX {
        bail!("a tenant's name has 1 to {} characters", enrolment::limits::NAME_CHARS_MAX);
    }
    let store = hub::open_control(&args.data)?;
    regions::check_new(&store, &args.regions, args.new_region)?;
    let key = new_key()?;
    let Some(id) = store.add_tenant(&args.name, blake3::hash(key.as_bytes()).as_bytes())? else {
        bail!("there is a tenant named {} already", args.name);
    };
    store.put_sign_key(id, &TenantKey::of_api_key(&key).public())?;
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

fn new_key() -> Result<String> {
    Ok(format!("dsk_{}", hub::random_hex()?))
}

/// The regions in which a tenant may post.
fn regions_of(store: &ControlStore, tenant: &TenantRecord) -> Result<Vec<String>> {
    let topics = store.topics()?.into_iter().filter(|topic| topic.tenant == tenant.id);
    let mut regions: Vec<_> = topics.map(|topic| topic.region).collect();
    regions.sort_unstable();
    regions.dedup();
    Ok(regions)
}

fn find(store: &ControlStore, name: &str) -> Result<TenantRecord> {
    let tenants = store.tenants()?;
    let names: Vec<_> = tenants.iter().map(|tenant| tenant.name.clone()).collect();
    match tenants.into_iter().find(|tenant| tenant.name == name) {
        Some(tenant) => Ok(tenant),
        None if names.is_empty() => bail!("there is no tenant `{name}`: none was created yet"),
        None => bail!("there is no tenant `{name}`; there are: {}", names.join(", ")),
    }
}

fn list(args: &ListArgs) -> Result<Outcome> {
    let store = hub::open_control(&args.data)?;
    let mut all = Vec::new();
    for tenant in store.tenants()? {
        let regions = regions_of(&store, &tenant)?;
        all.push((tenant, regions));
    }
    if args.json {
        let tenant = |(tenant, regions): &(TenantRecord, Vec<String>)| serde_json::json!({ "tenant": tenant.id.0, "name": tenant.name, "regions": regions });
        let answer = serde_json::json!({ "tenants": all.iter().map(tenant).collect::<Vec<_>>() });
        output::result(&answer.to_string());
        return Ok(Outcome::Done);
    }
    if all.is_empty() {
        output::note("no tenant yet; to add one: dayshift tenant create NAME --data DIR --region REGION");
    }
    for (tenant, regions) in all {
        output::result(&format!("{:>4}  {:<24}{}", tenant.id.0, tenant.name, regions.join(", ")));
    }
    Ok(Outcome::Done)
}

fn allow(args: &AllowArgs) -> Result<Outcome> {
    let store = hub::open_control(&args.data)?;
    let tenant = find(&store, &args.name)?;
    regions::check_new(&store, &args.regions, args.new_region)?;
    for region in &args.regions {
        store.add_topic(tenant.id, region)?;
    }
    output::result(&format!("{} may post in: {}", tenant.name, regions_of(&store, &tenant)?.join(", ")));
    Ok(Outcome::Done)
}

fn rekey(args: &RekeyArgs) -> Result<Outcome> {
    let store = hub::open_control(&args.data)?;
    let tenant = find(&store, &args.name)?;
    let plan =
        format!("{} would get a new API key; whoever uses the old one is refused from then on.", tenant.name);
    output::confirm(&plan, args.yes)?;
    let key = new_key()?;
    if !store.set_tenant_key(&tenant.name, blake3::hash(key.as_bytes()).as_bytes())? {
        bail!("the tenant {} is gone", tenant.name);
    }
    store.put_sign_key(tenant.id, &TenantKey::of_api_key(&key).public())?;
    if args.json {
        let answer = serde_json::json!({ "tenant": tenant.id.0, "name": tenant.name, "api_key": key });
        output::result(&answer.to_string());
    } else {
        output::result(&key);
        output::note(&format!(
            "this is the new API key of {}; it is not shown again, and the old one is refused",
            tenant.name
        ));
    }
    Ok(Outcome::Done)
}
