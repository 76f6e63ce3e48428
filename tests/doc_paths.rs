//! Every path that the documents name is there: documents whose paths rot are not believed.

use pipeline_tests::root;

const DOCUMENTS: &[&str] = &[
    "README.md",
    "ARCHITECTURE.md",
    "CONTRIBUTING.md",
    "docs/word-vectors.md",
];

/// What the programs and set-up make: named in documents, not in the repository.
const MADE: &[&str] = &["deps", "models", "target", "corpus.index"];

/// Endings that make a bare name in backticks a file's name.
const ENDINGS: &[&str] = &[".md", ".toml", ".rs", ".jsonl", ".parquet", ".tsv", ".lock"];

/// The relative paths that a document names, in backticks or as the targets of links, outside
/// fenced blocks.
fn paths(document: &str) -> Vec<&str> {
    let mut fenced = false;
    let prose = document.lines().filter(|line| {
        let fence = line.trim_start().starts_with("```");
        fenced ^= fence;
        !fenced && !fence
    });
    let words = prose.flat_map(|line| {
        let backticks = line.split('`').skip(1).step_by(2);
        let links = line.split("](").skip(1).filter_map(|rest| rest.split(')').next());
        backticks
            .filter(|word| is_path(word))
            .chain(links.filter(|target| is_relative(target)))
    });
    words
        .map(|word| word.split('#').next().unwrap_or(word))
        .filter(|word| !word.is_empty())
        .collect()
}

fn is_relative(target: &str) -> bool {
    !target.contains("://") && !target.starts_with("mailto:")
}

/// A word in backticks is a path if it has a slash or a file's ending and no character that commands,
/// patterns and placeholders have.
fn is_path(word: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-/".contains(c);
    let named = word.contains('/') || ENDINGS.iter().any(|ending| word.ends_with(ending));
    named && !word.starts_with('/') && word.chars().all(plain) && !is_placeholder(word)
}

/// `models/NAME`
fn is_placeholder(word: &str) -> bool {
    word.split('/')
        .any(|part| part.len() > 1 && part.bytes().all(|byte| byte.is_ascii_uppercase()))
}

#[test]
fn every_named_path_exists() {
    let mut missing = Vec::new();
    for document in DOCUMENTS {
        let text = std::fs::read_to_string(root().join(document)).unwrap();
        let named = paths(&text);
        assert!(!named.is_empty(), "{document} names no path: is it read right?");
        for path in named {
            let first = path.split('/').next().unwrap_or_default();
            // A bare name may be a configuration, which `train` looks for in configs/.
            let found = [root().join(path), root().join("configs").join(path)]
                .iter()
                .any(|p| p.exists());
            if !MADE.contains(&first) && !found {
                missing.push(format!("{document}: {path}"));
            }
        }
    }
    assert!(
        missing.is_empty(),
        "documents name what is not there:\n{}",
        missing.join("\n")
    );
}

#[test]
fn paths_are_told_from_commands_and_placeholders() {
    let text = "See `encoder/src/lib.rs`, [data](data/README.md#split) and [out](https://example.org/a).\n\
                Run `cargo xtask demo`, `and/or x`, `models/NAME`, `*.index`, `/tmp/x`, `medical.toml`, `hybrid`.\n\
                ```\n`not/here.rs`\n```\nafter `tests`, `tests/`";
    assert_eq!(
        paths(text),
        ["encoder/src/lib.rs", "data/README.md", "medical.toml", "tests/"]
    );
}
