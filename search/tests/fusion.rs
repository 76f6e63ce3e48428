//! The fused ranking against its formula, worked out by hand.

use encoder::vectors::Neighbor;
use search::hits::{Candidates, FUSION_DEPTH, Mode, Place, rank};

fn side(rows: &[u32]) -> Vec<Neighbor> {
    rows.iter()
        .zip(1..)
        .map(|(row, place)| Neighbor {
            row: *row,
            score: 1.0 / place as f32,
        })
        .collect()
}

fn candidates() -> Candidates {
    Candidates {
        vector: side(&[7, 3, 5]),
        bm25: side(&[3, 9, 7]),
    }
}

#[test]
fn scores_are_weighted_sums_of_each_sides_share() {
    let ranked = rank(&candidates(), Mode::Hybrid, 10);
    let rows: Vec<u32> = ranked.iter().map(|ranked| ranked.row).collect();
    assert_eq!(rows, [7, 3, 9, 5]);
    // Scores 1, 1/2, 1/3 become 1, 1/4, 0 of vectors and stay what they are of words, of which there are no more.
    let expected = [0.8 + 0.2 / 3.0, 0.8 * 0.25 + 0.2, 0.2 * 0.5, 0.0];
    for (ranked, expected) in ranked.iter().zip(expected) {
        assert!(
            (f64::from(ranked.score) - expected).abs() < 1e-6,
            "{ranked:?}, expected {expected}"
        );
    }
}

fn scored(row: u32, score: f32) -> Neighbor {
    Neighbor { row, score }
}

/// A rare word that two documents have lifts both, the one with fewer of it, too.
#[test]
fn the_last_of_two_word_hits_counts() {
    let vector: Vec<Neighbor> = (0..FUSION_DEPTH as u32)
        .map(|row| scored(row, 0.5 - row as f32 / 1000.0))
        .collect();
    let words = vec![scored(50, 9.0), scored(51, 8.0)];
    let ranked = rank(&Candidates { vector, bm25: words }, Mode::Hybrid, 100);
    let place = |row: u32| ranked.iter().position(|ranked| ranked.row == row).unwrap();
    // 0.8 (99 - row) / 99, and 0.2 and 0.178 for the words.
    assert!(place(50) < place(30) && place(51) < place(30), "{ranked:?}");
    let share = f64::from(ranked[place(51)].score) - 0.8 * 48.0 / 99.0;
    assert!((share - 0.2 * 8.0 / 9.0).abs() < 1e-5, "{share}");
}

/// Both sides of a thousand documents, each in an order of its own, to a depth; scores of a few steps, so that there are
/// ties.
fn of_a_thousand(depth: usize) -> Candidates {
    let side = |factor: u32, steps: u32| {
        let mut all: Vec<Neighbor> = (0..1000)
            .map(|row| scored(row, 1.0 + (row * factor % 1009 / steps) as f32))
            .collect();
        all.sort_by(Neighbor::best_first);
        all.truncate(depth);
        all
    };
    Candidates {
        vector: side(389, 1),
        bm25: side(617, 7),
    }
}

#[test]
fn the_best_ten_are_the_same_however_many_are_asked_for() {
    let rows = |depth: usize| {
        let ranked = rank(&of_a_thousand(depth), Mode::Hybrid, depth);
        ranked
            .iter()
            .map(|ranked| (ranked.row, ranked.score))
            .collect::<Vec<_>>()
    };
    let (hundred, thousand) = (rows(FUSION_DEPTH), rows(1000));
    assert_eq!(hundred[..FUSION_DEPTH], thousand[..FUSION_DEPTH]);
    assert_eq!(thousand.len(), 1000);
}

#[test]
fn what_lies_deeper_than_the_scales_comes_by_vectors_then_by_words() {
    let mut deep = of_a_thousand(1000);
    deep.vector.truncate(500);
    let ranked = rank(&deep, Mode::Hybrid, 1000);
    let from = ranked.iter().position(|ranked| ranked.score == 0.0).unwrap();
    assert!((100..200).contains(&from), "{from}");
    let score = |place: Option<Place>| place.map_or(f32::NEG_INFINITY, |place| place.score);
    let rest: Vec<_> = ranked[from..]
        .iter()
        .map(|ranked| {
            (
                score(ranked.vector),
                score(ranked.bm25),
                std::cmp::Reverse(ranked.row),
            )
        })
        .collect();
    assert!(rest.is_sorted_by(|one, other| one > other));
    assert!(ranked[from..].iter().all(|ranked| ranked.score == 0.0));
}

#[test]
fn each_document_keeps_its_places_on_both_sides() {
    let ranked = rank(&candidates(), Mode::Hybrid, 10);
    assert_eq!(ranked[1].vector, Some(Place { rank: 2, score: 0.5 }));
    assert_eq!(ranked[1].bm25, Some(Place { rank: 1, score: 1.0 }));
    assert_eq!(ranked[2].vector, None);
    assert_eq!(ranked[3].bm25, None);
}

#[test]
fn equal_scores_go_by_row() {
    let even = |rows: [u32; 2]| rows.map(|row| Neighbor { row, score: 0.5 }).to_vec();
    let both = Candidates {
        vector: even([2, 8]),
        bm25: even([2, 8]),
    };
    let ranked = rank(&both, Mode::Hybrid, 10);
    assert_eq!(ranked.iter().map(|ranked| ranked.row).collect::<Vec<_>>(), [2, 8]);
    assert!(ranked.iter().all(|ranked| (ranked.score - 1.0).abs() < 1e-6));
}

#[test]
fn a_mode_of_one_half_keeps_that_half_as_it_is() {
    let vector = rank(&candidates(), Mode::Vector, 2);
    assert_eq!(vector.iter().map(|ranked| ranked.row).collect::<Vec<_>>(), [7, 3]);
    assert!(
        vector
            .iter()
            .all(|ranked| ranked.bm25.is_none() && ranked.vector.is_some())
    );
    let bm25 = rank(&candidates(), Mode::Bm25, 9);
    assert_eq!(
        bm25.iter().map(|ranked| ranked.row).collect::<Vec<_>>(),
        [3, 9, 7]
    );
    assert_eq!(bm25[1].score, 0.5);
}

#[test]
fn one_silent_half_leaves_the_order_of_the_other() {
    let only_words = Candidates {
        vector: Vec::new(),
        bm25: side(&[4, 1, 6]),
    };
    let rows: Vec<u32> = rank(&only_words, Mode::Hybrid, 10)
        .iter()
        .map(|ranked| ranked.row)
        .collect();
    assert_eq!(rows, [4, 1, 6]);
    assert!(rank(&Candidates::default(), Mode::Hybrid, 10).is_empty());
}
