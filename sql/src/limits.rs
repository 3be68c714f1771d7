//! Every bound of this crate, in one place, each with its reason.
//!
//! Promises: a statement can take no more memory, stack, text or time in one go than what is written here; beyond a
//! bound there is an error that names it. Tests at a limit and one past it stand beside the code that enforces it.

/// Longest statement text in bytes: what a client may send in one packet by default (max_allowed_packet of 16 MiB).
pub const MAX_TEXT: usize = 16 << 20;

/// Texts up to this size are not counted: 1 MiB is at most a million tokens anyway.
pub const UNCOUNTED_TEXT: usize = 1 << 20;

/// Most tokens: about 100 bytes each in the parser, and three times that as syntax tree, so 400 MB at worst.
pub const MAX_TOKENS: usize = 1 << 20;

/// Deepest nesting of parentheses, subqueries and operators the parser follows: its frames are large, and 2 MiB of
/// stack (a tokio worker's) must do in a debug build too.
pub const MAX_PARSED_NESTING: usize = 40;

/// Longest chain of operators at one level: `a OR b OR c` is a tree as deep as it is long, and its walkers recurse.
/// Chains in parentheses at the beginning of chains add up, to [`MAX_BOUND_NESTING`].
pub const MAX_CHAIN: usize = 1_000;

/// Deepest nesting of queries in queries and of expressions in expressions, together: each level is a few stack frames,
/// of 1 KiB together, and a tokio worker has 2 MiB.
pub const MAX_BOUND_NESTING: u32 = 1_200;

/// How many of these levels a query in a query is, as a WITH may name 255 of them one by the other before 2 MiB are full.
pub const QUERY_LEVELS: u32 = 10;

/// How many of them an arm of UNION, EXCEPT or INTERSECT is: 890 in a row fill 2 MiB.
pub const ARM_LEVELS: u32 = 3;

/// How often a statement may read its WITH expressions: each is bound anew at each use, and thirty that read the one
/// before twice would be a billion.
pub const MAX_WITH_USES: u32 = 256;

/// Most tables in one FROM, as in MySQL: error 1116 beyond.
pub const MAX_TABLES: usize = 61;

/// Most columns of a result, as in MySQL.
pub const MAX_COLUMNS: usize = 4_096;

/// Longest label in characters, as MySQL cuts identifiers.
pub const MAX_LABEL: usize = 64;

/// Longest IN list that becomes single lookups: beyond, one range scan of the index or the table is as quick.
pub const MAX_POINTS: usize = 1_000;

/// Most bytes a statement keeps in memory: leaves room for a few such statements in the 512 MiB a replica should do
/// with.
pub const MAX_BYTES: usize = 128 << 20;

/// How many rows pass between two looks at whether the statement is cancelled: about 20 us of work.
pub const ROWS_PER_LOOK: u32 = 128;

/// Up to so many needed rows, those behind are thrown away while sorting: beyond, sorting once is as quick.
pub const MAX_TOP: usize = 10_000;

/// Most rounds of a recursive CTE: cte_max_recursion_depth's default.
pub const MAX_ROUNDS: u32 = 1_000;

/// Most arguments of functions that take any number: MySQL's limit on items of an expression list is far above.
pub const MANY: usize = 65_535;

/// Longest string a function makes: max_allowed_packet's default. Longer ones are NULL with warning 1301.
pub const MAX_RESULT: usize = 64 * 1024 * 1024;

/// Steps of backtracking before a regular expression's match is given up: about a tenth of a second.
pub const BACKTRACK_LIMIT: usize = 1_000_000;

/// Compiled patterns that a thread keeps, a few KiB each: statements that apply more than a few to each row are rare.
pub const KEPT_PATTERNS: usize = 64;

/// Longest SLEEP(), seconds: a year, far above any timeout.
pub const LONGEST_SLEEP: f64 = 366.0 * 86_400.0;

/// Deepest nesting of JSON arrays and objects (manual, 13.5): error 3157 beyond.
pub const MAX_DEPTH: usize = 100;

/// group_concat_max_len's default.
pub const GROUP_CONCAT_MAX_LENGTH: usize = 1024;

/// Statements of one text: a text of 64 MiB of semicolons must not become 64 million entries.
pub const MAX_STATEMENTS: usize = 65_536;

/// Prepared statements of one session at most: a client that never closes them is told so (MySQL's
/// max_prepared_stmt_count is 16,382 for the whole server).
pub const MAX_PREPARED: usize = 16_382;

/// User variables a session may have: a client that makes names without end would fill memory.
pub const MAX_USER_VARIABLES: usize = 65_536;

/// Own commits that a session remembers to be warned about: more than it writes before stable passes them.
pub const MAX_REMEMBERED: usize = 1_024;

/// How often an autocommitted statement whose commit met a fetched change is run again (R27): each turn runs on a newer
/// state, so more than a few in a row mean that another replica rewrites the row faster than we can.
pub const MAX_RERUNS: u32 = 16;

/// Warnings kept at most: max_error_count's default.
pub const MAX_WARNINGS: usize = 1024;

/// Most rows of a system table that are made at once. What can be longer gives its rows one by one.
pub const MAX_LISTED: usize = 1_000_000;

/// Longest statement text that SHOW PROCESSLIST keeps, bytes: as its Info column cuts it.
pub const INFO_BYTES: usize = 100;

/// Longest text that SHOW FULL PROCESSLIST keeps, bytes: bounds the list's memory by sessions x this.
pub const FULL_INFO_BYTES: usize = 4096;

/// Heads of a token at most: as many as a commit joins. A replica with more has not written since they came.
pub const MAX_TOKEN_HEADS: usize = 64;

/// Most replicas that a read or commit mode may name: more than any cluster has, so that a slip is an error and not a
/// wait.
pub const MAX_REPLICAS: u32 = 1_000;
