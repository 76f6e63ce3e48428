//! Files that are wrong and whose checksums are right: whoever made them, reading them never panics, and what is found
//! are rows that there are.

use std::fs;
use std::path::{Path, PathBuf};

use indexer::{IndexReader, MANIFEST_NAME};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};

use super::changes::Before;
use super::place::{Place, copy};
use super::tries;

/// Numbers at which arithmetic goes wrong.
const ODD: [u32; 8] = [0, 1, 0x7fff_ffff, 0x8000_0000, u32::MAX, u32::MAX - 1, 29, 31];

/// The manifest's JSON.
fn read_manifest(index: &Path) -> Value {
    let text = fs::read_to_string(index.join(MANIFEST_NAME)).unwrap();
    serde_json::from_str(text.split_once('\n').unwrap().1).unwrap()
}

/// Writes a manifest with the checksum that it should have.
fn write_manifest(index: &Path, manifest: &Value) {
    let body = format!("{manifest:#}\n");
    let checksum = blake3::hash(body.as_bytes()).to_hex();
    let head = format!("sextant-index {} {checksum}\n", indexer::FORMAT_VERSION);
    fs::write(index.join(MANIFEST_NAME), head + &body).unwrap();
}

/// Gives the records of a segment's files the lengths and checksums that they have now, and its blocks theirs.
fn fix_records(index: &Path, blocks: bool) {
    let mut manifest = read_manifest(index);
    for segment in manifest["segments"].as_array_mut().unwrap() {
        let folder = index.join("segments").join(segment["name"].as_str().unwrap());
        if blocks {
            fix_blocks(segment["files"].as_array().unwrap(), &folder);
        }
        for record in segment["files"].as_array_mut().unwrap() {
            fix(record, &folder);
        }
        if let Some(record) = segment.pointer_mut("/deleted/file") {
            fix(record, &index.join("deleted"));
        }
    }
    write_manifest(index, &manifest);
}

/// Gives the blocks of a segment's files the checksums that they have now.
fn fix_blocks(records: &[Value], folder: &Path) {
    let place = folder.join("blocks.bin");
    let mut bytes = fs::read(&place).unwrap()[..16].to_vec();
    let names = records.iter().map(|record| record["path"].as_str().unwrap());
    for name in names.filter(|name| *name != "blocks.bin") {
        for block in fs::read(folder.join(name)).unwrap().chunks(1 << 14) {
            bytes.extend_from_slice(&blake3::hash(block).as_bytes()[..16]);
        }
    }
    fs::write(place, bytes).unwrap();
}

fn fix(record: &mut Value, folder: &Path) {
    let bytes = fs::read(folder.join(record["path"].as_str().unwrap())).unwrap();
    record["bytes"] = bytes.len().into();
    record["blake3"] = blake3::hash(&bytes).to_hex().as_str().into();
}

/// Does to the bytes what no writer does.
fn mutate(bytes: &mut Vec<u8>, random: &mut StdRng) {
    for _ in 0..random.random_range(1..6) {
        // Headers are short and matter most.
        let end = if random.random_bool(0.5) {
            bytes.len().min(64)
        } else {
            bytes.len()
        };
        if end < 4 {
            return bytes.push(random.random());
        }
        let at = random.random_range(0..end);
        match random.random_range(0..8) {
            0 => bytes[at] = random.random(),
            1..5 => {
                let word = at & !3;
                let number = match random.random_bool(0.7) {
                    true => *ODD.choose(random).unwrap(),
                    false => random.random(),
                };
                if let Some(place) = bytes.get_mut(word..word + 4) {
                    place.copy_from_slice(&number.to_le_bytes());
                }
            }
            5 => bytes.truncate(at),
            6 => {
                let (from, length) = (random.random_range(0..bytes.len()), bytes.len());
                bytes.copy_within(from..(from + 16).min(length), at.min(length.saturating_sub(16)));
            }
            _ => bytes.extend_from_within(at..),
        }
    }
}

/// Replaces, removes or doubles something in the JSON.
fn mutate_json(value: &mut Value, random: &mut StdRng) {
    let descend = random.random_bool(0.8);
    match value {
        Value::Object(fields) if descend && !fields.is_empty() => {
            let name = fields
                .keys()
                .nth(random.random_range(0..fields.len()))
                .unwrap()
                .clone();
            match random.random_bool(0.1) {
                true => drop(fields.remove(&name)),
                false => mutate_json(&mut fields[&name], random),
            }
        }
        Value::Array(values) if descend && !values.is_empty() => {
            let at = random.random_range(0..values.len());
            match random.random_range(0..10) {
                0 => drop(values.remove(at)),
                1 => values.push(values[at].clone()),
                _ => mutate_json(&mut values[at], random),
            }
        }
        other => {
            let odd = [
                json!(0),
                json!(1),
                json!(-1),
                json!(31),
                json!(u32::MAX),
                json!(u64::from(u32::MAX) + 1),
                json!(u64::MAX),
                json!(1e300),
                json!(""),
                json!("../.."),
                json!("graph.bin"),
                json!([]),
                json!({}),
                Value::Null,
            ];
            *other = odd.choose(random).unwrap().clone();
        }
    }
}

/// Opens the index and asks it all that can be asked.
fn use_all(index: &Path) {
    let Ok(reader) = IndexReader::open(index) else {
        return;
    };
    let rows = reader.row_count();
    let dimension = reader.manifest().dimension;
    let mut query = vec![0.0_f32; dimension];
    query
        .iter_mut()
        .zip(1..)
        .for_each(|(number, i)| *number = 1.0 / i as f32);
    let mut found = reader.search_words("fever number7", 10).unwrap_or_default();
    for (k, ef) in [(1, 1), (10, 40), (100, 1000)] {
        found.extend(reader.search_vectors(&query, k, ef).unwrap_or_default());
    }
    found.extend(reader.search_exact(&query, 10).unwrap_or_default());
    for neighbor in found {
        assert!(reader.is_live(neighbor.row), "row {} of {rows}", neighbor.row);
        let _ = reader.document(neighbor.row);
        assert!(
            reader
                .vector(neighbor.row)
                .is_ok_and(|vector| vector.len() == dimension)
        );
    }
    assert!(reader.document(rows).is_err());
}

/// A fresh copy of the index for each of so many tries, changed by `change`.
fn each(count: usize, seed: u64, change: impl Fn(&Path, &mut StdRng)) {
    let saved = Place::new(Before::Pieces);
    let place = tempfile::tempdir().unwrap();
    for number in 0..count as u64 {
        let index = place.path().join(format!("{number}.index"));
        copy(&saved.index(), &index);
        change(&index, &mut StdRng::seed_from_u64(seed + number));
        // A panic names its seed this way.
        let used = std::panic::catch_unwind(|| use_all(&index));
        assert!(used.is_ok(), "seed {}: {}", seed + number, index.display());
        fs::remove_dir_all(&index).unwrap();
    }
}

/// One of the files whose path in `folder` has `name` in it.
fn pick(folder: &Path, name: &str, random: &mut StdRng) -> PathBuf {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap().flatten() {
            match entry.path() {
                path if path.is_dir() => folders.push(path),
                path => found.push(path),
            }
        }
    }
    found.retain(|path| {
        path.strip_prefix(folder)
            .unwrap()
            .to_string_lossy()
            .contains(name)
    });
    found.sort();
    found.choose(random).unwrap().clone()
}

#[test]
fn files_of_vectors_graphs_and_deleted_rows() {
    for (name, seed) in [
        ("vectors.bin", 1_000_000),
        ("graph.bin", 2_000_000),
        ("deleted/", 3_000_000),
        ("blocks.bin", 5_000_000),
    ] {
        each(10 * tries(10), seed, |index, random| {
            let file = pick(index, name, random);
            let mut bytes = fs::read(&file).unwrap();
            mutate(&mut bytes, random);
            fs::write(&file, bytes).unwrap();
            fix_records(index, name != "blocks.bin");
        });
    }
}

#[test]
fn manifests() {
    each(10 * tries(10), 4_000_000, |index, random| {
        let mut manifest = read_manifest(index);
        for _ in 0..random.random_range(1..3) {
            mutate_json(&mut manifest, random);
        }
        write_manifest(index, &manifest);
    });
}
