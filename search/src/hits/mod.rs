//! What a search finds: a query goes in, ranked rows come out of [`rank`], and a [`Hit`] is such a row with
//! all that a reader wants to see of it.

use std::ops::Range;

use clap::ValueEnum;
use indexer::Filter;
use serde::Serialize;

mod fuse;

pub use fuse::{Candidates, FUSION_DEPTH, Ranked, rank};

/// Which of the index's two halves answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Words and meanings, their scores fused
    Hybrid,
    /// Meanings: inner product of the query's vector with each document's
    Vector,
    /// Words, by BM25; needs no model
    Bm25,
}

impl Mode {
    /// Every mode, each half before what is made of both.
    pub const ALL: [Self; 3] = [Self::Bm25, Self::Vector, Self::Hybrid];

    /// Whether the query must be encoded.
    pub fn uses_vectors(self) -> bool {
        self != Self::Bm25
    }

    /// Whether the query's words are looked up.
    pub fn uses_words(self) -> bool {
        self != Self::Vector
    }

    /// The name it has on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Hybrid => "hybrid",
            Self::Vector => "vector",
            Self::Bm25 => "bm25",
        }
    }
}

/// A query and how to answer it.
#[derive(Debug, Clone)]
pub struct Query {
    /// The words as the user gave them, not blank.
    pub text: String,
    /// Which halves of the index to ask.
    pub mode: Mode,
    /// Hits wanted, at least 1.
    pub k: usize,
    /// Which documents may be hits; all where there is none.
    pub filter: Option<Filter>,
}

/// Where one half of the index put a document.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Place {
    /// From 1.
    pub rank: usize,
    /// Inner product (−1 to 1) or BM25 (above 0).
    pub score: f32,
}

/// One document of the answer.
#[derive(Debug, Clone, Serialize)]
pub struct Hit {
    /// From 1.
    pub rank: usize,
    /// The document's id in its corpus.
    pub id: String,
    /// What the hits are ordered by: in hybrid mode the fused score, else that of the half asked.
    pub score: f32,
    /// Where the vectors put it; `None` outside their best, or when they were not asked.
    pub vector: Option<Place>,
    /// Where the words put it; `None` outside their best, or when they were not asked.
    pub bm25: Option<Place>,
    /// Empty where the corpus has none.
    pub title: String,
    /// The part of the text that fits the query best.
    pub snippet: String,
    /// Byte ranges of `snippet` that match words of the query.
    pub marks: Vec<Range<usize>>,
    /// The whole text.
    pub text: String,
    /// The corpus's other columns.
    pub fields: serde_json::Map<String, serde_json::Value>,
}
