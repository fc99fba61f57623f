//! Every flipped bit of a row is noticed when the row is read, and no damage of a file ends in a panic or a wrong answer.

use crate::place::{Folder, Random, entry, fields, job, sign_up, summary, writer};
use rusqlite::{
    Connection, params_from_iter,
    types::{Value as Cell, ValueRef},
};
use std::fs;
use sync_protocol::{
    contact::Contacts,
    documents::{Document, Status, Value},
    ids::{DocumentId, JobId, NodeId, SignUpId, TopicId, VshardId, WorkerId, Writer},
    log::{Head, LogHead},
    seats::{EndReason, Ending, HubHolding, HubJob, LossPolicy, NodeJob, Seal, SeatState, Standing},
    wire::v1::DownState,
};
use sync_store::{
    EndingRow, ErasureRow, FenceCause, HubSaid, Kept, MessageKind, MessageRow, OpenOptions, SeatRow,
    ShardStore, ShardTx, SqliteShard, StandingRow, StoreError, WaitRow,
};

const ROWS: u8 = 24;
/// Flips of each column, in rows and bits drawn anew.
const FLIPS: usize = 12;
const PAGE_FLIPS: usize = 400;

/// A few hundred rows over all tables.
fn fill(store: &mut SqliteShard) {
    let document = || {
        let mut document = Document::default();
        let change = document.edit(writer(), &[("title", Value::Text("分拣员".to_owned()))], 5).unwrap();
        document.apply(&change, Some(writer())).unwrap();
        document
    };
    store
        .transact(|tx| {
            for n in 0..ROWS {
                let (vshard, of) = (VshardId(u16::from(n % 3)), u64::from(n));
                tx.append(vshard, n.is_multiple_of(2).then_some(NodeId(4)), writer(), &entry(n))?;
                tx.append_own(vshard, writer(), &entry(n))?;
                let holder = Writer::new(u32::from(n) + 1, 1);
                tx.put_origin(vshard, holder, LogHead { wseq: of, head: Head([n; 32]) })?;
                tx.put_acked(VshardId(u16::from(n)), of + 1)?;
                tx.put_cursor(DownState { vshard: u16::from(n), history: 1, seq: of })?;
                tx.put_document(vshard, job(of), TopicId(9), &document())?;
                tx.put_job_summary(
                    vshard,
                    &summary(of, &format!("key {n}"), "分拣员", 1_000 + i64::from(n)),
                )?;
                tx.put_sign_up(vshard, sign_up(of), &fields(job(of), n, Status::Confirmed))?;
                let seats = NodeJob {
                    granted: 9,
                    returned: 2,
                    live: 3,
                    closed: n.is_multiple_of(2),
                    ..NodeJob::default()
                };
                tx.put_node_job(
                    vshard,
                    job(of),
                    &seats,
                    &HubSaid {
                        cap: 20,
                        version: 4,
                        free: 5,
                        waiting: 6,
                        rights: Some(Seal([8; 32])),
                        seats: Some(Seal([9; 32])),
                    },
                )?;
                tx.put_hub_job(
                    vshard,
                    job(of),
                    &HubJob {
                        open: n.is_multiple_of(2),
                        version: 4,
                        ..HubJob::new(20, LossPolicy::WriteOff)
                    },
                )?;
                tx.put_holding(vshard, job(of), holder, &HubHolding { granted: 5, returned: 1, live: 2 })?;
                let (worker, state) = (WorkerId([n; 16]), SeatState::Live);
                tx.put_seat(vshard, job(of), &SeatRow { sign_up: sign_up(of), holder, worker, state })?;
                let wait = WaitRow { sign_up: sign_up(of), holder, worker, promoted: false, position: 2 };
                tx.put_waiting(vshard, job(of), &wait)?;
                tx.put_receipt(vshard, sign_up(of), &[n; 90])?;
                tx.park(vshard, writer(), &entry(n), "not yet")?;
                tx.put_message(&message(vshard, of))?;
                put_ends(tx, vshard, of, holder, n)?;
                put_person(tx, n)?;
                tx.put_meta(&format!("meta {n}"), &[n; 5])?;
            }
            Ok(())
        })
        .unwrap();
    store.checkpoint().unwrap();
}

fn put_person(tx: &mut dyn ShardTx, n: u8) -> Result<(), StoreError> {
    let worker = WorkerId([n; 16]);
    tx.put_person_key(worker, &[n; 72])?;
    tx.put_person(worker, 1, &[n; 90])?;
    tx.put_card(&[n; 32], worker)?;
    let (receipt, at) = (vec![n; 80], i64::from(n));
    tx.put_erasure(&ErasureRow { id: [n; 16], worker, at, receipt, told: false })
}

fn message(vshard: VshardId, n: u64) -> MessageRow {
    MessageRow {
        vshard,
        n,
        kind: MessageKind::Confirmed,
        subject: sign_up(n).to_bytes().to_vec(),
        at: 7,
        tries: 1,
        next_at: 9,
        error: "no answer".to_owned(),
        is_dead: n.is_multiple_of(2),
    }
}

fn put_ends(
    tx: &mut dyn ShardTx,
    vshard: VshardId,
    of: u64,
    holder: Writer,
    n: u8,
) -> Result<(), StoreError> {
    tx.put_standing(
        vshard,
        &StandingRow {
            writer: holder,
            standing: Standing::Fenced,
            cause: FenceCause::Retired,
            detail: "it left".to_owned(),
            at: 7,
        },
    )?;
    tx.put_evidence(vshard, holder, LogHead { wseq: 1, head: Head([n; 32]) }, &entry(n))?;
    let ending = Ending { sign_up: sign_up(of), reason: EndReason::Closed };
    tx.put_ending(vshard, &EndingRow { job: job(of), ending, at: 8, done: false })?;
    tx.put_contacts(vshard, holder, Contacts { held: 3, given: 4 })?;
    tx.put_recall(vshard, job(of), holder, (5, 1))?;
    tx.put_reclaimed(vshard, job(of), holder, 9)
}

/// One row as it stands in the file.
type Cells = Vec<Cell>;

fn number(cell: &Cell) -> Option<u64> {
    if let Cell::Integer(number) = cell { u64::try_from(*number).ok() } else { None }
}

fn vshard(cell: &Cell) -> Option<VshardId> {
    number(cell).and_then(|number| u16::try_from(number).ok()).map(VshardId)
}

fn id<T>(cell: &Cell, from: impl Fn(&[u8]) -> Option<T>) -> Option<T> {
    if let Cell::Blob(bytes) = cell { from(bytes) } else { None }
}

fn read_end(
    store: &mut SqliteShard,
    table: &str,
    row: &Cells,
    of: VshardId,
) -> Option<Result<(), StoreError>> {
    let job_of = |at: usize| id(&row[at], JobId::from_bytes);
    let sign_up_of = |at: usize| id(&row[at], SignUpId::from_bytes);
    let writer_of = |at: usize| id(&row[at], Writer::from_bytes);
    Some(match table {
        "standing" => {
            let writer = writer_of(1)?;
            store.read(|tx| tx.standing(of, writer).map(drop))
        }
        "evidence" => {
            let writer = writer_of(1)?;
            store.read(|tx| tx.evidence(of, writer).map(drop))
        }
        "ending" => {
            let (job, sign_up) = (job_of(1)?, sign_up_of(2)?);
            store.read(|tx| tx.ending(of, job, sign_up).map(drop))
        }
        "contact" => {
            let writer = writer_of(1)?;
            store.read(|tx| tx.contacts(of, writer).map(drop))
        }
        "recall" => {
            let (job, writer) = (job_of(1)?, writer_of(2)?);
            store.read(|tx| tx.recall(of, job, writer).map(drop))
        }
        "reclaimed" => {
            let (job, writer) = (job_of(1)?, writer_of(2)?);
            store.read(|tx| tx.is_reclaimed(of, job, writer).map(drop))
        }
        other => panic!("no way to read {other}: add one"),
    })
}

fn damaged_person() -> StoreError {
    StoreError::Corrupt { table: "person", what: "told as damaged".to_owned() }
}

fn is_of_person(table: &str) -> bool {
    matches!(table, "person" | "person_key" | "card")
}

/// Reads a row of any table by its key.
fn read_any(store: &mut SqliteShard, table: &str, row: &Cells) -> Option<Result<(), StoreError>> {
    if is_of_person(table) || table == "erasure" {
        return read_person(store, table, row);
    }
    read(store, table, row)
}

/// A damaged row about a person is told as such, and nobody else is concerned.
fn read_person(store: &mut SqliteShard, table: &str, row: &Cells) -> Option<Result<(), StoreError>> {
    let noticed = |found: Option<Kept>| match found {
        Some(Kept::Damaged) => Err(damaged_person()),
        Some(Kept::Whole(_)) | None => Ok(()),
    };
    let bytes = |cell: &Cell| if let Cell::Blob(bytes) = cell { Some(bytes.clone()) } else { None };
    Some(match table {
        "person" => {
            let (worker, class) = (id(&row[0], WorkerId::from_bytes)?, u8::try_from(number(&row[1])?).ok()?);
            store.read(|tx| noticed(tx.person(worker, class)?))
        }
        "person_key" => {
            let worker = id(&row[0], WorkerId::from_bytes)?;
            store.read(|tx| noticed(tx.person_key(worker)?))
        }
        "card" => {
            let token = bytes(&row[0])?.try_into().ok()?;
            let known = store.read(|tx| tx.card(&token));
            known.and_then(|known| known.map_or_else(|| Err(damaged_person()), |_| Ok(())))
        }
        _ => {
            let order = bytes(&row[0])?.try_into().ok()?;
            store.read(|tx| tx.erasure(&order).map(drop))
        }
    })
}

/// Reads a row by the key under which it stands, as hub and node would; `None` where no caller can name that key.
fn read(store: &mut SqliteShard, table: &str, row: &Cells) -> Option<Result<(), StoreError>> {
    let job_of = |at: usize| id(&row[at], JobId::from_bytes);
    let sign_up_of = |at: usize| id(&row[at], SignUpId::from_bytes);
    let writer_of = |at: usize| id(&row[at], Writer::from_bytes);
    let of = if table == "meta" { VshardId(0) } else { vshard(&row[0])? };
    Some(match table {
        "vshard" => store.read(|tx| tx.head(of).map(drop)),
        "change" => {
            let seq = number(&row[1])?.checked_sub(1)?;
            store.read(|tx| tx.read_since(of, seq, 1, 1).map(drop))
        }
        "log" => {
            let wseq = number(&row[1])?.checked_sub(1)?;
            store.read(|tx| tx.read_own(of, wseq, 1, 1).map(drop))
        }
        "origin_cursor" => {
            let writer = writer_of(1)?;
            store.read(|tx| tx.origin(of, writer).map(drop))
        }
        "acked" => store.read(|tx| tx.acked(of).map(drop)),
        "node_cursor" => store.read(|tx| tx.cursors().map(drop)),
        "doc" => {
            let doc = id(&row[1], DocumentId::from_bytes)?;
            store.read(|tx| tx.document(of, doc).map(drop))
        }
        "job" => {
            let job = job_of(1)?;
            store.read(|tx| tx.job_summary(of, job).map(drop))
        }
        "sign_up" | "receipt" => {
            let (sign_up, is_row) = (sign_up_of(1)?, table == "sign_up");
            store.read(
                |tx| if is_row { tx.sign_up(sign_up).map(drop) } else { tx.receipt(of, sign_up).map(drop) },
            )
        }
        "node_seats" | "hub_seats" => {
            let job = job_of(1)?;
            let of_node = table == "node_seats";
            store.read(
                |tx| if of_node { tx.node_job(of, job).map(drop) } else { tx.hub_job(of, job).map(drop) },
            )
        }
        "holding" => {
            let (job, writer) = (job_of(1)?, writer_of(2)?);
            store.read(|tx| tx.holding(of, job, writer).map(drop))
        }
        "seat" => {
            let (job, sign_up) = (job_of(1)?, sign_up_of(2)?);
            store.read(|tx| tx.seat(of, job, sign_up).map(drop))
        }
        "waiting" => {
            let job = job_of(1)?;
            store.read(|tx| tx.waiting(of, job).map(drop))
        }
        "standing" | "evidence" | "ending" | "recall" | "reclaimed" | "contact" => {
            return read_end(store, table, row, of);
        }
        "meta" => {
            let Cell::Text(key) = &row[0] else { return None };
            store.read(|tx| tx.meta(key).map(drop))
        }
        "outbox" => {
            let n = number(&row[1])?;
            store.read(|tx| tx.message(of, n).map(drop))
        }
        // Kept for people: counted, and read by nobody.
        "parked" => return None,
        other => panic!("no way to read {other}: add one"),
    })
}

struct Table {
    name: String,
    columns: Vec<String>,
    /// How many columns make the key.
    key: usize,
}

fn tables(raw: &Connection) -> Vec<Table> {
    let sql = "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name";
    let mut statement = raw.prepare(sql).unwrap();
    let names: Vec<String> = statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    let table = |name: String| {
        let mut statement =
            raw.prepare(&format!("SELECT name, pk FROM pragma_table_info('{name}')")).unwrap();
        let columns = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        let columns: Vec<(String, i64)> = columns.map(Result::unwrap).collect();
        let key = columns.iter().filter(|(_, place)| *place > 0).count();
        Table { name, columns: columns.into_iter().map(|(column, _)| column).collect(), key }
    };
    names.into_iter().map(table).collect()
}

fn rows(raw: &Connection, table: &Table) -> Vec<Cells> {
    let mut statement = raw.prepare(&format!("SELECT * FROM {}", table.name)).unwrap();
    let width = table.columns.len();
    let rows = statement.query_map([], |row| {
        (0..width)
            .map(|at| match row.get_ref(at)? {
                // Flipped text need not be text any more.
                ValueRef::Text(bytes) => Ok(Cell::Text(String::from_utf8_lossy(bytes).into_owned())),
                value @ (ValueRef::Null | ValueRef::Integer(_) | ValueRef::Real(_) | ValueRef::Blob(_)) => {
                    value.try_into().map_err(|_| rusqlite::Error::InvalidQuery)
                }
            })
            .collect()
    });
    rows.unwrap().map(Result::unwrap).collect()
}

/// The cell with one bit changed; nothing becomes a number.
fn flipped(cell: &Cell, random: &mut Random) -> Cell {
    let flip = |mut bytes: Vec<u8>, random: &mut Random, bits: usize| {
        if bytes.is_empty() {
            return vec![1 << random.below(bits)];
        }
        let at = random.below(bytes.len());
        bytes[at] ^= 1 << random.below(bits);
        bytes
    };
    match cell {
        Cell::Null => Cell::Integer(1 << random.below(32)),
        Cell::Integer(number) => {
            Cell::Integer(number ^ (1_i64.rotate_left(u32::try_from(random.below(64)).unwrap())))
        }
        Cell::Real(_) => panic!("no table has one"),
        Cell::Text(text) => {
            Cell::Text(String::from_utf8_lossy(&flip(text.clone().into_bytes(), random, 7)).into_owned())
        }
        Cell::Blob(bytes) => Cell::Blob(flip(bytes.clone(), random, 8)),
    }
}

/// Writes one cell of the row with this key; false where another row stands under the changed key.
fn write(raw: &Connection, table: &Table, key: &[Cell], column: usize, cell: &Cell) -> bool {
    let asked: Vec<String> =
        (0..table.key).map(|at| format!("{} = ?{}", table.columns[at], at + 2)).collect();
    let sql =
        format!("UPDATE {} SET {} = ?1 WHERE {}", table.name, table.columns[column], asked.join(" AND "));
    match raw.execute(&sql, params_from_iter(std::iter::once(cell).chain(key))) {
        Ok(changed) => changed == 1,
        Err(error) => {
            let code = error.sqlite_error_code();
            assert_eq!(code, Some(rusqlite::ErrorCode::ConstraintViolation), "{sql}: {error}");
            false
        }
    }
}

#[test]
fn every_flipped_bit_of_a_row_is_noticed() {
    let folder = Folder::new("row-flips");
    let mut store = OpenOptions::new(&folder.database()).open().unwrap();
    fill(&mut store);
    let raw = Connection::open(folder.database()).unwrap();
    raw.pragma_update(None, "synchronous", "OFF").unwrap();
    let mut random = Random(11);
    let (mut flips, mut named) = (0, 0);
    for table in tables(&raw) {
        for column in 0..table.columns.len() {
            let mut done = 0;
            while done < FLIPS {
                let all = rows(&raw, &table);
                let row = &all[random.below(all.len())];
                let cell = flipped(&row[column], &mut random);
                if cell == row[column] || !write(&raw, &table, &row[..table.key], column, &cell) {
                    continue;
                }
                done += 1;
                let what = format!("{}.{} of {row:?} became {cell:?}", table.name, table.columns[column]);
                let mut damaged = row.clone();
                damaged[column] = cell;
                let found = store.quick_check();
                // A damaged row of a person is found by whoever asks for it, and does not freeze a node.
                let passes = is_of_person(&table.name) && found.is_ok();
                assert!(passes || matches!(found, Err(StoreError::Corrupt { .. })), "{what}: {found:?}");
                if let Some(found) = read_any(&mut store, &table.name, &damaged) {
                    assert!(matches!(found, Err(StoreError::Corrupt { .. })), "{what}: {found:?}");
                    named += 1;
                }
                assert!(write(&raw, &table, &damaged[..table.key], column, &row[column]), "{what}: undone");
                flips += 1;
            }
        }
    }
    store.quick_check().unwrap();
    assert!(flips > 1_000 && named > flips * 3 / 4, "{named} of {flips} read by their key");
}

/// Everything that the rows say, read by the keys that were written.
fn everything(store: &mut SqliteShard) -> Result<String, StoreError> {
    use std::fmt::Write;
    store.read(|tx| {
        let mut all = String::new();
        for n in 0..ROWS {
            let (vshard, of, holder) =
                (VshardId(u16::from(n % 3)), u64::from(n), Writer::new(u32::from(n) + 1, 1));
            let ledger =
                (tx.node_job(vshard, job(of))?, tx.hub_job(vshard, job(of))?, tx.holdings(vshard, job(of))?);
            let lists =
                (tx.seats(vshard, job(of))?, tx.waiting(vshard, job(of))?, tx.receipt(vshard, sign_up(of))?);
            let cursors = (tx.origin(vshard, holder)?, tx.acked(VshardId(u16::from(n)))?);
            let document = tx.document(vshard, job(of))?.map(|stored| stored.document.heads().to_vec());
            let rows = (tx.job_summary(vshard, job(of))?, tx.sign_up(sign_up(of))?, document);
            write!(all, "{ledger:?}{lists:?}{cursors:?}{rows:?}").map_err(|_| StoreError::BadRow("text"))?;
        }
        for vshard in (0..3).map(VshardId) {
            let logs = (tx.read_since(vshard, 0, 100, 1 << 20)?, tx.read_own(vshard, 0, 100, 1 << 20)?);
            write!(all, "{logs:?}{:?}", tx.head(vshard)?).map_err(|_| StoreError::BadRow("text"))?;
        }
        Ok(all)
    })
}

#[test]
fn no_damage_of_a_page_gives_a_wrong_answer() {
    let folder = Folder::new("page-flips");
    let sound = {
        let mut store = OpenOptions::new(&folder.database()).open().unwrap();
        fill(&mut store);
        everything(&mut store).unwrap()
    };
    let bytes = fs::read(folder.database()).unwrap();
    let mut random = Random(12);
    let (mut noticed, mut harmless) = (0, 0);
    for flip in 0..PAGE_FLIPS {
        let mut damaged = bytes.clone();
        let at = random.below(bytes.len());
        damaged[at] ^= 1 << random.below(8);
        if flip % 4 == 0 {
            let length = random.below(600).min(bytes.len() - at);
            damaged[at..at + length].fill(u8::try_from(random.below(256)).unwrap());
        }
        for beside in ["a.sqlite-wal", "a.sqlite-shm"] {
            drop(fs::remove_file(folder.0.join(beside)));
        }
        fs::write(folder.database(), &damaged).unwrap();
        let checked = OpenOptions::new(&folder.database()).open().and_then(|mut store| {
            let checked = store.quick_check();
            // A reader that was not warned: an error or the truth.
            let read = everything(&mut store);
            checked.and(read)
        });
        match checked {
            Ok(read) => {
                assert_eq!(read, sound, "flip {flip} at {at}");
                harmless += 1;
            }
            Err(_) => noticed += 1,
        }
    }
    assert!(noticed > PAGE_FLIPS / 10 && harmless > 0, "{noticed} noticed, {harmless} in unused room");
}

#[test]
fn a_row_that_is_gone_is_missed() {
    let folder = Folder::new("gone");
    let mut store = OpenOptions::new(&folder.database()).open().unwrap();
    fill(&mut store);
    let raw = Connection::open(folder.database()).unwrap();
    let of = VshardId(1);
    type Read = fn(&mut SqliteShard, VshardId) -> Result<(), StoreError>;
    let reads: [(&str, &str, Read); 6] = [
        ("log", "DELETE FROM log WHERE vshard = 1 AND wseq = 3", |store, of| {
            store.read(|tx| tx.read_own(of, 0, 100, 1 << 20)).map(drop)
        }),
        ("log", "DELETE FROM log WHERE vshard = 1 AND wseq = 1", |store, of| {
            store.read(|tx| tx.read_own(of, 1, 1, 1 << 20)).map(drop)
        }),
        ("log", "DELETE FROM meta WHERE key = 'own_writer'", |store, of| {
            store.read(|tx| tx.read_own(of, 0, 100, 1 << 20)).map(drop)
        }),
        ("change", "DELETE FROM change WHERE vshard = 1 AND seq = 2", |store, of| {
            store.read(|tx| tx.read_since(of, 0, 100, 1 << 20)).map(drop)
        }),
        ("vshard", "DELETE FROM vshard WHERE vshard = 1", |store, of| {
            store.transact(|tx| tx.append(of, None, writer(), &entry(1))).map(drop)
        }),
        ("node_seats", "DELETE FROM node_seats WHERE vshard = 1", |store, of| {
            store.read(|tx| tx.node_job(of, job(1))).map(drop)
        }),
    ];
    for (expected, sql, read) in reads {
        raw.execute_batch("BEGIN").unwrap();
        raw.execute_batch(sql).unwrap();
        raw.execute_batch("COMMIT").unwrap();
        let found = read(&mut store, of);
        assert!(
            matches!(found, Err(StoreError::Corrupt { table, .. }) if table == expected),
            "{sql}: {found:?}"
        );
        raw.execute_batch("DELETE FROM change; DELETE FROM vshard; DELETE FROM log; DELETE FROM meta; DELETE FROM node_seats; DELETE FROM parked;").unwrap();
        fill(&mut store);
    }
}
