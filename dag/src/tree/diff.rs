//! The difference of two trees, skipping every subtree they share.

use super::node::{Cell, Node};
use super::{Tree, TreeError, Trees};
use std::cmp::Ordering;
use std::ops::ControlFlow;
use std::sync::Arc;

/// One key that two trees do not agree on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Difference<'a> {
    /// The key.
    pub key: &'a [u8],
    /// Its value in the first tree.
    pub before: Option<&'a [u8]>,
    /// Its value in the second tree.
    pub after: Option<&'a [u8]>,
}

impl Trees {
    /// Every key whose value differs, ascending, until the sink breaks; says whether it did.
    pub fn diff(
        &self,
        before: Tree,
        after: Tree,
        sink: &mut dyn FnMut(Difference<'_>) -> ControlFlow<()>,
    ) -> Result<ControlFlow<()>, TreeError> {
        if before == after {
            return Ok(ControlFlow::Continue(()));
        }
        let (mut a, mut b) = (Side::new(self, before)?, Side::new(self, after)?);
        loop {
            let flow = match choose(&a, &b) {
                Step::Done => return Ok(ControlFlow::Continue(())),
                Step::Skip => {
                    a.advance();
                    b.advance();
                    continue;
                }
                Step::Open { first, second } => {
                    a.open_if(first)?;
                    b.open_if(second)?;
                    continue;
                }
                Step::First => a.hand_out(|key, value| sink(Difference { key, before: Some(value), after: None }))?,
                Step::Second => b.hand_out(|key, value| sink(Difference { key, before: None, after: Some(value) }))?,
                Step::Both => {
                    let old = a.value()?;
                    a.advance();
                    b.hand_out(|key, value| sink(Difference { key, before: Some(&old), after: Some(value) }))?
                }
            };
            if flow.is_break() {
                return Ok(flow);
            }
        }
    }
}

/// What to do with the two items that come next.
enum Step {
    Done,
    /// They are equal.
    Skip,
    /// Look into one or both of two subtrees.
    Open {
        first: bool,
        second: bool,
    },
    /// Hand out a row that only one has.
    First,
    Second,
    /// Hand out a row that both have, with different values.
    Both,
}

fn choose(a: &Side<'_>, b: &Side<'_>) -> Step {
    let (x, y) = match (a.item(), b.item()) {
        (None, None) => return Step::Done,
        (Some(x), None) => return only(&x, true),
        (None, Some(y)) => return only(&y, false),
        (Some(x), Some(y)) => (x, y),
    };
    if x == y {
        return Step::Skip;
    }
    // Everything b still has lies above its floor, so an item of a up to there has no counterpart; and the reverse.
    if b.floor().is_some_and(|floor| x.key <= floor) {
        return only(&x, true);
    }
    if a.floor().is_some_and(|floor| y.key <= floor) {
        return only(&y, false);
    }
    if x.level > 0 || y.level > 0 {
        return Step::Open { first: x.level >= y.level, second: y.level >= x.level };
    }
    match x.key.cmp(y.key) {
        Ordering::Less => Step::First,
        Ordering::Equal => Step::Both,
        Ordering::Greater => Step::Second,
    }
}

fn only(item: &Item<'_>, first: bool) -> Step {
    match (item.level, first) {
        (0, true) => Step::First,
        (0, false) => Step::Second,
        _ => Step::Open { first, second: !first },
    }
}

/// A row (level 0) or a subtree, by the last key in it.
#[derive(PartialEq)]
struct Item<'a> {
    level: u8,
    key: &'a [u8],
    payload: &'a [u8],
}

struct Side<'t> {
    trees: &'t Trees,
    /// Open nodes from the root down, each with the index of its next entry; exhausted ones are popped.
    path: Vec<(Arc<Node>, usize)>,
    /// The last key passed; `None` before the first.
    floor: Option<Vec<u8>>,
}

impl<'t> Side<'t> {
    fn new(trees: &'t Trees, tree: Tree) -> Result<Self, TreeError> {
        let path = tree.root.map(|root| trees.node(root)).transpose()?.map(|node| (node, 0));
        Ok(Side { trees, path: path.into_iter().collect(), floor: None })
    }

    fn item(&self) -> Option<Item<'_>> {
        let (node, index) = self.path.last()?;
        Some(Item { level: node.level(), key: node.key(*index), payload: node.payload(*index) })
    }

    fn floor(&self) -> Option<&[u8]> {
        self.floor.as_deref()
    }

    fn advance(&mut self) {
        if let Some((node, index)) = self.path.last_mut() {
            let floor = self.floor.get_or_insert_default();
            floor.clear();
            floor.extend_from_slice(node.key(*index));
            *index += 1;
        }
        while self.path.last().is_some_and(|(node, index)| *index == node.count()) {
            self.path.pop();
        }
    }

    /// Replaces the subtree that comes next by its entries. The parent's index moves first, so that popping the child
    /// ends behind it.
    fn open_if(&mut self, wanted: bool) -> Result<(), TreeError> {
        if let (true, Some((node, index))) = (wanted, self.path.last_mut()) {
            let child = self.trees.child(node, *index)?;
            *index += 1;
            if *index == node.count() {
                self.path.pop();
            }
            self.path.push((child, 0));
        }
        Ok(())
    }

    fn value(&self) -> Result<Arc<[u8]>, TreeError> {
        match self.path.last().map(|(node, index)| node.cell(*index)) {
            Some(Cell::Inline(value)) => Ok(value.into()),
            Some(Cell::Outside { id, length }) => self.trees.outside(id, length),
            None => Ok(Arc::from([])),
        }
    }

    fn hand_out(&mut self, give: impl FnOnce(&[u8], &[u8]) -> ControlFlow<()>) -> Result<ControlFlow<()>, TreeError> {
        let value = self.value()?;
        let flow = self.item().map_or(ControlFlow::Continue(()), |item| give(item.key, &value));
        self.advance();
        Ok(flow)
    }
}
