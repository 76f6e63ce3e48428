//! Every byte that flips and every file that is cut is noticed before anything of it is used.

use std::fs;
use std::path::{Path, PathBuf};

use indexer::IndexReader;
use indexer::build::Unwatched;
use indexer::verify::verify;
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

/// All that can be asked of an index.
fn ask_all(index: &Path) -> indexer::Result<Vec<String>> {
    let reader = IndexReader::open(index)?;
    let mut found = Vec::new();
    for row in reader.live_rows() {
        let document = reader.document(row)?;
        let vector = reader.vector(row)?;
        found.push(format!(
            "{document:?} {vector:?} {:?}",
            reader.find(&document.id)?
        ));
        found.push(format!("{:?}", reader.search_exact(vector, 3)?));
        for ef in [1, 1000] {
            found.push(format!("{:?}", reader.search_vectors(vector, 3, ef)?));
        }
        found.push(format!("{:?}", reader.search_words(&document.text, 100)?));
    }
    found.push(format!("{:?}", reader.columns()?));
    Ok(found)
}

/// Whoever asks gets the answers of the whole index or an error that names the file, and `index verify`'s checks find
/// the file in any case; whether there was an error.
fn noticed(index: &Path, file: &Path, (case, whole): (&str, &[String])) -> bool {
    let name = file.file_name().unwrap().to_str().unwrap();
    let asked = ask_all(index);
    match &asked {
        Ok(found) => assert!(found == whole, "{name}, {case}: another answer"),
        Err(error) => assert!(error.to_string().contains(name), "{name}, {case}: {error}"),
    }
    match verify(index, None, &mut Unwatched) {
        Ok(report) => {
            let is_named = report.faults.iter().any(|fault| file.ends_with(&fault.file));
            assert!(is_named, "{name}, {case}: {:?}", report.faults);
        }
        Err(error) => assert!(error.to_string().contains(name), "{name}, {case}: {error}"),
    }
    asked.is_err()
}

/// The index must be refused when it is opened, with a word on the file.
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
    let whole = ask_all(&place.index()).unwrap();
    let mut random = rand::rngs::StdRng::seed_from_u64(17);
    let (mut flips, mut errors) = (0, 0);
    for file in files(&place.index()) {
        let content = fs::read(&file).unwrap();
        for at in chosen(content.len(), tries_or_all(12), 5) {
            let mut bytes = content.clone();
            bytes[at] ^= random.random_range(1..=255_u8);
            fs::write(&file, &bytes).unwrap();
            let case = format!("byte {at} of {} is {:#x}", bytes.len(), bytes[at]);
            errors += usize::from(noticed(&place.index(), &file, (&case, &whole)));
            flips += 1;
        }
        fs::write(&file, &content).unwrap();
    }
    // Blocks that no answer needs are few: these files are smaller than a block.
    assert!(errors * 10 > flips * 9, "{errors} of {flips}");
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
