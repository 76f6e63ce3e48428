//! Ctrl-C, a full disk and a killed build: what was there before is still there.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::workplace::{INDEX, Workplace, stderr};

/// Enough rows that the tiny model needs a while.
fn long_corpus(place: &Workplace, documents: usize) {
    let text = "fever and pain in the joint ".repeat(16);
    let rows: String = (0..documents)
        .map(|i| format!("{{\"id\":\"{i}\",\"text\":\"{text}{i}\"}}\n"))
        .collect();
    place.write("corpus.jsonl", rows);
}

/// Starts a build that replaces the index and waits until it is writing.
fn started(place: &Workplace) -> Child {
    let mut command = place.command(&["build", "corpus.jsonl", "--force"]);
    let child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let limit = Instant::now() + Duration::from_secs(60);
    let began = |folder: std::path::PathBuf| folder.join("index/segments").is_dir();
    while !staging(&place.path("")).is_some_and(began) {
        assert!(Instant::now() < limit, "the build never began to write");
        std::thread::sleep(Duration::from_millis(20));
    }
    child
}

fn staging(folder: &Path) -> Option<std::path::PathBuf> {
    let mut names = fs::read_dir(folder).unwrap().flatten().map(|entry| entry.path());
    names.find(|path| path.file_name().unwrap().to_string_lossy().contains(".building"))
}

fn signal(child: &Child, name: &str) {
    let status = Command::new("kill")
        .args([&format!("-{name}"), &child.id().to_string()])
        .status()
        .unwrap();
    assert!(status.success());
}

#[test]
fn ctrl_c_leaves_the_old_index_and_nothing_else() {
    let place = Workplace::with_index();
    long_corpus(&place, 20_000);
    let before = place.snapshot();
    let child = started(&place);
    signal(&child, "INT");
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{}", stderr(&output));
    assert!(
        stderr(&output).contains("error: interrupted; nothing was changed"),
        "{}",
        stderr(&output)
    );
    assert_eq!(place.snapshot(), before);
    assert_eq!(place.json(&["info", "--json"])["documents"], 4);
}

#[test]
fn ctrl_c_while_linking_is_heard_too() {
    use indexer::build::{Observer, Phase, build};
    /// Stops at the first look into the graph's building.
    struct StopAtLink(bool);
    impl Observer for StopAtLink {
        fn begin(&mut self, phase: Phase, _total: Option<u64>) {
            self.0 = phase == Phase::Link;
        }
        fn note(&mut self, _message: &str) {}
        fn advance(&mut self, _documents: u64) {}
        fn stopped(&self) -> bool {
            self.0
        }
    }
    let place = Workplace::new();
    let rows: String = (0..200)
        .map(|i| format!("{{\"id\":{i},\"text\":\"pain {i}\"}}\n"))
        .collect();
    place.write("corpus.jsonl", rows);
    let options = indexer::build::BuildOptions {
        inputs: vec![place.path("corpus.jsonl")],
        columns: Default::default(),
        out: place.path("corpus.index"),
        force: false,
        model: "hash".into(),
        computing: "hash".into(),
        memory: None,
        worth_keeping: Duration::MAX,
        hnsw: indexer::HnswRecord {
            m: 16,
            ef_construction: 200,
            ..Default::default()
        },
    };
    let before = place.snapshot();
    let encoder = encoder::testing::HashEncoder::new(16);
    let error = build(&options, &encoder, &mut StopAtLink(false)).unwrap_err();
    assert!(matches!(error, indexer::IndexError::Interrupted));
    assert_eq!(place.snapshot(), before);
}

#[test]
fn a_killed_build_is_cleaned_up_by_the_next() {
    let place = Workplace::with_index();
    long_corpus(&place, 20_000);
    let mut child = started(&place);
    signal(&child, "KILL");
    child.wait().unwrap();
    assert!(staging(&place.path("")).is_some(), "it had no chance to clean up");
    assert_eq!(place.json(&["info", "--json"])["documents"], 4);
    place.write("corpus.jsonl", "{\"id\":\"a\",\"text\":\"x\"}\n");
    place.succeeds(&["build", "corpus.jsonl", "--force"]);
    assert!(staging(&place.path("")).is_none());
    assert_eq!(place.json(&["info", "--json"])["documents"], 1);
}

#[test]
fn a_killed_build_goes_on_where_it_was() {
    let place = Workplace::new();
    long_corpus(&place, 4_000);
    let mut child = started(&place);
    // Eight whole chunks of 256 vectors of 32 numbers, each with a header of 64 bytes.
    let enough = 8 * (64 + 256 * 32 * 4);
    let journal = staging(&place.path("")).unwrap().join("encoded-0");
    let limit = Instant::now() + Duration::from_secs(120);
    while fs::metadata(&journal).map_or(0, |data| data.len()) < enough {
        assert!(Instant::now() < limit, "it never encoded anything");
        std::thread::sleep(Duration::from_millis(20));
    }
    signal(&child, "KILL");
    child.wait().unwrap();
    let output = place
        .command(&["build", "corpus.jsonl", "--json"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(
        stderr(&output).contains("note: going on with a build that was stopped: "),
        "{}",
        stderr(&output)
    );
    let said = String::from_utf8(output.stdout).unwrap();
    let summary: serde_json::Value = serde_json::from_str(said.lines().last().unwrap()).unwrap();
    assert!(summary["resumed"].as_u64().unwrap() >= 2048, "{summary}");
    assert_eq!(summary["documents"], 4_000);
    assert!(staging(&place.path("")).is_none());
    assert_eq!(place.json(&["info", "--json"])["documents"], 4_000);
}

#[test]
fn memory_makes_segments_and_too_little_is_refused() {
    let place = Workplace::with_index();
    place.fails(
        &["build", "corpus.jsonl", "--force", "--memory", "10M"],
        &["--memory: expected at least ", "found 10M"],
    );
    place.succeeds(&["build", "corpus.jsonl", "--force", "--memory", "2G"]);
    let rows: String = (0..4500)
        .map(|i| format!("{{\"id\":{i},\"text\":\"pain {i}\"}}\n"))
        .collect();
    place.write("corpus.jsonl", rows);
    let summary = place.json(&["build", "corpus.jsonl", "--force", "--memory", "402M", "--json"]);
    assert_eq!(
        (&summary["segments"], &summary["documents"]),
        (&2.into(), &4500.into())
    );
    let info = place.json(&["info", "--json"]);
    assert_eq!(info["segments"][0]["documents"], 2250);
}

/// A limit on the size of files stands in for a full disk where none can be mounted: the system
/// refuses to write on, in the same places.
#[test]
fn a_write_that_is_refused_leaves_what_was_there() {
    let place = Workplace::with_index();
    let rows: String = (0..400)
        .map(|i| format!("{{\"id\":{i},\"text\":\"pain number {i}\"}}\n"))
        .collect();
    place.write("corpus.jsonl", rows);
    let before = place.snapshot();
    for blocks in [1, 8, 40] {
        let line = format!(
            "trap '' XFSZ; ulimit -f {blocks}; exec '{INDEX}' build corpus.jsonl --force --backend candle --model model"
        );
        let output = Command::new("sh")
            .current_dir(place.path(""))
            .args(["-c", &line])
            .output()
            .unwrap();
        assert_eq!(
            output.status.code(),
            Some(2),
            "{blocks} blocks: {}",
            stderr(&output)
        );
        let message = stderr(&output);
        assert!(
            message.contains("cannot be written") && message.contains("nothing was changed"),
            "{message}"
        );
        assert_eq!(place.snapshot(), before);
    }
}

#[test]
fn a_full_disk_leaves_what_was_there() {
    let place = Workplace::with_index();
    let rows: String = (0..3000)
        .map(|i| format!("{{\"id\":{i},\"text\":\"pain number {i}\"}}\n"))
        .collect();
    place.write("corpus.jsonl", rows);
    fs::create_dir(place.path("disk")).unwrap();
    let line = format!(
        "mount -t tmpfs -o size=400k tmpfs disk || exit 77
         cp -r corpus.index disk/ && '{INDEX}' build corpus.jsonl -o disk/corpus.index --force --backend candle \
         --model model; echo code $?; ls -A disk; '{INDEX}' info disk/corpus.index --json"
    );
    let mut command = Command::new("unshare");
    let command =
        command
            .current_dir(place.path(""))
            .args(["--user", "--map-root-user", "--mount", "sh", "-c", &line]);
    let output = match command.output() {
        Ok(output) if output.status.success() => output,
        Ok(output) => return println!("skipped: no tmpfs can be mounted here: {}", stderr(&output)),
        Err(error) => return println!("skipped: unshare cannot be run: {error}"),
    };
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        stderr(&output).contains("No space left on device"),
        "{}",
        stderr(&output)
    );
    assert!(
        said.starts_with("code 2\ncorpus.index\n{"),
        "nothing but the old index: {said}"
    );
    assert!(said.contains("\"documents\":4"), "{said}");
}
