//! `dayshift hub restore`: puts a backup in the place of the hub's databases, and begins a new history in every vshard.
//!
//! The files are made ready in a folder of their own and renamed into place. While that folder is there no hub starts;
//! where the command was cut off it is given again. The directory of nodes that is in place is newer than the backup's
//! and stays, because a node that joined after the backup may hold rights that only its own log names.

use super::backup::{
    Manifest, VERSION, copy_folder, copy_synced, make_private, manifest, sync_folder, write_synced,
};
use crate::{Outcome, hub, output};
use anyhow::{Context, Result, bail};
use clap::Args;
use enrolment::Authority;
use hub_core::layout::{self, SHARD_FILES, file_of};
use hub_core::shard::{self, Known, Shard};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use sync_protocol::ids::{VSHARDS, VshardId, Writer};
use sync_store::{
    ControlStore, FenceCause, FolderLock, NodeRecord, OpenOptions, ShardStore, ShardTx, StoreError,
    TopicRecord,
};

/// Arguments of `dayshift hub restore`.
#[derive(Debug, Args)]
pub(crate) struct RestoreArgs {
    /// The hub's data folder; an empty one where its disk is lost.
    #[arg(long)]
    data: PathBuf,
    /// Folder that `dayshift hub backup` made.
    #[arg(long)]
    from: PathBuf,
    /// Take the directory of nodes from the backup as well, because the one in place is lost. Boxes that joined after the
    /// backup are not known then: each of them must be taken out of service and join anew.
    #[arg(long)]
    old_directory: bool,
}

/// The highest history that was begun in each vshard out of one backup, noted in it.
type Begun = BTreeMap<u16, u16>;

/// Everything that decides how a vshard begins anew.
struct Plan {
    nodes: Vec<(NodeRecord, Option<FenceCause>)>,
    topics: Vec<TopicRecord>,
    /// The incarnation that each node had when the backup began.
    at_backup: BTreeMap<u32, u16>,
    /// Whether topics may have been made that the directory does not know.
    every_vshard: bool,
    begun: Begun,
}

/// What was restored, in figures.
#[derive(Debug, Default)]
struct Restored {
    vshards: usize,
    awaited: BTreeSet<Writer>,
}

/// Runs `dayshift hub restore`.
pub(super) fn run(args: &RestoreArgs) -> Result<Outcome> {
    let (data, from) = (&args.data, &args.from);
    let manifest = read_manifest(from)?;
    if !data.is_dir() {
        bail!("{} is not a folder; make an empty one for a hub whose disk is lost", data.display());
    }
    let lock = FolderLock::take(&layout::lock(data)).context("lock the data folder")?;
    let Some(_lock) = lock else {
        bail!("a hub runs on {}; stop it first", data.display());
    };
    restore_authority(data, from, &manifest)?;
    let keeps_directory = keeps_directory(args, &manifest)?;
    let staged = layout::restoring(data);
    begin_staging(data, &staged)?;
    if !keeps_directory {
        copy_synced(&layout::control(from), &layout::control(&staged))?;
        ControlStore::open(&layout::control(&staged))?.skip_numbers()?;
    }
    let control = ControlStore::open(&layout::control(if keeps_directory { data } else { &staged }))?;
    let mut plan = plan(&control, &manifest, !keeps_directory, read_begun(from)?)?;
    let mut restored = Restored::default();
    for file in 0..SHARD_FILES {
        stage(args, &staged, file, &mut plan, &mut restored)
            .with_context(|| format!("restore shard file {file}"))?;
    }
    // Noted before anything is in place: a number that was begun here is never begun again.
    let begun = serde_json::to_vec(&plan.begun).context("note the histories")?;
    write_synced(&noted(from), &begun).context("a backup that cannot be written to cannot be restored")?;
    let text = format!("restored from the backup of {}", timestamp(manifest.taken_at));
    control.add_event(hub::now(), &text)?;
    drop(control);
    put_in_place(data, &staged)?;
    tell(&restored, &manifest);
    Ok(Outcome::Done)
}

/// Makes or empties the folder of staged files. Once it is there it goes with the last step alone.
fn begin_staging(data: &Path, staged: &Path) -> Result<()> {
    if !staged.exists() {
        make_private(staged)?;
    }
    for file in fs::read_dir(staged).with_context(|| format!("list {}", staged.display()))? {
        let path = file.with_context(|| format!("list {}", staged.display()))?.path();
        fs::remove_file(&path).with_context(|| format!("remove {}", path.display()))?;
    }
    sync_folder(data)
}

fn tell(restored: &Restored, manifest: &Manifest) {
    output::result(&format!(
        "the backup of {} is in place: {} vshards begin a new history and wait for {} nodes",
        timestamp(manifest.taken_at),
        restored.vshards,
        restored.awaited.len()
    ));
    output::note("start the hub; `dayshift node limbo` shows whom it waits for before it grants anything");
}

fn timestamp(at: i64) -> String {
    jiff::Timestamp::from_second(at).map(|time| time.to_string()).unwrap_or_default()
}

fn read_manifest(from: &Path) -> Result<Manifest> {
    let path = manifest(from);
    let text = fs::read(&path).with_context(|| {
        format!("{} is not a whole backup; `dayshift hub backup` makes one", from.display())
    })?;
    let manifest: Manifest =
        serde_json::from_slice(&text).with_context(|| format!("{}: not a manifest", path.display()))?;
    if manifest.version != VERSION {
        bail!("{}: form {}; this version reads form {VERSION}", path.display(), manifest.version);
    }
    Ok(manifest)
}

/// Where a backup notes the histories that were begun out of it.
fn noted(from: &Path) -> PathBuf {
    from.join("restored.json")
}

fn read_begun(from: &Path) -> Result<Begun> {
    let path = noted(from);
    if !path.exists() {
        return Ok(Begun::default());
    }
    let text = fs::read(&path).with_context(|| format!("read {}", path.display()))?;
    serde_json::from_slice(&text).with_context(|| format!("{}: not a list of histories", path.display()))
}

/// The authority stays where there is one, and must be that of the backup.
fn restore_authority(data: &Path, from: &Path, manifest: &Manifest) -> Result<()> {
    let path = layout::authority(data);
    if !path.exists() {
        let partial = data.join("authority.partial");
        if partial.exists() {
            fs::remove_dir_all(&partial).with_context(|| format!("remove {}", partial.display()))?;
        }
        copy_folder(&layout::authority(from), &partial)?;
        fs::rename(&partial, &path).with_context(|| format!("put {} in place", path.display()))?;
    }
    let authority = Authority::open(&path).context("open the authority")?;
    if authority.cluster_id().to_string() != manifest.cluster {
        bail!(
            "{} belongs to cluster {}, the backup to {}; restore into its own folder or an empty one",
            data.display(),
            authority.cluster_id(),
            manifest.cluster
        );
    }
    if !layout::admin_token(data).exists() {
        copy_synced(&layout::admin_token(from), &layout::admin_token(data))?;
    }
    Ok(())
}

/// Whether the directory in place can stay: it opens, and knows every node that the backup knows.
fn keeps_directory(args: &RestoreArgs, manifest: &Manifest) -> Result<bool> {
    if args.old_directory {
        return Ok(false);
    }
    let path = layout::control(&args.data);
    let way_out = "where it is lost, give --old-directory, and see to it that every box that joined after the backup is out of service";
    if !path.is_file() {
        bail!("{} is not there; {way_out}", path.display());
    }
    let known = ControlStore::open(&path).and_then(|control| control.nodes());
    let known = known.with_context(|| format!("{} cannot be read; {way_out}", path.display()))?;
    for (node, incarnation) in &manifest.nodes {
        let record = known.iter().find(|record| record.writer.node.0 == *node);
        if record.is_none_or(|record| record.writer.incarnation.0 < *incarnation) {
            bail!("{} does not know node {node}.{incarnation} of the backup; {way_out}", path.display());
        }
    }
    Ok(true)
}

fn plan(control: &ControlStore, manifest: &Manifest, every_vshard: bool, begun: Begun) -> Result<Plan> {
    let mut nodes = Vec::new();
    for node in control.nodes()? {
        let cause = match &node.fenced {
            // Where the cause was not kept, the one that lets no log settle it by itself.
            Some(_) => Some(control.fence_cause(node.writer)?.unwrap_or(FenceCause::Copied)),
            None => None,
        };
        nodes.push((node, cause));
    }
    let at_backup = manifest.nodes.iter().copied().collect();
    Ok(Plan { nodes, topics: control.topics()?, at_backup, every_vshard, begun })
}

/// Makes one file ready: a copy that is sound, in which every vshard has begun a new history.
fn stage(
    args: &RestoreArgs,
    staged: &Path,
    file: usize,
    plan: &mut Plan,
    restored: &mut Restored,
) -> Result<()> {
    let path = layout::shard(staged, file);
    copy_synced(&layout::shard(&args.from, file), &path)?;
    let mut store = OpenOptions::new(&path).open().context("open the copy")?;
    store.quick_check().context("the backup is damaged; take an older one")?;
    let in_place = histories_in_place(&layout::shard(&args.data, file));
    let begun = store.transact(|tx| {
        let mut begun = Vec::new();
        for vshard in plan.vshards(file, &in_place, tx)? {
            let heard_of = in_place.get(&vshard).copied().unwrap_or(0);
            let heard_of = heard_of.max(plan.begun.get(&vshard.0).copied().unwrap_or(0));
            begun.push((vshard, plan.begin(&mut Shard { tx, vshard, now: hub::now() }, heard_of)?));
        }
        Ok(begun)
    })?;
    for (vshard, (history, awaited)) in begun {
        plan.begun.insert(vshard.0, history);
        restored.vshards += 1;
        restored.awaited.extend(awaited);
    }
    store.checkpoint()?;
    drop(store);
    for more in side_files(&path) {
        if more.exists() {
            fs::remove_file(&more).with_context(|| format!("remove {}", more.display()))?;
        }
    }
    Ok(())
}

/// Histories of the file that is to be replaced, as far as it can be read.
fn histories_in_place(path: &Path) -> BTreeMap<VshardId, u16> {
    if !path.is_file() {
        return BTreeMap::new();
    }
    let read = |tx: &mut dyn ShardTx| -> Result<BTreeMap<VshardId, u16>, StoreError> {
        tx.vshards()?.into_iter().map(|vshard| Ok((vshard, tx.head(vshard)?.0))).collect()
    };
    let histories = OpenOptions::new(path).open().and_then(|mut store| store.read(read));
    histories.unwrap_or_else(|error| {
        output::note(&format!("{} cannot be read and is set aside: {error}", path.display()));
        BTreeMap::new()
    })
}

impl Plan {
    /// Vshards of a file that have been used, by whatever is known of it.
    fn vshards(
        &self,
        file: usize,
        in_place: &BTreeMap<VshardId, u16>,
        tx: &mut dyn ShardTx,
    ) -> Result<BTreeSet<VshardId>, StoreError> {
        let mut all: BTreeSet<_> = tx.vshards()?.into_iter().collect();
        all.extend(in_place.keys());
        all.extend(self.topics.iter().map(|topic| topic.vshard));
        if self.every_vshard {
            all.extend((0..VSHARDS).map(VshardId));
        }
        all.retain(|vshard| file_of(*vshard) == file);
        Ok(all)
    }

    /// Begins a vshard's new history; whoever is over by the directory is fenced, and not waited for.
    fn begin(&self, shard: &mut Shard<'_>, heard_of: u16) -> Result<(u16, BTreeSet<Writer>), StoreError> {
        let known = self.nodes.iter().map(|(node, cause)| Known {
            current: node.writer,
            first: self.at_backup.get(&node.writer.node.0).copied().unwrap_or(1),
            is_interested: self
                .topics
                .iter()
                .any(|topic| topic.vshard == shard.vshard && topic.region == node.region),
            over: cause.zip(node.fenced.clone()),
        });
        let known: Vec<Known> = known.collect();
        shard::begin_anew(shard, &known, heard_of)
    }
}

/// The write-ahead log of a database and its index.
fn side_files(path: &Path) -> [PathBuf; 2] {
    ["-wal", "-shm"].map(|end| {
        let mut name = path.as_os_str().to_owned();
        name.push(end);
        PathBuf::from(name)
    })
}

/// Sets the files in place aside, renames the staged ones into their place, and lets hubs start again.
fn put_in_place(data: &Path, staged: &Path) -> Result<()> {
    let aside = (1_u32..)
        .map(|number| data.join(format!("before-restore-{number}")))
        .find(|path| !path.exists())
        .context("no name is left for the files that were there")?;
    make_private(&aside)?;
    let staged_files = fs::read_dir(staged).context("list what is staged")?;
    let mut names = staged_files.map(|file| Ok(file?.file_name())).collect::<std::io::Result<Vec<_>>>()?;
    names.sort_unstable();
    names.retain(|name| {
        !name.to_string_lossy().ends_with("-wal") && !name.to_string_lossy().ends_with("-shm")
    });
    for name in names {
        let place = data.join(&name);
        // A log that stayed would be read into the file that takes this one's place.
        for old in side_files(&place).into_iter().chain([place.clone()]) {
            if let Some(file) = old.file_name().filter(|_| old.exists()) {
                fs::rename(&old, aside.join(file)).with_context(|| format!("set {} aside", old.display()))?;
            }
        }
        for more in side_files(&staged.join(&name)) {
            if let Some(file) = more.file_name().filter(|_| more.exists()) {
                fs::rename(&more, data.join(file)).with_context(|| format!("move {}", more.display()))?;
            }
        }
        fs::rename(staged.join(&name), &place)
            .with_context(|| format!("put {} in place", place.display()))?;
    }
    sync_folder(data)?;
    fs::remove_dir_all(staged).with_context(|| format!("remove {}", staged.display()))?;
    sync_folder(data)?;
    output::note(&format!("the files that were there are kept in {}", aside.display()));
    Ok(())
}
