//! Tables of what can happen to a witness file, and of what can happen while it is written.

use super::{FILE_BYTES_MAX, RECORD_BYTES, Witness, WitnessError, WitnessFile, file::RealFile};
use std::{
    collections::BTreeMap,
    fs, io,
    path::PathBuf,
    sync::{Arc, Mutex},
};
use sync_protocol::{
    ids::VshardId,
    log::{Head, LogHead},
};

struct Place(PathBuf);

impl Place {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("dayshift-witness-{}-{name}", std::process::id()));
        drop(fs::remove_dir_all(&folder));
        fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    fn file(&self) -> PathBuf {
        self.0.join("witness")
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

type Heads = BTreeMap<VshardId, LogHead>;

/// Heads as pairs of vshard and sequence; the head itself follows from them.
fn heads(pairs: &[(u16, u64)]) -> Heads {
    let head = |(vshard, wseq): &(u16, u64)| {
        let byte = u8::try_from((wseq ^ u64::from(*vshard)) & 0xff).unwrap();
        (VshardId(*vshard), LogHead { wseq: *wseq, head: Head([byte; 32]) })
    };
    pairs.iter().map(head).collect()
}

/// Four batches, the last of them of two records: seven records with the first.
const BATCHES: [&[(u16, u64)]; 4] = [&[(1, 1)], &[(1, 2), (2, 1)], &[(1, 3)], &[(1, 4), (2, 2)]];

fn written(place: &Place) -> Vec<u8> {
    let mut witness = Witness::open(&place.file()).unwrap();
    for batch in BATCHES {
        witness.record(&heads(batch)).unwrap();
    }
    fs::read(place.file()).unwrap()
}

/// What a witness says of a database: sound, rolled back, or that it cannot say.
fn verdict(place: &Place, own: &[(u16, u64)]) -> String {
    match Witness::open(&place.file()) {
        Err(WitnessError::Damaged { record, .. }) => format!("damaged at {record}"),
        Err(error) => panic!("{error}"),
        Ok(witness) => match witness.rolled_back(&heads(own)) {
            None => "sound".to_owned(),
            Some(vshard) => format!("vshard {} rolled back", vshard.0),
        },
    }
}

#[test]
fn a_database_ahead_is_normal_and_behind_is_a_rollback() {
    let place = Place::new("verdict");
    written(&place);
    for (own, expected) in [
        (&[(1, 4), (2, 2)][..], "sound"),
        (&[(1, 5), (2, 2)], "sound"),
        (&[(1, 900), (2, 3), (7, 1)], "sound"),
        (&[(1, 3), (2, 2)], "vshard 1 rolled back"),
        (&[(1, 4), (2, 1)], "vshard 2 rolled back"),
        (&[(1, 4)], "vshard 2 rolled back"),
        (&[], "vshard 1 rolled back"),
    ] {
        assert_eq!(verdict(&place, own), expected, "{own:?}");
    }
    let mut other = heads(&[(1, 4), (2, 2)]);
    other.insert(VshardId(1), LogHead { wseq: 4, head: Head([99; 32]) });
    let witness = Witness::open(&place.file()).unwrap();
    assert_eq!(witness.rolled_back(&other), Some(VshardId(1)), "another head at the same place");
}

#[test]
fn what_can_happen_to_the_file() {
    let place = Place::new("file");
    let whole = written(&place);
    let record = RECORD_BYTES;
    assert_eq!(whole.len(), 7 * record);
    let cut = |bytes: usize| whole[..bytes].to_vec();
    let zeroed = |from: usize, upto: usize| {
        let mut bytes = whole.clone();
        bytes[from..upto].fill(0);
        bytes
    };
    let behind = &[(1, 3), (2, 1)][..];
    for (name, bytes, expected) in [
        ("whole", whole.clone(), "vshard 1 rolled back"),
        ("the second record of the last batch is torn", cut(7 * record - 1), "vshard 1 rolled back"),
        ("the last batch is torn in its first record", cut(5 * record + 9), "sound"),
        ("the last batch was never written", cut(5 * record), "sound"),
        (
            "the first sector of the last batch was not written",
            zeroed(5 * record, 6 * record),
            "vshard 2 rolled back",
        ),
        ("no sector of the last batch was written", zeroed(5 * record, 7 * record), "sound"),
        ("only half of the first record was written", cut(record / 2), "sound"),
        ("nothing was written", Vec::new(), "sound"),
        ("the first record is gone", zeroed(0, record), "damaged at 0"),
        ("a record in the middle is gone", zeroed(record, 2 * record), "damaged at 1"),
        ("the batch before the last is gone", zeroed(4 * record, 5 * record), "damaged at 4"),
        ("another file", vec![7; 3 * record], "damaged at 0"),
    ] {
        fs::write(place.file(), &bytes).unwrap();
        assert_eq!(verdict(&place, behind), expected, "{name}");
    }
}

#[test]
fn every_flipped_bit_is_noticed() {
    let place = Place::new("flips");
    let whole = written(&place);
    let last_batch = 5 * RECORD_BYTES;
    for at in 0..whole.len() {
        for bit in [0, 3, 7] {
            let mut bytes = whole.clone();
            bytes[at] ^= 1 << bit;
            fs::write(place.file(), &bytes).unwrap();
            let found = verdict(&place, &[(1, 4), (2, 2)]);
            if at < last_batch {
                assert_eq!(found, format!("damaged at {}", at / RECORD_BYTES), "byte {at} bit {bit}");
            } else {
                // As torn as a write that was cut: its record is not used, the database is ahead of the rest.
                assert_eq!(found, "sound", "byte {at} bit {bit}");
            }
        }
    }
}

#[test]
fn every_flipped_bit_of_a_rewritten_file_is_noticed() {
    let place = Place::new("rewritten");
    let mut witness = Witness::open(&place.file()).unwrap();
    // Until the file is written anew, with three vshards and nothing after them.
    let mut batches: u64 = 0;
    loop {
        batches += 1;
        let before = witness.bytes;
        // The real file is synced for each; here only its size matters.
        if before <= FILE_BYTES_MAX {
            witness.file = Box::new(Unsynced(RealFile::open(&place.file()).unwrap()));
        }
        witness.record(&heads(&[(u16::try_from(batches % 3).unwrap(), batches)])).unwrap();
        if witness.bytes < before {
            break;
        }
    }
    let whole = fs::read(place.file()).unwrap();
    assert_eq!(whole.len(), 5 * RECORD_BYTES, "the first, three vshards, the last of them twice");
    let own = [(batches - 2, 0), (batches - 1, 0), (batches, 0)];
    let own: Vec<_> = own.map(|(wseq, _)| (u16::try_from(wseq % 3).unwrap(), wseq)).to_vec();
    assert_eq!(verdict(&place, &own), "sound");
    for at in 0..whole.len() - RECORD_BYTES {
        let mut bytes = whole.clone();
        bytes[at] ^= 16;
        fs::write(place.file(), &bytes).unwrap();
        assert_eq!(verdict(&place, &own), format!("damaged at {}", at / RECORD_BYTES));
    }
}

#[derive(Debug)]
struct Unsynced(RealFile);

impl WitnessFile for Unsynced {
    fn read(&mut self, bytes_max: u64) -> io::Result<Vec<u8>> {
        self.0.read(bytes_max)
    }
    fn replace(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.replace(bytes)
    }
    fn write_at(&mut self, bytes: &[u8], at: u64) -> io::Result<()> {
        self.0.write_at(bytes, at)
    }
    fn sync(&mut self) -> io::Result<()> {
        Ok(())
    }
    fn cut(&mut self, bytes: u64) -> io::Result<()> {
        self.0.cut(bytes)
    }
}

/// What goes wrong with the next write.
#[derive(Debug, Clone, Copy)]
enum Fault {
    FullAfter(usize),
    FullAndStays(usize),
    SyncFails,
}

#[derive(Debug)]
struct Faulty(RealFile, Arc<Mutex<Option<Fault>>>);

impl Faulty {
    fn fault(&self) -> Option<Fault> {
        *self.1.lock().unwrap()
    }
}

impl WitnessFile for Faulty {
    fn read(&mut self, bytes_max: u64) -> io::Result<Vec<u8>> {
        self.0.read(bytes_max)
    }
    fn replace(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.replace(bytes)
    }
    fn write_at(&mut self, bytes: &[u8], at: u64) -> io::Result<()> {
        match self.fault() {
            Some(Fault::FullAfter(most) | Fault::FullAndStays(most)) => {
                self.0.write_at(&bytes[..most.min(bytes.len())], at)?;
                Err(io::ErrorKind::StorageFull.into())
            }
            Some(Fault::SyncFails) | None => self.0.write_at(bytes, at),
        }
    }
    fn sync(&mut self) -> io::Result<()> {
        match self.fault() {
            Some(Fault::SyncFails) => Err(io::Error::other("no sync")),
            Some(Fault::FullAfter(_) | Fault::FullAndStays(_)) | None => self.0.sync(),
        }
    }
    fn cut(&mut self, bytes: u64) -> io::Result<()> {
        match self.fault() {
            Some(Fault::FullAndStays(_)) => Err(io::Error::other("no cut")),
            Some(Fault::FullAfter(_) | Fault::SyncFails) | None => self.0.cut(bytes),
        }
    }
}

#[test]
fn what_could_not_be_written_is_owed_to_the_next_answer() {
    for (fault, is_full) in [
        (Fault::FullAfter(0), true),
        (Fault::FullAfter(20), true),
        (Fault::FullAfter(RECORD_BYTES), true),
        (Fault::FullAndStays(RECORD_BYTES + 20), true),
        (Fault::SyncFails, false),
    ] {
        let place = Place::new("fault");
        written(&place);
        let mut witness = Witness::open(&place.file()).unwrap();
        let next = Arc::new(Mutex::new(Some(fault)));
        let file = RealFile::open(&place.file()).unwrap();
        witness.file = Box::new(Faulty(file, Arc::clone(&next)));
        let failed = witness.record(&heads(&[(1, 5), (2, 3), (3, 1)])).unwrap_err();
        assert_eq!(failed.is_full(), is_full, "{fault:?}");
        // A retry that is answered from what is committed moves no head.
        assert!(witness.record(&Heads::new()).is_err(), "{fault:?}: nothing may be answered yet");
        assert_ne!(verdict(&place, &[(1, 5), (2, 3), (3, 1)]), "damaged", "{fault:?}");
        *next.lock().unwrap() = None;
        witness.record(&Heads::new()).unwrap();
        assert_eq!(verdict(&place, &[(1, 4), (2, 2)]), "vshard 1 rolled back", "{fault:?}");
        assert_eq!(verdict(&place, &[(1, 5), (2, 3)]), "vshard 3 rolled back", "{fault:?}");
        witness.record(&heads(&[(3, 2)])).unwrap();
        assert_eq!(verdict(&place, &[(1, 5), (2, 3), (3, 1)]), "vshard 3 rolled back", "{fault:?}");
        assert_eq!(verdict(&place, &[(1, 5), (2, 3), (3, 2)]), "sound", "{fault:?}");
    }
}
