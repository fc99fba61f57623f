//! The integration tests of storage, as one binary.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::{collections::BTreeMap, fs, path::PathBuf};
use sync_protocol::{
    ids::{JobId, NodeId, TenantId, TopicId, VshardId, WorkerId, Writer},
    log::{Entry, EntryKind, Head, LogHead},
    seats::SeatState,
};
use sync_store::{ControlStore, NodeRecord, OpenOptions, SeatRow, StoreError, TokenRow, WaitRow, Witness};

const VSHARD: VshardId = VshardId(3);

struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("dayshift-store-{}-{name}", std::process::id()));
        drop(fs::remove_dir_all(&path));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

fn writer() -> Writer {
    Writer::new(1, 1)
}

fn entry(n: u8) -> Entry {
    Entry::new(EntryKind::Change, TopicId(9), JobId::job(writer(), u64::from(n)), vec![n; 20])
}

#[test]
fn sequences_are_dense_and_pages_respect_their_limits() {
    let folder = Folder::new("sequence");
    let mut store = OpenOptions::new(&folder.0.join("a.sqlite")).open().unwrap();
    store
        .transact(|tx| {
            for n in 0..10 {
                let audience = (n % 2 == 0).then_some(NodeId(4));
                assert_eq!(tx.append(VSHARD, audience, writer(), &entry(n))?, u64::from(n) + 1);
            }
            Ok(())
        })
        .unwrap();
    let page = store.read(|tx| tx.read_since(VSHARD, 3, 4, 1 << 20)).unwrap();
    assert_eq!((page.upto, page.entries.len()), (7, 4));
    let page = store.read(|tx| tx.read_since(VSHARD, 3, 100, 1)).unwrap();
    assert_eq!((page.upto, page.entries.len()), (4, 1), "one entry always fits");
    assert_eq!(store.read(|tx| tx.head(VSHARD)).unwrap(), (1, 10));
    assert_eq!(store.read(|tx| tx.head(VshardId(4))).unwrap(), (1, 0));
}

#[test]
fn a_failed_transaction_leaves_nothing() {
    let folder = Folder::new("undone");
    let mut store = OpenOptions::new(&folder.0.join("a.sqlite")).open().unwrap();
    let failed = store.transact(|tx| {
        tx.append_own(VSHARD, writer(), &entry(1))?;
        Err::<(), _>(StoreError::BadRow("told to fail"))
    });
    assert!(failed.is_err());
    assert_eq!(store.read(|tx| tx.own_head(VSHARD)).unwrap(), None);
}

#[test]
fn own_logs_are_chained_and_survive_reopening() {
    let folder = Folder::new("log");
    let path = folder.0.join("a.sqlite");
    let mut expected = Head::genesis(writer(), VSHARD);
    {
        let mut store = OpenOptions::new(&path).open().unwrap();
        for n in 0..5 {
            expected = expected.then(&entry(n));
            let head = store.transact(|tx| tx.append_own(VSHARD, writer(), &entry(n))).unwrap();
            assert_eq!(head, LogHead { wseq: u64::from(n) + 1, head: expected });
        }
    }
    let mut store = OpenOptions::new(&path).open().unwrap();
    let (entries, head) = store.read(|tx| tx.read_own(VSHARD, 0, 100, 1 << 20)).unwrap();
    assert_eq!((entries.len(), head.unwrap().head), (5, expected));
}

#[test]
fn a_flipped_byte_is_noticed_on_read() {
    let folder = Folder::new("flip");
    let path = folder.0.join("a.sqlite");
    {
        let mut store = OpenOptions::new(&path).open().unwrap();
        store.transact(|tx| tx.append(VSHARD, None, writer(), &entry(77))).unwrap();
        store.checkpoint().unwrap();
    }
    let mut bytes = fs::read(&path).unwrap();
    let at = bytes.windows(20).position(|window| window == [77; 20]).expect("the body is in the file");
    bytes[at + 5] ^= 4;
    fs::write(&path, bytes).unwrap();
    let mut store = OpenOptions::new(&path).open().unwrap();
    assert!(matches!(
        store.read(|tx| tx.read_since(VSHARD, 0, 10, 1 << 20)),
        Err(StoreError::Corrupt { table: "change", .. })
    ));
}

#[test]
fn wait_lists_keep_their_order() {
    let folder = Folder::new("waiting");
    let mut store = OpenOptions::new(&folder.0.join("a.sqlite")).open().unwrap();
    let job = JobId::job(writer(), 1);
    let sign_up = |n| sync_protocol::ids::SignUpId::sign_up(writer(), n);
    let wait = |n, promoted| WaitRow {
        sign_up: sign_up(n),
        holder: writer(),
        worker: WorkerId([0; 16]),
        promoted,
        position: 0,
    };
    let order = store
        .transact(|tx| {
            for n in [5, 2, 9] {
                tx.put_waiting(VSHARD, job, &wait(n, false))?;
            }
            tx.put_waiting(VSHARD, job, &wait(2, true))?;
            tx.remove_waiting(VSHARD, job, sign_up(5))?;
            tx.put_waiting(VSHARD, job, &wait(5, false))?;
            let seat = SeatRow {
                sign_up: sign_up(2),
                holder: writer(),
                worker: WorkerId([1; 16]),
                state: SeatState::Live,
            };
            tx.put_seat(VSHARD, job, &seat)?;
            assert_eq!(tx.seat(VSHARD, job, sign_up(2))?, Some(seat));
            tx.waiting(VSHARD, job)
        })
        .unwrap();
    let order: Vec<_> = order.iter().map(|wait| (wait.sign_up.counter, wait.promoted)).collect();
    assert_eq!(order, [(2, true), (9, false), (5, false)]);
}

#[test]
fn a_file_of_a_later_version_is_refused() {
    let folder = Folder::new("later");
    let path = folder.0.join("a.sqlite");
    drop(OpenOptions::new(&path).open().unwrap());
    let mut bytes = fs::read(&path).unwrap();
    // The user version is the big-endian integer at byte 60 of the header.
    bytes[60..64].copy_from_slice(&99_u32.to_be_bytes());
    fs::write(&path, bytes).unwrap();
    assert!(matches!(OpenOptions::new(&path).open(), Err(StoreError::TooNew { found: 99, .. })));
}

fn at(wseq: u64, byte: u8) -> BTreeMap<VshardId, LogHead> {
    BTreeMap::from([(VSHARD, LogHead { wseq, head: Head([byte; 32]) })])
}

#[test]
fn the_witness_notices_a_rolled_back_database() {
    let folder = Folder::new("witness");
    let path = folder.0.join("witness");
    let mut witness = Witness::open(&path).unwrap();
    witness.record(&at(4, 4)).unwrap();
    witness.record(&at(5, 5)).unwrap();
    drop(witness);
    let witness = Witness::open(&path).unwrap();
    for (own, rolled_back) in
        [(at(5, 5), false), (at(6, 6), false), (at(4, 4), true), (at(5, 9), true), (BTreeMap::new(), true)]
    {
        assert_eq!(witness.rolled_back(&own).is_some(), rolled_back, "{own:?}");
    }
    // A torn last record counts as never written.
    let whole = fs::read(&path).unwrap();
    fs::write(&path, &whole[..whole.len() - 10]).unwrap();
    assert_eq!(Witness::open(&path).unwrap().rolled_back(&at(4, 4)), None);
}

#[test]
fn a_token_admits_one_node_and_a_name_keeps_its_number() {
    let folder = Folder::new("control");
    let mut control = ControlStore::open(&folder.0.join("control.sqlite")).unwrap();
    let token = |id: &str| TokenRow {
        id: id.into(),
        secret_hash: vec![1],
        region: "hangzhou".into(),
        node_name: "jiubao".into(),
        expires_at: 10,
        used_at: None,
    };
    control.add_token(&token("a")).unwrap();
    control.add_token(&token("b")).unwrap();
    let join = |control: &mut ControlStore, token: &str| {
        let writer = control.next_writer("jiubao").unwrap();
        let node = NodeRecord {
            writer,
            name: "jiubao".into(),
            region: "hangzhou".into(),
            log_key: vec![2; 32],
            fenced: None,
            joined_at: 5,
        };
        control.join(token, &node).unwrap().then_some(writer)
    };
    assert_eq!(join(&mut control, "a"), Some(Writer::new(1, 1)));
    assert_eq!(join(&mut control, "a"), None, "single use");
    assert_eq!(join(&mut control, "b"), Some(Writer::new(1, 2)), "rejoining gives the next incarnation");
    control.fence(Writer::new(1, 1), "late").unwrap();
    assert_eq!(control.nodes().unwrap()[0].fenced, None, "only the named incarnation is fenced");
    let tenant = control.add_tenant("agency", &[7]).unwrap();
    assert_eq!((tenant, control.add_tenant("agency", &[8]).unwrap()), (Some(TenantId(1)), None));
    let topic = control.add_topic(TenantId(1), "hangzhou").unwrap();
    assert_eq!(control.add_topic(TenantId(1), "hangzhou").unwrap(), topic);
    assert_eq!(control.topics().unwrap(), [topic]);
}
