//! A writer killed after any step leaves the old state or the new one, and nothing that stays.

use super::super::commit;
use super::super::second_reading::SecondReading;
use super::super::survey::survey;
use super::*;
use crate::manifest::{DELETED_NAME, MANIFEST_NAME, Manifest, SEGMENTS_NAME};

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().flatten() {
        let target = to.join(entry.file_name());
        match entry.path().is_dir() {
            true => copy(&entry.path(), &target),
            false => drop(fs::copy(entry.path(), target).unwrap()),
        }
    }
}

/// What a killed writer would leave behind at this moment: opened, then written to by the next writer.
fn crash(place: &Place, expected: &[&str]) {
    let found = tempfile::tempdir().unwrap();
    let index = found.path().join("c.index");
    copy(&place.index(), &index);
    assert_eq!(ids(&index), expected);
    let writer = IndexWriter::open(&index).unwrap();
    assert_eq!(ids(&index), expected);
    let manifest = writer.reader().manifest().clone();
    drop(writer);
    assert_eq!(names(&index.join(SEGMENTS_NAME)).len(), manifest.segments.len());
    let deleted = manifest
        .segments
        .iter()
        .filter(|segment| segment.deleted.is_some());
    assert_eq!(names(&index.join(DELETED_NAME)).len(), deleted.count());
    let left = names(&index);
    let known = [DELETED_NAME, MANIFEST_NAME, SEGMENTS_NAME];
    assert!(left.iter().all(|name| known.contains(&name.as_str())), "{left:?}");
}

#[test]
fn at_every_step_of_an_update() {
    let place = Place::with(&[("a", "gout"), ("b", "fever"), ("c", "cough")]);
    place.delete(&["a"]);
    let (old, new) = (["b", "c"], ["c", "b", "d"]);
    let input = place.input(&[("b", "pain"), ("d", "skin")]);
    let mut writer = place.writer();
    let segment = writer.segment().unwrap();
    crash(&place, &old);
    let (inputs, columns) = ([input], Default::default());
    let surveyed = survey(&inputs, &columns, &mut Unwatched, |_, _| Ok(())).unwrap();
    let mut reading = SecondReading::new(&inputs, &columns, &surveyed);
    let encoder = HashEncoder::new(DIMENSION);
    let filled = super::super::fill::fill(
        &segment,
        (&mut reading, 2),
        (&encoder, Default::default()),
        None,
        &mut Unwatched,
    )
    .unwrap();
    crash(&place, &old);
    let hnsw = writer.committed().hnsw;
    let finished = segment
        .finish((&filled.vectors, filled.words), hnsw, &mut Unwatched)
        .unwrap();
    crash(&place, &old);
    let mut next = writer.committed().clone();
    let row = writer.reader().find("b").unwrap().unwrap();
    next.segments = writer.without(&[row]).unwrap();
    next.segments.push(finished.record);
    crash(&place, &old);
    fs::write(place.index().join("MANIFEST.new"), "half of a mani").unwrap();
    crash(&place, &old);
    writer.commit(next).unwrap();
    assert_eq!(
        names(&place.index().join(DELETED_NAME)).len(),
        2,
        "the old one is there still"
    );
    crash(&place, &new);
    drop(writer);
    assert_eq!(names(&place.index().join(DELETED_NAME)).len(), 1);
    crash(&place, &new);
}

#[test]
fn at_every_step_of_a_rebuild() {
    let place = Place::with(&[("a", "gout"), ("b", "fever")]);
    place.add(&[("c", "cough")]);
    place.delete(&["a"]);
    place.build("new.index", &[("d", "skin")]);
    let staged = place.folder.path().join("new.index");
    let manifest = Manifest::read(&staged).unwrap();
    let name = &manifest.segments[0].name;
    let (from, to) = (
        staged.join(SEGMENTS_NAME).join(name),
        place.index().join(SEGMENTS_NAME).join(name),
    );
    copy(&from, &to);
    crash(&place, &["b", "c"]);
    fs::remove_dir_all(to).unwrap();
    commit::replace(&staged, &place.index(), &manifest).unwrap();
    crash(&place, &["d"]);
    assert_eq!(names(&place.index()), [MANIFEST_NAME, SEGMENTS_NAME]);
}

#[test]
fn a_manifest_that_cannot_be_placed_takes_its_files_with_it() {
    let place = Place::with(&[("a", "gout"), ("b", "fever")]);
    let options = place.options(Known::Replace, &[("b", "pain")]);
    let writer = place.writer();
    fs::create_dir(place.index().join("MANIFEST.new")).unwrap();
    let encoder = HashEncoder::new(DIMENSION);
    let error = writer.add(&options, &encoder, &mut Unwatched).unwrap_err();
    assert!(matches!(error, IndexError::Write { .. }), "{error}");
    assert_eq!(ids(&place.index()), ["a", "b"]);
    assert_eq!(names(&place.index().join(SEGMENTS_NAME)).len(), 1);
    assert_eq!(
        names(&place.index()),
        [MANIFEST_NAME, "MANIFEST.new", SEGMENTS_NAME]
    );
}
