//! Yesterday's disk: a copy of a node's data folder that is put back in its place.

use anyhow::{Context, Result};
use std::fs;
use std::path::Path;

/// Copies a folder with all that is in it; `to` must not exist.
pub(crate) fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir(to).with_context(|| format!("create {}", to.display()))?;
    for entry in fs::read_dir(from).with_context(|| format!("read {}", from.display()))? {
        let entry = entry.context("read a folder")?;
        let target = to.join(entry.file_name());
        if entry.file_type().context("read a folder")?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), &target).with_context(|| format!("copy {}", entry.path().display()))?;
        }
    }
    Ok(())
}

/// Puts a copy in the place of the folder, which is removed.
pub(crate) fn put_back(kept: &Path, folder: &Path) -> Result<()> {
    fs::remove_dir_all(folder).with_context(|| format!("remove {}", folder.display()))?;
    copy(kept, folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_holds_the_older_content() {
        let folder = std::env::temp_dir().join(format!("dayshift-disk-{}", std::process::id()));
        let (disk, kept) = (folder.join("disk"), folder.join("kept"));
        fs::create_dir_all(disk.join("inner")).unwrap();
        fs::write(disk.join("inner/file"), "before").unwrap();
        copy(&disk, &kept).unwrap();
        fs::write(disk.join("inner/file"), "after").unwrap();
        fs::write(disk.join("new"), "after").unwrap();
        put_back(&kept, &disk).unwrap();
        assert_eq!(fs::read_to_string(disk.join("inner/file")).unwrap(), "before");
        assert!(!disk.join("new").exists());
        fs::remove_dir_all(folder).unwrap();
    }
}
