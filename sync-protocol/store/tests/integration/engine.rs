//! What is true of the SQLite engine alone: its files, its versions, its VFS.

use crate::{
    conformance::conformance,
    place::{Folder, VSHARD, entry, writer},
};
use std::fs;
use sync_protocol::log::LogHead;
use sync_store::{OpenOptions, StoreError, ffi};

#[test]
fn sqlite_does_what_a_store_does() {
    let folder = Folder::new("conformance");
    let open = OpenOptions::new(&folder.database()).opener();
    conformance(&|| open().unwrap());
}

#[test]
fn sqlite_does_so_with_shared_memory_of_the_process() {
    // `unix-excl` keeps the index of the write-ahead log on the heap, as a simulated disk does.
    let folder = Folder::new("vfs");
    let open = OpenOptions::new(&folder.database()).vfs("unix-excl").opener();
    conformance(&|| open().unwrap());
    assert!(!folder.0.join("a.sqlite-shm").exists(), "its shared memory is no file");
}

#[test]
fn a_vfs_that_cannot_keep_the_promise_is_refused() {
    let folder = Folder::new("no-shm");
    let open = |vfs: &str| OpenOptions::new(&folder.database()).vfs(vfs).open();
    // Without shared memory SQLite would go on with another journal and say nothing.
    assert!(matches!(open("unix-dotfile"), Err(StoreError::NoWal(_))));
    assert!(matches!(open("no-such-vfs"), Err(StoreError::Sqlite(_))));
    assert_eq!(ffi::SQLITE_OK, 0, "what a VFS is written against is there");
}

#[test]
fn own_logs_are_chained_and_survive_reopening() {
    let folder = Folder::new("log");
    let mut expected = sync_protocol::log::Head::genesis(writer(), VSHARD);
    for n in 0..5 {
        let mut store = OpenOptions::new(&folder.database()).open().unwrap();
        expected = expected.then(&entry(n));
        let head = store.transact(|tx| tx.append_own(VSHARD, writer(), &entry(n))).unwrap();
        assert_eq!(head, LogHead { wseq: u64::from(n) + 1, head: expected });
    }
    let mut store = OpenOptions::new(&folder.database()).open().unwrap();
    let (entries, head) = store.read(|tx| tx.read_own(VSHARD, 0, 100, 1 << 20)).unwrap();
    assert_eq!((entries.len(), head.unwrap().head), (5, expected));
}

#[test]
fn a_file_of_another_version_is_refused() {
    let folder = Folder::new("later");
    OpenOptions::new(&folder.database()).open().unwrap().checkpoint().unwrap();
    let sound = fs::read(folder.database()).unwrap();
    let with_version = |version: u32| {
        let mut bytes = sound.clone();
        // The user version is the big-endian integer at byte 60 of the header.
        bytes[60..64].copy_from_slice(&version.to_be_bytes());
        fs::write(folder.database(), bytes).unwrap();
        OpenOptions::new(&folder.database()).open()
    };
    assert!(matches!(with_version(99), Err(StoreError::TooNew { found: 99, .. })));
    assert!(matches!(with_version(0), Err(StoreError::Corrupt { .. })), "tables without a version");
}

#[test]
fn what_sqlite_finds_damaged_is_one_class() {
    let folder = Folder::new("damaged");
    let mut store = OpenOptions::new(&folder.database()).open().unwrap();
    store.transact(|tx| tx.append(VSHARD, None, writer(), &entry(7))).unwrap();
    store.checkpoint().unwrap();
    drop(store);
    let sound = fs::read(folder.database()).unwrap();
    let opened = |bytes: &[u8]| {
        fs::write(folder.database(), bytes).unwrap();
        let mut store = OpenOptions::new(&folder.database()).open()?;
        sync_store::ShardStore::quick_check(&mut store)
    };
    let mut renamed = sound.clone();
    let at = renamed.windows(14).position(|window| window == b"TABLE holding ").unwrap();
    renamed[at + 6] = b'H';
    let mut blank = sound.clone();
    blank[8192..].fill(0x5a);
    for (name, bytes) in [
        ("no database", vec![0x42; 8192 * 3]),
        ("cut", sound[..8192 * 2].to_vec()),
        ("overwritten behind its first page", blank),
        ("another table", renamed),
    ] {
        let error = opened(&bytes).unwrap_err();
        assert!(error.is_corrupt(), "{name}: {error:?}");
    }
    opened(&sound).unwrap();
}
