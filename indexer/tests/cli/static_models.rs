//! A static model encodes an index like any other, whatever the backend; what it does not know is said.

use encoder::testing::write_tiny_static_model;
use encoder::vectors::{dot, is_zero};
use indexer::IndexReader;

use super::moving::rows;
use super::workplace::{ROWS, Workplace, stderr};

fn place() -> Workplace {
    let place = Workplace::new();
    write_tiny_static_model(&place.path("words"), 1).unwrap();
    place
}

#[test]
fn an_index_is_built_whatever_the_backend() {
    let place = place();
    place.write("corpus.jsonl", ROWS);
    for backend in ["torch", "candle"] {
        let out = format!("{backend}.index");
        let model = ["--model", "words", "--backend", backend, "--device", "cpu"];
        let said = place.succeeds(&[&["build", "corpus.jsonl", "-o", &out][..], &model].concat());
        assert!(said.contains("4 documents, 32 dimensions"), "{said}");
        let reader = IndexReader::open(&place.path(&out)).unwrap();
        let fingerprint = &reader.manifest().model.fingerprint;
        assert!(fingerprint.architecture.starts_with("static "), "{fingerprint:?}");
        let encoder = encoder::open(&place.path("words")).unwrap();
        for row in 0..4 {
            let passage = reader.document(row).unwrap().passage();
            let vector = encoder.encode_documents(&[&passage]).unwrap().vectors;
            assert!(dot(vector.row(0), reader.vector(row).unwrap()) > 0.99999);
        }
    }
}

#[test]
fn cuda_is_refused_with_a_reason() {
    let place = place();
    place.write("corpus.jsonl", ROWS);
    for device in ["cuda", "cuda:1"] {
        let arguments = ["build", "corpus.jsonl", "--model", "words", "--device", device];
        place.fails(&arguments, &["--device", "static model", "--device cpu"]);
    }
}

#[test]
fn documents_without_a_known_word_are_counted_and_found_by_words_alone() {
    let place = place();
    let unknown = "{\"_id\":\"x\",\"title\":\"\",\"text\":\"Zyzzyva qwerty\"}\n";
    place.write("corpus.jsonl", ROWS.to_owned() + unknown);
    let output = place
        .command(&["build", "corpus.jsonl", "--model", "words"])
        .output()
        .unwrap();
    let said = stderr(&output);
    assert!(
        said.contains(
            "note: 1 document of 5 without a word that the model knows: found by their words (BM25) alone"
        ),
        "{said}"
    );
    let reader = IndexReader::open(&place.path("corpus.index")).unwrap();
    assert!(is_zero(reader.vector(4).unwrap()));
    assert_eq!(reader.search_words("zyzzyva", 5).unwrap()[0].row, 4);
    // As many as are asked for: even what points away is found, but never what points nowhere.
    let near = reader.search_vectors(reader.vector(0).unwrap(), 5, 10).unwrap();
    assert_eq!((near[0].row, near.len()), (0, 4));
    assert!(near.iter().all(|found| found.row != 4));
    assert_eq!(reader.search_exact(reader.vector(0).unwrap(), 5).unwrap(), near);
    assert!(
        reader
            .search_vectors(reader.vector(4).unwrap(), 5, 10)
            .unwrap()
            .is_empty()
    );
    assert!(
        reader
            .search_exact(reader.vector(4).unwrap(), 5)
            .unwrap()
            .is_empty()
    );
    let summary = place.json(&["build", "corpus.jsonl", "--model", "words", "--force", "--json"]);
    assert_eq!(summary["unknown"], 1);
}

#[test]
fn many_documents_without_a_known_word_do_not_hide_the_others() {
    let place = place();
    let words = [
        "fever", "cough", "rash", "heart", "sugar", "kidney", "pain", "water", "joint", "thirst",
    ];
    let rows: String = (0..2000)
        .map(|i| {
            let known = [words[i % 10], words[i / 10 % 10], words[i / 100 % 10]].join(" ");
            let text = if i % 3 == 0 { "zyzzyva".to_owned() } else { known };
            format!("{{\"id\":{i},\"text\":\"{text}\"}}\n")
        })
        .collect();
    place.write("corpus.jsonl", rows);
    place.succeeds(&["build", "corpus.jsonl", "--model", "words"]);
    let reader = IndexReader::open(&place.path("corpus.index")).unwrap();
    let mut found = 0;
    for row in (1..2000).step_by(40).filter(|row| row % 3 != 0) {
        let exact = reader.search_exact(reader.vector(row).unwrap(), 1).unwrap()[0].score;
        let walked = reader
            .search_vectors(reader.vector(row).unwrap(), 10, 64)
            .unwrap();
        assert_eq!(walked.len(), 10);
        assert!(walked.iter().all(|near| near.row % 3 != 0));
        found += usize::from((walked[0].score - exact).abs() < 1e-6);
    }
    assert!(found >= 32, "the nearest was found for {found} of 33");
}

#[test]
fn documents_without_a_known_word_go_into_an_export_and_come_back() {
    let place = place();
    let unknown = "{\"_id\":\"x\",\"title\":\"\",\"text\":\"Zyzzyva qwerty\"}\n";
    place.write("corpus.jsonl", ROWS.to_owned() + unknown);
    place.succeeds(&["build", "corpus.jsonl", "--model", "words"]);
    place.succeeds(&["export", "--out", "v.npy"]);
    let import = [
        "import",
        "v.npy",
        "--documents",
        "corpus.jsonl",
        "--model",
        "words",
    ];
    let output = place.command(&import).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(
        stderr(&output).contains("1 of the vectors are zeros, as the model gives"),
        "{}",
        stderr(&output)
    );
    assert_eq!(rows(&place, "v.index"), rows(&place, "corpus.index"));
    place.succeeds(&["verify", "v.index", "--model", "words"]);
    let trusted = [&import[..], &["--force", "--compare", "0"]].concat();
    place.fails(&trusted, &["v.npy: row 5", "found zeros"]);
    let known = unknown.replace("qwerty", "fever");
    place.write("corpus.jsonl", ROWS.to_owned() + &known);
    place.fails(
        &[&import[..], &["--force"]].concat(),
        &["v.npy: row 5", "found zeros"],
    );
}

#[test]
fn a_width_cannot_be_measured_with_queries_of_unknown_words() {
    let place = place();
    let row = |i: usize| format!("{{\"id\":\"d{i}\",\"text\":\"sugar and thirst {i}\"}}\n");
    place.write("corpus.jsonl", (0..12).map(row).collect::<String>());
    place.succeeds(&["build", "corpus.jsonl", "--model", "words"]);
    place.write("queries.jsonl", "{\"_id\":\"q\",\"text\":\"zyzzyva\"}\n");
    let tune = [
        "tune",
        "corpus.index",
        "--recall",
        "0.9",
        "--queries",
        "queries.jsonl",
    ];
    place.fails(&tune, &["corpus.index", "the model knows no word of them"]);
}
