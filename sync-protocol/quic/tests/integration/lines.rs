//! A line that is not there: quinn's datagrams over simulated UDP, with faults drawn from a seed. Time is simulated too.

use std::{
    fmt,
    future::Future,
    io::{self, ErrorKind, IoSliceMut},
    net::{Ipv4Addr, SocketAddr},
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Poll, ready},
    time::Duration,
};

use quinn::{
    AsyncUdpSocket, Endpoint, EndpointConfig, TokioRuntime, UdpPoller,
    udp::{RecvMeta, Transmit},
};
use turmoil::{Builder, Sim, net::UdpSocket};

/// Where the simulated hub listens, by name and port.
pub(crate) const HUB: (&str, u16) = ("hub", 4433);
/// Longest that a simulated run may take, in its own time.
const RUN_MAX: Duration = Duration::from_secs(60 * 60);
/// A burst of packets fits, as it does into a socket's buffer.
const DATAGRAMS_MAX: usize = 4096;

/// What goes wrong with the datagrams that one side sends.
#[derive(Clone, Copy, Default)]
pub(crate) struct Faults {
    /// So many are lost before the first passes.
    pub(crate) first_lost: u64,
    /// Of a hundred after that, so many are lost.
    pub(crate) lost_percent: u64,
}

/// Every datagram that was sent, in order: when, from which side, and whether it was lost.
pub(crate) type Traffic = Arc<Mutex<Vec<(Duration, &'static str, bool)>>>;

/// Where a node's datagrams go instead of to the hub; one translator after the other stands for a node that moves.
pub(crate) type Way = Arc<Mutex<Option<SocketAddr>>>;

/// A reproducible source of choices (SplitMix64).
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % limit
    }
}

/// A network of 5 to 80 ms one way, on which later datagrams overtake earlier ones.
pub(crate) fn network<'a>(seed: u64) -> Sim<'a> {
    Builder::new()
        .rng_seed(seed)
        .simulation_duration(RUN_MAX)
        .tick_duration(Duration::from_millis(2))
        .min_message_latency(Duration::from_millis(5))
        .max_message_latency(Duration::from_millis(80))
        .udp_capacity(DATAGRAMS_MAX)
        .build()
}

/// An endpoint on the simulated host that calls this.
pub(crate) struct Plug {
    pub(crate) side: &'static str,
    pub(crate) seed: u64,
    pub(crate) faults: Faults,
    pub(crate) traffic: Traffic,
    pub(crate) way: Way,
}

impl Plug {
    pub(crate) fn new(side: &'static str, seed: u64) -> Self {
        Self { side, seed, faults: Faults::default(), traffic: Traffic::default(), way: Way::default() }
    }

    pub(crate) async fn endpoint(self, port: u16) -> Endpoint {
        let udp = Arc::new(UdpSocket::bind((Ipv4Addr::UNSPECIFIED, port)).await.unwrap());
        let mut config = EndpointConfig::default();
        config.rng_seed(Some([u8::try_from(self.seed % 251).unwrap(); 32]));
        let dice = Dice(self.seed ^ u64::from(port));
        let socket =
            Arc::new(Socket { udp, arrival: Mutex::default(), sent: Mutex::new((0, dice)), plug: self });
        Endpoint::new_with_abstract_socket(config, None, socket, Arc::new(TokioRuntime)).unwrap()
    }
}

type Arrival = Pin<Box<dyn Future<Output = io::Result<()>> + Send>>;

struct Socket {
    udp: Arc<UdpSocket>,
    arrival: Mutex<Option<Arrival>>,
    sent: Mutex<(u64, Dice)>,
    plug: Plug,
}

impl Socket {
    fn way(&self) -> Option<SocketAddr> {
        *self.plug.way.lock().unwrap()
    }

    fn loses(&self) -> bool {
        let (count, dice) = &mut *self.sent.lock().unwrap();
        *count += 1;
        let lost = *count <= self.plug.faults.first_lost || dice.below(100) < self.plug.faults.lost_percent;
        let at = turmoil::sim_elapsed().unwrap();
        self.plug.traffic.lock().unwrap().push((at, self.plug.side, lost));
        lost
    }
}

impl AsyncUdpSocket for Socket {
    fn create_io_poller(self: Arc<Self>) -> Pin<Box<dyn UdpPoller>> {
        Box::pin(AlwaysRoom)
    }

    fn try_send(&self, transmit: &Transmit<'_>) -> io::Result<()> {
        if self.loses() {
            return Ok(());
        }
        let to = self.way().unwrap_or(transmit.destination);
        self.udp.try_send_to(transmit.contents, to).map(drop)
    }

    fn poll_recv(
        &self,
        cx: &mut Context<'_>,
        bufs: &mut [IoSliceMut<'_>],
        meta: &mut [RecvMeta],
    ) -> Poll<io::Result<usize>> {
        let mut arrival = self.arrival.lock().unwrap();
        loop {
            if let Some(waiting) = arrival.as_mut() {
                ready!(waiting.as_mut().poll(cx))?;
                *arrival = None;
            }
            match self.udp.try_recv_from(&mut bufs[0]) {
                Ok((len, from)) => {
                    // What stands between a node and its hub shows the node the hub's address.
                    let addr = self.way().map_or(from, |_| hub_address());
                    meta[0] = RecvMeta { addr, len, stride: len, ecn: None, dst_ip: None };
                    return Poll::Ready(Ok(1));
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    let udp = self.udp.clone();
                    *arrival = Some(Box::pin(async move { udp.readable().await }));
                }
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.udp.local_addr()
    }
}

impl fmt::Debug for Socket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Socket").field("udp", &self.udp).finish_non_exhaustive()
    }
}

#[derive(Debug)]
struct AlwaysRoom;

impl UdpPoller for AlwaysRoom {
    fn poll_writable(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

pub(crate) fn hub_address() -> SocketAddr {
    (turmoil::lookup(HUB.0), HUB.1).into()
}

/// An address translator: the hub sees its address instead of that of the node behind it.
pub(crate) async fn translate() -> turmoil::Result {
    let udp = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, HUB.1)).await?;
    let (mut inside, mut datagram) = (None, vec![0; 2048]);
    loop {
        let (length, from) = udp.recv_from(&mut datagram).await?;
        if from != hub_address() {
            inside = Some(from);
            udp.send_to(&datagram[..length], hub_address()).await?;
        } else if let Some(node) = inside {
            udp.send_to(&datagram[..length], node).await?;
        }
    }
}
