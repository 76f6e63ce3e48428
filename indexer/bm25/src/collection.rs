//! Words that lie in several folders, searched as if they lay in one.
//!
//! BM25 weighs a word by how many documents have it, and a document by its length among all. Both are summed over all
//! folders before any is searched, so that scores do not depend on how the documents are spread. The best so far of
//! one folder are what the next one has to beat, so that each is read only where it can.

use std::cell::RefCell;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use encoder::vectors::Neighbor;
use tantivy::query::{Bm25StatisticsProvider, BooleanQuery, EnableScoring, Query};
use tantivy::schema::Field;
use tantivy::{Score, Term};

use crate::Words;
use crate::error::Result;

/// One of the folders that are searched together.
#[derive(Clone, Copy)]
pub struct Part<'a, F> {
    /// Its words.
    pub words: &'a Words,
    /// What is added to its rows, so that no two folders have the same; the sums stay below 2³².
    pub first: u32,
    /// Whether a row of it may be found.
    pub accept: F,
}

/// The `k` accepted documents with the highest BM25 for the words of `query`, best first, ties by row. The parts are
/// in the order of their rows.
///
/// # Errors
/// Files that cannot be read.
pub fn search<F: Fn(u32) -> bool>(parts: &[Part<'_, F>], query: &str, k: usize) -> Result<Vec<Neighbor>> {
    let mut best = Best {
        k,
        heap: BinaryHeap::new(),
    };
    let statistics = Statistics::of(parts.iter().map(|part| part.words).collect());
    for part in parts {
        let terms = part.words.terms(query);
        if terms.is_empty() || k == 0 {
            break;
        }
        search_part(part, &BooleanQuery::union(terms), &statistics, &mut best)
            .map_err(part.words.failed())?;
    }
    Ok(best.into_sorted())
}

fn search_part<F: Fn(u32) -> bool>(
    part: &Part<'_, F>,
    query: &BooleanQuery,
    statistics: &Statistics<'_>,
    best: &mut Best,
) -> tantivy::Result<()> {
    let searcher = &part.words.searcher;
    let scoring = EnableScoring::enabled_from_statistics_provider(statistics, searcher);
    let weight = query.weight(scoring)?;
    for reader in searcher.segment_readers() {
        weight.for_each_pruning(best.floor(), reader, &mut |row, score| {
            if (part.accept)(row) {
                best.offer(Neighbor {
                    row: part.first + row,
                    score,
                });
            }
            best.floor()
        })?;
    }
    Ok(())
}

/// The best so far, worst on top. Candidates come in ascending order of their rows, so that a later one of the same
/// score as the worst is worse.
struct Best {
    k: usize,
    heap: BinaryHeap<Reverse<Ranked>>,
}

impl Best {
    /// What a score must exceed to be among the best.
    fn floor(&self) -> Score {
        match self.heap.peek() {
            Some(Reverse(Ranked(worst))) if self.heap.len() >= self.k => worst.score,
            _ => Score::MIN,
        }
    }

    fn offer(&mut self, candidate: Neighbor) {
        if candidate.score > self.floor() {
            if self.heap.len() >= self.k {
                self.heap.pop();
            }
            self.heap.push(Reverse(Ranked(candidate)));
        }
    }

    fn into_sorted(self) -> Vec<Neighbor> {
        let ranked = self.heap.into_sorted_vec();
        ranked.into_iter().map(|Reverse(Ranked(found))| found).collect()
    }
}

/// A candidate; the better one is the greater one.
struct Ranked(Neighbor);

impl Ord for Ranked {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        Neighbor::best_first(&other.0, &self.0)
    }
}

impl PartialOrd for Ranked {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Ranked {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Ranked {}

/// The statistics of all folders together. Each folder asks for all of them, so what has been summed is kept.
struct Statistics<'a> {
    folders: Vec<&'a Words>,
    known: RefCell<HashMap<Count, u64>>,
}

/// What is summed over folders.
#[derive(PartialEq, Eq, Hash)]
enum Count {
    Documents,
    Tokens(Field),
    DocumentsWith(Term),
}

impl<'a> Statistics<'a> {
    fn of(folders: Vec<&'a Words>) -> Self {
        let known = RefCell::default();
        Self { folders, known }
    }

    fn sum(&self, of: Count, count: impl Fn(&Words) -> tantivy::Result<u64>) -> tantivy::Result<u64> {
        let known = self.known.borrow().get(&of).copied();
        if let Some(sum) = known {
            return Ok(sum);
        }
        let sum = self
            .folders
            .iter()
            .map(|words| count(words))
            .sum::<tantivy::Result<u64>>()?;
        self.known.borrow_mut().insert(of, sum);
        Ok(sum)
    }
}

impl Bm25StatisticsProvider for Statistics<'_> {
    fn total_num_tokens(&self, field: Field) -> tantivy::Result<u64> {
        self.sum(Count::Tokens(field), |words| {
            words.searcher.total_num_tokens(field)
        })
    }

    fn total_num_docs(&self) -> tantivy::Result<u64> {
        self.sum(Count::Documents, |words| words.searcher.total_num_docs())
    }

    fn doc_freq(&self, term: &Term) -> tantivy::Result<u64> {
        let with = Count::DocumentsWith(term.clone());
        self.sum(with, |words| words.searcher.doc_freq(term))
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use encoder::text::Document;

    use super::*;
    use crate::WordWriter;
    use crate::schema::Fields;

    const WORDS: [&str; 12] = [
        "gout", "joint", "pain", "fever", "cough", "virus", "heart", "attack", "skin", "rash", "test",
        "water",
    ];

    /// Documents of one to twenty words, drawn by a linear congruential generator.
    fn documents(count: usize) -> Vec<Document> {
        let mut state = 7_u64;
        let mut draw = |below: usize| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 33) as usize % below
        };
        let mut text = |most: usize| -> String {
            let length = 1 + draw(most);
            (0..length)
                .map(|_| format!("{} ", WORDS[draw(WORDS.len()).min(draw(WORDS.len()))]))
                .collect()
        };
        (0..count)
            .map(|number| Document {
                id: number.to_string(),
                title: text(3),
                text: text(20),
                fields: serde_json::Map::new(),
            })
            .collect()
    }

    fn words(documents: &[Document]) -> Words {
        let mut writer = WordWriter::in_memory(Path::new("documents")).unwrap();
        documents
            .iter()
            .for_each(|document| writer.add(document).unwrap());
        writer.open().unwrap()
    }

    /// The same scores, but for the order in which the words of a document are added up, and the same rows wherever no
    /// two scores are as near as that.
    fn assert_same(found: &[Neighbor], expected: &[Neighbor], query: &str) {
        const ROUNDING: f32 = 1e-5;
        assert_eq!(found.len(), expected.len(), "{query}");
        for (place, (one, other)) in found.iter().zip(expected).enumerate() {
            assert!(
                (one.score - other.score).abs() < ROUNDING,
                "{query}: {one:?}, expected {other:?}"
            );
            let near = |next: Option<&Neighbor>| {
                next.is_some_and(|next| (next.score - other.score).abs() < ROUNDING)
            };
            let last = place + 1 == expected.len();
            let tied = last
                || near(expected.get(place + 1))
                || place.checked_sub(1).is_some_and(|i| near(expected.get(i)));
            assert!(
                one.row == other.row || tied,
                "{query}: {one:?}, expected {other:?}"
            );
        }
    }

    #[test]
    fn scores_are_those_of_all_documents_in_one_place() {
        let documents = documents(700);
        let whole = words(&documents);
        let thirds = [
            words(&documents[..1]),
            words(&documents[1..300]),
            words(&documents[300..]),
        ];
        let parts: Vec<_> = thirds
            .iter()
            .zip([0, 1, 300])
            .map(|(words, first)| Part {
                words,
                first,
                accept: |_: u32| true,
            })
            .collect();
        for query in [
            "gout",
            "heart attack",
            "fever cough virus rash",
            "water water",
            "nothing of it",
        ] {
            for k in [1, 10, 1000] {
                let found = search(&parts, query, k).unwrap();
                assert_same(&found, &whole.search(query, k).unwrap(), query);
                assert!(found.is_sorted_by(|a, b| Neighbor::best_first(a, b).is_lt()));
            }
        }
        assert!(search(&parts, "gout", 1000).unwrap().len() > 20);
        assert_eq!(search(&parts, "gout", 0).unwrap(), []);
        assert_eq!(search::<fn(u32) -> bool>(&[], "gout", 3).unwrap(), []);
    }

    /// A folder is asked once for each count, however many folders ask for the sums.
    #[test]
    fn what_is_summed_is_counted_once() {
        let documents = documents(30);
        let parts = [words(&documents[..10]), words(&documents[10..])];
        let statistics = Statistics::of(parts.iter().collect());
        let asked = std::cell::Cell::new(0);
        let Fields { title, text, .. } = parts[0].fields;
        for _ in 0..5 {
            for field in [title, text] {
                let count = |words: &Words| {
                    asked.set(asked.get() + 1);
                    words.searcher.total_num_tokens(field)
                };
                let sum = statistics.sum(Count::Tokens(field), count).unwrap();
                assert_eq!(sum, statistics.total_num_tokens(field).unwrap());
                let sums = parts
                    .iter()
                    .map(|part| part.searcher.total_num_tokens(field).unwrap());
                assert_eq!(sum, sums.sum::<u64>());
            }
        }
        assert_eq!(asked.get(), 4);
        let with = |field, stem| statistics.doc_freq(&Term::from_field_text(field, stem)).unwrap();
        assert!(with(text, "gout") > 0 && with(text, "gout") != with(title, "gout"));
        assert_eq!(
            (with(text, "unheard"), statistics.total_num_docs().unwrap()),
            (0, 30)
        );
    }

    #[test]
    fn rows_that_are_not_accepted_leave_their_place_to_others() {
        let documents = documents(300);
        let whole = words(&documents);
        let all = whole.search("pain fever", 300).unwrap();
        let even = Part {
            words: &whole,
            first: 1000,
            accept: |row: u32| row.is_multiple_of(2),
        };
        let found = search(&[even], "pain fever", 20).unwrap();
        let expected: Vec<Neighbor> = all
            .into_iter()
            .filter(|found| found.row.is_multiple_of(2))
            .map(|found| Neighbor {
                row: found.row + 1000,
                ..found
            })
            .take(20)
            .collect();
        assert_eq!((found.len(), found), (20, expected));
    }
}
