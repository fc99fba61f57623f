//! How quinn is set up: windows, timers, streams; the same on both sides but for the keep-alive.

use std::{sync::Arc, time::Duration};

use quinn::{IdleTimeout, MtuDiscoveryConfig, TransportConfig, VarInt};

use crate::limits::{
    IDLE_TIMEOUT, INITIAL_RTT, KEEP_ALIVE, MTU_SEARCH_INTERVAL, SEND_WINDOW_BYTES, STREAM_WINDOW_BYTES,
    STREAMS_MAX,
};

/// The hub's side: takes one stream, sends no probes of its own.
pub(crate) fn hub_transport() -> Arc<TransportConfig> {
    Arc::new(transport(STREAMS_MAX, None))
}

/// The node's side: takes no streams, keeps the line open with probes.
pub(crate) fn node_transport() -> Arc<TransportConfig> {
    Arc::new(transport(0, Some(KEEP_ALIVE)))
}

fn transport(streams: u32, keep_alive: Option<Duration>) -> TransportConfig {
    let mut mtu = MtuDiscoveryConfig::default();
    mtu.interval(MTU_SEARCH_INTERVAL);
    let idle_ms = u32::try_from(IDLE_TIMEOUT.as_millis()).unwrap_or(u32::MAX);
    let mut config = TransportConfig::default();
    config
        .max_concurrent_bidi_streams(VarInt::from_u32(streams))
        .max_concurrent_uni_streams(VarInt::from_u32(0))
        .datagram_receive_buffer_size(None)
        .max_idle_timeout(Some(IdleTimeout::from(VarInt::from_u32(idle_ms))))
        .keep_alive_interval(keep_alive)
        .stream_receive_window(VarInt::from_u32(STREAM_WINDOW_BYTES))
        .receive_window(VarInt::from_u32(STREAM_WINDOW_BYTES))
        .send_window(SEND_WINDOW_BYTES)
        .initial_rtt(INITIAL_RTT)
        .mtu_discovery_config(Some(mtu));
    config
}
