//! How a cluster begins: its hub's folder, its tenants, and boxes that join by tokens.

use super::cluster::{Cluster, Who};
use super::process::open_log;
use super::wait::wait_until;
use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use serde_json::{Value, json};
use std::time::Duration;

const LINK_TIME_MAX: Duration = Duration::from_secs(15);

#[derive(Deserialize)]
struct Tenant {
    #[serde(alias = "key")]
    api_key: String,
}

#[derive(Deserialize)]
struct Token {
    token: String,
}

impl Cluster {
    /// Makes the hub's folder.
    pub(crate) fn init_hub(&self, name: &str) -> Result<()> {
        let data = self.hub_data();
        self.programs.run_own(&["hub", "init", "--data", &data, "--name", name], &[0])?;
        Ok(())
    }

    /// Makes a tenant and returns its key.
    pub(crate) fn create_tenant(&self, name: &str, region: &str) -> Result<String> {
        let data = self.hub_data();
        let arguments =
            ["tenant", "create", name, "--data", &data, "--region", region, "--new-region", "--json"];
        let made: Tenant = self.programs.own_json(&arguments, &[0])?;
        Ok(made.api_key)
    }

    /// Makes a token by which a box joins as this node, over its own line.
    pub(crate) fn create_token(&self, who: Who) -> Result<String> {
        let (data, node) = (self.hub_data(), self.node(who));
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
        let made: Token = self.programs.own_json(&arguments, &[0])?;
        Ok(made.token)
    }

    /// Whether `edge-node join` let the box in.
    pub(crate) fn join(&self, token: &str, name: &str) -> Result<bool> {
        self.run_join(name, &["join", token, "--data", &self.path(name)])
    }

    /// Begins a new incarnation of a node in its folder; the files of the former one are kept.
    pub(crate) fn join_again(&self, token: &str, who: Who) -> Result<()> {
        let name = self.node(who).name;
        let joined = self.run_join(name, &["join", token, "--data", &self.path(name), "--replace"])?;
        ensure!(joined, "{name} could not join anew");
        Ok(())
    }

    fn run_join(&self, name: &str, arguments: &[&str]) -> Result<bool> {
        let log = open_log(&self.log(name))?;
        let second = log.try_clone().context("log file")?;
        let mut command = self.node_command(name);
        let status = command.args(arguments).stdout(log).stderr(second).status();
        Ok(status.context("run edge-node join")?.success())
    }

    /// Waits until these nodes say that their lines are up.
    pub(crate) fn wait_linked(&self, nodes: &[Who]) -> Result<()> {
        wait_until("nodes with their lines up", LINK_TIME_MAX, || {
            for who in nodes {
                let node = self.node(*who);
                let link = node.status()?.link;
                ensure!(link == "up", "{} says that its line is {link}", node.name);
            }
            Ok(Some(()))
        })
    }

    /// Makes a hub with one tenant and lets the Hangzhou nodes join; everything runs afterwards.
    pub(crate) fn begin(&mut self, name: &str, tenant: &str) -> Result<()> {
        self.init_hub(name)?;
        self.create_tenant(tenant, "hangzhou")?;
        self.start_hub()?;
        for who in Who::HANGZHOU {
            let token = self.create_token(who)?;
            let box_name = self.node(who).name;
            ensure!(self.join(&token, box_name)?, "{box_name} could not join with a fresh token");
            self.start_node(who)?;
        }
        self.wait_linked(&Who::HANGZHOU)
    }

    /// Imports generated shifts of Hangzhou, each with this many seats.
    pub(crate) fn import_shifts(&self, tenant: &str, count: u64, seed: u64, seats: u64) -> Result<()> {
        let (count, seed) = (count.to_string(), seed.to_string());
        let arguments = ["jobs", "generate", "--region", "hangzhou", "--count", &count, "--seed", &seed];
        let output = self.programs.run_own(&arguments, &[0])?;
        let rows = String::from_utf8(output.stdout).context("the generator's rows")?;
        let mut text = String::new();
        for row in rows.lines() {
            let mut row: Value = serde_json::from_str(row).context("a row of the generator")?;
            row["seats"] = json!(seats);
            text.push_str(&row.to_string());
            text.push('\n');
        }
        let path = self.path("shifts.ndjson");
        std::fs::write(&path, text).with_context(|| format!("write {path}"))?;
        let (hub, token) = (self.hub()?.base().to_owned(), format!("{}/admin.token", self.hub_data()));
        let arguments = ["jobs", "import", &path, "--hub", &hub, "--token-file", &token];
        let more = ["--region", "hangzhou", "--tenant", tenant, "--json"];
        self.programs.run_own(&[&arguments[..], &more].concat(), &[0])?;
        Ok(())
    }
}
