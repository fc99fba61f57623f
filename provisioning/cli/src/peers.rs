//! `dayshift sync peers`: how far sync with each node has come, as the hub knows it.

use crate::hub_client::HubArgs;
use crate::{Outcome, node, output};
use anyhow::{Context, Result};
use clap::Args;
use serde::Deserialize;
use serde_json::Value;

/// Arguments of `dayshift sync peers`.
#[derive(Debug, Args)]
pub(crate) struct PeersArgs {
    /// List each vshard of each node, and not the sums alone.
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    hub: HubArgs,
}

#[derive(Debug, Deserialize)]
struct Peers {
    peers: Vec<Peer>,
}

#[derive(Debug, Deserialize)]
struct Peer {
    node: u32,
    incarnation: u16,
    name: String,
    state: String,
    cursors: Vec<Cursor>,
    bytes_sent: u64,
    bytes_received: u64,
    rounds: u64,
}

#[derive(Debug, Deserialize)]
struct Cursor {
    vshard: u16,
    history: u16,
    seq: u64,
    head: u64,
    received: u64,
}

/// Runs `dayshift sync peers`.
pub(crate) fn run(args: &PeersArgs) -> Result<Outcome> {
    let answer: Value = args.hub.client()?.get("/v1/sync/peers")?;
    if args.hub.json {
        output::result(&answer.to_string());
        return Ok(Outcome::Done);
    }
    let Peers { peers } = serde_json::from_value(answer).context("the hub's list of peers")?;
    if peers.is_empty() {
        output::note("no node has joined yet; to let one in: dayshift token create");
    }
    for peer in &peers {
        peer.lines(args.all).iter().for_each(|line| output::result(line));
    }
    Ok(Outcome::Done)
}

impl Peer {
    fn lines(&self, all: bool) -> Vec<String> {
        let behind: u64 = self.cursors.iter().map(Cursor::behind).sum();
        let received: u64 = self.cursors.iter().map(|at| at.received).sum();
        // Without a session since the hub's start nothing is known of where it stands.
        let stands = match self.rounds {
            0 => "not heard since this hub began".to_owned(),
            _ if behind == 0 => format!("has all of the hub's, {received} of its own are merged"),
            _ => format!("lacks up to {behind} of the hub's, {received} of its own are merged"),
        };
        let mut lines = vec![format!(
            "{:<24}{:<10}{:<15}{stands}; {} B sent, {} B received in {}",
            self.name,
            format!("{}.{}", self.node, self.incarnation),
            node::state_words(&self.state),
            self.bytes_sent,
            self.bytes_received,
            output::count(self.rounds, "session")
        )];
        for at in self.cursors.iter().filter(|_| all) {
            lines.push(format!(
                "  vshard {:>4}.{}  has {:>8} of {:>8}  own log merged to {:>8}",
                at.vshard, at.history, at.seq, at.head, at.received
            ));
        }
        lines
    }
}

impl Cursor {
    const fn behind(&self) -> u64 {
        self.head.saturating_sub(self.seq)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_a_node_lacks_is_summed_and_listed_on_demand() {
        let said = |rounds: u64, seq: u64, all: bool| {
            let peer = json!({ "node": 7, "incarnation": 2, "name": "hall-7", "state": "up", "bytes_sent": 5, "bytes_received": 6,
                "rounds": rounds, "cursors": [{ "vshard": 3, "history": 1, "seq": seq, "head": 9, "received": 4 }] });
            serde_json::from_value::<Peer>(peer).unwrap().lines(all)
        };
        let lines = said(1, 7, false);
        assert!(
            lines.len() == 1 && lines[0].contains("7.2") && lines[0].contains("lacks up to 2"),
            "{lines:?}"
        );
        assert!(said(1, 9, false)[0].contains("has all of the hub's, 4 of its own"));
        assert!(said(0, 0, false)[0].contains("not heard since this hub began"));
        assert!(said(1, 7, true)[1].contains("vshard    3.1  has        7 of        9"));
    }
}
