//! A cluster on this machine: one hub and its nodes, each node on a line of its own.

use super::api::{Api, NodeStatus};
use super::process::{Process, Programs, tails};
use super::relay::Relay;
use super::small_disk::SmallDisk;
use super::wait::wait_until;
use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// Name, region and tenant's name of each node's region.
const NODES: [(&str, &str); 3] = [("jiubao", "hangzhou"), ("xiasha", "hangzhou"), ("harlem", "new-york")];
const FREE_PORT: &str = "127.0.0.1:0";

/// A node of the demo by its place in the cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Who {
    Jiubao = 0,
    Xiasha = 1,
    Harlem = 2,
}

impl Who {
    /// All three, in order.
    pub(crate) const ALL: [Self; 3] = [Self::Jiubao, Self::Xiasha, Self::Harlem];
    /// Where the hall stands, as latitude and longitude: in Hangzhou the middle of their district in the data.
    pub(crate) const fn position(self) -> &'static str {
        match self {
            Self::Jiubao => "30.25,120.17",
            Self::Xiasha => "30.27,120.2",
            Self::Harlem => "40.8116,-73.9465",
        }
    }

    /// The two of one region.
    pub(crate) const HANGZHOU: [Self; 2] = [Self::Jiubao, Self::Xiasha];
}

/// Programs, folder, lines and running processes.
#[derive(Debug)]
pub(crate) struct Cluster {
    pub(crate) programs: Programs,
    pub(crate) folder: PathBuf,
    hub: Option<Hub>,
    hub_address: Option<HubAnnouncement>,
    nodes: Vec<Node>,
    /// Whether the nodes let one client ask as often as it likes.
    pub(crate) unlimited: bool,
}

#[derive(Debug)]
struct Hub {
    process: Process,
    api: Api,
}

/// One node: its line, and its process while it runs.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) name: &'static str,
    pub(crate) region: &'static str,
    pub(crate) relay: Relay,
    /// Where it listened first; a restart takes the same port.
    http: Option<String>,
    running: Option<(Process, Api)>,
    /// Under its data folder, where it has one; outlives its process.
    disk: Option<SmallDisk>,
}

#[derive(Debug, Clone, Deserialize)]
struct HubAnnouncement {
    http: String,
    quic: String,
}

#[derive(Debug, Deserialize)]
struct NodeAnnouncement {
    http: String,
}

impl Cluster {
    /// Makes the folder and the lines of the first `nodes` nodes; nothing runs yet.
    pub(crate) fn new(folder: PathBuf, nodes: usize) -> Result<Self> {
        std::fs::create_dir_all(folder.join("logs"))
            .with_context(|| format!("create {}", folder.display()))?;
        let nodes: Result<Vec<Node>> = NODES
            .into_iter()
            .take(nodes)
            .map(|(name, region)| {
                std::fs::create_dir_all(folder.join(format!("{name}-plugins")))?;
                Ok(Node { name, region, relay: Relay::start()?, http: None, running: None, disk: None })
            })
            .collect();
        let programs = Programs::beside_own()?;
        Ok(Self { programs, folder, hub: None, hub_address: None, nodes: nodes?, unlimited: false })
    }

    /// The text of a path in the demo's folder, as an argument.
    pub(crate) fn path(&self, name: &str) -> String {
        self.folder.join(name).display().to_string()
    }

    /// The hub's own folder.
    pub(crate) fn hub_data(&self) -> String {
        self.path("hub")
    }

    /// One of the three nodes.
    pub(crate) fn node(&self, who: Who) -> &Node {
        &self.nodes[who as usize]
    }

    /// The running hub's interface.
    pub(crate) fn hub(&self) -> Result<&Api> {
        Ok(&self.hub.as_ref().context("the hub is not running")?.api)
    }

    /// Starts the hub: on free ports at first, later on the same ones.
    pub(crate) fn start_hub(&mut self) -> Result<()> {
        let free = || HubAnnouncement { http: FREE_PORT.to_owned(), quic: FREE_PORT.to_owned() };
        let listen = self.hub_address.clone().unwrap_or_else(free);
        let announce = self.fresh_announcement("hub")?;
        let (data, announced) = (self.hub_data(), announce.display().to_string());
        let (http, quic) = (bare(&listen.http), bare(&listen.quic));
        let arguments = ["run", "--data", &data, "--http", http, "--quic", quic, "--announce", &announced];
        let command = self.programs.command("hub");
        let mut process = Process::start(command, "hub", &self.log("hub"), arguments)?;
        let address: HubAnnouncement = process.announcement(&announce)?;
        let quic: SocketAddr = bare(&address.quic).parse().context("the hub's QUIC address")?;
        for node in &self.nodes {
            node.relay.connect(quic);
        }
        self.hub = Some(Hub { process, api: Api::new(&address.http) });
        self.hub_address = Some(address);
        Ok(())
    }

    /// Whether the hub's process was started and not ended.
    pub(crate) fn hub_runs(&self) -> bool {
        self.hub.is_some()
    }

    /// The hub's process.
    pub(crate) fn hub_process(&self) -> Result<&Process> {
        Ok(&self.hub.as_ref().context("the hub is not running")?.process)
    }

    /// Ends the hub with SIGKILL.
    pub(crate) fn kill_hub(&mut self) -> Result<()> {
        self.hub.take().context("the hub is not running")?.process.kill()
    }

    /// Starts a joined node.
    pub(crate) fn start_node(&mut self, who: Who) -> Result<()> {
        let name = self.node(who).name;
        let announce = self.fresh_announcement(name)?;
        let (data, announced) = (self.path(name), announce.display().to_string());
        let plugins = self.path(&format!("{name}-plugins"));
        let http = self.node(who).http.clone().unwrap_or_else(|| FREE_PORT.to_owned());
        let http = bare(&http);
        let mut arguments = vec![
            "run",
            "--data",
            &data,
            "--http",
            http,
            "--announce",
            &announced,
            "--plugins",
            &plugins,
            "--position",
            who.position(),
        ];
        if self.unlimited {
            arguments.extend(["--device-writes-per-minute", "0", "--phone-requests-per-hour", "0"]);
        }
        let command = self.node_command(name);
        let mut process = Process::start(command, name, &self.log(name), arguments)?;
        let address: NodeAnnouncement = process.announcement(&announce)?;
        let node = &mut self.nodes[who as usize];
        node.running = Some((process, Api::new(&address.http)));
        node.http = Some(address.http);
        Ok(())
    }

    /// Ends a node with SIGKILL.
    pub(crate) fn kill_node(&mut self, who: Who) -> Result<()> {
        let node = &mut self.nodes[who as usize];
        node.running.take().with_context(|| format!("{} is not running", node.name))?.0.kill()
    }

    /// Puts each node's data folder on a disk of its own; an error where this machine lets nobody mount one.
    pub(crate) fn mount_small_disks(&mut self) -> Result<()> {
        let mount = |node: &Node| {
            SmallDisk::mount(&self.folder.join(node.name), &self.log(&format!("{}-disk", node.name)))
        };
        let disks: Vec<SmallDisk> = self.nodes.iter().map(mount).collect::<Result<_>>()?;
        for (node, disk) in self.nodes.iter_mut().zip(disks) {
            node.disk = Some(disk);
        }
        Ok(())
    }

    /// Ends the nodes and copies what their small disks hold beside the folders on which those are mounted.
    pub(crate) fn keep_small_disks(&mut self) -> Result<()> {
        for node in &mut self.nodes {
            node.running = None;
            if let Some(disk) = &node.disk {
                disk.keep(&self.folder.join(format!("{}-disk", node.name)))?;
            }
        }
        Ok(())
    }

    /// A command of the node's program that sees the node's disk.
    pub(crate) fn node_command(&self, name: &str) -> Command {
        let command = self.programs.command("edge-node");
        let disk = self.nodes.iter().find(|node| node.name == name).and_then(|node| node.disk.as_ref());
        match disk {
            Some(disk) => disk.inside(&command),
            None => command,
        }
    }

    /// The last lines of every process's log.
    pub(crate) fn log_tails(&self) -> Vec<String> {
        tails(&self.folder.join("logs"))
    }

    /// The log file of a process.
    pub(crate) fn log(&self, name: &str) -> PathBuf {
        self.folder.join("logs").join(format!("{name}.log"))
    }

    /// Waits until the hub's account holds all these sign-ups and the nodes have nothing to send.
    pub(crate) fn wait_converged(
        &self,
        nodes: &[Who],
        sign_ups: &[(String, String)],
        limit: Duration,
    ) -> Result<()> {
        let hub = self.hub()?;
        let mut missing: Vec<&(String, String)> = sign_ups.iter().collect();
        wait_until("the hub knows every sign-up", limit, || {
            while let Some((job, _)) = missing.first() {
                let job = job.clone();
                let known = hub.seats(&job)?.sign_ups;
                let before = missing.len();
                missing.retain(|(of, id)| *of != job || known.iter().all(|entry| entry.id != *id));
                ensure!(
                    missing.len() < before && missing.first().is_none_or(|(of, _)| *of != job),
                    "{} sign-ups are unknown to the hub, among them {:?}",
                    missing.len(),
                    missing.first()
                );
            }
            Ok(Some(()))
        })?;
        wait_until("nodes without pending records", limit, || {
            for who in nodes {
                let (node, status) = (self.node(*who), self.node(*who).status()?);
                ensure!(status.pending == 0, "{} has {} pending", node.name, status.pending);
            }
            Ok(Some(()))
        })
    }

    fn fresh_announcement(&self, name: &str) -> Result<PathBuf> {
        let path = self.folder.join(format!("{name}.announce"));
        if path.exists() {
            std::fs::remove_file(&path).with_context(|| format!("remove {}", path.display()))?;
        }
        Ok(path)
    }
}

impl Node {
    /// The running node's interface.
    pub(crate) fn api(&self) -> Result<&Api> {
        let running = self.running.as_ref();
        Ok(&running.with_context(|| format!("{} is not running", self.name))?.1)
    }

    /// The disk under its data folder, where it has one of its own.
    pub(crate) const fn disk(&self) -> Option<&SmallDisk> {
        self.disk.as_ref()
    }

    /// Whether its process was started and not ended.
    pub(crate) fn runs(&self) -> bool {
        self.running.is_some()
    }

    /// The running node's process.
    pub(crate) fn process(&self) -> Result<&Process> {
        let running = self.running.as_ref();
        Ok(&running.with_context(|| format!("{} is not running", self.name))?.0)
    }

    /// What the node says about itself.
    pub(crate) fn status(&self) -> Result<NodeStatus> {
        self.api()?.get("/v1/node", &[])
    }
}

/// Finds the root certificate in the hub's folder.
pub(crate) fn root_certificate(hub_data: &Path) -> Result<PathBuf> {
    let names = ["root.pem", "authority/root.pem", "authority/root.der", "root.der"];
    let found = names.iter().map(|name| hub_data.join(name)).find(|path| path.is_file());
    found.with_context(|| format!("no root certificate in {}", hub_data.display()))
}

fn bare(address: &str) -> &str {
    address.trim_start_matches("http://").trim_end_matches('/')
}
