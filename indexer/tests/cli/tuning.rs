//! `index tune` from the outside.

use serde_json::Value;

use super::workplace::{ROWS, Workplace, stderr};

#[test]
fn the_width_for_a_recall_is_found_stored_and_shown() {
    let place = Workplace::with_index();
    let info = place.succeeds(&["info", "corpus.index"]);
    assert!(info.contains("recall       not measured"), "{info}");
    let said = place.succeeds(&["tune", "corpus.index", "--recall", "0.9", "-k", "2"]);
    let found = "corpus.index: ef 2 finds 1.0000 of the 2 nearest (asked for 0.9), ";
    assert!(said.starts_with(found), "{said}");
    let info = place.succeeds(&["info", "corpus.index"]);
    assert!(
        info.contains("recall       ef 2 finds 1.0000 of the 2 nearest"),
        "{info}"
    );
    place.succeeds(&["delete", "corpus.index", "gout"]);
    let info = place.succeeds(&["info", "corpus.index"]);
    assert!(info.contains("measured in generation 2 on 4 documents"), "{info}");
}

#[test]
fn queries_of_a_file_are_encoded_by_the_model_of_the_index() {
    let place = Workplace::with_index();
    place.write(
        "queries.jsonl",
        "{\"_id\":\"q1\",\"text\":\"A sudden pain in a joint\"}\n",
    );
    let line = [
        "tune",
        "corpus.index",
        "--recall",
        "1",
        "-k",
        "1",
        "--queries",
        "queries.jsonl",
        "--json",
        "--backend",
        "candle",
    ];
    let object: Value = serde_json::from_str(&place.succeeds(&line)).unwrap();
    assert_eq!(
        (&object["type"], &object["tuning"]["queries"]),
        (&"tuning".into(), &1.into())
    );
    assert_eq!(object["tuning"]["recall"], 1.0);
}

#[test]
fn too_few_documents_and_missing_queries_are_refused() {
    let place = Workplace::with_index();
    let line = ["tune", "corpus.index", "--recall", "0.9"];
    place.fails(&line, &["corpus.index", "more than 10 documents", "found 4"]);
    let line = [
        "tune",
        "corpus.index",
        "--recall",
        "0.9",
        "-k",
        "1",
        "--queries",
        "none.jsonl",
    ];
    place.fails(&line, &["none.jsonl"]);
    let info = place.succeeds(&["info", "corpus.index"]);
    assert!(
        info.contains("recall       not measured"),
        "nothing was changed: {info}"
    );
}

#[test]
fn too_few_documents_to_tune_are_a_warning_of_a_build() {
    let place = Workplace::new();
    place.write("corpus.jsonl", ROWS);
    for more in [&[][..], &["--json", "--force"]] {
        let line = [&["build", "corpus.jsonl", "--recall", "0.9"], more].concat();
        let output = place.command(&line).output().unwrap();
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(0), "{said}");
        let warning = "warning: --recall: corpus.index is made, but the width of searches was not measured: that takes \
                       more than 10 documents, found 4;";
        assert!(said.contains(warning), "{said}");
        let results = String::from_utf8(output.stdout).unwrap();
        let last = results.lines().last().unwrap();
        assert!(
            last.contains("4 documents") || last.contains("\"documents\":4"),
            "{results}"
        );
    }
    let info = place.succeeds(&["info", "corpus.index"]);
    assert!(info.contains("recall       not measured"), "{info}");
}

#[test]
fn an_index_can_be_tuned_while_it_is_built() {
    let place = Workplace::new();
    let rows = (0..12)
        .map(|i| format!("{{\"id\":\"{i}\",\"text\":\"A cough for {i} days and fever at night.\"}}\n"));
    place.write("many.jsonl", rows.collect::<String>());
    let line = ["build", "many.jsonl", "--recall", "0.9", "--codes", "float16"];
    let said = place.succeeds(&line);
    assert!(
        said.starts_with("many.index: ef 1") && said.contains("many.index: 12 documents"),
        "{said}"
    );
    let info = place.succeeds(&["info", "many.index"]);
    assert!(info.contains("float16 codes, linked by batches"), "{info}");
    assert!(info.contains("of the 10 nearest (asked for 0.9)"), "{info}");
}

#[test]
fn a_width_that_was_measured_on_many_fewer_or_more_documents_is_noted() {
    let place = Workplace::new();
    let rows = |range: std::ops::Range<usize>| -> String {
        let row = |i| format!("{{\"id\":\"{i}\",\"text\":\"A cough for {i} days.\"}}\n");
        range.map(row).collect()
    };
    place.write("corpus.jsonl", rows(0..10));
    place.write("few.jsonl", rows(10..12));
    place.write("more.jsonl", rows(12..13));
    place.succeeds(&["build", "corpus.jsonl"]);
    let said = |arguments: &[&str]| {
        let output = place.command(arguments).output().unwrap();
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(0), "{said}");
        said
    };
    let note = |documents| {
        format!(
            "note: the width of searches was measured on 10 documents, and there are {documents} now; \
             `index tune corpus.index --recall 0.9` measures it anew"
        )
    };
    place.succeeds(&["tune", "corpus.index", "--recall", "0.9", "-k", "2"]);
    let few = said(&["add", "corpus.index", "few.jsonl"]);
    assert!(!few.contains("width of searches"), "{few}");
    let more = said(&["add", "corpus.index", "more.jsonl"]);
    assert!(more.contains(&note(13)), "{more}");
    for command in [
        &["update", "corpus.index", "more.jsonl"][..],
        &["compact", "corpus.index"],
    ] {
        let again = said(command);
        assert!(again.contains(&note(13)), "{again}");
    }
    place.succeeds(&["delete", "corpus.index", "0", "1", "2", "3", "4", "5"]);
    let fewer = said(&["compact", "corpus.index"]);
    assert!(fewer.contains(&note(7)), "{fewer}");
    place.succeeds(&["tune", "corpus.index", "--recall", "0.9", "-k", "2"]);
    let anew = said(&["update", "corpus.index", "few.jsonl"]);
    assert!(!anew.contains("width of searches"), "{anew}");
}
