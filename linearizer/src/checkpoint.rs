//! Checkpoints: a place of main whose state is stored as content-addressed trees (R30, R31).
//!
//! The consensus root covers what the fold goes on from: position, place, heads, main's hash, schema, rows and control
//! state. Index trees can be built again from the rows; their roots stand beside it. Promises: the same commits below
//! the same place give the same root on every peer, however often each has cut before. Writes nodes to whatever sink it
//! is given; does not know files.

use crate::fold::{PARKED, SETTLED, VOID};
use crate::ground::Ground;
use crate::main_log::MainHash;
use crate::order::{Place, Seat};
use crate::slot::Until;
use crate::state::State;
use crate::view::{Bytes, Direction, KeyRange, Sink, ViewError};
use crate::window::{Base, Lineage, Weight, Window};
use dag::catalogue::Catalogue;
use dag::encode::{Domain, to_bytes};
use dag::id::{CommitId, EntityId, NodeId};
use dag::row_key::Key;
use dag::tree::{self, NodeSink, Nodes, Tree, TreeError, Trees, value_id};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

/// A stored place of main. Small: its trees are elsewhere, by their roots.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// The place of the last commit below.
    pub place: Place,
    /// The heads of what lies below, sorted.
    pub frontier: Vec<CommitId>,
    /// main's hash, with the number of commits below.
    pub main: MainHash,
    /// The object that holds the schema's canonical bytes.
    pub catalogue: NodeId,
    /// The trees of tables and of control state, by space; empty ones are left out.
    pub trees: Vec<(EntityId, NodeId)>,
    /// The trees of indexes: derived.
    pub indexes: Vec<(EntityId, NodeId)>,
    /// Whether it lies in the stable prefix, so that it will never be replaced and may be served to clones.
    pub stable: bool,
}

impl Checkpoint {
    /// Commits below.
    pub fn position(&self) -> u64 {
        self.main.position
    }

    /// The consensus root (R31).
    pub fn root(&self) -> NodeId {
        let covered = (&self.place, &self.frontier, &self.main, &self.catalogue, &self.trees);
        NodeId(Domain::CHECKPOINT.hash(&to_bytes(&covered)))
    }

    /// Every root that must be kept for this checkpoint: trees, indexes and the schema's object.
    pub fn roots(&self) -> impl Iterator<Item = NodeId> {
        self.trees.iter().chain(&self.indexes).map(|(_, root)| *root).chain([self.catalogue])
    }

    /// The base of a window above this checkpoint; reads the schema, nothing else.
    pub fn open(&self, nodes: &dyn Nodes, trees: &Trees) -> Result<Base, ViewError> {
        let bytes = nodes.get(self.catalogue).map_err(unreadable)?;
        if value_id(&bytes) != self.catalogue {
            return Err(ViewError("the schema of the checkpoint is damaged".into()));
        }
        let catalogue = Catalogue::decode(&bytes).map_err(|e| ViewError(e.to_string().into()))?;
        Ok(Base {
            place: Some(self.place),
            position: self.position(),
            frontier: self.frontier.clone(),
            catalogue: Arc::new(catalogue),
            ground: Arc::new(Stored { trees: trees.clone(), roots: self.all_trees() }),
        })
    }

    fn all_trees(&self) -> BTreeMap<EntityId, Tree> {
        self.trees.iter().chain(&self.indexes).map(|(space, root)| (*space, Tree { root: Some(*root) })).collect()
    }
}

/// A checkpoint about to be cut: shares what it needs of the window, so that the writing may happen elsewhere.
pub struct Cut {
    state: State,
    catalogue: Arc<Catalogue>,
    lineage: Lineage,
    last: Seat,
    main: MainHash,
    below: Option<Checkpoint>,
    stable: bool,
}

impl Cut {
    /// Through the commit `last` of this window, over the checkpoint that is the window's base.
    pub(crate) fn new(window: &Window, last: Seat, main: MainHash, below: Option<Checkpoint>, stable: bool) -> Self {
        let catalogue = window.catalogue(Until::Through(&last)).clone();
        Cut { state: window.state().clone(), catalogue, lineage: window.lineage(), last, main, below, stable }
    }

    /// The place of the last commit below.
    pub fn place(&self) -> Place {
        self.last.place()
    }

    /// The commits between the checkpoint below and this one, in order: parents first.
    pub fn commits(&self) -> impl Iterator<Item = CommitId> {
        self.lineage.through(&self.last).map(Seat::id)
    }

    /// How much they are: for [`crate::linearizer::Linearizer::adopt`].
    pub fn weight(&self) -> Weight {
        let mut weight = Weight::default();
        self.lineage.through(&self.last).for_each(|seat| weight.add(seat));
        weight
    }

    /// Writes the trees. The caller syncs the sink before it relies on the checkpoint.
    pub fn write(&self, trees: &Trees, sink: &mut dyn NodeSink) -> Result<Checkpoint, TreeError> {
        let until = Until::Through(&self.last);
        let catalogue = &self.catalogue;
        let bytes = catalogue.encode();
        sink.put(value_id(&bytes), &bytes)?;
        let old = self.below.as_ref().map(Checkpoint::all_trees).unwrap_or_default();
        let mut write = |space: EntityId| -> Result<Option<(EntityId, NodeId)>, TreeError> {
            let before = old.get(&space).copied().unwrap_or(Tree::EMPTY);
            let edits = self.state.edits(space, until).map(|(key, value)| (key, value.as_deref()));
            let after = trees.apply(before, edits, sink)?;
            Ok(after.root.map(|root| (space, root)))
        };
        let mut spaces: Vec<EntityId> = catalogue.tables.keys().copied().chain([VOID, SETTLED, PARKED]).collect();
        spaces.sort_unstable();
        let mut indexes: Vec<EntityId> =
            catalogue.tables.values().flat_map(|t| t.indexes.iter().map(|i| i.id)).collect();
        indexes.sort_unstable();
        let written = spaces.into_iter().filter_map(|space| write(space).transpose()).collect::<Result<_, _>>()?;
        let derived = indexes.into_iter().filter_map(|space| write(space).transpose()).collect::<Result<_, _>>()?;
        Ok(Checkpoint {
            place: self.last.place(),
            frontier: self.lineage.heads_through(&self.last),
            main: self.main.clone(),
            catalogue: value_id(&bytes),
            trees: written,
            indexes: derived,
            stable: self.stable,
        })
    }
}

/// A checkpoint's trees as a ground.
struct Stored {
    trees: Trees,
    roots: BTreeMap<EntityId, Tree>,
}

fn unreadable(error: TreeError) -> ViewError {
    ViewError(error.to_string().into())
}

fn borrowed(bound: &Bound<Key>) -> Bound<&[u8]> {
    bound.as_ref().map(|key| key.as_ref())
}

impl Ground for Stored {
    fn get(&self, space: EntityId, key: &[u8]) -> Result<Option<Bytes>, ViewError> {
        let Some(tree) = self.roots.get(&space) else { return Ok(None) };
        self.trees.get(*tree, key).map_err(unreadable)
    }

    fn range(
        &self,
        space: EntityId,
        range: &KeyRange,
        direction: Direction,
        sink: &mut Sink<'_>,
    ) -> Result<(), ViewError> {
        let Some(tree) = self.roots.get(&space) else { return Ok(()) };
        let direction = match direction {
            Direction::Forward => tree::Direction::Forward,
            Direction::Backward => tree::Direction::Backward,
        };
        let mut row = |key: &[u8], value: &[u8]| sink(&Key(key.into()), &value.into());
        let walk = self.trees.range(*tree, borrowed(&range.from), borrowed(&range.to), direction, &mut row);
        walk.map(|_| ()).map_err(unreadable)
    }

    fn estimate(&self, space: EntityId, range: &KeyRange) -> u64 {
        let Some(tree) = self.roots.get(&space) else { return 0 };
        self.trees.count(*tree, borrowed(&range.from), borrowed(&range.to)).unwrap_or(0)
    }
}
