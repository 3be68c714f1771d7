//! Chains received: verified, admitted, logged durably, and folded; commits a second of one core's time.

use crate::chain::{Chain, Segment, ordered};
use crate::sampling::median;
use crate::{Failure, say};
use dag::admit::{Candidate, Ground, admit_segment};
use dag::author_key::AuthorKey;
use dag::clock::{Clock, System};
use dag::commit::{Commit, Segment as Verified, SegmentCheck};
use dag::disk::Files;
use dag::genesis::Genesis;
use dag::skeleton::Skeleton;
use dag::store::{Committer, Kind, Limits, Log, Options, Record};
use linearizer::Linearizer;
use linearizer::compact::Cuts;
use linearizer::linearizer::NoHistory;
use std::sync::Arc;

/// Segments of a run: 102,400 commits, about a second of work.
const SEGMENTS: usize = 100;

/// Measures `rounds` times and says the medians.
pub fn run(rounds: usize) -> Result<(), Failure> {
    let entropy = System::new();
    let key = AuthorKey::generate(&entropy)?;
    let recovery = AuthorKey::generate(&entropy)?;
    let genesis = Genesis::found(key.id(), recovery.id(), &entropy)?;
    let mut chain = Chain::new(genesis.clone(), key)?;
    let segments: Vec<Segment> =
        (0..SEGMENTS).map(|_| Ok(chain.segment(usize::MAX)?.0)).collect::<Result<_, Failure>>()?;
    let commits: usize = segments.iter().map(|s| s.commits.len()).sum();
    let bytes: usize = segments.iter().flat_map(|s| &s.commits).map(|c| c.len()).sum();
    say(format!("{commits} commits of {} bytes on average, {SEGMENTS} signed segments", bytes / commits))?;
    for with_fold in [false, true] {
        let (mut cpu, mut wall) = (Vec::new(), Vec::new());
        for _ in 0..rounds {
            let taken = receive(&genesis, &segments, with_fold)?;
            cpu.push(commits as f64 / taken.0);
            wall.push(commits as f64 / taken.1);
        }
        let what = if with_fold { "verified, admitted, stored and folded" } else { "verified, admitted and stored" };
        let (cpu, wall) = (median(&cpu), median(&wall));
        say(format!("{what}: {cpu:.0} commits/s of processor time, {wall:.0}/s by the clock, median of {rounds}"))?;
    }
    Ok(())
}

/// Seconds of processor time (all threads) and of wall time from the first byte looked at to the last one on disk.
fn receive(genesis: &Genesis, segments: &[Segment], with_fold: bool) -> Result<(f64, f64), Failure> {
    let folder = tempfile::tempdir()?;
    let log = Arc::new(Log::open(Arc::new(Files::open(folder.path())?), Options::default())?.0);
    let committer = Committer::start(log, Limits::default())?;
    let mut skeleton = Skeleton::new(genesis);
    let mut fold = Linearizer::new(Cuts::default());
    let ground = Ground { genesis: genesis.id(), founder: genesis.founder };
    let clock = System::new();
    let (wall, cpu) = (clock.monotonic(), processor_seconds()?);
    let mut answers = Vec::new();
    for segment in segments {
        let SegmentCheck::Verified(verified) = Verified::verify(segment.commits.clone(), &segment.tip)? else {
            return Err("a segment of an unknown version".into());
        };
        let candidates: Vec<Candidate<'_>> = verified.commits.iter().map(candidate).collect();
        let admitted = admit_segment(&candidates, &ground, &mut skeleton, clock.wall_millis())
            .map_err(|(id, verdict)| format!("commit {id}: {verdict:?}"))?;
        let commit = |(commit, admitted): (&Commit, &dag::admit::Admitted)| {
            let generation = admitted.vertex.generation.to_le_bytes();
            Record::joined(Kind::COMMIT, commit.id.0, &generation, commit.bytes())
        };
        let records = verified.commits.iter().zip(&admitted).map(commit);
        let tip = Record::new(Kind::TIP, verified.tip.tip.commit.0, verified.tip.to_bytes());
        answers.push(committer.submit(records.chain([tip]).collect()));
        if with_fold {
            let batch: Vec<_> = verified.commits.iter().map(ordered).collect::<Result<_, _>>()?;
            fold.add(batch, &NoHistory)?;
            std::hint::black_box(fold.view());
        }
    }
    for answer in answers {
        answer.wait_blocking()?;
    }
    Ok((processor_seconds()? - cpu, (clock.monotonic() - wall).as_secs_f64()))
}

fn candidate(commit: &Commit) -> Candidate<'_> {
    Candidate { id: commit.id, header: &commit.header, records: &commit.control }
}

/// User and system time of this process, from /proc/self/stat in ticks of 10 ms.
fn processor_seconds() -> Result<f64, Failure> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    let field = |n: usize| after_name.split_whitespace().nth(n).and_then(|t| t.parse::<f64>().ok());
    let (user, system) = (field(11).ok_or("no utime")?, field(12).ok_or("no stime")?);
    Ok((user + system) / 100.0)
}
