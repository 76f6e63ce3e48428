//! Learning word vectors as a user meets it: from text to a model, stopped and gone on with, and refused.

mod refusals;
mod stopping;

use std::fmt::Write;
use std::fs;

use trainer::config::{self, Config};
pub use trainer::word_vectors::event::Event;

use super::workplace::{Workplace, stderr, stdout};

const CONFIG: &str = r#"
kind = "word2vec"
name = "small"
device = "cpu"
[data]
text = "text.txt"
min_count = 2
[word2vec]
dimension = 16
sample = 0
epochs = 30
[output]
formats = ["word2vec-text", "word2vec-binary", "fasttext-vec"]
[eval]
corpus = "corpus.jsonl"
queries = "queries.jsonl"
qrels = "qrels.tsv"
"#;

/// A folder with text whose words keep to their topics, a development set and a configuration.
pub fn place() -> Workplace {
    let place = Workplace::new();
    fs::write(place.path("configs/small.toml"), CONFIG).unwrap();
    fs::write(place.path("text.txt"), text(400)).unwrap();
    place
}

/// Sentences of ten words, each about one of eight topics.
fn text(sentences: u32) -> String {
    let topics = [
        "chest", "eye", "head", "heart", "joint", "kidney", "liver", "lung",
    ];
    let remedies = [
        "rest", "water", "drug", "doctor", "test", "sleep", "food", "medicine",
    ];
    let mut text = String::new();
    for number in 0..sentences {
        let (topic, step) = ((number % 8) as usize, number / 8);
        let (part, remedy) = (topics[topic], remedies[topic]);
        writeln!(
            text,
            "for the {part} {remedy} may be right, and {part}{} {remedy}{} too",
            step % 3,
            step % 5
        )
        .unwrap();
    }
    text
}

pub fn events(log: &str) -> Vec<Event> {
    log.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[test]
fn text_becomes_a_measured_model_with_the_words_in_all_formats() {
    let place = place();
    let output = place.train(&["--config", "small.toml", "--threads", "2"]);
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(0), "{said}");
    for part in [
        "read 1 file: 400 sentences, 4,400 words, ",
        "learning small by skip-gram with negative sampling: 16 numbers a vector, 30 epochs, on cpu with 2 threads",
        "Hogwild",
        "models/small is ready, and models/latest points at it",
    ] {
        assert!(said.contains(part), "{part:?} is not in {said}");
    }
    let out = stdout(&output);
    for part in [" passages\n\n", "nDCG@10", "\nBM25 ", "\nmodels/small "] {
        assert!(out.contains(part), "{part:?} is not in {out}");
    }
    assert_eq!(place.names("models"), ["latest", "small"]);
    let names = place.names("models/small");
    for name in [
        "README.md",
        "model.safetensors",
        "modules.json",
        "run_log.jsonl",
        "tokenizer.json",
        "train_config.toml",
        "word_vectors.bin",
        "word_vectors.safetensors",
        "word_vectors.txt",
        "word_vectors.vec",
    ] {
        assert!(
            names.iter().any(|there| there == name),
            "{name} is not in {names:?}"
        );
    }
    assert!(!names.contains(&"scratch".to_owned()));
    let model = place.path("models/small");
    let card = fs::read_to_string(model.join("README.md")).unwrap();
    assert!(
        card.contains("| **this model** | 0.") && card.contains("skip-gram"),
        "{card}"
    );
    let Config::Word2vec(saved) = config::load(&model.join("train_config.toml")).unwrap() else {
        panic!("another kind");
    };
    assert_eq!(
        saved.word2vec.learning_rate,
        Some(0.025),
        "what is saved is complete"
    );
}

#[test]
fn the_model_finds_texts_of_the_same_topic() {
    let place = place();
    let output = place.train(&["--config", "small.toml", "--threads", "1"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let encoder = encoder::open(&place.path("models/small")).unwrap();
    let texts = [
        "kidney",
        "drug doctor",
        "the kidney and sleep",
        "nothing known here",
    ];
    let vectors = encoder.encode_documents(&texts).unwrap().vectors;
    assert!(vectors.as_slice().iter().all(|number| number.is_finite()));
    let cosine = |a: usize, b: usize| {
        let dot = |a: usize, b: usize| -> f32 {
            std::iter::zip(vectors.row(a), vectors.row(b))
                .map(|(a, b)| a * b)
                .sum()
        };
        dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
    };
    assert!(
        cosine(0, 2) > cosine(0, 1) + 0.3,
        "{} {}",
        cosine(0, 2),
        cosine(0, 1)
    );
}

#[test]
fn json_lines_on_stdout_and_in_the_log_read_back() {
    let place = place();
    let output = place.train(&["--config", "small.toml", "--json"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let printed = events(&stdout(&output));
    let logged = events(&fs::read_to_string(place.path("models/small/run_log.jsonl")).unwrap());
    assert_eq!(printed[..printed.len() - 1], logged);
    let mut steps = printed
        .iter()
        .filter(|event| !matches!(event, Event::Progress { .. }));
    assert!(matches!(
        steps.next(),
        Some(Event::Start {
            files: 1,
            resumed: false,
            ..
        })
    ));
    assert!(matches!(steps.next(), Some(Event::Corpus { .. })));
    assert!(matches!(
        steps.next(),
        Some(Event::Learned {
            dimension: 16,
            at_bound: 0,
            ..
        })
    ));
    assert!(matches!(steps.next(), Some(Event::Evaluation { .. })));
    let mut steps = steps.skip_while(|event| matches!(event, Event::Compared(_)));
    assert!(matches!(steps.next(), Some(Event::Done { .. })));
    assert!(steps.next().is_none());
}

#[test]
fn one_thread_gives_the_same_bytes_and_so_does_deterministic_with_two() {
    let place = place();
    let weights = |out: &str| fs::read(place.path(out).join("model.safetensors")).unwrap();
    let train = |out: &str, threads: &str| {
        let output = place.train(&["--config", "small.toml", "--threads", threads, "--out", out]);
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        stderr(&output)
    };
    train("a", "1");
    assert!(!train("b", "1").contains("Hogwild"));
    assert!(weights("a") == weights("b"));
    place.set("sample = 0", "sample = 0\ndeterministic = true");
    assert!(!train("c", "2").contains("Hogwild"));
    train("d", "2");
    assert!(weights("c") == weights("d"));
}

#[test]
fn glove_learns_from_the_same_text() {
    let place = place();
    let config = CONFIG.replace("word2vec\"\nname", "glove\"\nname");
    let config = config.replace(
        "[word2vec]\ndimension = 16\nsample = 0\n",
        "[glove]\ndimension = 16\n",
    );
    fs::write(place.path("configs/small.toml"), config).unwrap();
    let output = place.train(&["--config", "small.toml", "--threads", "1"]);
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(said.contains("learning small by GloVe: 16 numbers"), "{said}");
    assert!(stdout(&output).contains("\nmodels/small "));
    assert_eq!(place.names("models"), ["latest", "small"]);
}

#[test]
fn a_line_of_100_mb_is_cut_and_said() {
    let place = place();
    let word = |number: usize| format!("{}{number} ", "long".repeat(60));
    let words: Vec<String> = (0..50).map(word).collect();
    let part = words.concat();
    fs::write(place.path("text.txt"), part.repeat(100_000_000 / part.len() + 1)).unwrap();
    place.set("epochs = 30", "epochs = 1");
    place.remove_eval();
    let output = place.train(&["--config", "small.toml"]);
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(said.contains("longer than 1 MiB were cut"), "{said}");
    assert!(said.contains("not measured"), "{said}");
}

#[test]
fn invalid_utf8_is_replaced_and_counted_where_that_is_asked_for() {
    let place = place();
    let mut bytes = text(400).into_bytes();
    bytes.extend(b"the heart \xff rests\n");
    fs::write(place.path("text.txt"), bytes).unwrap();
    place.set("min_count = 2", "min_count = 2\ninvalid_utf8 = \"replace\"");
    let output = place.train(&["--config", "small.toml"]);
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(said.contains("not UTF-8"), "{said}");
}

#[test]
fn a_text_with_fewer_words_than_the_window_is_learned_from() {
    let place = place();
    fs::write(place.path("text.txt"), "gout hurts\n").unwrap();
    place.set("min_count = 2", "min_count = 1");
    place.remove_eval();
    let output = place.train(&["--config", "small.toml"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
}
