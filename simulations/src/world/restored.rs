//! The hub's disk is lost, and an older backup takes its place, as `dayshift hub restore` puts it there: the directory of
//! nodes is the newer one that was in place, and every vshard begins a new history.

use super::{World, faults::quietly, hub::DATABASE, note, people::vshard_of};
use crate::{
    disk::{self, Image},
    vfs,
};
use hub_core::shard::{self, Known, Shard};
use std::{collections::BTreeMap, path::Path};
use sync_protocol::ids::{VshardId, Writer};
use sync_store::{FenceCause, OpenOptions, ShardTx, StoreError};

/// What `dayshift hub backup` keeps.
pub(crate) struct Backup {
    image: Image,
    /// The incarnation that each node had.
    incarnations: BTreeMap<u32, u16>,
}

impl World {
    pub(crate) fn back_up_hub(&mut self) {
        let disk = self.hub.disk;
        let Some(store) = &mut self.hub.store else { return };
        if quietly(disk, || store.checkpoint()).is_err() {
            return;
        }
        let image = disk::with(disk, |disk| disk.image(|_| true));
        self.hub_backup = Some(Backup { image, incarnations: self.directory.incarnations.clone() });
        note!(self, "the hub is backed up");
    }

    pub(crate) fn restore_hub(&mut self, ms: u64) {
        let Some(backup) = self.hub_backup.take() else { return };
        note!(self, "the hub's disk is lost, and its backup takes the place");
        self.hub_goes_down(ms);
        let disk = self.hub.disk;
        disk::with(disk, |disk| disk.put_image(&backup.image, |_| true));
        let begun = quietly(disk, || self.begin_anew(&backup));
        if let Err(error) = begun {
            return self.fail("lost", format!("the hub's backup cannot be restored: {error}"));
        }
        self.hub_backup = Some(backup);
        // What the new books say is looked at anew; what the hub's own node held is known once the nodes have told.
        self.checked.forget_hub();
        for holders in self.live_seats.values_mut() {
            holders.remove(&crate::checks::HUB);
        }
        for facts in self.model.jobs.values_mut() {
            facts.valid = None;
        }
    }

    fn begin_anew(&mut self, backup: &Backup) -> Result<(), StoreError> {
        let path = format!("{}/{DATABASE}", self.hub.disk);
        let mut store = OpenOptions::new(Path::new(&path)).vfs(vfs::NAME).open()?;
        let heard_of = self.hub_history;
        let regions = usize::try_from(self.scenario.regions).unwrap_or(1);
        for region in 0..regions {
            let known = self.known(backup, region);
            let now = self.hub_wall();
            let (history, _) = store.transact(|tx| {
                shard::begin_anew(&mut Shard { tx, vshard: vshard_of(region), now }, &known, heard_of)
            })?;
            self.hub_history = self.hub_history.max(history);
        }
        store.checkpoint()
    }

    fn known(&self, backup: &Backup, region: usize) -> Vec<Known> {
        let directory = &self.directory;
        let of_region =
            directory.incarnations.iter().filter(|(node, _)| directory.regions.get(node) == Some(&region));
        of_region
            .map(|(node, incarnation)| {
                let current = Writer::new(*node, *incarnation);
                let fenced = directory.fenced.get(&current).map(|why| (FenceCause::Copied, why.clone()));
                let over =
                    directory.over.get(&current).map(|cause| (*cause, "an operator said so".to_owned()));
                let first = backup.incarnations.get(node).copied().unwrap_or(1);
                Known { current, first, is_interested: true, over: fenced.or(over) }
            })
            .collect()
    }

    /// Whether a vshard still waits for nodes to tell what its backup lacks: its books are not whole until then.
    pub(crate) fn is_waiting_for_nodes(&mut self, vshard: VshardId) -> bool {
        if self.hub_history == 0 {
            return false;
        }
        let now = self.hub_wall();
        let Some(store) = &mut self.hub.store else { return true };
        let read = |tx: &mut dyn ShardTx| Ok(!shard::awaited(&mut Shard { tx, vshard, now })?.is_empty());
        let is_waiting = quietly(self.hub.disk, || store.read(read)).unwrap_or(true);
        if is_waiting {
            self.tally.sometimes("a hub from a backup waited for its nodes");
        }
        is_waiting
    }
}
