//! The fused ranking against its formula, worked out by hand.

use encoder::vectors::Neighbor;
use search::hits::{Candidates, Mode, Place, rank};

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
    // Scores 1, 1/2, 1/3 become 1, 1/4, 0.
    let expected = [0.8, 0.8 * 0.25 + 0.2, 0.2 * 0.25, 0.0];
    for (ranked, expected) in ranked.iter().zip(expected) {
        assert!(
            (f64::from(ranked.score) - expected).abs() < 1e-6,
            "{ranked:?}, expected {expected}"
        );
    }
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
