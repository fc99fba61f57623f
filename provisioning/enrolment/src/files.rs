//! Secret files: readable by their owner only, replaced whole or not at all.

use std::{
    fs::{DirBuilder, File, OpenOptions, rename},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt},
    path::Path,
};

/// Makes the folder, readable by its owner only, unless it exists.
pub(crate) fn create_private_folder(folder: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

/// Writes `name` with mode 0600 through a temporary file; after `Ok` the content survives a power cut.
pub(crate) fn write_private(folder: &Path, name: &str, content: &[u8]) -> io::Result<()> {
    let temporary = folder.join(format!("{name}.tmp"));
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&temporary)?;
    // A temporary file left by a crash keeps its old mode.
    file.set_permissions(PermissionsExt::from_mode(0o600))?;
    file.write_all(content)?;
    file.sync_all()?;
    drop(file);
    rename(&temporary, folder.join(name))?;
    File::open(folder)?.sync_all()
}
