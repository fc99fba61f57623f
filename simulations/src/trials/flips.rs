//! Bits turned over in the databases of a node and of the hub that merged its log: whoever reads such a database hears of it, or
//! nothing that is read has changed.

use super::{Figures, Node, Order, WRITER, begin, day, open};
use crate::{
    disk,
    random::Random,
    world::{EPOCH, key_of, node::DATABASE, people, topic_of},
};
use ed25519_dalek::SigningKey;
use hub_core::shard::{self, Answer, Author, JobPost, Shard};
use serde::Serialize;
use std::collections::BTreeSet;
use sync_protocol::{
    ids::{JobId, TopicId},
    limits::{BATCH_BYTES_MAX, BATCH_ENTRIES_MAX},
    seats::LossPolicy,
    wire::v1::Up,
};
use sync_store::{SeatRow, ShardStore as _, ShardTx, StoreError};

/// Any key that a hub's seals are made with.
const SEAL_KEY: [u8; 32] = [9; 32];
/// Rows with shorter bodies are not told from other bytes of the file.
const BODY_BYTES_MIN: usize = 16;

/// What became of the bits that were turned over in one database.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Flips {
    pub flips: u64,
    /// Within rows of changes and of the ledger.
    pub flips_in_rows: u64,
    pub flips_in_rows_noticed: u64,
    pub flips_noticed: u64,
    /// Where nothing that is read had changed.
    pub flips_without_effect: u64,
    pub flips_unnoticed: u64,
}

impl Flips {
    pub(super) const fn add(&mut self, other: &Self) {
        self.flips += other.flips;
        self.flips_in_rows += other.flips_in_rows;
        self.flips_in_rows_noticed += other.flips_in_rows_noticed;
        self.flips_noticed += other.flips_noticed;
        self.flips_without_effect += other.flips_without_effect;
        self.flips_unnoticed += other.flips_unnoticed;
    }

    /// None went unnoticed, and each in a row was noticed.
    #[must_use]
    pub const fn are_noticed(&self) -> bool {
        self.flips_unnoticed == 0 && self.flips_in_rows_noticed == self.flips_in_rows
    }
}

/// Everything that a database says, as text, and the bytes of its rows of changes and of the ledger.
type Read = Result<(String, Vec<Vec<u8>>), StoreError>;

/// Turns bits of both databases over.
pub(super) fn run(figures: &mut Figures, order: &Order) {
    let node = begin(1);
    let hub = disk::add(1);
    drop(day(node));
    if order.flips == 0 {
        return;
    }
    let merged = merge(node, hub);
    let at_rest = [node, hub].map(|number| open(number).and_then(|mut store| store.checkpoint()));
    let is_whole = merged.is_ok() && at_rest.iter().all(Result::is_ok);
    let done = is_whole
        && flip(&mut figures.flips, order, node, || read_node(node))
        && flip(&mut figures.hub, order, hub, || read_hub(hub));
    figures.corrupt_databases += u64::from(!done);
}

/// A hub with a job of its own takes the whole log of the node.
fn merge(node: usize, hub: usize) -> Result<(), StoreError> {
    let (topic, vshard) = topic_of(0);
    let mut node = Node::start(node)?;
    let mut store = open(hub)?;
    let post = JobPost {
        key: "of the hub".to_owned(),
        fields: people::job_fields(0, EPOCH),
        seats: 5,
        policy: LossPolicy::Reclaim,
        keep_dates: true,
    };
    store.transact(|tx| {
        shard::keep_seal(tx, &SEAL_KEY)?;
        shard::import_job(&mut Shard { tx, vshard, now: EPOCH }, topic, &post)
    })?;
    let key = SigningKey::from_bytes(&key_of(WRITER)).verifying_key();
    let allowed = |wanted: TopicId| wanted == topic;
    let author = Author { writer: WRITER, key: Some(&key), allowed: &allowed, is_current: true };
    let mut told = 0;
    loop {
        let read = |tx: &mut dyn ShardTx| tx.read_own(vshard, told, BATCH_ENTRIES_MAX, BATCH_BYTES_MAX);
        let (entries, head) = node.store.read(read)?;
        let Some(head) = head.filter(|_| !entries.is_empty()) else { return Ok(()) };
        let signature = node.me.sign_head(vshard, &head);
        let up = Up { vshard: vshard.0, first: told + 1, entries, signature };
        let taken = store.transact(|tx| shard::take(tx, EPOCH, &author, &up))?;
        if taken.answer != Answer::Acknowledge(head.wseq) {
            return Err(StoreError::BadRow("the hub does not take the log of the node"));
        }
        told = head.wseq;
    }
}

/// The row of a sign-up in the ledger, as its bytes stand in the file.
fn ledger_row(job: JobId, seat: &SeatRow) -> Vec<u8> {
    [&job.to_bytes()[..], &seat.sign_up.to_bytes(), &seat.holder.to_bytes(), &seat.worker.0].concat()
}

fn read_node(number: usize) -> Read {
    let (_, vshard) = topic_of(0);
    let mut store = open(number)?;
    let read = store.read(|tx| {
        let (own, head) = tx.read_own(vshard, 0, BATCH_ENTRIES_MAX, BATCH_BYTES_MAX)?;
        let mut all = format!("{own:?}{head:?}{:?}{:?}", tx.cursors()?, tx.acked(vshard)?);
        let mut rows: Vec<Vec<u8>> = own.into_iter().map(|entry| entry.body).collect();
        for (_, summary) in tx.jobs_after(0)? {
            let job = summary.job;
            let seats = tx.seats(vshard, job)?;
            all += &format!("{:?}{seats:?}{:?}", tx.node_job(vshard, job)?, tx.waiting(vshard, job)?);
            rows.extend(seats.iter().map(|seat| ledger_row(job, seat)));
            for seat in seats {
                let receipt = tx.receipt(vshard, seat.sign_up)?;
                all += &format!("{:?}{receipt:?}", tx.sign_up(seat.sign_up)?);
            }
        }
        Ok((all, rows))
    })?;
    store.quick_check()?;
    Ok(read)
}

fn read_hub(number: usize) -> Read {
    let (_, vshard) = topic_of(0);
    let mut store = open(number)?;
    let read = store.read(|tx| {
        let (history, last) = tx.head(vshard)?;
        let (origin, standing) = (tx.origin(vshard, WRITER)?, tx.standing(vshard, WRITER)?);
        let mut all = format!("{history} {last} {origin:?}{standing:?}");
        let (mut rows, mut after) = (Vec::new(), 0);
        while after < last {
            let page = tx.read_since(vshard, after, BATCH_ENTRIES_MAX, BATCH_BYTES_MAX)?;
            all += &format!("{:?}", page.entries);
            if page.upto == after {
                return Err(StoreError::BadRow("a sequence that ends before its head"));
            }
            after = page.upto;
            rows.extend(page.entries.into_iter().map(|(_, sequenced)| sequenced.entry.body));
        }
        for (_, summary) in tx.jobs_after(0)? {
            let job = summary.job;
            let (seats, holdings) = (tx.seats(vshard, job)?, tx.holdings(vshard, job)?);
            all +=
                &format!("{:?}{seats:?}{holdings:?}{:?}", tx.hub_job(vshard, job)?, tx.waiting(vshard, job)?);
            rows.extend(seats.iter().map(|seat| ledger_row(job, seat)));
            rows.extend(
                holdings.iter().map(|(writer, _)| [&job.to_bytes()[..], &writer.to_bytes()].concat()),
            );
            for seat in seats {
                all += &format!("{:?}{:?}", tx.sign_up(seat.sign_up)?, tx.ending(vshard, job, seat.sign_up)?);
            }
        }
        Ok((all, rows))
    })?;
    store.quick_check()?;
    Ok(read)
}

/// Turns bits over: every second one within the rows of changes and of the ledger. `false` where the database cannot be read
/// before, or holds no row.
fn flip(figures: &mut Flips, order: &Order, number: usize, read: impl Fn() -> Read) -> bool {
    let Ok((whole, rows)) = read() else { return false };
    let image = disk::with(number, |disk| disk.image(|name| name == DATABASE));
    let file = image.file(DATABASE).unwrap_or_default();
    let places = places(file, &rows);
    if places.is_empty() {
        return false;
    }
    let mut random = Random::new(order.part, 0xf11b);
    for n in (0..order.flips).filter(|n| n % order.of == order.part) {
        let in_row = (n / order.of).is_multiple_of(2);
        let (at, len) = if in_row { places[random.index(places.len())] } else { (0, file.len()) };
        let pick = at as u64 * 8 + random.below(len as u64 * 8);
        disk::with(number, |disk| disk.flip_bit(DATABASE, pick));
        figures.flips += 1;
        figures.flips_in_rows += u64::from(in_row);
        match read() {
            Err(_) => {
                figures.flips_noticed += 1;
                figures.flips_in_rows_noticed += u64::from(in_row);
            }
            Ok((read, _)) if read == whole => figures.flips_without_effect += 1,
            Ok(_) => figures.flips_unnoticed += 1,
        }
        // What SQLite leaves beside the file belongs to this flip.
        disk::with(number, |disk| disk.put_image(&image, |_| true));
    }
    true
}

/// Where the rows lie in the file, and how long they are: in cells that are in use, since a page keeps what is no longer so.
fn places(file: &[u8], rows: &[Vec<u8>]) -> Vec<(usize, usize)> {
    let Some(page_bytes) = file.get(16..18).map(|two| usize::from(u16::from_be_bytes([two[0], two[1]])))
    else {
        return Vec::new();
    };
    let cells: BTreeSet<(usize, usize)> = (0..file.len() / page_bytes.max(512))
        .flat_map(|page| cells_of(&file[page * page_bytes..][..page_bytes], page * page_bytes))
        .collect();
    let wanted: Vec<&[u8]> =
        rows.iter().filter(|row| row.len() >= BODY_BYTES_MIN).map(Vec::as_slice).collect();
    let mut places = BTreeSet::new();
    for (at, len) in cells {
        let cell = &file[at..at + len];
        for row in &wanted {
            if let Some(within) = cell.windows(row.len()).position(|found| found == *row) {
                places.insert((at + within, row.len()));
            }
        }
    }
    places.into_iter().collect()
}

/// The cells of a page of an index or of a table without row ids: where the payload of each begins in the file, and how much
/// of it lies here (SQLite's file format, 1.6).
fn cells_of(page: &[u8], base: usize) -> Vec<(usize, usize)> {
    let header = if base == 0 { 100 } else { 0 };
    let two = |at: usize| page.get(at..at + 2).map(|two| usize::from(u16::from_be_bytes([two[0], two[1]])));
    // 2 and 10 are inner pages and leaves; an inner one's cells begin with the number of a page.
    let (pointers, skipped) = match page.get(header) {
        Some(2) => (header + 12, 4),
        Some(10) => (header + 8, 0),
        Some(_) | None => return Vec::new(),
    };
    let count = two(header + 3).unwrap_or(0);
    let cell = |n: usize| {
        let mut at = two(pointers + 2 * n)? + skipped;
        let mut bytes = 0;
        loop {
            let next = *page.get(at)?;
            at += 1;
            bytes = bytes << 7 | usize::from(next & 0x7f);
            if next < 0x80 {
                break;
            }
        }
        Some((base + at, bytes.min(page.len() - at)))
    };
    (0..count).filter_map(cell).collect()
}
