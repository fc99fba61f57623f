//! A node's witness on a simulated disk.

use crate::disk::{self, DiskError};
use std::io;
use sync_store::WitnessFile;

/// The witness file of one disk.
#[derive(Debug)]
pub struct DiskFile {
    disk: usize,
    name: &'static str,
    next: &'static str,
}

/// Where the witness lies.
pub const WITNESS: &str = "witness";

impl DiskFile {
    /// The witness of a disk.
    #[must_use]
    pub const fn new(disk: usize) -> Self {
        Self { disk, name: WITNESS, next: "witness.next" }
    }

    fn on<T>(
        &self,
        name: &str,
        work: impl FnOnce(&mut disk::Disk, usize) -> Result<T, DiskError>,
    ) -> io::Result<T> {
        let done = disk::with(self.disk, |disk| {
            let file = disk.find(name, true).ok_or(DiskError::Io)?;
            work(disk, file)
        });
        done.map_err(|error| match error {
            DiskError::Io => io::Error::other("simulated I/O error"),
            DiskError::Full => io::ErrorKind::StorageFull.into(),
        })
    }
}

impl WitnessFile for DiskFile {
    fn read(&mut self, bytes_max: u64) -> io::Result<Vec<u8>> {
        self.on(self.name, |disk, file| {
            let mut bytes = vec![0; disk.len(file)?.min(usize::try_from(bytes_max).unwrap_or(usize::MAX))];
            disk.read(file, 0, &mut bytes)?;
            Ok(bytes)
        })
    }

    fn write_at(&mut self, bytes: &[u8], at: u64) -> io::Result<()> {
        let at = usize::try_from(at).unwrap_or(usize::MAX);
        self.on(self.name, |disk, file| disk.write(file, at, bytes))
    }

    fn sync(&mut self) -> io::Result<()> {
        self.on(self.name, disk::Disk::sync)
    }

    fn cut(&mut self, bytes: u64) -> io::Result<()> {
        let len = usize::try_from(bytes).unwrap_or(usize::MAX);
        self.on(
            self.name,
            |disk, file| if disk.len(file)? == len { Ok(()) } else { disk.truncate(file, len) },
        )
    }

    fn replace(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.on(self.next, |disk, file| {
            disk.truncate(file, 0)?;
            disk.write(file, 0, bytes)?;
            disk.sync(file)?;
            disk.replace(self.next, self.name)
        })
    }
}
