//! Every byte that flips and every file that is cut is noticed before anything of it is used.

use std::fs;
use std::path::{Path, PathBuf};

use indexer::IndexReader;
use rand::{Rng, SeedableRng};

use super::changes::Before;
use super::place::Place;
use super::{chosen, tries_or_all};

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap().flatten() {
        match entry.path() {
            path if path.is_dir() => found.extend(files(&path)),
            path => found.push(path),
        }
    }
    found.sort();
    found
}

/// The index must be refused, with a word on the file.
fn refused(index: &Path, file: &Path, case: &str) {
    let name = file.file_name().unwrap().to_str().unwrap();
    match IndexReader::open(index) {
        Ok(_) => panic!("{name}, {case}: was not noticed"),
        Err(error) => assert!(error.to_string().contains(name), "{name}, {case}: {error}"),
    }
}

#[test]
fn any_byte_that_flips() {
    let place = Place::new(Before::Pieces);
    let mut random = rand::rngs::StdRng::seed_from_u64(17);
    for file in files(&place.index()) {
        let whole = fs::read(&file).unwrap();
        for at in chosen(whole.len(), tries_or_all(12), 5) {
            let mut bytes = whole.clone();
            bytes[at] ^= random.random_range(1..=255_u8);
            fs::write(&file, &bytes).unwrap();
            refused(
                &place.index(),
                &file,
                &format!("byte {at} of {} is {:#x}", whole.len(), bytes[at]),
            );
        }
        fs::write(&file, &whole).unwrap();
    }
    assert!(place.documents().is_some(), "all is as it was");
}

#[test]
fn any_length_that_is_not_the_file_s() {
    let place = Place::new(Before::Pieces);
    for file in files(&place.index()) {
        let whole = fs::read(&file).unwrap();
        for length in chosen(whole.len(), tries_or_all(6), 6) {
            fs::write(&file, &whole[..length]).unwrap();
            refused(
                &place.index(),
                &file,
                &format!("{length} of {} bytes", whole.len()),
            );
        }
        fs::write(&file, [&whole[..], b"\0"].concat()).unwrap();
        refused(&place.index(), &file, "a byte too many");
        fs::write(&file, &whole).unwrap();
    }
    assert!(place.documents().is_some(), "all is as it was");
}
