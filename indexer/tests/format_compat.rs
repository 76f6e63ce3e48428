//! Indexes of earlier versions open and answer as they did: one stored index per format version, and for each addition
//! that readers of the same version can do without.
#![cfg(feature = "build")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on has failed"
)]

use std::path::{Path, PathBuf};
use std::time::Duration;

use encoder::testing::HashEncoder;
use encoder::vectors::Neighbor;
use indexer::build::{AddOptions, BuildOptions, IndexWriter, Known, TuneOptions, Unwatched, build};
use indexer::{FORMAT_VERSION, HnswRecord, IndexReader, Metric};

const TEXTS: [(&str, &str, &str); 8] = [
    ("gout", "Gout", "Crystals in a joint cause sudden pain."),
    ("flu", "Flu", "A virus causes fever, cough and aching limbs."),
    ("cold", "Common cold", "A virus causes a sore throat and cough."),
    (
        "angina",
        "Angina",
        "The heart gets too little blood, with pain in the chest.",
    ),
    ("ecg", "ECG", "A test of the heart with patches on the skin."),
    ("rest", "", "Rest and water help a mild infection."),
    (
        "meniere",
        "Ménière's disease",
        "Dizziness and hearing loss come in attacks.",
    ),
    ("eczema", "Eczema", "Dry skin itches and turns red."),
];

/// Documents with the text of "rest".
const COPIES: [&str; 3] = ["rest-2", "rest-3", "rest-4"];

/// What is written today where a width of searches was measured.
const TODAY: &str = "5-tuned";
/// What is written without, by the inner product.
const DOT: &str = "4-dot";
/// By the cosine, with graphs of which a node has several rows.
const GROUPS: &str = "4-groups";

fn fixture(version: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/fixtures/format-{version}"))
}

fn rows(found: &[Neighbor]) -> Vec<u32> {
    found.iter().map(|hit| hit.row).collect()
}

fn assert_scores(found: &[Neighbor], expected: &[f32]) {
    let close = found
        .iter()
        .zip(expected)
        .all(|(hit, score)| (hit.score - score).abs() < 1e-4);
    assert!(
        close && found.len() == expected.len(),
        "{found:?}, expected {expected:?}"
    );
}

#[test]
fn format_1_opens_and_finds_what_it_found() {
    let reader = IndexReader::open(&fixture("1")).unwrap();
    assert_eq!(reader.manifest().model.fingerprint.truncated_from, None);
    finds_what_it_found(&reader);
}

#[test]
fn format_2_opens_and_finds_what_it_found_and_says_that_vectors_are_cut() {
    let reader = IndexReader::open(&fixture("2")).unwrap();
    assert_eq!(reader.manifest().model.fingerprint.truncated_from, Some(32));
    finds_what_it_found(&reader);
}

#[test]
fn format_3_opens_with_several_segments_and_deleted_rows() {
    let reader = IndexReader::open(&fixture("3")).unwrap();
    assert_eq!(reader.manifest().segments.len(), 2);
    assert_eq!((reader.len(), reader.find("eczema").unwrap()), (7, None));
    assert!(
        reader
            .search_words("itching skin", 9)
            .unwrap()
            .iter()
            .all(|hit| hit.row != 7)
    );
    finds_what_it_found(&reader);
}

fn finds_what_it_found(reader: &IndexReader) {
    assert_eq!((reader.row_count(), reader.manifest().dimension), (8, 16));
    assert_eq!(reader.manifest().model.fingerprint.weights, "hash");
    let document = reader.document(6).unwrap();
    assert_eq!(
        (document.id.as_str(), document.title.as_str()),
        ("meniere", "Ménière's disease")
    );
    assert_eq!(document.fields["number"], 6);

    let near = reader.search_vectors(reader.vector(1).unwrap(), 3, 16).unwrap();
    assert_eq!(rows(&near), [1, 2, 0]);
    assert_scores(&near, &[1.0, 0.57569, 0.52588]);
    assert_eq!(near, reader.search_exact(reader.vector(1).unwrap(), 3).unwrap());

    let words = reader.search_words("Does a virus cause coughing?", 3).unwrap();
    assert_eq!(rows(&words), [1, 2, 0]);
    assert_scores(&words, &[3.50633, 3.50633, 0.99536]);
    assert_eq!(rows(&reader.search_words("meniere", 3).unwrap()), [6]);
}

#[test]
fn format_3_with_checksums_of_blocks_opens_without_reading_its_files() {
    let reader = IndexReader::open(&fixture("3-blocks")).unwrap();
    for segment in &reader.manifest().segments {
        assert!(segment.files.iter().any(|file| file.path == "blocks.bin"));
    }
    assert_eq!((reader.len(), reader.find("eczema").unwrap()), (7, None));
    finds_what_it_found(&reader);
}

#[test]
fn format_4_opens_with_its_metric() {
    let reader = IndexReader::open(&fixture(DOT)).unwrap();
    assert_eq!(reader.manifest().hnsw.metric, Metric::Dot);
    assert_eq!((reader.len(), reader.find("eczema").unwrap()), (7, None));
    // The vectors of this encoder have length 1.
    finds_what_it_found(&reader);
}

#[test]
fn format_4_finds_all_rows_of_a_node() {
    let reader = IndexReader::open(&fixture(GROUPS)).unwrap();
    assert_eq!((reader.row_count(), reader.len()), (11, 10));
    let graph = fixture(GROUPS)
        .join("segments")
        .join(&reader.manifest().segments[1].name)
        .join("graph.bin");
    assert_eq!(std::fs::read(graph).unwrap()[8], 3, "the graph's version");
    let near = reader.search_vectors(reader.vector(5).unwrap(), 4, 16).unwrap();
    assert_eq!(rows(&near), [5, 8, 9, 10]);
    assert_scores(&near, &[1.0; 4]);
    let near = reader.search_vectors(reader.vector(1).unwrap(), 3, 16).unwrap();
    assert_eq!(rows(&near), [1, 2, 0]);
}

#[test]
fn format_5_opens_with_the_number_of_documents_that_its_width_was_measured_on() {
    let reader = IndexReader::open(&fixture(TODAY)).unwrap();
    let tuning = reader.manifest().tuning.as_ref().unwrap();
    assert_eq!((tuning.k, tuning.documents), (2, Some(7)));
    assert_eq!((reader.len(), reader.find("eczema").unwrap()), (7, None));
    finds_what_it_found(&reader);
}

#[test]
fn cosines_are_written_so_that_format_3_can_read_them() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("made.index");
    write(&out, Metric::Cosine, 0);
    let head = std::fs::read_to_string(out.join("MANIFEST")).unwrap();
    assert!(head.starts_with("sextant-index 3 ") && !head.contains("metric"));
    let out = folder.path().join("other.index");
    write(&out, Metric::Dot, 0);
    let head = std::fs::read_to_string(out.join("MANIFEST")).unwrap();
    assert!(head.starts_with("sextant-index 4 ") && head.contains("\"metric\": \"dot\""));
}

#[test]
fn the_version_of_today_has_its_fixture() {
    assert!(TODAY.starts_with(&FORMAT_VERSION.to_string()));
    assert!(
        fixture(TODAY).is_dir(),
        "make it: see `write_the_fixture_of_this_version`"
    );
}

/// Run once for a new format, and commit what it makes:
/// `cargo test --release -p indexer --test format_compat -- --ignored`
#[test]
#[ignore = "writes the fixture of the present format version; never replaces one"]
fn write_the_fixture_of_this_version() {
    for (name, metric, copies) in [
        (TODAY, Metric::Cosine, 0),
        (DOT, Metric::Dot, 0),
        (GROUPS, Metric::Cosine, 3),
    ] {
        let out = fixture(name);
        if out.exists() {
            continue;
        }
        write(&out, metric, copies);
        if name == TODAY {
            let options = TuneOptions { recall: 0.5, k: 2 };
            let writer = IndexWriter::open(&out).unwrap();
            writer.tune(options, None, &mut Unwatched).unwrap();
        }
    }
}

/// An index of two segments with a deleted row; the second has so many more documents with the text of "rest".
fn write(out: &Path, metric: Metric, copies: usize) {
    let folder = tempfile::tempdir().unwrap();
    let (first, second) = TEXTS.split_at(5);
    let (_, title, text) = second[0];
    let copies = COPIES.iter().take(copies).map(|id| (*id, title, text));
    let second: Vec<_> = second.iter().copied().chain(copies).collect();
    let options = BuildOptions {
        inputs: vec![input(folder.path(), 0, first)],
        columns: Default::default(),
        out: out.to_owned(),
        force: false,
        model: "hash".into(),
        computing: "hash".into(),
        memory: None,
        worth_keeping: Duration::MAX,
        hnsw: HnswRecord {
            m: 4,
            ef_construction: 16,
            metric,
            ..Default::default()
        },
    };
    let encoder = HashEncoder::new(16).truncated_from(32);
    build(&options, &encoder, &mut Unwatched).unwrap();
    let more = AddOptions {
        inputs: vec![input(folder.path(), 5, &second)],
        columns: Default::default(),
        known: Known::Refuse,
        model: "hash".into(),
        memory: None,
    };
    let writer = || IndexWriter::open(out).unwrap();
    writer().add(&more, &encoder, &mut Unwatched).unwrap();
    writer().delete(&["eczema".into()], false).unwrap();
}

fn input(folder: &Path, first: u32, texts: &[(&str, &str, &str)]) -> PathBuf {
    let path = folder.join(format!("conditions-{first}.jsonl"));
    let lines: String = (first..)
        .zip(texts)
        .map(|(number, (id, title, text))| serde_json::json!({"id": id, "title": title, "text": text, "number": number}))
        .map(|row| format!("{row}\n"))
        .collect();
    std::fs::write(&path, lines).unwrap();
    path
}
