//! `index verify`: what it finds, and how it says so.

use std::fs;
use std::path::{Path, PathBuf};

use indexer::MANIFEST_NAME;
use serde_json::Value;

use super::workplace::{Workplace, stderr};

/// The only file of this name in the index.
fn file(place: &Workplace, name: &str) -> PathBuf {
    let found = place.index_files().into_iter().find(|path| path.ends_with(name));
    found.unwrap()
}

/// Gives the manifest the checksums that the files have now: an index that a faulty writer could have made.
fn seal(place: &Workplace) {
    let path = place.path("corpus.index").join(MANIFEST_NAME);
    let text = fs::read_to_string(&path).unwrap();
    let (head, body) = text.split_once('\n').unwrap();
    let mut manifest: Value = serde_json::from_str(body).unwrap();
    for segment in manifest["segments"].as_array_mut().unwrap() {
        let folder = place
            .path("corpus.index/segments")
            .join(segment["name"].as_str().unwrap());
        seal_blocks(&folder, segment["files"].as_array().unwrap());
        for file in segment["files"].as_array_mut().unwrap() {
            let bytes = fs::read(folder.join(file["path"].as_str().unwrap())).unwrap();
            file["bytes"] = bytes.len().into();
            file["blake3"] = blake3::hash(&bytes).to_hex().as_str().into();
        }
    }
    let body = format!("{}\n", serde_json::to_string_pretty(&manifest).unwrap());
    let words: Vec<&str> = head.split(' ').collect();
    let checksum = blake3::hash(body.as_bytes()).to_hex();
    fs::write(&path, format!("{} {} {checksum}\n{body}", words[0], words[1])).unwrap();
}

/// Gives the blocks of a segment's files the checksums that they have now.
fn seal_blocks(folder: &Path, files: &[Value]) {
    let place = folder.join("blocks.bin");
    let mut bytes = fs::read(&place).unwrap()[..16].to_vec();
    let names = files.iter().map(|file| file["path"].as_str().unwrap());
    for name in names.filter(|name| *name != "blocks.bin") {
        for block in fs::read(folder.join(name)).unwrap().chunks(1 << 14) {
            bytes.extend_from_slice(&blake3::hash(block).as_bytes()[..16]);
        }
    }
    fs::write(place, bytes).unwrap();
}

/// Verifies an index that has faults: exit code 2, one line of error, the report.
fn faults(place: &Workplace) -> Value {
    let output = place
        .command(&["verify", "corpus.index", "--json"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
    let message = stderr(&output);
    assert!(
        message.starts_with("error: corpus.index: ") && message.lines().count() == 1,
        "{message}"
    );
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["sound"], false);
    report
}

#[test]
fn a_sound_index_passes_every_check() {
    let place = Workplace::with_index();
    let report = place.json(&["verify", "--json"]);
    assert_eq!(
        (&report["type"], &report["sound"]),
        (&"verify".into(), &true.into())
    );
    let checks = report["checks"].as_array().unwrap();
    let names: Vec<&str> = checks
        .iter()
        .map(|check| check["check"].as_str().unwrap())
        .collect();
    assert_eq!(
        names,
        [
            "checksums",
            "structure",
            "graph",
            "norms",
            "own_vectors",
            "documents"
        ]
    );
    for check in &checks[2..] {
        assert_eq!(
            (&check["looked_at"], &check["faulty"]),
            (&4.into(), &0.into()),
            "{check}"
        );
    }
    let text = place.succeeds(&["verify", "corpus.index"]);
    assert!(text.contains("own vectors  4 documents, right"), "{text}");
}

#[test]
fn all_damaged_files_are_named_not_only_the_first() {
    let place = Workplace::with_index();
    let names = ["vectors.bin", "meta.json", "graph.bin"];
    for name in names {
        let path = file(&place, name);
        let mut bytes = fs::read(&path).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        fs::write(&path, bytes).unwrap();
    }
    let report = faults(&place);
    let files = report["faults"].as_array().unwrap().iter();
    let files: Vec<&str> = files.map(|fault| fault["file"].as_str().unwrap()).collect();
    assert_eq!(files.len(), 3, "{report}");
    for name in names {
        assert!(
            files
                .iter()
                .any(|file| file.starts_with("segments") && file.ends_with(name)),
            "{files:?}"
        );
    }
    assert_eq!(
        report["checks"].as_array().unwrap().len(),
        1,
        "nothing is read from them"
    );
}

#[test]
fn a_vector_of_another_length_or_not_of_numbers_is_named_by_its_row() {
    for number in [7.0_f32, f32::NAN] {
        let place = Workplace::with_index();
        let path = file(&place, "vectors.bin");
        let mut bytes = fs::read(&path).unwrap();
        let stride = 4 * u32::from_le_bytes(*bytes[16..].first_chunk().unwrap()) as usize;
        bytes[64 + 2 * stride..][..4].copy_from_slice(&number.to_le_bytes());
        fs::write(&path, bytes).unwrap();
        seal(&place);
        let report = faults(&place);
        let norms = report["faults"].as_array().unwrap().iter();
        let norms: Vec<&Value> = norms.filter(|fault| fault["check"] == "norms").collect();
        assert_eq!(norms.len(), 1, "{report}");
        assert_eq!((&norms[0]["row"], &norms[0]["id"]), (&2.into(), &"rest".into()));
        assert!(
            norms[0]["problem"].as_str().unwrap().contains("length 1"),
            "{report}"
        );
        assert!(
            norms[0]["file"].as_str().unwrap().ends_with("vectors.bin"),
            "{report}"
        );
    }
}

#[test]
fn a_node_that_no_walk_can_reach_is_named_by_its_row() {
    let place = Workplace::with_index();
    let graph = file(&place, "graph.bin");
    let mut bytes = fs::read(&graph).unwrap();
    let number = |bytes: &[u8], at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap());
    // Header: magic, version, nodes, dimension, codes, metric, M, slots a node; then a byte for each coordinate, and the
    // lists of layer 0, each part from a multiple of 64 bytes.
    let [nodes, dimension, width] = [12, 16, 32].map(|at| number(&bytes, at) as usize);
    let lists = (128 + nodes * dimension.next_multiple_of(64)).next_multiple_of(64);
    let lost = nodes as u32 - 1;
    let mut cut = 0;
    for node in 0..nodes {
        for slot in 0..width {
            let at = lists + 4 * (node * width + slot);
            if number(&bytes, at) == lost {
                // A link to itself leads nowhere.
                bytes[at..at + 4].copy_from_slice(&(node as u32).to_le_bytes());
                cut += 1;
            }
        }
    }
    assert!(cut > 0, "the last node has neighbours");
    fs::write(&graph, bytes).unwrap();
    seal(&place);
    let report = faults(&place);
    let unreachable: Vec<&Value> = report["faults"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|fault| fault["check"] == "graph")
        .collect();
    assert_eq!(unreachable.len(), 1, "{report:#}");
    assert!(
        unreachable[0]["row"].is_u64() && unreachable[0]["file"].as_str().unwrap().ends_with("graph.bin")
    );
}

#[test]
fn checksums_of_blocks_that_are_not_theirs_are_found_although_all_files_are_right() {
    let place = Workplace::with_index();
    let blocks = file(&place, "blocks.bin");
    let whole = fs::read(&blocks).unwrap();
    seal(&place);
    assert_eq!(
        fs::read(&blocks).unwrap(),
        whole,
        "sealing changes nothing of a sound index"
    );
    let path = place.path("corpus.index").join(MANIFEST_NAME);
    for at in (16..whole.len()).step_by(16) {
        let mut bytes = whole.clone();
        bytes[at] ^= 1;
        fs::write(&blocks, &bytes).unwrap();
        let text = fs::read_to_string(&path).unwrap();
        let hash = |bytes: &[u8]| blake3::hash(bytes).to_hex().to_string();
        let body = text
            .split_once('\n')
            .unwrap()
            .1
            .replace(&hash(&whole), &hash(&bytes));
        let head = text.split(' ').take(2).collect::<Vec<_>>().join(" ");
        fs::write(&path, format!("{head} {}\n{body}", hash(body.as_bytes()))).unwrap();
        let report = faults(&place);
        assert!(report["faults"][0]["check"] != "checksums", "{report:#}");
        fs::write(&path, &text).unwrap();
    }
}

#[test]
fn what_is_no_index_is_an_error_without_a_report() {
    let place = Workplace::with_index();
    place.fails(&["verify", "model"], &["model", "without MANIFEST"]);
    place.write("corpus.index/MANIFEST", "nonsense");
    place.fails(&["verify"], &["MANIFEST", "first line"]);
}

#[test]
fn several_segments_and_deleted_documents_are_sound() {
    let place = Workplace::with_index();
    place.write(
        "more.jsonl",
        "{\"id\":\"cold\",\"text\":\"A virus causes a cough and a sore throat.\"}\n",
    );
    place.succeeds(&["add", "corpus.index", "more.jsonl"]);
    place.succeeds(&["delete", "corpus.index", "flu"]);
    let report = place.json(&["verify", "--json"]);
    assert_eq!(
        (&report["documents"], &report["segments"]),
        (&4.into(), &2.into())
    );
    let looked_at: Vec<u64> = report["checks"].as_array().unwrap()[2..]
        .iter()
        .map(|check| check["looked_at"].as_u64().unwrap())
        .collect();
    assert_eq!(looked_at, [5, 4, 4, 4], "walks go through deleted documents, too");
    assert_eq!(report["sound"], true);
}

#[test]
fn with_the_model_vectors_that_lie_beside_other_texts_are_found() {
    let place = Workplace::with_index();
    let with_model = ["verify", "corpus.index", "--model", "model", "--json"];
    let report = place.json(&with_model);
    let last = report["checks"].as_array().unwrap().last().unwrap();
    assert_eq!(
        (&last["check"], &last["looked_at"]),
        (&"encoded_anew".into(), &4.into())
    );
    let path = file(&place, "vectors.bin");
    let mut bytes = fs::read(&path).unwrap();
    let stride = 4 * u32::from_le_bytes(*bytes[16..].first_chunk().unwrap()) as usize;
    let (first, second) = bytes[64..].split_at_mut(stride);
    first.swap_with_slice(&mut second[..stride]);
    fs::write(&path, bytes).unwrap();
    seal(&place);
    let output = place.command(&with_model).output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let anew = report["faults"].as_array().unwrap().iter();
    let rows: Vec<&Value> = anew
        .filter(|fault| fault["check"] == "encoded_anew")
        .map(|fault| &fault["row"])
        .collect();
    assert_eq!(rows, [0, 1], "{report}");
    encoder::testing::write_tiny_model(&place.path("other"), 2).unwrap();
    place.fails(
        &["verify", "--model", "other"],
        &["other", "corpus.index", "weights"],
    );
}
