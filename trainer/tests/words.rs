//! `train words` as a user meets it: exit codes, streams, messages.
#![allow(
    clippy::unwrap_used,
    reason = "a fixture that cannot be made is a failed test"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use trainer::words::json::Line;

const FIXTURES: &str = "words/tests/fixtures/similar";

fn fixture(name: &str) -> String {
    let path: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join(FIXTURES).join(name);
    path.to_str().unwrap().to_owned()
}

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_train"));
    command.arg("words").args(arguments);
    command
}

fn train_words(arguments: &[&str]) -> Output {
    command(arguments).output().unwrap()
}

/// Asks the fixture's vectors; stdout and stderr.
fn asked(arguments: &[&str]) -> (String, String) {
    let output = train_words(&[&[fixture("words.txt").as_str()], arguments].concat());
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{stderr}");
    (String::from_utf8(output.stdout).unwrap(), stderr)
}

/// Asks in vain: exit code 2, nothing on stdout, one line on stderr with all of `parts`.
fn refused(arguments: &[&str], parts: &[&str]) {
    let output = train_words(arguments);
    let message = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{message}");
    assert!(output.stdout.is_empty(), "{arguments:?}");
    assert_eq!(message.lines().count(), 1, "{message}");
    for part in parts {
        assert!(message.contains(part), "{part:?} is not in {message}");
    }
}

fn lines(arguments: &[&str]) -> Vec<Line> {
    let (stdout, _) = asked(&[arguments, &["--json"]].concat());
    stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[test]
fn nearest_words_are_a_table_on_stdout_and_substitutes_are_told_on_stderr() {
    let (stdout, stderr) = asked(&["Paris", "oslo", "-k", "2"]);
    assert_eq!(
        stdout,
        "Paris\n   1  french   0.7603\n   2  france   0.6077\noslo\n   1  athens   0.6786\n   2  lisbon   0.5380\n"
    );
    assert_eq!(stderr, "\"Paris\" is taken as \"paris\"\n");
}

#[test]
fn an_analogy_is_the_same_with_and_without_quotes() {
    let (bare, stderr) = asked(&["--analogy", "france", "-", "paris", "+", "oslo", "-k", "3"]);
    let (quoted, _) = asked(&["-k", "3", "--analogy", "france - paris + oslo"]);
    assert_eq!(bare, quoted);
    assert_eq!(
        bare,
        "france - paris + oslo\n   1  lisbon   0.6156\n   2  rome     0.5122\n   3  norway   0.4752\n"
    );
    assert_eq!(stderr, "");
}

#[test]
fn every_json_line_reads_back_with_its_type() {
    let read = lines(&["PARIS", "-k", "1"]);
    let [
        Line::Query { query, words },
        Line::Neighbor {
            rank: 1,
            word,
            cosine,
            ..
        },
    ] = &read[..]
    else {
        panic!("{read:?}")
    };
    assert_eq!(
        (query.as_str(), words[0].sign, words[0].word.as_deref()),
        ("PARIS", '+', Some("paris"))
    );
    assert_eq!(word, "french");
    assert!((cosine - 0.760_323_4).abs() < 1e-6);

    let (pairs, analogies) = (fixture("pairs.tsv"), fixture("analogies.txt"));
    let read = lines(&["--pairs", &pairs, "--analogies", &analogies]);
    let [
        Line::Pairs {
            pairs: 49,
            used: 47,
            spearman,
            not_found,
            ..
        },
        Line::Section { .. },
        Line::Section { name, .. },
        total,
    ] = &read[..]
    else {
        panic!("{read:?}")
    };
    assert!((spearman.unwrap() - 0.081_722_997).abs() < 1e-6);
    assert_eq!(not_found, &["atlantis", "el dorado"]);
    assert_eq!(name, "gram6-nationality");
    let expected = Line::Analogies {
        file: analogies.clone(),
        questions: 86,
        skipped: 2,
        correct: 71,
        accuracy: Some(71.0 / 84.0),
    };
    assert_eq!(*total, expected);
    assert!(serde_json::from_str::<Line>(r#"{"type":"query","query":"q","words":[],"more":1}"#).is_err());
}

#[test]
fn files_of_pairs_and_analogies_give_tables() {
    let (pairs, analogies) = (fixture("pairs.tsv"), fixture("analogies.txt"));
    let (stdout, _) = asked(&["--pairs", &pairs, "--analogies", &analogies]);
    for part in [
        "pairs.tsv: 47 of 49 pairs used\n  Spearman   0.0817\n  Pearson    0.0762\n  not found: atlantis, el dorado\n",
        "analogies.txt: 84 of 86 analogies answered\n",
        "  capital-country         35        42        1   83.33 %\n",
        "  total                   71        84        2   84.52 %\n",
    ] {
        assert!(stdout.contains(part), "{part:?} is not in\n{stdout}");
    }
    let (stdout, _) = asked(&["--pairs", &pairs, "--restrict-vocab", "15"]);
    assert!(
        stdout.contains("22 of 49 pairs used\n  Spearman   0.2157"),
        "{stdout}"
    );
}

#[test]
fn unknown_words_and_analogies_that_make_no_sense_are_refused() {
    let model = fixture("words.txt");
    refused(
        &[&model, "pariss"],
        &["\"pariss\" is not among the 21 words", "did you mean paris?"],
    );
    refused(
        &[&model, "--analogy", "paris", "-", "zzzzzz"],
        &["\"zzzzzz\"", "spelled like this"],
    );
    refused(&[&model, "--analogy", "paris", "-"], &["no word at the end"]);
    refused(
        &[&model, "--analogy", "paris", "oslo"],
        &["without + or - before it (oslo)"],
    );
    refused(&[&model, "--analogy", "oslo - oslo"], &["cancel each other out"]);
}

#[test]
fn models_that_are_missing_or_no_vectors_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    refused(
        &[&path("none"), "king"],
        &["none: nothing found", "models/latest"],
    );
    fs::write(path("notes.txt"), "not vectors\n").unwrap();
    refused(&[&path("notes.txt"), "king"], &["notes.txt"]);
    refused(&[&path(""), "king"], &[&path("")]);
}

#[test]
fn bad_files_of_questions_are_refused_with_their_line() {
    let folder = tempfile::tempdir().unwrap();
    let model = fixture("words.txt");
    let file = |name: &str, content: &[u8]| {
        let path = folder.path().join(name);
        fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let empty = file("empty", b"");
    let malformed = file("malformed", b"paris oslo 3\nparis oslo\n");
    let binary = file("binary", b"paris oslo 3\n\xff\xfe\n");
    let strange = file("strange", b"sun moon 3\nsun star 4\n");
    for (pairs, parts) in [
        (&empty, ["empty: expected lines of two words", "found no pair"]),
        (&malformed, ["in line 2", "\"paris oslo\""]),
        (&binary, ["UTF-8 text in line 2", "convert"]),
        (&strange, ["found 0 of 2", "not found: sun, moon, star"]),
    ] {
        refused(&[&model, "--pairs", pairs], &parts);
    }
    let questions = file("questions", b": s\nparis france oslo norway\nparis france oslo\n");
    let strange = file("stranger", b": s\nsun moon star sky\n");
    for (analogies, parts) in [
        (&empty, ["empty: expected", "found no question"]),
        (&questions, ["four words in line 3", "\"paris france oslo\""]),
        (&strange, ["found none among 1", "sun moon star sky"]),
    ] {
        refused(&[&model, "--analogies", analogies], &parts);
    }
    let missing = folder.path().join("missing").to_str().unwrap().to_owned();
    refused(&[&model, "--pairs", &missing], &["missing: cannot be read"]);
    refused(&[&model, "--analogies", &missing], &["missing: cannot be read"]);
}

#[test]
fn a_reader_that_has_seen_enough_is_no_fault() {
    let model = fixture("words.txt");
    let mut child = command(&[&model, "paris", "oslo"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(
        output.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_is_told_with_the_name_of_stdout() {
    let full = fs::File::create("/dev/full").unwrap();
    let output = command(&[&fixture("words.txt"), "paris"])
        .stdout(full)
        .output()
        .unwrap();
    let message = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{message}");
    assert!(
        message.contains("error: stdout: cannot write the results: "),
        "{message}"
    );
}
