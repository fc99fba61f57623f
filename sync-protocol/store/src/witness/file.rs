//! The few file operations that a witness needs, so that it runs on a simulated disk as well.

use std::{
    fs::{File, OpenOptions},
    io::{self, Read, Seek, SeekFrom},
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
};

/// An open file that is written in place, cut off at its end, or replaced as a whole.
pub trait WitnessFile: std::fmt::Debug + Send {
    /// All bytes, at most `bytes_max`.
    fn read(&mut self, bytes_max: u64) -> io::Result<Vec<u8>>;
    fn write_at(&mut self, bytes: &[u8], at: u64) -> io::Result<()>;
    /// Makes what was written durable.
    fn sync(&mut self) -> io::Result<()>;
    /// Cuts the file off.
    fn cut(&mut self, bytes: u64) -> io::Result<()>;
    /// Replaces the file by `bytes`, durably and at once: after a crash it is the old or the new one.
    fn replace(&mut self, bytes: &[u8]) -> io::Result<()>;
}

/// A file of the operating system.
#[derive(Debug)]
pub(super) struct RealFile {
    path: PathBuf,
    file: File,
}

impl RealFile {
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
        Ok(Self { path: path.to_owned(), file })
    }
}

impl WitnessFile for RealFile {
    fn read(&mut self, bytes_max: u64) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.file.seek(SeekFrom::Start(0))?;
        (&mut self.file).take(bytes_max).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    fn write_at(&mut self, bytes: &[u8], at: u64) -> io::Result<()> {
        self.file.write_all_at(bytes, at)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.file.sync_data()
    }

    fn cut(&mut self, bytes: u64) -> io::Result<()> {
        self.file.set_len(bytes)
    }

    fn replace(&mut self, bytes: &[u8]) -> io::Result<()> {
        let next = self.path.with_extension("next");
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(true).open(&next)?;
        file.write_all_at(bytes, 0)?;
        file.sync_data()?;
        std::fs::rename(&next, &self.path)?;
        if let Some(folder) = self.path.parent() {
            File::open(folder)?.sync_all()?;
        }
        self.file = file;
        Ok(())
    }
}
