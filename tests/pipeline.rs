//! The flow of the README with the three real programs and a tiny random model: train, index,
//! search, measure, draw. How good the answers are is not judged here, only that the parts fit. Word vectors
//! are learned in a second, and so well that their answers must be about what was asked.
#![allow(clippy::unwrap_used, reason = "a test helper that fails fails its test")]

use encoder::testing::write_tiny_model;
use pipeline_tests::{Folder, root};
use serde_json::Value;
use std::sync::OnceLock;

/// A folder in which `models/latest` is trained and `corpus.index` is built with it; made once.
fn workbench() -> &'static Folder {
    static FOLDER: OnceLock<Folder> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let folder = Folder::new();
        write_tiny_config(&folder, "learning_rate = 2e-5\nmax_steps = 3\nbatch_size = 8");
        // Three steps may well make it worse.
        folder.succeed("train", &["--config", "tiny.toml", "--promote"]);
        folder.succeed("index", &["build", &corpus()]);
        folder
    })
}

/// A tiny random model `base`, and `tiny.toml` that trains it with those settings.
fn write_tiny_config(folder: &Folder, train: &str) {
    write_tiny_model(&folder.path().join("base"), 1).unwrap();
    let data = root().join("data/medical");
    let config = format!(
        "kind = \"contrastive\"\nname = \"tiny\"\nbase_model = \"base\"\ndevice = \"cpu\"\n\
         [data]\ntrain = \"{data}/train.jsonl\"\n[train]\n{train}\nseed = 7\n\
         [eval]\ncorpus = \"{data}/corpus.parquet\"\nqueries = \"{data}/dev/queries.jsonl\"\n\
         qrels = \"{data}/dev/qrels.tsv\"\n",
        data = data.display()
    );
    std::fs::write(folder.path().join("tiny.toml"), config).unwrap();
}

fn corpus() -> String {
    root().join("data/medical/corpus.parquet").display().to_string()
}

fn test_file(name: &str) -> String {
    root().join("data/medical/test").join(name).display().to_string()
}

fn json(lines: &str) -> Vec<Value> {
    lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}")))
        .collect()
}

/// Ids of the hits, best first.
fn hits(folder: &Folder, arguments: &[&str]) -> Vec<String> {
    let lines = json(&folder.succeed("search", arguments));
    let hits = lines.iter().filter(|line| line["type"] == "hit");
    hits.map(|hit| hit["id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn training_leaves_a_model_that_indexing_takes_by_itself() {
    let folder = workbench();
    for file in [
        "model.safetensors",
        "tokenizer.json",
        "modules.json",
        "config.json",
        "1_Pooling/config.json",
    ] {
        assert!(folder.path().join("models/latest").join(file).exists(), "{file}");
    }
    let info: Value = serde_json::from_str(&folder.succeed("index", &["info", "--json"])).unwrap();
    assert_eq!(info["documents"], 543, "{info}");
}

#[test]
fn a_model_that_is_not_better_is_kept_but_not_promoted() {
    let folder = Folder::new();
    // Steps so small that every weight stays what it is.
    write_tiny_config(&folder, "learning_rate = 1e-30\nmax_steps = 1\nbatch_size = 8");
    let ended = folder.run("train", &["--config", "tiny.toml"]);
    assert_eq!(ended.code, Some(0), "{ended:#?}");
    assert!(
        ended.err.contains("models/latest was left as it is"),
        "{}",
        ended.err
    );
    assert!(folder.path().join("models/tiny/modules.json").exists());
    assert!(!folder.path().join("models/latest").exists());
    folder.succeed("train", &["--config", "tiny.toml", "--force", "--promote"]);
    assert!(folder.path().join("models/latest/modules.json").exists());
}

#[test]
fn models_are_compared_on_judged_questions() {
    let folder = workbench();
    let test = root().join("data/medical/test").display().to_string();
    let compare = |more: &[&str]| {
        let arguments = [&["compare", "base", "models/latest", "--eval", &test], more].concat();
        folder.succeed("train", &arguments)
    };
    let report = compare(&[]);
    for part in [
        "216 questions, 543 passages",
        "nDCG@10",
        "95 % interval",
        "recall@10",
        "\nBM25 ",
        "\nbase ",
        "\nmodels/latest ",
    ] {
        assert!(report.contains(part), "{part:?} is not in\n{report}");
    }
    let lines = json(&compare(&["--json"]));
    assert_eq!(lines[0]["questions"], 216);
    let same = folder.succeed("train", &["compare", "base", "base", "--eval", &test]);
    assert!(same.contains("could be chance (p = 1.0000"), "{same}");
    let missing = folder.run("train", &["compare", "base", "nowhere", "--eval", &test]);
    assert_eq!(missing.code, Some(2), "{missing:#?}");
}

#[test]
fn train_counts_words_as_search_does() {
    let folder = workbench();
    let test = root().join("data/medical/test").display().to_string();
    let compared = json(&folder.succeed("train", &["compare", "base", "--eval", &test, "--json"]));
    let trained = compared.iter().find(|line| line["name"] == "BM25").unwrap();
    let (queries, qrels) = (test_file("queries.jsonl"), test_file("qrels.tsv"));
    let arguments = ["eval", "--queries", &queries, "--qrels", &qrels, "--json"];
    let measured = json(&folder.succeed("search", &arguments));
    let searched = measured.iter().find(|line| line["mode"] == "bm25").unwrap();
    for name in [
        "ndcg_at_10",
        "mrr_at_10",
        "recall_at_1",
        "recall_at_10",
        "recall_at_100",
        "queries",
    ] {
        let [trained, searched] =
            [&trained["metrics"][name], &searched[name]].map(|value| value.as_f64().unwrap());
        // The questions are added up in another order.
        assert!(
            (trained - searched).abs() < 1e-12,
            "{name}: {trained}, {searched}"
        );
    }
}

#[test]
fn a_question_is_answered_in_every_mode() {
    for mode in ["hybrid", "vector", "bm25"] {
        let found = hits(
            workbench(),
            &["symptoms of diabetes", "--mode", mode, "-k", "5", "--json"],
        );
        assert_eq!(found.len(), 5, "{mode}: {found:?}");
        if mode == "bm25" {
            assert!(found.iter().any(|id| id.contains("diabetes")), "{found:?}");
        }
    }
}

#[test]
fn no_hit_and_an_error_have_their_own_exit_codes() {
    let none = workbench().run("search", &["zzqqxxyy", "--mode", "bm25"]);
    assert_eq!(none.code, Some(1), "{none:#?}");
    let error = workbench().run("search", &["fever", "--index", "nowhere.index"]);
    assert_eq!(error.code, Some(2), "{error:#?}");
    assert!(
        error.err.starts_with("error: ") && error.err.contains("nowhere.index"),
        "{error:#?}"
    );
}

#[test]
fn the_two_backends_make_the_same_index() {
    let folder = workbench();
    std::fs::create_dir_all(folder.path().join("by")).unwrap();
    folder.succeed(
        "index",
        &[
            "build",
            &corpus(),
            "--backend",
            "candle",
            "--out",
            "by/candle.index",
        ],
    );
    for query in [
        "symptoms of diabetes",
        "medicine for high blood pressure",
        "what is the test for",
    ] {
        let ask = |index| {
            hits(
                folder,
                &[query, "--mode", "vector", "-k", "10", "--json", "--index", index],
            )
        };
        assert_eq!(ask("corpus.index"), ask("by/candle.index"), "{query}");
    }
}

#[test]
fn another_model_is_refused() {
    let folder = workbench();
    write_tiny_model(&folder.path().join("other"), 2).unwrap();
    let ended = folder.run(
        "search",
        &["fever", "--model", "other", "--index", "corpus.index"],
    );
    assert_eq!(ended.code, Some(2), "{ended:#?}");
    assert!(
        ended.err.starts_with("error: ") && ended.err.contains("weights"),
        "{ended:#?}"
    );
}

#[test]
fn search_is_measured_on_judged_questions() {
    let (queries, qrels) = (test_file("queries.jsonl"), test_file("qrels.tsv"));
    let arguments = ["eval", "--queries", &queries, "--qrels", &qrels, "--json"];
    let lines = json(&workbench().succeed("search", &arguments));
    let modes: Vec<_> = lines.iter().filter_map(|line| line["mode"].as_str()).collect();
    for mode in ["bm25", "vector", "hybrid"] {
        assert!(modes.contains(&mode), "{lines:?}");
    }
    let figure = |mode: &str, name: &str| {
        let line = lines.iter().find(|line| line["mode"] == mode).unwrap();
        assert_eq!(line["queries"], 216);
        let value = line[name].as_f64().unwrap();
        assert!((0.0..=1.0).contains(&value), "{line}");
        value
    };
    for name in ["ndcg_at_10", "mrr_at_10", "recall_at_10"] {
        let [bm25, vector, hybrid] = ["bm25", "vector", "hybrid"].map(|mode| figure(mode, name));
        // A random model finds little; words find something, and bring some of it into the fused ranking.
        assert!(
            bm25 > 0.1 && hybrid > vector,
            "{name}: {bm25}, {vector}, {hybrid}"
        );
    }
}

#[test]
fn the_index_is_drawn_as_a_map() {
    let arguments = [
        "tsne",
        "--out",
        "map.html",
        "--sample",
        "100",
        "--perplexity",
        "10",
        "--color-by",
        "kind",
    ];
    workbench().succeed("search", &arguments);
    let page = std::fs::read_to_string(workbench().path().join("map.html")).unwrap();
    assert!(
        page.contains("condition") && page.contains("procedure"),
        "no legend"
    );
    assert!(
        !page.contains("src=\"http") && !page.contains("href=\"http"),
        "an outside asset"
    );
}

/// A folder in which word vectors of the sample corpus are learned and `corpus.index` is built with them.
fn words() -> Folder {
    let folder = Folder::new();
    let config = format!(
        "kind = \"word2vec\"\nname = \"words\"\ndevice = \"cpu\"\n\
         [data]\ntext = \"{}\"\ncolumn = \"text\"\nmin_count = 2\n\
         [word2vec]\ndimension = 50\nwindow = 15\nnegatives = 10\nsample = 1e-4\nepochs = 20\n\
         learning_rate = 0.05\nseed = 7\n\
         [texts]\npooling = \"sif\"\n",
        corpus()
    );
    std::fs::write(folder.path().join("words.toml"), config).unwrap();
    folder.succeed("train", &["--config", "words.toml", "--threads", "1"]);
    folder.succeed("index", &["build", &corpus(), "--model", "models/words"]);
    folder
}

#[test]
fn word_vectors_learned_from_plain_text_find_passages_and_related_words() {
    let folder = words();
    for (query, topic) in [
        ("how is diabetes treated with insulin", "diabetes"),
        ("which inhaler helps against asthma", "inhaler"),
        ("clouding of the lens of the eye", "cataract"),
    ] {
        let found = hits(&folder, &[query, "--mode", "vector", "-k", "5", "--json"]);
        assert_eq!(found.len(), 5, "{query}: {found:?}");
        assert!(found.iter().any(|id| id.contains(topic)), "{query}: {found:?}");
    }
    let asked = ["words", "models/words", "diabetes", "-k", "20", "--json"];
    let lines = json(&folder.succeed("train", &asked));
    let near: Vec<_> = lines.iter().filter_map(|line| line["word"].as_str()).collect();
    assert_eq!(near.len(), 20, "{lines:?}");
    let related = ["gestational", "insipidus", "insulin", "obesity", "sugar", "type"];
    let found = related.iter().filter(|word| near.contains(word)).count();
    assert!(found >= 3, "{near:?}");
}
