use super::*;
use crate::codes::Coder;
use crate::metric::Metric;
use crate::rows::Rows;

const DIMENSIONS: [usize; 9] = [1, 3, 16, 63, 64, 65, 130, 384, 961];
const COUNT: usize = 7;

/// Numbers between -1 and 1 that look random.
fn numbers(count: usize, seed: usize) -> Vec<f32> {
    (0..count)
        .map(|i| ((i * 7919 + seed * 104_729) % 2003) as f32 / 1001.0 - 1.0)
        .collect()
}

/// Every set of instructions scores coded rows as the plain sum of the products of their codes' values does.
#[test]
fn all_instruction_sets_agree_with_the_plain_sum() {
    for dimension in DIMENSIONS {
        let vectors = numbers(COUNT * dimension, 1);
        let rows = Rows::new(&vectors, dimension, dimension);
        let query = numbers(dimension, 2);
        for codes in Codes::ALL {
            let coder = Coder::fit(codes, Metric::Dot, rows);
            let (coded, code) = (coded(&coder, rows), &mut QueryCode::default());
            coder.query(&query, code);
            let plain: Vec<f32> = (0..COUNT)
                .map(|row| expected(&coder, &query, rows.row(row), code))
                .collect();
            for isa in Isa::available() {
                let mut scores = [0.0; COUNT];
                let nodes: Vec<u32> = (0..COUNT as u32).collect();
                isa.scorer(codes)(
                    code,
                    CodeRows {
                        bytes: coded.bytes(),
                        stride: coder.stride(),
                    },
                    &nodes,
                    &mut scores,
                );
                for (score, plain) in scores.iter().zip(&plain) {
                    let close = (score - plain).abs() <= 1e-4 * plain.abs().max(1.0);
                    assert!(close, "{isa:?} {codes:?} {dimension}: {score} and {plain}");
                }
            }
        }
    }
}

/// The codes of rows are scored among each other as their values are.
#[test]
fn a_coded_row_is_a_query_too() {
    let vectors = numbers(COUNT * 100, 3);
    let rows = Rows::new(&vectors, 100, 100);
    for codes in [Codes::Float32, Codes::Float16, Codes::Int8] {
        let coder = Coder::fit(codes, Metric::Dot, rows);
        let (coded, code) = (coded(&coder, rows), &mut QueryCode::default());
        coder.query_of_code(&coded.bytes()[coder.stride()..2 * coder.stride()], code);
        let mut scores = [0.0; 1];
        let all = CodeRows {
            bytes: coded.bytes(),
            stride: coder.stride(),
        };
        Isa::detect().scorer(codes)(code, all, &[4], &mut scores);
        let score = scores[0] / (coder.scale * coder.scale);
        let plain = dot(rows.row(1), rows.row(4));
        assert!((score - plain).abs() < 0.05, "{codes:?}: {score} and {plain}");
    }
}

#[test]
fn every_product_and_distance_equals_the_plain_sum_at_every_length() {
    for length in 0..200 {
        let (a, b) = (numbers(length, 4), numbers(length, 5));
        let plain: f64 = a.iter().zip(&b).map(|(x, y)| f64::from(*x) * f64::from(*y)).sum();
        let squares: f64 = a
            .iter()
            .zip(&b)
            .map(|(x, y)| (f64::from(*x) - f64::from(*y)).powi(2))
            .sum();
        for isa in Isa::available() {
            let sum = f64::from(float::sum::<false>(*isa, &a, &b));
            assert!((sum - plain).abs() < 1e-4, "{isa:?} {length}");
            let sum = f64::from(float::sum::<true>(*isa, &a, &b));
            assert!((sum - squares).abs() < 1e-4, "{isa:?} {length}");
        }
    }
}

fn coded(coder: &Coder, rows: Rows<'_>) -> crate::lines::Lines {
    let mut lines = crate::lines::Lines::default();
    let stride = coder.stride();
    let places = lines.resized(rows.len() * stride).chunks_mut(stride);
    places
        .enumerate()
        .for_each(|(row, code)| coder.encode(rows.row(row), code));
    lines
}

/// A score by the definition of the codes, without any of the code under test but the query's scale.
fn expected(coder: &Coder, query: &[f32], row: &[f32], code: &QueryCode) -> f32 {
    let step = |x: f32, scale: f32| ((x * scale).clamp(-127.0, 127.0) + 128.5).floor() - 128.0;
    let sum = query.iter().zip(row).map(|(&q, &x)| match coder.codes {
        Codes::Float32 => q * x,
        Codes::Float16 => q * ::half::f16::from_f32(x * coder.scale).to_f32(),
        Codes::Int8 => step(q, code.bias_scale()) * step(x, coder.scale),
        Codes::Binary => -f32::from((q > 0.0) != (x > 0.0)),
    });
    sum.map(f64::from).sum::<f64>() as f32
}
