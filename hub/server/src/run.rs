//! The life of the process: open, bind, announce, serve until told to stop, drain.

use crate::{
    announce,
    app::App,
    config::Config,
    directory::Directory,
    fencing, http, incarnations,
    limits::{CHECKPOINT_EVERY, DIRECTORY_POLL, DRAIN_TIME_MAX},
    over_limits::OverLimits,
    peers::{self, Board, LeaseClock},
    rates::Gauges,
    scheduler::{self, Scheduler},
    shard_workers::{self, ShardThreads},
    signer::Signer,
};
use anyhow::{Context, Result, bail};
use enrolment::Authority;
use http_face::Hosts;
use hub_core::layout;
use std::{
    fs,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Instant,
};
use sync_store::FolderLock;
use tokio::{
    net::TcpListener,
    runtime::Runtime,
    signal::unix::{SignalKind, signal},
    task::JoinSet,
    time::{interval, timeout},
};
use tokio_util::sync::CancellationToken;

/// Runs the hub until it is told to stop.
pub(crate) fn run(config: Config) -> Result<()> {
    let _lock = lock(&config)?;
    pages::languages::start(&config.data.join("languages"))?;
    let stop = CancellationToken::new();
    let (app, threads) = open(&config, LeaseClock::start(), &stop)?;
    let runtime = Runtime::new().context("start the runtime")?;
    let served = runtime.block_on(serve(&config, app));
    // Requests that outlived the drain are cut here, so that the queues close and the threads end.
    runtime.shutdown_timeout(DRAIN_TIME_MAX);
    threads.join();
    served
}

/// Keeps a second hub, and a restore, out of the folder for as long as this process lives.
fn lock(config: &Config) -> Result<FolderLock> {
    let path = layout::lock(&config.data);
    let lock = FolderLock::take(&path).with_context(|| format!("lock {}", path.display()))?;
    let Some(lock) = lock else {
        bail!("{} is in use by another hub, or a backup is being restored there", config.data.display());
    };
    if layout::restoring(&config.data).exists() {
        bail!(
            "a restore into {} was cut off: some files are of the backup and some are not; give `dayshift hub restore` again",
            config.data.display()
        );
    }
    Ok(lock)
}

/// Opens the hub's files; `leases` is the clock by which nodes' leases end.
pub(crate) fn open(
    config: &Config,
    leases: LeaseClock,
    stop: &CancellationToken,
) -> Result<(Arc<App>, ShardThreads)> {
    let authority = Authority::open(&layout::authority(&config.data)).context("open the authority")?;
    let token = layout::admin_token(&config.data);
    let admin_token = fs::read_to_string(&token).with_context(|| format!("read {}", token.display()))?;
    if admin_token.trim().is_empty() {
        // An empty token would let in whoever shows none.
        bail!("{} is empty; put 32 random hexadecimal digits into it", token.display());
    }
    let directory = Arc::new(Directory::open(&layout::control(&config.data))?);
    let (shards, threads) = shard_workers::open(&config.data, stop)?;
    let app = App {
        name: authority.trust_domain().to_owned(),
        cluster: authority.cluster_id(),
        signer: Signer::open(&config.data, &authority).context("open the hub's log key")?,
        authority,
        shards,
        directory,
        board: Board::new(leases),
        over_limits: OverLimits::default(),
        gauges: Gauges::new(config.rates),
        scheduler: Scheduler::new(),
        erasures: tokio::sync::watch::Sender::new(()),
        admin_token: admin_token.trim().to_owned(),
        clerks: Mutex::default(),
        guesses: Mutex::default(),
        regions: config.regions.clone(),
        started: Instant::now(),
        stop: stop.clone(),
    };
    Ok((Arc::new(app), threads))
}

async fn serve(config: &Config, app: Arc<App>) -> Result<()> {
    let router = http::router(Arc::clone(&app), Hosts::named(&config.host_names))?;
    let listener = TcpListener::bind(config.http).await.with_context(|| format!("bind {}", config.http))?;
    let endpoint = peers::bind(&app, config.quic)?;
    let (http_at, quic_at) = (listener.local_addr()?, endpoint.local_address()?);
    if let Some(path) = &config.announce {
        announce::write(path, http_at, quic_at)?;
    }
    tracing::info!(http = %http_at, quic = %quic_at, cluster = %app.cluster, "the hub runs");
    fencing::finish(&app).await.context("finish fences of before")?;
    tell_awaited(&app).await.context("read what is awaited")?;
    let mut tasks = JoinSet::new();
    tasks.spawn(peers::accept(Arc::clone(&app), endpoint));
    let this = Arc::clone(&app);
    tasks.spawn(async move { scheduler::run(&this).await });
    let this = Arc::clone(&app);
    tasks.spawn(async move { keep_house(&this).await });
    let stop = app.stop.clone();
    tasks.spawn(async move {
        let served = axum::serve(listener, router.into_make_service_with_connect_info::<SocketAddr>())
            .with_graceful_shutdown(stop.clone().cancelled_owned())
            .await;
        if let Err(error) = served {
            tracing::error!(%error, "the HTTP port failed");
            stop.cancel();
        }
    });
    wait_for_signal(&app.stop).await?;
    tracing::info!("stopping");
    app.stop.cancel();
    drop(app);
    let drained = timeout(DRAIN_TIME_MAX, async { while tasks.join_next().await.is_some() {} }).await;
    if drained.is_err() {
        tracing::warn!("requests were cut at the end of the drain");
    }
    Ok(())
}

/// Says which nodes restored vshards wait for.
async fn tell_awaited(app: &App) -> Result<()> {
    for awaiting in incarnations::read_all(app).await?.awaiting {
        let nodes: Vec<String> =
            awaiting.nodes.iter().map(|(writer, name)| format!("{name} ({writer})")).collect();
        let (vshard, nodes) = (awaiting.vshard.0, nodes.join(", "));
        tracing::warn!(vshard, %nodes, "restored: nothing is granted here before these nodes have told what they hold");
    }
    Ok(())
}

async fn wait_for_signal(stop: &CancellationToken) -> Result<()> {
    let mut terminate = signal(SignalKind::terminate()).context("listen for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("listen for SIGINT")?;
    tokio::select! {
        _ = terminate.recv() => Ok(()),
        _ = interrupt.recv() => Ok(()),
        () = stop.cancelled() => bail!("a part of the hub failed; the log has the reason"),
    }
}

/// Checkpoints, and takes over what the command line has changed.
async fn keep_house(app: &App) {
    let (mut checkpoint, mut directory) = (interval(CHECKPOINT_EVERY), interval(DIRECTORY_POLL));
    loop {
        tokio::select! {
            () = app.stop.cancelled() => return,
            _ = checkpoint.tick() => app.shards.checkpoint(),
            _ = directory.tick() => if let Err(error) = app.directory.refresh().await {
                tracing::error!(error = format!("{error:#}"), "the directory could not be read");
            },
        }
    }
}
