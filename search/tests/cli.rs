//! The command line as users meet it: exit codes, what is printed where, and every refusal.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)] // tests fail by panicking

use std::io::Read;
use std::process::{Command, Stdio};

use encoder::testing::write_tiny_model;

#[allow(dead_code, reason = "each test program uses its part")]
mod support;

use support::{Workplace, files};

#[test]
fn a_query_finds_hits_in_every_mode() {
    let place = Workplace::with_index();
    for mode in ["hybrid", "vector", "bm25"] {
        let ran = place.run(&["symptoms of diabetes", "--mode", mode, "-k", "3"], 0);
        assert!(ran.stdout.starts_with(" 1  About "), "{mode}: {}", ran.stdout);
        assert!(ran.stdout.contains("\n 3  About "), "{mode}: {}", ran.stdout);
        assert!(
            ran.stderr.contains("3 hits among 40 documents in "),
            "{mode}: {}",
            ran.stderr
        );
        assert!(ran.stderr.contains(" ms"), "{mode}: {}", ran.stderr);
        assert!(!ran.stdout.contains('\x1b'), "no escapes into a pipe");
    }
    assert!(
        place
            .run(&["thirst", "--mode", "bm25"], 0)
            .stdout
            .contains("**thirst**")
    );
    assert!(place.run(&["thirst"], 0).stdout.contains(" · vector #"));
    assert!(
        !place
            .run(&["thirst", "--mode", "bm25"], 0)
            .stdout
            .contains("vector #")
    );
}

#[test]
fn the_same_query_has_the_same_answer() {
    let place = Workplace::with_index();
    let once = place.run(&["chest pain and fever"], 0).stdout;
    assert_eq!(place.run(&["chest", "pain", "and", "fever"], 0).stdout, once);
}

#[test]
fn no_hits_is_exit_code_one_with_a_word_on_stderr() {
    let place = Workplace::with_index();
    let ran = place.run(&["--mode", "bm25", "zyzzyva"], 1);
    assert_eq!(ran.stdout, "");
    assert!(
        ran.stderr.starts_with("no hits among 40 documents"),
        "{}",
        ran.stderr
    );
}

#[test]
fn words_named_like_subcommands_can_be_searched() {
    let place = Workplace::with_index();
    place.run(&["--mode", "bm25", "--", "eval"], 1);
    place.run(&["--mode", "bm25", "--query", "tsne"], 1);
    place.run(&["--mode", "vector", "--query", "--eval"], 0);
}

#[test]
fn blank_queries_are_errors() {
    let place = Workplace::with_index();
    for query in ["", "  ", "\n\t"] {
        let ran = place.run(&["--", query], 2);
        assert!(
            ran.stderr.starts_with("error: the query is empty"),
            "{}",
            ran.stderr
        );
    }
    place.run(&[], 2);
}

#[test]
fn odd_queries_are_free_text_and_no_errors() {
    let place = Workplace::with_index();
    for query in [
        "AND OR (",
        "\"unclosed",
        "title:x",
        "*",
        "a~",
        "+-!",
        "सिरदर्द",
        "🤒",
        "\u{0}",
    ] {
        if query.contains('\0') {
            continue; // no argument can hold it
        }
        let code = place.command(&["--query", query]).output().unwrap().status.code();
        assert!(matches!(code, Some(0 | 1)), "{query:?} ended with {code:?}");
    }
}

#[test]
fn a_query_longer_than_the_model_reads_is_reported() {
    let place = Workplace::with_index();
    let long = "blood sugar ".repeat(200);
    let ran = place.run(&[&long], 0);
    assert!(
        ran.stderr
            .contains("warning: the query is longer than the model reads"),
        "{}",
        ran.stderr
    );
    assert!(!place.run(&["blood sugar"], 0).stderr.contains("warning"));
    assert!(
        !place
            .run(&["--mode", "bm25", &long], 0)
            .stderr
            .contains("warning")
    );
}

#[test]
fn bm25_needs_no_model_and_the_others_say_where_it_was() {
    let place = Workplace::with_index();
    std::fs::rename(place.path("model"), place.path("moved")).unwrap();
    place.run(&["thirst", "--mode", "bm25"], 0);
    let ran = place.run(&["thirst"], 2);
    assert!(
        ran.stderr.contains("where no folder is now") && ran.stderr.contains("--model DIR"),
        "{}",
        ran.stderr
    );
    place.run(&["thirst", "--model", "moved"], 0);
    let ran = place.run(&["thirst", "--model", "nowhere"], 2);
    assert!(ran.stderr.contains("nowhere"), "{}", ran.stderr);
}

#[test]
fn another_models_index_is_refused_by_the_field_that_differs() {
    let place = Workplace::with_index();
    write_tiny_model(&place.path("other"), 2).unwrap();
    let ran = place.run(&["thirst", "--model", "other"], 2);
    assert_eq!(ran.stdout, "");
    for part in [
        "other is not the model that made corpus.index",
        "its weights is",
        "--model DIR",
        "build the index",
    ] {
        assert!(ran.stderr.contains(part), "{part:?} is not in {}", ran.stderr);
    }
    assert_eq!(ran.stderr.lines().count(), 1, "{}", ran.stderr);
}

#[test]
fn the_only_index_here_is_taken_and_two_are_refused() {
    let empty = Workplace::empty();
    let ran = empty.run(&["thirst"], 2);
    assert!(
        ran.stderr
            .contains("holds no *.index folder; make one with `index build"),
        "{}",
        ran.stderr
    );
    let place = Workplace::with_index();
    std::fs::create_dir(place.path("second.index")).unwrap();
    let ran = place.run(&["thirst"], 2);
    assert!(
        ran.stderr
            .contains("holds 2: corpus.index, second.index; name one"),
        "{}",
        ran.stderr
    );
    place.run(&["thirst", "--index", "corpus.index"], 0);
    let ran = place.run(&["thirst", "--index", "missing.index"], 2);
    assert!(ran.stderr.contains("missing.index"), "{}", ran.stderr);
}

#[test]
fn a_flipped_byte_in_any_file_of_the_index_is_an_error() {
    let place = Workplace::with_index();
    for file in files(&place.path("corpus.index")) {
        let sound = std::fs::read(&file).unwrap();
        if sound.is_empty() {
            continue;
        }
        let mut damaged = sound.clone();
        let middle = damaged.len() / 2;
        damaged[middle] ^= 0x40;
        std::fs::write(&file, damaged).unwrap();
        for mode in ["hybrid", "bm25"] {
            let ran = place.run(&["thirst", "--mode", mode], 2);
            assert!(
                ran.stdout.is_empty() && ran.stderr.starts_with("error: "),
                "{}: {ran:?}",
                file.display()
            );
            assert_eq!(ran.stderr.lines().count(), 1, "{}", ran.stderr);
        }
        std::fs::write(&file, sound).unwrap();
    }
    place.run(&["thirst"], 0);
}

/// `search` ends with exit code 2 and one line of error that has all of `parts`, and prints no result.
fn refused(place: &Workplace, arguments: &[&str], parts: &[&str]) {
    let ran = place.run(arguments, 2);
    assert_eq!(ran.stdout, "", "{arguments:?}");
    assert!(ran.stderr.starts_with("error: "), "{}", ran.stderr);
    assert_eq!(ran.stderr.lines().count(), 1, "{}", ran.stderr);
    for part in parts {
        assert!(ran.stderr.contains(part), "{part:?} is not in {}", ran.stderr);
    }
}

#[test]
fn an_index_of_a_newer_format_is_an_error() {
    let place = Workplace::with_index();
    let manifest = place.path("corpus.index").join(indexer::MANIFEST_NAME);
    let text = std::fs::read_to_string(&manifest).unwrap();
    let (today, newer) = (indexer::FORMAT_VERSION, indexer::FORMAT_VERSION + 1);
    // An index of cosines is written so that earlier programs read it, too.
    let line = text.replacen("sextant-index 3 ", &format!("sextant-index {newer} "), 1);
    assert_ne!(line, text, "the version is in the first line");
    std::fs::write(&manifest, line).unwrap();
    let versions = format!("expected index format {today}, found {newer}");
    for mode in ["hybrid", "vector", "bm25"] {
        refused(
            &place,
            &["thirst", "--mode", mode],
            &["corpus.index/MANIFEST", "newer Sextant", &versions, "upgrade"],
        );
    }
}

#[test]
fn a_missing_file_of_the_index_is_an_error() {
    let place = Workplace::with_index();
    let segments = place.path("corpus.index/segments");
    for file in files(&segments) {
        std::fs::rename(&file, place.path("hidden")).unwrap();
        let name = file.file_name().unwrap().to_str().unwrap();
        for mode in ["hybrid", "bm25"] {
            refused(
                &place,
                &["thirst", "--mode", mode],
                &[name, "expected a file of ", "found nothing", "rebuild the index"],
            );
        }
        std::fs::rename(place.path("hidden"), &file).unwrap();
    }
    place.run(&["thirst"], 0);
    std::fs::remove_file(place.path("corpus.index").join(indexer::MANIFEST_NAME)).unwrap();
    refused(
        &place,
        &["thirst"],
        &["corpus.index", "without MANIFEST", "index build"],
    );
}

#[test]
fn a_missing_segment_of_the_index_is_an_error() {
    let place = Workplace::with_index();
    let mut segments = place.path("corpus.index/segments").read_dir().unwrap();
    let segment = segments.next().unwrap().unwrap();
    std::fs::remove_dir_all(segment.path()).unwrap();
    let name = segment.file_name().into_string().unwrap();
    refused(
        &place,
        &["thirst"],
        &[
            &name,
            "expected a segment of the index",
            "found nothing",
            "--force",
        ],
    );
}

#[test]
fn a_model_that_is_cut_off_is_an_error() {
    let place = Workplace::with_index();
    write_tiny_model(&place.path("bad"), 1).unwrap();
    place.run(&["thirst", "--model", "bad"], 0);
    let weights = place.path("bad/model.safetensors");
    let whole = std::fs::read(&weights).unwrap();
    for length in [0, 4, 100, whole.len() / 2, whole.len() - 1] {
        std::fs::write(&weights, &whole[..length]).unwrap();
        refused(
            &place,
            &["thirst", "--model", "bad"],
            &[
                "bad/model.safetensors",
                "expected ",
                "found ",
                "damaged or cut off",
            ],
        );
    }
}

#[test]
fn usage_errors_are_exit_code_two() {
    let place = Workplace::with_index();
    let cases: [&[&str]; 5] = [
        &["-k", "0", "x"],
        &["--mode", "magic", "x"],
        &["--no-such-flag"],
        &["eval"],
        &["tsne"],
    ];
    for arguments in cases {
        assert!(
            place.run(arguments, 2).stderr.starts_with("error: "),
            "{arguments:?}"
        );
    }
    assert!(
        place
            .run(&["--help"], 0)
            .stdout
            .contains("Exit codes: 0 hits, 1 no hits, 2 error.")
    );
}

#[test]
fn a_closed_pipe_is_no_error() {
    let place = Workplace::with_index();
    let mut child = place
        .command(&["thirst", "-k", "40", "--json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let mut stderr = String::new();
    child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0), "{stderr}");
    assert!(!stderr.contains("error"), "{stderr}");
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_is_told_with_the_name_of_stdout() {
    let place = Workplace::with_index();
    let full = std::fs::File::create("/dev/full").unwrap();
    let output = place.command(&["thirst"]).stdout(full).output().unwrap();
    let message = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{message}");
    assert!(
        message.starts_with("error: cannot write results to stdout: "),
        "{message}"
    );
}

#[test]
#[cfg(target_os = "linux")]
fn search_does_not_link_libtorch() {
    let output = Command::new("ldd")
        .arg(env!("CARGO_BIN_EXE_search"))
        .output()
        .unwrap();
    let libraries = String::from_utf8(output.stdout).unwrap();
    assert!(libraries.contains("libc.so"), "{libraries}");
    for unwanted in ["libtorch", "libc10", "libgomp", "cuda", "stdc++"] {
        assert!(
            !libraries.contains(unwanted),
            "search links {unwanted}:\n{libraries}"
        );
    }
}
