//! The daemon put together: store, workers, desk, control socket. `run` and `demo` both start it.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, bail};
use jiff::SignedDuration;
use tokio::net::TcpListener;
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use super::wiring::{self, Loaded, Mailroom};
use super::{notify, signals};
use crate::adapters::assets::Kind;
use crate::adapters::identity;
use crate::adapters::reviewers::ReviewersFile;
use crate::adapters::store::sled::SledStore;
use crate::adapters::system::{SystemClock, SystemIds};
use crate::config::{Config, Mailbox, Mode, Outgoing, SentCopy};
use crate::control::{self, Control};
use crate::daemon::deliver::{self, Deliver, DeliverSettings, InDoubt};
use crate::daemon::enrich::Enrich;
use crate::daemon::handbook::Handbooks;
use crate::daemon::housekeeping::Housekeeping;
use crate::daemon::intake::{Intake, IntakeSettings};
use crate::daemon::promises::PromiseKeeper;
use crate::daemon::refunds::RefundTeller;
use crate::daemon::review::{Review, ReviewMailbox, ReviewParts};
use crate::daemon::supervise::{Worker, supervise};
use crate::daemon::timers::Timers;
use crate::daemon::watch::Watch;
use crate::daemon::{Alarms, Heartbeats, Losses, Wellbeing, alarms};
use crate::desk::{self, Desk, DeskParts};
use crate::domain::identity::IdentityKey;
use crate::domain::position::FolderRole;
use crate::ports::store::{Lease, StoreResult};
use crate::ports::{Clock, Ids, MailSource, Orders, Reviewers, Store};

/// A worker that gives no sign of life for so long is stuck. Longer than any single network step but
/// the last one of SMTP, which beats while it waits.
const BEAT_WITHIN: SignedDuration = SignedDuration::from_secs(100);

/// The daemon, ready to run.
pub struct Service {
    parts: Shared,
    workers: Vec<Worker>,
    ready: Vec<watch::Receiver<bool>>,
    /// The desk, when it is switched on.
    pub desk: Option<Desk>,
    listener: Option<TcpListener>,
    stop: CancellationToken,
}

/// What every part shares.
#[derive(Clone)]
struct Shared {
    config: Arc<Config>,
    store: Arc<dyn Store>,
    orders: Option<Arc<dyn Orders>>,
    handbooks: Handbooks,
    identity: IdentityKey,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
    alarms: Alarms,
    heartbeats: Heartbeats,
    losses: Losses,
}

impl Service {
    /// Opens the store, loads what is judged by, and builds every worker. Nothing runs yet.
    ///
    /// # Errors
    /// Whatever would keep the daemon from working: one sentence.
    pub async fn assemble(
        config: Config,
        listener: Option<TcpListener>,
        stop: CancellationToken,
    ) -> anyhow::Result<Self> {
        make_private_folder(&config.data_dir)?;
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let ids: Arc<dyn Ids> = Arc::new(SystemIds);
        let alarms = Alarms::new(Arc::clone(&clock));
        let Loaded { handbook, warnings } = wiring::load(Some(&config))?;
        for warning in &warnings {
            alarms.raise("models", warning);
        }
        let store = open_store(&config, &ids, &alarms).await?;
        // A store that its witness knows is no older copy: what is in the outbox waits for no inbox.
        let is_watched = config.state_witness.is_some() && store.unwatched().await.is_none();
        let mailboxes = config.mailboxes.iter().filter(|_| !is_watched).map(|mailbox| mailbox.name.clone());
        let losses = Losses::at_start(store.as_ref(), mailboxes, clock.now()).await?;
        let parts = Shared {
            identity: own_identity(&config, store.as_ref()).await?,
            orders: wiring::orders(&config),
            handbooks: Handbooks::new(handbook),
            heartbeats: Heartbeats::new(Arc::clone(&clock)),
            config: Arc::new(config),
            store,
            clock,
            ids,
            alarms,
            losses,
        };
        let mut service = Self { parts, workers: Vec::new(), ready: Vec::new(), desk: None, listener, stop };
        let mut reviewing = BTreeMap::new();
        for mailbox in service.parts.config.clone().mailboxes.iter() {
            let review = service.add_mailbox(mailbox).await?;
            reviewing.insert(mailbox.name.clone(), review);
        }
        service.add_housekeeping();
        service.add_desk(reviewing).await?;
        Ok(service)
    }

    /// Receivers that become true when the inboxes are watched.
    pub fn ready(&self) -> Vec<watch::Receiver<bool>> {
        self.ready.clone()
    }

    /// Runs until stopped.
    ///
    /// # Errors
    /// When a worker died.
    pub async fn run(mut self) -> anyhow::Result<()> {
        let notifying = {
            let (ready, heartbeats) = (self.ready.clone(), self.parts.heartbeats.clone());
            let (clock, stop) = (Arc::clone(&self.parts.clock), self.stop.clone());
            tokio::spawn(async move { notify::run(ready, heartbeats, clock.as_ref(), stop).await })
        };
        self.workers.push(self.reloading()?);
        let ended = supervise(std::mem::take(&mut self.workers), self.stop.clone()).await;
        self.stop.cancel();
        let _ = notifying.await;
        info!("stopped");
        Ok(ended?)
    }

    async fn add_mailbox(&mut self, mailbox: &Mailbox) -> anyhow::Result<ReviewMailbox> {
        let lease = self.parts.store.lease(&mailbox.name).await?;
        let Mailroom { sources, actions, mailer } = wiring::mailroom(mailbox);
        let (wake, enrich) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let intake = Arc::new(self.parts.intake(mailbox, Arc::clone(&wake), Arc::clone(&enrich)));
        for source in sources {
            self.add_watch(source, &intake, mailbox, &lease);
        }
        let parts = &self.parts;
        if parts.config.mode == Mode::Live {
            let deliver = Deliver {
                store: Arc::clone(&parts.store),
                mailer,
                actions,
                clock: Arc::clone(&parts.clock),
                alarms: parts.alarms.clone(),
                losses: parts.losses.clone(),
                settings: deliver_settings(mailbox),
                wake: Arc::clone(&wake),
            };
            let name = format!("deliver {}", mailbox.name);
            let heartbeat = parts.heartbeats.register(&name, BEAT_WITHIN);
            self.workers.push((name, Box::pin(deliver.run(lease.clone(), self.stop.clone(), heartbeat))));
        }
        self.add_refunds(&mailbox.name, &lease);
        self.add_promises(&mailbox.name, &lease);
        let parts = &self.parts;
        let timers = parts.timers(mailbox);
        let name = format!("timers {}", mailbox.name);
        let heartbeat = parts.heartbeats.register(&name, BEAT_WITHIN);
        self.workers.push((name, Box::pin(timers.run(lease.clone(), heartbeat, self.stop.clone()))));
        let enrichment = parts.enrich(mailbox, Arc::clone(&enrich));
        let name = format!("enrich {}", mailbox.name);
        let heartbeat = parts.heartbeats.register(&name, BEAT_WITHIN);
        self.workers.push((name, Box::pin(enrichment.run(lease, heartbeat, self.stop.clone()))));
        Ok(ReviewMailbox {
            sender: wiring::sender(mailbox),
            signature: mailbox.signature.clone(),
            undo: mailbox.undo_window,
            reminder: SignedDuration::from_hours(24 * i64::from(mailbox.reminder_days)),
            file_copy: mailbox.sent_copy != SentCopy::Never,
            deliver: wake,
            enrich,
        })
    }

    fn add_watch(&mut self, source: Arc<dyn MailSource>, intake: &Arc<Intake>, mailbox: &Mailbox, lease: &Lease) {
        let parts = &self.parts;
        let role = source.folder().role;
        let (ready, watching) = watch::channel(false);
        if role == FolderRole::Inbox {
            self.ready.push(watching);
        }
        let watch = Watch {
            source,
            intake: Arc::clone(intake),
            store: Arc::clone(&parts.store),
            clock: Arc::clone(&parts.clock),
            ids: Arc::clone(&parts.ids),
            alarms: parts.alarms.clone(),
            losses: parts.losses.clone(),
            ready,
        };
        let name = format!("watch {} {role:?}", mailbox.name);
        let heartbeat = parts.heartbeats.register(&name, BEAT_WITHIN);
        self.workers.push((name, Box::pin(watch.run(lease.clone(), heartbeat, self.stop.clone()))));
    }

    fn add_promises(&mut self, mailbox: &str, lease: &Lease) {
        let parts = &self.parts;
        let keeper = PromiseKeeper {
            store: Arc::clone(&parts.store),
            clock: Arc::clone(&parts.clock),
            alarms: parts.alarms.clone(),
        };
        let name = format!("promises {mailbox}");
        let heartbeat = parts.heartbeats.register(&name, BEAT_WITHIN);
        self.workers.push((name, Box::pin(keeper.run(lease.clone(), heartbeat, self.stop.clone()))));
    }

    /// In shadow mode nothing is approved, so there is nothing to tell.
    fn add_refunds(&mut self, mailbox: &str, lease: &Lease) {
        let parts = &self.parts;
        let Some(refunds) = wiring::refunds(&parts.config).filter(|_| parts.config.mode == Mode::Live) else { return };
        let teller = RefundTeller {
            store: Arc::clone(&parts.store),
            refunds,
            clock: Arc::clone(&parts.clock),
            alarms: parts.alarms.clone(),
        };
        let name = format!("refunds {mailbox}");
        let heartbeat = parts.heartbeats.register(&name, BEAT_WITHIN);
        self.workers.push((name, Box::pin(teller.run(lease.clone(), heartbeat, self.stop.clone()))));
    }

    fn add_housekeeping(&mut self) {
        let parts = &self.parts;
        let housekeeping = Housekeeping {
            store: Arc::clone(&parts.store),
            retention: parts.config.retention,
            mailboxes: parts.config.mailboxes.iter().map(|mailbox| mailbox.name.clone()).collect(),
            clock: Arc::clone(&parts.clock),
            alarms: parts.alarms.clone(),
        };
        let heartbeat = parts.heartbeats.register("housekeeping", BEAT_WITHIN);
        self.workers.push(("housekeeping".into(), Box::pin(housekeeping.run(heartbeat, self.stop.clone()))));
    }

    async fn add_desk(&mut self, mailboxes: BTreeMap<String, ReviewMailbox>) -> anyhow::Result<()> {
        let parts = &self.parts;
        let handbooks = parts.handbooks.clone();
        let reviewers: Arc<dyn Reviewers> = Arc::new(ReviewersFile::in_folder(&parts.config.data_dir));
        let review = Arc::new(Review::new(ReviewParts {
            store: Arc::clone(&parts.store),
            reviewers: Arc::clone(&reviewers),
            wording: Arc::new(move || Arc::clone(&handbooks.current().wording)),
            mailboxes,
            refunds: parts.config.refunds.is_some(),
            shadow: parts.config.mode == Mode::Shadow,
            clock: Arc::clone(&parts.clock),
            ids: Arc::clone(&parts.ids),
        }));
        let control = Control {
            review: Arc::clone(&review),
            reviewers: Arc::clone(&reviewers),
            store: Arc::clone(&parts.store),
            clock: Arc::clone(&parts.clock),
        };
        let (path, stop) = (control::socket_path(&parts.config.data_dir), self.stop.clone());
        // Bound before anything runs: who is told that the daemon is ready may ask it at once.
        match control::bind(&path).await {
            Ok(socket) => {
                let serve = async move { control::serve(control, socket, &path, stop).await };
                self.workers.push(("control socket".into(), Box::pin(serve)));
            }
            Err(error) => error!("the control socket cannot be served: {error:#}"),
        }
        let Some(listener) = self.listener.take() else { return Ok(()) };
        let listen = listener.local_addr().context("the desk has no address")?;
        let desk = Desk::new(
            DeskParts {
                settings: desk_settings(&parts.config, listen),
                review,
                reviewers,
                health: Arc::new(Wellbeing::new(
                    parts.heartbeats.clone(),
                    parts.alarms.clone(),
                    Arc::clone(&parts.clock),
                )),
                clock: Arc::clone(&parts.clock),
                ids: Arc::clone(&parts.ids),
            },
            &wiring::assets(Some(&parts.config)).load(Kind::Templates)?,
        )?;
        self.desk = Some(desk.clone());
        let stop = self.stop.clone();
        let serve = async move {
            if let Err(error) = desk::serve(desk, listener, stop).await {
                error!(%error, "the desk stopped");
            }
        };
        self.workers.push(("desk".into(), Box::pin(serve)));
        Ok(())
    }

    /// SIGHUP: rules, models, templates and policy are loaded anew; a mistake leaves the old ones in force.
    fn reloading(&self) -> anyhow::Result<Worker> {
        let mut hangups = signals::hangups()?;
        let (parts, stop) = (self.parts.clone(), self.stop.clone());
        let work = async move {
            loop {
                tokio::select! {
                    _ = hangups.recv() => parts.reload(),
                    () = stop.cancelled() => return,
                }
            }
        };
        Ok(("reload".into(), Box::pin(work)))
    }
}

impl Shared {
    fn intake(&self, mailbox: &Mailbox, deliver: Arc<Notify>, enrich: Arc<Notify>) -> Intake {
        let settings = IntakeSettings {
            shadow: self.config.mode == Mode::Shadow,
            permission: mailbox.permission.clone(),
            caps: self.config.caps,
            sender: wiring::sender(mailbox),
        };
        Intake {
            store: Arc::clone(&self.store),
            handbooks: self.handbooks.clone(),
            identity: self.identity.clone(),
            settings,
            clock: Arc::clone(&self.clock),
            ids: Arc::clone(&self.ids),
            deliver,
            enrich,
        }
    }

    fn enrich(&self, mailbox: &Mailbox, wake: Arc<Notify>) -> Enrich {
        Enrich {
            store: Arc::clone(&self.store),
            orders: self.orders.clone(),
            handbooks: self.handbooks.clone(),
            sender: wiring::sender(mailbox),
            clock: Arc::clone(&self.clock),
            ids: Arc::clone(&self.ids),
            alarms: self.alarms.clone(),
            wake,
        }
    }

    fn timers(&self, mailbox: &Mailbox) -> Timers {
        Timers {
            store: Arc::clone(&self.store),
            handbooks: self.handbooks.clone(),
            sender: wiring::sender(mailbox),
            clock: Arc::clone(&self.clock),
        }
    }

    fn reload(&self) {
        match wiring::load(Some(&self.config)) {
            Ok(loaded) => {
                for warning in &loaded.warnings {
                    self.alarms.raise("models", warning);
                }
                if loaded.warnings.is_empty() {
                    self.alarms.clear("models");
                }
                self.alarms.clear("reload");
                self.handbooks.replace(loaded.handbook);
                info!("rules, models and templates were loaded anew");
            }
            Err(error) => {
                warn!("reloading failed; the old rules, models and templates stay in force");
                self.alarms.raise("reload", format!("reloading failed, the old ones stay in force: {error:#}"));
            }
        }
    }
}

fn deliver_settings(mailbox: &Mailbox) -> DeliverSettings {
    DeliverSettings {
        mailbox: mailbox.name.clone(),
        in_doubt: if mailbox.resend_once { InDoubt::ResendOnce } else { InDoubt::Hold },
        sent_copy: match mailbox.sent_copy {
            SentCopy::Always => deliver::SentCopy::Always,
            SentCopy::Auto | SentCopy::Never => deliver::SentCopy::Auto,
        },
        fallback_sender: mailbox.from.email.clone(),
        max_per_hour: match &mailbox.outgoing {
            Outgoing::Smtp(_, limit) => *limit,
            Outgoing::Folder(_) => None,
        },
    }
}

fn desk_settings(config: &Config, listen: SocketAddr) -> desk::Settings {
    desk::Settings {
        public_hosts: config.desk.hosts.clone(),
        secure_cookie: config.desk.https,
        behind_proxy: config.desk.https,
        time_zone: config.calendar.time_zone.clone(),
        ..desk::Settings::local(listen)
    }
}

/// What a start before this one noticed and nobody has read is an alarm as well.
async fn open_store(config: &Config, ids: &Arc<dyn Ids>, alarms: &Alarms) -> anyhow::Result<Arc<dyn Store>> {
    let (data_dir, settings, ids) = (config.data_dir.clone(), wiring::store_settings(config), Arc::clone(ids));
    let opening = tokio::task::spawn_blocking(move || SledStore::open(&data_dir, &settings, ids));
    let (store, _) = notify::while_starting("opening the store", opening).await??;
    if let Some(loss) = store.loss().await? {
        alarms.raise(alarms::LOSS, loss.sentence);
    }
    Ok(Arc::new(store))
}

/// The secret that the store's messages are named with.
async fn own_identity(config: &Config, store: &dyn Store) -> anyhow::Result<IdentityKey> {
    let unused = is_new(store).await?;
    let key = identity::load_or_create(&config.data_dir, unused)?;
    if !store.named_with(key.fingerprint(), unused).await? {
        bail!(
            "{}/identity.key is not the one that the stored messages were named with, so that none would be recognised \
             when it is read again: put the right one back from a backup, or begin anew by moving the folder aside as \
             a whole",
            config.data_dir.display()
        );
    }
    Ok(key)
}

/// Whether no message was ever stored: of an erased one its case or its count stays.
async fn is_new(store: &dyn Store) -> StoreResult<bool> {
    let kept = store.overview().await?;
    Ok(kept.messages + kept.automated + kept.cases.values().sum::<u64>() == 0)
}

fn make_private_folder(folder: &Path) -> anyhow::Result<()> {
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .with_context(|| format!("cannot make the data folder {}", folder.display()))
}
