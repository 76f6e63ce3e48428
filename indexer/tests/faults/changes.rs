//! The commands that change an index, and what it holds before and after.

use std::collections::BTreeMap;

/// Documents by id.
pub type Documents = BTreeMap<String, String>;

/// What there is before a change.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Before {
    /// No index.
    Nothing,
    /// The old documents, in one segment.
    Old,
    /// Two segments, both with deleted rows.
    Pieces,
}

/// A command that changes an index.
pub struct Change {
    pub name: &'static str,
    pub arguments: &'static [&'static str],
    pub before: Before,
    /// What the index holds after.
    pub after: fn() -> Documents,
}

/// What changes an index, each once.
pub const CHANGES: &[Change] = &[
    Change {
        name: "first build",
        arguments: &["build", "old.jsonl", "--model", "words", "-o", "corpus.index"],
        before: Before::Nothing,
        after: old,
    },
    Change {
        name: "build --force",
        arguments: &[
            "build",
            "new.jsonl",
            "--model",
            "words",
            "-o",
            "corpus.index",
            "--force",
        ],
        before: Before::Old,
        after: new,
    },
    Change {
        name: "add",
        arguments: &["add", "corpus.index", "more.jsonl"],
        before: Before::Old,
        after: || merged(old(), more()),
    },
    Change {
        name: "update",
        arguments: &["update", "corpus.index", "new.jsonl"],
        before: Before::Pieces,
        after: || merged(pieces(), new()),
    },
    Change {
        name: "delete",
        arguments: &["delete", "corpus.index", "d0", "d7", "d29"],
        before: Before::Pieces,
        after: || without(pieces(), &["d0", "d7", "d29"]),
    },
    Change {
        name: "compact",
        arguments: &["compact", "corpus.index"],
        before: Before::Pieces,
        after: pieces,
    },
];

/// What makes pieces of the old index.
pub const PIECES: [&[&str]; 2] = [
    &["add", "corpus.index", "more.jsonl"],
    &["delete", "corpus.index", "d3", "d64"],
];

fn documents(numbers: std::ops::Range<usize>, word: &str) -> Documents {
    numbers
        .map(|number| (format!("d{number}"), format!("fever {word} number{number}")))
        .collect()
}

pub fn old() -> Documents {
    documents(0..30, "cough")
}

pub fn new() -> Documents {
    documents(10..50, "heart")
}

pub fn more() -> Documents {
    documents(60..80, "joint")
}

fn pieces() -> Documents {
    without(merged(old(), more()), &["d3", "d64"])
}

fn merged(mut documents: Documents, others: Documents) -> Documents {
    documents.extend(others);
    documents
}

fn without(mut documents: Documents, ids: &[&str]) -> Documents {
    documents.retain(|id, _| !ids.contains(&id.as_str()));
    documents
}

impl Before {
    /// What the index holds; `None` where there is none.
    pub fn documents(self) -> Option<Documents> {
        match self {
            Self::Nothing => None,
            Self::Old => Some(old()),
            Self::Pieces => Some(pieces()),
        }
    }
}
