//! A machine's disk in memory: a volatile write cache over durable sectors, with faults to order.
//!
//! What is read is what was written last. What survives a power cut is, for each 512-byte sector, what it held at the last
//! sync of its file or after any later write to it, drawn by chance and independently of the other sectors: unsynced
//! writes are torn and land in any order, synced ones stay. Bytes beside a write within its sector stay as they were.

use crate::random::Random;
use std::{cell::RefCell, collections::BTreeMap};

/// Unit in which a power cut tears writes.
pub const SECTOR_BYTES: usize = 512;
/// Words of one region of shared memory: 32 KiB, aligned for SQLite's counters.
pub(crate) const REGION_WORDS: usize = 4096;
/// Locks of the shared memory, as SQLite numbers them.
pub(crate) const SHM_LOCKS: usize = 8;

type Sector = [u8; SECTOR_BYTES];

/// What a fault waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Operation {
    Read,
    Write,
    Sync,
}

/// What happens then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// This one operation fails.
    Eio,
    /// This one write finds no room.
    Full,
    /// The power goes while it is under way; the disk answers nothing until [`Disk::power_on`].
    PowerCut,
}

/// Why an operation of the disk failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DiskError {
    Io,
    Full,
}

#[derive(Debug, Clone)]
struct Fault {
    on: Operation,
    /// Matching operations still to pass.
    after: u64,
    effect: Effect,
}

/// How to take one unsynced write back.
#[derive(Debug)]
enum Undo {
    /// Sectors `first..end` held `bytes` bytes in all, which stand at `saved`.
    Write { first: usize, end: usize, saved: usize, bytes: usize },
    /// The file was cut off to nothing; `cut_off` has all that it held.
    Cut,
}

/// One file: its visible bytes and how to take unsynced writes back.
#[derive(Debug, Default)]
pub(crate) struct MemoryFile {
    data: Vec<u8>,
    /// Stretches written since the last sync, oldest first.
    undo: Vec<Undo>,
    /// What written stretches held before, one behind the other.
    saved: Vec<u8>,
    /// What the file held when it was cut off to nothing since the last sync; else empty room to write in.
    cut_off: Vec<u8>,
    synced_len: usize,
    /// A file that was never synced may be gone after a power cut.
    was_synced: bool,
    deleted: bool,
    pub(crate) regions: Vec<Box<[u64; REGION_WORDS]>>,
    /// Connections that have the shared memory open.
    pub(crate) shm_users: u32,
    /// Holders of each lock of the shared memory; -1 where one holds it alone.
    pub(crate) shm_locks: [i32; SHM_LOCKS],
    /// Connections that have a shared lock on the file, and whether one has more.
    pub(crate) shared: u32,
    pub(crate) reserved: bool,
    pub(crate) exclusive: bool,
}

/// What a disk has done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DiskCounts {
    pub reads: u64,
    pub writes: u64,
    pub syncs: u64,
    /// Sectors that power cuts threw back to what they held before.
    pub torn_sectors: u64,
}

/// One disk.
#[derive(Debug)]
pub struct Disk {
    names: BTreeMap<String, usize>,
    files: Vec<MemoryFile>,
    faults: Vec<Fault>,
    random: Random,
    counts: DiskCounts,
    /// Bytes that all files may have together.
    capacity: Option<usize>,
    off: bool,
    /// The disk says that a sync was done and does nothing.
    pub lies: bool,
    /// Somebody looks at the disk from outside: faults wait.
    pub is_watched: bool,
}

/// The files of a disk at one moment.
#[derive(Debug, Clone)]
pub struct Image(Vec<(String, Vec<u8>)>);

impl Image {
    /// The bytes of one file.
    #[must_use]
    pub fn file(&self, name: &str) -> Option<&[u8]> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, bytes)| &bytes[..])
    }

    /// The files whose name `wanted` accepts.
    #[must_use]
    pub fn only(mut self, wanted: impl Fn(&str) -> bool) -> Self {
        self.0.retain(|(name, _)| wanted(name));
        self
    }
}

impl Disk {
    fn new(seed: u64) -> Self {
        Self {
            names: BTreeMap::new(),
            files: Vec::new(),
            faults: Vec::new(),
            random: Random::new(seed, 0xd15c),
            counts: DiskCounts::default(),
            capacity: None,
            off: false,
            lies: false,
            is_watched: false,
        }
    }

    /// What it has done so far.
    #[must_use]
    pub const fn counts(&self) -> DiskCounts {
        self.counts
    }

    /// Whether the power is gone.
    #[must_use]
    pub const fn is_off(&self) -> bool {
        self.off
    }

    /// Orders a fault for the operation behind `after` matching ones.
    pub fn order(&mut self, on: Operation, after: u64, effect: Effect) {
        self.faults.push(Fault { on, after, effect });
    }

    /// Takes back all ordered faults.
    pub fn calm(&mut self) {
        self.faults.clear();
        self.capacity = None;
    }

    /// Leaves no room beyond `spare` bytes.
    pub fn fill(&mut self, spare: usize) {
        self.capacity = Some(self.used() + spare);
    }

    fn used(&self) -> usize {
        self.files.iter().filter(|file| !file.deleted).map(|file| file.data.len()).sum()
    }

    /// Stops answering, as a machine does whose process is gone. Close what is open before [`Self::power_on`].
    pub fn power_off(&mut self) {
        self.off = true;
    }

    /// Answers again. Where the power was `cut`, unsynced writes are torn; a process that was killed loses none.
    pub fn power_on(&mut self, cut: bool) {
        self.off = false;
        self.faults.clear();
        for file in &mut self.files {
            file.forget_connections();
            if cut && !file.deleted {
                self.counts.torn_sectors += file.lose_power(&mut self.random);
            }
        }
        if cut {
            let files = &self.files;
            self.names.retain(|_, file| files[*file].was_synced);
        }
    }

    /// Copies the files whose name `wanted` accepts, as they are visible.
    #[must_use]
    pub fn image(&self, wanted: impl Fn(&str) -> bool) -> Image {
        let files = self.names.iter().filter(|(name, _)| wanted(name));
        Image(files.map(|(name, file)| (name.clone(), self.files[*file].data.clone())).collect())
    }

    /// Puts the files of an image in place of those whose name `replaced` accepts. Nothing may be open.
    pub fn put_image(&mut self, image: &Image, replaced: impl Fn(&str) -> bool) {
        self.names.retain(|name, _| !replaced(name));
        for (name, data) in &image.0 {
            let file = self.find(name, true).unwrap_or_default();
            self.files[file] = MemoryFile {
                synced_len: data.len(),
                data: data.clone(),
                was_synced: true,
                ..MemoryFile::default()
            };
        }
    }

    /// Forgets all files. Nothing may be open.
    pub fn wipe(&mut self) {
        self.names.clear();
        self.files.clear();
        self.faults.clear();
    }

    /// Turns one bit over in a file's durable bytes; false where it has none.
    pub fn flip_bit(&mut self, name: &str, pick: u64) -> bool {
        let Some(file) = self.names.get(name) else { return false };
        let data = &mut self.files[*file].data;
        if data.is_empty() {
            return false;
        }
        let bit = usize::try_from(pick % (data.len() as u64 * 8)).unwrap_or(0);
        data[bit / 8] ^= 1 << (bit % 8);
        true
    }

    /// Finds or creates a file.
    pub(crate) fn find(&mut self, name: &str, create: bool) -> Option<usize> {
        if let Some(file) = self.names.get(name) {
            return Some(*file);
        }
        if !create || self.off {
            return None;
        }
        self.files.push(MemoryFile::default());
        self.names.insert(name.to_owned(), self.files.len() - 1);
        Some(self.files.len() - 1)
    }

    /// A file without a name, for what SQLite spills.
    pub(crate) fn spill(&mut self) -> usize {
        self.files.push(MemoryFile { deleted: true, ..MemoryFile::default() });
        self.files.len() - 1
    }

    /// Whether a file is there.
    pub(crate) fn exists(&self, name: &str) -> bool {
        self.names.contains_key(name)
    }

    /// Deletes a file; what has it open goes on with it.
    pub(crate) fn delete(&mut self, name: &str) -> Result<bool, DiskError> {
        if self.off {
            return Err(DiskError::Io);
        }
        let Some(file) = self.names.remove(name) else { return Ok(false) };
        self.files[file].deleted = true;
        Ok(true)
    }

    pub(crate) fn file(&mut self, file: usize) -> &mut MemoryFile {
        &mut self.files[file]
    }

    fn meet(&mut self, operation: Operation) -> Result<Option<Effect>, DiskError> {
        if self.off {
            return Err(DiskError::Io);
        }
        if self.is_watched {
            return Ok(None);
        }
        match operation {
            Operation::Read => self.counts.reads += 1,
            Operation::Write => self.counts.writes += 1,
            Operation::Sync => self.counts.syncs += 1,
        }
        let mut met = None;
        self.faults.retain_mut(|fault| {
            if fault.on != operation {
                return true;
            }
            if fault.after == 0 {
                met = met.or(Some(fault.effect));
                return false;
            }
            fault.after -= 1;
            true
        });
        if met == Some(Effect::PowerCut) {
            self.off = true;
        }
        Ok(met)
    }

    /// Reads into `to`; returns how many bytes there were, the rest of `to` is zeroed.
    pub(crate) fn read(&mut self, file: usize, at: usize, to: &mut [u8]) -> Result<usize, DiskError> {
        if self.meet(Operation::Read)?.is_some() {
            return Err(DiskError::Io);
        }
        let data = &self.files[file].data;
        let from = data.get(at.min(data.len())..).unwrap_or(&[]);
        let count = from.len().min(to.len());
        to[..count].copy_from_slice(&from[..count]);
        to[count..].fill(0);
        Ok(count)
    }

    pub(crate) fn write(&mut self, file: usize, at: usize, from: &[u8]) -> Result<(), DiskError> {
        let met = self.meet(Operation::Write)?;
        let grows = (at + from.len()).saturating_sub(self.files[file].data.len());
        let is_full = grows > 0 && self.capacity.is_some_and(|capacity| self.used() + grows > capacity);
        match met {
            Some(Effect::Eio) => return Err(DiskError::Io),
            Some(Effect::Full) => return Err(DiskError::Full),
            None if is_full => return Err(DiskError::Full),
            // The write was under way: any of its sectors may have landed.
            Some(Effect::PowerCut) | None => self.files[file].write(at, from),
        }
        if self.off { Err(DiskError::Io) } else { Ok(()) }
    }

    pub(crate) fn truncate(&mut self, file: usize, len: usize) -> Result<(), DiskError> {
        match self.meet(Operation::Write)? {
            Some(Effect::Eio | Effect::Full) => return Err(DiskError::Io),
            Some(Effect::PowerCut) | None => self.files[file].truncate(len),
        }
        if self.off { Err(DiskError::Io) } else { Ok(()) }
    }

    pub(crate) fn sync(&mut self, file: usize) -> Result<(), DiskError> {
        if self.meet(Operation::Sync)?.is_some() {
            return Err(DiskError::Io);
        }
        if !self.lies {
            self.files[file].sync();
        }
        // The name is made durable with the first sync, as SQLite's own VFS does by syncing the folder.
        self.files[file].was_synced = true;
        Ok(())
    }

    pub(crate) fn len(&self, file: usize) -> Result<usize, DiskError> {
        if self.off { Err(DiskError::Io) } else { Ok(self.files[file].data.len()) }
    }

    /// Renames a synced file over another, atomically and durably.
    pub(crate) fn replace(&mut self, from: &str, to: &str) -> Result<(), DiskError> {
        if self.off {
            return Err(DiskError::Io);
        }
        let file = self.names.remove(from).ok_or(DiskError::Io)?;
        self.names.insert(to.to_owned(), file);
        Ok(())
    }

    pub(crate) const fn random(&mut self) -> &mut Random {
        &mut self.random
    }
}

impl MemoryFile {
    fn remember(&mut self, first: usize, end: usize) {
        let held =
            self.data.get(first * SECTOR_BYTES..(end * SECTOR_BYTES).min(self.data.len())).unwrap_or(&[]);
        self.undo.push(Undo::Write { first, end, saved: self.saved.len(), bytes: held.len() });
        self.saved.extend_from_slice(held);
    }

    fn write(&mut self, at: usize, from: &[u8]) {
        let end = at + from.len();
        self.remember(at / SECTOR_BYTES, end.div_ceil(SECTOR_BYTES));
        if self.data.len() < end {
            self.data.resize(end, 0);
        }
        self.data[at..end].copy_from_slice(from);
    }

    fn truncate(&mut self, len: usize) {
        if len == 0 && !self.data.is_empty() && !self.undo.iter().any(|undo| matches!(undo, Undo::Cut)) {
            // A checkpoint cuts off a long log: its bytes are kept without copying them.
            std::mem::swap(&mut self.data, &mut self.cut_off);
            return self.undo.push(Undo::Cut);
        }
        self.remember(len / SECTOR_BYTES, self.data.len().div_ceil(SECTOR_BYTES));
        self.data.resize(len, 0);
    }

    fn sync(&mut self) {
        self.undo.clear();
        self.saved.clear();
        self.cut_off.clear();
        self.synced_len = self.data.len();
    }

    /// What each sector written since the last sync held before each of the writes, oldest first.
    fn befores(&mut self) -> BTreeMap<usize, Vec<Sector>> {
        let mut befores: BTreeMap<usize, Vec<Sector>> = BTreeMap::new();
        for undo in self.undo.drain(..) {
            let Undo::Write { first, end, saved, bytes } = undo else { continue };
            let held = &self.saved[saved..saved + bytes];
            for (n, sector) in (first..end).enumerate() {
                let held = held.get(n * SECTOR_BYTES..).unwrap_or(&[]);
                let held = &held[..held.len().min(SECTOR_BYTES)];
                let mut before = [0; SECTOR_BYTES];
                before[..held.len()].copy_from_slice(held);
                befores.entry(sector).or_default().push(before);
            }
        }
        befores
    }

    fn forget_connections(&mut self) {
        self.regions.clear();
        self.shm_users = 0;
        self.shm_locks = [0; SHM_LOCKS];
        (self.shared, self.reserved, self.exclusive) = (0, false, false);
    }

    /// A file that was cut off to nothing is the old one, or the new one: file systems change lengths in their journal, and
    /// SQLite counts on it (`journal_mode = TRUNCATE` commits that way).
    fn settle_cut(&mut self, random: &mut Random) {
        let Some(cut) = self.undo.iter().position(|undo| matches!(undo, Undo::Cut)) else { return };
        if random.chance(500) {
            self.undo.drain(..=cut);
            self.synced_len = 0;
        } else {
            self.undo.truncate(cut);
            std::mem::swap(&mut self.data, &mut self.cut_off);
        }
        self.cut_off.clear();
    }

    /// Throws sectors back to what they held at some moment since the last sync. Returns how many.
    fn lose_power(&mut self, random: &mut Random) -> u64 {
        self.settle_cut(random);
        let versions = self.befores();
        let visible = self.data.len();
        let mut kept_end = self.synced_len;
        let whole = visible.max(self.synced_len).div_ceil(SECTOR_BYTES) * SECTOR_BYTES;
        self.data.resize(whole, 0);
        let mut torn = 0;
        for (sector, befores) in &versions {
            let start = sector * SECTOR_BYTES;
            let pick = random.index(befores.len() + 1);
            match befores.get(pick) {
                // Beyond the synced end an old sector is one that never landed.
                Some(before) if start + SECTOR_BYTES <= whole => {
                    self.data[start..start + SECTOR_BYTES].copy_from_slice(before);
                    torn += 1;
                }
                Some(_) => {}
                None => kept_end = kept_end.max((start + SECTOR_BYTES).min(visible)),
            }
        }
        let shrank = visible < self.synced_len;
        let len = if shrank && random.chance(500) { visible } else { kept_end };
        self.data.resize(len, 0);
        self.sync();
        torn
    }
}

thread_local! {
    static DISKS: RefCell<Vec<Disk>> = const { RefCell::new(Vec::new()) };
}

/// Forgets all disks of this thread. No database may be open on them.
pub fn clear() {
    DISKS.with(|disks| disks.borrow_mut().clear());
}

/// Sectors that power cuts have torn on all disks of this thread.
#[must_use]
pub fn torn_sectors() -> u64 {
    DISKS.with(|disks| disks.borrow().iter().map(|disk| disk.counts.torn_sectors).sum())
}

/// Adds an empty disk to this thread and returns its number.
pub fn add(seed: u64) -> usize {
    DISKS.with(|disks| {
        let mut disks = disks.borrow_mut();
        let number = disks.len();
        disks.push(Disk::new(seed ^ number as u64));
        number
    })
}

/// Works on one disk of this thread.
pub fn with<T>(number: usize, work: impl FnOnce(&mut Disk) -> T) -> T {
    DISKS.with(|disks| work(&mut disks.borrow_mut()[number]))
}

/// As [`with`], and nothing where the thread or the disk has gone: what SQLite's callbacks use.
pub(crate) fn try_with<T>(number: usize, work: impl FnOnce(&mut Disk) -> T) -> Option<T> {
    DISKS.try_with(|disks| disks.try_borrow_mut().ok()?.get_mut(number).map(work)).ok().flatten()
}

#[cfg(test)]
mod tests {
    use super::{Disk, SECTOR_BYTES};

    #[test]
    fn a_file_that_was_cut_off_is_whole_or_empty_after_a_power_cut() {
        let old = vec![1; 8 * SECTOR_BYTES];
        let mut lengths = [0, 0];
        for seed in 0..40 {
            let mut disk = Disk::new(seed);
            let file = disk.find("log", true).unwrap();
            disk.write(file, 0, &old).unwrap();
            disk.sync(file).unwrap();
            disk.truncate(file, 0).unwrap();
            disk.write(file, 0, &[2; SECTOR_BYTES]).unwrap();
            disk.power_off();
            disk.power_on(true);
            let image = disk.image(|_| true);
            let left = image.file("log").unwrap();
            if left.len() == old.len() {
                assert_eq!(left, old, "nothing that came later is in it");
                lengths[0] += 1;
            } else {
                assert!(left.is_empty() || left == [2; SECTOR_BYTES], "{} bytes", left.len());
                lengths[1] += 1;
            }
        }
        assert!(lengths.iter().all(|count| *count > 5), "{lengths:?}");
    }
}
