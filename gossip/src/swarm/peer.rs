//! One connected peer, as the loop keeps it.
//!
//! Promises: its exchange is here or with the one job that runs for it; work that waits is bounded.

use super::context::Context;
use super::gatherer::Gatherer;
use super::job::{Done, Job, Work};
use crate::announcement::Told;
use crate::exchange::Exchange;
use crate::faults::Fault;
use crate::hello::{Access, Hello, TransportId};
use crate::limits::Limits;
use crate::rate::Bucket;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// A job and the work it begins with.
pub(super) type Begun<C, G> = (Job<C, G>, Vec<Work<C, G>>);

/// A connected peer; `C` and `G` as in [`Job`].
pub(super) struct Peer<C, G> {
    pub(super) transport: TransportId,
    /// Tells jobs of this connection from those of an older one.
    pub(super) epoch: u64,
    /// `None` while a job has it.
    pub(super) exchange: Option<Exchange>,
    /// Like the exchange, with the job that runs.
    pub(super) gatherer: Gatherer,
    pub(super) waiting: Vec<Work<C, G>>,
    pub(super) hello: Option<Hello>,
    pub(super) access: Option<Access>,
    /// It let us in.
    pub(super) welcome: bool,
    pub(super) dialed: bool,
    pub(super) rate: Bucket,
    pub(super) since: Duration,
    /// When it is to be told what is here.
    pub(super) announce_at: Option<Duration>,
    /// What it was told.
    pub(super) told: Told,
    /// An announcement is not answered yet.
    pub(super) announcing: bool,
    pub(super) hello_at: Duration,
    /// It was removed from the database: its connection is closed at this time, when it has been told.
    pub(super) leaves_at: Option<Duration>,
    /// Requests being answered or waiting.
    pub(super) asked: usize,
    /// Faults of this connection that the status holds already.
    pub(super) counted: BTreeMap<Fault, u64>,
    /// Names this connection was dialed under.
    pub(super) names: Vec<String>,
}

impl<C, G> Peer<C, G> {
    pub(super) fn new(transport: TransportId, epoch: u64, dialed: bool, limits: &Limits, now: Duration) -> Self {
        Peer {
            transport,
            epoch,
            exchange: Some(Exchange::new()),
            gatherer: Gatherer::default(),
            waiting: Vec::new(),
            hello: None,
            access: None,
            welcome: false,
            dialed,
            rate: Bucket::new(limits.requests, now),
            since: now,
            announce_at: None,
            told: Told::default(),
            announcing: false,
            hello_at: now,
            leaves_at: None,
            asked: 0,
            counted: BTreeMap::new(),
            names: Vec::new(),
        }
    }

    /// Whether it may fetch here.
    pub(super) fn is_served(&self) -> bool {
        matches!(self.access, Some(Access::Member | Access::Reader))
    }

    /// Whether what it announces counts: a member's, or that of who was dialed, for a newcomer knows few members yet.
    pub(super) fn is_heard(&self) -> bool {
        self.is_served() || self.dialed && self.access != Some(Access::Removed)
    }

    /// Announce to it at this time or sooner.
    pub(super) fn announce_by(&mut self, at: Duration) {
        self.announce_at = Some(self.announce_at.map_or(at, |known| known.min(at)));
    }

    /// Takes the exchange and the work out for a job, if both are there.
    pub(super) fn take_job(&mut self, context: &Arc<Context>) -> Option<Begun<C, G>> {
        if self.waiting.is_empty() {
            return None;
        }
        let exchange = self.exchange.take()?;
        let job = Job {
            context: context.clone(),
            peer: self.transport,
            author: self.hello.as_ref().map(|hello| hello.author),
            access: self.access,
            dialed: self.dialed,
            welcome: self.welcome,
            now_millis: 0,
            done: Done::new(exchange, std::mem::take(&mut self.gatherer)),
        };
        Some((job, std::mem::take(&mut self.waiting)))
    }
}
