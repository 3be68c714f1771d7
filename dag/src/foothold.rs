//! What admission above a checkpoint asks of the commits below it: enough for a replica that does not have them (R30).
//!
//! A commit above the checkpoint may stand on one below that is not among the checkpoint's heads, when its author had
//! not heard everything yet. So a foothold keeps the vertices that some such commit has below it and another has not
//! (the region), those that commits above name (the heads below, the parents, the last of each chain), and all control
//! records. Everything else below is common: in the closure of whatever stands above. Promises: the same bytes on every
//! peer to which the checkpoint is stable, because then all commits that stand across it are here (R16); answers equal
//! those of the whole history. Pure; does not know where commits are kept.

use crate::admit::Promise;
use crate::control::ControlRecord;
use crate::encode::positional::positional;
use crate::encode::{from_bytes, to_bytes};
use crate::error::{Error, Result};
use crate::hlc::Hlc;
use crate::id::{AuthorId, CommitId, RunId};
use crate::limits::{MAX_CHAINS, MAX_REGION};
use crate::vertex::{Chain, Vertex};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// Where a commit stands in the order (R20).
pub type Spot = (Hlc, AuthorId, RunId, CommitId);

/// The spot of a vertex.
pub fn spot(vertex: &Vertex) -> Spot {
    (vertex.hlc, vertex.author, vertex.run, vertex.id)
}

/// A control commit below.
#[derive(Clone, Debug, PartialEq)]
pub struct Controls {
    /// The commit.
    pub vertex: Vertex,
    /// Its records.
    pub records: Vec<ControlRecord>,
}

positional!(Controls { vertex, records });

/// As it is kept and sent. Version 1.
#[derive(Clone, Debug, PartialEq)]
struct Written {
    version: u32,
    place: Spot,
    frontier: Vec<CommitId>,
    region: Vec<Vertex>,
    named: Vec<Vertex>,
    controls: Vec<Controls>,
}

positional!(Written { version, place, frontier, region, named, controls });

/// A foothold.
#[derive(Clone, Debug)]
pub struct Foothold {
    written: Written,
    vertices: HashMap<CommitId, Vertex>,
    region: HashSet<CommitId>,
}

impl Foothold {
    fn new(written: Written) -> Self {
        let all = written.region.iter().chain(&written.named).chain(written.controls.iter().map(|c| &c.vertex));
        let vertices = all.map(|vertex| (vertex.id, vertex.clone())).collect();
        let region = written.region.iter().map(|vertex| vertex.id).collect();
        Foothold { written, vertices, region }
    }

    /// Canonical bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        to_bytes(&self.written)
    }

    /// Reads canonical bytes. Error: not a foothold, one whose heads it does not know itself, or too large a region.
    pub fn from_bytes(bytes: &[u8]) -> Result<Foothold> {
        let written: Written = from_bytes("foothold", bytes)?;
        if written.version != 1 {
            return Err(Error::malformed("foothold", format!("version {} is not known here", written.version)));
        }
        check_region(written.region.len())?;
        let foothold = Foothold::new(written);
        let well = foothold.written.frontier.iter().all(|head| foothold.vertices.contains_key(head))
            && foothold.vertices.values().all(|vertex| spot(vertex) <= foothold.written.place);
        if well { Ok(foothold) } else { Err(Error::malformed("foothold", "it does not stand below its own place")) }
    }

    /// The place of the last commit below.
    pub fn place(&self) -> Spot {
        self.written.place
    }

    /// The heads of what lies below, sorted.
    pub fn frontier(&self) -> &[CommitId] {
        &self.written.frontier
    }

    /// Every control commit below, in the order.
    pub fn controls(&self) -> &[Controls] {
        &self.written.controls
    }

    /// The commits that others name, among them the heads and the last of each chain.
    pub fn named(&self) -> &[Vertex] {
        &self.written.named
    }

    /// The last commit of each chain below, by chain.
    pub fn lasts(&self) -> impl Iterator<Item = &Vertex> {
        let mut lasts: BTreeMap<Chain, &Vertex> = BTreeMap::new();
        for vertex in self.named() {
            let last = lasts.entry(vertex.chain()).or_insert(vertex);
            if (last.seq, last.id) < (vertex.seq, vertex.id) {
                *last = vertex;
            }
        }
        lasts.into_values()
    }

    /// What an author promised, with what is known of its tips: everybody had promised to write nothing at or below a
    /// stable checkpoint (R16), whatever tips are here.
    pub fn promise(&self, told: Option<Promise>) -> Promise {
        let (through, .., commit) = self.place();
        told.filter(|promise| promise.through >= through).unwrap_or(Promise { through, commit })
    }

    /// A commit below, if it is one that matters.
    pub fn vertex(&self, id: &CommitId) -> Option<&Vertex> {
        self.vertices.get(id)
    }

    /// Whether the commit lies in the closure of every commit that stands above.
    pub fn is_common(&self, id: &CommitId) -> bool {
        self.vertices.contains_key(id) && !self.region.contains(id)
    }
}

/// A foothold being gathered from the commits themselves, in any order.
#[derive(Debug)]
pub struct Survey {
    place: Spot,
    from: Option<Spot>,
    lasts: BTreeMap<Chain, Vertex>,
    controls: BTreeMap<Spot, Controls>,
    /// Parents of commits above, and the commits above.
    parents: BTreeSet<CommitId>,
    above: HashSet<CommitId>,
}

impl Survey {
    /// For a place; with the foothold of an earlier place, commits at or below that one need not be brought.
    pub fn new(place: Spot, earlier: Option<&Foothold>) -> Self {
        let mut survey = Survey {
            place,
            from: earlier.map(Foothold::place),
            lasts: BTreeMap::new(),
            controls: BTreeMap::new(),
            parents: BTreeSet::new(),
            above: HashSet::new(),
        };
        if let Some(earlier) = earlier {
            earlier.written.named.iter().for_each(|vertex| survey.take_last(vertex));
            let controls = earlier.written.controls.iter().map(|c| (spot(&c.vertex), c.clone()));
            survey.controls.extend(controls);
        }
        survey
    }

    /// Takes a commit.
    pub fn take(&mut self, vertex: &Vertex, records: &[ControlRecord]) {
        let at = spot(vertex);
        if at > self.place {
            self.above.insert(vertex.id);
            self.parents.extend(&vertex.parents);
        } else if self.from.is_none_or(|from| at > from) {
            self.take_last(vertex);
            if !records.is_empty() {
                self.controls.insert(at, Controls { vertex: vertex.clone(), records: records.to_vec() });
            }
        }
    }

    fn take_last(&mut self, vertex: &Vertex) {
        let last = self.lasts.entry(vertex.chain()).or_insert_with(|| vertex.clone());
        if (last.seq, last.id) < (vertex.seq, vertex.id) {
            *last = vertex.clone();
        }
    }

    /// The foothold below `frontier`, the heads at the place. `look` finds a commit; what it does not find is taken as
    /// common, which holds for whatever an earlier foothold leaves out. Error: the region is too large.
    pub fn finish(self, mut frontier: Vec<CommitId>, look: &dyn Fn(&CommitId) -> Option<Vertex>) -> Result<Foothold> {
        frontier.sort_unstable();
        let feet = self.parents.iter().filter(|id| !self.above.contains(*id)).chain(&frontier);
        let feet: BTreeMap<CommitId, Vertex> =
            feet.filter_map(|id| Some((*id, look(id)?))).filter(|(_, vertex)| spot(vertex) <= self.place).collect();
        let region = region(&feet, look)?;
        let mut lasts: Vec<&Vertex> = self.lasts.values().collect();
        lasts.sort_unstable_by_key(|vertex| std::cmp::Reverse(spot(vertex)));
        lasts.truncate(MAX_CHAINS);
        let mut named: BTreeMap<CommitId, Vertex> = lasts.into_iter().map(|v| (v.id, v.clone())).collect();
        named.extend(feet);
        let written = Written {
            version: 1,
            place: self.place,
            frontier,
            region,
            named: named.into_values().collect(),
            controls: self.controls.into_values().collect(),
        };
        Ok(Foothold::new(written))
    }
}

/// The commits that some foot stands on and another does not, sorted: painted downwards by falling generation, until
/// only what all feet stand on is left.
fn region(feet: &BTreeMap<CommitId, Vertex>, look: &dyn Fn(&CommitId) -> Option<Vertex>) -> Result<Vec<Vertex>> {
    let mut open = Painting { all: feet.len(), open: BTreeMap::new(), partly: 0 };
    for (index, vertex) in feet.values().enumerate() {
        open.paint(vertex.clone(), &BTreeSet::from([index]));
    }
    let mut found = BTreeMap::new();
    while open.partly > 0 {
        let Some((vertex, paint)) = open.pop() else { break };
        vertex.parents.iter().filter_map(look).for_each(|parent| open.paint(parent, &paint));
        if paint.len() < open.all {
            found.insert(vertex.id, vertex);
            check_region(found.len())?;
        }
    }
    Ok(found.into_values().collect())
}

fn check_region(vertices: usize) -> Result<()> {
    Error::limit("commits that stand across a checkpoint", vertices, MAX_REGION)
}

/// Vertices by generation, each with the feet that stand on it.
struct Painting {
    all: usize,
    open: BTreeMap<(u64, CommitId), (Vertex, BTreeSet<usize>)>,
    /// How many of them not all feet are known to stand on.
    partly: usize,
}

impl Painting {
    fn paint(&mut self, vertex: Vertex, feet: &BTreeSet<usize>) {
        let place = (vertex.generation, vertex.id);
        let (_, paint) = self.open.entry(place).or_insert_with(|| (vertex, BTreeSet::new()));
        let was_partly = !paint.is_empty() && paint.len() < self.all;
        paint.extend(feet);
        self.partly = self.partly - usize::from(was_partly) + usize::from(paint.len() < self.all);
    }

    fn pop(&mut self) -> Option<(Vertex, BTreeSet<usize>)> {
        let (_, (vertex, paint)) = self.open.pop_last()?;
        self.partly -= usize::from(paint.len() < self.all);
        Some((vertex, paint))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vertex::drawing::{id, names};

    /// Name, parents, author. Time and generation rise along the list.
    const HISTORY: &[(&str, &str, u8)] = &[
        ("a", "", 1),
        ("b", "a", 1),
        ("c", "a", 2),
        ("d", "bc", 1),
        ("e", "c", 2),
        ("f", "de", 1),
        ("g", "e", 2),
        ("h", "fg", 1),
        ("i", "h", 2),
    ];

    fn history() -> BTreeMap<CommitId, Vertex> {
        let mut all: BTreeMap<CommitId, Vertex> = BTreeMap::new();
        for (number, (name, parents, author)) in HISTORY.iter().enumerate() {
            let parents: Vec<CommitId> = parents.chars().map(|p| id(&p.to_string())).collect();
            let generation = parents.iter().map(|p| all[p].generation).max().unwrap_or(0) + 1;
            let author = AuthorId([*author; 32]);
            let seq = all.values().filter(|v| v.author == author).count() as u64 + 1;
            let hlc = Hlc::new(number as u64 + 1, 0);
            let vertex = Vertex { id: id(name), parents, hlc, author, run: RunId(1), seq, prev: None, generation };
            all.insert(vertex.id, vertex);
        }
        all
    }

    fn survey(all: &BTreeMap<CommitId, Vertex>, at: &str, heads: &str, earlier: Option<&Foothold>) -> Foothold {
        let mut survey = Survey::new(spot(&all[&id(at)]), earlier);
        let from = earlier.map(Foothold::place);
        let new = all.values().filter(|v| from.is_none_or(|from| spot(v) > from));
        new.for_each(|vertex| survey.take(vertex, &[]));
        let heads = heads.chars().map(|h| id(&h.to_string())).collect();
        let look = |id: &CommitId| match earlier {
            Some(below) if spot(&all[id]) <= below.place() => below.vertex(id).cloned(),
            _ => all.get(id).cloned(),
        };
        survey.finish(heads, &look).unwrap()
    }

    fn drawn(vertices: &[Vertex]) -> String {
        names(&vertices.iter().map(|v| v.id).collect::<Vec<_>>())
    }

    //   /- b -- d ---- f -- h -- i
    //  a     /       /     /
    //   \- c ---- e ---- g
    #[test]
    fn it_keeps_what_some_commit_above_has_below_it_and_another_has_not() {
        let all = history();
        for (at, heads, region, named) in [
            // Two heads below: what lies below one of them alone; c and a lie below both.
            ("e", "de", "bde", "de"),
            ("f", "f", "bdf", "ef"),
            ("h", "h", "", "gh"),
            ("d", "d", "bd", "cd"),
        ] {
            let foothold = survey(&all, at, heads, None);
            assert_eq!(drawn(&foothold.written.region), region, "region at {at}");
            assert_eq!(drawn(foothold.named()), named, "named at {at}");
            assert_eq!(Foothold::from_bytes(&foothold.to_bytes()).unwrap().written, foothold.written);
        }
    }

    #[test]
    fn it_says_the_same_when_it_goes_on_from_an_earlier_one() {
        let all = history();
        for (earlier, heads) in [("d", "d"), ("e", "de"), ("f", "f")] {
            let earlier = survey(&all, earlier, heads, None);
            for (at, heads) in [("f", "f"), ("h", "h"), ("i", "i")] {
                let at_once = survey(&all, at, heads, None);
                assert_eq!(survey(&all, at, heads, Some(&earlier)).written, at_once.written, "{at}");
            }
        }
    }

    #[test]
    fn a_foothold_that_does_not_know_its_own_heads_is_refused() {
        let all = history();
        let mut foothold = survey(&all, "h", "h", None);
        foothold.written.named.clear();
        assert!(Foothold::from_bytes(&foothold.to_bytes()).is_err());
        let mut foothold = survey(&all, "f", "f", None);
        foothold.written.named.push(all[&id("h")].clone());
        assert!(Foothold::from_bytes(&foothold.to_bytes()).is_err());
    }

    /// Commit number `n` of a long chain: its parent is the one before it, the first has none.
    fn link(n: u64) -> Vertex {
        let name = |n: u64| CommitId([n.to_be_bytes(); 4].as_flattened().try_into().unwrap());
        let parents: Vec<CommitId> = n.checked_sub(1).map(name).into_iter().collect();
        let (prev, hlc) = (parents.first().copied(), Hlc::new(n + 1, 0));
        Vertex {
            id: name(n),
            parents,
            hlc,
            author: AuthorId([1; 32]),
            run: RunId(1),
            seq: n + 1,
            prev,
            generation: n + 1,
        }
    }

    #[test]
    fn a_region_and_the_chains_kept_are_bounded() {
        let look = |id: &CommitId| Some(link(u64::from_be_bytes(*id.0.first_chunk()?)));
        let between = |n: usize| [link(0), link(n as u64)].map(|foot| (foot.id, foot)).into();
        assert_eq!(region(&between(MAX_REGION), &look).unwrap().len(), MAX_REGION);
        assert!(matches!(region(&between(MAX_REGION + 1), &look), Err(Error::Limit { .. })));
        let kept = |chains: u64| {
            let mut survey = Survey::new(spot(&link(chains)), None);
            (0..chains).for_each(|n| survey.take(&Vertex { run: RunId(n), ..link(n) }, &[]));
            let foothold = survey.finish(vec![], &|_| None).unwrap();
            (foothold.named().len(), foothold.vertex(&link(0).id).is_some())
        };
        assert_eq!(kept(MAX_CHAINS as u64), (MAX_CHAINS, true));
        assert_eq!(kept(MAX_CHAINS as u64 + 1), (MAX_CHAINS, false), "the oldest is left out");
    }
}
