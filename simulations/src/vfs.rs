//! SQLite's view of the simulated disks: a VFS over [`disk`](crate::disk), registered once per process.
//!
//! A path is `DISK/NAME`, such as `3/node.sqlite`. Each callback finds the disk of its own thread, so that simulations
//! in several threads never meet. The device promises what SQLite's own VFS promises on Linux, and the disk keeps it: a torn
//! write leaves the bytes beside it as they were (POWERSAFE_OVERWRITE), nothing else. No callback lets a panic out.

#![expect(unsafe_code, reason = "SQLite calls a VFS through C function pointers")]

use crate::disk::{self, Disk, DiskError, REGION_WORDS, SHM_LOCKS};
use std::{
    ffi::{CStr, c_char, c_int, c_void},
    panic::{AssertUnwindSafe, catch_unwind},
    ptr,
    sync::Once,
};
use sync_store::ffi;

/// The name under which the VFS is registered.
pub const NAME: &str = "dayshift-simulated";

const NAME_C: &CStr = c"dayshift-simulated";
const PATH_BYTES_MAX: c_int = 128;
/// The disk of files without a name, which SQLite spills to. It is the first one that a world adds.
pub const SPILL_DISK: usize = 0;

/// What SQLite allocates for an open file; it sees the first field.
#[repr(C)]
struct Handle {
    base: ffi::sqlite3_file,
    disk: usize,
    file: usize,
    lock: c_int,
    mapped: bool,
}

/// Registers the VFS; later calls do nothing.
pub fn register() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // Memory statistics take a lock at each allocation, on which threads would wait for each other.
        // SAFETY: nothing of SQLite is in use yet; the option takes one integer.
        let _ = unsafe { ffi::sqlite3_config(ffi::SQLITE_CONFIG_MEMSTATUS, 0) };
        let vfs = Box::leak(Box::new(vfs()));
        // SAFETY: the structure is complete and is never freed.
        let code = unsafe { ffi::sqlite3_vfs_register(vfs, 0) };
        assert_eq!(code, ffi::SQLITE_OK, "SQLite takes a VFS");
    });
}

fn vfs() -> ffi::sqlite3_vfs {
    ffi::sqlite3_vfs {
        iVersion: 2,
        szOsFile: c_int::try_from(size_of::<Handle>()).unwrap_or(c_int::MAX),
        mxPathname: PATH_BYTES_MAX,
        pNext: ptr::null_mut(),
        zName: NAME_C.as_ptr(),
        pAppData: ptr::null_mut(),
        xOpen: Some(open),
        xDelete: Some(delete),
        xAccess: Some(access),
        xFullPathname: Some(full_path),
        xDlOpen: None,
        xDlError: None,
        xDlSym: None,
        xDlClose: None,
        xRandomness: Some(randomness),
        xSleep: Some(sleep),
        xCurrentTime: None,
        xGetLastError: None,
        xCurrentTimeInt64: Some(current_time),
        xSetSystemCall: None,
        xGetSystemCall: None,
        xNextSystemCall: None,
    }
}

static METHODS: ffi::sqlite3_io_methods = ffi::sqlite3_io_methods {
    iVersion: 2,
    xClose: Some(close),
    xRead: Some(read),
    xWrite: Some(write),
    xTruncate: Some(truncate),
    xSync: Some(sync),
    xFileSize: Some(file_size),
    xLock: Some(lock),
    xUnlock: Some(unlock),
    xCheckReservedLock: Some(check_reserved),
    xFileControl: Some(file_control),
    xSectorSize: Some(sector_size),
    xDeviceCharacteristics: Some(characteristics),
    xShmMap: Some(shm_map),
    xShmLock: Some(shm_lock),
    xShmBarrier: Some(shm_barrier),
    xShmUnmap: Some(shm_unmap),
    xFetch: None,
    xUnfetch: None,
};

/// Runs a callback's work; a panic or a disk that has gone is an I/O error.
fn guarded(work: impl FnOnce() -> Option<c_int>) -> c_int {
    catch_unwind(AssertUnwindSafe(work)).ok().flatten().unwrap_or(ffi::SQLITE_IOERR)
}

fn code(result: Result<(), DiskError>, io: c_int) -> c_int {
    match result {
        Ok(()) => ffi::SQLITE_OK,
        Err(DiskError::Io) => io,
        Err(DiskError::Full) => ffi::SQLITE_FULL,
    }
}

/// Runs work on the disk and file of a handle.
///
/// # Safety
/// `file` is one that [`open`] filled in.
unsafe fn on_file(file: *mut ffi::sqlite3_file, work: impl FnOnce(&mut Disk, usize) -> c_int) -> c_int {
    // SAFETY: by this function's own contract; the fields do not change while the file is open.
    let (disk, number) = unsafe { ((*file.cast::<Handle>()).disk, (*file.cast::<Handle>()).file) };
    guarded(|| disk::try_with(disk, |disk| work(disk, number)))
}

/// Disk and file name of a path.
///
/// # Safety
/// `path` is a C string.
unsafe fn place<'a>(path: *const c_char) -> Option<(usize, &'a str)> {
    // SAFETY: by this function's own contract.
    let path = unsafe { CStr::from_ptr(path) }.to_str().ok()?;
    let (disk, name) = path.split_once('/')?;
    Some((disk.parse().ok()?, name))
}

unsafe extern "C" fn open(
    _: *mut ffi::sqlite3_vfs,
    path: *const c_char,
    file: *mut ffi::sqlite3_file,
    flags: c_int,
    out_flags: *mut c_int,
) -> c_int {
    let handle = file.cast::<Handle>();
    // SAFETY: SQLite gives room of szOsFile bytes; without methods it does not call close.
    unsafe { (*handle).base.pMethods = ptr::null() };
    guarded(|| {
        let (number, name) =
            // SAFETY: SQLite gives a C string, or null for a file that it spills to.
            if path.is_null() { (SPILL_DISK, None) } else { unsafe { place(path) }.map(|(d, n)| (d, Some(n)))? };
        let found = disk::try_with(number, |disk| match name {
            Some(name) => disk.find(name, flags & ffi::SQLITE_OPEN_CREATE != 0),
            None => Some(disk.spill()),
        })?;
        let Some(found) = found else { return Some(ffi::SQLITE_CANTOPEN) };
        // SAFETY: as above; out_flags may be null.
        unsafe {
            handle.write(Handle {
                base: ffi::sqlite3_file { pMethods: &raw const METHODS },
                disk: number,
                file: found,
                lock: ffi::SQLITE_LOCK_NONE,
                mapped: false,
            });
            if !out_flags.is_null() {
                *out_flags = flags;
            }
        }
        Some(ffi::SQLITE_OK)
    })
}

unsafe extern "C" fn delete(_: *mut ffi::sqlite3_vfs, path: *const c_char, _: c_int) -> c_int {
    guarded(|| {
        // SAFETY: SQLite gives a C string.
        let (number, name) = unsafe { place(path) }?;
        let deleted = disk::try_with(number, |disk| disk.delete(name))?;
        Some(match deleted {
            Ok(true) => ffi::SQLITE_OK,
            Ok(false) => ffi::SQLITE_IOERR_DELETE_NOENT,
            Err(_) => ffi::SQLITE_IOERR_DELETE,
        })
    })
}

unsafe extern "C" fn access(
    _: *mut ffi::sqlite3_vfs,
    path: *const c_char,
    _: c_int,
    out: *mut c_int,
) -> c_int {
    guarded(|| {
        // SAFETY: SQLite gives a C string and a place for the answer.
        let (number, name) = unsafe { place(path) }?;
        let exists = disk::try_with(number, |disk| disk.exists(name))?;
        // SAFETY: as above.
        unsafe { *out = c_int::from(exists) };
        Some(ffi::SQLITE_OK)
    })
}

unsafe extern "C" fn full_path(
    _: *mut ffi::sqlite3_vfs,
    path: *const c_char,
    room: c_int,
    out: *mut c_char,
) -> c_int {
    guarded(|| {
        // SAFETY: SQLite gives a C string and `room` bytes.
        let bytes = unsafe { CStr::from_ptr(path) }.to_bytes_with_nul();
        if bytes.len() > usize::try_from(room).ok()? {
            return Some(ffi::SQLITE_CANTOPEN);
        }
        // SAFETY: the length was compared just now.
        unsafe { ptr::copy_nonoverlapping(bytes.as_ptr().cast(), out, bytes.len()) };
        Some(ffi::SQLITE_OK)
    })
}

unsafe extern "C" fn randomness(_: *mut ffi::sqlite3_vfs, count: c_int, out: *mut c_char) -> c_int {
    let filled = catch_unwind(AssertUnwindSafe(|| {
        disk::try_with(SPILL_DISK, |disk| {
            let count = usize::try_from(count).unwrap_or(0);
            for at in 0..count {
                let [byte, ..] = disk.random().bits().to_le_bytes();
                // SAFETY: SQLite gives `count` bytes.
                unsafe { *out.add(at) = c_char::from_ne_bytes([byte]) };
            }
        })
    }));
    if matches!(filled, Ok(Some(()))) { count } else { 0 }
}

unsafe extern "C" fn sleep(_: *mut ffi::sqlite3_vfs, microseconds: c_int) -> c_int {
    microseconds
}

unsafe extern "C" fn current_time(_: *mut ffi::sqlite3_vfs, out: *mut i64) -> c_int {
    // Julian milliseconds of 2027-01-15: no statement of the product reads SQLite's clock.
    // SAFETY: SQLite gives a place for the answer.
    unsafe { *out = 212_666_731_200_000 };
    ffi::SQLITE_OK
}

unsafe extern "C" fn close(file: *mut ffi::sqlite3_file) -> c_int {
    // SAFETY: the file is open.
    unsafe { unlock(file, ffi::SQLITE_LOCK_NONE) }
}

unsafe extern "C" fn read(
    file: *mut ffi::sqlite3_file,
    to: *mut c_void,
    count: c_int,
    at: ffi::sqlite3_int64,
) -> c_int {
    let (Ok(count), Ok(at)) = (usize::try_from(count), usize::try_from(at)) else {
        return ffi::SQLITE_IOERR_READ;
    };
    // SAFETY: SQLite gives `count` bytes, of an open file.
    unsafe {
        let to = std::slice::from_raw_parts_mut(to.cast::<u8>(), count);
        on_file(file, |disk, file| match disk.read(file, at, to) {
            Ok(read) if read == count => ffi::SQLITE_OK,
            Ok(_) => ffi::SQLITE_IOERR_SHORT_READ,
            Err(_) => ffi::SQLITE_IOERR_READ,
        })
    }
}

unsafe extern "C" fn write(
    file: *mut ffi::sqlite3_file,
    from: *const c_void,
    count: c_int,
    at: ffi::sqlite3_int64,
) -> c_int {
    let (Ok(count), Ok(at)) = (usize::try_from(count), usize::try_from(at)) else {
        return ffi::SQLITE_IOERR_WRITE;
    };
    // SAFETY: SQLite gives `count` bytes, of an open file.
    unsafe {
        let from = std::slice::from_raw_parts(from.cast::<u8>(), count);
        on_file(file, |disk, file| code(disk.write(file, at, from), ffi::SQLITE_IOERR_WRITE))
    }
}

unsafe extern "C" fn truncate(file: *mut ffi::sqlite3_file, len: ffi::sqlite3_int64) -> c_int {
    let Ok(len) = usize::try_from(len) else { return ffi::SQLITE_IOERR_TRUNCATE };
    // SAFETY: the file is open.
    unsafe { on_file(file, |disk, file| code(disk.truncate(file, len), ffi::SQLITE_IOERR_TRUNCATE)) }
}

unsafe extern "C" fn sync(file: *mut ffi::sqlite3_file, _: c_int) -> c_int {
    // SAFETY: the file is open.
    unsafe { on_file(file, |disk, file| code(disk.sync(file), ffi::SQLITE_IOERR_FSYNC)) }
}

unsafe extern "C" fn file_size(file: *mut ffi::sqlite3_file, out: *mut ffi::sqlite3_int64) -> c_int {
    // SAFETY: the file is open, and SQLite gives a place for the answer.
    unsafe {
        on_file(file, |disk, file| match disk.len(file) {
            Ok(len) => {
                *out = i64::try_from(len).unwrap_or(i64::MAX);
                ffi::SQLITE_OK
            }
            Err(_) => ffi::SQLITE_IOERR_FSTAT,
        })
    }
}

unsafe extern "C" fn lock(file: *mut ffi::sqlite3_file, wanted: c_int) -> c_int {
    let handle = file.cast::<Handle>();
    // SAFETY: the file is open; SQLite uses a handle from one thread at a time.
    unsafe {
        let held = (*handle).lock;
        if wanted <= held {
            return ffi::SQLITE_OK;
        }
        let result = on_file(file, |disk, number| {
            let state = disk.file(number);
            let others = state.shared - u32::from(held >= ffi::SQLITE_LOCK_SHARED);
            if held < ffi::SQLITE_LOCK_SHARED {
                if state.exclusive {
                    return ffi::SQLITE_BUSY;
                }
                state.shared += 1;
            }
            if wanted >= ffi::SQLITE_LOCK_RESERVED && held < ffi::SQLITE_LOCK_RESERVED {
                if state.reserved {
                    return ffi::SQLITE_BUSY;
                }
                state.reserved = true;
            }
            if wanted == ffi::SQLITE_LOCK_EXCLUSIVE {
                if others > 0 {
                    return ffi::SQLITE_BUSY;
                }
                state.exclusive = true;
            }
            ffi::SQLITE_OK
        });
        if result == ffi::SQLITE_OK {
            (*handle).lock = wanted;
        }
        result
    }
}

unsafe extern "C" fn unlock(file: *mut ffi::sqlite3_file, wanted: c_int) -> c_int {
    let handle = file.cast::<Handle>();
    // SAFETY: the file is open; SQLite uses a handle from one thread at a time.
    unsafe {
        let held = (*handle).lock;
        if wanted >= held {
            return ffi::SQLITE_OK;
        }
        (*handle).lock = wanted;
        // A disk that has gone has no locks to give back.
        on_file(file, |disk, number| {
            let state = disk.file(number);
            if held >= ffi::SQLITE_LOCK_RESERVED {
                (state.reserved, state.exclusive) = (false, false);
            }
            if wanted == ffi::SQLITE_LOCK_NONE {
                state.shared = state.shared.saturating_sub(1);
            }
            ffi::SQLITE_OK
        });
    }
    ffi::SQLITE_OK
}

unsafe extern "C" fn check_reserved(file: *mut ffi::sqlite3_file, out: *mut c_int) -> c_int {
    // SAFETY: the file is open, and SQLite gives a place for the answer.
    unsafe {
        on_file(file, |disk, number| {
            *out = c_int::from(disk.file(number).reserved);
            ffi::SQLITE_OK
        })
    }
}

unsafe extern "C" fn file_control(_: *mut ffi::sqlite3_file, _: c_int, _: *mut c_void) -> c_int {
    ffi::SQLITE_NOTFOUND
}

unsafe extern "C" fn sector_size(_: *mut ffi::sqlite3_file) -> c_int {
    4096
}

unsafe extern "C" fn characteristics(_: *mut ffi::sqlite3_file) -> c_int {
    ffi::SQLITE_IOCAP_POWERSAFE_OVERWRITE
}

unsafe extern "C" fn shm_map(
    file: *mut ffi::sqlite3_file,
    region: c_int,
    bytes: c_int,
    extend: c_int,
    out: *mut *mut c_void,
) -> c_int {
    // SAFETY: the file is open, and SQLite gives a place for the answer. A region stays where it is until all
    // connections are closed, which the world does before it forgets them.
    unsafe {
        *out = ptr::null_mut();
        let first = !(*file.cast::<Handle>()).mapped;
        (*file.cast::<Handle>()).mapped = true;
        on_file(file, |disk, number| {
            disk.file(number).shm_users += u32::from(first);
            let Ok(region) = usize::try_from(region) else { return ffi::SQLITE_IOERR_SHMMAP };
            if usize::try_from(bytes).ok() != Some(REGION_WORDS * 8) {
                return ffi::SQLITE_IOERR_SHMMAP;
            }
            let regions = &mut disk.file(number).regions;
            while regions.len() <= region {
                if extend == 0 {
                    return ffi::SQLITE_OK;
                }
                regions.push(Box::new([0; REGION_WORDS]));
            }
            *out = regions[region].as_mut_ptr().cast();
            ffi::SQLITE_OK
        })
    }
}

unsafe extern "C" fn shm_lock(
    file: *mut ffi::sqlite3_file,
    first: c_int,
    count: c_int,
    flags: c_int,
) -> c_int {
    let (Ok(first), Ok(count)) = (usize::try_from(first), usize::try_from(count)) else {
        return ffi::SQLITE_IOERR_SHMLOCK;
    };
    // SAFETY: the file is open.
    unsafe {
        on_file(file, |disk, number| {
            let all = &mut disk.file(number).shm_locks;
            let Some(locks) = all.get_mut(first..(first + count).min(SHM_LOCKS)) else {
                return ffi::SQLITE_IOERR_SHMLOCK;
            };
            let is_shared = flags & ffi::SQLITE_SHM_SHARED != 0;
            if flags & ffi::SQLITE_SHM_UNLOCK != 0 {
                for held in locks {
                    *held = if is_shared { (*held - 1).max(0) } else { 0 };
                }
                return ffi::SQLITE_OK;
            }
            let is_free = |held: &i32| if is_shared { *held >= 0 } else { *held == 0 };
            if !locks.iter().all(is_free) {
                return ffi::SQLITE_BUSY;
            }
            for held in locks {
                *held = if is_shared { *held + 1 } else { -1 };
            }
            ffi::SQLITE_OK
        })
    }
}

unsafe extern "C" fn shm_barrier(_: *mut ffi::sqlite3_file) {}

unsafe extern "C" fn shm_unmap(file: *mut ffi::sqlite3_file, _: c_int) -> c_int {
    let handle = file.cast::<Handle>();
    // SAFETY: the file is open; SQLite uses a handle from one thread at a time.
    unsafe {
        if !(*handle).mapped {
            return ffi::SQLITE_OK;
        }
        (*handle).mapped = false;
        on_file(file, |disk, number| {
            let state = disk.file(number);
            state.shm_users = state.shm_users.saturating_sub(1);
            // The next connection begins with an empty index and reads the log anew, as after the last one on a real disk.
            if state.shm_users == 0 {
                state.regions.clear();
            }
            ffi::SQLITE_OK
        })
    }
}
