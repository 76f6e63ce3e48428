//! One parse test per flag, and for what is easily broken: queries that look like subcommands.

use clap::CommandFactory;

use super::*;

fn parse(arguments: &[&str]) -> Cli {
    Cli::try_parse_from([&["search"], arguments].concat()).unwrap()
}

fn refusal(arguments: &[&str]) -> String {
    Cli::try_parse_from([&["search"], arguments].concat())
        .unwrap_err()
        .to_string()
}

#[test]
fn definitions_are_sound() {
    Cli::command().debug_assert();
}

#[test]
fn a_bare_query_is_a_query() {
    let cli = parse(&["symptoms of diabetes"]);
    assert!(cli.command.is_none());
    assert_eq!(cli.search.text(), "symptoms of diabetes");
    assert_eq!(cli.search.mode, Mode::Hybrid);
    assert_eq!(cli.search.k, 10);
    assert_eq!(cli.search.reading.ef, None);
}

#[test]
fn unquoted_words_are_joined_even_with_a_subcommand_among_them() {
    assert_eq!(
        parse(&["what", "does", "eval", "mean"]).search.text(),
        "what does eval mean"
    );
    assert_eq!(parse(&["-k", "3", "eval"]).search.text(), "eval");
    assert_eq!(parse(&["help"]).search.text(), "help");
}

#[test]
fn a_query_named_like_a_subcommand_goes_after_dashes_or_into_query() {
    assert_eq!(parse(&["--", "eval"]).search.text(), "eval");
    assert_eq!(parse(&["--query", "tsne"]).search.text(), "tsne");
    assert_eq!(parse(&["--query", "-5 degrees"]).search.text(), "-5 degrees");
}

#[test]
fn search_flags() {
    let cli = parse(&[
        "--mode", "bm25", "-k", "3", "--index", "a.index", "--model", "m", "--ef", "64", "--json", "--where",
        "a = 1", "--where", "b = 2", "q",
    ]);
    assert_eq!(cli.search.filter.conditions, ["a = 1", "b = 2"]);
    assert_eq!(cli.search.mode, Mode::Bm25);
    assert_eq!(cli.search.k, 3);
    assert_eq!(cli.search.index.index, Some("a.index".into()));
    assert_eq!(cli.search.reading.model, Some("m".into()));
    assert_eq!(cli.search.reading.ef, Some(64));
    assert!(cli.search.reading.json);
    assert_eq!(parse(&["--mode", "vector", "q"]).search.mode, Mode::Vector);
}

#[test]
fn numbers_out_of_range_are_refused() {
    assert!(refusal(&["-k", "0", "q"]).contains("not in 1..=10000"));
    assert!(refusal(&["-k", "10001", "q"]).contains("not in 1..=10000"));
    assert!(refusal(&["--ef", "0", "q"]).contains("not in 1..=100000"));
    for perplexity in ["1.9", "1001", "NaN", "inf", "many"] {
        let text = refusal(&["tsne", "--out", "m.csv", "--perplexity", perplexity]);
        assert!(text.contains("from 2 to 1000"), "{text}");
    }
    assert!(refusal(&["tsne", "--out", "m.csv", "--dims", "4"]).contains("possible values: 2, 3"));
    assert!(refusal(&["tsne", "--out", "m.csv", "--sample", "6"]).contains("not in 7..=1000000"));
}

#[test]
fn query_and_words_exclude_each_other() {
    assert!(refusal(&["--query", "a", "b"]).contains("cannot be used with"));
}

#[test]
fn eval_flags() {
    let cli = parse(&[
        "eval",
        "--queries",
        "q",
        "--qrels",
        "r",
        "--index",
        "i",
        "--model",
        "m",
        "--ef",
        "9",
        "--json",
        "--where",
        "a = 1",
    ]);
    let Some(Command::Eval(eval)) = cli.command else {
        panic!("not eval: {cli:?}")
    };
    assert_eq!((eval.queries, eval.qrels), ("q".into(), "r".into()));
    assert_eq!(eval.index.index, Some("i".into()));
    assert_eq!(eval.reading.model, Some("m".into()));
    assert_eq!(eval.reading.ef, Some(9));
    assert_eq!(eval.filter.conditions, ["a = 1"]);
    assert!(eval.reading.json);
}

#[test]
fn tsne_flags() {
    let cli = parse(&[
        "tsne",
        "--out",
        "m.html",
        "--perplexity",
        "5.5",
        "--seed",
        "7",
        "--dims",
        "3",
        "--color-by",
        "topic",
        "--sample",
        "99",
        "--force",
        "--index",
        "i",
        "--where",
        "a = 1",
    ]);
    let Some(Command::Tsne(tsne)) = cli.command else {
        panic!("not tsne: {cli:?}")
    };
    assert_eq!(tsne.out, PathBuf::from("m.html"));
    assert_eq!(tsne.perplexity, Some(5.5));
    assert_eq!(tsne.seed, 7);
    assert_eq!(tsne.dims, Dims::Three);
    assert_eq!(tsne.color_by.as_deref(), Some("topic"));
    assert_eq!(tsne.sample, 99);
    assert!(tsne.force);
    assert_eq!(tsne.index.index, Some("i".into()));
    assert_eq!(tsne.filter.conditions, ["a = 1"]);
}

#[test]
fn tsne_defaults() {
    let Some(Command::Tsne(tsne)) = parse(&["tsne", "--out", "m.svg"]).command else {
        panic!("not tsne")
    };
    assert_eq!(
        (tsne.perplexity, tsne.seed, tsne.dims, tsne.sample),
        (None, 42, Dims::Two, 20_000)
    );
    assert!(tsne.color_by.is_none() && !tsne.force);
}

#[test]
fn every_help_has_examples_and_exit_codes() {
    for arguments in [vec!["--help"], vec!["eval", "--help"], vec!["tsne", "--help"]] {
        let text = refusal(&arguments);
        assert!(
            text.contains("Examples:") && text.contains("Exit codes:"),
            "{arguments:?}: {text}"
        );
    }
}
