//! Regions exist by the tenants that post there: a name that nobody has is a typing error until somebody says otherwise.

use super::{find, regions_of};
use crate::{Outcome, hub, output};
use anyhow::{Context, Result, bail};
use enrolment::is_name;
use hub_core::layout;
use std::collections::BTreeSet;
use std::path::Path;
use sync_store::{ControlStore, OpenOptions, TopicRecord};

/// Refuses a region that no tenant has: a node there would find no job.
pub(crate) fn check_known(store: &ControlStore, region: &str) -> Result<()> {
    let known = known(store)?;
    if known.contains(region) {
        return Ok(());
    }
    if known.is_empty() {
        bail!("no tenant has a region yet: dayshift tenant create NAME --data DIR --region {region}");
    }
    bail!(
        "no tenant posts in the region `{region}`{}; to make it: dayshift tenant allow NAME --data DIR --region \
         {region} --new-region",
        told(&known, region)
    )
}

/// Refuses what cannot name a region, and what no tenant has had unless that is meant. A fresh hub knows none to compare with.
pub(super) fn check_new(store: &ControlStore, regions: &[String], is_meant: bool) -> Result<()> {
    if let Some(region) = regions.iter().find(|region| !is_name(region)) {
        bail!("`{region}` cannot name a region: use letters, digits, `.`, `_` and `-`, at most 63");
    }
    let known = known(store)?;
    let new = regions.iter().find(|region| !known.contains(*region));
    match new.filter(|_| !is_meant && !known.is_empty()) {
        Some(region) => {
            bail!(
                "no tenant has the region `{region}` yet{}; if it is meant: --new-region",
                told(&known, region)
            )
        }
        None => Ok(()),
    }
}

fn known(store: &ControlStore) -> Result<BTreeSet<String>> {
    Ok(store.topics()?.into_iter().map(|topic| topic.region).collect())
}

/// The regions that there are, with the one that was probably meant.
fn told(known: &BTreeSet<String>, region: &str) -> String {
    let all: Vec<_> = known.iter().map(String::as_str).collect();
    let nearest = known.iter().map(|name| (distance(name, region), name)).min();
    let is_near = |(distance, _): &(usize, &String)| *distance * 2 <= region.chars().count();
    let meant = nearest.filter(is_near).map(|(_, name)| format!(" (did you mean `{name}`?)"));
    format!("; there are: {}{}", all.join(", "), meant.unwrap_or_default())
}

/// Letters to put in, leave out or change to make one word of the other.
fn distance(from: &str, to: &str) -> usize {
    let mut row: Vec<usize> = (0..=to.chars().count()).collect();
    for (line, letter) in from.chars().enumerate() {
        let mut corner = std::mem::replace(&mut row[0], line + 1);
        for (column, other) in to.chars().enumerate() {
            let changed = corner + usize::from(letter != other);
            corner = row[column + 1];
            row[column + 1] = changed.min(corner + 1).min(row[column] + 1);
        }
    }
    row.last().copied().unwrap_or_default()
}

/// Takes regions back from a tenant, all or none. A job there, or a box that may hold one, keeps its region.
pub(super) fn disallow(data: &Path, name: &str, regions: &[String]) -> Result<Outcome> {
    let store = hub::open_control(data)?;
    let tenant = find(&store, name)?;
    let has = regions_of(&store, &tenant)?;
    let mut taken = Vec::new();
    for region in regions {
        let topics = store.topics()?;
        let topic = topics.into_iter().find(|topic| topic.tenant == tenant.id && topic.region == *region);
        let Some(topic) = topic else {
            bail!("{name} does not post in `{region}`; it posts in: {}", has.join(", "));
        };
        check_unused(&store, data, name, &topic)?;
        taken.push(topic.topic);
    }
    for topic in taken {
        store.remove_topic(topic)?;
    }
    let left = regions_of(&store, &tenant)?;
    if left.is_empty() {
        output::result(&format!("{name} may post nowhere"));
    } else {
        output::result(&format!("{name} may post in: {}", left.join(", ")));
    }
    Ok(Outcome::Done)
}

fn check_unused(store: &ControlStore, data: &Path, name: &str, topic: &TopicRecord) -> Result<()> {
    let region = &topic.region;
    let nodes = store.nodes()?;
    if let Some(node) = nodes.iter().find(|node| node.region == *region) {
        bail!(
            "{name} keeps `{region}`: the node {} belongs to it and may hold jobs that the hub has not heard of; a \
             new key stops {name}: dayshift tenant rekey {name} --data {}",
            node.name,
            data.display()
        );
    }
    let path = layout::shard(data, layout::file_of(topic.vshard));
    let mut shard =
        OpenOptions::new(&path).open_to_read().with_context(|| format!("open {}", path.display()))?;
    let jobs =
        shard.read(|tx| tx.jobs_after(i64::MIN)).with_context(|| format!("read {}", path.display()))?;
    if jobs.iter().any(|(_, job)| job.topic == topic.topic) {
        bail!("{name} keeps `{region}`: it has jobs there");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_region_that_was_meant_is_named() {
        let known = BTreeSet::from(["hangzhou".to_owned(), "new-york".to_owned()]);
        let check = |region: &str, expected: &str| {
            assert_eq!(
                told(&known, region),
                format!("; there are: hangzhou, new-york{expected}"),
                "{region}"
            );
        };
        check("hangzou", " (did you mean `hangzhou`?)");
        check("newyork", " (did you mean `new-york`?)");
        check("nowhereland", "");
        check("x", "");
    }
}
