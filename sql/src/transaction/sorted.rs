//! A map by key that costs little more than its entries when they come in ascending order, as a bulk load's do.
//!
//! Promises: what a `BTreeMap` would answer. Keys that come behind all others lie in one plain run (a B-tree filled that
//! way stays half empty, and its nodes leave holes between the rows when they go); all others in a B-tree beside it.
//! Knows nothing of rows.

use dag::row_key::Key;
use linearizer::view::{Direction, KeyRange};
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::iter::Peekable;
use std::ops::Bound;

/// Keys and what they hold.
#[derive(Clone, Debug)]
pub(crate) struct Sorted<V> {
    /// Ascending; `None` where an entry was taken out. The last one is never `None`.
    run: Vec<(Key, Option<V>)>,
    /// How many of the run are there.
    live: usize,
    /// Keys that are not in the run.
    rest: BTreeMap<Key, V>,
}

impl<V> Default for Sorted<V> {
    fn default() -> Self {
        Sorted { run: Vec::new(), live: 0, rest: BTreeMap::new() }
    }
}

impl<V> Sorted<V> {
    pub fn len(&self) -> usize {
        self.live + self.rest.len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Where a key lies in the run, or would.
    fn find(&self, key: &[u8]) -> Result<usize, usize> {
        match self.run.last() {
            Some((last, _)) if *last.0 < *key => Err(self.run.len()),
            _ => self.run.binary_search_by(|(other, _)| (*other.0).cmp(key)),
        }
    }

    pub fn get(&self, key: &[u8]) -> Option<&V> {
        match self.find(key) {
            Ok(at) => self.run[at].1.as_ref(),
            Err(_) => self.rest.get(key),
        }
    }

    /// Puts a value and gives the one before.
    pub fn insert(&mut self, key: Key, value: V) -> Option<V> {
        match self.find(key.as_ref()) {
            Ok(at) => {
                let old = self.run[at].1.replace(value);
                self.live += usize::from(old.is_none());
                old
            }
            Err(at) if at < self.run.len() || self.rest.contains_key(&key) => self.rest.insert(key, value),
            Err(_) => {
                self.run.push((key, Some(value)));
                self.live += 1;
                None
            }
        }
    }

    pub fn remove(&mut self, key: &[u8]) -> Option<V> {
        let Ok(at) = self.find(key) else { return self.rest.remove(key) };
        let old = self.run[at].1.take()?;
        self.live -= 1;
        while self.run.last().is_some_and(|(_, value)| value.is_none()) {
            self.run.pop();
        }
        Some(old)
    }

    /// Every key, in no order.
    pub fn keys(&self) -> impl Iterator<Item = &Key> {
        let run = self.run.iter().filter(|(_, value)| value.is_some()).map(|(key, _)| key);
        run.chain(self.rest.keys())
    }

    /// The entries of a range, in the direction asked for.
    pub fn range(&self, range: &KeyRange, direction: Direction) -> Box<dyn Iterator<Item = (&Key, &V)> + '_> {
        if !is_sane(range) {
            return Box::new(std::iter::empty());
        }
        let run = self.run[self.cut(&range.from, true)..self.cut(&range.to, false)].iter();
        let run = run.filter_map(|(key, value)| Some((key, value.as_ref()?)));
        let rest = self.rest.range::<[u8], _>((slice(&range.from), slice(&range.to)));
        match direction {
            Direction::Forward => Box::new(Merged::new(run, rest, Ordering::Less)),
            Direction::Backward => Box::new(Merged::new(run.rev(), rest.rev(), Ordering::Greater)),
        }
    }

    /// How much of the run lies before a bound.
    fn cut(&self, bound: &Bound<Key>, is_start: bool) -> usize {
        match bound {
            Bound::Unbounded if is_start => 0,
            Bound::Unbounded => self.run.len(),
            Bound::Included(end) => self.run.partition_point(|(key, _)| if is_start { key < end } else { key <= end }),
            Bound::Excluded(end) => self.run.partition_point(|(key, _)| if is_start { key <= end } else { key < end }),
        }
    }

    /// All entries, ascending.
    pub fn into_ascending(self) -> impl Iterator<Item = (Key, V)> {
        let run = self.run.into_iter().filter_map(|(key, value)| Some((key, value?)));
        Merged::new(run, self.rest.into_iter(), Ordering::Less)
    }
}

fn slice(bound: &Bound<Key>) -> Bound<&[u8]> {
    bound.as_ref().map(Key::as_ref)
}

/// A range whose start lies behind its end holds nothing; slices and `BTreeMap::range` panic on it.
fn is_sane(range: &KeyRange) -> bool {
    match (&range.from, &range.to) {
        (Bound::Unbounded, _) | (_, Bound::Unbounded) => true,
        (Bound::Excluded(from), Bound::Excluded(to)) => from < to,
        (Bound::Included(from) | Bound::Excluded(from), Bound::Included(to) | Bound::Excluded(to)) => from <= to,
    }
}

/// Two sorted sequences without a common key, as one.
struct Merged<A: Iterator, B: Iterator> {
    a: Peekable<A>,
    b: Peekable<B>,
    /// How a key compares with those behind it.
    first: Ordering,
}

impl<A: Iterator, B: Iterator> Merged<A, B> {
    fn new(a: A, b: B, first: Ordering) -> Self {
        Merged { a: a.peekable(), b: b.peekable(), first }
    }
}

impl<K: Ord, V, A: Iterator<Item = (K, V)>, B: Iterator<Item = (K, V)>> Iterator for Merged<A, B> {
    type Item = (K, V);

    fn next(&mut self) -> Option<(K, V)> {
        match (self.a.peek(), self.b.peek()) {
            (Some((a, _)), Some((b, _))) if a.cmp(b) == self.first => self.a.next(),
            (_, Some(_)) => self.b.next(),
            _ => self.a.next(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn key(name: u8) -> Key {
        Key::from(vec![name])
    }

    fn bound(kind: u8, name: u8) -> Bound<Key> {
        [Bound::Unbounded, Bound::Included(key(name)), Bound::Excluded(key(name))][usize::from(kind % 3)].clone()
    }

    proptest! {
        #[test]
        fn it_answers_as_a_b_tree_does(
            edits in prop::collection::vec((0..40_u8, any::<bool>(), 0..3_u8), 0..120),
            (from, to) in ((0..3_u8, 0..40_u8), (0..3_u8, 0..40_u8)),
        ) {
            let (mut model, mut sorted) = (BTreeMap::new(), Sorted::default());
            for (at, (name, ascends, kind)) in edits.into_iter().enumerate() {
                // Half of the keys rise with time, so that both parts are used.
                let name = key(if ascends { at as u8 } else { name });
                match kind {
                    0 => prop_assert_eq!(sorted.remove(name.as_ref()), model.remove(&name)),
                    _ => prop_assert_eq!(sorted.insert(name.clone(), at), model.insert(name.clone(), at)),
                }
                prop_assert_eq!(sorted.get(name.as_ref()), model.get(&name));
                prop_assert_eq!(sorted.len(), model.len());
            }
            let range = KeyRange { from: bound(from.0, from.1), to: bound(to.0, to.1) };
            let expected: Vec<_> = match is_sane(&range) {
                true => model.range((range.from.clone(), range.to.clone())).collect(),
                false => Vec::new(),
            };
            let forward: Vec<_> = sorted.range(&range, Direction::Forward).collect();
            let mut backward: Vec<_> = sorted.range(&range, Direction::Backward).collect();
            backward.reverse();
            prop_assert_eq!(&forward, &expected);
            prop_assert_eq!(&backward, &expected);
            let mut keys: Vec<_> = sorted.keys().cloned().collect();
            keys.sort();
            prop_assert_eq!(keys, model.keys().cloned().collect::<Vec<_>>());
            prop_assert_eq!(sorted.into_ascending().collect::<Vec<_>>(), model.into_iter().collect::<Vec<_>>());
        }
    }

    #[test]
    fn ascending_entries_lie_in_the_run() {
        let mut sorted = Sorted::default();
        (0..100).for_each(|name| assert!(sorted.insert(key(name), name).is_none()));
        assert_eq!((sorted.run.len(), sorted.rest.len()), (100, 0));
    }
}
