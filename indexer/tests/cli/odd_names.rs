//! Names that are no UTF-8, as files from elsewhere can have: shown as far as they can be, refused where they could not
//! be found again, and nothing panics.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;

use serde_json::Value;

use super::workplace::{ROWS, Workplace, stderr};

/// `NAME` with a byte that no UTF-8 has, and an ending.
fn odd(name: &str, ending: &str) -> Vec<u8> {
    [name.as_bytes(), b"\xff", ending.as_bytes()].concat()
}

/// Runs a command on the index `x\xff.index`; the last line of its output.
fn on_odd_index(place: &Workplace, command: &str, more: &[&[u8]]) -> Value {
    let mut command = place.command(&[command]);
    command.arg(OsStr::from_bytes(&odd("x", ".index")));
    command.args(more.iter().map(|argument| OsStr::from_bytes(argument)));
    let output = command.arg("--json").output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{command:?}: {}", stderr(&output));
    let said = String::from_utf8(output.stdout).unwrap();
    serde_json::from_str(said.lines().last().unwrap()).unwrap()
}

#[test]
fn an_index_of_any_name_is_made_and_changed() {
    let place = Workplace::new();
    place.write("corpus.jsonl", ROWS);
    let shown = "x\u{fffd}.index";
    let mut build = place.command(&["build", "corpus.jsonl", "--json"]);
    build.arg("--out").arg(OsStr::from_bytes(&odd("x", ".index")));
    let output = build.output().unwrap();
    let message = stderr(&output);
    assert_eq!(output.status.code(), Some(0), "{message}");
    assert!(String::from_utf8(output.stdout).unwrap().contains(shown));
    place.write("more.jsonl", "{\"_id\":\"new\",\"text\":\"New.\"}\n");
    let file = odd("v", ".npy");
    let commands: [(&str, &[&[u8]]); 7] = [
        ("add", &[b"more.jsonl"]),
        ("delete", &[b"gout"]),
        ("compact", &[]),
        ("tune", &[b"--recall", b"0.9", b"-k", b"2"]),
        ("info", &[]),
        ("verify", &[]),
        ("export", &[b"--out", &file]),
    ];
    for (command, more) in commands {
        let object = on_odd_index(&place, command, more);
        assert_eq!(object["index"], shown, "{command}");
    }
    let mut import = place.command(&[
        "import",
        "--documents",
        "corpus.jsonl",
        "more.jsonl",
        "--compare",
        "0",
    ]);
    import.args(["--model", "model", "--out", "again.index"]);
    place.write("corpus.jsonl", ROWS.split_once('\n').unwrap().1);
    let output = import.arg(OsStr::from_bytes(&file)).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let info = place.json(&["info", "again.index", "--json"]);
    assert_eq!(
        info["sources"],
        serde_json::json!(["v\u{fffd}.npy", "corpus.jsonl", "more.jsonl"])
    );
}

#[test]
fn a_model_that_the_index_could_not_name_is_refused_before_any_work() {
    let place = Workplace::new();
    place.write("corpus.jsonl", ROWS);
    let model = odd("m", "");
    fs::rename(
        place.path("model"),
        place.path("").join(OsStr::from_bytes(&model)),
    )
    .unwrap();
    let before = place.snapshot();
    let mut build = std::process::Command::new(super::workplace::INDEX);
    build
        .current_dir(place.path(""))
        .args(["build", "corpus.jsonl", "--backend", "candle", "--model"]);
    let output = build.arg(OsStr::from_bytes(&model)).output().unwrap();
    let message = stderr(&output);
    assert_eq!(output.status.code(), Some(2), "{message}");
    let said = "expected a model folder whose path is UTF-8";
    assert!(
        message.starts_with("error: ") && message.contains(said) && message.contains("rename"),
        "{message}"
    );
    assert_eq!(place.snapshot(), before);
}
