//! Differences of drawn chains, with and without pages.

use super::*;
use crate::graph::Graph;
use crate::hlc::Hlc;
use crate::vertex::drawing::{id, names, vertex};

/// A straight chain of one author, one letter a commit, the letters naming the branch taken.
fn chain_of(text: &str) -> (Graph, Chains) {
    let (mut graph, mut chains) = (Graph::new(), Chains::default());
    let mut last = None;
    for (at, letter) in text.chars().enumerate() {
        let vertex = vertex(&letter.to_string(), last.into_iter().collect(), at as u64 + 1);
        last = Some(vertex.id);
        chains.insert(&vertex);
        graph.insert(vertex).unwrap();
    }
    (graph, chains)
}

/// What is sent and the ladder, as letters.
fn lack(graph: &Graph, mine: &Chains, want: &str, have: &Chains, also: &[CommitId]) -> (String, String) {
    let want: Vec<CommitId> = want.chars().map(|c| id(&c.to_string())).collect();
    let ask = Ask { want: &want, have: &have.have(), also, settled: !also.is_empty() };
    let mut lack = mine.lack(&ask, graph);
    let ladder: Vec<CommitId> = lack.ladders.values().flatten().map(|p| p.id).collect();
    let mut sent = Vec::new();
    loop {
        let some = lack.walk.next(mine, graph, 2);
        if some.is_empty() {
            return (names(&sent), names(&ladder));
        }
        sent.extend(some);
    }
}

#[test]
fn a_known_position_needs_no_ladder_and_a_fork_needs_one() {
    let (graph, mine) = chain_of("abcdefgh");
    assert_eq!(lack(&graph, &mine, "h", &chain_of("abc").1, &[]), ("defgh".into(), String::new()));
    assert_eq!(
        lack(&graph, &mine, "f", &chain_of("abc").1, &[]),
        ("def".into(), String::new()),
        "no further than asked"
    );

    // Theirs forks after c: x is not held here. The ladder at 5 is e, d, c, a; they hold c, which is enough.
    let (theirs, forked) = chain_of("abcxy");
    let (_, ladder) = lack(&graph, &mine, "h", &forked, &[]);
    assert_eq!(ladder, "edca");
    let also: Vec<CommitId> =
        ladder.chars().map(|c| id(&c.to_string())).filter(|id| theirs.contains(id)).take(1).collect();
    assert_eq!(lack(&graph, &mine, "h", &forked, &also), ("defgh".into(), String::new()));
}

#[test]
fn a_peer_that_is_ahead_on_a_chain_is_believed_until_it_asks_for_what_it_should_hold() {
    let (graph, mine) = chain_of("abc");
    let (_, ahead) = chain_of("abcdef");
    assert_eq!(lack(&graph, &mine, "c", &ahead, &[]), ("abc".into(), "cba".into()));
    assert_eq!(lack(&graph, &mine, "", &ahead, &[]), Default::default());
    let mut other = vertex("x", vec![id("c")], 4);
    (other.author, other.seq, other.prev) = (AuthorId([8; 32]), 1, None);
    let (mut graph, mut mine) = (graph, mine);
    mine.insert(&other);
    graph.insert(other).unwrap();
    assert_eq!(lack(&graph, &mine, "x", &ahead, &[]), ("x".into(), String::new()), "no question is asked");
}

#[test]
fn two_commits_with_one_number_prove_equivocation_and_each_branch_is_sent_to_who_lacks_it() {
    let (mut graph, mut chains) = chain_of("abc");
    let (behind, whole) = (chains.clone(), {
        let twin = vertex("x", vec![id("b")], 3);
        assert_eq!(chains.insert(&twin), Some(id("c")));
        assert_eq!(chains.at(twin.chain(), 3), [id("c"), id("x")]);
        assert_eq!(chains.forks().collect::<Vec<_>>(), [(twin.chain(), 3)]);
        graph.insert(twin.clone()).unwrap();
        let next = vertex("y", vec![id("x")], 4);
        chains.insert(&next);
        graph.insert(next).unwrap();
        chains.clone()
    });
    assert_eq!(whole.have().len(), 2, "both ends are named");
    for (have, expected) in [(&behind, "xy"), (&whole, ""), (&Chains::default(), "abcxy"), (&chain_of("abxy").1, "c")] {
        assert_eq!(lack(&graph, &whole, "cy", have, &[]).0, expected);
    }
}

#[test]
fn a_later_run_speaks_for_those_before_it() {
    let (mut graph, mut mine) = chain_of("abc");
    let (_, first_run) = chain_of("abc");
    let second = |name, prev: &str, seq| {
        let mut vertex = vertex(name, vec![id(prev)], 3 + seq);
        (vertex.run, vertex.seq) = (RunId(2), seq);
        vertex
    };
    for vertex in [second("d", "c", 1), second("e", "d", 2)] {
        mine.insert(&vertex);
        graph.insert(vertex).unwrap();
    }
    assert_eq!(mine.have().len(), 1, "the first run is left out");
    assert_eq!(lack(&graph, &mine, "e", &first_run, &[]).0, "de");
    assert_eq!(lack(&graph, &mine, "e", &mine, &[]).0, "");
    // The other side knows nothing of the second run, and does not send the first again.
    let (graph, behind) = chain_of("abc");
    let mut other = Chains::default();
    other.insert(&second("d", "c", 1));
    assert_eq!(lack(&graph, &behind, "", &other, &[]).0, "");
}

/// An author that signed `branches` commits in the place of one, in each of `runs` runs.
fn crowd(branches: usize, runs: u64) -> Chains {
    let mut chains = Chains::default();
    for run in 1..=runs {
        let branch = |n: usize| Vertex { run: RunId(run), ..vertex(&format!("{run} {n}"), vec![], 1) };
        (0..branches).for_each(|n| _ = chains.insert(&branch(n)));
    }
    chains
}

#[test]
fn of_branches_and_of_an_authors_ends_no_more_are_named_than_the_limit() {
    let chain = Chain { author: AuthorId([7; 32]), run: RunId(1) };
    for (branches, named) in [(MAX_BRANCHES, MAX_BRANCHES), (MAX_BRANCHES + 1, MAX_BRANCHES)] {
        let chains = crowd(branches, 1);
        assert_eq!((chains.have().len(), chains.ladder(chain, 1, &Graph::new()).len()), (named, named), "{branches}");
    }
    for (ends, named) in [(MAX_ENDS - 1, MAX_ENDS - 1), (MAX_ENDS, MAX_ENDS), (MAX_ENDS + 1, MAX_ENDS)] {
        assert_eq!(crowd(1, ends as u64).have().len(), named, "{ends}");
    }
    assert_eq!(crowd(3, 30).have().len(), MAX_ENDS, "branches count as ends");
}

/// Pages in memory.
#[derive(Default)]
struct Shelf {
    graph: Graph,
    pages: BTreeMap<(Chain, u64), Page>,
}

impl Lookup for Shelf {
    fn vertex(&self, id: &CommitId) -> Option<Vertex> {
        self.graph.get(id).cloned()
    }
    fn page(&self, chain: Chain, number: u64) -> Page {
        let bytes = self.pages.get(&(chain, number)).map(Page::to_bytes).unwrap_or_default();
        Page::from_bytes(&bytes).unwrap()
    }
}

#[test]
fn chains_go_on_from_their_pages() {
    let name = |n: u64| CommitId(std::array::from_fn(|at| if at < 8 { n.to_be_bytes()[at] } else { 0 }));
    let at = |n: u64| Vertex {
        id: name(n),
        parents: Vec::new(),
        hlc: Hlc::new(n, 0),
        author: AuthorId([7; 32]),
        run: RunId(1),
        seq: n,
        prev: Some(name(n - 1)),
        generation: n,
    };
    let (mut shelf, mut chains) = (Shelf::default(), Chains::default());
    let all: Vec<Vertex> = (1..=1_000).map(at).collect();
    for vertex in &all {
        chains.insert(vertex);
        shelf.graph.insert(vertex.clone()).unwrap();
    }
    for span in [0..300, 300..301, 301..900] {
        let pages = chains.leaving(&all[span.clone()], &shelf);
        shelf.pages.extend(pages);
        chains.forget(&all[span]);
    }
    let records = chains.records();
    let bytes = crate::encode::to_bytes(&records);
    let mut restored = Chains::default();
    restored.restore(crate::encode::from_bytes("chains", &bytes).unwrap());
    assert_eq!(restored.versions().values().map(|p| p.seq).collect::<Vec<_>>(), [900]);
    for vertex in &all[900..] {
        restored.insert(vertex);
    }
    let chain = all[0].chain();
    for chains in [&chains, &restored] {
        assert_eq!(chains.forks().count(), 0);
        assert_eq!(chains.numbered(chain, 257, &shelf), [name(257)]);
        let ladder: Vec<u64> = chains.ladder(chain, 700, &shelf).iter().map(|p| p.seq).collect();
        assert_eq!(ladder, [700, 699, 698, 696, 692, 684, 668, 636, 572, 444, 188, 1]);
        for have in [0, 1, 256, 257, 899, 900, 901, 1_000] {
            let position = (chain, Position { seq: have, id: name(have) });
            let held: Vec<_> = (have > 0).then_some(position).into_iter().collect();
            let ask = Ask { want: &[name(1_000)], have: &held, also: &[], settled: false };
            let mut lack = chains.lack(&ask, &shelf);
            let sent = lack.walk.next(chains, &shelf, 2_000);
            assert_eq!(sent, (have + 1..=1_000).map(name).collect::<Vec<_>>(), "behind {have}");
        }
    }
    // A twin of an old number shows although that number is on a page.
    let twin = Vertex { id: name(5_000), ..at(300) };
    shelf.graph.insert(twin.clone()).unwrap();
    restored.insert(&twin);
    let found: BTreeSet<CommitId> = restored.numbered(chain, 300, &shelf).into_iter().collect();
    assert_eq!((found.len(), restored.forks().next()), (2, Some((chain, 300))));
    restored.withdraw(&twin);
    assert_eq!(restored.numbered(chain, 300, &shelf), [name(300)]);
}
