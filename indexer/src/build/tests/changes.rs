//! What each change comes to.

use encoder::Encoder;
use encoder::vectors::Neighbor;

use super::*;

/// Found documents by their ids, with their scores.
fn by_id(reader: &IndexReader, found: &[Neighbor]) -> Vec<(String, f32)> {
    let id = |row| reader.document(row).unwrap().id;
    found.iter().map(|hit| (id(hit.row), hit.score)).collect()
}

fn some(range: std::ops::Range<usize>) -> Vec<(String, String)> {
    let words = ["gout", "joint", "pain", "fever", "cough", "virus", "heart"];
    let text = |i: usize| format!("{} {} number{i}", words[i % 7], words[i * i % 5]);
    range.map(|i| (format!("d{i}"), text(i))).collect()
}

fn borrowed(documents: &[(String, String)]) -> Vec<(&str, &str)> {
    documents
        .iter()
        .map(|(id, text)| (id.as_str(), text.as_str()))
        .collect()
}

#[test]
fn three_segments_answer_as_one_does() {
    let documents = some(0..60);
    let documents = borrowed(&documents);
    let place = Place::with(&documents[..20]);
    place.add(&documents[20..21]);
    place.add(&documents[21..]);
    place.build("whole.index", &documents);
    let (parts, whole) = (
        place.reader(),
        IndexReader::open(&place.folder.path().join("whole.index")).unwrap(),
    );
    assert_eq!(parts.manifest().segments.len(), 3);
    assert_eq!((parts.len(), parts.row_count()), (60, 60));
    for (row, (id, _)) in documents.iter().enumerate() {
        let row = row as u32;
        assert_eq!(parts.find(id).unwrap(), Some(row));
        assert_eq!(parts.document(row).unwrap(), whole.document(row).unwrap());
        assert_eq!(parts.vector(row).unwrap(), whole.vector(row).unwrap());
        for k in [1, 7, 60] {
            let query = whole.vector(row).unwrap();
            assert_eq!(
                parts.search_exact(query, k).unwrap(),
                whole.search_exact(query, k).unwrap()
            );
            assert_eq!(
                parts.search_vectors(query, k, 60).unwrap(),
                whole.search_exact(query, k).unwrap()
            );
        }
    }
    for query in ["gout pain", "number7", "heart virus cough fever", "nothing"] {
        let found = parts.search_words(query, 60).unwrap();
        assert_eq!(found, whole.search_words(query, 60).unwrap(), "{query}");
    }
    assert!(parts.document(60).is_err() && !parts.is_live(60));
}

#[test]
fn deleted_documents_are_found_no_more_and_make_room_for_others() {
    let documents = some(0..60);
    let documents = borrowed(&documents);
    let place = Place::with(&documents[..30]);
    place.add(&documents[30..]);
    let even: Vec<&str> = documents.iter().step_by(2).map(|(id, _)| *id).collect();
    place.delete(&even[..20]);
    place.delete(&even[20..]);
    let reader = place.reader();
    assert_eq!((reader.len(), reader.row_count()), (30, 60));
    assert!(reader.live_rows().all(|row| row % 2 == 1 && reader.is_live(row)));
    assert_eq!(reader.find("d2").unwrap(), None);
    let odd: Vec<(&str, &str)> = documents.iter().skip(1).step_by(2).copied().collect();
    place.build("rest.index", &odd);
    let rest = IndexReader::open(&place.folder.path().join("rest.index")).unwrap();
    for k in [1, 10, 30, 60] {
        let query = reader.vector(2).unwrap();
        let found = reader.search_vectors(query, k, 10).unwrap();
        assert_eq!(found.len(), k.min(30), "a full answer of what is left");
        assert_eq!(
            by_id(&reader, &reader.search_exact(query, k).unwrap()),
            by_id(&rest, &rest.search_exact(query, k).unwrap())
        );
        let words = reader
            .search_words("gout joint pain fever cough virus heart", k)
            .unwrap();
        assert_eq!(words.len(), k.min(30));
        assert!(words.iter().all(|hit| reader.is_live(hit.row)));
    }
    place.compact();
    let compacted = place.reader();
    assert_eq!(
        (compacted.row_count(), compacted.manifest().segments.len()),
        (30, 1)
    );
    for query in ["gout pain", "number7", "heart virus cough fever"] {
        let (one, other) = (
            compacted.search_words(query, 60).unwrap(),
            rest.search_words(query, 60).unwrap(),
        );
        assert_eq!(one, other, "{query}");
    }
    for row in 0..30 {
        assert_eq!(
            compacted.vector(row).unwrap(),
            rest.vector(row).unwrap(),
            "to the bit: nothing is encoded again"
        );
        assert_eq!(compacted.document(row).unwrap(), rest.document(row).unwrap());
    }
}

#[test]
fn an_update_replaces_by_id_and_adds_the_rest() {
    let place = Place::with(&[("a", "old gout"), ("b", "old fever")]);
    let options = place.options(Known::Replace, &[("b", "new cough"), ("c", "new pain")]);
    let encoder = HashEncoder::new(DIMENSION);
    let summary = place.writer().add(&options, &encoder, &mut Unwatched).unwrap();
    assert_eq!((summary.added, summary.replaced, summary.documents), (1, 1, 3));
    assert_eq!(ids(&place.index()), ["a", "b", "c"]);
    let reader = place.reader();
    assert!(reader.search_words("fever", 9).unwrap().is_empty());
    let found = reader.search_words("cough", 9).unwrap();
    assert_eq!(by_id(&reader, &found)[0].0, "b");
    assert_eq!(
        reader.search_vectors(&encoder_row("new cough"), 1, 9).unwrap()[0].row,
        found[0].row
    );
    // A segment whose rows are all replaced leaves the index.
    place.update(&[("b", "newer"), ("c", "newer")]);
    assert_eq!(place.reader().manifest().segments.len(), 2);
    assert_eq!(ids(&place.index()), ["a", "b", "c"]);
}

fn encoder_row(text: &str) -> Vec<f32> {
    let encoded = HashEncoder::new(DIMENSION).encode_documents(&[text]).unwrap();
    encoded.vectors.row(0).to_vec()
}

#[test]
fn what_is_refused_changes_nothing() {
    let place = Place::with(&[("a", "gout"), ("b", "fever")]);
    let before = (names(&place.index()), place.reader().manifest().clone());
    let encoder = HashEncoder::new(DIMENSION);
    let known = place.options(Known::Refuse, &[("c", "pain"), ("b", "cough")]);
    let error = place.writer().add(&known, &encoder, &mut Unwatched).unwrap_err();
    let message = error.to_string();
    assert!(
        message.contains("row 2") && message.contains("\"b\"") && message.contains("index update"),
        "{message}"
    );
    let other = HashEncoder::new(DIMENSION).truncated_from(16);
    let error = place.writer().add(&known, &other, &mut Unwatched).unwrap_err();
    assert!(matches!(error, IndexError::OtherModel(_)), "{error}");
    let error = place
        .writer()
        .delete(&["a".into(), "x".into(), "y".into(), "x".into()], false);
    let message = error.unwrap_err().to_string();
    assert!(
        message.contains("\"x\", found none, nor with 1 other id"),
        "{message}"
    );
    let summary = place.writer().delete(&["x".into()], true).unwrap();
    assert_eq!((summary.deleted, summary.missing), (0, vec!["x".to_owned()]));
    let summary = place.writer().compact(None, &mut Unwatched).unwrap();
    assert_eq!((summary.segments, summary.dropped), (1, 0));
    assert_eq!((names(&place.index()), place.reader().manifest().clone()), before);
}

#[test]
fn all_can_be_deleted_and_others_added() {
    let place = Place::with(&[("a", "gout"), ("b", "fever")]);
    place.add(&[("c", "cough")]);
    place.delete(&["a", "b", "c"]);
    let reader = place.reader();
    assert!(reader.is_empty() && reader.row_count() == 0);
    assert!(
        reader
            .search_vectors(&encoder_row("gout"), 3, 9)
            .unwrap()
            .is_empty()
    );
    assert!(reader.search_words("gout", 3).unwrap().is_empty());
    place.compact();
    place.add(&[("a", "gout")]);
    assert_eq!(ids(&place.index()), ["a"]);
    assert_eq!(names(&place.index()), ["MANIFEST", "segments"]);
}

#[test]
fn memory_bounds_what_is_added_and_what_is_merged() {
    // Room for somewhat more than 5,000 documents beside a model of which nothing is known, and beside none.
    const ADDING: u64 = (400 << 20) + 1_250_000;
    const MERGING: u64 = (160 << 20) + 1_250_000;
    let place = Place::with(&[("a", "gout")]);
    let texts: Vec<(String, String)> = (0..12_000)
        .map(|i| (format!("d{i}"), format!("pain {} number{i}", i % 97)))
        .collect();
    let documents: Vec<(&str, &str)> = texts.iter().map(|(id, text)| (&**id, &**text)).collect();
    let options = AddOptions {
        memory: Some(ADDING),
        ..place.options(Known::Refuse, &documents)
    };
    let encoder = HashEncoder::new(DIMENSION);
    let summary = place.writer().add(&options, &encoder, &mut Unwatched).unwrap();
    assert_eq!((summary.segments, summary.documents), (4, 12_001));
    let sizes = |place: &Place| -> Vec<u64> {
        let reader = place.reader();
        let segments = &reader.manifest().segments;
        segments.iter().map(|segment| segment.documents).collect()
    };
    assert_eq!(sizes(&place), [1, 4_000, 4_000, 4_000]);
    place.delete(&["d0", "d1", "d2"]);
    let before = ids(&place.index());
    let merge = |memory| place.writer().compact(memory, &mut Unwatched);
    let summary = merge(Some(MERGING)).unwrap();
    assert_eq!((summary.segments, summary.dropped), (3, 3));
    assert_eq!(sizes(&place), [4_000, 4_000, 3_998]);
    assert_eq!(ids(&place.index()), before);
    let reader = place.reader();
    for row in (0..reader.len() as u32).step_by(501) {
        let document = reader.document(row).unwrap();
        let vector = encoder.encode_documents(&[&document.passage()]).unwrap().vectors;
        assert_eq!(
            reader.vector(row).unwrap(),
            vector.rows().next().unwrap(),
            "{}",
            document.id
        );
    }
    let generation = place.reader().manifest().generation;
    assert_eq!(merge(Some(MERGING)).unwrap().segments, 3);
    assert_eq!(
        place.reader().manifest().generation,
        generation,
        "there is nothing to do"
    );
    let message = merge(Some(1 << 20)).unwrap_err().to_string();
    assert!(message.contains("--memory: expected at least 16"), "{message}");
    assert_eq!(merge(None).unwrap().segments, 1);
    assert_eq!(ids(&place.index()), before);
    place.delete(&before.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(merge(Some(MERGING)).unwrap().segments, 0);
}

#[test]
fn the_longest_id_is_found_and_a_longer_one_refused() {
    let (longest, longer) = ("x".repeat(65_530), "é".repeat(32_766));
    let place = Place::with(&[("a", "gout"), (&longest, "fever")]);
    assert_eq!(place.reader().find(&longest).unwrap(), Some(1));
    place.delete(&[&longest]);
    assert_eq!(ids(&place.index()), ["a"]);
    let options = place.options(Known::Replace, &[("b", "cough"), (&longer, "pain")]);
    let encoder = HashEncoder::new(DIMENSION);
    let error = place
        .writer()
        .add(&options, &encoder, &mut Unwatched)
        .unwrap_err();
    let message = error.to_string();
    assert!(
        message.contains("input.jsonl: row 2: document \"éé")
            && message.contains("at most 65530 bytes")
            && message.contains("found one of 65532;")
            && message.len() < 400,
        "{message}"
    );
}
