//! Admission of a whole chain segment (R13): all of its commits enter, or none.
//!
//! Promises: what is known of a foreign chain always ends at a signed tip, so whatever is admitted can be served on.
//! Does not check the tip: `tip` has done that.

use super::{Ground, Known, Verdict, admit};
use crate::control::ControlRecord;
use crate::header::Header;
use crate::id::CommitId;
use crate::vertex::Vertex;

/// A commit that asks to enter; hashes and signatures are checked.
#[derive(Clone, Copy, Debug)]
pub struct Candidate<'a> {
    /// Its id.
    pub id: CommitId,
    /// Its header.
    pub header: &'a Header,
    /// Its control records; the header's `control` is their hash.
    pub records: &'a [ControlRecord],
}

/// Known commits that grow and, when a segment fails half way, shrink again.
pub trait Window: Known {
    /// An admitted commit enters; its ancestors are inside or below.
    fn enter(&mut self, vertex: &Vertex, candidate: &Candidate<'_>);
    /// The commit that entered last leaves again.
    fn leave(&mut self, vertex: &Vertex);
}

/// A commit that entered.
#[derive(Clone, Debug, PartialEq)]
pub struct Admitted {
    /// Its place in the graph.
    pub vertex: Vertex,
    /// Another commit with its number: proof of equivocation (R6).
    pub twin: Option<CommitId>,
}

/// Decides about commits of one chain, one after the other. On the first that is not admitted, those before it leave
/// again and its verdict is the segment's. Commits that are inside already are passed over.
pub fn admit_segment<W: Window>(
    segment: &[Candidate<'_>],
    ground: &Ground,
    window: &mut W,
    now_millis: u64,
) -> Result<Vec<Admitted>, (CommitId, Verdict)> {
    let mut entered: Vec<Admitted> = Vec::new();
    for candidate in segment {
        let Candidate { id, header, .. } = candidate;
        if window.vertex(id).is_some() {
            continue;
        }
        match admit(*id, header, ground, window, now_millis) {
            Verdict::Admit { generation, twin } => {
                let vertex = Vertex::of(*id, header, generation);
                window.enter(&vertex, candidate);
                entered.push(Admitted { vertex, twin });
            }
            other => {
                entered.iter().rev().for_each(|admitted| window.leave(&admitted.vertex));
                return Err((*id, other));
            }
        }
    }
    Ok(entered)
}
