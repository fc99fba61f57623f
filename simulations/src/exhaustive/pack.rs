//! States as few bytes: one canonical form for all states that differ only in names, and a fingerprint of 128 bits.

use super::{
    instance::{Budget, Instance},
    log::Log,
    state::{Backup, MESSAGES_MAX, Node, Row, SLOTS, Seats, Site, State, View},
};
use sync_protocol::seats::{EndReason, Excess, HubHolding, HubJob, NodeJob, SeatState, Standing};

const WORDS: usize = 7;

/// Bits of one part of a state, the first in the lowest place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Bits {
    words: [u64; WORDS],
    len: u32,
}

impl Bits {
    fn push(&mut self, value: u64, bits: u32) {
        debug_assert!(bits == 64 || value >> bits == 0, "{value} does not fit {bits} bits");
        let (word, shift) = ((self.len / 64) as usize, self.len % 64);
        self.words[word] |= value << shift;
        if shift + bits > 64 {
            self.words[word + 1] |= value >> (64 - shift);
        }
        self.len += bits;
    }

    fn push_log(&mut self, log: Log) {
        let len = log.len();
        self.push(u64::from(len), 5);
        if len > 0 {
            self.push(log.bits(), 4 * len);
        }
    }
}

/// Reads bits in the order in which they were pushed.
struct Reader {
    bits: Bits,
}

impl Reader {
    fn take(&mut self, bits: u32) -> u64 {
        let (word, shift) = ((self.bits.len / 64) as usize, self.bits.len % 64);
        let mut value = self.bits.words[word] >> shift;
        if shift + bits > 64 {
            value |= self.bits.words[word + 1] << (64 - shift);
        }
        self.bits.len += bits;
        if bits == 64 { value } else { value & ((1 << bits) - 1) }
    }

    fn flag(&mut self) -> bool {
        self.take(1) == 1
    }

    fn small(&mut self, bits: u32) -> u8 {
        u8::try_from(self.take(bits)).unwrap_or(u8::MAX)
    }

    fn log(&mut self) -> Log {
        let len = u32::from(self.small(5));
        Log::from_bits(if len == 0 { 0 } else { self.take(4 * len) })
    }
}

/// A state packed in its canonical form: the same for all states that differ only in which node and sign-up is which.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packed {
    hub: u64,
    sites: [Bits; 3],
    nodes: usize,
}

/// Packs a state whose sites are tidy.
#[must_use]
pub fn pack(state: &State, nodes: usize) -> Packed {
    Packer::new(state, nodes).pack(state)
}

/// Packs the states that follow from one; sites that are the same there are not packed again.
#[derive(Debug)]
pub(super) struct Packer<'a> {
    from: &'a State,
    sites: [Bits; 3],
    nodes: usize,
}

impl<'a> Packer<'a> {
    pub(super) fn new(from: &'a State, nodes: usize) -> Self {
        let mut sites = [Bits::default(); 3];
        for (bits, site) in sites.iter_mut().zip(&from.sites[..nodes]) {
            *bits = canonical_site(site);
        }
        Self { from, sites, nodes }
    }

    pub(super) fn pack(&self, state: &State) -> Packed {
        let mut sites = self.sites;
        let pairs = self.from.sites.iter().zip(&state.sites).take(self.nodes);
        for (bits, (_, new)) in sites.iter_mut().zip(pairs).filter(|(_, (old, new))| old != new) {
            *bits = canonical_site(new);
        }
        sites[..self.nodes].sort_unstable();
        Packed { hub: pack_hub(state), sites, nodes: self.nodes }
    }
}

fn canonical_site(site: &Site) -> Bits {
    pack_site(site).min(pack_site(&site.swapped()))
}

impl Packed {
    /// The fingerprint; both halves are never 0.
    #[must_use]
    pub fn fingerprint(&self) -> [u64; 2] {
        let mut lanes = [0x243f_6a88_85a3_08d3_u64, 0x1319_8a2e_0370_7344];
        absorb(&mut lanes, self.hub);
        for site in &self.sites[..self.nodes] {
            absorb(&mut lanes, u64::from(site.len));
            for word in &site.words[..site.len.div_ceil(64) as usize] {
                absorb(&mut lanes, *word);
            }
        }
        absorb(&mut lanes, 0);
        lanes.map(|lane| lane.max(1))
    }

    /// Appends the packed bytes, led by their number.
    pub fn write(&self, to: &mut Vec<u8>) {
        let start = to.len();
        to.push(0);
        to.extend_from_slice(&self.hub.to_le_bytes());
        for site in &self.sites[..self.nodes] {
            let bytes = site.len.div_ceil(8) as usize;
            to.push(u8::try_from(bytes).unwrap_or(u8::MAX));
            for (at, word) in site.words[..bytes.div_ceil(8)].iter().enumerate() {
                to.extend_from_slice(&word.to_le_bytes()[..(bytes - 8 * at).min(8)]);
            }
        }
        to[start] = u8::try_from(to.len() - start - 1).unwrap_or(u8::MAX);
    }
}

fn absorb(lanes: &mut [u64; 2], word: u64) {
    let fold = |a: u64, b: u64| {
        let wide = u128::from(a) * u128::from(b);
        #[expect(clippy::cast_possible_truncation, reason = "both halves are folded into one")]
        let folded = (wide as u64) ^ ((wide >> 64) as u64);
        folded
    };
    lanes[0] = fold(lanes[0] ^ word, 0x9e37_79b9_7f4a_7c15).wrapping_add(word.rotate_left(17));
    lanes[1] = fold(lanes[1].rotate_left(23) ^ word, 0xd6e8_feb8_6659_fd93) ^ word.rotate_left(41);
}

/// Reads one packed state; returns it and the rest of the bytes.
#[must_use]
pub(super) fn unpack<'a>(bytes: &'a [u8], instance: &Instance) -> (State, &'a [u8]) {
    let (record, rest) = bytes[1..].split_at(usize::from(bytes[0]));
    let mut state = State::initial(instance);
    let (hub, mut record) = record.split_at(8);
    let mut word = [0; 8];
    word.copy_from_slice(hub);
    unpack_hub(u64::from_le_bytes(word), instance, &mut state);
    for site in &mut state.sites[..instance.nodes] {
        let (packed, others) = record[1..].split_at(usize::from(record[0]));
        record = others;
        let mut bits = Bits::default();
        for (at, chunk) in packed.chunks(8).enumerate() {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            bits.words[at] = u64::from_le_bytes(word);
        }
        *site = unpack_site(bits, instance);
    }
    (state, rest)
}

fn pack_hub(state: &State) -> u64 {
    let mut bits = Bits::default();
    let job = state.hub.job;
    bits.push(u64::from(job.is_some()), 1);
    if let Some(job) = job {
        bits.push(u64::from(job.open), 1);
        bits.push(u64::from(job.cap), 4);
        bits.push(u64::from(job.bound), 4);
        bits.push(u64::from(job.excess == Excess::BumpLatest), 1);
    }
    push_holding(&mut bits, &state.hub.own);
    let left = &state.hub.left;
    for count in [
        left.grants,
        left.ends,
        left.recalls,
        left.caps,
        left.closes,
        left.fences,
        left.restores,
        left.births,
    ] {
        bits.push(u64::from(count), 3);
    }
    bits.words[0]
}

fn unpack_hub(word: u64, instance: &Instance, state: &mut State) {
    let mut words = [0; WORDS];
    words[0] = word;
    let mut reader = Reader { bits: Bits { words, len: 0 } };
    state.hub.job = reader.flag().then(|| {
        let open = reader.flag();
        let (cap, bound) = (u32::from(reader.small(4)), u32::from(reader.small(4)));
        let excess = if reader.flag() { Excess::BumpLatest } else { Excess::Keep };
        HubJob { open, bound, excess, ..HubJob::new(cap, instance.policy) }
    });
    state.hub.own = take_holding(&mut reader);
    let mut next = || reader.small(3);
    state.hub.left = Budget {
        grants: next(),
        ends: next(),
        recalls: next(),
        caps: next(),
        closes: next(),
        fences: next(),
        restores: next(),
        births: next(),
    };
}

fn pack_site(site: &Site) -> Bits {
    let mut bits = Bits::default();
    let Site { node, view, up, down } = site;
    push_job(&mut bits, &node.job);
    push_seats(&mut bits, node.seats);
    bits.push(u64::from(node.base), 4);
    for flag in [node.frozen, node.finished, node.restored, node.copied[0], node.copied[1]] {
        bits.push(u64::from(flag), 1);
    }
    bits.push(u64::from(node.forgotten), 2);
    bits.push_log(node.log);
    bits.push(u64::from(node.backup.is_some()), 1);
    if let Some(backup) = &node.backup {
        push_job(&mut bits, &backup.job);
        push_seats(&mut bits, backup.seats);
        bits.push_log(backup.log);
    }
    push_holding(&mut bits, &view.holding);
    bits.push(view.standing as u64, 2);
    bits.push(u64::from(view.reclaimed), 1);
    push_seats(&mut bits, view.seats);
    bits.push_log(view.log);
    push_orders(&mut bits, view.ends, view.recall_keep);
    // The order in which messages were sent means nothing; free places come last, as few of them may be in use.
    let mut reports = up.map(|log| log.map_or(0, Log::bits));
    reports.sort_unstable_by(|a, b| b.cmp(a));
    for report in reports {
        bits.push_log(Log::from_bits(report));
    }
    let mut rows = down.map(|row| row.map(|row| pack_row(&row)));
    rows.sort_unstable_by(|a, b| b.cmp(a));
    for row in rows {
        bits.push(u64::from(row.is_some()), 1);
        if let Some(row) = row {
            bits.push(row, ROW_BITS);
        }
    }
    bits
}

fn unpack_site(bits: Bits, instance: &Instance) -> Site {
    let mut reader = Reader { bits: Bits { len: 0, ..bits } };
    let mut node = Node { job: take_job(&mut reader, instance), ..Node::default() };
    node.seats = take_seats(&mut reader);
    node.base = reader.small(4);
    (node.frozen, node.finished, node.restored) = (reader.flag(), reader.flag(), reader.flag());
    node.copied = [reader.flag(), reader.flag()];
    node.forgotten = reader.small(2);
    node.log = reader.log();
    node.backup = reader.flag().then(|| Backup {
        job: take_job(&mut reader, instance),
        seats: take_seats(&mut reader),
        log: reader.log(),
    });
    let mut view = View { holding: take_holding(&mut reader), ..View::default() };
    view.standing = match reader.take(2) {
        0 => Standing::Live,
        1 => Standing::Fenced,
        _ => Standing::Settled,
    };
    view.reclaimed = reader.flag();
    view.seats = take_seats(&mut reader);
    view.log = reader.log();
    (view.ends, view.recall_keep) = take_orders(&mut reader);
    let mut site = Site { node, view, ..Site::default() };
    for report in &mut site.up {
        *report = Some(reader.log()).filter(|log| !log.is_empty());
    }
    for row in &mut site.down {
        *row = reader.flag().then(|| unpack_row(&mut reader));
    }
    site
}

const ROW_BITS: u32 = 5 + 1 + ORDER_BITS;
const ORDER_BITS: u32 = 6 + 3;

fn pack_row(row: &Row) -> u64 {
    let mut bits = Bits::default();
    bits.push(u64::from(row.granted), 5);
    bits.push(u64::from(row.open), 1);
    push_orders(&mut bits, row.ends, row.recall_keep);
    bits.words[0]
}

fn unpack_row(reader: &mut Reader) -> Row {
    let (granted, open) = (u32::from(reader.small(5)), reader.flag());
    let (ends, recall_keep) = take_orders(reader);
    Row { granted, open, ends, recall_keep }
}

fn push_orders(bits: &mut Bits, ends: [Option<EndReason>; SLOTS], recall_keep: Option<u8>) {
    for end in ends {
        bits.push(end.map_or(0, |reason| reason as u64 + 1), 3);
    }
    bits.push(recall_keep.map_or(0, |keep| u64::from(keep) + 1), 3);
}

fn take_orders(reader: &mut Reader) -> ([Option<EndReason>; SLOTS], Option<u8>) {
    let mut end = || match reader.take(3) {
        0 => None,
        1 => Some(EndReason::Worker),
        2 => Some(EndReason::Closed),
        3 => Some(EndReason::CapLowered),
        _ => Some(EndReason::Duplicate),
    };
    let ends = [end(), end()];
    (ends, reader.small(3).checked_sub(1))
}

fn push_job(bits: &mut Bits, job: &NodeJob) {
    bits.push(u64::from(job.granted), 5);
    bits.push(u64::from(job.returned), 4);
    bits.push(u64::from(job.live), 2);
    bits.push(u64::from(job.closed), 1);
}

fn take_job(reader: &mut Reader, instance: &Instance) -> NodeJob {
    NodeJob {
        granted: u32::from(reader.small(5)),
        returned: u32::from(reader.small(4)),
        live: u32::from(reader.small(2)),
        closed: reader.flag(),
        policy: instance.policy,
    }
}

fn push_holding(bits: &mut Bits, holding: &HubHolding) {
    bits.push(u64::from(holding.granted), 4);
    bits.push(u64::from(holding.returned), 4);
    bits.push(u64::from(holding.live), 3);
}

fn take_holding(reader: &mut Reader) -> HubHolding {
    HubHolding {
        granted: u32::from(reader.small(4)),
        returned: u32::from(reader.small(4)),
        live: u32::from(reader.small(3)),
    }
}

fn push_seats(bits: &mut Bits, seats: Seats) {
    for seat in seats {
        let code = match seat {
            None => 0,
            Some(SeatState::Live) => 1,
            Some(SeatState::Cancelled) => 2,
            Some(_) => 3,
        };
        bits.push(code, 2);
    }
}

fn take_seats(reader: &mut Reader) -> Seats {
    let mut seat = || match reader.take(2) {
        0 => None,
        1 => Some(SeatState::Live),
        2 => Some(SeatState::Cancelled),
        _ => Some(SeatState::Bumped),
    };
    [seat(), seat()]
}

/// The canonical state that a state stands for.
#[must_use]
pub fn canonical(state: &State, instance: &Instance) -> State {
    let mut bytes = Vec::new();
    pack(state, instance.nodes).write(&mut bytes);
    unpack(&bytes, instance).0
}

const _: () = assert!(MESSAGES_MAX == 2, "reports and rows are packed in pairs");
