//! A file that somebody carries between a node without a line and the hub.

use super::cluster::{Cluster, Who};
use anyhow::{Result, ensure};
use serde::Deserialize;
use serde_json::Value;

/// What the hub made of a carried file.
#[derive(Debug, Deserialize)]
pub(crate) struct Account {
    pub(crate) merged: u64,
    /// Confirmed sign-ups that the hub had not known.
    pub(crate) saved: Vec<Value>,
    more: bool,
}

impl Cluster {
    /// Carries what a node has for the hub there, and the answer back.
    pub(crate) fn carry(&self, who: Who) -> Result<Account> {
        let data = self.path(self.node(who).name);
        let (file, answer) = (self.path("stick.carry"), self.path("stick.answer"));
        let hub = self.hub()?.base().to_owned();
        let token = format!("{}/admin.token", self.hub_data());
        self.programs.run_own(&["sync", "carry", "export", "--data", &data, "--to", &file], &[0])?;
        let there = ["sync", "carry", "import", &file, "--hub", &hub, "--token-file", &token];
        let account: Account =
            self.programs.own_json(&[&there[..], &["--answer", &answer, "--json"]].concat(), &[0])?;
        ensure!(!account.more, "the hub's answer does not fit into a file");
        self.programs.run_own(&["sync", "carry", "import", &answer, "--data", &data], &[0])?;
        Ok(account)
    }
}
