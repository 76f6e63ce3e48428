//! What `--json` prints, read back with unknown fields denied: the shape is a promise to programs.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)] // tests fail by panicking
#![allow(
    dead_code,
    reason = "fields are there to be read in, and each test program uses its part of `support`"
)]

use serde::Deserialize;

mod support;

use support::Workplace;

#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase", deny_unknown_fields)]
enum Line {
    Hit {
        rank: usize,
        id: String,
        score: f64,
        vector: Option<Place>,
        bm25: Option<Place>,
        title: String,
        snippet: String,
        marks: Vec<Mark>,
        text: String,
        fields: serde_json::Map<String, serde_json::Value>,
    },
    Summary {
        query: String,
        mode: String,
        k: usize,
        hits: usize,
        documents: usize,
        index: String,
        query_truncated: bool,
        query_unknown: bool,
        filter: Option<String>,
        matching: Option<usize>,
        vector_search: Option<String>,
        encode_ms: f64,
        search_ms: f64,
    },
    Metrics {
        mode: String,
        ndcg_at_10: f64,
        mrr_at_10: f64,
        recall_at_1: f64,
        recall_at_10: f64,
        recall_at_100: f64,
        queries: usize,
    },
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Place {
    rank: usize,
    score: f64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Mark {
    start: usize,
    end: usize,
}

fn lines(stdout: &str) -> Vec<Line> {
    stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}")))
        .collect()
}

/// Scales of the two sides come from as many candidates, whatever is asked for.
#[test]
fn the_first_hits_are_the_same_however_many_are_asked_for() {
    let place = Workplace::with_index();
    let encoder = encoder::open_candle(&place.path("model")).unwrap();
    place.index("many.index", 300, &*encoder);
    for query in ["diabetes thirst number5", "the sign of pressure", "number299"] {
        let first = |k: &str| -> Vec<(String, f64)> {
            let ran = place.run(&[query, "--index", "many.index", "-k", k, "--json"], 0);
            let hits = lines(&ran.stdout).into_iter().filter_map(|line| match line {
                Line::Hit { id, score, .. } => Some((id, score)),
                _ => None,
            });
            hits.take(10).collect()
        };
        assert_eq!(first("10").len(), 10);
        assert_eq!(first("10"), first("1000"), "{query}");
    }
}

#[test]
fn a_search_is_hits_and_then_a_summary() {
    let place = Workplace::with_index();
    let ran = place.run(&["symptoms of diabetes", "-k", "4", "--json"], 0);
    let lines = lines(&ran.stdout);
    assert_eq!(lines.len(), 5);
    for (line, expected) in lines[..4].iter().zip(1..) {
        let Line::Hit {
            rank,
            vector,
            bm25,
            snippet,
            marks,
            text,
            ..
        } = line
        else {
            panic!("{line:?}")
        };
        assert_eq!(*rank, expected);
        assert!(vector.is_some() || bm25.is_some());
        assert!(text.contains(snippet.trim_end_matches('…')) || !snippet.is_empty());
        for mark in marks {
            assert!(!snippet[mark.start..mark.end].contains(' '));
        }
    }
    let Line::Summary {
        query,
        mode,
        k,
        hits,
        documents,
        index,
        query_truncated,
        query_unknown,
        ..
    } = &lines[4]
    else {
        panic!("{lines:?}")
    };
    assert_eq!(
        (query.as_str(), mode.as_str(), index.as_str()),
        ("symptoms of diabetes", "hybrid", "corpus.index")
    );
    assert_eq!(
        (*k, *hits, *documents, *query_truncated, *query_unknown),
        (4, 4, 40, false, false)
    );
}

#[cfg(unix)]
#[test]
fn an_index_whose_path_is_no_unicode_is_named_as_well_as_can_be() {
    use std::os::unix::ffi::OsStrExt;
    let place = Workplace::with_index();
    let odd = std::ffi::OsStr::from_bytes(b"x\xff.index");
    std::fs::rename(place.path("corpus.index"), place.path(".").join(odd)).unwrap();
    let mut command = place.command(&["thirst", "--json"]);
    let output = command.arg("--index").arg(odd).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let lines = lines(&String::from_utf8(output.stdout).unwrap());
    let Some(Line::Summary { index, .. }) = lines.last() else {
        panic!("{lines:?}")
    };
    assert_eq!(index, "x\u{fffd}.index");
}

#[test]
fn modes_of_one_half_leave_the_other_null() {
    let place = Workplace::with_index();
    for (mode, vectors) in [("vector", true), ("bm25", false)] {
        for line in lines(&place.run(&["thirst", "--mode", mode, "--json"], 0).stdout) {
            if let Line::Hit {
                score, vector, bm25, ..
            } = line
            {
                assert_eq!((vector.is_some(), bm25.is_some()), (vectors, !vectors));
                assert_eq!(vector.or(bm25).unwrap().score, score);
            }
        }
    }
}

#[test]
fn other_columns_of_the_corpus_come_as_fields() {
    let place = Workplace::with_index();
    let lines = lines(&place.run(&["--mode", "bm25", "number0", "--json"], 0).stdout);
    let Line::Hit {
        id, title, fields, ..
    } = &lines[0]
    else {
        panic!("{lines:?}")
    };
    assert_eq!((id.as_str(), title.as_str()), ("d0", "About diabetes </script>"));
    assert_eq!(fields["topic"], "diabetes");
}

#[test]
fn a_filter_is_in_the_summary_with_what_it_did() {
    let place = Workplace::with_index();
    for (mode, strategy) in [
        ("hybrid", Some("exact")),
        ("vector", Some("exact")),
        ("bm25", None),
    ] {
        let arguments = [
            "thirst",
            "--mode",
            mode,
            "--where",
            "topic = diabetes",
            "--where",
            "year < 2000",
        ];
        let lines = lines(&place.run(&[&arguments[..], &["--json"]].concat(), 0).stdout);
        let Some(Line::Summary {
            filter,
            matching,
            vector_search,
            ..
        }) = lines.last()
        else {
            panic!("{lines:?}")
        };
        assert_eq!(filter.as_deref(), Some("(topic = diabetes) and (year < 2000)"));
        assert_eq!((*matching, vector_search.as_deref()), (Some(4), strategy));
    }
    let lines = lines(&place.run(&["thirst", "--json"], 0).stdout);
    let Some(Line::Summary {
        filter: None,
        matching: None,
        vector_search: None,
        ..
    }) = lines.last()
    else {
        panic!("{lines:?}")
    };
}

#[test]
fn no_hits_is_a_summary_alone() {
    let place = Workplace::with_index();
    let lines = lines(&place.run(&["--mode", "bm25", "zyzzyva", "--json"], 1).stdout);
    assert!(
        matches!(lines.as_slice(), [Line::Summary { hits: 0, .. }]),
        "{lines:?}"
    );
}

#[test]
fn an_evaluation_is_metrics_for_each_mode() {
    let place = Workplace::with_index();
    std::fs::write(place.path("q.jsonl"), "{\"_id\": \"q\", \"text\": \"number7\"}\n").unwrap();
    std::fs::write(place.path("r.tsv"), "query-id\tcorpus-id\tscore\nq\td7\t1\n").unwrap();
    let ran = place.run(&["eval", "--queries", "q.jsonl", "--qrels", "r.tsv", "--json"], 0);
    let lines = lines(&ran.stdout);
    let modes: Vec<&str> = lines
        .iter()
        .map(|line| match line {
            Line::Metrics { mode, queries: 1, .. } => mode.as_str(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(modes, ["bm25", "vector", "hybrid"]);
    assert!(matches!(
        lines[0],
        Line::Metrics {
            ndcg_at_10: 1.0,
            mrr_at_10: 1.0,
            recall_at_1: 1.0,
            ..
        }
    ));
}
