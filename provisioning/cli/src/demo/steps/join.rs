//! Three boxes become nodes by single-use tokens.

use crate::demo::api::NodeList;
use crate::demo::cluster::Who;
use crate::demo::story::{Step, Story};
use anyhow::{Result, ensure};

/// Name and region of the tenants.
const TENANTS: [(&str, &str); 2] = [("qianjiang-labour", "hangzhou"), ("city-of-new-york", "new-york")];

/// Makes the hub, lets three nodes join, and shows that a token works once.
pub(crate) fn run(story: &mut Story) -> Result<Step> {
    story.cluster.init_hub("demo")?;
    for (place, (name, region)) in TENANTS.into_iter().enumerate() {
        let key = story.cluster.create_tenant(name, region)?;
        story.tenants[place] = name;
        if place == 0 {
            story.tenant_key = key;
        }
    }
    story.cluster.start_hub()?;
    let mut first_token = String::new();
    for who in Who::ALL {
        let token = story.cluster.create_token(who)?;
        let name = story.cluster.node(who).name;
        ensure!(story.cluster.join(&token, name)?, "{name} could not join with a fresh token");
        story.cluster.start_node(who)?;
        if first_token.is_empty() {
            first_token = token;
        }
    }
    let refused = !story.cluster.join(&first_token, "second-box")?;
    ensure!(refused, "a second box joined with a token that was used");
    story.cluster.wait_linked(&Who::ALL)?;
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
