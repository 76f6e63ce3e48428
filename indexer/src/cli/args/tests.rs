//! What command lines come to.

use super::*;
use clap::CommandFactory;

fn build(line: &str) -> Result<BuildArguments, clap::Error> {
    let words = ["index", "build"].into_iter().chain(line.split_whitespace());
    match Arguments::try_parse_from(words)?.command {
        Command::Build(arguments) => Ok(arguments),
        _ => panic!("another command"),
    }
}

#[test]
fn the_definitions_are_sound() {
    Arguments::command().debug_assert();
}

#[test]
fn defaults_are_those_of_the_help() {
    let arguments = build("a.csv").unwrap();
    assert_eq!((arguments.graph.m, arguments.graph.ef_construction), (16, 200));
    assert_eq!(
        (arguments.encoding.backend, arguments.encoding.device),
        (Backend::Torch, DeviceChoice::Auto)
    );
    assert_eq!(
        (arguments.graph.codes, arguments.graph.builder),
        (Codes::Int8, Builder::Batches)
    );
    assert!(arguments.recall.is_none());
    assert!(!arguments.force && !arguments.json && arguments.encoding.threads.is_none());
    assert!(arguments.truncate_dim.is_none());
    assert_eq!(arguments.encoding.precision, Precision::Float32);
}

#[test]
fn every_flag_is_heard() {
    let line = "a.csv b.csv -o x.index --model m --device cuda:1 --backend candle --id i --title t \
        --text x --truncate-dim 96 --precision bf16 --m 8 --ef-construction 50 --force --threads 2 --memory 4G --json \
        --codes float16 --builder hnsw_rs --recall 0.99";
    let arguments = build(line).unwrap();
    assert_eq!(
        (arguments.graph.codes, arguments.graph.builder),
        (Codes::Float16, Builder::HnswRs)
    );
    assert_eq!(arguments.recall, Some(0.99));
    assert_eq!(arguments.inputs, ["a.csv", "b.csv"]);
    assert_eq!(arguments.out, Some("x.index".into()));
    assert_eq!(arguments.model, Some("m".into()));
    assert_eq!(arguments.encoding.device, DeviceChoice::Cuda(1));
    assert_eq!(arguments.encoding.backend, Backend::Candle);
    let ColumnArguments { id, title, text } = arguments.columns;
    let columns = [id, title, text].map(Option::unwrap);
    assert_eq!(columns, ["i", "t", "x"]);
    assert_eq!(
        (
            arguments.graph.m,
            arguments.graph.ef_construction,
            arguments.encoding.threads
        ),
        (8, 50, Some(2))
    );
    assert!(arguments.force && arguments.json);
    assert_eq!(
        (arguments.truncate_dim, arguments.graph.memory),
        (Some(96), Some(4 << 30))
    );
    assert_eq!(arguments.encoding.precision, Precision::Bf16);
}

#[test]
fn commands_that_change_an_index_hear_their_flags() {
    let parse = |line: &str| Arguments::try_parse_from(line.split_whitespace()).map(|parsed| parsed.command);
    let line =
        "index update x.index a.csv b.csv --model m --backend candle --text t --threads 2 --memory 1G --json";
    let Ok(Command::Update(arguments)) = parse(line) else {
        panic!("{line}");
    };
    assert_eq!((arguments.index, arguments.inputs.len()), ("x.index".into(), 2));
    assert_eq!(arguments.columns.text.as_deref(), Some("t"));
    assert_eq!((arguments.model, arguments.json), (Some("m".into()), true));
    assert_eq!(
        (arguments.encoding.threads, arguments.memory),
        (Some(2), Some(1 << 30))
    );
    let line = "index delete x.index a b --ids gone.txt --ignore-missing --json";
    let Ok(Command::Delete(arguments)) = parse(line) else {
        panic!("{line}");
    };
    assert_eq!((arguments.id.len(), arguments.ids), (2, Some("gone.txt".into())));
    assert!(arguments.ignore_missing && arguments.json);
    let Ok(Command::Compact(arguments)) = parse("index compact x.index --memory 2G --threads 2 --json")
    else {
        panic!("compact");
    };
    assert_eq!((arguments.threads, arguments.json), (Some(2), true));
    assert_eq!(arguments.memory, Some(2 << 30));
    let line = "index tune x.index --recall 0.9 -k 5 --queries q.jsonl --model m --threads 1 --json";
    let Ok(Command::Tune(arguments)) = parse(line) else {
        panic!("{line}");
    };
    assert_eq!((arguments.recall, arguments.k, arguments.json), (0.9, 5, true));
    assert_eq!(
        (arguments.queries, arguments.model),
        (Some("q.jsonl".into()), Some("m".into()))
    );
    for line in [
        "tune x.index",
        "tune x.index --recall 0",
        "tune x.index --recall 1.1",
        "tune x.index --recall 1 -k 0",
    ] {
        let line = format!("index {line}");
        assert_eq!(parse(&line).unwrap_err().exit_code(), 2, "{line}");
    }
    for line in [
        "index add x.index",
        "index delete x.index",
        "index compact",
        "index add x.index a.csv --m 4",
    ] {
        assert_eq!(parse(line).unwrap_err().exit_code(), 2, "{line}");
    }
}

#[test]
fn wrong_lines_are_usage_errors() {
    for line in [
        "",
        "a.csv --device gpu",
        "a.csv --backend onnx",
        "a.csv --threads 0",
        "a.csv --precision half",
        "a.csv --truncate-dim -1",
        "a.csv --M 16",
        "a.csv --memory 4X",
        "a.csv --memory G",
        "a.csv --memory 99999999999T",
        "a.csv --codes int4",
        "a.csv --builder faiss",
        "a.csv --recall 2",
    ] {
        assert_eq!(build(line).unwrap_err().exit_code(), 2, "{line}");
    }
}
