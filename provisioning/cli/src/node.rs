//! `dayshift node`: nodes as the hub sees them, the end of an incarnation, and what stays reserved for it.

use crate::Outcome;
use crate::hub_client::{HubArgs, HubClient};
use crate::output;
use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// What can be done with nodes.
#[derive(Debug, Subcommand)]
pub(crate) enum NodeCommand {
    /// List the nodes with their state and the rights that are with them.
    List(HubArgs),
    /// End a node's incarnation, one way: from here on it is granted nothing and its reports are not merged.
    ///
    /// Its seats and rights stay as they are until its whole log is at the hub, which settles it: the hub then holds its
    /// seats, and rights that nobody used are free again. A running node closes its log and sends the rest by itself. The
    /// hall goes on under a new incarnation: `dayshift token create` and `edge-node join TOKEN --replace`.
    #[command(
        after_long_help = "Example:\n  dayshift node fence hall-3 --reason \"stolen on Monday\" --hub http://127.0.0.1:7480 --token-file hub/admin.token"
    )]
    Fence(FenceArgs),
    /// Take back what a lost node held of jobs whose policy is `reclaim`, once its lease is over.
    ///
    /// Receipts of such jobs that the hub did not hold by then are void. Jobs of the policy `write_off` are left alone:
    /// their rights stay reserved until the job starts.
    Reclaim(ReclaimArgs),
    /// Show what stays reserved for incarnations that are over, and which nodes a restored hub waits for.
    ///
    /// For each incarnation that is not settled: its sums, and the jobs for which most is reserved.
    Limbo(LimboArgs),
}

/// How much to show.
#[derive(Debug, Args)]
pub(crate) struct LimboArgs {
    /// Every job, and the incarnations that are settled.
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    hub: HubArgs,
}

/// Jobs that are shown of an incarnation where not all are asked for.
const LIMBO_JOBS_SHOWN: usize = 5;

/// Whose incarnation ends, and why.
#[derive(Debug, Args)]
pub(crate) struct FenceArgs {
    /// Name or number of the node.
    node: String,
    /// Why, for the operators and for the node's own page.
    #[arg(long)]
    reason: String,
    /// Do not ask.
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    hub: HubArgs,
}

/// Whose rights come back.
#[derive(Debug, Args)]
pub(crate) struct ReclaimArgs {
    /// Name or number of the node.
    node: String,
    /// Do not ask.
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    hub: HubArgs,
}

#[derive(Debug, Deserialize)]
struct Nodes {
    nodes: Vec<Node>,
}

#[derive(Debug, Deserialize)]
struct Node {
    node: u32,
    incarnation: u16,
    name: String,
    region: String,
    state: String,
    reason: Option<String>,
    #[serde(default)]
    draining: bool,
    granted: u64,
    used: u64,
    last_contact_at: Option<String>,
    #[serde(default)]
    carried_at: Option<String>,
}

#[derive(Debug, Serialize)]
struct Fence<'a> {
    reason: &'a str,
}

#[derive(Debug, Serialize, Deserialize)]
struct Reclaimed {
    jobs: Vec<ReclaimedJob>,
}

#[derive(Debug, Serialize, Deserialize)]
struct ReclaimedJob {
    job: String,
    rights: u32,
}

#[derive(Debug, Deserialize)]
struct Limbo {
    incarnations: Vec<Incarnation>,
    rights: Vec<Reserved>,
    awaited: Vec<Awaiting>,
}

#[derive(Debug, Deserialize)]
struct Incarnation {
    node: u32,
    incarnation: u16,
    name: String,
    standing: String,
    cause: String,
    detail: String,
    since: String,
    reserved: u64,
}

#[derive(Debug, Deserialize)]
struct Reserved {
    node: u32,
    name: String,
    incarnation: u16,
    job: String,
    title: String,
    start_at: String,
    policy: String,
    reserved: u32,
    live: u32,
}

#[derive(Debug, Deserialize)]
struct Awaiting {
    vshard: u16,
    nodes: Vec<Awaited>,
}

#[derive(Debug, Deserialize)]
struct Awaited {
    node: u32,
    incarnation: u16,
    name: String,
}

/// Runs `dayshift node`.
pub(crate) fn run(command: &NodeCommand) -> Result<Outcome> {
    match command {
        NodeCommand::List(hub) => list(hub),
        NodeCommand::Fence(args) => fence(args),
        NodeCommand::Reclaim(args) => reclaim(args),
        NodeCommand::Limbo(args) => limbo(args),
    }
}

/// The hub's answer as it came, for programs.
fn print_json(answer: &Value) -> Result<Outcome> {
    output::result(&serde_json::to_string(answer).context("write the answer")?);
    Ok(Outcome::Done)
}

fn list(args: &HubArgs) -> Result<Outcome> {
    let answer: Value = args.client()?.get("/v1/nodes")?;
    if args.json {
        return print_json(&answer);
    }
    let Nodes { nodes } = serde_json::from_value(answer).context("the hub's list of nodes")?;
    if nodes.is_empty() {
        output::note("no node has joined yet; to let one in: dayshift token create");
    }
    for node in nodes {
        let contact = node.last_contact_at.as_deref().unwrap_or("not since this hub began");
        let by_file = node.carried_at.map(|at| format!(", by file {at}")).unwrap_or_default();
        output::result(&format!(
            "{:<24}{:<10}{:<16}{:<15}rights {:>6}, used {:>6}  last contact {contact}{by_file}{}",
            node.name,
            format!("{}.{}", node.node, node.incarnation),
            node.region,
            if node.draining { "draining" } else { state_words(&node.state) },
            node.granted,
            node.used,
            node.reason.map(|reason| format!("  ({reason})")).unwrap_or_default(),
        ));
    }
    Ok(Outcome::Done)
}

/// The state as the console says it; one of a newer hub as it came.
pub(crate) fn state_words(state: &str) -> &str {
    match state {
        "up" => "in step",
        "cut_off" => "cut off",
        "never" => "not heard yet",
        other => other,
    }
}

/// Finds a node by its name or number.
fn find(hub: &HubClient, wanted: &str) -> Result<Node> {
    let Nodes { nodes } = hub.get("/v1/nodes")?;
    let names: Vec<String> = nodes.iter().map(|node| format!("{} ({})", node.name, node.node)).collect();
    let found = nodes.into_iter().find(|node| node.name == wanted || node.node.to_string() == wanted);
    match found {
        Some(node) => Ok(node),
        None if names.is_empty() => bail!("there is no node `{wanted}`: none has joined yet"),
        None => bail!("there is no node `{wanted}`; there are: {}", names.join(", ")),
    }
}

fn fence(args: &FenceArgs) -> Result<Outcome> {
    if args.reason.trim().is_empty() {
        bail!("--reason is empty; say why, the node's page shows it");
    }
    let hub = args.hub.client()?;
    let node = find(&hub, &args.node)?;
    if node.state == "fenced" && !args.hub.json {
        return fenced_already(&hub, &node);
    }
    let plan = format!(
        "{} ({}.{}, {}) holds {}, {} of them known to be used. Its incarnation would be over, one way.",
        node.name,
        node.node,
        node.incarnation,
        node.state,
        output::count(node.granted, "right"),
        node.used
    );
    output::confirm(&plan, args.yes)?;
    let answer: Value =
        hub.post(&format!("/v1/nodes/{}:fence", node.node), Some(&Fence { reason: args.reason.trim() }))?;
    if args.hub.json {
        return print_json(&answer);
    }
    output::result(&format!("{} ({}.{}) is fenced", node.name, node.node, node.incarnation));
    output::note("`dayshift node limbo` shows what stays reserved until its log is here");
    Ok(Outcome::Done)
}

fn fenced_already(hub: &HubClient, node: &Node) -> Result<Outcome> {
    let Limbo { incarnations, .. } = hub.get("/v1/limbo")?;
    let is_it = |over: &&Incarnation| (over.node, over.incarnation) == (node.node, node.incarnation);
    let over = incarnations.iter().find(is_it);
    let since = over.map(|over| format!(", since {}: {}", over.since, over.detail)).unwrap_or_default();
    let name = format!("{} ({}.{})", node.name, node.node, node.incarnation);
    output::result(&format!("{name} is fenced already{since}"));
    Ok(Outcome::Done)
}

fn reclaim(args: &ReclaimArgs) -> Result<Outcome> {
    let hub = args.hub.client()?;
    let node = find(&hub, &args.node)?;
    let order = |query: &str| -> Result<Reclaimed> {
        let done = hub.post(&format!("/v1/nodes/{}:reclaim{query}", node.node), None::<&()>);
        done.with_context(|| format!("nothing of {} was reclaimed", node.name))
    };
    // Whoever is asked can count on it: a lease that runs is told here.
    let Reclaimed { jobs } = order("?dry_run=true")?;
    if jobs.is_empty() && !args.hub.json {
        output::result(&format!(
            "there is nothing to reclaim: nothing stays reserved for {} of a job with the policy `reclaim`; what stays \
             reserved of other jobs is free when its log comes or the job starts",
            node.name
        ));
        return Ok(Outcome::Done);
    }
    if !jobs.is_empty() {
        let rights: u64 = jobs.iter().map(|job| u64::from(job.rights)).sum();
        let plan = format!(
            "{} to {} with the policy `reclaim` would come back from fenced incarnations of {}. Receipts of those jobs that the hub does not hold are void from then on.",
            output::count(rights, "right"),
            output::count(jobs.len() as u64, "job"),
            node.name
        );
        output::confirm(&plan, args.yes)?;
    }
    let Reclaimed { jobs } = order("")?;
    if args.hub.json {
        return print_json(&serde_json::to_value(Reclaimed { jobs }).context("write the answer")?);
    }
    for job in &jobs {
        let are = if job.rights == 1 { "right is" } else { "rights are" };
        output::result(&format!("{:<24}{:>6} {are} free again", job.job, job.rights));
    }
    Ok(Outcome::Done)
}

fn limbo(args: &LimboArgs) -> Result<Outcome> {
    let answer: Value = args.hub.client()?.get("/v1/limbo")?;
    if args.hub.json {
        return print_json(&answer);
    }
    let limbo: Limbo = serde_json::from_value(answer).context("the hub's list of what is reserved")?;
    if limbo.incarnations.is_empty() && limbo.awaited.is_empty() {
        output::note("no incarnation is over, and no vshard waits for a node");
    }
    let mut settled = 0;
    for over in &limbo.incarnations {
        if over.standing == "settled" && !args.all {
            settled += 1;
            continue;
        }
        print_over(over);
        if !args.all {
            print_summary(&limbo.rights, over);
        }
    }
    if args.all {
        print_jobs(&limbo.rights);
    }
    if settled > 0 {
        let are = if settled == 1 { "incarnation is" } else { "incarnations are" };
        output::note(&format!(
            "{settled} {are} settled; --all shows {}",
            if settled == 1 { "it" } else { "them" }
        ));
    }
    for vshard in &limbo.awaited {
        let names: Vec<String> =
            vshard.nodes.iter().map(|at| format!("{} ({}.{})", at.name, at.node, at.incarnation)).collect();
        output::result(&format!(
            "vshard {} was restored and grants nothing before it has heard of {}",
            vshard.vshard,
            names.join(", ")
        ));
    }
    Ok(Outcome::Done)
}

fn print_over(over: &Incarnation) {
    let alarm = if over.cause == "copied" { "  COPIED DISK" } else { "" };
    output::result(&format!(
        "{:<24}{:<10}{:<9}{:<11}reserved {:>6}  since {}  {}{alarm}",
        over.name,
        format!("{}.{}", over.node, over.incarnation),
        over.standing,
        over.cause,
        over.reserved,
        over.since,
        over.detail,
    ));
}

/// An incarnation's sums, and the jobs for which most is reserved.
fn print_summary(rights: &[Reserved], over: &Incarnation) {
    let mut jobs: Vec<_> =
        rights.iter().filter(|one| (one.node, one.incarnation) == (over.node, over.incarnation)).collect();
    jobs.sort_by_key(|one| (std::cmp::Reverse(one.reserved), &one.start_at, &one.job));
    let reclaimable = jobs.iter().filter(|one| one.policy == "reclaim").count();
    let used: u64 = jobs.iter().map(|one| u64::from(one.live)).sum();
    let Some(last) = jobs.iter().map(|one| one.start_at.as_str()).max() else { return };
    output::result(&format!(
        "  {}, {reclaimable} of them can be reclaimed; {} known used; the last starts {last}",
        output::count(jobs.len() as u64, "job"),
        output::count(used, "right")
    ));
    for one in jobs.iter().take(LIMBO_JOBS_SHOWN) {
        output::result(&format!(
            "  {:<24}reserved {:>4}, known used {:>4}  {:<10}starts {}  {}",
            one.job, one.reserved, one.live, one.policy, one.start_at, one.title
        ));
    }
    if let Some(more) = jobs.len().checked_sub(LIMBO_JOBS_SHOWN).filter(|more| *more > 0) {
        output::result(&format!("  and {} more; --all shows every one", output::count(more as u64, "job")));
    }
}

/// Every job with what is reserved of it, in the order of their start.
fn print_jobs(rights: &[Reserved]) {
    let mut jobs: BTreeMap<(&str, &str), Vec<&Reserved>> = BTreeMap::new();
    for reserved in rights {
        jobs.entry((&reserved.start_at, &reserved.job)).or_default().push(reserved);
    }
    for ((start_at, job), all) in jobs {
        output::result(&format!("{job}  {}  starts {start_at}", all[0].title));
        for one in all {
            let name = format!("{}, life {}", one.name, one.incarnation);
            output::result(&format!(
                "  {name:<30}reserved {:>4}, known used {:>4}  {}",
                one.reserved, one.live, one.policy
            ));
        }
    }
}
