//! Words that belong together become one.

use super::*;

#[test]
fn phrases_are_joined_where_the_score_is_above_the_threshold() {
    let folder = Folder::new();
    // "new york" 4 times, "new" 5, "york" 4, 34 words: (4 - 2) / (5 * 4) * 34 = 3.4.
    let filler = "x y z x z y x x z z y y\n";
    let text = format!("{filler}in new york\nnew york is\nold new york new york\nnew {filler}x a\n");
    let file = folder.write("a.txt", text);
    let settings = |threshold| CorpusSettings {
        phrases: Some(PhraseSettings {
            passes: 1,
            threshold,
            min_count: 2,
        }),
        ..all_words()
    };
    let at = |threshold| {
        folder
            .prepare(std::slice::from_ref(&file), &settings(threshold))
            .unwrap()
    };
    let words = at(3.0).report.words;
    let score = 2.0 / 20.0 * words as f64;
    let below = at(score - 1e-9);
    assert_eq!(below.report.phrases, 1);
    assert_eq!(below.phrases[0].joined, "new_york");
    assert_eq!(below.phrases[0].words, "new york");
    assert_eq!(below.report.kept, words - 4);
    let row = below.vocabulary.row("new_york").unwrap();
    assert_eq!(below.vocabulary.counts()[row as usize], 4);
    assert_eq!(below.vocabulary.row("york"), None, "it is in the phrase alone");
    assert_eq!(
        sentences(&below)[1..4],
        ["in new_york", "new_york is", "old new_york new_york"]
    );
    assert!(
        at(score).phrases.is_empty(),
        "the score must be above the threshold"
    );
}

#[test]
fn a_second_pass_joins_phrases_and_rare_phrases_are_taken_apart() {
    let folder = Folder::new();
    let mut lines = vec!["p q r s t u v w"; 20];
    lines.extend(["new york city hall"; 6]);
    lines.extend(["new york"; 3]);
    let file = folder.write("a.txt", lines.join("\n"));
    let settings = |passes, min_count| CorpusSettings {
        min_count,
        phrases: Some(PhraseSettings {
            passes,
            threshold: 10.0,
            min_count: 2,
        }),
        ..all_words()
    };
    let joined = |passes, min_count| {
        let prepared = folder
            .prepare(std::slice::from_ref(&file), &settings(passes, min_count))
            .unwrap();
        let joined: Vec<String> = prepared.phrases.into_iter().map(|phrase| phrase.joined).collect();
        (joined, prepared.vocabulary)
    };
    assert_eq!(joined(1, 1).0, ["new_york", "city_hall"]);
    let (phrases, _) = joined(2, 1);
    assert_eq!(phrases, ["new_york_city_hall", "new_york"]);
    // Seen by themselves only 3 times, "new york" are two words again, as is the one that has them twice.
    let (phrases, vocabulary) = joined(2, 6);
    assert_eq!(phrases, ["new_york_city_hall"]);
    assert_eq!(vocabulary.row("new"), None, "3 times left");
    let (phrases, vocabulary) = joined(2, 7);
    assert_eq!(phrases, ["new_york"]);
    assert_eq!(
        vocabulary.counts()[vocabulary.row("new_york").unwrap() as usize],
        9
    );
}

#[test]
fn a_phrase_never_takes_the_name_of_a_word() {
    let folder = Folder::new();
    let mut lines = vec!["p q r s t u v w"; 20];
    lines.extend(["new york"; 6]);
    lines.push("new_york x");
    let file = folder.write("a.txt", lines.join("\n"));
    let settings = CorpusSettings {
        tokenizer: Tokenization::Whitespace,
        phrases: Some(PhraseSettings {
            threshold: 10.0,
            ..PhraseSettings::default()
        }),
        ..all_words()
    };
    let prepared = folder.prepare(&[file], &settings).unwrap();
    assert!(prepared.phrases.is_empty());
}

#[test]
fn phrase_settings_out_of_range_are_refused() {
    let folder = Folder::new();
    let file = folder.write("a.txt", "a b");
    for (passes, threshold, expected) in [
        (0, 1.0, "passes is 0"),
        (9, 1.0, "passes is 9"),
        (1, f64::NAN, "threshold is NaN"),
    ] {
        let settings = CorpusSettings {
            phrases: Some(PhraseSettings {
                passes,
                threshold,
                min_count: 5,
            }),
            ..all_words()
        };
        let error = folder.refused(std::slice::from_ref(&file), &settings);
        assert!(error.contains(expected), "{error}");
    }
}
