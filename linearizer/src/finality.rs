//! Finality: how far main can never change, from what the members promised (R15, R16).
//!
//! Pure: promises and floors come in as read from signed tips. Does not know how they travelled, nor membership.

use dag::hlc::Hlc;
use dag::id::{AuthorId, NodeId};

/// What is known here of one writing member; readers do not count.
#[derive(Clone, Debug, PartialEq)]
pub struct Member {
    /// Who.
    pub author: AuthorId,
    /// The greatest promise ("I write nothing at or below this") whose chain is here in full; a new member's is its
    /// admission's HLC.
    pub promise: Hlc,
    /// The floor of its newest tip, and main's hash there; `None` before its first tip.
    pub floor: Option<(Hlc, NodeId)>,
}

/// How far this replica has heard everybody: the least promise. `None` without members.
pub fn floor(members: &[Member]) -> Option<Hlc> {
    members.iter().map(|m| m.promise).min()
}

/// Where stable stands, and who disagrees about main.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Stable {
    /// Nothing at or below this can change.
    pub hlc: Hlc,
    /// Members whose main is another at their floor: stable stands still until they are cut (R16, R17).
    pub disputes: Vec<AuthorId>,
}

/// Advances stable: to the least floor over all members, `own` among them, as long as every one of them has our main
/// there. `hash_at` answers main's hash at a time, or `None` if main is not known that far here. Never goes back.
pub fn stable(
    before: Hlc,
    own: AuthorId,
    members: &[Member],
    mut hash_at: impl FnMut(Hlc) -> Option<NodeId>,
) -> Stable {
    let mut least = floor(members).unwrap_or(before);
    let mut disputes = Vec::new();
    for member in members.iter().filter(|m| m.author != own) {
        match member.floor {
            None => least = before,
            Some((hlc, hash)) => {
                least = least.min(hlc);
                match hash_at(hlc) {
                    Some(ours) if ours != hash => disputes.push(member.author),
                    _ => {}
                }
            }
        }
    }
    let hlc = if disputes.is_empty() { least.max(before) } else { before };
    Stable { hlc, disputes }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ME: AuthorId = AuthorId([1; 32]);

    fn hash(of: u64) -> NodeId {
        NodeId([of as u8; 32])
    }

    fn member(author: u8, promise: u64, floor: Option<(u64, u64)>) -> Member {
        let floor = floor.map(|(hlc, of)| (Hlc(hlc), hash(of)));
        Member { author: AuthorId([author; 32]), promise: Hlc(promise), floor }
    }

    #[test]
    fn stable_is_the_least_floor_of_those_who_agree() {
        let cases: &[(&str, Vec<Member>, u64, usize)] = &[
            ("alone, its own promise", vec![member(1, 70, None)], 70, 0),
            ("two, the lower floor", vec![member(1, 70, None), member(2, 60, Some((50, 50)))], 50, 0),
            ("never above a promise heard here", vec![member(1, 70, None), member(2, 40, Some((50, 50)))], 40, 0),
            ("a member that never spoke holds it", vec![member(1, 70, None), member(2, 60, None)], 30, 0),
            ("a silent one never turns it back", vec![member(1, 70, None), member(2, 9, Some((8, 8)))], 30, 0),
            ("another main stops it", vec![member(1, 70, None), member(2, 60, Some((50, 51)))], 30, 1),
        ];
        for (name, members, hlc, disputes) in cases {
            let stable = stable(Hlc(30), ME, members, |at| Some(hash(at.0)));
            assert_eq!((stable.hlc.0, stable.disputes.len()), (*hlc, *disputes), "{name}");
        }
    }
}
