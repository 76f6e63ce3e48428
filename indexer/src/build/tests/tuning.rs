//! The queries that a width of searches is measured with.

use std::cell::Cell;

use encoder::model::Fingerprint;
use encoder::{Encoded, Encoder};

use super::super::{Observer, Phase, TuneOptions, encode_queries};
use super::*;

/// Says that every tenth query is too long; knows no word of empty ones. Counts its texts.
struct Reads {
    encoder: HashEncoder,
    texts: Cell<usize>,
}

impl Encoder for Reads {
    fn dimension(&self) -> usize {
        self.encoder.dimension()
    }

    fn max_length(&self) -> usize {
        7
    }

    fn fingerprint(&self) -> &Fingerprint {
        self.encoder.fingerprint()
    }

    fn encode_queries(&self, texts: &[&str]) -> encoder::Result<Encoded> {
        self.texts.set(self.texts.get() + texts.len());
        let mut encoded = self.encoder.encode_queries(texts)?;
        encoded.truncated = texts.iter().filter(|text| text.ends_with('0')).count();
        Ok(encoded)
    }

    fn encode_documents(&self, _texts: &[&str]) -> encoder::Result<Encoded> {
        panic!("these are queries")
    }
}

/// Stops after so many queries.
struct Watch {
    until: u64,
    seen: u64,
    notes: Vec<String>,
}

impl Observer for Watch {
    fn begin(&mut self, phase: Phase, total: Option<u64>) {
        assert_eq!((phase, total), (Phase::Queries, Some(102)));
    }

    fn note(&mut self, message: &str) {
        self.notes.push(message.to_owned());
    }

    fn advance(&mut self, documents: u64) {
        self.seen += documents;
    }

    fn stopped(&self) -> bool {
        self.seen >= self.until
    }
}

#[test]
fn queries_are_encoded_in_slices_that_can_be_stopped_and_what_is_odd_is_said() {
    let encoder = Reads {
        encoder: HashEncoder::new(DIMENSION),
        texts: Cell::new(0),
    };
    let mut texts: Vec<String> = (0..100).map(|i| format!("gout {i}")).collect();
    texts.extend([String::new(), String::new()]);
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let mut watch = Watch {
        until: u64::MAX,
        seen: 0,
        notes: Vec::new(),
    };
    let vectors = encode_queries(&encoder, &texts, &mut watch).unwrap();
    assert_eq!((vectors.len(), watch.seen, encoder.texts.get()), (102, 102, 102));
    assert_eq!(vectors, encoder.encoder.encode_queries(&texts).unwrap().vectors);
    assert!(
        watch.notes[0].starts_with("10 of 102 queries are longer than the 7 tokens")
            && watch.notes[1].starts_with("2 of 102 queries are without a word"),
        "{:?}",
        watch.notes
    );
    encoder.texts.set(0);
    (watch.until, watch.seen) = (1, 0);
    let error = encode_queries(&encoder, &texts, &mut watch).unwrap_err();
    assert!(matches!(error, IndexError::Interrupted), "{error}");
    assert!((1..102).contains(&encoder.texts.get()), "{}", encoder.texts.get());
}

/// Stops when it has been asked so often.
struct StopAt {
    asked: Cell<usize>,
    at: usize,
}

impl Observer for StopAt {
    fn begin(&mut self, _phase: Phase, _total: Option<u64>) {}

    fn note(&mut self, _message: &str) {}

    fn advance(&mut self, _documents: u64) {}

    fn stopped(&self) -> bool {
        self.asked.set(self.asked.get() + 1);
        self.asked.get() >= self.at
    }
}

#[test]
fn stopped_at_any_moment_tuning_changes_nothing() {
    let documents: Vec<(String, String)> = (0..40)
        .map(|i| (format!("d{i}"), format!("pain {} fever {}", i % 7, i % 11)))
        .collect();
    let documents: Vec<(&str, &str)> = documents.iter().map(|(id, text)| (&**id, &**text)).collect();
    let place = Place::with(&documents);
    let options = TuneOptions { recall: 0.9, k: 5 };
    for at in 1.. {
        let mut observer = StopAt {
            asked: Cell::new(0),
            at,
        };
        let tuned = place.writer().tune(options, None, &mut observer);
        let stored = place.reader().manifest().tuning.clone();
        match tuned {
            Err(IndexError::Interrupted) => assert_eq!(stored, None, "stopped at {at}"),
            tuned => {
                assert_eq!(Some(tuned.unwrap()), stored);
                // The judging, the first pass, the measured one, and before the commit.
                assert!(at > 5, "asked {at} times");
                break;
            }
        }
    }
}
