//! The step of every method, through the learning of a whole sentence, beside the slope of its loss.
//!
//! Where a vector is the mean of n others (CBOW's window, a word with n-grams), word2vec and fastText add the
//! whole gradient of the mean to each of the n, not an nth of it: n times the slope. Here a nudge of one of
//! them therefore moves the mean by the whole nudge ([`Nudged::mean`]).

use super::kernel::Kernel;
use super::matrix::Matrix;
use super::model::{Model, Targets};
use super::random::Random;
use super::worker::{Shared, Worker};
use super::{Architecture, Objective, Settings};
use crate::corpus::Vocabulary;
use crate::subwords::Subwords;

const DIMENSION: usize = 8;
const WINDOW: usize = 2;
const RATE: f32 = 2e-4;
/// Later steps of a sentence see the rows that earlier ones moved: an error in proportion to the rate.
const TOLERANCE: f64 = 1e-2;

/// Eight words, some with an n-gram twice. Each is seen twice as often as the next.
const WORDS: [&str; 8] = ["banana", "ananas", "an", "nab", "cabana", "b", "canna", "cab"];
/// Longer than what is planned ahead and kept in reach, with words twice in a window and frequent and rare ones.
const SENTENCE: [u32; 9] = [5, 0, 7, 0, 2, 6, 3, 3, 1];

/// A vector as learning finds it, and how far it is nudged from there.
#[derive(Debug, Clone)]
struct Nudged {
    start: [f64; DIMENSION],
    nudge: [f64; DIMENSION],
}

impl Nudged {
    /// The mean of the vectors; their nudges count whole.
    fn mean<'a>(vectors: impl Iterator<Item = &'a Nudged>) -> Nudged {
        let mut mean = Nudged {
            start: [0.0; DIMENSION],
            nudge: [0.0; DIMENSION],
        };
        let mut count = 0.0;
        for vector in vectors {
            count += 1.0;
            for at in 0..DIMENSION {
                mean.start[at] += vector.start[at];
                mean.nudge[at] += vector.nudge[at];
            }
        }
        mean.start = mean.start.map(|sum| sum / count);
        mean
    }

    fn dot(&self, other: &Nudged) -> f64 {
        (0..DIMENSION)
            .map(|at| (self.start[at] + self.nudge[at]) * (other.start[at] + other.nudge[at]))
            .sum()
    }
}

/// The words around a centre word, and output rows with whether they are to be predicted.
struct Window {
    around: Vec<u32>,
    targets: Vec<(u32, bool)>,
}

/// A sentence's loss, written down as in the papers.
struct Reference {
    architecture: Architecture,
    /// Input rows of each word.
    rows: Vec<Vec<u32>>,
    windows: Vec<Window>,
}

impl Reference {
    fn new(settings: &Settings, shared: &Shared<'_>, random: &mut Random) -> Self {
        let rows_of = |word: u32| match &shared.model.subwords {
            None => vec![word],
            Some(subwords) => subwords.of(word).to_vec(),
        };
        let window = |centre: usize| {
            let near = centre.saturating_sub(WINDOW)..=(centre + WINDOW).min(SENTENCE.len() - 1);
            Window {
                around: near.filter(|at| *at != centre).map(|at| SENTENCE[at]).collect(),
                targets: match settings.objective {
                    Objective::NegativeSampling => drawn(&shared.targets, SENTENCE[centre], random),
                    Objective::HierarchicalSoftmax => path(SENTENCE[centre]),
                },
            }
        };
        Reference {
            architecture: settings.architecture,
            rows: (0..WORDS.len() as u32).map(rows_of).collect(),
            windows: (0..SENTENCE.len()).map(window).collect(),
        }
    }

    /// The sum of −log σ(±score) over the targets of what predicts them, in all windows.
    fn loss(&self, [input, output]: &[Vec<Nudged>; 2]) -> f64 {
        let word = |word: &u32| {
            let rows = &self.rows[*word as usize];
            Nudged::mean(rows.iter().map(|row| &input[*row as usize]))
        };
        let mut loss = 0.0;
        for window in &self.windows {
            let around: Vec<Nudged> = window.around.iter().map(word).collect();
            let predicting = match self.architecture {
                Architecture::SkipGram => around,
                Architecture::Cbow => vec![Nudged::mean(around.iter())],
            };
            for vector in &predicting {
                for &(row, predicted) in &window.targets {
                    let score = vector.dot(&output[row as usize]);
                    let signed = if predicted { score } else { -score };
                    loss += (1.0 + (-signed).exp()).ln();
                }
            }
        }
        loss
    }

    /// The loss's slope in one number of one row, by finite differences.
    fn slope(&self, parameters: &mut [Vec<Nudged>; 2], side: usize, row: usize, column: usize) -> f64 {
        let step = 1e-4;
        let mut nudged = |by: f64| {
            parameters[side][row].nudge[column] = by;
            self.loss(parameters)
        };
        let slope = (nudged(step) - nudged(-step)) / (2.0 * step);
        nudged(0.0);
        slope
    }
}

/// The centre word and the negatives that learning draws with the same random numbers.
fn drawn(targets: &Targets, centre: u32, random: &mut Random) -> Vec<(u32, bool)> {
    let (mut rows, mut labels) = (Vec::new(), Vec::new());
    targets.choose((centre, 0), random, &mut rows, &mut labels);
    assert!(rows[0] == centre && !rows[1..].contains(&centre) && rows.len() > 1);
    let predicted = |(number, row)| (row, number == 0);
    rows.into_iter().enumerate().map(predicted).collect()
}

/// The path to a word, by hand. Each word outweighs all that follow it, so the tree is a ladder: inner node
/// 6 − d, at depth d, parts word d, the heavier side (0), from all words behind it, the lighter side (1).
fn path(word: u32) -> Vec<(u32, bool)> {
    (0..=word.min(6)).map(|depth| (6 - depth, depth < word)).collect()
}

fn set_at_random(matrix: &mut Matrix, random: &mut Random) {
    for row in 0..matrix.rows() {
        for value in matrix.values_mut(row) {
            *value = (random.unit() - 0.5) as f32;
        }
    }
}

/// Input and output rows, not nudged.
fn parameters(model: &Model) -> [Vec<Nudged>; 2] {
    [&model.input, &model.output].map(|matrix| {
        let row = |row: usize| Nudged {
            start: std::array::from_fn(|at| f64::from(matrix.values(row)[at])),
            nudge: [0.0; DIMENSION],
        };
        (0..matrix.rows()).map(row).collect()
    })
}

/// Compares what a sentence's learning changes with the slope of its loss, number by number.
fn check(settings: &Settings, kernel: Kernel) {
    let words = WORDS.iter().enumerate();
    let vocabulary = Vocabulary::from_counts(words.map(|(row, word)| ((*word).to_owned(), 128 >> row)));
    let mut model = Model::new(&vocabulary, settings).unwrap();
    let mut random = Random::stream(1, 2);
    set_at_random(&mut model.input, &mut random);
    set_at_random(&mut model.output, &mut random);
    let mut before = parameters(&model);

    let mut shared = Shared::new(&vocabulary, settings, &model);
    shared.kernel = kernel;
    let reference = Reference::new(settings, &shared, &mut Random::stream(3, 4));
    Worker::new(&shared, &model).sentence(&SENTENCE, RATE, &mut Random::stream(3, 4));
    let after = parameters(&model);

    for side in [0, 1] {
        let mut steepest = 0.0_f64;
        for row in 0..before[side].len() {
            for column in 0..DIMENSION {
                let slope = reference.slope(&mut before, side, row, column);
                let change = before[side][row].start[column] - after[side][row].start[column];
                let found = change / f64::from(RATE);
                assert!(
                    (found - slope).abs() < TOLERANCE,
                    "{found} for {slope} in {} row {row}, number {column}: {} with {settings:?}",
                    ["input", "output"][side],
                    kernel.name
                );
                steepest = steepest.max(slope.abs());
            }
        }
        assert!(steepest > 20.0 * TOLERANCE, "a slope of {steepest} tells nothing");
    }
}

fn check_all(architecture: Architecture, objective: Objective) {
    let n_grams = Subwords {
        minn: 2,
        maxn: 4,
        buckets: 40,
    };
    for subwords in [None, Some(n_grams)] {
        let settings = Settings {
            architecture,
            objective,
            dimension: DIMENSION,
            window: WINDOW,
            dynamic_window: false,
            negatives: 12,
            sample: 0.0,
            subwords,
            ..Settings::default()
        };
        for kernel in Kernel::available() {
            check(&settings, kernel);
        }
    }
}

#[test]
fn skip_gram_with_negative_sampling_steps_down_its_slope() {
    check_all(Architecture::SkipGram, Objective::NegativeSampling);
}

#[test]
fn skip_gram_with_hierarchical_softmax_steps_down_its_slope() {
    check_all(Architecture::SkipGram, Objective::HierarchicalSoftmax);
}

#[test]
fn cbow_with_negative_sampling_steps_down_its_slope() {
    check_all(Architecture::Cbow, Objective::NegativeSampling);
}

#[test]
fn cbow_with_hierarchical_softmax_steps_down_its_slope() {
    check_all(Architecture::Cbow, Objective::HierarchicalSoftmax);
}
