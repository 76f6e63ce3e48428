//! The model folder gives the vectors that the paper's algorithm gives, here and in sentence-transformers.
#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot set itself up fails with the panic's own message"
)]

mod texts_fixture;

use std::path::Path;

use encoder::vectors::Vectors;
use texts_fixture::{Fixture, Pooled};
use trainer_words::corpus::{IntegerCorpus, Tokenization, Vocabulary};
use trainer_words::texts::{TextPooling, TextRecipe, write_model_folder};
use trainer_words::{Unobserved, WordVectors};

fn fixture() -> Fixture {
    Fixture::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/texts.json"))
}

fn encoded(folder: &Path, texts: &[String]) -> Vectors {
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    encoder::open(folder)
        .unwrap()
        .encode_documents(&texts)
        .unwrap()
        .vectors
}

fn assert_equal(ours: &Vectors, theirs: &Pooled, what: &str) {
    assert_eq!(ours.len(), theirs.len());
    for (row, (ours, theirs)) in ours.rows().zip(theirs).enumerate() {
        for (ours, theirs) in ours.iter().zip(theirs) {
            assert!(
                (f64::from(*ours) - theirs).abs() < 2e-5,
                "{what}, text {row}: {ours} {theirs}"
            );
        }
    }
}

#[test]
fn mean_and_sif_equal_the_papers_algorithm_in_numpy() {
    let fixture = fixture();
    for name in fixture.recipes.keys() {
        let folder = tempfile::tempdir().unwrap();
        let report = fixture.write(name, folder.path());
        assert_equal(
            &encoded(folder.path(), &fixture.texts),
            &fixture.expected[name],
            name,
        );
        let expected = &fixture.removed[name];
        assert_eq!(report.removed.len(), expected.len());
        for (ours, theirs) in report.removed.iter().zip(expected) {
            assert!((ours - theirs).abs() < 1e-9, "{name}: {ours} {theirs}");
        }
        assert_eq!(report.sentences, if expected.is_empty() { 0 } else { 300 });
    }
}

#[test]
fn sentence_transformers_gives_the_same_vectors_of_our_folder() {
    let fixture = fixture();
    let folder = tempfile::tempdir().unwrap();
    fixture.write("sif-1e-3-1", folder.path());
    let theirs = fixture.sentence_transformers.as_ref().unwrap();
    assert_eq!(theirs.similarity, "cosine");
    assert_equal(
        &encoded(folder.path(), &fixture.texts),
        &theirs.vectors,
        "sentence-transformers",
    );
}

#[test]
fn a_phrase_is_one_token_and_unknown_words_are_zeros() {
    let fixture = fixture();
    let folder = tempfile::tempdir().unwrap();
    fixture.write("mean", folder.path());
    let tokenizer = encoder::model::StaticFolder::open(folder.path())
        .unwrap()
        .tokenizer();
    let ids = |text: &str| tokenizer.tokenize("", &[text]).unwrap().remove(0).ids;
    assert_eq!(ids("New York").len(), 1);
    assert_eq!(ids("york new").len(), 2);
    let vectors = encoded(
        folder.path(),
        &[
            "zyzzyva".to_owned(),
            "fever".to_owned(),
            "fever zyzzyva".to_owned(),
        ],
    );
    assert!(encoder::vectors::is_zero(vectors.row(0)));
    assert_eq!(vectors.row(1), vectors.row(2));
}

#[test]
fn the_bytes_are_the_same_at_any_number_of_threads() {
    let fixture = fixture();
    let bytes = |threads: usize| {
        let folder = tempfile::tempdir().unwrap();
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        pool.install(|| fixture.write("sif-1e-2-2", folder.path()));
        std::fs::read(folder.path().join("model.safetensors")).unwrap()
    };
    assert_eq!(bytes(1), bytes(3));
}

/// Two words along one direction: nothing is left for a second component, and no vector becomes NaN.
#[test]
fn components_that_are_not_there_are_not_removed() {
    let vectors = WordVectors {
        vocabulary: Vocabulary::from_counts([("a".to_owned(), 2), ("b".to_owned(), 1)]),
        vectors: Vectors::from_rows(3, vec![1.0, 2.0, 3.0, 2.0, 4.0, 6.0]).into(),
        subwords: None,
    };
    let recipe = |components| TextRecipe {
        tokenization: Tokenization::Unicode,
        phrases: &[],
        pooling: TextPooling::Sif { a: 1e-3, components },
    };
    let corpus = IntegerCorpus::from_tokens(vec![0, 1, 0]);
    let folder = tempfile::tempdir().unwrap();
    let report = write_model_folder(folder.path(), &vectors, &recipe(2), &corpus, &Unobserved).unwrap();
    assert_eq!(report.removed.len(), 1);
    assert!((report.removed[0] - 1.0).abs() < 1e-12);
    assert!(
        encoded(folder.path(), &["a b".to_owned()])
            .as_slice()
            .iter()
            .all(|value| value.is_finite())
    );
    let none = IntegerCorpus::from_tokens(Vec::new());
    let report = write_model_folder(folder.path(), &vectors, &recipe(1), &none, &Unobserved).unwrap();
    assert_eq!((report.sentences, report.removed.len()), (0, 0));
}

#[test]
fn vectors_that_cannot_be_used_are_refused_by_name() {
    let vectors = |numbers: Vec<f32>| WordVectors {
        vocabulary: Vocabulary::from_counts([("a".to_owned(), 2), ("b".to_owned(), 1)]),
        vectors: Vectors::from_rows(2, numbers).into(),
        subwords: None,
    };
    let recipe = TextRecipe {
        tokenization: Tokenization::Unicode,
        phrases: &[],
        pooling: TextPooling::Mean,
    };
    let corpus = IntegerCorpus::from_tokens(vec![0, 1]);
    let folder = tempfile::tempdir().unwrap();
    for (numbers, word) in [
        (vec![0.0, 0.0, 1.0, f32::NAN], "\"b\""),
        (vec![0.0, 0.0], "2 words and 1 vectors"),
    ] {
        let error = write_model_folder(folder.path(), &vectors(numbers), &recipe, &corpus, &Unobserved);
        let error = error.unwrap_err().to_string();
        assert!(error.contains(word), "{error}");
    }
    assert_eq!(
        std::fs::read_dir(folder.path()).unwrap().count(),
        0,
        "nothing is written"
    );
}
