//! How a hit and a table look, with and without a terminal.

use super::*;

fn sample() -> Hit {
    let snippet = "Increased thirst is a symptom of diabetes.";
    Hit {
        rank: 1,
        id: "d7".into(),
        score: 0.032_522,
        vector: Some(Place {
            rank: 2,
            score: 0.7419,
        }),
        bm25: None,
        title: "Type 2 diabetes".into(),
        snippet: snippet.into(),
        marks: vec![22..29, 33..41],
        text: snippet.into(),
        fields: serde_json::Map::new(),
    }
}

fn shown(hit: &Hit, mode: Mode, style: Style) -> String {
    let mut out = Vec::new();
    super::hit(&mut out, hit, mode, &style).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn plain_text_marks_words_with_stars_on_one_line() {
    let hit = sample();
    assert_eq!(
        shown(&hit, Mode::Hybrid, Style::PLAIN),
        " 1  Type 2 diabetes\n    score 0.0325 · vector #2 0.742 · bm25 – · id d7\n    \
         Increased thirst is a **symptom** of **diabetes**.\n\n"
    );
}

#[test]
fn one_half_alone_has_one_score() {
    assert!(shown(&sample(), Mode::Vector, Style::PLAIN).contains("\n    score 0.0325 · id d7\n"));
}

#[test]
fn a_terminal_gets_bold_and_no_line_wider_than_itself() {
    let hit = sample();
    let text = shown(
        &hit,
        Mode::Vector,
        Style {
            ansi: true,
            width: Some(24),
        },
    );
    assert!(text.contains("\x1b[1msymptom\x1b[0m"), "{text:?}");
    assert!(!text.contains("**"));
    for line in text
        .replace("\x1b[1m", "")
        .replace("\x1b[2m", "")
        .replace("\x1b[0m", "")
        .lines()
        .skip(2)
    {
        assert!(line.chars().count() <= 24, "{line:?}");
    }
}

#[test]
fn a_hit_without_title_is_called_by_its_id() {
    let hit = Hit {
        title: String::new(),
        ..sample()
    };
    assert!(shown(&hit, Mode::Hybrid, Style::PLAIN).starts_with(" 1  d7\n"));
}

#[test]
fn control_characters_of_a_corpus_do_not_reach_the_terminal() {
    let hit = Hit {
        title: "a\x1b[2Jb\r\nc".into(),
        id: "x\x07".into(),
        ..sample()
    };
    let text = shown(&hit, Mode::Hybrid, Style::PLAIN);
    assert!(text.chars().all(|c| c == '\n' || !c.is_control()), "{text:?}");
}

#[test]
fn marks_that_split_a_character_are_passed_over() {
    assert_eq!(
        pieces("für", &[1..2, 3..4]),
        [("fü", false), ("r", true), ("", false)]
    );
}

#[test]
fn the_table_has_a_line_for_each_mode() {
    let metrics = |figure| Metrics {
        ndcg_at_10: figure,
        mrr_at_10: 0.5,
        recall_at_1: 0.25,
        recall_at_10: 0.75,
        recall_at_100: 1.0,
        queries: 1200,
    };
    let mut out = Vec::new();
    super::metrics(
        &mut out,
        &[(Mode::Bm25, metrics(0.5)), (Mode::Hybrid, metrics(0.625))],
        15_809,
    )
    .unwrap();
    assert_eq!(
        String::from_utf8(out).unwrap(),
        "1,200 queries, 15,809 documents\n\n\
         mode      nDCG@10    MRR@10  recall@1 recall@10 recall@100\n\
         bm25       0.5000    0.5000    0.2500    0.7500     1.0000\n\
         hybrid     0.6250    0.5000    0.2500    0.7500     1.0000\n"
    );
}
