//! Readers while the index changes.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::super::{Observer, Phase};
use super::*;

#[test]
fn a_reader_keeps_the_state_that_it_opened_and_a_refreshed_one_has_the_newest() {
    let place = Place::with(&[("a", "gout"), ("b", "fever")]);
    let old = place.reader();
    assert!(old.refresh().unwrap().is_none(), "nothing has happened");
    place.add(&[("c", "cough")]);
    place.delete(&["a"]);
    place.compact();
    assert_eq!((old.len(), old.row_count()), (2, 2));
    assert_eq!(old.document(0).unwrap().id, "a");
    assert_eq!(old.search_words("gout", 9).unwrap().len(), 1);
    assert_eq!(old.search_vectors(old.vector(0).unwrap(), 9, 9).unwrap().len(), 2);
    let new = old.refresh().unwrap().unwrap();
    assert_eq!(
        (new.len(), new.find("a").unwrap(), new.find("c").unwrap()),
        (2, None, Some(1))
    );
    assert!(new.refresh().unwrap().is_none());
    place.build("c.index", &[("z", "made anew")]);
    let anew = new.refresh().unwrap().unwrap();
    assert_eq!(anew.document(0).unwrap().id, "z");
}

#[test]
fn a_refresh_opens_only_what_is_new() {
    let place = Place::with(&[("a", "gout"), ("b", "fever")]);
    let old = place.reader();
    place.add(&[("c", "cough")]);
    place.delete(&["a"]);
    // What both states have is not looked at again: its files could even be gone.
    let segment = place
        .index()
        .join("segments")
        .join(&old.manifest().segments[0].name);
    fs::rename(&segment, segment.with_extension("away")).unwrap();
    assert!(IndexReader::open(&place.index()).is_err());
    let new = old.refresh().unwrap().unwrap();
    assert_eq!((new.len(), new.document(1).unwrap().id.as_str()), (2, "b"));
}

/// Every commit replaces the documents `x` and `y` together, so that a reader that saw half of one would find two
/// versions, or one document, or none.
fn commits_are_never_seen_by_halves(commits: usize) {
    let place = Place::with(&[("x", "version0"), ("y", "version0"), ("stays", "always")]);
    let (index, done) = (place.index(), AtomicBool::new(false));
    let seen = AtomicUsize::new(0);
    let version = |reader: &IndexReader| -> String {
        assert_eq!(reader.len(), 3);
        let text = |id: &str| {
            let row = reader.find(id).unwrap().expect("it is always there");
            reader.document(row).unwrap().text
        };
        let (x, y) = (text("x"), text("y"));
        assert_eq!(x, y);
        assert_eq!(reader.search_words(&x, 9).unwrap().len(), 2, "{x}");
        assert_eq!(
            reader
                .search_vectors(reader.vector(reader.find("x").unwrap().unwrap()).unwrap(), 9, 9)
                .unwrap()
                .len(),
            3
        );
        x
    };
    let watch = |fresh: bool| {
        let mut reader = IndexReader::open(&index).unwrap();
        while !done.load(Ordering::SeqCst) {
            let newer = match fresh {
                true => Some(IndexReader::open(&index).unwrap()),
                false => reader.refresh().unwrap(),
            };
            if let Some(newer) = newer {
                seen.fetch_add(usize::from(version(&newer) != version(&reader)), Ordering::SeqCst);
                reader = newer;
            }
        }
    };
    std::thread::scope(|scope| {
        scope.spawn(|| watch(true));
        scope.spawn(|| watch(false));
        for number in 1..=commits {
            let text = format!("version{number}");
            match number % 10 {
                0 => place.compact(),
                _ => place.update(&[("x", text.as_str()), ("y", text.as_str())]),
            }
        }
        done.store(true, Ordering::SeqCst);
    });
    assert!(seen.into_inner() > commits / 20, "the readers saw commits happen");
    assert_eq!(place.reader().len(), 3);
}

#[test]
fn thirty_commits_are_never_seen_by_halves() {
    commits_are_never_seen_by_halves(30);
}

/// `cargo xtask faults` runs it.
#[test]
#[ignore = "takes a minute"]
fn a_thousand_commits_are_never_seen_by_halves() {
    commits_are_never_seen_by_halves(1000);
}

/// Merges the segments of an index when it is about to be verified.
struct Meanwhile<'a>(&'a Place, bool);

impl Observer for Meanwhile<'_> {
    fn begin(&mut self, _phase: Phase, _total: Option<u64>) {
        if !std::mem::replace(&mut self.1, true) {
            self.0.compact();
        }
    }

    fn note(&mut self, _message: &str) {}

    fn advance(&mut self, _documents: u64) {}

    fn stopped(&self) -> bool {
        false
    }
}

#[test]
fn what_a_writer_takes_away_meanwhile_is_no_fault() {
    let place = Place::with(&[("a", "gout"), ("b", "asthma")]);
    place.add(&[("c", "fever")]);
    place.delete(&["a"]);
    let report = crate::verify::verify(&place.index(), None, &mut Meanwhile(&place, false)).unwrap();
    assert!(report.is_sound(), "{:?}", report.faults);
    assert_eq!((report.documents, report.segments), (2, 1));
}

#[test]
fn a_second_writer_is_told_so_at_once() {
    let place = Place::with(&[("a", "gout")]);
    let first = place.writer();
    let error = IndexWriter::open(&place.index())
        .err()
        .expect("there is one already");
    assert!(matches!(error, IndexError::Locked { .. }), "{error}");
    assert_eq!(ids(&place.index()), ["a"], "readers need no lock");
    drop(first);
    place.writer();
}
