//! What a simulated replica vouches for, what it offers to newcomers, and how a newcomer begins with it (R16, R30).
//!
//! Promises: a stand is on disk before a tip names it; whom a newcomer believes, and what it takes over, is the real
//! code's to say. Objects are handed over as they are: gathering them is gossip's, and tested there.

use super::super::chain::Record;
use super::super::fold::Fold;
use super::super::kind::Kind;
use super::super::library::Library;
use super::super::step::Habit;
use super::{AfterSync, Memory, Replica};
use dag::admit::{Known, Promise};
use dag::foothold::{Foothold, Survey, spot};
use dag::hlc::Hlc;
use dag::id::{AuthorId, CommitId, NodeId};
use dag::tree::{MemoryNodes, value_id};
use linearizer::checkpoint::Checkpoint;
use linearizer::finality::{Finality, Word};
use linearizer::fold::PARKED;
use linearizer::offer::{Offer, extensions, spot_of, voucher};
use serde_bytes::ByteBuf;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Vouchers that a tip names: as many as the real ones (docs/decisions/0008).
const KEPT_VOUCHERS: usize = 4;

/// The newest stable checkpoint, and what lies below it.
#[derive(Clone, Debug)]
pub struct Stand {
    checkpoint: Checkpoint,
    foothold: Arc<Foothold>,
    vouchers: Vec<NodeId>,
}

/// A checkpoint as a newcomer took it.
#[derive(Clone)]
pub struct Taken {
    offer: Offer,
    foothold: Arc<Foothold>,
    nodes: MemoryNodes,
}

impl std::fmt::Debug for Taken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "a clone from position {}", self.offer.checkpoint.position())
    }
}

impl Taken {
    /// What admission and finality go on from.
    pub(super) fn enter(&self, library: &mut Library, finality: &mut Finality, habit: Habit) {
        library.stand_on(&self.foothold, habit);
        for (author, through, commit) in self.offer.promises(&self.foothold) {
            library.skeleton.note_promise(author, Promise { through, commit });
            finality.heard(author, Word { promise: through, ..Word::default() });
        }
    }

    /// What the fold goes on from.
    pub(super) fn checkpoint_of(&self, fold: &mut dyn Fold, habit: Habit) {
        let mut checkpoint = self.offer.checkpoint.clone();
        if habit == Habit::ClonesWithoutParked {
            checkpoint.trees.retain(|(space, _)| *space != PARKED);
        }
        fold.stand_on(&checkpoint, &self.nodes);
    }
}

impl Replica {
    /// Cuts where it may, and takes up the newest stable checkpoint, if it is newer than what it stands on.
    pub(super) fn take_stand(&mut self) {
        let Some(memory) = self.memory.as_mut().filter(|memory| self.kind == Kind::Cloned && memory.is_settled())
        else {
            return;
        };
        let cuts: Vec<CommitId> = memory.cuts.values().copied().collect();
        memory.fold.cut_stable(&cuts);
        let Some((checkpoint, _)) = memory.fold.newest_stable() else { return };
        if memory.stand.as_ref().is_some_and(|stand| stand.checkpoint.place >= checkpoint.place) {
            return;
        }
        let foothold = memory.survey(&checkpoint);
        let mut vouchers = memory.stand.as_ref().map_or_else(Vec::new, |stand| stand.vouchers.clone());
        vouchers.push(voucher(&checkpoint, value_id(&foothold.to_bytes())));
        vouchers.drain(..vouchers.len().saturating_sub(KEPT_VOUCHERS));
        let stand = Stand { checkpoint, foothold: Arc::new(foothold), vouchers };
        memory.after_sync.push(AfterSync::Stood(Box::new(stand.clone())));
        self.disk.append(vec![Record::Stand(stand)]);
    }

    /// What it offers: the checkpoint on which it stands, with the newest tip of each member. Signs one that names it,
    /// unless the last one does.
    pub fn offer(&mut self, now_millis: u64) -> Option<Vec<u8>> {
        let stand = self.memory.as_ref()?.kept_stand()?.0.clone();
        if self.memory.as_ref()?.is_unvouched() {
            self.renew(now_millis);
        }
        let memory = self.memory.as_ref()?;
        let skeleton = &memory.library.skeleton;
        let members = skeleton.members(&memory.library.heads.frontier());
        let last = |author: &AuthorId| Some(memory.library.tip(&skeleton.promise(author)?.commit)?.to_vec());
        let own = memory.tip.as_ref().map(|tip| tip.to_bytes());
        let others = members.iter().map(|(author, _)| author).filter(|author| **author != self.key.id());
        let tips = others.filter_map(last).chain(own).map(ByteBuf::from).collect();
        Some(Offer::write(stand.checkpoint.clone(), value_id(&stand.foothold.to_bytes()), tips))
    }

    /// A foothold that it stands on, and the objects of the checkpoint above it.
    pub fn objects(&self, foothold: NodeId) -> Option<(Arc<Foothold>, MemoryNodes)> {
        let (stand, nodes) = self.memory.as_ref()?.kept_stand()?;
        (value_id(&stand.foothold.to_bytes()) == foothold).then(|| (stand.foothold.clone(), nodes))
    }

    /// A newcomer takes a checkpoint. It does not run yet.
    pub fn take(&mut self, offer: Offer, foothold: Foothold, nodes: MemoryNodes) {
        let (stable, foothold) = (offer.stable(), Arc::new(foothold));
        let vouchers = vec![offer.voucher()];
        let stand = Stand { checkpoint: offer.checkpoint.clone(), foothold: foothold.clone(), vouchers };
        let taken = Arc::new(Taken { offer, foothold, nodes });
        self.prepare(vec![Record::Stable(stable), Record::Cloned(taken), Record::Stand(stand)]);
    }

    /// Where it began, if that was above a checkpoint.
    pub fn begins(&self) -> Option<Hlc> {
        self.memory.as_ref()?.library.skeleton.below().map(|below| below.place().0)
    }
}

impl Memory {
    /// Whether nothing that it says of main is under way.
    fn is_settled(&self) -> bool {
        !self.is_publishing() && !self.after_sync.iter().any(|done| matches!(done, AfterSync::Stood(_)))
    }

    /// What it stands on, while the fold has it: a fold begins anew with each start, and cuts again.
    fn kept_stand(&self) -> Option<(&Stand, MemoryNodes)> {
        let (newest, nodes) = self.fold.newest_stable()?;
        self.stand.as_ref().filter(|stand| stand.checkpoint.root() == newest.root()).map(|stand| (stand, nodes))
    }

    /// The foothold below a checkpoint, from where the last one ended.
    fn survey(&self, checkpoint: &Checkpoint) -> Foothold {
        let place = spot_of(checkpoint.place);
        let earlier = self.stand.as_ref().map(|stand| &*stand.foothold).filter(|earlier| earlier.place() < place);
        let mut survey = Survey::new(place, earlier);
        for commit in self.library.commits() {
            if let Some(vertex) = self.library.graph().get(&commit.id) {
                survey.take(vertex, &commit.control);
            }
        }
        let look = |id: &CommitId| {
            let here = self.library.graph().get(id).filter(|vertex| earlier.is_none_or(|e| spot(vertex) > e.place()));
            here.or_else(|| earlier?.vertex(id)).cloned().or_else(|| Known::vertex(&self.library.skeleton, id))
        };
        survey.finish(checkpoint.frontier.clone(), &look).expect("a small region")
    }

    pub(in super::super) fn is_unvouched(&self) -> bool {
        self.stand.as_ref().is_some_and(|stand| stand.vouchers.last() != self.vouched.as_ref())
    }

    /// What the next tip says of checkpoints.
    pub(in super::super) fn says_of_checkpoints(&self) -> BTreeMap<String, ByteBuf> {
        let said = |stand: &Stand| extensions(&stand.vouchers, Some(stand.checkpoint.place.id));
        self.stand.as_ref().map_or_else(BTreeMap::new, said)
    }
}
