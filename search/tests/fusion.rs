//! Reciprocal rank fusion against the paper's formula, worked out by hand.

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
fn scores_are_sums_of_reciprocal_ranks_with_sixty() {
    let ranked = rank(&candidates(), Mode::Hybrid, 10);
    let rows: Vec<u32> = ranked.iter().map(|ranked| ranked.row).collect();
    // 3: 1/62 + 1/61; 7: 1/61 + 1/63; 9: 1/62; 5: 1/63.
    assert_eq!(rows, [3, 7, 9, 5]);
    let expected = [
        1.0 / 62.0 + 1.0 / 61.0,
        1.0 / 61.0 + 1.0 / 63.0,
        1.0 / 62.0,
        1.0 / 63.0,
    ];
    for (ranked, expected) in ranked.iter().zip(expected) {
        assert!(
            (f64::from(ranked.score) - expected).abs() < 1e-8,
            "{ranked:?}, expected {expected}"
        );
    }
}

#[test]
fn each_document_keeps_its_places_on_both_sides() {
    let ranked = rank(&candidates(), Mode::Hybrid, 10);
    assert_eq!(ranked[0].vector, Some(Place { rank: 2, score: 0.5 }));
    assert_eq!(ranked[0].bm25, Some(Place { rank: 1, score: 1.0 }));
    assert_eq!(ranked[2].vector, None);
    assert_eq!(ranked[3].bm25, None);
}

#[test]
fn equal_scores_go_by_row() {
    let both = Candidates {
        vector: side(&[8, 2]),
        bm25: side(&[2, 8]),
    };
    let rows: Vec<u32> = rank(&both, Mode::Hybrid, 10)
        .iter()
        .map(|ranked| ranked.row)
        .collect();
    assert_eq!(rows, [2, 8]);
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
