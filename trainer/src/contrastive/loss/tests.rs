use tch::{Device, Kind, Tensor};

use super::*;
use crate::config::{Direction, Hardness, Softmax};

/// The rows of two pairs.
const BOTH: Range<i64> = 0..2;

fn columns(anchors: &Tensor, documents: &[&Tensor]) -> Columns {
    Columns {
        anchors: anchors.shallow_clone(),
        documents: Tensor::cat(documents, 0),
    }
}

fn plain() -> Ranking {
    Ranking::new(20.0, &config::Loss::default())
}

fn value(anchors: &Tensor, documents: &[&Tensor]) -> f64 {
    plain()
        .loss(&columns(anchors, documents), &BOTH, None)
        .unwrap()
        .double_value(&[])
}

fn axes() -> Tensor {
    Tensor::eye(2, (Kind::Float, Device::Cpu))
}

#[test]
fn two_orthogonal_pairs_have_the_loss_computed_by_hand() {
    let expected = (1.0 + (-20.0f64).exp()).ln();
    assert!((value(&axes(), &[&axes()]) - expected).abs() < 1e-6);
}

#[test]
fn hard_negatives_are_candidates_of_every_anchor() {
    // Each negative equals one of the positives: every anchor has two candidates at cosine 1, two at 0.
    let expected = (2.0 + 2.0 * (-20.0f64).exp()).ln();
    assert!((value(&axes(), &[&axes(), &axes()]) - expected).abs() < 1e-6);
}

#[test]
fn the_length_of_the_rows_does_not_matter() {
    let anchors = Tensor::from_slice(&[1.0f32, 2.0, -1.0, 0.5]).view([2, 2]);
    let positives = Tensor::from_slice(&[0.5f32, 2.0, -1.0, 1.5]).view([2, 2]);
    let longer = value(&(&anchors * 7.0), &[&(&positives * 0.1)]);
    assert!((value(&anchors, &[&positives]) - longer).abs() < 1e-6);
}

#[test]
fn shapes_that_do_not_fit_are_an_error_not_a_panic() {
    let other = Tensor::eye(3, (Kind::Float, Device::Cpu));
    assert!(plain().loss(&columns(&axes(), &[&other]), &BOTH, None).is_err());
    let short = Matryoshka::new(&[5]);
    assert!(short.sum(&axes(), |vectors| vectors.f_sum(Kind::Float)).is_err());
}

#[test]
fn each_direction_adds_its_candidates_and_no_text_meets_itself() {
    let loss = |directions: &[Direction], softmax| {
        let settings = config::Loss {
            directions: directions.to_vec(),
            softmax,
            ..config::Loss::default()
        };
        let ranking = Ranking::new(1.0, &settings);
        ranking
            .loss(&columns(&axes(), &[&axes()]), &BOTH, None)
            .unwrap()
            .double_value(&[])
    };
    use Direction::{DocumentToDocument, DocumentToQuery, QueryToDocument, QueryToQuery};
    let e = std::f64::consts::E;
    // Scores are 1 with the own text of the other side and 0 with all others.
    let expected = [
        (&[QueryToDocument][..], e + 1.0),
        (&[QueryToDocument, QueryToQuery], e + 2.0),
        (&[QueryToDocument, DocumentToQuery], 2.0 * e + 2.0),
        (&[DocumentToDocument, QueryToDocument], e + 2.0),
        (
            &[QueryToDocument, QueryToQuery, DocumentToQuery, DocumentToDocument],
            2.0 * e + 4.0,
        ),
    ];
    for (directions, denominator) in expected {
        let found = loss(directions, Softmax::Joint);
        let expected = denominator.ln() - 1.0;
        assert!(
            (found - expected).abs() < 1e-6,
            "{directions:?}: {found} for {expected}"
        );
    }
    let both = loss(&[QueryToDocument, DocumentToQuery], Softmax::PerDirection);
    assert!((both - ((e + 1.0).ln() - 1.0)).abs() < 1e-6);
}

#[test]
fn hardness_adds_to_the_scores_of_the_chosen_negatives_alone() {
    // Pair 0 with a hard negative at cosine 1 to anchor 0, pair 1 with one at cosine 0 to both.
    let anchors = Tensor::eye(3, (Kind::Float, Device::Cpu)).narrow(0, 0, 2);
    let hard = Tensor::from_slice(&[1.0f32, 0.0, 0.0, 0.0, 0.0, 1.0]).view([2, 3]);
    let loss = |hardness| {
        let settings = config::Loss {
            hardness,
            hardness_strength: 2.0,
            ..config::Loss::default()
        };
        let columns = columns(&anchors, &[&anchors, &hard]);
        Ranking::new(1.0, &settings)
            .loss(&columns, &BOTH, None)
            .unwrap()
            .double_value(&[])
    };
    let e = std::f64::consts::E;
    // Anchor 0: positive e, in batch 1, its hard negative e, the other's 1. Anchor 1: e, 1, and twice 1.
    let second = (e + 3.0).ln() - 1.0;
    let expected = |hard: f64| ((e + 2.0 + hard).ln() - 1.0 + second) / 2.0;
    for (hardness, score) in [
        (None, e),
        (Some(Hardness::InBatchNegatives), e),
        (Some(Hardness::HardNegatives), e.powi(3)),
        (Some(Hardness::AllNegatives), e.powi(3)),
    ] {
        let found = loss(hardness);
        assert!((found - expected(score)).abs() < 1e-6, "{hardness:?}: {found}");
    }
}

#[test]
fn matryoshka_adds_the_loss_of_cut_vectors_of_unit_length() {
    let vectors = Tensor::from_slice(&[3.0f32, 4.0, 4.0, 8.0]).view([1, 4]);
    let sum = Matryoshka::new(&[2, 1, 2]).sum(&vectors, |vectors| vectors.f_sum(Kind::Float));
    assert!((sum.unwrap().double_value(&[]) - (19.0 + 7.0 / 5.0 + 1.0)).abs() < 1e-6);
}

#[test]
fn the_guide_takes_out_what_it_finds_as_near_as_the_answer() {
    // By the guide both questions are the same, so each finds the other's answer as near as its own.
    let same = Tensor::from_slice(&[1.0f32, 0.0, 1.0, 0.0]).view([2, 2]);
    let guide = |margin| {
        let margins = Margins {
            absolute: margin,
            relative: 0.0,
        };
        Guide::new(&columns(&same, &[&same]), margins).unwrap()
    };
    let loss = |guide: &Guide| {
        let columns = columns(&axes(), &[&axes()]);
        plain()
            .loss(&columns, &BOTH, Some(guide))
            .unwrap()
            .double_value(&[])
    };
    assert_eq!(loss(&guide(0.1)), 0.0, "the right answer alone is left");
    let expected = (1.0 + (-20.0f64).exp()).ln();
    assert!(
        (loss(&guide(0.0)) - expected).abs() < 1e-6,
        "as near is not nearer"
    );
}

#[test]
fn parts_of_a_batch_add_up_to_its_loss_and_gradient() {
    use Direction::{DocumentToDocument, DocumentToQuery, QueryToDocument, QueryToQuery};
    let (pairs, width) = (7, 3);
    let vectors = |turn: f64| {
        let rows = width * pairs;
        (Tensor::arange(rows * 6, (Kind::Float, Device::Cpu)) * turn)
            .sin()
            .view([rows, 6])
    };
    let targets = Targets {
        reference: Some(vectors(2.9)),
        ..Targets::default()
    };
    for softmax in [Softmax::Joint, Softmax::PerDirection] {
        let settings = config::Loss {
            directions: vec![QueryToDocument, QueryToQuery, DocumentToQuery, DocumentToDocument],
            softmax,
            hardness: Some(Hardness::AllNegatives),
            guide_margin: 0.1,
            matryoshka: vec![4],
            ..config::Loss::default()
        };
        let loss = Loss::new(&Train::default(), &settings);
        let whole = vectors(1.7).set_requires_grad(true);
        let expected = loss.of(&whole, pairs, &targets).unwrap();
        expected.backward();
        let parts = vectors(1.7).set_requires_grad(true);
        let mut found = 0.0;
        for rows in [0..1, 1..4, 4..7] {
            let part = loss.part(&parts, pairs, &rows, &targets).unwrap();
            part.backward();
            found += part.double_value(&[]);
        }
        assert!((found - expected.double_value(&[])).abs() < 1e-5, "{found}");
        let difference = (parts.grad() - whole.grad()).abs().max().double_value(&[]);
        let largest = whole.grad().abs().max().double_value(&[]);
        assert!(largest > 1e-2 && difference < 1e-5, "{difference} of {largest}");
    }
}

#[test]
fn the_gradient_of_a_batch_too_large_for_one_part_is_that_of_the_whole() {
    // Three parts: 2,600 rows of 2,600 candidates.
    let pairs = 2600;
    let vectors = (Tensor::arange(2 * pairs * 4, (Kind::Float, Device::Cpu)) * 0.37).sin();
    let loss = Loss::new(&Train::default(), &config::Loss::default());
    let whole = vectors.view([2 * pairs, 4]).copy().set_requires_grad(true);
    let expected = loss.of(&whole, pairs, &Targets::default()).unwrap();
    expected.backward();
    let parts = vectors.view([2 * pairs, 4]).copy().set_requires_grad(true);
    let found = loss.backward(&parts, pairs, &Targets::default()).unwrap();
    assert!((found.double_value(&[]) - expected.double_value(&[])).abs() < 1e-4);
    let difference = (parts.grad() - whole.grad()).abs().max().double_value(&[]);
    assert!(difference < 1e-6, "{difference}");
}

#[test]
fn cosent_counts_couples_in_the_wrong_order_by_how_much() {
    let cosines = Tensor::from_slice(&[0.5f32, 0.25, 0.75]);
    let scores = Tensor::from_slice(&[2.0f32, 1.0, 1.0]);
    let loss = scored::cosent(&cosines, &scores, 4.0).unwrap().double_value(&[]);
    let expected = (1.0 + (-1.0f64).exp() + 1.0f64.exp()).ln();
    assert!((loss - expected).abs() < 1e-6, "{loss}");
    let equal = scored::cosent(&cosines, &Tensor::ones_like(&scores), 4.0).unwrap();
    assert_eq!(equal.double_value(&[]), 0.0, "equal scores have no order");
}

#[test]
fn a_loss_without_its_targets_is_an_error() {
    for kind in [LossKind::Cosent, LossKind::Cosine, LossKind::Distillation] {
        let settings = config::Loss {
            kind,
            ..config::Loss::default()
        };
        let loss = Loss::new(&Train::default(), &settings);
        assert!(loss.of(&axes(), 1, &Targets::default()).is_err(), "{kind:?}");
    }
}
