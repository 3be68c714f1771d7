//! The world: who does what when, and what must hold after each step.
//!
//! Promises: everything happens in the order of (time, number), all chance comes from the seed. A storm of
//! [`STORM_MILLIS`] with writes, crashes, splits and clock jumps, then calm until everybody agrees or time is up.

mod agreement;
mod cloning;
mod governing;
mod mishaps;

use super::fold::{NewFold, ordered};
use super::founding::{Cast, found};
use super::kind::Kind;
use super::network::{Network, Packet, Weather};
use super::random::Random;
use super::replica::Replica;
use super::report::{Report, reference};
use super::stable::Ledger;
use super::step::{Habit, Note, Output, Refused};
use super::summary::{Failure, Summary};
use super::workload;
use dag::id::CommitId;
use governing::Ruling;
use linearizer::finality::HEARTBEAT_MILLIS;
use linearizer::outcome::Outcome;
use std::collections::{BTreeMap, BTreeSet};

/// How long things go wrong.
const STORM_MILLIS: u64 = 20_000;
/// After which everybody must agree: the widest clock error, then a few rounds of announcements.
const DEADLINE_MILLIS: u64 = STORM_MILLIS + WIDEST_SKEW_MILLIS + 40_000;
/// Clocks are off by at most this, either way: four times what holds a commit back (R9).
pub const WIDEST_SKEW_MILLIS: u64 = 20_000;
/// Wall time at the start of the world: any time that leaves room for clocks that are behind.
pub const DAWN_MILLIS: u64 = 1_700_000_000_000;
/// Between two ticks of a replica.
const TICK_MILLIS: u64 = 250;

/// What may happen.
#[derive(Clone, Debug)]
enum Happening {
    Write(usize),
    Sync(usize),
    Tick(usize),
    Announce(usize),
    Deliver(Packet),
    Crash(usize),
    Start(usize),
    Connect(usize, usize),
    /// A newcomer asks for a checkpoint, until this time.
    Clone(usize, u64),
    Rule(usize, Ruling),
    Backup(usize),
    Restore(usize),
    Copy,
    Split,
    CutOff(usize),
    Join,
    Jump(usize),
    Weather,
    Calm,
}

/// Runs the world of a seed to its end, with these linearizers and replicas of this habit.
pub fn run(seed: u64, new_fold: &NewFold, habit: Habit) -> Result<Summary, Failure> {
    let mut world = World::new(seed, new_fold, habit);
    world.run().map_err(|what| Failure { seed, millis: world.now, what })
}

struct World<'a> {
    kind: Kind,
    cast: Cast,
    /// Who is behind whatever may go wrong for good.
    suspect: Option<usize>,
    /// How much was on a disk when its backup was taken.
    backup: Option<usize>,
    random: Random,
    new_fold: &'a NewFold,
    network: Network,
    replicas: Vec<Replica>,
    skews: Vec<i64>,
    agenda: BTreeMap<(u64, u64), Happening>,
    appointments: u64,
    now: u64,
    is_calm: bool,
    connections: u64,
    acknowledged: BTreeMap<CommitId, usize>,
    /// What each frontier ever seen folded to, whoever saw it first.
    folded: BTreeMap<[u8; 32], Report>,
    trace: blake3::Hasher,
    summary: Summary,
    held: BTreeSet<CommitId>,
    finality: Ledger,
}

impl<'a> World<'a> {
    fn new(seed: u64, new_fold: &'a NewFold, habit: Habit) -> Self {
        let mut random = Random::new(seed);
        let kind = Kind::of(seed);
        let cast = match kind {
            Kind::Plain | Kind::Restored => Cast::all(random.between(2, 6) as usize),
            Kind::Copied | Kind::Equivocator => Cast::doubled(random.between(2, 5) as usize),
            Kind::Members | Kind::Cloned | Kind::Demoted => governing::cast(kind, &mut random),
        };
        let peers = cast.peers;
        let weather = Weather::random(&mut random);
        let mut world = World {
            replicas: found(cast, kind, habit, &mut random),
            kind,
            cast,
            suspect: None,
            backup: None,
            random,
            new_fold,
            network: Network::new(peers, weather),
            skews: vec![0; peers],
            agenda: BTreeMap::new(),
            appointments: 0,
            now: 0,
            is_calm: false,
            connections: 0,
            acknowledged: BTreeMap::new(),
            folded: BTreeMap::new(),
            trace: blake3::Hasher::new(),
            summary: Summary::default(),
            held: BTreeSet::new(),
            finality: Ledger::new(peers),
        };
        world.plan(peers);
        if kind.is_governed() {
            world.plan_rulings(cast);
        }
        world.plan_mishaps();
        world
    }

    /// The storm: writes of each replica in bursts, and what goes wrong.
    fn plan(&mut self, peers: usize) {
        for peer in 0..peers {
            if peer < self.cast.founding {
                self.at(0, Happening::Start(peer));
            }
            let writes = self.random.below(30);
            (0..writes).for_each(|_| self.plan_write(peer));
        }
        let storms = [(2 * peers as u64, 0), (peers as u64, 1), (3, 2), (2, 3)];
        for (most, kind) in storms {
            for _ in 0..self.random.below(most + 1) {
                let peer = self.random.below(peers as u64) as usize;
                self.sometime(match kind {
                    0 => Happening::Jump(peer),
                    1 => Happening::Crash(peer),
                    2 => Happening::Split,
                    _ => Happening::Weather,
                });
            }
        }
        if self.random.chance(500) {
            self.plan_late_chain(peers);
        }
        self.at(STORM_MILLIS, Happening::Calm);
    }

    /// At any time, or on the second, so that peers write at the same HLC.
    fn plan_write(&mut self, peer: usize) {
        let when = self.random.below(STORM_MILLIS);
        let when = if self.random.chance(300) { when / 1_000 * 1_000 } else { when };
        self.at(when, Happening::Write(peer));
    }

    /// One peer is alone for most of the storm and writes a long chain.
    fn plan_late_chain(&mut self, peers: usize) {
        let peer = self.random.below(peers as u64) as usize;
        let from = self.random.between(500, STORM_MILLIS / 3);
        self.at(from, Happening::CutOff(peer));
        for _ in 0..self.random.between(20, 60) {
            let when = self.random.between(from, STORM_MILLIS);
            self.at(when, Happening::Write(peer));
        }
    }

    fn at(&mut self, when: u64, what: Happening) {
        self.appointments += 1;
        self.agenda.insert((when, self.appointments), what);
    }

    fn after(&mut self, delay: u64, what: Happening) {
        self.at(self.now + delay, what);
    }

    fn sometime(&mut self, what: Happening) {
        let when = self.random.below(STORM_MILLIS);
        self.at(when, what);
    }

    fn wall(&self, peer: usize) -> u64 {
        (DAWN_MILLIS + self.now).saturating_add_signed(self.skews[peer])
    }

    fn run(&mut self) -> Result<Summary, String> {
        while let Some(((when, number), what)) = self.agenda.pop_first() {
            self.now = when;
            self.record(&format!("{when} {number} {}", name_of(&what)));
            self.happen(what)?;
            if self.is_calm && self.everybody_agrees() {
                return self.finish();
            }
            if when > DEADLINE_MILLIS {
                if self.waits_for_a_cut()? {
                    return self.finish();
                }
                // Who told a floor before a late commit came says what it has now with its next heartbeat.
                if self.suspect.is_none() || when > DEADLINE_MILLIS + 2 * HEARTBEAT_MILLIS {
                    return Err(format!("no agreement in time: {}", self.describe()));
                }
            }
        }
        Err("nothing left to happen".into())
    }

    fn happen(&mut self, what: Happening) -> Result<(), String> {
        let walls: Vec<u64> = (0..self.replicas.len()).map(|peer| self.wall(peer)).collect();
        match what {
            Happening::Write(peer) => self.write(peer)?,
            Happening::Sync(peer) => {
                let output = self.replicas[peer].sync(walls[peer]);
                self.carry_out(peer, output)?;
            }
            Happening::Tick(peer) => {
                let output = self.replicas[peer].tick(walls[peer]);
                self.carry_out(peer, output)?;
                self.after(TICK_MILLIS, Happening::Tick(peer));
            }
            Happening::Announce(peer) => {
                let output = self.replicas[peer].announce(walls[peer]);
                self.carry_out(peer, output)?;
                let pause = self.random.between(200, 2_000);
                self.after(pause, Happening::Announce(peer));
            }
            Happening::Deliver(packet) => {
                self.summary.packets += 1;
                let output = self.replicas[packet.to].deliver(&packet, walls[packet.to]);
                self.carry_out(packet.to, output)?;
            }
            Happening::Crash(peer) => self.crash(peer),
            Happening::Start(peer) => self.start(peer)?,
            Happening::Connect(one, other) => self.connect(one, other),
            Happening::Clone(who, until) => self.clone_into(who, until)?,
            Happening::Rule(by, ruling) => self.rule(by, ruling)?,
            Happening::Backup(who) => self.back_up(who),
            Happening::Restore(who) => self.restore(who),
            Happening::Copy => self.copy_folder()?,
            Happening::Split => self.split(),
            Happening::CutOff(peer) => self.network.cut_off(peer),
            Happening::Join => self.network.join(),
            Happening::Jump(peer) if self.clocks_jump() => self.skews[peer] = self.random_skew(),
            Happening::Jump(_) => {}
            Happening::Weather => self.network.set_weather(Weather::random(&mut self.random)),
            Happening::Calm => self.calm(),
        }
        Ok(())
    }

    /// Small errors mostly, at times one beyond what is tolerated.
    fn random_skew(&mut self) -> i64 {
        let widest = if self.random.chance(300) { WIDEST_SKEW_MILLIS } else { 2_000 };
        self.random.below(2 * widest) as i64 - widest as i64
    }

    fn write(&mut self, peer: usize) -> Result<(), String> {
        let Some(fold) = self.replicas[peer].fold() else { return Ok(()) };
        let changes = workload::changes(&*fold.view(), &mut self.random);
        if changes.is_empty() {
            return Ok(());
        }
        let wall = self.wall(peer);
        match self.replicas[peer].write(&changes, wall) {
            Ok(id) => {
                self.record(&format!("{peer} wrote {id}"));
                let outcome = self.replicas[peer].fold().and_then(|fold| fold.outcome(&id));
                if outcome != Some(Outcome::Applied) {
                    return Err(format!("{id} was parked at birth: {outcome:?} (R27)"));
                }
                if self.replicas[peer].acknowledges_early() {
                    self.acknowledged.insert(id, peer);
                }
                self.grown(peer)?;
            }
            // It was given away what the other instance promised.
            Err(Refused::Admission(_)) if self.is_doubled(peer) => self.summary.standing_refused += 1,
            Err(Refused::Admission(why)) => return Err(format!("replica {peer}'s own commit is not admitted: {why}")),
            Err(Refused::Clock) => self.summary.clock_refused += 1,
            Err(Refused::Standing) => self.summary.standing_refused += 1,
            Err(Refused::Check(_)) => self.summary.refused += 1,
        }
        self.sync_soon(peer);
        Ok(())
    }

    fn crash(&mut self, peer: usize) {
        if self.replicas[peer].is_running() {
            self.replicas[peer].crash(&mut self.random);
            self.summary.crashes += 1;
            let pause = self.random.between(50, 3_000);
            self.after(pause, Happening::Start(peer));
        }
    }

    fn start(&mut self, peer: usize) -> Result<(), String> {
        if self.replicas[peer].is_running() {
            return Ok(());
        }
        let (run, wall) = (self.next_run(peer), self.wall(peer));
        self.replicas[peer].start(run, self.new_fold, wall);
        for other in (0..self.replicas.len()).filter(|other| *other != peer) {
            self.connect(peer, other);
        }
        self.agenda.retain(|_, what| !matches!(what, Happening::Tick(p) | Happening::Announce(p) if *p == peer));
        let (tick, announce) = (self.random.below(TICK_MILLIS), self.random.below(500));
        self.after(tick, Happening::Tick(peer));
        self.after(announce, Happening::Announce(peer));
        if self.is_bound(peer) {
            self.finality.started(peer, &self.replicas[peer])?;
        }
        let library = self.replicas[peer].library().ok_or("it does not run")?;
        let lost = self.acknowledged.iter().find(|(id, at)| **at == peer && !library.is_durable(id));
        if let Some((id, _)) = lost {
            return Err(format!("replica {peer} lost the acknowledged commit {id} in a crash"));
        }
        self.grown(peer)
    }

    fn connect(&mut self, one: usize, other: usize) {
        self.connections += 1;
        self.replicas[one].connect(other, self.connections);
        self.replicas[other].connect(one, self.connections);
    }

    fn split(&mut self) {
        self.network.split(&mut self.random);
        let pause = self.random.between(500, 8_000);
        self.after(pause, Happening::Join);
    }

    fn calm(&mut self) {
        self.is_calm = true;
        self.network.set_weather(Weather::CALM);
        self.network.join();
        self.skews.fill(0);
        self.agenda.retain(|_, what| {
            matches!(
                what,
                Happening::Tick(_)
                    | Happening::Announce(_)
                    | Happening::Sync(_)
                    | Happening::Connect(..)
                    | Happening::Rule(..)
                    | Happening::Clone(..)
                    | Happening::Deliver(_)
                    | Happening::Start(_)
            )
        });
        let begun: Vec<usize> = (0..self.replicas.len()).filter(|peer| self.replicas[*peer].has_folder()).collect();
        begun.into_iter().for_each(|peer| self.after(0, Happening::Start(peer)));
    }

    fn sync_soon(&mut self, peer: usize) {
        if self.replicas[peer].is_dirty() {
            let pause = self.random.below(30);
            self.after(pause, Happening::Sync(peer));
        }
    }

    /// Carries packets, takes notes, and checks what must hold after a step.
    fn carry_out(&mut self, peer: usize, output: Output) -> Result<(), String> {
        for packet in output.packets {
            for (delay, copy) in self.network.carry(&packet, &mut self.random) {
                self.after(delay, Happening::Deliver(copy));
            }
        }
        let mut grew = false;
        for note in output.notes {
            self.record(&format!("{peer} {note:?}"));
            match note {
                Note::Acknowledged(id) => drop(self.acknowledged.insert(id, peer)),
                Note::Stable(hlc) => {
                    self.summary.stable_moves += 1;
                    if self.is_bound(peer) {
                        self.finality.moved(peer, hlc, &mut self.replicas[peer])?;
                    }
                }
                Note::Grew { rejudged } => {
                    grew = true;
                    self.summary.rejudged += rejudged;
                }
                Note::Dropped(other) => {
                    self.summary.dropped += 1;
                    self.after(500, Happening::Connect(peer, other));
                }
            }
        }
        if self.is_bound(peer) {
            self.finality.look(peer, &self.replicas[peer]);
        }
        self.held.extend(self.replicas[peer].held().into_keys());
        self.sync_soon(peer);
        if grew { self.grown(peer) } else { Ok(()) }
    }

    /// The fold grew: it equals the reference over the same commits, and so whatever anybody folded from this frontier.
    fn grown(&mut self, peer: usize) -> Result<(), String> {
        if self.is_bound(peer) {
            self.finality.grown(peer, &mut self.replicas[peer])?;
        }
        let (Some(fold), Some(library)) = (self.replicas[peer].fold(), self.replicas[peer].library()) else {
            return Ok(());
        };
        let frontier = library.heads.digest();
        let heads = library.heads.frontier();
        if !self.folded.contains_key(&frontier) {
            let closure = library.graph().closure(&heads);
            let commits = closure.iter().filter_map(|id| library.commit(id)).map(ordered);
            let is_clone = self.replicas[peer].begins().is_some();
            let folded = if is_clone { self.fold_all(&heads) } else { reference(&commits.collect::<Vec<_>>()) };
            self.folded.insert(frontier, folded);
        }
        let expected = &self.folded[&frontier];
        let report = fold.report();
        self.trace.update(&report.state);
        self.trace.update(&report.main.0);
        let differs = match self.replicas[peer].begins() {
            Some(_) => report.difference(&expected.above(|id| library.commit(id).is_some()), false),
            None => report.difference(expected, !fold.forgets_reasons()),
        };
        if fold.parked().is_some_and(|parked| parked != expected.parked()) {
            return Err(format!("replica {peer} does not know every parked commit"));
        }
        match differs {
            Some(what) => Err(format!("replica {peer}'s fold is not the naive one: {what}")),
            None => Ok(()),
        }
    }

    fn record(&mut self, what: &str) {
        self.trace.update(what.as_bytes());
    }
}

fn name_of(what: &Happening) -> String {
    match what {
        Happening::Deliver(p) => format!("deliver {} to {} {}", p.from, p.to, blake3::hash(&p.bytes).to_hex()),
        other => format!("{other:?}"),
    }
}
