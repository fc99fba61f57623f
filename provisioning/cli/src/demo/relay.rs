//! The line between one node and the hub: a UDP relay that counts bytes and can be cut.
//! Nobody else runs on the line, so what it counts is what the node cost its operator.

use anyhow::{Context, Result};
use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

const DATAGRAM_BYTES_MAX: usize = 65_535;
/// How often a waiting thread looks whether the relay has ended.
const LOOK_PAUSE: Duration = Duration::from_millis(100);

/// A running relay; dropping it ends its threads.
#[derive(Debug)]
pub(crate) struct Relay {
    line: Arc<Line>,
    address: SocketAddr,
    threads: Vec<JoinHandle<()>>,
}

/// Bytes of datagrams that the relay passed on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Traffic {
    /// From the node to the hub.
    pub(crate) up: u64,
    /// From the hub to the node.
    pub(crate) down: u64,
}

#[derive(Debug)]
struct Line {
    node_side: UdpSocket,
    hub: OnceLock<SocketAddr>,
    cut: AtomicBool,
    ended: AtomicBool,
    up: AtomicU64,
    down: AtomicU64,
}

impl Relay {
    /// Binds a free port; packets are dropped until [`Self::connect`] says where the hub is.
    pub(crate) fn start() -> Result<Self> {
        let node_side = bind()?;
        let address = node_side.local_addr().context("relay address")?;
        let line = Arc::new(Line {
            node_side,
            hub: OnceLock::new(),
            cut: AtomicBool::new(false),
            ended: AtomicBool::new(false),
            up: AtomicU64::new(0),
            down: AtomicU64::new(0),
        });
        let upward = Arc::clone(&line);
        let thread = std::thread::Builder::new()
            .name("relay-up".to_owned())
            .spawn(move || carry_up(&upward))
            .context("relay thread")?;
        Ok(Self { line, address, threads: vec![thread] })
    }

    /// Where the node finds the relay.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Says where the hub is; later calls change nothing, since the hub keeps its port.
    pub(crate) fn connect(&self, hub: SocketAddr) {
        self.line.hub.get_or_init(|| hub);
    }

    /// Drops every packet from now on.
    pub(crate) fn cut(&self) {
        self.line.cut.store(true, Ordering::SeqCst);
    }

    /// Passes packets on again.
    pub(crate) fn heal(&self) {
        self.line.cut.store(false, Ordering::SeqCst);
    }

    /// What was passed on so far.
    pub(crate) fn traffic(&self) -> Traffic {
        Traffic { up: self.line.up.load(Ordering::Relaxed), down: self.line.down.load(Ordering::Relaxed) }
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.line.ended.store(true, Ordering::SeqCst);
        for thread in self.threads.drain(..) {
            // A thread that panicked has ended as well.
            drop(thread.join());
        }
    }
}

impl Traffic {
    /// What was added since `earlier`.
    pub(crate) fn since(self, earlier: Self) -> Self {
        Self { up: self.up - earlier.up, down: self.down - earlier.down }
    }
}

fn bind() -> Result<UdpSocket> {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).context("bind a relay port")?;
    socket.set_read_timeout(Some(LOOK_PAUSE)).context("relay port")?;
    Ok(socket)
}

fn carry_up(line: &Arc<Line>) {
    let mut hub_sides: HashMap<SocketAddr, Arc<UdpSocket>> = HashMap::new();
    let mut threads = Vec::new();
    let mut buffer = vec![0; DATAGRAM_BYTES_MAX];
    while !line.ended.load(Ordering::SeqCst) {
        // Time-outs and refusals by a hub that is down pass; QUIC repeats what was lost.
        let Ok((length, node)) = line.node_side.recv_from(&mut buffer) else { continue };
        let Some(&hub) = line.hub.get() else { continue };
        if line.cut.load(Ordering::SeqCst) {
            continue;
        }
        let known = hub_sides.get(&node).cloned();
        let Some(hub_side) = known.or_else(|| open_hub_side(line, hub, node, &mut threads)) else {
            continue;
        };
        if hub_side.send(&buffer[..length]).is_ok() {
            line.up.fetch_add(length as u64, Ordering::Relaxed);
        }
        hub_sides.insert(node, hub_side);
    }
    for thread in threads {
        drop(thread.join());
    }
}

fn open_hub_side(
    line: &Arc<Line>,
    hub: SocketAddr,
    node: SocketAddr,
    threads: &mut Vec<JoinHandle<()>>,
) -> Option<Arc<UdpSocket>> {
    let socket = Arc::new(bind().ok()?);
    socket.connect(hub).ok()?;
    let (line, reader) = (Arc::clone(line), Arc::clone(&socket));
    let thread = std::thread::Builder::new()
        .name("relay-down".to_owned())
        .spawn(move || carry_down(&line, &reader, node));
    threads.push(thread.ok()?);
    Some(socket)
}

fn carry_down(line: &Line, hub_side: &UdpSocket, node: SocketAddr) {
    let mut buffer = vec![0; DATAGRAM_BYTES_MAX];
    while !line.ended.load(Ordering::SeqCst) {
        let Ok(length) = hub_side.recv(&mut buffer) else { continue };
        if line.cut.load(Ordering::SeqCst) {
            continue;
        }
        if line.node_side.send_to(&buffer[..length], node).is_ok() {
            line.down.fetch_add(length as u64, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::wait::wait_until;

    #[test]
    fn a_cut_line_carries_nothing_and_a_healed_one_does() {
        let hub = bind().unwrap();
        let node = bind().unwrap();
        let relay = Relay::start().unwrap();
        relay.connect(hub.local_addr().unwrap());
        let mut buffer = [0; 64];
        node.send_to(b"up", relay.address()).unwrap();
        hub.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        let (length, seen_as) = hub.recv_from(&mut buffer).unwrap();
        assert_eq!(&buffer[..length], b"up");
        node.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        hub.send_to(b"down", seen_as).unwrap();
        assert_eq!(node.recv_from(&mut buffer).unwrap().0, 4);
        relay.cut();
        node.send_to(b"lost", relay.address()).unwrap();
        hub.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
        assert!(hub.recv_from(&mut buffer).is_err());
        relay.heal();
        node.send_to(b"again", relay.address()).unwrap();
        hub.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        assert_eq!(hub.recv_from(&mut buffer).unwrap().0, 5);
        // A packet may arrive before the relay's thread has counted it.
        let counted = || Ok((relay.traffic() == Traffic { up: 7, down: 4 }).then_some(()));
        wait_until("the count", Duration::from_secs(5), counted).unwrap();
    }
}
