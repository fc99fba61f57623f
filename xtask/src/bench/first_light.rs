//! The first figures of the product: what the disk allows and how small the node is.

use std::fs;

use anyhow::{Context, ensure};

use super::{Bed, Bench, Figure, Report, fdatasync};

/// The bench `first-light`.
#[derive(Debug)]
pub(super) struct FirstLight;

impl Bench for FirstLight {
    fn name(&self) -> &'static str {
        "first-light"
    }

    fn programs(&self) -> &'static [&'static str] {
        &["edge-node"]
    }

    fn measure(&self, bed: &Bed<'_>, report: &mut Report) -> anyhow::Result<()> {
        fdatasync::measure(bed, report)?;
        node_size(bed, report)
    }
}

fn node_size(bed: &Bed<'_>, report: &mut Report) -> anyhow::Result<()> {
    let program = bed.workspace.binary("edge-node");
    let copy = bed.folder.join("edge-node");
    fs::copy(&program, &copy).with_context(|| format!("cannot copy {}", program.display()))?;
    let status = bed.workspace.command("strip").arg(&copy).status();
    let status = status.context("cannot start strip; fix: install binutils")?;
    ensure!(status.success(), "strip failed, see above");
    let bytes = fs::metadata(&copy).context("cannot see the stripped copy")?.len();
    let kib = u32::try_from(bytes / 1024).context("the program is larger than 4 TiB")?;
    let value = f64::from(kib) / 1024.0;
    let at = "stripped, dev profile".to_owned();
    report.figure(Figure { name: "edge_node_size", at, unit: "MiB", value, peer: None, target: None })
}
