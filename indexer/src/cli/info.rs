//! `index info`.

use std::path::{Path, PathBuf};

use anyhow::bail;
use indexer::{FileRecord, IndexReader, Manifest, SegmentRecord};
use serde_json::json;

use super::args::InfoArguments;
use super::output::{count, grouped, line, size};
use super::tune;

/// Shows an index as the command line says.
pub fn run(arguments: &InfoArguments) -> anyhow::Result<()> {
    let path = match &arguments.path {
        Some(path) => path.clone(),
        None => only_index()?,
    };
    let reader = IndexReader::open(&path)?;
    match arguments.json {
        true => line(object(&path, reader.manifest())),
        false => line(text(&path, reader.manifest())),
    }
}

/// The only index of the current folder.
pub(super) fn only_index() -> anyhow::Result<PathBuf> {
    let mut found: Vec<PathBuf> = std::fs::read_dir(".")?
        .flatten()
        .map(|entry| PathBuf::from(entry.file_name()))
        .filter(|path| path.extension().is_some_and(|ending| ending == "index") && path.is_dir())
        .collect();
    found.sort();
    match found.as_slice() {
        [path] => Ok(path.clone()),
        [] => bail!("no *.index in the current folder; make one with `index build CORPUS`, or name one"),
        several => {
            let names: Vec<String> = several.iter().map(|path| path.display().to_string()).collect();
            bail!(
                "several indexes in the current folder ({}); name one",
                names.join(", ")
            )
        }
    }
}

fn object(path: &Path, manifest: &Manifest) -> serde_json::Value {
    let file = |folder: String, file: &FileRecord| json!({"folder": folder, "path": file.path, "bytes": file.bytes, "blake3": file.blake3});
    let files: Vec<_> = manifest
        .segments
        .iter()
        .flat_map(|segment| {
            let deleted = segment
                .deleted
                .iter()
                .map(|deleted| file("deleted".into(), &deleted.file));
            let files = segment.files.iter();
            let files = files.map(|record| file(format!("segments/{}", segment.name), record));
            files.chain(deleted).collect::<Vec<_>>()
        })
        .collect();
    let segments: Vec<_> = manifest
        .segments
        .iter()
        .map(
            |segment| json!({"name": segment.name, "documents": segment.live(), "deleted": deleted(segment)}),
        )
        .collect();
    json!({
        "type": "info",
        "index": path.display().to_string(),
        "format": manifest.format(),
        "generation": manifest.generation,
        "committed": manifest.committed,
        "sextant": manifest.sextant,
        "documents": manifest.documents,
        "deleted": manifest.segments.iter().map(deleted).sum::<u64>(),
        "truncated": manifest.model.truncated,
        "dimension": manifest.dimension,
        "truncated_from": manifest.model.fingerprint.truncated_from,
        "model": manifest.model.path.display().to_string(),
        "fingerprint": manifest.model.fingerprint.id(),
        "m": manifest.hnsw.m,
        "ef_construction": manifest.hnsw.ef_construction,
        "codes": manifest.hnsw.codes,
        "builder": manifest.hnsw.builder,
        "metric": manifest.hnsw.metric,
        "tuning": manifest.tuning,
        "memory": tune::memory_object(manifest),
        "sources": sources(manifest),
        "bytes": manifest.bytes(),
        "segments": segments,
        "files": files,
    })
}

fn sources(manifest: &Manifest) -> Vec<String> {
    let sources = manifest.sources.iter();
    sources.map(|path| path.display().to_string()).collect()
}

/// Rows of a segment that have been deleted.
fn deleted(segment: &SegmentRecord) -> u64 {
    segment.deleted.as_ref().map_or(0, |deleted| deleted.rows)
}

fn text(path: &Path, manifest: &Manifest) -> String {
    let model = &manifest.model;
    let rows = [
        ("index", path.display().to_string()),
        ("documents", grouped(manifest.documents)),
        (
            "truncated",
            format!(
                "{} than the model reads",
                count(model.truncated, "document") + " longer"
            ),
        ),
        ("dimension", model.fingerprint.dimension_text()),
        ("model", model.path.display().to_string()),
        ("fingerprint", model.fingerprint.id()),
        (
            "graph",
            format!(
                "M {}, ef_construction {}, {}, {} codes, linked by {}",
                manifest.hnsw.m,
                manifest.hnsw.ef_construction,
                manifest.hnsw.metric.name(),
                manifest.hnsw.codes.name(),
                manifest.hnsw.builder.name()
            ),
        ),
        ("recall", recall(manifest)),
        ("memory", tune::memory(manifest)),
        ("sources", sources(manifest).join(", ")),
        (
            "committed",
            format!("{} by Sextant {}", manifest.committed, manifest.sextant),
        ),
        (
            "format",
            format!("{}, generation {}", manifest.format(), manifest.generation),
        ),
        ("segments", segments(manifest)),
        ("size", size(manifest.bytes())),
    ];
    let mut lines: Vec<String> = rows
        .iter()
        .map(|(name, value)| format!("{name:12} {value}"))
        .collect();
    for segment in &manifest.segments {
        if manifest.segments.len() > 1 || segment.deleted.is_some() {
            lines.push(format!(
                "{}: {}, {} deleted",
                segment.name,
                count(segment.live(), "document"),
                grouped(deleted(segment))
            ));
        }
        let deleted = segment.deleted.iter();
        let deleted = deleted.map(|deleted| (deleted.file.bytes, format!("deleted/{}", deleted.file.path)));
        let files = segment.files.iter().map(|file| (file.bytes, file.path.clone()));
        lines.extend(
            files
                .chain(deleted)
                .map(|(bytes, path)| format!("{:>12} {path}", size(bytes))),
        );
    }
    lines.join("\n")
}

fn recall(manifest: &Manifest) -> String {
    match &manifest.tuning {
        None => "not measured; `index tune --recall 0.99` does".to_owned(),
        Some(tuning) if tuning.generation == manifest.generation => tune::text(tuning),
        Some(tuning) => format!(
            "{}, measured in generation {}{}",
            tune::text(tuning),
            tuning.generation,
            tuning
                .documents
                .map_or_else(String::new, |then| format!(" on {}", count(then, "document")))
        ),
    }
}

fn segments(manifest: &Manifest) -> String {
    let rows: u64 = manifest.segments.iter().map(deleted).sum();
    let number = grouped(manifest.segments.len() as u64);
    match rows {
        0 => number,
        rows => format!("{number}, with {} deleted", count(rows, "row")),
    }
}
