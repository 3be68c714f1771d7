//! Signed commits with several heads: the vocabulary of Headwaters and the truth on disk.
//!
//! A [`change::ChangeSet`] and a [`header::Header`] make a commit; chains of commits end in signed tips; `admit`
//! decides what enters the graph; `heads` is the one mutable pointer; `store` keeps the bytes; `tree` holds states as
//! content-addressed ordered trees. Knows nothing of SQL text, network or order.

pub mod admit;
pub mod author_key;
pub mod catalogue;
pub mod change;
pub mod clock;
pub mod collation;
pub mod commit;
pub mod control;
pub mod controls;
pub mod decimal;
pub mod disk;
pub mod encode;
pub mod error;
pub mod foothold;
pub mod genesis;
pub mod graph;
pub mod header;
pub mod heads;
pub mod hlc;
pub mod id;
pub mod id_map;
pub mod layout;
pub mod limits;
pub mod objects;
pub mod row;
pub mod row_key;
pub mod schema;
pub mod signal;
pub mod skeleton;
pub mod slots;
pub mod store;
pub mod temporal;
pub mod tip;
pub mod tree;
pub mod value;
pub mod version;
pub mod vertex;
pub mod waiting;
