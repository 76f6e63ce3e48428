//! Inputs and command lines that are refused: one clear error, exit code 2, nothing half-written.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use super::workplace::{ROWS, Workplace, stderr};

#[test]
fn files_that_are_missing_empty_or_something_else() {
    let place = Workplace::new();
    place.write("empty.jsonl", "");
    place.write("no.parquet", "this is no Parquet");
    place.write("notes.docx", "x");
    place.write("half.jsonl", "{\"id\":\"a\",\"text\":\"x\"}\n{\"id\":");
    fs::create_dir(place.path("folder")).unwrap();
    place.fails(&["build", "missing.parquet"], &["missing.parquet"]);
    place.fails(&["build", "*.csv"], &["*.csv"]);
    place.fails(
        &["build", "empty.jsonl"],
        &["empty.jsonl", "an empty file", "give a file with rows"],
    );
    place.fails(&["build", "no.parquet"], &["no.parquet", "Parquet"]);
    place.fails(&["build", "notes.docx"], &["notes.docx", ".parquet"]);
    place.fails(&["build", "half.jsonl"], &["half.jsonl", "row 2"]);
    place.fails(&["build", "folder"], &["folder"]);
    place.write("quote.csv", "id,text\na,\"two\nlines\"\nb,\"Fever.\nc,Cough.\n");
    place.fails(
        &["build", "quote.csv"],
        &["quote.csv", "opens in line 4", "the end of the file"],
    );
}

/// The program in `place` with the rights of its user alone, where that is root: root's right to open
/// every file is dropped, by `setpriv`. An error says why it cannot be.
fn with_plain_rights(place: &Workplace, arguments: &[&str], secret: &str) -> Result<Command, String> {
    let build = place.command(arguments);
    if fs::File::open(place.path(secret)).is_err() {
        return Ok(build);
    }
    let plain = |program: &OsStr| {
        let mut command = Command::new("setpriv");
        command.current_dir(place.path(""));
        command
            .arg("--bounding-set=-dac_override,-dac_read_search")
            .arg(program);
        command
    };
    let ran = |program: &str, argument: &str| plain(program.as_ref()).arg(argument).output();
    match ran("cat", "corpus.jsonl") {
        Ok(output) if output.status.success() => {}
        Ok(output) => return Err(format!("root's rights cannot be dropped: {}", stderr(&output))),
        Err(error) => return Err(format!("setpriv cannot be run: {error}")),
    }
    if ran("cat", secret).is_ok_and(|output| output.status.success()) {
        return Err("this user reads every file without root's rights too".into());
    }
    let mut command = plain(build.get_program());
    command.args(build.get_args());
    Ok(command)
}

#[test]
fn an_unreadable_file() {
    let place = Workplace::new();
    place.write("corpus.jsonl", ROWS);
    place.write("secret.jsonl", ROWS);
    let none = fs::Permissions::from_mode(0o000);
    fs::set_permissions(place.path("secret.jsonl"), none).unwrap();
    for inputs in [&["secret.jsonl"][..], &["corpus.jsonl", "secret.jsonl"]] {
        let arguments = [&["build"][..], inputs, &["-o", "made.index"]].concat();
        let output = match with_plain_rights(&place, &arguments, "secret.jsonl") {
            Ok(mut command) => command.output().unwrap(),
            Err(reason) => return println!("skipped: {reason}"),
        };
        let message = stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{message}");
        let last = message.lines().last().unwrap();
        assert!(
            last.starts_with("error: ") && last.contains("secret.jsonl: cannot be read"),
            "{message}"
        );
        let entries = fs::read_dir(place.path("")).unwrap();
        let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        assert_eq!(
            names,
            ["corpus.jsonl", "model", "secret.jsonl"],
            "nothing half-written"
        );
    }
}

#[test]
fn parquet_that_is_damaged_in_the_middle() {
    let place = Workplace::new();
    let numbered = |word: &str| {
        (0..3000)
            .map(|i| Some(format!("{word} {i} {}", i * 7919 % 997)))
            .collect::<Vec<_>>()
    };
    place.write_parquet(
        "corpus.parquet",
        &[("id", numbered("id")), ("text", numbered("text"))],
    );
    let mut bytes = fs::read(place.path("corpus.parquet")).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle - 200..middle + 200].fill(0xff);
    place.write("corpus.parquet", bytes);
    place.fails(&["build", "corpus.parquet"], &["corpus.parquet"]);
}

#[test]
fn rows_that_cannot_be_used() {
    let place = Workplace::new();
    let first = "{\"id\":\"a\",\"text\":\"x\"}\n";
    place.write(
        "twice.jsonl",
        format!("{first}{{\"id\":\"b\",\"text\":\"y\"}}\n{first}"),
    );
    place.fails(
        &["build", "twice.jsonl"],
        &["twice.jsonl: row 3", "\"a\"", "row 1 of twice.jsonl"],
    );
    place.write("one.jsonl", first);
    place.write("two.jsonl", first);
    place.fails(
        &["build", "one.jsonl", "two.jsonl", "-o", "x.index"],
        &["two.jsonl: row 1", "row 1 of one.jsonl"],
    );
    place.write("null.jsonl", format!("{first}{{\"id\":\"b\",\"text\":null}}\n"));
    place.fails(&["build", "null.jsonl"], &["null.jsonl", "row 2", "null"]);
    place.write(
        "blank.jsonl",
        format!("{first}{{\"id\":\"b\",\"text\":\" \\n\"}}\n"),
    );
    place.fails(
        &["build", "blank.jsonl"],
        &["blank.jsonl: row 2", "\"b\"", "empty text"],
    );
    place.write(
        "nameless.jsonl",
        format!("{first}{{\"id\":\"\",\"text\":\"y\"}}\n"),
    );
    place.fails(&["build", "nameless.jsonl"], &["nameless.jsonl", "row 2"]);
    place.write("latin1.jsonl", b"{\"id\":\"a\",\"text\":\"caf\xe9\"}\n");
    place.fails(&["build", "latin1.jsonl"], &["latin1.jsonl", "UTF-8"]);
    place.write_parquet(
        "null.parquet",
        &[("id", vec![Some("a".into())]), ("text", vec![None])],
    );
    place.fails(&["build", "null.parquet"], &["null.parquet", "row 1", "null"]);
}

#[test]
fn no_rows_at_all() {
    let place = Workplace::new();
    place.write_parquet("none.parquet", &[("id", vec![]), ("text", vec![])]);
    let words = ["found none; name a file that has rows"];
    place.fails(
        &["build", "none.parquet"],
        &[&["none.parquet"], &words[..]].concat(),
    );
    place.write("none.csv", "id,text\n");
    place.fails(&["build", "none.csv"], &[&["none.csv"], &words[..]].concat());
    place.write("none.json", "[]");
    place.fails(
        &["build", "none.json"],
        &["none.json", "expected rows", "an empty array"],
    );
    place.write("nothing.json", "[{}]");
    place.fails(&["build", "nothing.json"], &["nothing.json", "no columns at all"]);
}

#[test]
fn folders_and_files_of_another_kind() {
    let place = Workplace::with_index();
    place.fails(
        &["build", "corpus.index", "-o", "new.index"],
        &[
            "corpus.index: expected a table of documents",
            "found an index",
            "index export",
        ],
    );
    place.fails(&["add", "corpus.index", "corpus.index"], &["found an index"]);
    place.fails(
        &["build", "model", "-o", "new.index"],
        &["model: expected", "BEIR folder", "without corpus.jsonl"],
    );
    place.succeeds(&["export", "--out", "v.npy"]);
    place.fails(
        &["import", "v.npy", "--model", "model"],
        &["v.npy: expected documents", "vectors alone", "--documents FILE"],
    );
    place.fails(
        &["import", "none.npy", "--model", "model"],
        &["none.npy: cannot be read"],
    );
}

#[test]
fn a_missing_column_names_those_there_are() {
    let place = Workplace::new();
    place.write("corpus.csv", "key,body\n1,x\n");
    place.fails(
        &["build", "corpus.csv"],
        &["corpus.csv", "id or _id", "key, body", "--id"],
    );
    place.fails(&["build", "corpus.csv", "--id", "key"], &["text", "key, body"]);
    place.fails(
        &["build", "corpus.csv", "--id", "key", "--text", "words"],
        &["words", "key, body"],
    );
}

#[test]
fn outputs_that_must_not_be_replaced() {
    let place = Workplace::with_index();
    place.fails(
        &["build", "corpus.jsonl"],
        &["corpus.index", "exists already", "--force"],
    );
    place.fails(
        &["build", "corpus.jsonl", "-o", "model", "--force"],
        &["model", "no index"],
    );
    place.fails(
        &["build", "corpus.jsonl", "-o", "corpus.jsonl", "--force"],
        &["corpus.jsonl", "no index"],
    );
    place.fails(
        &["build", "corpus.jsonl", "-o", "nowhere/deep/x.index"],
        &[
            "nowhere/deep/x.index: there is no folder nowhere/deep",
            "another --out",
        ],
    );
    place.write("second.jsonl", ROWS);
    place.fails(
        &["build", "corpus.jsonl", "second.jsonl"],
        &["--out", "2 input files"],
    );
}

#[test]
fn options_out_of_range() {
    let place = Workplace::new();
    place.write("corpus.jsonl", ROWS);
    place.fails(&["build", "corpus.jsonl", "--m", "3"], &["--m", "4 to 128", "3"]);
    place.fails(
        &["build", "corpus.jsonl", "--ef-construction", "7"],
        &["--ef-construction", "8 to 10000"],
    );
    place.fails(&["build", "corpus.jsonl", "--device", "cuda"], &["candle", "CPU"]);
    place.fails(
        &["build", "corpus.jsonl", "--memory", "1M"],
        &["--memory: expected at least 4", "found 1M"],
    );
    let help = place.succeeds(&["build", "--help"]);
    assert!(
        help.contains("less is refused with the least that will do"),
        "{help}"
    );
    for usage in [
        &["build"][..],
        &["build", "corpus.jsonl", "--device", "gpu"],
        &["rebuild"],
    ] {
        assert_eq!(
            place.command(usage).output().unwrap().status.code(),
            Some(2),
            "{usage:?}"
        );
    }
}

#[test]
fn cuda_where_there_is_no_nvidia_driver() {
    // What the programs look at: the driver on Linux, and Windows' driver seen from WSL.
    for driver in ["/dev/nvidiactl", "/proc/driver/nvidia/version", "/dev/dxg"] {
        if Path::new(driver).exists() {
            println!("skipped: this machine has an NVIDIA driver: {driver}");
            return;
        }
    }
    let place = Workplace::with_index();
    for (device, out) in [("cuda", "new.index"), ("cuda:1", "corpus.index")] {
        let arguments = [
            "build",
            "corpus.jsonl",
            "-o",
            out,
            "--force",
            "--backend",
            "torch",
            "--device",
            device,
        ];
        let asked = if device == "cuda" { "cuda:0" } else { device };
        place.fails(&arguments, &[asked, "no NVIDIA driver", "--device cpu"]);
    }
}

#[test]
fn models_that_are_none() {
    let place = Workplace::new();
    place.write("corpus.jsonl", ROWS);
    place.fails(&["build", "corpus.jsonl", "--model", "nothing"], &["nothing"]);
    fs::create_dir(place.path("empty")).unwrap();
    for (model, found) in [
        ("empty", "a folder without modules.json"),
        ("corpus.jsonl", "a file"),
    ] {
        let expected = format!("{model}: expected a model folder");
        place.fails(
            &["build", "corpus.jsonl", "--model", model],
            &[&expected, "tokenizer.json", found, "name the folder"],
        );
    }
    place.write("broken/config.json", "{");
    place.fails(&["build", "corpus.jsonl", "--model", "broken"], &["broken"]);
}
