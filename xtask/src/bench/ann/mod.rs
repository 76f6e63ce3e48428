//! `cargo xtask bench ann`: nearest neighbours beside hnswlib, FAISS and usearch, on the same vectors and queries.
//!
//! Every tool builds, saves, and is opened again in a process of its own; searches go round all tools in turn, so that a
//! machine that slows down slows all of them down, and the best of the turns counts. Curves of recall over speed are
//! compared, never single settings: a width of search means another amount of work in each tool.

mod curve;
mod measure;
mod options;
mod plot;
mod report;
mod sets;
mod tools;

use super::python::{NEIGHBORS, Python};
use crate::{console, workspace};
use anyhow::{Context, Result, ensure};
use measure::{Bench, Entry};
pub use options::Options;

/// Measures all sets and prints the tables, or one JSON object for each tool and set.
pub fn run(options: &Options) -> Result<()> {
    let folder = workspace::programs()?.with_file_name("bench").join("ann");
    std::fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
    let python = match &options.python {
        Some(program) => Python::there(program, &NEIGHBORS, &folder)?,
        None => Python::install(&NEIGHBORS)?,
    };
    let tools = tools::chosen(&options.tools);
    ensure!(
        !tools.is_empty(),
        "--tools: expected beginnings of names of {}, found {}",
        tools::names(),
        options.tools.join(",")
    );
    tools::compile(&tools)?;
    let bench = Bench {
        options,
        python: &python,
        folder: &folder,
    };
    let mut entries: Vec<Entry> = Vec::new();
    for set in &options.sets {
        let data = sets::prepare(set, options, &python, &folder)?;
        entries.extend(bench.measure(set, &data, &tools)?);
    }
    let picture = options.plot.clone().unwrap_or_else(|| folder.join("ann.svg"));
    std::fs::write(&picture, plot::svg(&entries))
        .with_context(|| format!("cannot write {}", picture.display()))?;
    console::note(&format!("curves: {}", picture.display()));
    if options.json {
        entries.iter().for_each(|entry| console::say(&entry.json()));
    } else {
        console::say(&report::text(&entries, options));
    }
    Ok(())
}
