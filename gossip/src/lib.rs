//! Announcements and sync exchange, decided without a network (design, section 3).
//!
//! Pull only: an [`Announcement`] says what a peer has; an [`Exchange`], one per connected peer, turns events into
//! effects: it asks for `closure(want) - closure(have)`, hands whole segments to admission and serves its own replica's
//! commits read-only. [`objects`] gathers trees node by node, from one peer or several. [`codec`] frames the messages; [`limits`] bounds everything; [`Faults`] counts what a peer did
//! wrong. Knows nothing of SQL or order, and neither verifies nor stores commits: whoever applies the effects does.

mod announcement;
mod bans;
pub mod codec;
mod dialing;
mod exchange;
mod faults;
mod handle;
mod hello;
mod host;
mod ledger;
pub mod limits;
mod message;
pub mod objects;
mod options;
mod rate;
mod stock;
mod swarm;
pub mod ticket;

pub use announcement::Announcement;
pub use exchange::{Effect, Event, Exchange};
pub use faults::{Fault, Faults};
pub use handle::{AskError, Handle, PeerStatus};
pub use hello::{Access, Hello, TransportId};
pub use host::{Admission, Heard, Host, HostError};
pub use ledger::{Ledger, RawSegment, Served};
pub use message::{Held, Message, Rung, held_of, versions_of};
pub use options::{NetworkOptions, StartError};
pub use stock::Stock;
pub use swarm::{JoinError, Network, join};
