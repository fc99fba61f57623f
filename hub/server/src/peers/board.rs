//! What is known of each node's contact: who is connected, how far each has come, at what cost. In memory only.

use crate::{
    clock,
    directory::Picture,
    limits::{BEHIND_MS, ELIGIBLE_FOR},
};
use hub_core::leases::Leases;
use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Instant,
};
use sync_protocol::{
    ids::{VshardId, Writer},
    wire::v1::DownState,
};
use sync_quic::{CloseCode, LinkHandle, LinkStats};

/// How the hub sees a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PeerState {
    Up,
    Behind,
    CutOff,
    Fenced,
    Never,
}

/// Contact with one incarnation of a node since the hub started.
#[derive(Debug, Clone)]
pub(crate) struct Contact {
    pub(crate) writer: Writer,
    /// The session that stands, if one does.
    link: Option<(u64, LinkHandle)>,
    /// Epoch seconds.
    pub(crate) last_contact_at: i64,
    last_contact: Instant,
    /// Entries that the node has not acknowledged.
    pub(crate) behind: u64,
    /// From a batch to its acknowledgement, the last one or the one under way.
    pub(crate) lag_ms: u64,
    pub(crate) cursors: BTreeMap<VshardId, DownState>,
    pub(crate) received: BTreeMap<VshardId, u64>,
    pub(crate) batches_sent: u64,
    pub(crate) batches_received: u64,
    pub(crate) sessions: u64,
    /// Whether it gives back its rights and wants no more, as it said when it was welcomed; none before.
    pub(crate) draining: Option<bool>,
    /// Of ended sessions.
    ended_sent: u64,
    ended_received: u64,
}

impl Contact {
    fn new(writer: Writer) -> Self {
        Self {
            writer,
            link: None,
            last_contact_at: clock::now(),
            last_contact: Instant::now(),
            behind: 0,
            lag_ms: 0,
            cursors: BTreeMap::new(),
            received: BTreeMap::new(),
            batches_sent: 0,
            batches_received: 0,
            sessions: 0,
            draining: None,
            ended_sent: 0,
            ended_received: 0,
        }
    }

    /// Whether a session stands.
    pub(crate) const fn is_connected(&self) -> bool {
        self.link.is_some()
    }

    /// Bytes sent to the node and received from it.
    pub(crate) fn bytes(&self) -> (u64, u64) {
        let LinkStats { bytes_sent, bytes_received, .. } =
            self.link.as_ref().map(|(_, link)| link.stats()).unwrap_or_default();
        (self.ended_sent + bytes_sent, self.ended_received + bytes_received)
    }

    fn end(&mut self) {
        (self.ended_sent, self.ended_received) = self.bytes();
        self.link = None;
    }
}

/// Milliseconds since the hub's start, by a clock that does not go back: what leases are measured by.
#[derive(Clone)]
pub(crate) struct LeaseClock(Arc<dyn Fn() -> u64 + Send + Sync>);

impl LeaseClock {
    /// A clock that says what `now_ms` says.
    pub(crate) fn new(now_ms: impl Fn() -> u64 + Send + Sync + 'static) -> Self {
        Self(Arc::new(now_ms))
    }

    /// The machine's clock, from now on.
    pub(crate) fn start() -> Self {
        let started = Instant::now();
        Self::new(move || u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX))
    }
}

impl fmt::Debug for LeaseClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("LeaseClock").field(&(self.0)()).finish()
    }
}

/// All contacts.
#[derive(Debug)]
pub(crate) struct Board {
    contacts: Mutex<Contacts>,
    clock: LeaseClock,
}

#[derive(Debug, Default)]
struct Contacts {
    /// Two boxes may have one name, an old one and the one that followed: neither is in the other's way.
    of: BTreeMap<Writer, Contact>,
    leases: Leases,
    sessions: u64,
    /// When a file of it was taken last, epoch seconds; of each node the latest incarnation alone.
    carried: BTreeMap<Writer, i64>,
}

impl Board {
    /// Nobody has had contact yet; leases run by this clock.
    pub(crate) fn new(clock: LeaseClock) -> Self {
        Self { contacts: Mutex::default(), clock }
    }

    fn lock(&self) -> MutexGuard<'_, Contacts> {
        self.contacts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A session stands; the incarnation's earlier one is closed. Returns the session's number and whether the
    /// incarnation had not been eligible for rights before.
    pub(crate) fn connect(&self, writer: Writer, link: LinkHandle) -> (u64, bool) {
        let mut contacts = self.lock();
        contacts.sessions += 1;
        let session = contacts.sessions;
        let fresh = contacts.of.get(&writer).is_none_or(|contact| !is_eligible(contact));
        // What is known of incarnations that are over is of use only while they are here.
        contacts.of.retain(|other, contact| {
            other.node != writer.node || other.incarnation >= writer.incarnation || contact.is_connected()
        });
        let contact = contacts.of.entry(writer).or_insert_with(|| Contact::new(writer));
        if let Some((_, earlier)) = &contact.link {
            earlier.close(CloseCode::Replaced, "a newer session of the same node");
            contact.end();
        }
        contact.link = Some((session, link));
        contact.sessions += 1;
        touch(contact);
        (session, fresh)
    }

    /// The session has ended.
    pub(crate) fn disconnect(&self, writer: Writer, session: u64) {
        self.update(writer, session, Contact::end);
    }

    /// Changes what is known through a session, unless a newer one stands.
    pub(crate) fn update(&self, writer: Writer, session: u64, change: impl FnOnce(&mut Contact)) {
        let mut contacts = self.lock();
        let contact = contacts.of.get_mut(&writer);
        if let Some(contact) =
            contact.filter(|contact| contact.link.as_ref().is_some_and(|(of, _)| *of == session))
        {
            change(contact);
        }
    }

    /// Whether this session of the node still stands.
    pub(crate) fn is_current(&self, writer: Writer, session: u64) -> bool {
        let contacts = self.lock();
        let link = contacts.of.get(&writer).and_then(|contact| contact.link.as_ref());
        link.is_some_and(|(of, _)| *of == session)
    }

    /// What an incarnation has acknowledged of each vshard since this hub started.
    pub(crate) fn cursors(&self, writer: Writer) -> BTreeMap<VshardId, DownState> {
        self.lock().of.get(&writer).map(|contact| contact.cursors.clone()).unwrap_or_default()
    }

    /// Whether any session of the incarnation stands.
    pub(crate) fn is_connected(&self, writer: Writer) -> bool {
        self.lock().of.get(&writer).is_some_and(Contact::is_connected)
    }

    /// Something was heard through a session.
    pub(crate) fn heard(&self, writer: Writer, session: u64) {
        self.update(writer, session, touch);
    }

    /// An incarnation's lease begins anew.
    pub(crate) fn renew_lease(&self, writer: Writer) {
        self.lock().leases.renew(writer, (self.clock.0)());
    }

    /// Whether no lease of this incarnation can run any more.
    pub(crate) fn lease_is_over(&self, writer: Writer) -> bool {
        self.lock().leases.is_over(writer, (self.clock.0)())
    }

    /// Closes the sessions of earlier incarnations.
    pub(crate) fn drop_older(&self, writer: Writer) {
        let contacts = self.lock();
        let older = contacts.of.range(Writer::new(writer.node.0, 0)..writer);
        for (_, link) in older.filter_map(|(_, contact)| contact.link.as_ref()) {
            link.close(CloseCode::Revoked, "a newer incarnation has joined");
        }
    }

    /// A file of this incarnation was taken.
    pub(crate) fn carried(&self, writer: Writer) {
        let mut contacts = self.lock();
        contacts
            .carried
            .retain(|other, _| other.node != writer.node || other.incarnation >= writer.incarnation);
        contacts.carried.insert(writer, clock::now());
    }

    /// When a file of each incarnation was taken last, epoch seconds.
    pub(crate) fn carried_at(&self) -> BTreeMap<Writer, i64> {
        self.lock().carried.clone()
    }

    /// What is known of every incarnation that has had contact.
    pub(crate) fn contacts(&self) -> BTreeMap<Writer, Contact> {
        self.lock().of.clone()
    }

    /// Nodes of a region that may be granted rights.
    pub(crate) fn eligible(&self, picture: &Picture, region: &str) -> Vec<Writer> {
        let contacts = self.lock();
        let stands = |contact: &&Contact| {
            let node = picture.node(contact.writer);
            is_eligible(contact) && node.is_some_and(|node| node.fenced.is_none() && node.region == region)
        };
        contacts.of.values().filter(stands).map(|contact| contact.writer).collect()
    }
}

/// How the hub sees a node, from its record and its contact.
pub(crate) fn state(fenced: bool, contact: Option<&Contact>) -> PeerState {
    match contact {
        _ if fenced => PeerState::Fenced,
        None => PeerState::Never,
        Some(contact) if !contact.is_connected() => PeerState::CutOff,
        Some(contact) if contact.behind > 0 && contact.lag_ms > BEHIND_MS => PeerState::Behind,
        Some(_) => PeerState::Up,
    }
}

fn is_eligible(contact: &Contact) -> bool {
    contact.draining == Some(false)
        && (contact.is_connected() || contact.last_contact.elapsed() < ELIGIBLE_FOR)
}

fn touch(contact: &mut Contact) {
    contact.last_contact = Instant::now();
    contact.last_contact_at = clock::now();
}
