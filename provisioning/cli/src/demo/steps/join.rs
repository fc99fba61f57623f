//! Three boxes become nodes by single-use tokens.

use crate::demo::api::NodeList;
use crate::demo::cluster::Who;
use crate::demo::story::{Step, Story};
use crate::demo::wait::wait_until;
use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use std::time::Duration;

const LINK_TIME_MAX: Duration = Duration::from_secs(15);
/// Name and region of the tenants.
const TENANTS: [(&str, &str); 2] = [("qianjiang-labour", "hangzhou"), ("city-of-new-york", "new-york")];

#[derive(Deserialize)]
struct Tenant {
    #[serde(alias = "key")]
    api_key: String,
}

#[derive(Deserialize)]
struct Token {
    token: String,
}

/// Makes the hub, lets three nodes join, and shows that a token works once.
pub(crate) fn run(story: &mut Story) -> Result<Step> {
    let data = story.cluster.hub_data();
    story.cluster.programs.run_own(&["hub", "init", "--data", &data, "--name", "demo"], &[0])?;
    for (place, (name, region)) in TENANTS.into_iter().enumerate() {
        let arguments = ["tenant", "create", name, "--data", &data, "--region", region, "--json"];
        let made: Tenant = story.cluster.programs.own_json(&arguments, &[0])?;
        story.tenants[place] = name;
        if place == 0 {
            story.tenant_key = made.api_key;
        }
    }
    story.cluster.start_hub()?;
    let mut first_token = String::new();
    for who in Who::ALL {
        let token = create_token(story, who)?;
        let name = story.cluster.node(who).name;
        ensure!(join(story, &token, name)?, "{name} could not join with a fresh token");
        story.cluster.start_node(who)?;
        if first_token.is_empty() {
            first_token = token;
        }
    }
    let refused = !join(story, &first_token, "second-box")?;
    ensure!(refused, "a second box joined with a token that was used");
    wait_until("three nodes with their lines up", LINK_TIME_MAX, || {
        for who in Who::ALL {
            let node = story.cluster.node(who);
            let link = node.status()?.link;
            ensure!(link == "up", "{} says that its line is {link}", node.name);
        }
        Ok(Some(()))
    })?;
    let listed: NodeList = story.cluster.hub()?.get("/v1/nodes", &[])?;
    for who in Who::ALL {
        let node = story.cluster.node(who);
        let same = |entry: &&_| name_and_region(entry) == (node.name, node.region);
        ensure!(listed.nodes.iter().any(|entry| same(&entry)), "the hub does not list {}", node.name);
    }
    ensure!(listed.nodes.len() == Who::ALL.len(), "the hub lists {} nodes", listed.nodes.len());
    story.tell("Three boxes joined: jiubao and xiasha in Hangzhou, harlem in New York.");
    story.tell("  A second box with jiubao's token was refused: a token works once.");
    Ok(Step::new().fact("nodes", listed.nodes.len()).fact("second_use_refused", refused))
}

fn name_and_region(entry: &crate::demo::api::NodeEntry) -> (&str, &str) {
    (&entry.name, &entry.region)
}

fn create_token(story: &Story, who: Who) -> Result<String> {
    let (data, node) = (story.cluster.hub_data(), story.cluster.node(who));
    let address = node.relay.address().to_string();
    let arguments = [
        "token",
        "create",
        "--data",
        &data,
        "--region",
        node.region,
        "--node",
        node.name,
        "--hub-address",
        &address,
        "--json",
    ];
    let made: Token = story.cluster.programs.own_json(&arguments, &[0])?;
    Ok(made.token)
}

/// Whether `edge-node join` let the box in.
fn join(story: &Story, token: &str, name: &str) -> Result<bool> {
    let log = crate::demo::process::open_log(&story.cluster.log(name))?;
    let second = log.try_clone().context("log file")?;
    let mut command = story.cluster.programs.command("edge-node");
    command.args(["join", token, "--data", &story.cluster.path(name)]);
    let status = command.stdout(log).stderr(second).status().context("run edge-node join")?;
    Ok(status.success())
}
