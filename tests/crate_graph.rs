//! The arrows between the crates, enforced: an edge that is not listed here fails.
//!
//! The flow reads encoder → indexer → search, with the trainer beside it. Each allowed edge has its
//! reason in ARCHITECTURE.md; a new one needs a reason there before a line here.
#![allow(clippy::unwrap_used, reason = "a test helper that fails fails its test")]

use pipeline_tests::root;
use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;
use toml::{Table, Value};

/// Package, what it may be built from, and what its tests may use besides.
const ARROWS: &[(&str, &[&str], &[&str])] = &[
    ("encoder", &[], &["encoder"]),
    ("encoder-torch", &["encoder", "tch"], &[]),
    (
        "trainer",
        &[
            "encoder",
            "encoder-torch",
            "tch",
            "trainer-shell",
            "trainer-words",
        ],
        &[],
    ),
    (
        "trainer-shell",
        &["encoder", "indexer-bm25", "trainer-words"],
        &["encoder"],
    ),
    ("trainer-words", &["encoder"], &[]),
    (
        "indexer",
        &["encoder", "encoder-torch", "indexer-ann", "indexer-bm25"],
        &[],
    ),
    ("indexer-ann", &[], &[]),
    ("indexer-bm25", &["encoder", "indexer-ann"], &[]),
    ("search", &["encoder", "indexer"], &[]),
    ("xtask", &[], &[]),
    (
        "pipeline-tests",
        &[],
        &["encoder", "encoder-torch", "trainer", "indexer", "search"],
    ),
    ("tch", &["tch"], &[]),
];

/// Packages of others that a package of ours must not name, not even in its tests.
const FORBIDDEN: &[(&str, &[&str])] = &[
    ("encoder", &["anyhow", "clap", "rust-bert", "tch", "torch-sys"]),
    ("encoder-torch", &["anyhow", "clap"]),
    ("trainer-shell", &["rust-bert", "tch", "torch-sys"]),
    ("search", &["hnsw_rs", "rust-bert", "tch", "torch-sys"]),
    ("xtask", &["clap", "rust-bert", "tch", "torch-sys"]),
];

/// What `search` must not even reach.
const TORCH: &[&str] = &["encoder-torch", "rust-bert", "tch", "torch-sys"];

/// The packages that one manifest names, test code apart.
struct Member {
    built_from: BTreeSet<String>,
    tests_use: BTreeSet<String>,
}

fn read(path: &str) -> Table {
    let path = root().join(path);
    std::fs::read_to_string(&path)
        .unwrap()
        .parse()
        .unwrap_or_else(|error| panic!("{path:?}: {error}"))
}

fn members() -> BTreeMap<String, Member> {
    let folders = read("Cargo.toml")["workspace"]["members"]
        .as_array()
        .unwrap()
        .clone();
    let manifests = folders
        .iter()
        .map(|folder| read(&format!("{}/Cargo.toml", folder.as_str().unwrap())));
    let named = manifests.map(|manifest| {
        let member = Member {
            built_from: &named_in(&manifest, "dependencies") | &named_in(&manifest, "build-dependencies"),
            tests_use: named_in(&manifest, "dev-dependencies"),
        };
        (manifest["package"]["name"].as_str().unwrap().to_owned(), member)
    });
    named.collect()
}

/// Packages of one kind of dependency, those of single platforms included, by their true names.
fn named_in(manifest: &Table, kind: &str) -> BTreeSet<String> {
    let platforms = manifest
        .get("target")
        .and_then(Value::as_table)
        .into_iter()
        .flatten();
    let tables = platforms
        .filter_map(|(_, platform)| platform.get(kind))
        .chain(manifest.get(kind));
    let entries = tables.filter_map(Value::as_table).flatten();
    entries
        .map(|(name, value)| {
            value
                .get("package")
                .and_then(Value::as_str)
                .unwrap_or(name)
                .to_owned()
        })
        .collect()
}

#[test]
fn every_member_has_its_arrows_listed() {
    let listed: BTreeSet<String> = ARROWS.iter().map(|(name, ..)| (*name).to_owned()).collect();
    assert_eq!(members().into_keys().collect::<BTreeSet<_>>(), listed);
}

#[test]
fn only_the_listed_arrows_exist() {
    let members = members();
    for (name, built_from, tests_use) in ARROWS {
        let member = &members[*name];
        for other in member
            .built_from
            .iter()
            .filter(|other| members.contains_key(*other))
        {
            assert!(
                built_from.contains(&other.as_str()),
                "{name} must not depend on {other}"
            );
        }
        for other in member
            .tests_use
            .iter()
            .filter(|other| members.contains_key(*other))
        {
            let allowed = built_from
                .iter()
                .chain(*tests_use)
                .any(|allowed| allowed == other);
            assert!(allowed, "the tests of {name} must not depend on {other}");
        }
    }
}

#[test]
fn packages_that_do_not_belong_are_not_named() {
    let members = members();
    for (name, forbidden) in FORBIDDEN {
        let member = &members[*name];
        for other in member.built_from.union(&member.tests_use) {
            assert!(
                !forbidden.contains(&other.as_str()),
                "{name} must not depend on {other}"
            );
        }
    }
}

/// The manifests show single steps; the whole way is asked of cargo, for `search` alone: in a
/// build of the whole workspace cargo unifies features, and the graph would be another one.
#[test]
fn search_never_reaches_libtorch() {
    let tree = [
        "tree",
        "--offline",
        "--package",
        "search",
        "--edges",
        "normal,build",
        "--prefix",
        "none",
    ];
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(tree)
        .current_dir(root())
        .output()
        .unwrap();
    let lines = String::from_utf8(output.stdout).unwrap();
    assert!(
        output.status.success() && lines.starts_with("search v"),
        "{lines}{:?}",
        output.stderr
    );
    for line in lines.lines() {
        let package = line.split(' ').next().unwrap_or_default();
        assert!(!TORCH.contains(&package), "search reaches {line}");
    }
}
