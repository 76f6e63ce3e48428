//! Documents are read twice: what is encoded has to be what was checked.

use super::super::{ImportOptions, Observer, Phase, import};
use super::*;

const BEFORE: [(&str, &str); 3] = [("a", "gout"), ("b", "fever"), ("c", "cough")];
/// As many, of which one has another id.
const AFTER: [(&str, &str); 3] = [("a", "gout"), ("x", "chills"), ("c", "cough")];

/// Writes other documents into the input when a phase begins.
struct Rewrite<'a> {
    place: &'a Place,
    phase: Phase,
}

impl Observer for Rewrite<'_> {
    fn begin(&mut self, phase: Phase, _total: Option<u64>) {
        if phase == self.phase {
            self.place.input(&AFTER);
        }
    }

    fn note(&mut self, _message: &str) {}

    fn advance(&mut self, _documents: u64) {}

    fn stopped(&self) -> bool {
        false
    }
}

fn assert_refused<T: std::fmt::Debug>(result: crate::Result<T>) {
    let message = result.unwrap_err().to_string();
    assert!(
        message.contains("input.jsonl: expected the documents of the first reading, found others"),
        "{message}"
    );
}

#[test]
fn an_update_of_a_file_that_is_rewritten_meanwhile_changes_nothing() {
    let place = Place::with(&[("a", "old"), ("b", "old"), ("d", "old")]);
    let before = (names(&place.index()), place.reader().manifest().clone());
    let options = place.options(Known::Replace, &BEFORE);
    let mut observer = Rewrite {
        place: &place,
        phase: Phase::Encode,
    };
    let writer = place.writer();
    assert_refused(writer.add(&options, &HashEncoder::new(DIMENSION), &mut observer));
    assert_eq!((names(&place.index()), place.reader().manifest().clone()), before);
    let summary = place
        .writer()
        .add(&options, &HashEncoder::new(DIMENSION), &mut Unwatched);
    assert_eq!(summary.unwrap().replaced, 1, "the file is left alone");
}

#[test]
fn a_build_and_an_import_of_a_file_that_is_rewritten_meanwhile_make_no_index() {
    let place = Place::with(&[("a", "gout")]);
    let mut options = place.build_options("new.index", &BEFORE);
    let mut observer = Rewrite {
        place: &place,
        phase: Phase::Encode,
    };
    assert_refused(build(&options, &HashEncoder::new(DIMENSION), &mut observer));
    let vectors = place.folder.path().join("v.fbin");
    let numbers = (0..3 * DIMENSION).flat_map(|i| (i as f32 + 1.0).to_le_bytes());
    let header = [3_u32, DIMENSION as u32].map(u32::to_le_bytes).concat();
    fs::write(&vectors, header.into_iter().chain(numbers).collect::<Vec<u8>>()).unwrap();
    options.inputs = vec![place.input(&BEFORE)];
    let importing = ImportOptions {
        vectors,
        vector_column: None,
        ids: None,
        documents: options.inputs,
        columns: Default::default(),
        out: options.out,
        force: false,
        model: options.model,
        hnsw: options.hnsw,
        compare: 0,
        memory: None,
    };
    observer.phase = Phase::Copy;
    assert_refused(import(&importing, &HashEncoder::new(DIMENSION), &mut observer));
    assert_eq!(names(place.folder.path()), ["c.index", "input.jsonl", "v.fbin"]);
}
