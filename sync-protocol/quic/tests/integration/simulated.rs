//! The real endpoints over a simulated network and its clock: what a line does that loopback never does. Each run comes
//! from a seed and can be had again.

use std::{
    future::Future,
    sync::{Arc, Mutex},
    time::Duration,
};

use enrolment::limits::NODE_CERTIFICATE_SECONDS;
use sync_quic::{
    Arrival, CloseCode, ConnectError, HubEndpoint, Link, LinkError, NodeEndpoint, TimeSource, limits,
};
use tokio::time::{sleep, timeout};
use turmoil::{Sim, sim_elapsed};

use crate::{
    NOW, World, answer, closed, echo, first_answer,
    lines::{Dice, Faults, HUB, Plug, Traffic, Way, hub_address, network, translate},
    raw_connection,
};

const SEEDS: std::ops::Range<u64> = 1..9;
/// More than the slowest answer on a sound line.
const SOON: Duration = Duration::from_secs(2);

impl World {
    /// A hub on the simulated host that calls this; `clock` in Unix seconds.
    async fn simulated_hub(&self, plug: Plug, time: &TimeSource) -> HubEndpoint {
        let endpoint = plug.endpoint(HUB.1).await;
        HubEndpoint::over(endpoint, &self.hub_credentials(), time, self.standing()).unwrap()
    }

    async fn simulated_node(&self, plug: Plug, time: TimeSource) -> NodeEndpoint {
        NodeEndpoint::over(plug.endpoint(0).await, &self.credentials(), time).unwrap()
    }
}

fn now() -> Duration {
    sim_elapsed().unwrap()
}

/// A clock that runs with the simulation.
fn clock_from(start: u64) -> TimeSource {
    TimeSource::new(Arc::new(move || start + sim_elapsed().map_or(0, |elapsed| elapsed.as_secs())), 0)
}

/// A hub that echoes every frame and answers every exchange.
fn echoing_hub(
    sim: &mut Sim<'_>,
    world: &Arc<World>,
    seed: u64,
    faults: Faults,
    traffic: &Traffic,
    start: u64,
) {
    let (world, traffic) = (world.clone(), traffic.clone());
    sim.host(HUB.0, move || {
        let (world, traffic) = (world.clone(), traffic.clone());
        async move {
            let plug = Plug { faults, traffic, ..Plug::new("hub", seed) };
            let mut hub = world.simulated_hub(plug, &clock_from(start)).await;
            let mut tasks = tokio::task::JoinSet::new();
            while let Some(arrival) = hub.accept().await {
                match arrival {
                    Arrival::Link(link) => drop(tasks.spawn(async move { drop(echo(*link).await) })),
                    Arrival::Join(exchange) | Arrival::Renewal(exchange) => {
                        drop(tasks.spawn(answer(*exchange)));
                    }
                }
            }
            Ok(())
        }
    });
}

/// A hub that takes one link and hands it to `serve`.
fn hub_with<F>(sim: &mut Sim<'_>, world: &Arc<World>, seed: u64, serve: fn(Link) -> F)
where
    F: Future<Output = ()> + 'static,
{
    let world = world.clone();
    sim.host(HUB.0, move || {
        let world = world.clone();
        async move {
            let mut hub = world.simulated_hub(Plug::new("hub", seed), &clock_from(NOW)).await;
            while let Some(arrival) = hub.accept().await {
                let Arrival::Link(link) = arrival else { panic!("no link") };
                serve(*link).await;
            }
            Ok(())
        }
    });
}

fn play(sim: &mut Sim<'_>, client: impl Future<Output = ()> + 'static) {
    sim.client("node", async move {
        client.await;
        Ok(())
    });
    sim.run().unwrap();
}

#[test]
fn a_handshake_whose_first_packets_are_lost_completes_within_one_attempt() {
    let world = Arc::new(World::new("first-lost"));
    for seed in SEEDS {
        let lost = |first_lost| Faults { first_lost, ..Faults::default() };
        let (of_node, of_hub) = (seed % 3, seed / 3);
        let mut sim = network(seed);
        echoing_hub(&mut sim, &world, seed, lost(of_hub), &Traffic::default(), NOW);
        let world = world.clone();
        play(&mut sim, async move {
            let plug = Plug { faults: lost(of_node), ..Plug::new("node", seed) };
            let node = world.simulated_node(plug, clock_from(NOW)).await;
            let answered = timeout(limits::CONNECT_TIMEOUT + SOON, first_answer(&node, hub_address())).await;
            assert_eq!(answered, Ok(Ok(Some(b"hello".to_vec()))), "{of_node} and {of_hub} lost, seed {seed}");
        });
    }
}

#[test]
fn a_node_gives_an_attempt_up_that_nobody_answers() {
    let world = Arc::new(World::new("nobody"));
    let mut sim = network(1);
    sim.host(HUB.0, || async { Ok(()) });
    play(&mut sim, async move {
        let node = world.simulated_node(Plug::new("node", 1), clock_from(NOW)).await;
        let refused = node.connect(hub_address()).await;
        assert!(matches!(refused, Err(ConnectError::Timeout)), "{refused:?}");
        assert!(now() < limits::CONNECT_TIMEOUT + Duration::from_millis(10), "{:?}", now());
    });
}

#[test]
fn both_ends_of_a_line_that_falls_silent_notice_and_say_so() {
    let world = Arc::new(World::new("silent"));
    for seed in SEEDS {
        let mut sim = network(seed);
        let noticed = Arc::new(Mutex::new(None));
        let (of_hub, hub_world) = (noticed.clone(), world.clone());
        sim.host(HUB.0, move || {
            let (world, noticed) = (hub_world.clone(), of_hub.clone());
            async move {
                let mut hub = world.simulated_hub(Plug::new("hub", seed), &clock_from(NOW)).await;
                let Some(Arrival::Link(link)) = hub.accept().await else { panic!("no link") };
                let end = link.handle().closed().await;
                *noticed.lock().unwrap() = Some((now(), end));
                Ok(())
            }
        });
        let world = world.clone();
        play(&mut sim, async move {
            let node = world.simulated_node(Plug::new("node", seed), clock_from(NOW)).await;
            let link = node.connect(hub_address()).await.unwrap();
            // The line is idle for minutes first, and the probes keep it up.
            sleep(Duration::from_secs(200 + Dice(seed).below(50))).await;
            let heard = link.stats().datagrams_received;
            turmoil::partition("node", HUB.0);
            let cut = now();
            assert_eq!(link.handle().closed().await, LinkError::TimedOut);
            assert!(heard > 7, "{heard} datagrams in 200 s");
            // A probe that nobody answers starts the node's count anew.
            let took = now() - cut;
            assert!(took < limits::KEEP_ALIVE + limits::IDLE_TIMEOUT + SOON, "the node took {took:?}");
            sleep(limits::KEEP_ALIVE).await;
            let (at, end) = noticed.lock().unwrap().take().expect("the hub noticed");
            assert_eq!(end, LinkError::TimedOut);
            let took = at - cut;
            assert!(took < limits::IDLE_TIMEOUT + SOON, "the hub took {took:?}, seed {seed}");
        });
    }
}

#[test]
fn a_link_goes_on_when_the_nodes_address_changes() {
    let world = Arc::new(World::new("moves"));
    for seed in SEEDS {
        let mut sim = network(seed);
        hub_with(&mut sim, &world, seed, |link| async move {
            let (mut sender, mut receiver) = link.split();
            let handle = sender.handle();
            while let Ok(Some(_)) = receiver.recv().await {
                sleep(Duration::from_millis(300)).await;
                sender.send(handle.remote_address().ip().to_string().as_bytes()).await.unwrap();
            }
        });
        for name in ["wifi", "mobile"] {
            sim.host(name, translate);
        }
        let world = world.clone();
        play(&mut sim, async move {
            let at = |name| Some((turmoil::lookup(name), HUB.1).into());
            let way: Way = Arc::new(Mutex::new(at("wifi")));
            let plug = Plug { way: way.clone(), ..Plug::new("node", seed) };
            let node = world.simulated_node(plug, clock_from(NOW)).await;
            let (mut sender, mut receiver) = node.connect(hub_address()).await.unwrap().split();
            let mut seen_at = async |name: &str| {
                sender.send(b"where am I?").await.unwrap();
                let answer = timeout(SOON, receiver.recv()).await.expect("an answer").unwrap().unwrap();
                assert_eq!(answer, turmoil::lookup(name).to_string().as_bytes(), "seed {seed}");
            };
            seen_at("wifi").await;
            *way.lock().unwrap() = at("mobile");
            seen_at("mobile").await;
            *way.lock().unwrap() = at("wifi");
            // A node that has nothing to say moves with its next probe.
            sleep(limits::KEEP_ALIVE + SOON).await;
            seen_at("wifi").await;
        });
    }
}

#[test]
fn a_link_outlives_its_certificate_and_the_next_one_needs_another() {
    let world = Arc::new(World::new("expires"));
    let left = 40;
    for seed in SEEDS {
        let start = NOW + NODE_CERTIFICATE_SECONDS - left;
        let mut sim = network(seed);
        echoing_hub(&mut sim, &world, seed, Faults::default(), &Traffic::default(), start);
        let world = world.clone();
        play(&mut sim, async move {
            let node = world.simulated_node(Plug::new("node", seed), clock_from(start)).await;
            let hub = hub_address();
            let (mut sender, mut receiver) = node.connect(hub).await.unwrap().split();
            sleep(Duration::from_secs(left / 2)).await;
            assert_eq!(first_answer(&node, hub).await, Ok(Some(b"hello".to_vec())));
            sleep(Duration::from_secs(left)).await;
            let refused = first_answer(&node, hub).await;
            assert_eq!(refused, closed(CloseCode::CertificateExpired));
            assert_eq!(
                refused.unwrap_err().to_string(),
                "the peer closed the connection (CertificateExpired)"
            );
            sender.send(b"still here").await.unwrap();
            assert_eq!(receiver.recv().await, Ok(Some(b"still here".to_vec())));
            let renewal = node.connect_for_renewal(hub).await.unwrap();
            assert!(renewal.exchange(b"csr").await.unwrap().starts_with(b"csr"));
        });
    }
}

/// Sends a mebibyte of frames and takes it back; gives the traffic and when it was done.
fn mebibyte(world: &Arc<World>, seed: u64, lost_percent: u64) -> (Traffic, Duration) {
    let faults = Faults { lost_percent, ..Faults::default() };
    let traffic = Traffic::default();
    let mut sim = network(seed);
    echoing_hub(&mut sim, world, seed, faults, &traffic, NOW);
    let (world, of_node) = (world.clone(), traffic.clone());
    let done = Arc::new(Mutex::new(Duration::ZERO));
    let end = done.clone();
    play(&mut sim, async move {
        let plug = Plug { faults, traffic: of_node, ..Plug::new("node", seed) };
        let node = world.simulated_node(plug, clock_from(NOW)).await;
        let link = loop {
            // With one datagram in five lost, an attempt may take longer than a node waits for it.
            match node.connect(hub_address()).await {
                Ok(link) => break link,
                Err(error) => assert!(matches!(error, ConnectError::Timeout), "{error:?}"),
            }
        };
        let (mut sender, mut receiver) = link.split();
        let mut dice = Dice(seed);
        let mut frames = Vec::new();
        let mut left = 1024 * 1024;
        while left > 0 {
            let size = usize::try_from(dice.below(64 * 1024)).unwrap().min(left);
            let number = u8::try_from(frames.len() % 251).unwrap();
            frames.push((0..size).map(|at| number ^ at.to_le_bytes()[0]).collect::<Vec<u8>>());
            left -= size;
        }
        let sending = async {
            for frame in &frames {
                sender.send(frame).await.unwrap();
            }
        };
        let receiving = async {
            for (number, frame) in frames.iter().enumerate() {
                let come = receiver.recv().await.unwrap().expect("another frame");
                assert!(come == *frame, "frame {number}, seed {seed}");
            }
        };
        tokio::join!(sending, receiving);
        *end.lock().unwrap() = now();
    });
    let done = *done.lock().unwrap();
    (traffic, done)
}

#[test]
fn a_mebibyte_of_frames_arrives_whole_and_in_order_over_a_bad_line() {
    let world = Arc::new(World::new("mebibyte"));
    for seed in SEEDS {
        let (traffic, done) = mebibyte(&world, seed, 20);
        let traffic = traffic.lock().unwrap();
        let lost = traffic.iter().filter(|(_, _, lost)| *lost).count();
        let percent = lost * 100 / traffic.len();
        println!("seed {seed}: {} datagrams, {lost} lost, {done:?}", traffic.len());
        assert!((17..=23).contains(&percent), "{percent} % of {} were lost, seed {seed}", traffic.len());
    }
}

#[test]
fn the_same_seed_is_the_same_run() {
    let world = Arc::new(World::new("again"));
    let run = |seed| {
        let (traffic, done) = mebibyte(&world, seed, 20);
        (Arc::into_inner(traffic).unwrap().into_inner().unwrap(), done)
    };
    let first = run(3);
    assert!(first == run(3), "seed 3 differs from itself");
    assert!(first != run(4), "seeds 3 and 4 are one");
}

#[test]
fn a_peer_gets_one_stream_and_no_more() {
    let world = Arc::new(World::new("streams"));
    for seed in SEEDS {
        let mut sim = network(seed);
        echoing_hub(&mut sim, &world, seed, Faults::default(), &Traffic::default(), NOW);
        let world = world.clone();
        play(&mut sim, async move {
            let endpoint = Plug::new("node", seed).endpoint(0).await;
            let connection =
                raw_connection(&world, Some(world.credentials()), &endpoint, hub_address()).await;
            let (mut send, mut receive) = connection.open_bi().await.unwrap();
            send.write_all(&[1, 0, 0, 0, 2, 7, 7]).await.unwrap();
            let mut echo = [0; 6];
            receive.read_exact(&mut echo).await.unwrap();
            assert_eq!(echo, [0, 0, 0, 2, 7, 7]);
            let long = Duration::from_secs(10);
            assert!(timeout(long, connection.open_bi()).await.is_err(), "a second stream");
            assert!(timeout(long, connection.open_uni()).await.is_err(), "a stream of one direction");
            assert!(connection.send_datagram(vec![7].into()).is_err(), "a datagram");
            assert_eq!(connection.close_reason(), None);
        });
    }
}

#[test]
fn a_peer_that_keeps_the_hub_waiting_or_sends_too_much_is_cut_off() {
    let world = Arc::new(World::new("cut-off"));
    for seed in SEEDS {
        let mut sim = network(seed);
        echoing_hub(&mut sim, &world, seed, Faults::default(), &Traffic::default(), NOW);
        let world = world.clone();
        play(&mut sim, async move {
            let endpoint = Plug::new("node", seed).endpoint(0).await;
            let connect = || raw_connection(&world, Some(world.credentials()), &endpoint, hub_address());
            let silent = connect().await;
            let since = now();
            silent.closed().await;
            let took = now() - since;
            assert!(took < limits::HANDSHAKE_TIMEOUT + SOON, "the hub waited {took:?}, seed {seed}");

            let greedy = connect().await;
            let (mut send, _receive) = greedy.open_bi().await.unwrap();
            send.write_all(&[1, 0, 16, 0, 1]).await.unwrap();
            let quinn::ConnectionError::ApplicationClosed(close) = greedy.closed().await else {
                panic!("not closed")
            };
            assert_eq!(close.error_code, CloseCode::TooLong.to_u32().into());
            assert_eq!(close.reason.as_ref(), b"frame over the limit");
        });
    }
}
