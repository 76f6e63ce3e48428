//! Draws, pairs and gradients.

use tch::{Device, Kind, Tensor};
use trainer_words::corpus::SENTENCE_END;
use trainer_words::learn::Settings;

use super::super::draws::Draws;
use super::super::piece::{self, Batch, GROUP, Layout, Piece};
use super::super::step::{Pace, Tables};
use trainer_words::testing::small;

fn whole(tensor: &Tensor) -> Vec<i64> {
    let mut values = vec![0; tensor.numel()];
    tensor.contiguous().copy_data(&mut values, tensor.numel());
    values
}

fn real(tensor: &Tensor) -> Vec<f64> {
    let tensor = tensor.to_kind(Kind::Double).contiguous();
    let mut values = vec![0.0; tensor.numel()];
    tensor.copy_data(&mut values, tensor.numel());
    values
}

#[test]
fn negatives_follow_the_power_of_the_counts() {
    let counts = [1000, 300, 300, 20, 1];
    let draws = Draws::new(&counts, &small(), Device::Cpu).unwrap();
    let count = 400_000;
    let drawn = whole(&draws.negatives(count, 3).unwrap());
    let total: f64 = counts.iter().map(|&count| (count as f64).powf(0.75)).sum();
    for (word, &times) in counts.iter().enumerate() {
        let expected = (times as f64).powf(0.75) / total;
        let found = drawn.iter().filter(|&&drawn| drawn == word as i64).count() as f64 / count as f64;
        assert!(
            (found - expected).abs() < 0.003,
            "word {word}: {found} for {expected}"
        );
    }
    // No word tells of the next one.
    let both = drawn.windows(2).filter(|pair| pair == &[0, 0]).count() as f64 / count as f64;
    assert!(
        (both - ((1000_f64).powf(0.75) / total).powi(2)).abs() < 0.004,
        "{both}"
    );
}

#[test]
fn frequent_words_are_kept_as_often_as_the_formula_says() {
    let counts = [90_000, 9_900, 100];
    let draws = Draws::new(
        &counts,
        &Settings {
            sample: 1e-3,
            ..small()
        },
        Device::Cpu,
    )
    .unwrap();
    for (word, &count) in counts.iter().enumerate() {
        let words = Tensor::full([100_000], word as i64, (Kind::Int64, Device::Cpu));
        let kept = draws
            .kept(&words, 1)
            .unwrap()
            .unwrap()
            .sum(Kind::Int64)
            .int64_value(&[]);
        let ratio = 1e-3 * 100_000.0 / count as f64;
        let expected = (ratio.sqrt() + ratio).min(1.0);
        assert!(
            (kept as f64 / 1e5 - expected).abs() < 0.006,
            "count {count}: {kept}"
        );
    }
}

#[test]
fn windows_reach_evenly_far() {
    let draws = Draws::new(&[1, 1], &small(), Device::Cpu).unwrap();
    let reaches = whole(&draws.reaches(5, 100_000, 2).unwrap());
    for reach in 1..=5 {
        let found = reaches.iter().filter(|&&found| found == reach).count() as f64 / 1e5;
        assert!((found - 0.2).abs() < 0.01, "{reach}: {found}");
    }
    assert!(reaches.iter().all(|reach| (1..=5).contains(reach)));
}

#[test]
fn pairs_are_those_of_a_plain_loop() {
    let mut tokens = Vec::new();
    for sentence in 0..23_u32 {
        tokens.extend((0..sentence * 7 % 19).map(|word| (sentence * 31 + word) % 50));
        tokens.push(SENTENCE_END);
    }
    let settings = Settings {
        window: 3,
        dynamic_window: false,
        ..small()
    };
    let layout = Layout {
        groups: 2,
        ..Layout::new(&settings, 1000)
    };
    let draws = Draws::new(&[1; 50], &settings, Device::Cpu).unwrap();
    let piece = Piece::new(&tokens, 0, &draws, layout, &settings, Device::Cpu).unwrap();
    let distances = piece::distances(layout, Device::Cpu).unwrap();
    let mut found = Vec::new();
    for number in 0..piece.batches() {
        let batch = piece.batch(number, &distances).unwrap();
        let (centres, around, pairs) = (whole(&batch.centres), whole(&batch.around), real(&batch.pairs));
        let halo = layout.halo as usize;
        for (at, _) in pairs.iter().enumerate().filter(|(_, pair)| **pair == 1.0) {
            let (centre, place) = (at / halo, at % halo);
            let group = centre / GROUP as usize;
            found.push((centres[centre], around[group * halo + place]));
        }
    }
    let mut expected = Vec::new();
    for sentence in tokens.split(|&token| token == SENTENCE_END) {
        for (at, &centre) in sentence.iter().enumerate() {
            for (other, &word) in sentence.iter().enumerate() {
                if at != other && at.abs_diff(other) <= 3 {
                    expected.push((i64::from(centre), i64::from(word)));
                }
            }
        }
    }
    assert_eq!(found, expected);
}

#[test]
fn pieces_end_with_sentences_and_cover_all() {
    let end = SENTENCE_END;
    let tokens = [0, 1, end, 2, end, 3, 4, 5, 6, 7, 8, end, 1, end];
    assert_eq!(piece::pieces_of(&tokens, 5), [0..5, 5..10, 10..14]);
}

/// The loss of a batch in plain loops, in 64 bits: −log σ of each pair, and of each pair against each negative
/// that is not its centre word, weighed so that a pair meets `negatives` of them.
fn loss(input: &[f64], output: &[f64], batch: &Batch, dimension: usize, negatives: f64) -> f64 {
    let (centres, around) = (whole(&batch.centres), whole(&batch.around));
    let (drawn, pairs) = (whole(&batch.negatives), real(&batch.pairs));
    let groups = batch.centres.size()[0] as usize;
    let (halo, shared) = (around.len() / groups, drawn.len() / groups);
    let dot = |a: i64, b: i64| -> f64 {
        let (a, b) = (a as usize * dimension, b as usize * dimension);
        (0..dimension).map(|at| input[a + at] * output[b + at]).sum()
    };
    let softplus = |score: f64| score.exp().ln_1p();
    let mut sum = 0.0;
    for (at, _) in pairs.iter().enumerate().filter(|(_, pair)| **pair == 1.0) {
        let group = at / halo / GROUP as usize;
        let (centre, word) = (centres[at / halo], around[group * halo + at % halo]);
        sum += softplus(-dot(word, centre));
        for &other in &drawn[group * shared..(group + 1) * shared] {
            if other != centre {
                sum += softplus(dot(word, other)) * negatives / shared as f64;
            }
        }
    }
    sum
}

fn tables(words: i64, settings: &Settings) -> Tables {
    let mut tables = Tables::new(words, settings, Device::Cpu).unwrap();
    // Output vectors of other words' input: not 0, so every gradient is put to the test.
    tables.output = tables.input.roll([3], [0]) * 7.0;
    tables.input = &tables.input * 9.0;
    tables
}

fn a_batch(settings: &Settings) -> Batch {
    let layout = Layout::new(settings, 1000);
    let draws = Draws::new(&[3; 30], settings, Device::Cpu).unwrap();
    let tokens: Vec<u32> = (0..20).map(|at| at * at % 30).chain([SENTENCE_END]).collect();
    let piece = Piece::new(&tokens, 0, &draws, layout, settings, Device::Cpu).unwrap();
    piece
        .batch(0, &piece::distances(layout, Device::Cpu).unwrap())
        .unwrap()
}

#[test]
fn a_step_goes_along_the_gradient_by_finite_differences() {
    let settings = Settings {
        dimension: 4,
        window: 2,
        ..small()
    };
    let batch = a_batch(&settings);
    let mut tables = tables(30, &settings);
    let (mut input, mut output) = (real(&tables.input), real(&tables.output));
    let rate = 1e-2;
    let pace = Pace {
        rate,
        damping: 0.0,
        negatives: 5.0,
        measured: true,
    };
    let measured = tables
        .learn(&batch, pace)
        .unwrap()
        .unwrap()
        .mean()
        .unwrap()
        .unwrap();
    let pairs: f64 = real(&batch.pairs).iter().sum();
    assert!((measured - loss(&input, &output, &batch, 4, 5.0) / pairs).abs() < 1e-5);

    let (moved_input, moved_output) = (real(&tables.input), real(&tables.output));
    for at in 0..input.len() {
        let mut slope = |of_output: bool| {
            let mut ahead = |by: f64| {
                let values = if of_output { &mut output } else { &mut input };
                values[at] += by;
                loss(&input, &output, &batch, 4, 5.0)
            };
            let (after, before) = (ahead(1e-4), ahead(-2e-4));
            ahead(1e-4);
            (after - before) / 2e-4
        };
        let (of_input, of_output) = (slope(false), slope(true));
        let step = (moved_input[at] - input[at]) / rate;
        assert!(
            (step + of_input).abs() < 2e-3,
            "input {at}: {step} for {of_input}"
        );
        let step = (moved_output[at] - output[at]) / rate;
        assert!(
            (step + of_output).abs() < 2e-3,
            "output {at}: {step} for {of_output}"
        );
    }
}

#[test]
fn a_damped_step_is_shorter_and_never_turned() {
    let settings = Settings {
        dimension: 4,
        window: 2,
        ..small()
    };
    let batch = a_batch(&settings);
    let step = |damping: f64| -> Vec<f64> {
        let mut tables = tables(30, &settings);
        let before = real(&tables.input);
        let pace = Pace {
            rate: 0.1,
            damping,
            negatives: 5.0,
            measured: false,
        };
        assert!(tables.learn(&batch, pace).unwrap().is_none());
        real(&tables.input)
            .iter()
            .zip(before)
            .map(|(after, before)| after - before)
            .collect()
    };
    for (plain, damped) in step(0.0).iter().zip(step(1.0)) {
        assert!(
            damped.abs() <= plain.abs() + 1e-6 && damped * plain >= -1e-9,
            "{plain} {damped}"
        );
    }
}
