//! The trained model beside BM25, its base and other models: at the end of a training, and by `train compare`.

use std::fs;

use encoder::ranking::Metrics;
use encoder::testing::{write_tiny_model, write_tiny_static_model};
use trainer::run_log::Event;
use trainer_shell::compare::event::Line;

use super::{events, refused};
use crate::workplace::{Workplace, stderr, stdout};

/// A workplace with a static model `models/words` and another text encoder `other`, both named in the configuration.
fn place() -> Workplace {
    let place = Workplace::new();
    write_tiny_static_model(&place.path("models/words"), 3).unwrap();
    write_tiny_model(&place.path("other"), 8).unwrap();
    place.set("every_steps = 20", "compare_with = [\"words\", \"other\"]");
    place
}

fn lines(text: &str) -> Vec<Line> {
    let compared = events(text).into_iter().filter_map(|event| match event {
        Event::Compared(line) => Some(line),
        _ => None,
    });
    compared.collect()
}

/// Names and figures of all systems, and how many metrics each is compared by.
fn systems(lines: &[Line]) -> Vec<(String, Metrics, usize)> {
    let compared = |system: &str| {
        let metrics = lines.iter().filter(|line| match line {
            Line::Metric { system: other, .. } => other == system,
            _ => false,
        });
        metrics.count()
    };
    let systems = lines.iter().filter_map(|line| match line {
        Line::System { name, metrics } => Some((name.clone(), *metrics, compared(name))),
        _ => None,
    });
    systems.collect()
}

#[test]
fn a_training_ends_with_a_table_of_bm25_the_named_models_the_base_and_the_new_one() {
    let place = place();
    let output = place.train(&["--config", "small.toml", "--threads", "1"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let out = stdout(&output);
    let place_of = |part: &str| {
        out.find(part)
            .unwrap_or_else(|| panic!("{part:?} is not in {out}"))
    };
    let rows = [
        "\nBM25 ",
        "\nmodels/words ",
        "\nother ",
        "\nbase model ",
        "\nmodels/small ",
    ];
    assert!(rows.map(place_of).is_sorted(), "{out}");
    for part in [
        "80 questions, 80 passages\n",
        "95 % interval",
        "models/small is better than base model (nDCG@10, p = 0.0",
        "models/small is better than base model most on",
        "          base model: ",
    ] {
        place_of(part);
    }
    let card = fs::read_to_string(place.path("models/small/README.md")).unwrap();
    for part in [
        "| BM25 | 0.",
        "| models/words | 0.",
        "| **this model** | 0.",
        "this model's lead",
        "| base model | this model |",
    ] {
        assert!(card.contains(part), "{part:?} is not in {card}");
    }

    let logged = lines(&fs::read_to_string(place.path("models/small/run_log.jsonl")).unwrap());
    let names: Vec<_> = systems(&logged)
        .into_iter()
        .map(|(name, _, leads)| (name, leads))
        .collect();
    let expected = [
        ("BM25", 5),
        ("models/words", 5),
        ("other", 5),
        ("base model", 5),
        ("models/small", 0),
    ];
    assert_eq!(names, expected.map(|(name, leads)| (name.to_owned(), leads)));

    let arguments = [
        "compare", "base", "words", "small", "--eval", ".", "--device", "cpu", "--json",
    ];
    let compared = place.train(&arguments);
    assert_eq!(compared.status.code(), Some(0), "{}", stderr(&compared));
    let compared = systems(&lines(&stdout(&compared)));
    let figures = |systems: &[(String, Metrics, usize)], name: &str| {
        let system = systems.iter().find(|system| system.0 == name);
        system.unwrap_or_else(|| panic!("no {name}")).1
    };
    let logged = systems(&logged);
    assert_eq!(figures(&compared, "BM25"), figures(&logged, "BM25"));
    assert_eq!(
        figures(&compared, "models/words"),
        figures(&logged, "models/words")
    );
    assert_eq!(figures(&compared, "base"), figures(&logged, "base model"));
}

#[test]
fn the_base_model_is_measured_as_it_is_whatever_it_is_trained_with() {
    let place = Workplace::new();
    place.set("epochs = 4", "max_steps = 3");
    place.set("max_length = 32", "max_length = 4");
    place.append("[prompts]\nquery = \"q \"\ndocument = \"\"\n");
    let output = place.train(&["--config", "small.toml"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let logged = lines(&fs::read_to_string(place.path("models/small/run_log.jsonl")).unwrap());
    let arguments = [
        "compare", "base", "small", "--eval", ".", "--device", "cpu", "--json",
    ];
    let compared = lines(&stdout(&place.train(&arguments)));
    let base = |lines: &[Line], name: &str| {
        let all = systems(lines);
        all.into_iter().find(|system| system.0 == name).unwrap().1
    };
    assert_eq!(base(&logged, "base model"), base(&compared, "base"));
}

#[test]
fn where_no_static_model_is_named_word_vectors_are_learned_and_are_the_same_each_time() {
    let place = Workplace::new();
    place.set("epochs = 4", "max_steps = 3");
    let words = |out: &str, threads: &str| {
        let output = place.train(&["--config", "small.toml", "--threads", threads, "--out", out]);
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        let log = fs::read_to_string(place.path(out).join("run_log.jsonl")).unwrap();
        let all = systems(&lines(&log));
        let names: Vec<&str> = all.iter().map(|system| &*system.0).collect();
        assert_eq!(names, ["BM25", "word vectors", "base model", out]);
        all[1].1
    };
    let first = words("one", "1");
    assert!(first.ndcg_at_10 > 0.2, "{first:?}");
    assert_eq!(words("two", "2"), first);
}

#[test]
fn json_on_stdout_has_the_comparison_before_the_end() {
    let place = place();
    place.set("epochs = 4", "max_steps = 3");
    let output = place.train(&["--config", "small.toml", "--json"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let events = events(&stdout(&output));
    assert!(matches!(events.last(), Some(Event::Done { .. })));
    let first = events
        .iter()
        .position(|event| matches!(event, Event::Compared(_)))
        .unwrap();
    let Event::Compared(Line::Comparison { a, b, questions, .. }) = &events[first] else {
        panic!("{:?}", events[first]);
    };
    assert_eq!(
        (a.as_str(), b.as_str(), *questions),
        ("base model", "models/small", 80)
    );
    assert!(
        events[first..events.len() - 1]
            .iter()
            .all(|event| matches!(event, Event::Compared(_)))
    );
}

#[test]
fn models_to_compare_with_that_are_missing_or_damaged_are_refused_before_the_first_step() {
    let place = place();
    place.set("\"other\"", "\"elsewhere\"");
    refused(
        &place,
        &["--config", "small.toml"],
        &["eval.compare_with: the model elsewhere: nothing found"],
    );
    refused(
        &place,
        &["check", "--config", "small.toml"],
        &["eval.compare_with: the model elsewhere: nothing found"],
    );
    place.set("\"elsewhere\"", "\"other\"");
    let weights = place.path("models/words/model.safetensors");
    let whole = fs::read(&weights).unwrap();
    fs::write(&weights, &whole[..whole.len() / 2]).unwrap();
    refused(
        &place,
        &["--config", "small.toml"],
        &["eval.compare_with: models/words/", "model.safetensors"],
    );
    refused(
        &place,
        &["compare", "base", "words", "--eval", "."],
        &["models/words/", "model.safetensors"],
    );
}

#[test]
fn one_model_is_compared_with_bm25_and_several_with_the_first() {
    let place = place();
    let compare = |models: &[&str]| {
        let arguments = [&["compare"], models, &["--eval", ".", "--device", "cpu"]].concat();
        let output = place.train(&arguments);
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        stdout(&output)
    };
    let alone = compare(&["words"]);
    assert!(alone.contains("models/words is ahead in nDCG@10"), "{alone}");
    assert!(alone.contains("\n          BM25: "), "{alone}");
    let three = compare(&["base", "words", "other"]);
    assert!(three.contains("          base: "), "{three}");
    assert!(
        three.contains("lead: how far other is ahead in nDCG@10"),
        "{three}"
    );
}
