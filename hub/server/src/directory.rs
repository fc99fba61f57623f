//! Who and what there is: nodes, tenants, topics. Read without waiting from a snapshot, changed through the control file.
//!
//! Invariant: a change is in the snapshot before it is answered, so that whoever was told of it also sees it.

use anyhow::{Context, Result};
use arc_swap::ArcSwap;
use std::{
    collections::BTreeMap,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};
use sync_protocol::{
    ids::{NodeId, TenantId, TopicId, VshardId, Writer},
    wire::v1::Interest,
};
use sync_store::{ControlStore, FenceCause, NodeRecord, StoreError, TenantRecord, TopicRecord};
use tokio::sync::watch;

/// The directory at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Picture {
    pub(crate) nodes: BTreeMap<NodeId, NodeRecord>,
    pub(crate) tenants: BTreeMap<TenantId, TenantRecord>,
    pub(crate) topics: BTreeMap<TopicId, TopicRecord>,
    /// Ed25519 public keys of the logs of all incarnations, also of those that are over.
    log_keys: BTreeMap<Writer, Vec<u8>>,
}

impl Picture {
    fn load(store: &ControlStore) -> Result<Self, StoreError> {
        Ok(Self {
            nodes: store.nodes()?.into_iter().map(|node| (node.writer.node, node)).collect(),
            tenants: store.tenants()?.into_iter().map(|tenant| (tenant.id, tenant)).collect(),
            topics: store.topics()?.into_iter().map(|topic| (topic.topic, topic)).collect(),
            log_keys: store.log_keys()?.into_iter().collect(),
        })
    }

    /// The record of exactly this incarnation, fenced or not.
    pub(crate) fn node(&self, writer: Writer) -> Option<&NodeRecord> {
        self.nodes.get(&writer.node).filter(|node| node.writer == writer)
    }

    /// The key that signs an incarnation's log; of one that joined before a backup's time only its own box has it.
    pub(crate) fn log_key(&self, writer: Writer) -> Option<&[u8]> {
        self.log_keys.get(&writer).map(Vec::as_slice)
    }

    /// The regions in which a tenant may post.
    pub(crate) fn regions_of(&self, tenant: TenantId) -> Vec<&str> {
        let of_tenant = self.topics.values().filter(|topic| topic.tenant == tenant);
        let mut regions: Vec<_> = of_tenant.map(|topic| topic.region.as_str()).collect();
        regions.sort_unstable();
        regions.dedup();
        regions
    }

    /// Whether a topic belongs to a region.
    pub(crate) fn is_in(&self, topic: TopicId, region: &str) -> bool {
        self.topics.get(&topic).is_some_and(|topic| topic.region == region)
    }

    /// The public keys that sign in the names of the tenants of a vshard's topics.
    pub(crate) fn sign_keys(&self, vshard: VshardId) -> Vec<(TopicId, Vec<u8>)> {
        let topics = self.topics.values().filter(|topic| topic.vshard == vshard);
        let keys =
            |topic: &TopicRecord| Some((topic.topic, self.tenants.get(&topic.tenant)?.sign_keys.clone()));
        topics.filter_map(keys).collect()
    }

    /// What a node of a region may see.
    pub(crate) fn interest(&self, region: &str) -> Interest {
        let topics: Vec<_> = self.topics.values().filter(|topic| topic.region == region).collect();
        let of_region = |tenant: &&TenantRecord| topics.iter().any(|topic| topic.tenant == tenant.id);
        Interest {
            tenants: self.tenants.values().filter(of_region).map(TenantRecord::to_wire).collect(),
            topics: topics.iter().map(|topic| (topic.topic.0, topic.tenant.0, topic.vshard.0)).collect(),
        }
    }

    /// The tenant of a name.
    pub(crate) fn tenant(&self, name: &str) -> Option<&TenantRecord> {
        self.tenants.values().find(|tenant| tenant.name == name)
    }
}

/// The vshards that an interest lies in.
pub(crate) fn vshards(interest: &Interest) -> Vec<VshardId> {
    let mut all: Vec<_> = interest.topics.iter().map(|(_, _, vshard)| VshardId(*vshard)).collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// The open control file with its snapshot.
#[derive(Debug)]
pub(crate) struct Directory {
    control: Mutex<Control>,
    picture: ArcSwap<Picture>,
    changed: watch::Sender<()>,
}

#[derive(Debug)]
struct Control {
    store: ControlStore,
    version: i64,
}

impl Directory {
    /// Opens the control file.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let store = ControlStore::open(path).with_context(|| format!("open {}", path.display()))?;
        let version = store.data_version()?;
        let picture = ArcSwap::from_pointee(Picture::load(&store)?);
        Ok(Self { control: Mutex::new(Control { store, version }), picture, changed: watch::Sender::new(()) })
    }

    /// The directory as it is.
    pub(crate) fn picture(&self) -> Arc<Picture> {
        self.picture.load_full()
    }

    /// Wakes after a change.
    pub(crate) fn changes(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }

    /// Changes the control file and then the snapshot, on a thread that may wait for the disk.
    pub(crate) async fn change<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&mut ControlStore) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T> {
        let this = Arc::clone(self);
        let changed = tokio::task::spawn_blocking(move || {
            let mut control = this.control.lock().unwrap_or_else(PoisonError::into_inner);
            let made = work(&mut control.store)?;
            this.reload(&control.store)?;
            Ok(made)
        });
        changed.await.context("the directory's thread failed")?
    }

    /// Takes over what another process has changed.
    pub(crate) async fn refresh(self: &Arc<Self>) -> Result<()> {
        let this = Arc::clone(self);
        let refreshed = tokio::task::spawn_blocking(move || -> Result<(), StoreError> {
            let mut control = this.control.lock().unwrap_or_else(PoisonError::into_inner);
            let version = control.store.data_version()?;
            if version != control.version {
                this.reload(&control.store)?;
                control.version = version;
            }
            Ok(())
        });
        Ok(refreshed.await.context("the directory's thread failed")??)
    }

    fn reload(&self, store: &ControlStore) -> Result<(), StoreError> {
        let picture = Picture::load(store)?;
        if *self.picture.load_full() != picture {
            self.picture.store(Arc::new(picture));
            self.changed.send_replace(());
        }
        Ok(())
    }

    /// Fences an incarnation for good and writes the reason down, once.
    pub(crate) async fn fence(
        self: &Arc<Self>,
        writer: Writer,
        cause: FenceCause,
        reason: &str,
    ) -> Result<()> {
        let (reason, now) = (reason.to_owned(), crate::clock::now());
        self.change(move |store| {
            if !store.fence(writer, cause, &reason)? {
                return Ok(());
            }
            tracing::warn!(%writer, %reason, "fenced");
            store.add_event(now, &format!("node {writer} fenced: {reason}"))
        })
        .await
    }

    /// Writes a line for the operators.
    pub(crate) async fn note(self: &Arc<Self>, text: String) -> Result<()> {
        let now = crate::clock::now();
        self.change(move |store| store.add_event(now, &text)).await
    }
}
