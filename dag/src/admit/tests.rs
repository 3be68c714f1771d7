//! One history, and what each change to the next commit leads to.

use super::*;
use crate::graph::Graph;
use crate::id::{NodeId, RunId};
use crate::version::Chains;
use crate::vertex::drawing::id;
use std::collections::BTreeMap;

const FOUNDER: AuthorId = AuthorId([1; 32]);
const MEMBER: AuthorId = AuthorId([2; 32]);
const READER: AuthorId = AuthorId([3; 32]);
const GROUND: Ground = Ground { genesis: GenesisId([9; 32]), founder: FOUNDER };
const NOW: u64 = 1_000;

#[derive(Clone, Debug)]
struct History {
    graph: Graph,
    chains: Chains,
    promise: Option<Promise>,
    stable: Hlc,
}

impl Known for History {
    fn vertex(&self, id: &CommitId) -> Option<Vertex> {
        self.graph.get(id).cloned()
    }
    fn in_closure(&self, id: &CommitId, heads: &[CommitId]) -> bool {
        self.graph.reaches(id, heads) == Some(true)
    }
    fn standing(&self, author: &AuthorId, _: &[CommitId]) -> Standing {
        match *author {
            FOUNDER => Standing::Admin,
            MEMBER => Standing::Writer,
            READER => Standing::Reader,
            _ => Standing::Stranger,
        }
    }
    fn admits(&self, commit: &CommitId, author: &AuthorId) -> bool {
        *commit == id("b") && *author != FOUNDER
    }
    fn rules_level(&self, _: &[CommitId]) -> u32 {
        RULES_LEVEL
    }
    fn numbered(&self, chain: Chain, seq: u64) -> Vec<CommitId> {
        self.chains.at(chain, seq).to_vec()
    }
    fn promise(&self, author: &AuthorId) -> Option<Promise> {
        self.promise.filter(|_| *author == MEMBER)
    }
    fn closed(&self, _: &AuthorId) -> Hlc {
        self.stable
    }
}

fn header(author: AuthorId, run: u64, seq: u64, prev: &str, parents: &str, millis: u64) -> Header {
    Header {
        prev: (!prev.is_empty()).then(|| id(prev)),
        parents: parents.chars().map(|p| id(&p.to_string())).collect(),
        hlc: Hlc::new(millis, 0),
        changes: 1,
        ..Header::bare(GROUND.genesis, author, RunId(run), seq)
    }
}

// a(founder 1) --- b(founder 2, admits others) --- c(founder 3)
//                    \--- m(member 1) --- n(member 2)
fn history() -> History {
    let mut history = History { graph: Graph::new(), chains: Chains::default(), promise: None, stable: Hlc::default() };
    for (name, header) in [
        ("a", header(FOUNDER, 1, 1, "", "", 100)),
        ("b", header(FOUNDER, 1, 2, "a", "a", 200)),
        ("c", header(FOUNDER, 1, 3, "b", "b", 300)),
        ("m", header(MEMBER, 7, 1, "b", "b", 310)),
        ("n", header(MEMBER, 7, 2, "m", "m", 320)),
    ] {
        let Verdict::Admit { generation, twin: None } = admit(id(name), &header, &GROUND, &history, NOW) else {
            panic!("{name}: {:?}", admit(id(name), &header, &GROUND, &history, NOW));
        };
        let vertex = Vertex::of(id(name), &header, generation);
        history.chains.insert(&vertex);
        history.graph.insert(vertex).unwrap();
    }
    history
}

fn control(header: &mut Header) {
    (header.kind, header.control, header.changes) = (CommitKind::Control, NodeId([1; 32]), 0);
}

/// The next commit of the member, joining the heads, changed by `edit`, named `x`.
fn next(edit: impl Fn(&mut Header)) -> Verdict {
    let mut header = header(MEMBER, 7, 3, "n", "cn", 400);
    edit(&mut header);
    admit(id("x"), &header, &GROUND, &history(), NOW)
}

#[test]
fn what_may_enter() {
    let admitted = |twin| Verdict::Admit { generation: 5, twin };
    assert_eq!(next(|_| ()), admitted(None));
    let new_run = |h: &mut Header| (h.run, h.seq) = (RunId(8), 1);
    assert_eq!(next(new_run), admitted(None), "a new run follows the author's last commit");
    let twin = |h: &mut Header| (h.seq, h.prev, h.hlc) = (2, Some(id("m")), Hlc::new(330, 0));
    assert_eq!(next(twin), admitted(Some(id("n"))), "both stay, the proof is shown");
    let settling = |h: &mut Header| h.settles = vec![id("c"), id("m")];
    assert_eq!(next(settling), admitted(None));
}

#[test]
fn what_waits_and_what_is_held() {
    let missing = |h: &mut Header| h.parents = vec![id("c"), id("n"), id("y"), id("z")];
    assert_eq!(next(missing), Verdict::Wait([id("y"), id("z")].into()));
    let at = |millis| move |h: &mut Header| h.hlc = Hlc::new(millis, 3);
    assert!(matches!(next(at(NOW + MAX_CLOCK_SKEW_MILLIS)), Verdict::Admit { .. }));
    assert_eq!(next(at(NOW + MAX_CLOCK_SKEW_MILLIS + 1)), Verdict::HoldUntil(NOW + 1));
    assert_eq!(next(|h| h.rules_level = 2), Verdict::HoldForUpgrade(2));
}

#[test]
fn what_is_invalid_everywhere() {
    type Edit = fn(&mut Header);
    let cases: &[(Edit, Invalid)] = &[
        (|h| h.genesis = GenesisId([8; 32]), Invalid::OtherDatabase(GenesisId([8; 32]))),
        (|h| h.parents.reverse(), Invalid::Parents),
        (|h| h.parents = vec![id("c"), id("c")], Invalid::Parents),
        (|h| h.settles = vec![id("n"), id("c")], Invalid::Settles),
        (|h| h.settles = vec![id("q")], Invalid::Settles),
        (|h| h.hlc = Hlc(u64::MAX), Invalid::Time(Hlc(u64::MAX))),
        (|h| h.rules_level = 0, Invalid::RulesLevel { named: 0, in_force: 1 }),
        (|h| h.kind = CommitKind::Join, Invalid::Kind(CommitKind::Join)),
        (|h| h.kind = CommitKind::Control, Invalid::Kind(CommitKind::Control)),
        (|h| h.control = NodeId([1; 32]), Invalid::Kind(CommitKind::Data)),
        (|h| h.seq = 0, Invalid::Root),
        (|h| h.prev = None, Invalid::Root),
        (|h| (h.prev, h.parents, h.seq) = (None, vec![], 1), Invalid::Root),
        (|h| h.seq = 4, Invalid::Prev),
        (|h| h.prev = Some(id("m")), Invalid::Prev),
        (|h| h.prev = Some(id("c")), Invalid::Prev),
        (|h| h.parents = vec![id("c")], Invalid::PrevOutside),
        (|h| h.hlc = Hlc::new(320, 0), Invalid::NotAfter(id("n"))),
        (control, Invalid::Standing(Standing::Writer)),
        (
            |h| (h.author, h.run, h.seq, h.prev) = (READER, RunId(1), 1, Some(id("b"))),
            Invalid::Standing(Standing::Reader),
        ),
        (|h| (h.author, h.run, h.seq) = (READER, RunId(1), 1), Invalid::Prev),
    ];
    for (at, (edit, expected)) in cases.iter().enumerate() {
        assert_eq!(next(edit), Verdict::Invalid(expected.clone()), "case {at}");
    }
}

/// What is within its bound goes on to what follows in admission: missing parents are waited for.
#[test]
fn limits_hold_at_the_limit_and_not_one_past() {
    let ids = |n: usize| {
        (0..n).map(|n| CommitId([(n / 256) as u8, (n % 256) as u8].repeat(16).try_into().unwrap())).collect()
    };
    let with = |edit: &dyn Fn(&mut Header)| next(|h| (h.parents = ids(1), edit(h)).1);
    type Case<'a> = (usize, Invalid, &'a dyn Fn(&mut Header, usize));
    let cases: [Case<'_>; 3] = [
        (MAX_PARENTS, Invalid::Parents, &|h, n| h.parents = ids(n)),
        (MAX_SETTLES, Invalid::Settles, &|h, n| h.settles = ids(n)),
        (MAX_EXTENSIONS, Invalid::Extensions, &|h, n| drop(h.extensions.insert("note".into(), vec![0; n - 4]))),
    ];
    for (limit, invalid, edit) in cases {
        assert!(matches!(with(&|h| edit(h, limit)), Verdict::Wait(_)), "{limit}");
        assert_eq!(with(&|h| edit(h, limit + 1)), Verdict::Invalid(invalid), "{limit} and one");
    }
}

#[test]
fn a_broken_promise_is_set_aside() {
    let mut history = history();
    let promise = Promise { through: Hlc::new(400, 0), commit: id("n") };
    history.promise = Some(promise);
    let verdict = |millis| admit(id("x"), &header(MEMBER, 7, 3, "n", "cn", millis), &GROUND, &history, NOW);
    assert_eq!(verdict(400), Verdict::BrokenPromise(promise));
    assert_eq!(verdict(401), Verdict::Admit { generation: 5, twin: None });
}

/// A member's folder was restored from a backup; its new run promised before the others gave its last commits back. They
/// were refused for ever, on that member, too, and so was everything that stood on them.
#[test]
fn a_promise_of_another_run_refuses_nothing_but_what_is_stable() {
    let mut history = history();
    history.promise = Some(Promise { through: Hlc::new(400, 0), commit: id("n") });
    history.stable = Hlc::new(380, 0);
    let verdict = |millis| admit(id("x"), &header(MEMBER, 8, 1, "n", "cn", millis), &GROUND, &history, NOW);
    assert_eq!(verdict(380), Verdict::BelowClosed(history.stable));
    assert_eq!(verdict(381), Verdict::Admit { generation: 5, twin: None });
}

#[test]
fn a_promise_that_rules_out_what_is_here_is_found() {
    let history = history();
    let tip = |seq: u64, promise| Tip {
        version: 1,
        genesis: GROUND.genesis,
        author: MEMBER,
        run: RunId(7),
        seq,
        commit: id("m"),
        promise: Hlc::new(promise, 0),
        floor: Hlc::default(),
        floor_hash: NodeId([0; 32]),
        frontier: NodeId([0; 32]),
        extensions: BTreeMap::new(),
    };
    assert_eq!(ruled_out(&tip(1, 319), &history), None, "below the next commit");
    assert_eq!(ruled_out(&tip(1, 320), &history), Some(id("n")));
    assert_eq!(ruled_out(&tip(2, 400), &history), None, "nothing comes behind it");
}

impl Window for History {
    fn enter(&mut self, vertex: &Vertex, _: &Candidate<'_>) {
        self.chains.insert(vertex);
        self.graph.insert(vertex.clone()).unwrap();
    }
    fn leave(&mut self, vertex: &Vertex) {
        assert!(self.graph.withdraw(&vertex.id));
        self.chains.withdraw(vertex);
    }
}

#[test]
fn a_segment_enters_whole_or_not_at_all() {
    let third = header(MEMBER, 7, 3, "n", "cn", 400);
    let segment = |last: &Header| {
        let (mut window, before) = (history(), history());
        let pair = [("x", &third), ("y", last)].map(|(name, header)| Candidate { id: id(name), header, records: &[] });
        let answer = admit_segment(&pair, &GROUND, &mut window, NOW);
        let unchanged =
            window.graph.heads() == before.graph.heads() && window.chains.versions() == before.chains.versions();
        (answer.map(|entered| entered.len()), unchanged)
    };
    assert_eq!(segment(&header(MEMBER, 7, 4, "x", "x", 500)), (Ok(2), false));
    let late = header(MEMBER, 7, 4, "x", "x", 9_000);
    assert_eq!(segment(&late), (Err((id("y"), Verdict::HoldUntil(4_000))), true));
}
