//! Each step of a commit leaves an index that opens: the old one before the manifest is swapped,
//! the new one from then on.

use std::path::PathBuf;

use encoder::testing::HashEncoder;

use super::super::writer::IndexWriter;
use super::super::{BuildOptions, Unwatched, build};
use super::*;
use crate::IndexReader;
use crate::manifest::HnswRecord;

fn options(folder: &Path, name: &str, ids: &[&str]) -> BuildOptions {
    let input = folder.join(format!("{name}.jsonl"));
    let rows: String = ids
        .iter()
        .map(|id| format!("{{\"id\":\"{id}\",\"text\":\"about {id}\"}}\n"))
        .collect();
    fs::write(&input, rows).unwrap();
    BuildOptions {
        inputs: vec![input],
        columns: Default::default(),
        out: folder.join(format!("{name}.index")),
        force: true,
        model: PathBuf::from("model"),
        hnsw: HnswRecord {
            m: 4,
            ef_construction: 8,
        },
    }
}

fn ids(index: &Path) -> Vec<String> {
    let reader = IndexReader::open(index).unwrap();
    (0..reader.len() as u32)
        .map(|row| reader.document(row).unwrap().id)
        .collect()
}

/// An index with the ids a and b, and a staged replacement with the id c.
fn staged(folder: &Path) -> (PathBuf, IndexWriter, Manifest) {
    let encoder = HashEncoder::new(8);
    let old = options(folder, "old", &["a", "b"]);
    let new = options(folder, "new", &["c"]);
    build(&old, &encoder, &mut Unwatched).unwrap();
    build(&new, &encoder, &mut Unwatched).unwrap();
    let writer = IndexWriter::create(&old.out, true).unwrap();
    let mut manifest = Manifest::read(&new.out).unwrap();
    let from = new.out.join(SEGMENTS_NAME).join(&manifest.segments[0].name);
    fs::remove_dir(writer.folder()).unwrap();
    fs::rename(from, writer.folder()).unwrap();
    manifest.segments[0] = writer.segment(1).unwrap();
    manifest.generation = writer.generation();
    (old.out, writer, manifest)
}

#[test]
fn a_crash_after_any_step_leaves_the_old_or_the_new_index() {
    let folder = tempfile::tempdir().unwrap();
    let (target, writer, manifest) = staged(folder.path());
    let aside = writer.folder().ancestors().nth(2).unwrap().to_owned();
    assert_eq!(manifest.generation, 2);
    assert_eq!(ids(&target), ["a", "b"]);
    place_segments(&aside, &target, &manifest).unwrap();
    assert_eq!(ids(&target), ["a", "b"]);
    write_manifest(&target.join(MANIFEST_ASIDE), &manifest).unwrap();
    assert_eq!(ids(&target), ["a", "b"]);
    swap_manifest(&target, &manifest).unwrap();
    assert_eq!(ids(&target), ["c"]);
    assert_eq!(fs::read_dir(target.join(SEGMENTS_NAME)).unwrap().count(), 2);
    remove_unnamed(&target, &manifest);
    assert_eq!(ids(&target), ["c"]);
    assert_eq!(fs::read_dir(target.join(SEGMENTS_NAME)).unwrap().count(), 1);
}

#[test]
fn a_reader_keeps_the_state_that_it_opened() {
    let folder = tempfile::tempdir().unwrap();
    let (target, writer, manifest) = staged(folder.path());
    let reader = IndexReader::open(&target).unwrap();
    writer.commit(&manifest).unwrap();
    assert_eq!(reader.document(1).unwrap().id, "b");
    assert_eq!(reader.search_words("about", 9).unwrap().len(), 2);
    assert_eq!(ids(&target), ["c"]);
}

#[test]
fn a_manifest_that_cannot_be_placed_takes_its_segment_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let (target, writer, manifest) = staged(folder.path());
    fs::create_dir(target.join(MANIFEST_ASIDE)).unwrap();
    assert!(writer.commit(&manifest).is_err());
    assert_eq!(ids(&target), ["a", "b"]);
    assert_eq!(fs::read_dir(target.join(SEGMENTS_NAME)).unwrap().count(), 1);
    let left: Vec<_> = fs::read_dir(folder.path())
        .unwrap()
        .flatten()
        .map(|entry| entry.file_name())
        .collect();
    assert!(
        left.iter()
            .all(|name| !name.to_string_lossy().contains("building")),
        "{left:?}"
    );
}
