//! What is odd and no fault of the disk: locks of the dead, folders that cannot be written to, questions without sense.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use indexer::IndexReader;

use super::changes::{Before, CHANGES};
use super::place::{Place, Trials, copy, said};

/// Every folder and file without the right to write.
fn set_writable(folder: &Path, writable: bool) {
    let mode = |path: &Path, bits| fs::set_permissions(path, fs::Permissions::from_mode(bits)).unwrap();
    if writable {
        mode(folder, 0o755);
    }
    for entry in fs::read_dir(folder).unwrap().flatten() {
        match entry.path() {
            path if path.is_dir() => set_writable(&path, writable),
            path => mode(&path, if writable { 0o644 } else { 0o444 }),
        }
    }
    if !writable {
        mode(folder, 0o555);
    }
}

#[test]
fn an_index_in_a_folder_that_cannot_be_written_to_is_read() {
    let place = Place::new(Before::Pieces);
    set_writable(&place.index(), false);
    assert_eq!(place.documents(), Before::Pieces.documents());
    set_writable(&place.index(), true);
}

#[test]
fn locks_and_leftovers_of_the_dead_stop_nobody() {
    let trials = Trials::new();
    let (place, saved) = (&trials.place, Place::new(Before::Old));
    for change in CHANGES {
        trials.start(change.before);
        let staged = place.path(".corpus.index.building");
        fs::create_dir(&staged).unwrap();
        copy(&saved.index(), &staged.join("index"));
        fs::write(staged.join("LOCK"), "index build, process 1").unwrap();
        if change.before != Before::Nothing {
            fs::write(place.index().join("LOCK"), "index add, process 1").unwrap();
            fs::write(place.index().join("MANIFEST.new"), "sextant-ind").unwrap();
            fs::create_dir(place.index().join("segments/000009-dead")).unwrap();
        }
        place.succeeds(change.arguments);
        assert_eq!(place.documents(), Some((change.after)()), "{}", change.name);
        let mut left = place.leftovers();
        // Only a build looks for what another build has left.
        left.retain(|name| change.arguments[0] == "build" || name != ".corpus.index.building");
        assert_eq!(left, [""; 0], "{}", change.name);
    }
}

#[test]
fn questions_without_sense_have_answers_without_panic() {
    let place = Place::new(Before::Pieces);
    let reader = IndexReader::open(&place.index()).unwrap();
    let query = reader.vector(4).unwrap().to_vec();
    let rows = reader.row_count();
    let count = reader.len();
    for k in [count, count + 1, 10 * count, u32::MAX as usize] {
        assert_eq!(
            reader.search_vectors(&query, k, 1).unwrap().len(),
            count,
            "k = {k}"
        );
        assert_eq!(reader.search_exact(&query, k).unwrap().len(), count, "k = {k}");
        assert_eq!(reader.search_words("fever", k).unwrap().len(), count, "k = {k}");
    }
    assert!(reader.search_vectors(&query, 0, 100).unwrap().is_empty());
    assert!(reader.search_exact(&query, 0).unwrap().is_empty());
    assert!(reader.search_words("fever", 0).unwrap().is_empty());
    let zeros = vec![0.0; query.len()];
    assert!(
        reader.search_vectors(&zeros, 5, 100).unwrap().is_empty()
            && reader.search_exact(&zeros, 5).unwrap().is_empty()
    );
    for odd in [
        f32::NAN,
        f32::INFINITY,
        f32::NEG_INFINITY,
        f32::MAX,
        f32::MIN_POSITIVE / 4.0,
    ] {
        for place in [0, query.len() - 1] {
            let mut query = query.clone();
            query[place] = odd;
            for found in [
                reader.search_vectors(&query, 5, 100).unwrap(),
                reader.search_exact(&query, 5).unwrap(),
            ] {
                assert!(
                    found.iter().all(|neighbor| neighbor.row < rows),
                    "{odd}: {found:?}"
                );
            }
        }
        assert!(
            reader
                .search_vectors(&vec![odd; query.len()], 5, 100)
                .unwrap()
                .len()
                <= 5
        );
    }
    assert!(reader.search_vectors(&query[1..], 5, 100).unwrap().is_empty());
    assert!(reader.search_vectors(&[], 5, 100).unwrap().is_empty());
}

#[test]
fn a_change_in_a_folder_that_cannot_be_written_to_is_refused() {
    let place = Place::new(Before::Pieces);
    set_writable(&place.index(), false);
    let parent = place.path("");
    fs::set_permissions(&parent, fs::Permissions::from_mode(0o555)).unwrap();
    // Root may write everywhere.
    let refused = fs::write(place.path("try.txt"), "").is_err();
    for change in CHANGES
        .iter()
        .filter(|change| refused && change.before == Before::Pieces)
    {
        let output = place.command(change.arguments).output().unwrap();
        let message = said(&output);
        assert_eq!(output.status.code(), Some(2), "{}: {message}", change.name);
        assert!(
            message.contains("error: ") && message.contains("Permission denied"),
            "{}: {message}",
            change.name
        );
        assert_eq!(place.documents(), Before::Pieces.documents(), "{}", change.name);
    }
    fs::set_permissions(&parent, fs::Permissions::from_mode(0o755)).unwrap();
    set_writable(&place.index(), true);
    assert_eq!(place.documents(), Before::Pieces.documents());
}
