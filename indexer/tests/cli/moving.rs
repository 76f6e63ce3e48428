//! `index export` and `index import`: out of an index and into one.

use std::fs;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, FixedSizeListArray, Float64Array, Int64Array, ListArray, RecordBatch,
    StringArray,
};
use arrow::datatypes::{Float32Type, Float64Type};
use indexer::IndexReader;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::workplace::{ROWS, Workplace};

/// Imports with the model and the file of vectors, then what is said besides.
pub fn import<'a>(vectors: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    [&["import", vectors, "--model", "model"], more].concat()
}

/// Ids and vectors of an index, row by row.
pub fn rows(place: &Workplace, index: &str) -> Vec<(String, Vec<f32>)> {
    let reader = IndexReader::open(&place.path(index)).unwrap();
    (0..reader.len() as u32)
        .map(|row| {
            (
                reader.document(row).unwrap().id,
                reader.vector(row).unwrap().to_vec(),
            )
        })
        .collect()
}

/// `vectors.fbin`, of these vectors.
fn write_fbin(place: &Workplace, vectors: &[Vec<f32>]) {
    let mut bytes = [vectors.len() as u32, vectors[0].len() as u32]
        .map(u32::to_le_bytes)
        .concat();
    bytes.extend(vectors.iter().flatten().flat_map(|x| x.to_le_bytes()));
    place.write("vectors.fbin", bytes);
}

fn write_parquet(place: &Workplace, name: &str, columns: Vec<(&str, ArrayRef)>) {
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let mut writer =
        ArrowWriter::try_new(fs::File::create(place.path(name)).unwrap(), batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
}

#[test]
fn parquet_holds_documents_and_unit_vectors_and_comes_back_the_same() {
    let place = Workplace::with_index();
    let told = place.json(&["export", "--out", "all.parquet", "--json"]);
    assert_eq!(
        (&told["documents"], &told["ids"]),
        (&4.into(), &serde_json::Value::Null)
    );
    let file = fs::File::open(place.path("all.parquet")).unwrap();
    let mut batches = ParquetRecordBatchReaderBuilder::try_new(file)
        .unwrap()
        .build()
        .unwrap();
    let batch = batches.next().unwrap().unwrap();
    let names: Vec<_> = batch
        .schema()
        .fields()
        .iter()
        .map(|field| field.name().clone())
        .collect();
    assert_eq!(names, ["id", "title", "text", "kind", "vector"]);
    assert_eq!(batch.column(1).as_string::<i32>().value(2), "", "no title");
    let before = rows(&place, "corpus.index");
    let vectors = batch
        .column(4)
        .as_any()
        .downcast_ref::<FixedSizeListArray>()
        .unwrap();
    for (row, (id, vector)) in before.iter().enumerate() {
        assert_eq!(batch.column(0).as_string::<i32>().value(row), id);
        assert_eq!(
            vectors.value(row).as_primitive::<Float32Type>().values(),
            &vector[..]
        );
    }
    let told = place.json(&import("all.parquet", &["--json"]));
    assert_eq!((&told["joined_by"], &told["compared"]), (&"id".into(), &4.into()));
    assert!(told["median_cosine"].as_f64().unwrap() > 0.9999, "{told}");
    assert_eq!(rows(&place, "all.index"), before);
    let reader = IndexReader::open(&place.path("all.index")).unwrap();
    let fields = reader.document(0).unwrap().fields;
    assert_eq!(
        serde_json::to_value(fields).unwrap(),
        serde_json::json!({"kind": "disease"})
    );
    place.succeeds(&["export", "all.index", "--out", "again.parquet"]);
    assert_eq!(
        fs::read(place.path("again.parquet")).unwrap(),
        fs::read(place.path("all.parquet")).unwrap()
    );
}

#[test]
fn columns_of_the_corpus_are_exported_with_their_values() {
    let place = Workplace::new();
    let rows = [
        r#"{"_id":"a","text":"Gout.","year":1999,"dose":1,"acute":true,"tag":"x","vector":"mine","odd":1}"#,
        r#"{"_id":"b","text":"Flu.","year":2004,"dose":0.5,"acute":false,"tag":["y","z"],"odd":"two"}"#,
        r#"{"_id":"c","text":"Rest.","dose":2,"empty":null}"#,
    ];
    place.write("corpus.jsonl", rows.join("\n"));
    place.succeeds(&["build", "corpus.jsonl"]);
    let output = place
        .command(&["export", "--out", "all.parquet"])
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("\"vector_\""), "{said}");
    place.succeeds(&import("all.parquet", &[]));
    let reader = IndexReader::open(&place.path("all.index")).unwrap();
    let fields = |row| serde_json::to_value(reader.document(row).unwrap().fields).unwrap();
    let expected = serde_json::json!({"year": 1999, "dose": 1.0, "acute": true, "tag": "x", "vector_": "mine", "odd": "1"});
    assert_eq!(without_nulls(fields(0)), expected);
    let expected =
        serde_json::json!({"year": 2004, "dose": 0.5, "acute": false, "tag": "[\"y\",\"z\"]", "odd": "two"});
    assert_eq!(without_nulls(fields(1)), expected);
    assert_eq!(without_nulls(fields(2)), serde_json::json!({"dose": 2.0}));
    let recent = indexer::Filter::parse("year > 2000 AND acute = false").unwrap();
    assert_eq!(reader.matching(&recent).unwrap().rows().collect::<Vec<_>>(), [1]);
}

fn without_nulls(mut fields: serde_json::Value) -> serde_json::Value {
    let columns = fields.as_object_mut().unwrap();
    columns.retain(|_, value| !value.is_null());
    fields
}

#[test]
fn plain_files_of_vectors_are_read_and_made_unit_vectors() {
    let place = Workplace::with_index();
    let before = rows(&place, "corpus.index");
    let long: Vec<Vec<f32>> = before
        .iter()
        .map(|(_, v)| v.iter().map(|x| 3.0 * x).collect())
        .collect();
    write_fbin(&place, &long);
    let mut fvecs = Vec::new();
    for vector in &long {
        fvecs.extend((vector.len() as u32).to_le_bytes());
        fvecs.extend(vector.iter().flat_map(|x| x.to_le_bytes()));
    }
    place.write("v.fvecs", fvecs);
    for name in ["vectors.fbin", "v.fvecs"] {
        place.succeeds(&import(
            name,
            &["--documents", "corpus.jsonl", "--out", "made.index", "--force"],
        ));
        for ((id, made), (expected_id, expected)) in rows(&place, "made.index").iter().zip(&before) {
            assert_eq!(id, expected_id);
            assert!(
                made.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-6),
                "{name}"
            );
        }
    }
}

#[test]
fn lengths_are_kept_where_the_metric_needs_them() {
    let place = Workplace::with_index();
    let long: Vec<Vec<f32>> = (1..)
        .zip(rows(&place, "corpus.index"))
        .map(|(times, (_, v))| v.iter().map(|x| times as f32 * x).collect())
        .collect();
    write_fbin(&place, &long);
    for metric in ["dot", "euclidean"] {
        let out = format!("{metric}.index");
        let documents = ["--documents", "corpus.jsonl", "--metric", metric, "--out", &out];
        place.succeeds(&import("vectors.fbin", &documents));
        let made: Vec<Vec<f32>> = rows(&place, &out).into_iter().map(|(_, vector)| vector).collect();
        assert_eq!(made, long);
        let info = place.json(&["info", &out, "--json"]);
        assert_eq!((&info["metric"], &info["format"]), (&metric.into(), &4.into()));
        assert!(
            place
                .succeeds(&["info", &out])
                .contains(&format!(", {metric}, int8 codes"))
        );
        place.succeeds(&["verify", &out]);
        let reader = IndexReader::open(&place.path(&out)).unwrap();
        let score = reader.search_vectors(&long[1], 1, 16).unwrap()[0].score;
        let expected = indexer::Metric::ALL
            .into_iter()
            .find(|known| known.name() == metric)
            .unwrap();
        let best = long.iter().map(|row| expected.score(&long[1], row));
        assert!((best.fold(f32::MIN, f32::max) - score).abs() < 1e-4, "{metric}");
        place.succeeds(&["export", &out, "--out", "again.npy", "--force"]);
        place.succeeds(&import(
            "again.npy",
            &[
                "--documents",
                "corpus.jsonl",
                "--metric",
                metric,
                "--out",
                "again.index",
                "--force",
            ],
        ));
        assert_eq!(rows(&place, "again.index"), rows(&place, &out));
    }
    place.write(
        "more.jsonl",
        "{\"_id\":\"new\",\"title\":\"\",\"text\":\"A cough.\"}\n",
    );
    place.succeeds(&["add", "dot.index", "more.jsonl"]);
    place.succeeds(&["verify", "dot.index"]);
    place.fails(
        &[
            "build",
            "corpus.jsonl",
            "--out",
            "x.index",
            "--metric",
            "dot",
            "--builder",
            "hnsw_rs",
        ],
        &["--builder hnsw_rs", "--metric dot"],
    );
}

#[test]
fn lists_of_doubles_with_ids_are_joined_to_documents_elsewhere() {
    let place = Workplace::with_index();
    let before = rows(&place, "corpus.index");
    let lists = before
        .iter()
        .rev()
        .map(|(_, v)| Some(v.iter().map(|x| Some(f64::from(*x))).collect::<Vec<_>>()));
    let lists = ListArray::from_iter_primitive::<Float64Type, _, _>(lists);
    let ids = StringArray::from_iter_values(before.iter().rev().map(|(id, _)| id));
    write_parquet(
        &place,
        "e.parquet",
        vec![
            ("key", Arc::new(ids) as ArrayRef),
            ("emb", Arc::new(lists) as ArrayRef),
        ],
    );
    place.write("keyed.jsonl", ROWS.replace("\"_id\"", "\"key\""));
    place.succeeds(&import(
        "e.parquet",
        &["--documents", "keyed.jsonl", "--id", "key"],
    ));
    assert_eq!(rows(&place, "e.index"), before);
    place.fails(
        &import(
            "e.parquet",
            &[
                "--documents",
                "corpus.jsonl",
                "--vector",
                "vec",
                "--out",
                "x.index",
            ],
        ),
        &["e.parquet", "vec", "key, emb", "--vector"],
    );
}

#[test]
fn bad_vectors_are_refused_by_their_row() {
    let place = Workplace::with_index();
    let good: Vec<Vec<f32>> = rows(&place, "corpus.index")
        .into_iter()
        .map(|(_, vector)| vector)
        .collect();
    let documents = ["--documents", "corpus.jsonl"];
    for (number, words) in [
        (f32::NAN, ["row 3", "-1e15 to 1e15", "NaN"]),
        (f32::NEG_INFINITY, ["row 3", "-1e15 to 1e15", "-inf"]),
        (2e15, ["row 3", "-1e15 to 1e15", "number 2"]),
    ] {
        let mut vectors = good.clone();
        vectors[2][1] = number;
        write_fbin(&place, &vectors);
        place.fails(&import("vectors.fbin", &documents), &words);
    }
    let mut vectors = good.clone();
    vectors[1].fill(0.0);
    write_fbin(&place, &vectors);
    place.fails(
        &import("vectors.fbin", &documents),
        &["vectors.fbin", "row 2", "zeros"],
    );
    write_fbin(&place, &good[..3]);
    place.fails(
        &import("vectors.fbin", &documents),
        &["corpus.jsonl", "row 4", "\"ecg\"", "only 3"],
    );
    write_fbin(&place, &[&good[..], &good[..1]].concat());
    place.fails(
        &import("vectors.fbin", &documents),
        &["vectors.fbin", "row 5", "5 vectors", "only 4"],
    );
    let short: Vec<Vec<f32>> = good.iter().map(|vector| vector[1..].to_vec()).collect();
    write_fbin(&place, &short);
    place.fails(
        &import("vectors.fbin", &documents),
        &["vectors.fbin", "numbers", "model", "--truncate-dim"],
    );
    let mut bytes = fs::read(place.path("vectors.fbin")).unwrap();
    bytes.pop();
    place.write("vectors.fbin", bytes);
    place.fails(
        &import("vectors.fbin", &documents),
        &["vectors.fbin", "4 rows", "bytes"],
    );
    place.write(
        "v.fvecs",
        [[1_u32, 0, 2, 0].map(u32::to_le_bytes).concat(), vec![0; 7]].concat(),
    );
    place.fails(
        &import("v.fvecs", &documents),
        &["v.fvecs", "row 2", "1 numbers as in row 1"],
    );
    let trusted = [&documents[..], &["--compare", "0"]].concat();
    place.fails(&import("v.fvecs", &trusted), &["v.fvecs", "row 1", "zeros"]);
    place.write("v.npy", b"\x93NUMPY\x01\x00\x08\x00{'a': 1}");
    place.fails(&import("v.npy", &documents), &["v.npy", "two dimensions"]);
    let header = |order: &str, shape: &str| {
        let text = format!("{{'descr': '<f4', 'fortran_order': {order}, 'shape': {shape}, }}");
        [b"\x93NUMPY\x01\x00", &[text.len() as u8, 0][..], text.as_bytes()].concat()
    };
    for (order, shape) in [("True", "(4, 32)"), ("False", "(128,)"), ("False", "(4, 32, 1)")] {
        place.write("v.npy", header(order, shape));
        place.fails(
            &import("v.npy", &documents),
            &[
                "v.npy",
                shape,
                "a row for each document",
                "numpy.ascontiguousarray",
            ],
        );
    }
    place.write("v.npy", header("False", "(0, 32)"));
    place.fails(
        &import("v.npy", &documents),
        &["v.npy", "found none", "name a file that has rows"],
    );
    place.write("v.txt", "1 2 3");
    place.fails(&import("v.txt", &documents), &["v.txt", ".fbin"]);
}

#[test]
fn nulls_in_parquet_are_refused_by_their_row() {
    let place = Workplace::with_index();
    let ids = Arc::new(Int64Array::from(vec![1, 2])) as ArrayRef;
    let texts = Arc::new(StringArray::from(vec!["Gout.", "Flu."])) as ArrayRef;
    let table = |vectors: Vec<Option<Vec<Option<f64>>>>| {
        let vectors = Arc::new(ListArray::from_iter_primitive::<Float64Type, _, _>(vectors)) as ArrayRef;
        vec![
            ("id", Arc::clone(&ids)),
            ("text", Arc::clone(&texts)),
            ("vector", vectors),
        ]
    };
    let row = |numbers: &[f64]| Some(numbers.iter().map(|x| Some(*x)).collect::<Vec<_>>());
    for (second, words) in [
        (None, ["row 2", "a vector", "null"]),
        (
            Some(vec![Some(1.0), None]),
            ["row 2", "numbers", "null among them"],
        ),
        (row(&[1.0]), ["row 2", "2 numbers as in row 1", "found 1"]),
        (row(&[1.0, 1e300]), ["row 2", "-1e15 to 1e15", "inf"]),
    ] {
        write_parquet(&place, "n.parquet", table(vec![row(&[1.0, 2.0]), second]));
        place.fails(&import("n.parquet", &[]), &words);
    }
    let numbers = Arc::new(Float64Array::from(vec![1.0, 2.0])) as ArrayRef;
    write_parquet(
        &place,
        "n.parquet",
        vec![("id", ids), ("text", texts), ("vector", numbers)],
    );
    place.fails(
        &import("n.parquet", &[]),
        &["n.parquet", "no column vector of lists", "id, text, vector"],
    );
}

#[test]
fn what_a_stopped_build_left_is_lost_only_to_an_import_that_succeeds() {
    let place = Workplace::with_index();
    place.succeeds(&["export", "--out", "v.npy"]);
    place.write(".v.index.building/index/segments/old/file", "x");
    place.write(".v.index.building/encoded-0", "x");
    place.write("one.jsonl", "{\"id\":\"gout\",\"text\":\"Gout.\"}\n");
    place.fails(
        &import("v.npy", &["--documents", "one.jsonl"]),
        &["\"flu\"", "none in one.jsonl"],
    );
    assert!(place.path(".v.index.building/encoded-0").exists());
    place.succeeds(&import("v.npy", &["--documents", "corpus.jsonl"]));
    assert!(!place.path(".v.index.building").exists());
    assert_eq!(fs::read_dir(place.path("v.index/segments")).unwrap().count(), 1);
    place.succeeds(&["verify", "v.index"]);
}

#[test]
fn memory_makes_segments_of_vectors_in_any_order() {
    let place = Workplace::with_index();
    let row = |i: usize| format!("{{\"id\":\"{i}\",\"text\":\"pain {i}\"}}\n");
    place.write("corpus.jsonl", (0..4500).map(row).collect::<String>());
    place.succeeds(&["build", "corpus.jsonl", "--model", "model", "-o", "all.index"]);
    place.succeeds(&["export", "all.index", "--out", "v.npy"]);
    let before = rows(&place, "all.index");
    place.write("turned.jsonl", (0..4500).rev().map(row).collect::<String>());
    let by_ids = [
        "--ids",
        "v.npy.ids.jsonl",
        "--documents",
        "turned.jsonl",
        "--json",
    ];
    let bounded = [&by_ids[..], &["--memory", "403M"]].concat();
    let summary = place.json(&import("v.npy", &bounded));
    assert_eq!(
        (&summary["segments"], &summary["documents"]),
        (&2.into(), &4500.into())
    );
    let expected: Vec<_> = before.into_iter().rev().collect();
    assert_eq!(rows(&place, "v.index"), expected);
    place.succeeds(&["verify", "v.index"]);
    let little = [&by_ids[..], &["--force", "--memory", "10M"]].concat();
    place.fails(
        &import("v.npy", &little),
        &["--memory: expected at least ", "found 10M"],
    );
    assert_eq!(rows(&place, "v.index"), expected);
}
