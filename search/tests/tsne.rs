//! `search tsne`: a small map in each format, the same map for the same seed, and every refusal.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)] // tests fail by panicking

use std::process::{Command, Stdio};
use std::time::Duration;

#[allow(dead_code, reason = "each test program uses its part")]
mod support;

use support::{Ran, Workplace};

fn draw(place: &Workplace, out: &str, more: &[&str], code: i32) -> Ran {
    place.run(
        &[&["tsne", "--out", out, "--perplexity", "5"], more].concat(),
        code,
    )
}

#[test]
fn a_map_in_each_format() {
    let place = Workplace::with_map_index(60);
    let color = ["--color-by", "topic"];
    let ran = draw(&place, "m.csv", &color, 0);
    assert_eq!(ran.stdout, "");
    assert_eq!(ran.stderr, "wrote m.csv: 60 documents\n");
    draw(&place, "m.html", &color, 0);
    draw(&place, "m.svg", &color, 0);
    draw(&place, "m.png", &color, 0);

    let table = std::fs::read_to_string(place.path("m.csv")).unwrap();
    assert_eq!(
        table.lines().next(),
        Some("\"id\",\"x\",\"y\",\"category\",\"title\"")
    );
    assert_eq!(table.lines().count(), 61);
    assert!(table.contains("\"d4\",") && table.contains(",\"\",\"About diabetes </script>\""));

    let page = std::fs::read_to_string(place.path("m.html")).unwrap();
    assert!(page.starts_with("<!DOCTYPE html>") && page.contains("corpus.index: 60 documents"));
    assert_eq!(
        page.matches("</script>").count(),
        2,
        "titles cannot end the script"
    );

    let picture = std::fs::read_to_string(place.path("m.svg")).unwrap();
    assert!(picture.starts_with("<svg") && picture.trim_end().ends_with("</svg>"));
    assert!(picture.matches("<circle").count() >= 60 && picture.contains("(none)"));

    let pixels = std::fs::read(place.path("m.png")).unwrap();
    assert!(
        pixels.starts_with(b"\x89PNG\r\n\x1a\n") && pixels.len() > 10_000,
        "{} bytes",
        pixels.len()
    );
    assert_eq!(
        place.listing(),
        [
            "corpus.index",
            "corpus.jsonl",
            "m.csv",
            "m.html",
            "m.png",
            "m.svg"
        ]
    );
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_seed_another_map() {
    let place = Workplace::with_map_index(60);
    draw(&place, "a.csv", &["--seed", "7"], 0);
    draw(&place, "b.csv", &["--seed", "7"], 0);
    draw(&place, "c.csv", &["--seed", "8"], 0);
    let read = |name: &str| std::fs::read(place.path(name)).unwrap();
    assert!(read("a.csv") == read("b.csv"));
    assert!(read("a.csv") != read("c.csv"));
}

#[test]
fn like_documents_lie_near_each_other() {
    let place = Workplace::with_map_index(80);
    draw(&place, "m.csv", &["--color-by", "topic"], 0);
    let mut reader = csv::Reader::from_path(place.path("m.csv")).unwrap();
    let points: Vec<(f32, f32, String)> = reader
        .records()
        .map(|record| record.unwrap())
        .filter(|record| !record[3].is_empty())
        .map(|record| {
            (
                record[1].parse().unwrap(),
                record[2].parse().unwrap(),
                record[3].to_owned(),
            )
        })
        .collect();
    let distance = |a: &(f32, f32, String), b: &(f32, f32, String)| (a.0 - b.0).hypot(a.1 - b.1);
    let mean = |same: bool| {
        let pairs = points.iter().flat_map(|a| points.iter().map(move |b| (a, b)));
        let of = pairs.filter(|(a, b)| !std::ptr::eq(*a, *b) && (a.2 == b.2) == same);
        let distances: Vec<f32> = of.map(|(a, b)| distance(a, b)).collect();
        distances.iter().sum::<f32>() / distances.len() as f32
    };
    assert!(
        mean(true) < 0.7 * mean(false),
        "{} within topics, {} between",
        mean(true),
        mean(false)
    );
}

#[test]
fn three_dimensions_for_page_and_table_only() {
    let place = Workplace::with_map_index(40);
    draw(&place, "m.csv", &["--dims", "3"], 0);
    let table = std::fs::read_to_string(place.path("m.csv")).unwrap();
    assert!(table.starts_with("\"id\",\"x\",\"y\",\"z\",\"category\",\"title\"\n"));
    draw(&place, "m.html", &["--dims", "3"], 0);
    for out in ["m.png", "m.svg"] {
        let ran = draw(&place, out, &["--dims", "3"], 2);
        assert!(
            ran.stderr.contains("a picture has 2 dimensions"),
            "{}",
            ran.stderr
        );
    }
}

#[test]
fn too_few_documents_name_a_perplexity_that_works() {
    let place = Workplace::with_map_index(20);
    place.run(&["tsne", "--out", "usual.csv"], 0);
    let ran = place.run(&["tsne", "--out", "m.csv", "--perplexity", "30"], 2);
    assert!(
        ran.stderr
            .contains("20 documents are too few for perplexity 30, which needs 91"),
        "{}",
        ran.stderr
    );
    assert!(
        ran.stderr.contains("at most --perplexity 6 works here"),
        "{}",
        ran.stderr
    );
    place.run(&["tsne", "--out", "m.csv", "--perplexity", "7"], 2);
    place.run(&["tsne", "--out", "m.csv", "--perplexity", "6"], 0);
}

#[test]
fn an_existing_file_is_kept_without_force() {
    let place = Workplace::with_map_index(40);
    std::fs::write(place.path("m.csv"), "mine").unwrap();
    let ran = draw(&place, "m.csv", &[], 2);
    assert!(
        ran.stderr
            .contains("m.csv: already exists; replace it with --force"),
        "{}",
        ran.stderr
    );
    assert_eq!(std::fs::read(place.path("m.csv")).unwrap(), b"mine");
    draw(&place, "m.csv", &["--force"], 0);
    assert!(std::fs::read(place.path("m.csv")).unwrap().starts_with(b"\"id\""));
}

#[test]
fn a_column_that_is_not_there_names_those_that_are() {
    let place = Workplace::with_map_index(40);
    let ran = draw(&place, "m.csv", &["--color-by", "topics"], 2);
    assert!(
        ran.stderr.contains("no document has a column \"topics\""),
        "{}",
        ran.stderr
    );
    assert!(ran.stderr.contains("columns: topic"), "{}", ran.stderr);
}

#[test]
fn unknown_endings_and_missing_folders_are_refused() {
    let place = Workplace::with_map_index(40);
    assert!(
        draw(&place, "m.pdf", &[], 2)
            .stderr
            .contains(".html, .svg, .png or .csv")
    );
    assert!(
        draw(&place, "no/m.csv", &[], 2)
            .stderr
            .contains("the folder no does not exist")
    );
}

#[test]
fn a_sample_is_said_and_never_silent() {
    let place = Workplace::with_map_index(60);
    let ran = draw(&place, "m.html", &["--sample", "30"], 0);
    assert!(
        ran.stderr.contains("drawing 30 of 60 documents, taken at random"),
        "{}",
        ran.stderr
    );
    let page = std::fs::read_to_string(place.path("m.html")).unwrap();
    assert!(page.contains("30 of 60 documents"));
}

#[test]
#[cfg(unix)]
fn an_interrupt_leaves_what_was_there() {
    let place = Workplace::with_map_index(3000);
    std::fs::write(place.path("m.csv"), "mine").unwrap();
    let before = place.listing();
    let mut child = place
        .command(&["tsne", "--out", "m.csv", "--force", "--dims", "3"])
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    std::thread::sleep(Duration::from_millis(1500));
    assert!(
        child.try_wait().unwrap().is_none(),
        "the map was ready before it could be interrupted"
    );
    let id = child.id().to_string();
    assert!(
        Command::new("kill")
            .args(["-INT", &id])
            .status()
            .unwrap()
            .success()
    );
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert_eq!(place.listing(), before);
    assert_eq!(std::fs::read(place.path("m.csv")).unwrap(), b"mine");
}

#[test]
#[cfg(target_os = "linux")]
fn a_file_that_cannot_grow_is_an_error_and_leaves_nothing() {
    // A limit on file sizes fails a write half-way, as a full disk does; ignored, its signal is an error.
    let place = Workplace::with_map_index(40);
    let before = place.listing();
    let search = env!("CARGO_BIN_EXE_search");
    let limited = format!("trap '' XFSZ; ulimit -f 1; exec {search} tsne --out m.html --perplexity 5");
    let output = Command::new("bash")
        .args(["-c", &limited])
        .current_dir(place.path(""))
        .output()
        .unwrap();
    let ran = Ran::from(output);
    assert_eq!(ran.code, Some(2), "{}", ran.stderr);
    assert!(
        ran.stderr.contains("m.html: cannot write the map"),
        "{}",
        ran.stderr
    );
    assert_eq!(place.listing(), before);
}
