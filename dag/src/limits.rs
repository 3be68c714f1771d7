//! Every bound of this crate, in one place, each with its reason.
//!
//! Promises: what a peer or a file brings is refused, or waits, before it takes more than what is written here. A bound
//! that is part of the formats (R40) never changes. Tests at a limit and one past it stand beside the code that
//! enforces it.

/// Most characters of a schema object's name, as in MySQL.
pub const MAX_NAME: usize = 64;

/// Most columns of a table: a row's null bitmap then has 128 bytes; InnoDB has 1,017.
pub const MAX_COLUMNS: usize = 1024;

/// Most secondary indexes of a table, as InnoDB's.
pub const MAX_INDEXES: usize = 64;

/// Most parts of an index, as InnoDB's.
pub const MAX_PARTS: usize = 16;

/// Longest row or index key, bytes (R40), as InnoDB's.
pub const MAX_KEY: usize = 3072;

/// Milliseconds above this are invalid everywhere (R8): 2^47 ms is the year 6429.
pub const MAX_MILLIS: u64 = 1 << 47;

/// Shortest text prefix of an id that is accepted in place of the whole id (design, Formats).
pub const MIN_PREFIX: usize = 8;

/// Most parents a commit may name (R5); with more heads a writer joins in steps (R7).
pub const MAX_PARENTS: usize = 64;

/// Longest header: 64 parents and 1,024 settled commits take 37 KiB, extensions 4 KiB.
pub const MAX_HEADER: usize = 64 << 10;

/// Longest body, read set and control records together: row changes of more than 64 KiB are in trees (R10), so this is
/// schema changes and guards of 64 K ranges. A segment of one such commit is what `gossip` takes at most.
pub const MAX_BODY: usize = 64 << 20;

/// Longest name in the extension map.
pub const MAX_EXTENSION_NAME: usize = 64;

/// Most bytes of names and values in the extension map: a user, a note, a trace id; never data.
pub const MAX_EXTENSIONS: usize = 4_096;

/// Most parked commits one commit settles (R24): a page of conflicts resolved at once.
pub const MAX_SETTLES: usize = 1_024;

/// How far ahead of our clock a commit may be before it is held (R9): five times a bad NTP, a blink for people.
pub const MAX_CLOCK_SKEW_MILLIS: u64 = 5_000;

/// Longest canonical cell kept whole as a before-value; longer ones are a hash and a length (R10).
pub const INLINE_BEFORE: usize = 64;

/// Longest body that holds its changes itself; longer ones are kept as trees (R10), so that a commit of any size is
/// fetched and resumed node by node.
pub const INLINE_BODY: usize = 64 << 10;

/// Most tables that one commit changes: bounds what a hostile body makes a peer look up.
pub const MAX_TABLES: usize = 1024;

/// Most schema changes of one commit: a migration tool's longest ALTER is far below.
pub const MAX_SCHEMA_CHANGES: usize = 1024;

/// Most guards of one read set; a scan is one guard, so this is single rows and ranges read by one transaction.
pub const MAX_READS: usize = 65_536;

/// Most records of one commit: a page of membership work; bounds what admission reads.
pub const MAX_RECORDS: usize = 256;

/// Longest name of a member or setting, bytes.
pub const MAX_MEMBER_NAME: usize = 64;

/// Longest value of a setting, bytes.
pub const MAX_SETTING: usize = 1_024;

/// Most slots a genesis may have: a mask of them takes 8 KiB.
pub const MAX_SLOTS: u32 = 65_536;

/// Most tables in one record of slots: about 200 KiB; more take more records.
pub const MAX_FLOORS: usize = 4_096;

/// Most bytes of a tip's canonical form: all fixed fields and a small extension map.
pub const MAX_TIP: usize = 1_024;

/// Most commits of a segment (R13): 100,000 of them a second are then 100 signatures.
pub const MAX_SEGMENT_COMMITS: usize = 1_024;

/// Most bytes of headers in a segment (R13): what a peer holds of a stranger before it has seen the signature.
pub const MAX_SEGMENT_HEADERS: usize = 4 << 20;

/// Most commits of one peer that wait: four full segments (R13), so that one reordered burst fits and a peer that
/// sends only orphans cannot fill the memory.
pub const MAX_WAITING_COMMITS: usize = 4_096;

/// Most bytes of one peer that wait: a peer's share of the memory budget with eight peers and 512 MiB.
pub const MAX_WAITING_BYTES: usize = 64 << 20;

/// Most ids given for one position of a forked chain. An author that signed more branches than that at one number is
/// marked by the first two (R6); the rest is sent to who asks for it by name.
pub const MAX_BRANCHES: usize = 4;

/// Most ends of one author's chains that a request names. An author has one, unless several programs wrote with its key
/// or it equivocated; with more, those not named are sent to who asks for them by name.
pub const MAX_ENDS: usize = 64;

/// Steps of chains read ahead in all lanes together: bounds the memory of a difference, whatever its size.
pub const READ_AHEAD: usize = 16_384;

/// Most chains whose last commit a foothold keeps: as many as a request names; older ones are common to all that is
/// written.
pub const MAX_CHAINS: usize = 8_192;

/// Most vertices of a foothold's region: 30 MB; a longer quarrel across a checkpoint means that no clone starts from
/// it.
pub const MAX_REGION: usize = 200_000;

/// Bytes after which [`crate::objects::Objects::get_many`] answers no more: one frame's worth, so that what a peer asks
/// for never gathers in memory, however large the values are.
pub const ANSWER_BYTES: usize = 1 << 20;

/// Longest key of a tree node: two index parts of 3,072 bytes (R40), their terminators, and room to spare.
pub const MAX_NODE_KEY: usize = 8192;

/// Longest value kept in a tree's leaf; longer ones are always objects of their own (R10: one encoding only).
pub const MAX_INLINE_VALUE: usize = 16 * 1024;

/// Highest level of a tree: inner nodes have two entries at least, so this is more than 2^32 leaves.
pub const MAX_LEVEL: u8 = 32;

/// Largest tree node that is read: the boundary rule's bound plus one largest entry stays below.
pub const MAX_NODE: usize = 64 * 1024;

/// Largest payload of a log record: the greatest value a client can send in one packet (64 MiB) and as much again.
pub const MAX_RECORD: usize = 128 << 20;
