//! SQLite on the simulated disk: what is committed survives, and every fault leaves the old state or the new one.

use simulations::{
    disk::{self, Effect, Operation},
    exhaustive::with_mutant,
    trials::{self, Figures, Flips, Order},
    vfs,
};
use std::path::Path;
use sync_protocol::{
    ids::{JobId, TopicId, VshardId, Writer},
    log::{Entry, EntryKind},
    mutant::Mutant,
};
use sync_store::ShardStore as _;
use sync_store::{OpenOptions, SqliteShard, StoreError};

const VSHARD: VshardId = VshardId(7);
const WRITER: Writer = Writer::new(1, 1);

/// Empty disks; returns the number of the one to use.
fn begin(seed: u64) -> usize {
    vfs::register();
    disk::clear();
    disk::add(seed);
    disk::add(seed)
}

fn open(number: usize) -> Result<SqliteShard, StoreError> {
    OpenOptions::new(Path::new(&format!("{number}/node.sqlite"))).vfs(vfs::NAME).open()
}

fn append(store: &mut SqliteShard, n: u64) -> Result<u64, StoreError> {
    let job = JobId::job(WRITER, n);
    let body = vec![n.to_le_bytes()[0]; 900];
    store.transact(|tx| {
        let entry = Entry::new(EntryKind::Change, TopicId(1), job, body);
        tx.append(VSHARD, None, WRITER, &entry)?;
        Ok(tx.append_own(VSHARD, WRITER, &entry)?.wseq)
    })
}

/// Length of the own log and of the vshard; reading compares chain and checksums.
fn lengths(number: usize) -> (u64, u64) {
    let mut store = open(number).unwrap();
    store.quick_check().unwrap();
    store
        .read(|tx| {
            let own = tx.read_own(VSHARD, 0, 10_000, usize::MAX)?.0.len() as u64;
            let page = tx.read_since(VSHARD, 0, 10_000, usize::MAX)?;
            assert_eq!(page.entries.len() as u64, page.upto);
            Ok((own, page.upto))
        })
        .unwrap()
}

/// A fixed workload of 40 transactions and two checkpoints. Returns how many were acknowledged.
fn work(number: usize) -> (u64, bool) {
    let Ok(mut store) = open(number) else { return (0, false) };
    for n in 1..=40 {
        if append(&mut store, n).is_err() {
            return (n - 1, true);
        }
        if n % 16 == 0 && store.checkpoint().is_err() {
            return (n, false);
        }
    }
    (40, false)
}

fn cut(number: usize) {
    disk::with(number, |disk| {
        disk.power_off();
        disk.power_on(true);
    });
}

fn check(seed: u64, on: Operation, after: u64, effect: Effect, cuts_power: bool) {
    let number = begin(seed);
    disk::with(number, |disk| disk.order(on, after, effect));
    let (acknowledged, under_way) = work(number);
    if cuts_power {
        cut(number);
    }
    disk::with(number, disk::Disk::calm);
    let (own, sequence) = lengths(number);
    assert_eq!(own, sequence, "one transaction, two tables: {on:?} {after} {effect:?}");
    let most = acknowledged + u64::from(under_way);
    assert!(
        (acknowledged..=most).contains(&own),
        "{on:?} {after} {effect:?}: {own} of {acknowledged} acknowledged"
    );
}

fn operations() -> (u64, u64) {
    let number = begin(0);
    assert_eq!(work(number), (40, false));
    let counts = disk::with(number, |disk| disk.counts());
    (counts.writes, counts.syncs)
}

#[test]
fn a_power_cut_at_any_write_keeps_what_was_acknowledged() {
    let (writes, syncs) = operations();
    for n in 0..writes {
        check(n, Operation::Write, n, Effect::PowerCut, true);
    }
    for n in 0..syncs {
        check(n, Operation::Sync, n, Effect::PowerCut, true);
    }
}

#[test]
fn an_error_at_any_write_leaves_the_old_or_the_new_state() {
    let (writes, syncs) = operations();
    for n in 0..writes {
        check(n, Operation::Write, n, Effect::Eio, false);
        check(n, Operation::Write, n, Effect::Full, n % 2 == 0);
    }
    for n in 0..syncs {
        check(n, Operation::Sync, n, Effect::Eio, n % 2 == 0);
    }
}

#[test]
fn a_lying_sync_loses_what_was_acknowledged() {
    // The model must be able to lose data at all: else the tests above prove nothing.
    let lost = (0..20).filter(|seed| {
        let number = begin(*seed);
        disk::with(number, |disk| disk.lies = true);
        assert_eq!(work(number), (40, false));
        cut(number);
        let left = open(number)
            .and_then(|mut store| store.read(|tx| Ok(tx.own_head(VSHARD)?.map_or(0, |h| h.wseq))));
        left.map_or(true, |left| left < 40)
    });
    assert!(lost.count() > 0);
}

#[test]
fn torn_sectors_are_old_or_new() {
    let mut torn = 0;
    for seed in 0..50 {
        let number = begin(seed);
        disk::with(number, |disk| disk.order(Operation::Write, 60 + seed, Effect::PowerCut));
        work(number);
        cut(number);
        torn += disk::with(number, |disk| disk.counts().torn_sectors);
    }
    assert!(torn > 50, "{torn} sectors torn");
}

#[test]
fn a_nodes_day_survives_a_fault_at_every_operation() {
    let order = Order { power_cuts: 300, errors: true, flips: 200, part: 0, of: 1 };
    let figures = with_mutant(None, || trials::run(&order));
    assert!(figures.is_sound(), "{figures:?}");
    assert!(figures.io_errors > figures.disk_full && figures.disk_full > 500, "{figures:?}");
    for flips in [figures.flips, figures.hub] {
        assert_eq!(
            (flips.flips, flips.flips_in_rows, flips.flips_in_rows_noticed),
            (200, 100, 100),
            "{figures:?}"
        );
    }
}

#[test]
fn one_unnoticed_bit_is_one_too_many() {
    let check = |change: fn(&mut Figures), is_sound| {
        let noticed = Flips { flips: 4, flips_in_rows: 2, flips_in_rows_noticed: 2, ..Flips::default() };
        let mut figures = Figures { flips: noticed, hub: noticed, ..Figures::default() };
        change(&mut figures);
        assert_eq!(figures.is_sound(), is_sound, "{figures:?}");
    };
    check(|_| (), true);
    check(|figures| figures.flips.flips_in_rows_noticed = 1, false);
    check(|figures| figures.hub.flips_in_rows_noticed = 1, false);
    check(|figures| figures.flips.flips_unnoticed = 1, false);
    check(|figures| figures.hub.flips_unnoticed = 1, false);
}

#[test]
fn a_node_that_answers_before_the_sync_is_found_out() {
    // Else the trial above proves nothing. The witness of such a node is ahead of its database.
    let order = Order { power_cuts: 200, errors: false, flips: 0, part: 0, of: 1 };
    let figures = with_mutant(Some(Mutant::SyncNormal), || trials::run(&order));
    assert!(!figures.is_sound(), "{figures:?}");
}
