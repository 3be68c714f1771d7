//! House rules as tests: crate edges, file and function sizes, head comments, banned words (style.md, habit 10).
//!
//! Each rule names the file and what to do. The ratchet numbers below may be lowered, never raised without a reason
//! beside them.

mod sources {
    use std::path::{Path, PathBuf};

    /// A Rust source file of the workspace.
    pub struct Source {
        pub path: String,
        pub text: String,
    }

    pub fn root() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("workspace").to_owned()
    }

    /// Every Rust file of ours, generated tables left out.
    pub fn all() -> Vec<Source> {
        let mut found = Vec::new();
        for top in ["src", "dag", "linearizer", "gossip", "sql", "proxy", "tests", "examples"] {
            walk(&root().join(top), &mut found);
        }
        assert!(found.len() > 20, "the walk found too little: {}", found.len());
        found
    }

    fn walk(folder: &Path, found: &mut Vec<Source>) {
        let Ok(entries) = std::fs::read_dir(folder) else { return };
        for entry in entries.flatten() {
            let path = entry.path();
            let name = entry.file_name().to_string_lossy().into_owned();
            if path.is_dir() {
                if !["target", "tables", "node_modules"].contains(&name.as_str()) {
                    walk(&path, found);
                }
            } else if name.ends_with(".rs") {
                let text = std::fs::read_to_string(&path).expect("readable source");
                found.push(Source { path: path.strip_prefix(root()).expect("inside").display().to_string(), text });
            }
        }
    }

    /// Modules declared behind `#[cfg(test)]`, as path prefixes: `dag/src/row/tests`.
    pub fn test_modules(sources: &[Source]) -> Vec<String> {
        let mut found = Vec::new();
        for source in sources {
            let stem = source.path.trim_end_matches(".rs");
            let folder = stem.strip_suffix("/mod").or(stem.strip_suffix("/lib")).unwrap_or(stem);
            let mut lines = source.text.lines().map(str::trim).peekable();
            while let Some(line) = lines.next() {
                let next = lines.peek().copied().unwrap_or_default();
                let name = next
                    .trim_start_matches("pub(crate) ")
                    .trim_start_matches("pub ")
                    .strip_prefix("mod ")
                    .and_then(|n| n.strip_suffix(';'));
                if line.starts_with("#[cfg(") && line.contains("test") {
                    found.extend(name.map(|name| format!("{folder}/{name}")));
                }
            }
        }
        found
    }

    /// The file without its trailing test module: what counts for size.
    pub fn body(text: &str) -> Vec<&str> {
        text.lines().take_while(|l| !l.trim_start().starts_with("#[cfg(test)]")).collect()
    }
}

use sources::{all, body, root, test_modules};

/// Which crates a crate may name in its manifest: the arrows of design.md section 4, nothing else.
const EDGES: &[(&str, &[&str])] = &[
    ("dag", &[]),
    ("linearizer", &["dag"]),
    ("gossip", &["dag"]),
    ("sql", &["dag", "linearizer"]),
    ("proxy", &["dag", "linearizer", "sql"]),
];

/// Heavy packages and the one crate that may name each (style.md, question 5).
const HEAVY: &[(&str, &str)] =
    &[("petgraph", "dag"), ("imbl", "linearizer"), ("sqlparser", "sql"), ("mysql_common", "proxy")];

const FILE_LINES: usize = 500;
const FUNCTION_LINES: usize = 70;
/// At most this share of functions may be longer than `FUNCTION_LINES` (style.md, Budgets).
const LONG_FUNCTIONS_PERCENT: f64 = 1.0;

#[test]
fn crates_depend_along_the_drawn_edges_only() {
    let ours: Vec<&str> = EDGES.iter().map(|e| e.0).collect();
    for (name, allowed) in EDGES {
        let manifest = std::fs::read_to_string(root().join(name).join("Cargo.toml")).expect("manifest");
        let normal = manifest.split("[dev-dependencies]").next().unwrap_or_default();
        for other in &ours {
            let named =
                normal.lines().any(|l| l.starts_with(&format!("{other}.")) || l.starts_with(&format!("{other} =")));
            assert!(!named || allowed.contains(other), "{name} must not depend on {other}: see ARCHITECTURE.md");
        }
    }
}

#[test]
fn heavy_packages_stay_in_one_crate() {
    for (package, owner) in HEAVY {
        for (name, _) in EDGES {
            let manifest = std::fs::read_to_string(root().join(name).join("Cargo.toml")).expect("manifest");
            let named = manifest.lines().any(|l| l.starts_with(&format!("{package}.")));
            let sql_keeps_maps = *package == "imbl" && *name == "sql";
            assert!(!named || name == owner || sql_keeps_maps, "{package} belongs to {owner}, not {name}");
        }
    }
}

#[test]
fn every_file_says_what_it_is() {
    for source in all() {
        let first = source.text.lines().next().unwrap_or_default();
        assert!(first.starts_with("//! "), "{}: opens without a `//!` head", source.path);
    }
}

#[test]
fn files_stay_small() {
    let mut long = Vec::new();
    let mut sizes = Vec::new();
    for source in all() {
        let lines = body(&source.text).len();
        sizes.push(lines);
        if source.text.lines().count().min(lines + 400) > FILE_LINES && lines > FILE_LINES {
            long.push(format!("{}: {lines} lines", source.path));
        }
    }
    assert!(long.is_empty(), "split by noun (cap {FILE_LINES}):\n{}", long.join("\n"));
    sizes.sort_unstable();
    let median = sizes[sizes.len() / 2];
    assert!(median <= 150, "median file body is {median} lines");
}

/// What the fold is compared with must be read at one sitting: its lines without blank ones and comments.
#[test]
fn the_reference_fold_stays_short() {
    let text = std::fs::read_to_string(root().join("linearizer/src/naive.rs")).unwrap();
    let code = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("//"));
    assert!((100..=150).contains(&code.clone().count()), "{} lines", code.count());
}

/// Lengths of the functions of a file, by matching the indentation of `fn` and its closing brace (rustfmt's layout).
fn functions(text: &str) -> Vec<(String, usize)> {
    let lines: Vec<&str> = text.lines().collect();
    let mut found = Vec::new();
    for (start, line) in lines.iter().enumerate() {
        let trimmed = line.trim_start();
        let is_function = [
            "fn ",
            "pub fn ",
            "pub(crate) fn ",
            "pub(super) fn ",
            "async fn ",
            "pub async fn ",
            "const fn ",
            "pub const fn ",
        ]
        .iter()
        .any(|p| trimmed.starts_with(p));
        if !is_function || trimmed.ends_with(';') {
            continue;
        }
        let indent = line.len() - trimmed.len();
        let closing = format!("{}}}", " ".repeat(indent));
        let end =
            if trimmed.ends_with('}') { Some(start) } else { (start + 1..lines.len()).find(|&i| lines[i] == closing) };
        if let Some(end) = end {
            found.push((trimmed.chars().take(60).collect(), end - start + 1));
        }
    }
    found
}

#[test]
fn functions_stay_short() {
    let mut count = 0usize;
    let mut long = Vec::new();
    for source in all().iter().filter(|s| !s.path.starts_with("tests/")) {
        for (name, lines) in functions(&body(&source.text).join("\n")) {
            count += 1;
            if lines > FUNCTION_LINES {
                long.push(format!("{lines} {}: {name}", source.path));
            }
        }
    }
    assert!(count > 100, "found only {count} functions: the search is broken");
    let percent = 100.0 * long.len() as f64 / count as f64;
    assert!(
        percent <= LONG_FUNCTIONS_PERCENT,
        "{} of {count} functions over {FUNCTION_LINES} lines:\n{}",
        long.len(),
        long.join("\n")
    );
}

#[test]
fn nothing_is_left_open_and_no_unwrap_outside_tests() {
    let banned = [
        concat!("todo", "!("),
        concat!("unimpl", "emented!("),
        concat!("FIX", "ME"),
        concat!("XX", "X"),
        concat!("#[ig", "nore"),
    ];
    let sources = all();
    let tests = test_modules(&sources);
    assert!(tests.len() > 5, "found only {} test modules: the search is broken", tests.len());
    for source in &sources {
        for word in banned {
            assert!(!source.text.contains(word), "{}: contains {word}", source.path);
        }
        let is_test = tests.iter().any(|module| source.path.starts_with(module.as_str()));
        let beside = ["tests/", "examples/"].iter().any(|top| source.path.starts_with(top));
        if is_test || beside || source.path.contains("/tests/") || source.path.contains("/examples/") {
            continue;
        }
        let unwraps =
            body(&source.text).iter().filter(|l| !l.trim_start().starts_with("//") && l.contains(".unwrap()")).count();
        assert_eq!(unwraps, 0, "{}: unwrap() outside tests", source.path);
    }
}

#[test]
fn no_file_is_named_for_nothing() {
    for source in all() {
        let name = source.path.rsplit('/').next().unwrap_or_default().trim_end_matches(".rs").to_owned();
        assert!(
            !["utils", "util", "common", "helpers", "helper", "manager", "misc"].contains(&name.as_str()),
            "{}: a name that says nothing",
            source.path
        );
    }
}

#[test]
fn the_architecture_page_names_every_crate_and_dependency() {
    let page = std::fs::read_to_string(root().join("ARCHITECTURE.md")).expect("ARCHITECTURE.md");
    for (name, _) in EDGES {
        assert!(page.contains(&format!("`{name}`")), "ARCHITECTURE.md does not speak of {name}");
        let manifest = std::fs::read_to_string(root().join(name).join("Cargo.toml")).expect("manifest");
        for line in manifest.lines().filter(|l| l.contains(".workspace = true")) {
            let package = line.split('.').next().unwrap_or_default();
            let is_setting = ["version", "edition", "license", "rust-version", "publish"].contains(&package);
            assert!(
                is_setting || page.contains(&format!("`{package}`")),
                "ARCHITECTURE.md has no line on {package} (used by {name})"
            );
        }
    }
}

#[test]
fn the_function_finder_finds() {
    let text = "impl X {\n    pub fn a(&self) -> u8 {\n        1\n    }\n    fn b() {}\n}\n";
    assert_eq!(functions(text), vec![("pub fn a(&self) -> u8 {".to_owned(), 3), ("fn b() {}".to_owned(), 1)]);
}
