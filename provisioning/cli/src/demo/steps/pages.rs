//! The pages for people: a kiosk at every node and the operators' console at the hub.

use crate::demo::cluster::Who;
use crate::demo::story::{Step, Story};
use anyhow::Result;

/// Where a node shows its kiosk.
const KIOSK: &str = "/";
/// Where the hub shows its console.
const CONSOLE: &str = "/";

/// Reads each page once and tells its address.
pub(crate) fn run(story: &mut Story) -> Result<Step> {
    let mut addresses = Vec::new();
    story.tell("The pages:");
    for who in Who::ALL {
        let node = story.cluster.node(who);
        let api = node.api()?;
        api.page(KIOSK)?;
        addresses.push(format!("{}{KIOSK}", api.base()));
        story.tell(&format!("  kiosk {:<8} {}{KIOSK}", node.name, api.base()));
    }
    let hub = story.cluster.hub()?;
    hub.page(CONSOLE)?;
    addresses.push(format!("{}{CONSOLE}", hub.base()));
    story.tell(&format!(
        "  console        {}{CONSOLE}  (the red line there is harlem's copied disk)",
        hub.base()
    ));
    Ok(Step::new().fact("addresses", addresses))
}
