//! What is measured: each library with each kind of number that it stores vectors as.

use crate::{console, workspace};
use anyhow::Result;

/// A library with a kind of number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tool {
    /// Its name in tables.
    pub name: &'static str,
    /// `sextant`, `hnswlib`, `faiss` or `usearch`.
    pub library: &'static str,
    /// What the library calls the kind.
    pub variant: &'static str,
}

const fn tool(name: &'static str, library: &'static str, variant: &'static str) -> Tool {
    Tool {
        name,
        library,
        variant,
    }
}

/// This project first. FAISS's graph over bare 8-bit numbers misses neighbours that no width finds; with `IndexRefineFlat`
/// around it hits are compared once more by float32, which is how its documentation has it.
const ALL: [Tool; 14] = [
    tool("Sextant int8", "sextant", "int8"),
    tool("Sextant float32", "sextant", "float32"),
    tool("Sextant float16", "sextant", "float16"),
    tool("Sextant binary", "sextant", "binary"),
    tool("hnswlib", "hnswlib", "float32"),
    tool("FAISS Flat", "faiss", "flat"),
    tool("FAISS SQ8", "faiss", "8bit"),
    tool("FAISS SQ8 + refine", "faiss", "8bit+refine"),
    tool("FAISS SQfp16", "faiss", "fp16"),
    tool("FAISS SQbf16", "faiss", "bf16"),
    tool("usearch f32", "usearch", "f32"),
    tool("usearch f16", "usearch", "f16"),
    tool("usearch bf16", "usearch", "bf16"),
    tool("usearch i8", "usearch", "i8"),
];

impl Tool {
    /// Whether it is this project's.
    pub fn is_ours(self) -> bool {
        self.library == "sextant"
    }
}

/// Those whose names begin with one of `beginnings`, whatever the case; all without any.
pub fn chosen(beginnings: &[String]) -> Vec<Tool> {
    let begins = |tool: &&Tool| {
        let name = tool.name.to_lowercase();
        beginnings.is_empty()
            || beginnings
                .iter()
                .any(|text| name.starts_with(&text.to_lowercase()))
    };
    ALL.iter().filter(begins).copied().collect()
}

/// All names.
pub fn names() -> String {
    ALL.map(|tool| tool.name).join(", ")
}

/// Compiles the program that drives our own library, where it is asked for.
pub fn compile(tools: &[Tool]) -> Result<()> {
    if !tools.iter().any(|tool| tool.is_ours()) {
        return Ok(());
    }
    let build = [
        "build",
        "--release",
        "--package",
        "indexer-ann",
        "--features",
        "build",
        "--example",
        "ann_bench",
    ];
    console::run(&mut workspace::cargo(&build))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tools_are_chosen_by_the_beginnings_of_their_names() {
        let names = |beginnings: &[&str]| {
            let beginnings: Vec<String> = beginnings.iter().map(|&text| text.to_owned()).collect();
            chosen(&beginnings)
                .iter()
                .map(|tool| tool.name)
                .collect::<Vec<_>>()
        };
        assert_eq!(
            names(&["faiss sq8", "HNSW"]),
            ["hnswlib", "FAISS SQ8", "FAISS SQ8 + refine"]
        );
        assert_eq!(names(&[]).len(), ALL.len());
        assert!(names(&["annoy"]).is_empty());
    }
}
