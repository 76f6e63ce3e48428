//! Which vector belongs to which document, and whether it is the model's.

use std::fs;

use super::moving::{import, rows};
use super::workplace::{ROWS, Workplace};

#[test]
fn numpy_arrays_come_back_by_their_ids_or_by_their_order_without_them() {
    let place = Workplace::with_index();
    place.succeeds(&["export", "--out", "v.npy"]);
    let ids = fs::read_to_string(place.path("v.npy.ids.jsonl")).unwrap();
    assert_eq!(
        ids,
        "{\"id\":\"gout\"}\n{\"id\":\"flu\"}\n{\"id\":\"rest\"}\n{\"id\":\"ecg\"}\n"
    );
    let before = rows(&place, "corpus.index");
    place.succeeds(&import("v.npy", &["--documents", "corpus.jsonl"]));
    assert_eq!(rows(&place, "v.index"), before);
    let other_order: Vec<&str> = ROWS.lines().rev().collect();
    place.write("other.jsonl", other_order.join("\n"));
    let by_ids = ["--documents", "other.jsonl", "--out", "other.index"];
    place.succeeds(&import("v.npy", &by_ids));
    let expected: Vec<_> = before.into_iter().rev().collect();
    assert_eq!(rows(&place, "other.index"), expected);
    fs::rename(place.path("v.npy.ids.jsonl"), place.path("ids.jsonl")).unwrap();
    let named = [&by_ids[..], &["--ids", "ids.jsonl", "--force"]].concat();
    place.succeeds(&import("v.npy", &named));
    assert_eq!(rows(&place, "other.index"), expected);
    // Without them the order counts, and here the vectors are those of other documents.
    place.fails(
        &import("v.npy", &[&by_ids[..], &["--force"]].concat()),
        &[
            "v.npy: row 2",
            "the vector of document \"rest\"",
            "row 3",
            "--ids",
        ],
    );
}

#[test]
fn vectors_keep_their_ids_where_the_documents_have_another_column_for_them() {
    let place = Workplace::with_index();
    place.succeeds(&["export", "--out", "v.parquet"]);
    let keyed = ROWS.replace("_id", "key");
    let other_order: Vec<&str> = keyed.lines().rev().collect();
    place.write("other.jsonl", other_order.join("\n"));
    let more = [
        "--documents",
        "other.jsonl",
        "--id",
        "key",
        "--out",
        "other.index",
    ];
    place.succeeds(&import("v.parquet", &more));
    let expected: Vec<_> = rows(&place, "corpus.index").into_iter().rev().collect();
    assert_eq!(rows(&place, "other.index"), expected);
}

#[test]
fn one_vector_in_the_place_of_another_is_refused_among_many_that_are_right() {
    let place = Workplace::new();
    let lines: Vec<String> = (0..40)
        .map(|i| {
            format!(
                "{{\"id\":\"d{i}\",\"text\":\"pain {} fever {}\"}}",
                i * 7 % 41,
                i * 3 % 43
            )
        })
        .collect();
    place.write("corpus.jsonl", lines.join("\n"));
    place.succeeds(&["build", "corpus.jsonl"]);
    place.succeeds(&["export", "--out", "v.npy"]);
    fs::remove_file(place.path("v.npy.ids.jsonl")).unwrap();
    let mut shifted = lines.clone();
    shifted[30..].rotate_left(1);
    place.write("shifted.jsonl", shifted.join("\n"));
    let by_order = import("v.npy", &["--documents", "shifted.jsonl"]);
    place.fails(
        &by_order,
        &["v.npy: row ", "the vector of document \"d3", "same order"],
    );
    place.write(
        "v.npy.ids.jsonl",
        shifted
            .iter()
            .map(|line| line.split(',').next().unwrap().to_owned() + "}\n")
            .collect::<String>(),
    );
    place.fails(
        &import("v.npy", &["--documents", "corpus.jsonl"]),
        &[
            "v.npy: row",
            "give each vector the id of its document in v.npy.ids.jsonl",
        ],
    );
    place.write("v.npy.ids.jsonl", "{\"id\":\"d1\"}\n");
    place.fails(
        &import("v.npy", &["--documents", "corpus.jsonl"]),
        &[
            "v.npy.ids.jsonl",
            "each of the 40 vectors",
            "found 1; remove or rename it",
        ],
    );
}

#[test]
fn vectors_of_texts_that_were_cut_elsewhere_are_taken_with_a_word() {
    let place = Workplace::with_index();
    let mut lines: Vec<&str> = ROWS.lines().collect();
    let long = lines[1].replace("\"text\":\"", "\"text\":\"The heart and the joint. ");
    lines[1] = &long;
    place.write("longer.jsonl", lines.join("\n"));
    place.succeeds(&["export", "--out", "v.npy"]);
    let output = place
        .command(&import("v.npy", &["--documents", "longer.jsonl", "--json"]))
        .output()
        .unwrap();
    assert!(output.status.success());
    let told: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(told["median_cosine"].as_f64().unwrap() > 0.99 && told["lowest_cosine"].as_f64().unwrap() < 0.98);
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(
        words.contains("1 of 4 documents compared have a cosine below") && words.contains("\"flu\""),
        "{words}"
    );
}

#[test]
fn ids_that_are_twice_there_or_nowhere_are_refused_by_their_row() {
    let place = Workplace::with_index();
    place.succeeds(&["export", "--out", "v.npy"]);
    for (ids, words) in [
        ("gout\nflu\ngout\necg\n", ["row 3", "\"gout\" again", "row 1"]),
        (
            "gout\nflu\nother\necg\n",
            ["row 3", "\"rest\"", "none in ids.csv"],
        ),
        (
            "gout\nflu\nrest\n",
            ["ids.csv", "each of the 4 vectors", "found 3"],
        ),
    ] {
        place.write("ids.csv", format!("id\n{ids}"));
        place.fails(
            &import("v.npy", &["--ids", "ids.csv", "--documents", "corpus.jsonl"]),
            &words,
        );
    }
    let three: Vec<&str> = ROWS.lines().filter(|line| !line.contains("rest")).collect();
    place.write("three.jsonl", three.join("\n"));
    place.fails(
        &import(
            "v.npy",
            &["--ids", "v.npy.ids.jsonl", "--documents", "three.jsonl"],
        ),
        &["v.npy", "row 3", "\"rest\"", "none in three.jsonl"],
    );
}

#[test]
fn another_model_is_refused_and_trusted_only_on_request() {
    let place = Workplace::with_index();
    place.succeeds(&["export", "--out", "v.parquet"]);
    encoder::testing::write_tiny_model(&place.path("other"), 2).unwrap();
    let other = ["import", "v.parquet", "--model", "other"];
    place.fails(&other, &["v.parquet", "other", "cosine", "--compare 0"]);
    let told = place.json(&[&other[..], &["--compare", "0", "--json"]].concat());
    assert_eq!(
        (&told["compared"], &told["median_cosine"]),
        (&0.into(), &serde_json::Value::Null)
    );
}
