//! The newcomer's side of a clone: choose a checkpoint, gather its trees node by node, write what a start needs.
//!
//! Promises: nothing counts before the last batch is on disk, so a clone that is killed leaves a folder that goes on
//! where it stood and never one that opens half; what cannot be believed or got is left for the ordinary exchange of
//! the whole history. Blocks: run it on a thread of its own. Does not know the network, only [`Peers`].

use super::sealing::{SEAL_BYTES, Sealing};
use super::shelf::Shelf;
use super::stand::{Cloned, Stand};
use crate::failure::Failure;
use crate::limits::ANSWERS_WAITING;
use crate::replica::Progress;
use crate::replica::counters;
use crate::replica::finality;
use crate::replica::kept::{Kept, Marks};
use crate::replica::opening::refused;
use dag::clock::Clock;
use dag::disk::{Disk, Files};
use dag::foothold::Foothold;
use dag::genesis::Genesis;
use dag::id::NodeId;
use dag::store::{Kind, Log, Options, Position, Record, TreeStore};
use dag::tree::{Need, Tree, TreeError};
use gossip::objects::{Assembly, Effect, Event, Gathering};
use gossip::{Fault, Message, TransportId};
use linearizer::offer::{Choice, Offer, choose};
use std::collections::BTreeSet;
use std::fmt;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

/// Takes a verified object to the disk.
type Keep<'a> = dyn FnMut(NodeId, &[u8]) -> Result<(), TreeError> + 'a;

/// How long nobody who could be asked is waited for, before the clone stops with an error.
const LONELY_PATIENCE: Duration = Duration::from_secs(60);
/// How long members are waited for that have not signed for the same checkpoint yet.
const AGREEMENT_PATIENCE: Duration = Duration::from_secs(15);
/// How often peers are looked at, and silence is noticed.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// The file that says that a clone is under way.
const MARKER: &str = "cloning";

/// A peer's answer to request `number`; an error in words if it did not come.
pub struct Answer {
    /// Who was asked.
    pub peer: TransportId,
    /// The number given with the request.
    pub number: u64,
    /// Its messages.
    pub messages: Result<Vec<Message>, String>,
}

/// Who can be asked. Implemented over the network's handle, and by tests over replicas in the same process.
pub trait Peers {
    /// Members that are connected now.
    fn connected(&self) -> Vec<TransportId>;
    /// Asks; the answer goes into the channel, sooner or later or never. Does not block.
    fn ask(&self, peer: TransportId, number: u64, request: Message, answers: &SyncSender<Answer>);
}

/// How a clone ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// From a checkpoint.
    Checkpoint {
        /// Commits below it.
        position: u64,
        /// Objects that were fetched.
        objects: u64,
        /// Their bytes.
        bytes: u64,
        /// Objects that were here already.
        skipped: u64,
    },
    /// Nothing was taken, and why: the whole history comes by the ordinary exchange.
    WholeHistory(String),
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Outcome::Checkpoint { position, objects, bytes, skipped } => write!(
                f,
                "Cloned from a checkpoint over {position} commits: {objects} objects of {} MiB fetched and verified, \
                 {skipped} were here already",
                bytes >> 20
            ),
            Outcome::WholeHistory(why) => write!(f, "The whole history will be fetched, not a checkpoint: {why}"),
        }
    }
}

fn marker(data: &Path) -> PathBuf {
    data.join(MARKER)
}

/// Whether a clone was begun in the folder and has not ended.
pub fn is_under_way(data: &Path) -> bool {
    marker(data).exists()
}

/// Notes that a clone begins: written before anything else of it, so that a start goes on with it.
pub fn mark(data: &Path) -> Result<(), Failure> {
    let path = marker(data);
    File::create(&path).and_then(|file| file.sync_all()).map_err(|e| Failure::file("write", &path, e))
}

fn unmark(data: &Path) -> Result<(), Failure> {
    let path = marker(data);
    match fs::remove_file(&path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(Failure::file("remove", &path, error)),
        _ => File::open(data).and_then(|folder| folder.sync_all()).map_err(|e| Failure::file("sync", data, e)),
    }
}

/// Opens the stores of a folder that is to be cloned into. Error: another instance has it, or the disk refuses.
pub fn open_stores(data: &Path) -> Result<(Arc<Log>, Arc<TreeStore>), Failure> {
    let disk: Arc<dyn Disk> = Arc::new(Files::open(data).map_err(refused)?);
    let (log, _) = Log::open(disk.clone(), Options::default()).map_err(refused)?;
    let (store, _) = TreeStore::salvage(disk).map_err(refused)?;
    Ok((Arc::new(log), Arc::new(store)))
}

/// A clone being made in a folder that nobody else has open.
pub struct Taking<'a> {
    data: PathBuf,
    genesis: Genesis,
    log: Arc<Log>,
    store: Arc<TreeStore>,
    shelf: Shelf,
    clock: &'a dyn Clock,
    peers: &'a dyn Peers,
    progress: &'a Progress<'a>,
    answers: (SyncSender<Answer>, Receiver<Answer>),
    seal_bytes: u64,
    patience: Duration,
    last_number: u64,
}

impl<'a> Taking<'a> {
    /// Over the stores of the folder.
    pub fn new(
        data: &Path,
        genesis: Genesis,
        (log, store): (Arc<Log>, Arc<TreeStore>),
        clock: &'a dyn Clock,
        peers: &'a dyn Peers,
        progress: &'a Progress<'a>,
    ) -> Self {
        let shelf = Shelf::new(store.clone(), log.clone());
        let answers = sync_channel(ANSWERS_WAITING);
        let data = data.to_owned();
        Taking {
            data,
            genesis,
            log,
            store,
            shelf,
            clock,
            peers,
            progress,
            answers,
            seal_bytes: SEAL_BYTES,
            patience: LONELY_PATIENCE,
            last_number: 0,
        }
    }

    /// What was gathered survives a kill after so many bytes.
    #[cfg(test)]
    pub fn sealing_after(mut self, bytes: u64) -> Self {
        self.seal_bytes = bytes;
        self
    }

    /// A clone that was not begun yet waits only so long for somebody to ask.
    pub fn patient_for(mut self, patience: Duration) -> Self {
        if !is_under_way(&self.data) {
            self.patience = patience;
        }
        self
    }

    /// Makes the clone. Error: nobody answers although a clone was begun, or the disk refuses; the folder then goes on
    /// from where it is when this is called again.
    pub fn run(mut self) -> Result<Outcome, Failure> {
        let outcome = match self.choose()? {
            Ok((offer, foothold)) => {
                mark(&self.data)?;
                self.patience = LONELY_PATIENCE;
                self.take(&offer, &foothold).map_err(|failure| self.stopped(failure))?
            }
            Err(why) => Outcome::WholeHistory(why),
        };
        unmark(&self.data)?;
        Ok(outcome)
    }

    /// What is said of a clone that stopped on its way.
    fn stopped(&self, failure: Failure) -> Failure {
        let Failure::Environment(why) = failure else { return failure };
        let folder = self.data.display();
        let text = format!(
            "cloning into {folder} stopped: {why}. What was fetched is kept: the next start goes on from there"
        );
        Failure::Environment(text)
    }

    /// The newest checkpoint that enough members vouch for; or why there is none.
    fn choose(&mut self) -> Result<Result<(Offer, Foothold), String>, Failure> {
        let began = self.clock.monotonic();
        loop {
            if !self.is_somebody_there()? {
                return Ok(Err("no member was reached".to_owned()));
            }
            let offers = self.offers()?;
            if offers.is_empty() {
                return Ok(Err("no connected member has a stable checkpoint to offer".to_owned()));
            }
            let genesis = self.genesis.clone();
            let doubts = match choose(offers, &genesis, &mut |offer| self.foothold(offer))? {
                Choice::Take(chosen) => return Ok(Ok(*chosen)),
                Choice::Doubt(positions) => positions,
            };
            if self.clock.monotonic() > began + AGREEMENT_PATIENCE {
                let text =
                    format!("no majority of the members has signed for a checkpoint (offered at positions {doubts:?})");
                return Ok(Err(text));
            }
            self.pause(LOOK_EVERY);
        }
    }

    /// What the connected members offer.
    fn offers(&mut self) -> Result<Vec<Offer>, Failure> {
        let peers = self.peers.connected();
        self.last_number += 1;
        let number = self.last_number;
        for peer in &peers {
            self.peers.ask(*peer, number, Message::Checkpoints, &self.answers.0);
        }
        let (mut waiting, mut offers) = (peers.len(), Vec::new());
        let until = self.clock.monotonic() + 2 * gossip::limits::PATIENCE;
        while waiting > 0 && self.clock.monotonic() < until {
            let Some(answer) = self.receive() else { continue };
            if answer.number != number {
                continue;
            }
            waiting -= 1;
            for message in answer.messages.unwrap_or_default() {
                let Message::Offer { checkpoints } = message else { continue };
                for bytes in checkpoints {
                    match Offer::read(&bytes, &self.genesis) {
                        Ok(offer) => offers.push(offer),
                        Err(why) => tracing::warn!(why, "an offered checkpoint is left out"),
                    }
                }
            }
        }
        Ok(offers)
    }

    /// Waits for somebody to ask. Error: nobody came, and a clone was begun.
    fn is_somebody_there(&self) -> Result<bool, Failure> {
        let began = self.clock.monotonic();
        while self.peers.connected().is_empty() {
            if self.clock.monotonic() > began + self.patience {
                return if is_under_way(&self.data) { Err(lonely()) } else { Ok(false) };
            }
            self.pause(LOOK_EVERY);
        }
        Ok(true)
    }

    /// An offer's foothold; `None` if it cannot be got or read.
    fn foothold(&mut self, offer: &Offer) -> Result<Option<Foothold>, Failure> {
        if self.log.get(Kind::VALUE, &offer.foothold.0).map_err(refused)?.is_none() {
            let mut found = None;
            self.gather(vec![Need::value(offer.foothold)], &mut |_, bytes| {
                found = Some(bytes.to_vec());
                Ok(())
            })?;
            let Some(bytes) = found else { return Ok(None) };
            self.log.append_batch(&[Record::new(Kind::VALUE, offer.foothold.0, bytes)]).map_err(refused)?;
        }
        let bytes = self.log.get(Kind::VALUE, &offer.foothold.0).map_err(refused)?.unwrap_or_default();
        match Foothold::from_bytes(&bytes) {
            Ok(foothold) => Ok(Some(foothold)),
            Err(error) => {
                tracing::warn!(%error, "an offered checkpoint is left out");
                Ok(None)
            }
        }
    }

    /// Gathers the trees, then writes the records that make the folder a replica.
    fn take(&mut self, offer: &Offer, foothold: &Foothold) -> Result<Outcome, Failure> {
        let checkpoint = &offer.checkpoint;
        let spaces = checkpoint.trees.iter().chain(&checkpoint.indexes);
        let trees = spaces.filter_map(|(_, root)| Need::root(Tree { root: Some(*root) }));
        let roots: Vec<Need> = [Need::value(checkpoint.catalogue)].into_iter().chain(trees).collect();
        let store = self.store.clone();
        let mut sink = Sealing::new(&store, self.seal_bytes, self.clock);
        let fetched = self.gather(roots, &mut |id, bytes| sink.put(id, bytes))?;
        sink.finish()?;
        let marks = Marks { scan_from: Position::START, adopted_at: Position::START };
        let mut kept = Kept::new(vec![checkpoint.clone()], marks, counters::Kept::default());
        kept.promises = offer.promises(foothold);
        kept.hlc = checkpoint.place.hlc;
        let records = [
            finality::record_of(offer.stable()),
            Cloned::record(checkpoint.position(), offer.foothold),
            Stand::cloned(checkpoint, offer.foothold).record(),
            kept.record(),
        ];
        self.log.append_batch(&records).map_err(refused)?;
        Ok(Outcome::Checkpoint {
            position: checkpoint.position(),
            objects: fetched.objects,
            bytes: fetched.bytes,
            skipped: fetched.skipped,
        })
    }

    /// Everything below these roots, from whoever is connected.
    fn gather(&mut self, roots: Vec<Need>, keep: &mut Keep<'_>) -> Result<gossip::objects::Progress, Failure> {
        // Numbers of an earlier gathering must not be taken for answers of this one.
        let base = self.last_number;
        let mut gathering = Gathering::new(roots);
        let mut sources: BTreeSet<TransportId> = BTreeSet::new();
        let mut heard = self.clock.monotonic();
        let mut looked = None;
        while !gathering.is_whole() {
            let mut events = Vec::new();
            if looked.is_none_or(|at| self.clock.monotonic() > at + LOOK_EVERY) {
                looked = Some(self.clock.monotonic());
                self.look_around(&mut sources, &mut events);
            } else if let Some(answer) = self.receive() {
                heard = self.clock.monotonic();
                events.extend(event(answer, base));
            }
            for event in events {
                let now = self.clock.wall_millis();
                for effect in gathering.apply(event, &self.shelf, now).map_err(damaged)? {
                    match effect {
                        Effect::Store(id, bytes) => keep(id, &bytes).map_err(damaged)?,
                        Effect::Drop(peer, fault) => {
                            tracing::warn!(?peer, ?fault, "a peer sends wrong objects; it is not asked any more");
                        }
                        Effect::Ask { peer, get, ids } => {
                            self.last_number = base + get;
                            self.peers.ask(peer, base + get, Message::Get { get: base + get, ids }, &self.answers.0);
                        }
                    }
                }
            }
            let progress = gathering.progress();
            (self.progress)(progress.objects + progress.skipped, progress.objects + progress.skipped + progress.open);
            if self.clock.monotonic() > heard + LONELY_PATIENCE {
                return Err(lonely());
            }
        }
        let progress = gathering.progress();
        (self.progress)(progress.objects, progress.objects);
        Ok(progress)
    }

    /// Who came and who went. A peer that was dropped or lacked something is a source again only when it reconnects.
    fn look_around(&self, sources: &mut BTreeSet<TransportId>, events: &mut Vec<Event>) {
        let now: BTreeSet<TransportId> = self.peers.connected().into_iter().collect();
        events.extend(sources.difference(&now).map(|peer| Event::Gone(*peer)));
        events.extend(now.difference(sources).map(|peer| Event::Source(*peer)));
        events.push(Event::Tick);
        *sources = now;
    }

    fn receive(&self) -> Option<Answer> {
        self.answers.1.recv_timeout(LOOK_EVERY).ok()
    }

    fn pause(&self, time: Duration) {
        std::thread::sleep(time);
    }
}

fn event(answer: Answer, base: u64) -> Option<Event> {
    let (peer, get) = (answer.peer, answer.number.checked_sub(base)?);
    let failed = |fault| Event::Failed { peer, get, fault };
    Some(match answer.messages {
        Err(_) => failed(Fault::Silent),
        Ok(messages) => match Assembly::of(answer.number, messages) {
            Ok(objects) => Event::Answered { peer, get, objects },
            Err(fault) => failed(fault),
        },
    })
}

fn lonely() -> Failure {
    Failure::environment(
        "no member answers, so the clone cannot go on; see that one is running and reachable, then start again",
    )
}

fn damaged(error: TreeError) -> Failure {
    match &error {
        TreeError::Store(source) => match source.downcast_ref::<dag::store::StoreError>() {
            Some(store) => refused(store.clone()),
            None => Failure::environment(error.to_string()),
        },
        _ => Failure::Damaged(error.to_string()),
    }
}
