//! Puts the node together: what is shared between requests, loop and uplink, and the order of starting and stopping.

use crate::{
    config::{Config, Help},
    event_loop::{Event, EventLoop, Order, damaged, refuse},
    holds,
    http::{self, Changes, Desk},
    kiosk::{
        self,
        prints::{self, Prints},
        visit::Visits,
    },
    limits,
    outbox::{Outbox, Senders},
    papers::Papers,
    person::Persons,
    plugins::{self, AdmissionSlot, PluginStatus},
    rates::Gauges,
    readers::Readers,
    speech::Speech,
    telemetry::Metrics,
    uplink::{Question, Uplink},
};
use anyhow::Context;
use arc_swap::ArcSwap;
use edge_core::{
    node::{EdgeNode, Holds, JobView, Uplink as Line, job_row, job_view, remembered_view},
    person::Sealer,
    search::Index,
};
use enrolment::FolderHold;
use http_face::{Hosts, Rate, Rates};
use jiff::tz::TimeZone;
use pages::{agency::Clerks, country::Country, guesses::Guesses};
use plugin_host::ChainSlot;
use std::{
    collections::{BTreeMap, BTreeSet},
    io::Write,
    net::IpAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread::JoinHandle,
    time::{Instant, SystemTime, UNIX_EPOCH},
};
use sync_protocol::{
    ids::{JobId, SignUpId, VshardId, Writer},
    wire::v1::Interest,
};
use sync_quic::{HttpsListener, LinkHandle, LinkStats};
use sync_store::{OpenOptions, OpenStore, ShardStore, StoreError, Witness, WitnessError};
use tokio::{
    net::TcpListener,
    sync::{Notify, mpsc, watch},
    task::JoinSet,
};

mod news;

/// Milliseconds of the clock that runs from boot and counts sleep: what leases are measured by.
pub(crate) fn boot_ms() -> u64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
    now.tv_sec.unsigned_abs() * 1_000 + now.tv_nsec.unsigned_abs() / 1_000_000
}

/// What requests, event loop and uplink share.
pub(crate) struct Shared {
    pub(crate) name: String,
    pub(crate) region: String,
    pub(crate) node: u32,
    pub(crate) incarnation: u16,
    pub(crate) region_key: [u8; 32],
    pub(crate) time_zone: TimeZone,
    pub(crate) utc_offset_s: i32,
    /// ISO 4217 number of the region's currency, for plugins.
    pub(crate) currency: u16,
    pub(crate) position: Option<(i32, i32)>,
    pub(crate) country: Country,
    /// Whom the pages name for help.
    pub(crate) help: Help,
    /// Addresses of shared screens beside the box's own.
    pub(crate) screens: Vec<IpAddr>,
    /// What reads the pages aloud, where something does.
    pub(crate) speech: Option<Arc<Speech>>,
    /// What is printed, where something prints.
    pub(crate) prints: Option<Prints>,
    pub(crate) metrics: Metrics,
    pub(crate) readers: Readers,
    pub(crate) chain: ChainSlot,
    pub(crate) admission: AdmissionSlot,
    index: ArcSwap<Index>,
    /// Rises with each published index: part of ETags.
    generation: AtomicU64,
    link_is_up: AtomicBool,
    link_since: AtomicU64,
    last_contact: AtomicU64,
    last_word: AtomicU64,
    traffic: Mutex<Traffic>,
    frozen: Mutex<Option<String>>,
    draining: AtomicBool,
    /// The session with the hub is to begin anew.
    redial: Notify,
    /// Rights that are set aside, by job.
    held: ArcSwap<BTreeMap<JobId, u32>>,
    /// When the next hold ends, milliseconds since boot.
    hold_ends: watch::Sender<Option<u64>>,
    /// Until when the lease runs, milliseconds since boot.
    leased_until: AtomicU64,
    /// Whether some job here was made up for a demonstration: then a job that cannot be read counts as one.
    has_synthetic: AtomicBool,
    /// The same of old postings with made dates.
    has_redated: AtomicBool,
    refused_plugins: Mutex<Vec<PluginStatus>>,
    interest: ArcSwap<Interest>,
    heads: watch::Sender<BTreeMap<VshardId, u64>>,
    /// The outbox has something to send.
    pub(crate) told: Notify,
    /// Number of the latest batch that is done, for whoever waits for what it may bring.
    batches: watch::Sender<u64>,
    /// Batches that were begun; those before the latest are done.
    begun: AtomicU64,
    /// Wakes the uplink when somebody was erased here.
    erasures: watch::Sender<()>,
    /// Jobs that changed, for the event stream.
    pub(crate) changes: Changes,
    /// Signs timesheets and verifies receipts.
    pub(crate) papers: Papers,
}

/// Bytes to and from the hub.
#[derive(Debug, Default)]
struct Traffic {
    /// Of ended sessions.
    sent: u64,
    received: u64,
    /// The session that stands.
    link: Option<LinkHandle>,
}

impl Traffic {
    /// Sent and received, with those of the session that stands.
    fn bytes(&self) -> (u64, u64) {
        let LinkStats { bytes_sent, bytes_received, .. } =
            self.link.as_ref().map(LinkHandle::stats).unwrap_or_default();
        (self.sent + bytes_sent, self.received + bytes_received)
    }
}

impl Shared {
    /// Epoch seconds by the wall clock; no safety argument uses it.
    #[expect(clippy::unused_self, reason = "one place from which the node's clock is read")]
    pub(crate) fn now(&self) -> i64 {
        SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |d| i64::try_from(d.as_secs()).unwrap_or(i64::MAX))
    }

    /// The incarnation that this node is.
    pub(crate) fn writer(&self) -> Writer {
        Writer::new(self.node, self.incarnation)
    }

    fn now_u64(&self) -> u64 {
        self.now().unsigned_abs()
    }

    pub(crate) fn uplink(&self) -> Line {
        if self.link_is_up.load(Ordering::Relaxed) { Line::Up } else { Line::Down }
    }

    /// Epoch seconds since when the line is as it is, and when the hub was heard last (0 = never).
    pub(crate) fn link_times(&self) -> (u64, u64) {
        (self.link_since.load(Ordering::Relaxed), self.last_contact.load(Ordering::Relaxed))
    }

    pub(crate) fn set_link_up(&self) {
        self.link_is_up.store(true, Ordering::Relaxed);
        self.link_since.store(self.now_u64(), Ordering::Relaxed);
        self.hear();
        self.hear_word();
        self.metrics.link_up.set(1);
    }

    /// Returns whether the line was up until here.
    pub(crate) fn set_link_down(&self) -> bool {
        let was_up = self.link_is_up.swap(false, Ordering::Relaxed);
        if was_up {
            self.link_since.store(self.now_u64(), Ordering::Relaxed);
        }
        self.metrics.link_up.set(0);
        was_up
    }

    /// Something came from the hub.
    pub(crate) fn hear(&self) {
        self.last_contact.store(self.now_u64(), Ordering::Relaxed);
    }

    /// The hub itself has said something, if only that the lease runs on; its network answers also where it says nothing.
    pub(crate) fn hear_word(&self) {
        self.last_word.store(self.now_u64(), Ordering::Relaxed);
    }

    /// Epoch seconds at which the hub said something last, 0 = never.
    pub(crate) fn last_word(&self) -> u64 {
        self.last_word.load(Ordering::Relaxed)
    }

    /// A connection to the hub stands.
    pub(crate) fn begin_traffic(&self, link: LinkHandle) {
        self.traffic.lock().unwrap_or_else(PoisonError::into_inner).link = Some(link);
    }

    /// The connection is over; what it carried stays counted.
    pub(crate) fn end_traffic(&self) {
        let mut traffic = self.traffic.lock().unwrap_or_else(PoisonError::into_inner);
        (traffic.sent, traffic.received) = traffic.bytes();
        traffic.link = None;
    }

    /// Bytes sent and received since the start.
    pub(crate) fn traffic(&self) -> (u64, u64) {
        self.traffic.lock().unwrap_or_else(PoisonError::into_inner).bytes()
    }

    /// The hub has renewed the lease.
    pub(crate) fn set_lease(&self, until_ms: u64) {
        self.leased_until.fetch_max(until_ms, Ordering::Relaxed);
    }

    /// Whether the lease runs. A restart ends it: where it stood is not stored.
    pub(crate) fn is_leased(&self) -> bool {
        boot_ms() < self.leased_until.load(Ordering::Relaxed)
    }

    /// When the lease ends unless the hub renews it, epoch seconds; now where it does not run.
    pub(crate) fn lease_ends_at(&self) -> i64 {
        let left_ms = self.leased_until.load(Ordering::Relaxed).saturating_sub(boot_ms());
        self.now().saturating_add(i64::try_from(left_ms / 1_000).unwrap_or(0))
    }

    /// Why this node signs nobody up, where it is so.
    pub(crate) fn frozen(&self) -> Option<String> {
        let frozen = self.frozen.lock().unwrap_or_else(PoisonError::into_inner).clone();
        frozen.or_else(|| self.readers.damage().map(damaged))
    }

    /// Whether this node signs nobody up.
    pub(crate) fn is_frozen(&self) -> bool {
        self.frozen.lock().unwrap_or_else(PoisonError::into_inner).is_some()
            || self.readers.damage().is_some()
    }

    /// An operator drains the node, or has it take people again: the hub is told by a new session.
    pub(crate) fn set_draining(&self, draining: bool) {
        if self.draining.swap(draining, Ordering::Relaxed) != draining {
            self.redial.notify_one();
        }
    }

    /// Whether nobody new is taken here.
    pub(crate) fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }

    /// Why nobody is signed up here, where that is so: the node is frozen, or drained.
    pub(crate) fn takes_nobody(&self) -> Option<String> {
        let drained = "an operator drains this node; `dayshift edge resume` has it take people again";
        self.frozen().or_else(|| self.is_draining().then(|| drained.to_owned()))
    }

    /// Ends the session with the hub, if there is one, and begins a new one at once.
    pub(crate) fn redial(&self) {
        self.redial.notify_one();
    }

    /// Somebody wants a new session.
    pub(crate) async fn redialled(&self) {
        self.redial.notified().await;
    }

    /// Reads jobs for a page, in order. Where the database is damaged, jobs are shown as the index remembers them. A
    /// frozen node uses none of its rights, so that none is shown as free here.
    pub(crate) fn views(
        &self,
        jobs: impl IntoIterator<Item = JobId>,
    ) -> Result<Vec<Option<JobView>>, StoreError> {
        let jobs: Vec<JobId> = jobs.into_iter().collect();
        let read = self.readers.read(|tx| jobs.iter().map(|job| job_view(tx, *job)).collect());
        let mut views: Vec<Option<JobView>> = match read {
            Err(error) if error.is_corrupt() => {
                let index = self.index();
                jobs.iter().map(|job| self.remembered(&index, *job)).collect()
            }
            read => read?,
        };
        let held = self.held.load();
        for view in views.iter_mut().flatten() {
            let held = held.get(&view.job).copied().unwrap_or(0);
            view.seats.returned += held.min(view.seats.avail());
        }
        // The read itself may have met the damage.
        if self.is_frozen() {
            for view in views.iter_mut().flatten() {
                view.seats.returned += view.seats.avail();
            }
        }
        Ok(views)
    }

    /// The loop has set rights aside or let them go.
    pub(crate) fn set_holds(&self, holds: &Holds) {
        let next = holds.next_end_ms();
        self.hold_ends.send_if_modified(|known| std::mem::replace(known, next) != next);
        let by_job = holds.by_job();
        if **self.held.load() != by_job {
            self.metrics.holds.set(i64::from(by_job.values().sum::<u32>()));
            self.held.store(Arc::new(by_job));
        }
    }

    /// When the next hold ends.
    pub(crate) fn hold_ends(&self) -> watch::Receiver<Option<u64>> {
        self.hold_ends.subscribe()
    }

    fn remembered(&self, index: &Index, job: JobId) -> Option<JobView> {
        let (row, offerable) = index.row(job)?;
        // ISO 4217: 840 is the US dollar.
        let currency = if self.currency == 840 { "USD" } else { "CNY" };
        let mut view = remembered_view(row, offerable, &self.region, currency);
        view.fields.synthetic = self.has_synthetic.load(Ordering::Relaxed);
        view.fields.redated = self.has_redated.load(Ordering::Relaxed);
        Some(view)
    }

    /// Whether some job here was made up for a demonstration.
    pub(crate) fn has_made_up_jobs(&self) -> bool {
        self.has_synthetic.load(Ordering::Relaxed)
    }

    /// Stops all writes; searching goes on.
    pub(crate) fn freeze(&self, reason: &str) {
        tracing::error!(reason, "this node signs nobody up from here on");
        *self.frozen.lock().unwrap_or_else(PoisonError::into_inner) = Some(reason.to_owned());
    }

    pub(crate) fn refused_plugins(&self) -> Vec<PluginStatus> {
        self.refused_plugins.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn set_refused_plugins(&self, refused: Vec<PluginStatus>) {
        *self.refused_plugins.lock().unwrap_or_else(PoisonError::into_inner) = refused;
        self.generation.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn interest(&self) -> Arc<Interest> {
        self.interest.load_full()
    }

    pub(crate) fn set_interest(&self, interest: Interest) {
        self.interest.store(Arc::new(interest));
    }

    pub(crate) fn index(&self) -> Arc<Index> {
        self.index.load_full()
    }

    pub(crate) fn generation(&self) -> u64 {
        self.generation.load(Ordering::Relaxed)
    }
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").field("name", &self.name).finish_non_exhaustive()
    }
}

/// What request handlers get.
#[derive(Debug, Clone)]
pub(crate) struct App {
    pub(crate) shared: Arc<Shared>,
    pub(crate) events: mpsc::Sender<Event>,
    pub(crate) questions: mpsc::Sender<Question>,
    /// Keys whose first request has not been answered yet.
    pub(crate) in_flight: Arc<Mutex<BTreeSet<[u8; 16]>>>,
    /// Tries at the digits of tickets.
    pub(crate) guesses: Arc<Mutex<Guesses>>,
    /// How often the hub is asked for one sign-up's place in line.
    pub(crate) places: Arc<Mutex<Rates<SignUpId>>>,
    /// How often somebody may ask.
    pub(crate) gauges: Arc<Gauges>,
    /// Who is at the screen.
    pub(crate) visits: Arc<Visits>,
    pub(crate) clerks: Arc<Mutex<Clerks>>,
    /// Where messages leave the node.
    pub(crate) senders: Arc<Senders>,
    pub(crate) persons: Arc<Persons>,
    started: Instant,
}

impl App {
    fn new(
        shared: Arc<Shared>,
        events: mpsc::Sender<Event>,
        questions: mpsc::Sender<Question>,
        senders: Senders,
        gauges: Gauges,
    ) -> Self {
        let visits = Arc::new(Visits::new(&shared.region_key, shared.node));
        Self {
            shared,
            visits,
            events,
            questions,
            in_flight: Arc::default(),
            guesses: Arc::new(Mutex::new(Guesses::default())),
            places: Arc::new(Mutex::new(Rates::new(
                Rate::per_minute(limits::PLACE_LOOKS_PER_MINUTE),
                limits::RATED_MAX,
            ))),
            gauges: Arc::new(gauges),
            clerks: Arc::default(),
            senders: Arc::new(senders),
            persons: Arc::default(),
            started: Instant::now(),
        }
    }

    /// Milliseconds since the node's start, by a clock that does not go back.
    pub(crate) fn now_ms(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// Takes a try at the digits of a ticket, or says after how many seconds there is one.
    pub(crate) fn take_guess(&self, from: IpAddr) -> Result<(), u64> {
        let now_ms = self.now_ms();
        self.guesses.lock().unwrap_or_else(PoisonError::into_inner).take(from, now_ms)
    }

    /// The digits were right.
    pub(crate) fn guessed_right(&self, from: IpAddr) {
        self.guesses.lock().unwrap_or_else(PoisonError::into_inner).was_right(from);
    }
}

/// Serves until Ctrl-C or SIGTERM.
pub(crate) async fn run(config: &Config) -> anyhow::Result<()> {
    let _hold = FolderHold::take(&config.data)?;
    for assumed in &config.assumed {
        tracing::warn!("{assumed}");
    }
    pages::languages::start(&config.languages)?;
    let database = config.data.join("node.sqlite");
    let open = OpenOptions::new(&database).opener();
    let senders = Senders::load(&config.data)?;
    let (folder, chain) = plugins::open(&config.plugins)?;
    let speech = Speech::open(&config.data.join("audio"), config.speak_command.as_deref())?.map(Arc::new);
    let (prints, printer) = prints::open(&config.data.join("printing"), config.print.as_deref())?;
    let shared = Arc::new(shared(config, open.clone(), chain, speech, prints)?);
    let (events, receiver) = mpsc::channel(limits::EVENTS_MAX);
    let (questions, asked) = mpsc::channel(limits::ASKS_MAX);
    // Nobody is signed up before the rules of the folder are known.
    let (is_read, rules_are_read) = std::sync::mpsc::sync_channel(plugins::FIRST_LOOKS_MAX);
    let (thread, is_sound) = start_loop(config, &open, &shared, (receiver, rules_are_read))?;
    let listener =
        TcpListener::bind(config.http).await.with_context(|| format!("cannot listen on {}", config.http))?;
    let uplink = Uplink::new(
        shared.clone(),
        config.identity.clone(),
        edge_node(config, &shared),
        events.clone(),
        asked,
    );
    let mut tasks = JoinSet::new();
    if is_sound {
        tasks.spawn(uplink.run());
    }
    tasks.spawn(holds::watch(shared.clone(), events.clone()));
    tasks.spawn(plugins::watch(folder, config.plugins.clone(), shared.clone(), is_read));
    tasks.spawn(tick(events.clone()));
    let app = App::new(shared, events.clone(), questions, senders, Gauges::new(config.rates));
    tasks.spawn(Outbox::new(app.clone()).run());
    tasks.spawn(kiosk::routes::keep_speaking(app.clone()));
    tasks.spawn(prints::keep_printing(app.clone(), printer));
    let (desk, control) = Desk::open(app.clone(), &config.identity, &config.data, listener.local_addr()?)?;
    tasks.spawn(control.keep());
    let phones = match &config.https {
        Some((address, files)) => {
            let listener = HttpsListener::bind(*address, files.clone()).await;
            Some(listener.with_context(|| format!("cannot serve HTTPS on {address}"))?)
        }
        None => None,
    };
    announce(config, &listener, phones.as_ref())?;
    let callers = (&config.origins[..], hosts(config, phones.as_ref()));
    let served = tokio::select! {
        served = http::serve(app, desk, callers, listener, phones, stop_signal()) => served,
        // Without its loop a node can only pretend: whoever supervises the process starts it again.
        () = events.closed() => Err(anyhow::anyhow!("the event loop ended by itself")),
        Some(ended) = tasks.join_next() => ended.context("a task failed").and_then(|result| result),
    };
    tasks.shutdown().await;
    // A loop that is gone has failed; joining it says so.
    let _gone = events.send(Event::Stop).await;
    let stopped =
        tokio::task::spawn_blocking(move || thread.join()).await.context("the event loop did not stop")?;
    anyhow::ensure!(stopped.is_ok(), "the event loop failed; see the log above");
    served
}

/// Under which names the node answers: those that the operator gave, and those of its certificate.
fn hosts(config: &Config, phones: Option<&HttpsListener>) -> Hosts {
    let named = Hosts::named(&config.host_names);
    match phones {
        Some(phones) => named.or_vouched(phones.certifies()),
        None => named,
    }
}

/// Lets the gate look what is due, as long as there is a loop.
async fn tick(events: mpsc::Sender<Event>) -> anyhow::Result<()> {
    let mut every = tokio::time::interval(limits::GATE_EVERY);
    every.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        every.tick().await;
        // A loop that is busy is asked again soon.
        let _busy = events.try_send(Event::Order(Order::Tick));
    }
}

/// Starts the thread that owns the node's state. A database that cannot be used does not end the process, which would
/// be started again and again: the thread refuses everything, and the pages say why.
fn start_loop(
    config: &Config,
    open: &OpenStore,
    shared: &Arc<Shared>,
    (receiver, rules_are_read): (mpsc::Receiver<Event>, std::sync::mpsc::Receiver<()>),
) -> anyhow::Result<(JoinHandle<()>, bool)> {
    let thread = std::thread::Builder::new().name("events".to_owned());
    let started = match load(config, open, shared) {
        Ok(event_loop) => {
            let run = move || {
                // Else the node is about to end: its folder could not be read.
                if rules_are_read.recv().is_ok() {
                    event_loop.run(receiver);
                }
            };
            (thread.spawn(run), true)
        }
        Err(error) => {
            let found = error.chain().find_map(|cause| cause.downcast_ref::<StoreError>());
            let Some(found) = found else { return Err(error) };
            let reason = if found.is_corrupt() { damaged(found) } else { format!("{error:#}") };
            shared.freeze(&reason);
            (thread.spawn(move || refuse(&reason, receiver)), false)
        }
    };
    Ok((started.0.context("cannot start the event loop")?, started.1))
}

/// Opens and checks the database, and reads from it what the node keeps in memory.
fn load(config: &Config, open: &OpenStore, shared: &Arc<Shared>) -> anyhow::Result<EventLoop> {
    let mut store = open().context("cannot open the database")?;
    store.quick_check().context("the database was read through")?;
    let mut node = edge_node(config, shared);
    store.transact(|tx| node.load(tx))?;
    shared.draining.store(node.is_draining(), Ordering::Relaxed);
    if let Some(reason) = node.retired() {
        shared.freeze(reason);
    }
    shared.set_interest(node.interest().clone());
    let witness = check_witness(config, &mut *store, shared)?;
    let index = build_index(&mut *store, shared)?;
    shared.publish_index(&index);
    let (holds, shared) = (Holds::default(), shared.clone());
    Ok(EventLoop { node, store, witness, index, holds, shared, is_full: false })
}

fn shared(
    config: &Config,
    open: OpenStore,
    chain: ChainSlot,
    speech: Option<Arc<Speech>>,
    prints: Option<Prints>,
) -> anyhow::Result<Shared> {
    let identity = &config.identity;
    let offset = config.time_zone.to_offset(jiff::Timestamp::now());
    Ok(Shared {
        name: identity.name.clone(),
        region: identity.region.clone(),
        node: identity.writer.node.0,
        incarnation: identity.writer.incarnation.0,
        region_key: config.region_key,
        time_zone: config.time_zone.clone(),
        utc_offset_s: offset.seconds(),
        currency: if config.country == Country::UnitedStates { 840 } else { 156 },
        position: config.position,
        country: config.country,
        help: config.help.clone(),
        screens: config.screens.clone(),
        speech,
        prints,
        metrics: Metrics::new(),
        readers: Readers::new(open),
        chain,
        admission: AdmissionSlot::default(),
        index: ArcSwap::from_pointee(Index::new()),
        generation: AtomicU64::new(0),
        link_is_up: AtomicBool::new(false),
        link_since: AtomicU64::new(jiff::Timestamp::now().as_second().unsigned_abs()),
        last_contact: AtomicU64::new(0),
        last_word: AtomicU64::new(0),
        traffic: Mutex::default(),
        frozen: Mutex::new(None),
        draining: AtomicBool::new(false),
        redial: Notify::new(),
        held: ArcSwap::default(),
        hold_ends: watch::Sender::new(None),
        leased_until: AtomicU64::new(0),
        has_synthetic: AtomicBool::new(false),
        has_redated: AtomicBool::new(false),
        refused_plugins: Mutex::new(Vec::new()),
        interest: ArcSwap::from_pointee(Interest::default()),
        heads: watch::Sender::new(BTreeMap::new()),
        told: Notify::new(),
        batches: watch::Sender::new(0),
        begun: AtomicU64::new(0),
        erasures: watch::Sender::new(()),
        changes: Changes::new(jiff::Timestamp::now().as_microsecond().unsigned_abs()),
        papers: Papers::of(identity)?,
    })
}

fn edge_node(config: &Config, shared: &Shared) -> EdgeNode {
    let identity = &config.identity;
    let certificate = identity.log_key_certificate.encode();
    EdgeNode::new(identity.writer, &identity.region, &identity.log_key, &certificate, shared.utc_offset_s)
        .with_persons(Sealer::of_region(&config.region_key), config.position)
}

fn check_witness(
    config: &Config,
    store: &mut dyn ShardStore,
    shared: &Shared,
) -> anyhow::Result<Option<Witness>> {
    let own: BTreeMap<_, _> = store.read(|tx| tx.own_heads())?.into_iter().collect();
    shared.announce_heads(&own);
    let witness = match Witness::open(&config.data.join("witness")) {
        Ok(witness) => witness,
        Err(error @ WitnessError::Damaged { .. }) => {
            shared.freeze(&damaged(error));
            return Ok(None);
        }
        Err(error @ WitnessError::Io { .. }) => return Err(error.into()),
    };
    if let Some(vshard) = witness.rolled_back(&own) {
        let shard = vshard.0;
        shared.freeze(&format!(
            "its database is older than what was witnessed (vshard {shard}): restored from a copy?"
        ));
    }
    Ok(Some(witness))
}

fn build_index(store: &mut dyn ShardStore, shared: &Shared) -> anyhow::Result<Index> {
    let now = shared.now();
    let rows = store.read(|tx| {
        let jobs = tx.jobs_after(now)?;
        jobs.iter()
            .filter_map(|(_, summary)| job_view(tx, summary.job).transpose())
            .map(|view| {
                let view = view?;
                shared.has_synthetic.fetch_or(view.fields.synthetic, Ordering::Relaxed);
                shared.has_redated.fetch_or(view.fields.redated, Ordering::Relaxed);
                Ok(job_row(&view, shared.utc_offset_s))
            })
            .collect::<Result<Vec<_>, _>>()
    })?;
    Ok(Index::build(rows))
}

fn announce(config: &Config, listener: &TcpListener, phones: Option<&HttpsListener>) -> anyhow::Result<()> {
    let address = listener.local_addr()?;
    tracing::info!(%address, "serving; the kiosk is at http://{address}/");
    let https = phones.map(|phones| phones.local_addr().to_string());
    if let Some(address) = &https {
        tracing::info!(address, "serving phones over HTTPS");
    }
    let Some(path) = &config.announce else { return Ok(()) };
    let next = path.with_extension("next");
    let mut file =
        std::fs::File::create(&next).with_context(|| format!("cannot write {}", next.display()))?;
    writeln!(file, "{}", serde_json::json!({ "http": address.to_string(), "https": https }))?;
    std::fs::rename(&next, path).with_context(|| format!("cannot write {}", path.display()))
}

async fn stop_signal() {
    let ctrl_c = tokio::signal::ctrl_c();
    match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
        Ok(mut terminate) => {
            tokio::select! {
                _ = ctrl_c => {}
                _ = terminate.recv() => {}
            }
        }
        Err(_) => drop(ctrl_c.await),
    }
}

#[cfg(test)]
mod tests;
