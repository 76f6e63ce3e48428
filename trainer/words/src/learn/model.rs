//! The parameters: input vectors of words and n-grams, output vectors of words or tree nodes.

use encoder::vectors::Vectors;
use rustc_hash::FxHashMap;

use super::draws::Negatives;
use super::huffman::Huffman;
use super::kernel::LARGEST;
use super::matrix::Matrix;
use super::random::Random;
use super::settings::{Objective, Settings};
use crate::corpus::Vocabulary;
use crate::error::Result;
use crate::subwords::Subwords;
use crate::word_vectors::{SubwordVectors, WordVectors};

/// Name of the random stream of the initial vectors; chunks have the names from 0 up.
const INITIAL: u64 = u64::MAX;

/// All that learning changes.
#[derive(Debug)]
pub(super) struct Model {
    /// Rows of the words, then of the n-grams' buckets that some word uses.
    pub(super) input: Matrix,
    /// Rows of the words, or of the inner nodes of the Huffman tree.
    pub(super) output: Matrix,
    /// Which input rows make up a word, where n-grams take part.
    pub(super) subwords: Option<SubwordRows>,
}

/// The input rows of each word: its own and its n-grams'.
///
/// Only buckets that a word of the vocabulary uses get a row: fastText keeps all two million in memory,
/// of which a text of a few million words uses a tenth.
#[derive(Debug)]
pub(super) struct SubwordRows {
    starts: Vec<usize>,
    rows: Vec<u32>,
    /// Bucket of each row behind the words'.
    buckets: Vec<u32>,
}

impl SubwordRows {
    fn new(vocabulary: &Vocabulary, subwords: &Subwords) -> Self {
        let mut row_of: FxHashMap<u32, u32> = FxHashMap::default();
        let (mut starts, mut rows, mut buckets) = (vec![0], Vec::new(), Vec::new());
        let mut ids = Vec::new();
        for (word, text) in vocabulary.words().iter().enumerate() {
            ids.clear();
            subwords.ids(text, &mut ids);
            rows.push(word as u32);
            for &bucket in &ids {
                let row = *row_of.entry(bucket).or_insert_with(|| {
                    buckets.push(bucket);
                    (vocabulary.len() + buckets.len() - 1) as u32
                });
                rows.push(row);
            }
            starts.push(rows.len());
        }
        SubwordRows {
            starts,
            rows,
            buckets,
        }
    }

    /// The rows of a word, its own first.
    #[inline]
    pub(super) fn of(&self, word: u32) -> &[u32] {
        &self.rows[self.starts[word as usize]..self.starts[word as usize + 1]]
    }
}

impl Model {
    /// Input vectors drawn evenly from ±1/(2·dimension), output vectors 0, as word2vec.c and gensim begin.
    ///
    /// # Errors
    /// There is not enough memory.
    pub(super) fn new(vocabulary: &Vocabulary, settings: &Settings) -> Result<Self> {
        let subwords = settings
            .subwords
            .map(|subwords| SubwordRows::new(vocabulary, &subwords));
        let grams = subwords.as_ref().map_or(0, |rows| rows.buckets.len());
        let mut input = Matrix::zeros(vocabulary.len() + grams, settings.dimension)?;
        let outputs = match settings.objective {
            Objective::NegativeSampling => vocabulary.len(),
            Objective::HierarchicalSoftmax => vocabulary.len() - 1,
        };
        let output = Matrix::zeros(outputs, settings.dimension)?;
        let mut random = Random::stream(settings.seed, INITIAL);
        let width = 1.0 / settings.dimension as f64;
        for row in 0..input.rows() {
            for value in input.values_mut(row) {
                *value = ((random.unit() - 0.5) * width) as f32;
            }
        }
        Ok(Model {
            input,
            output,
            subwords,
        })
    }

    /// The words' vectors; with n-grams, the mean of each word's rows.
    pub(super) fn word_vectors(&self, vocabulary: &Vocabulary, settings: &Settings) -> WordVectors {
        let dimension = self.input.columns();
        let mut values = Vec::with_capacity(vocabulary.len() * dimension);
        for word in 0..vocabulary.len() {
            match &self.subwords {
                None => values.extend_from_slice(self.input.values(word)),
                Some(subwords) => values.extend(self.mean(subwords.of(word as u32))),
            }
        }
        WordVectors {
            vocabulary: vocabulary.clone(),
            vectors: Vectors::from_rows(dimension, values).into(),
            subwords: self.subword_vectors(vocabulary.len(), settings),
        }
    }

    /// Numbers that reached the bound: a sign that the learning rate is too high.
    pub(super) fn at_bound(&self) -> usize {
        let at_bound = |matrix: &Matrix| -> usize {
            let row = |row: usize| {
                matrix
                    .values(row)
                    .iter()
                    .filter(|value| value.abs() >= LARGEST)
                    .count()
            };
            (0..matrix.rows()).map(row).sum()
        };
        at_bound(&self.input) + at_bound(&self.output)
    }

    fn mean(&self, rows: &[u32]) -> Vec<f32> {
        let mut mean = vec![0.0_f32; self.input.columns()];
        for &row in rows {
            for (mean, value) in mean.iter_mut().zip(self.input.values(row as usize)) {
                *mean += value / rows.len() as f32;
            }
        }
        mean
    }

    fn subword_vectors(&self, words: usize, settings: &Settings) -> Option<SubwordVectors> {
        let (rows, subwords) = (self.subwords.as_ref()?, settings.subwords?);
        let mut order: Vec<usize> = (0..rows.buckets.len()).collect();
        order.sort_unstable_by_key(|&row| rows.buckets[row]);
        let mut vectors = Vectors::new(self.input.columns());
        for &row in &order {
            vectors.push(self.input.values(words + row));
        }
        let buckets = order.iter().map(|&row| rows.buckets[row]).collect();
        Some(SubwordVectors {
            subwords,
            buckets,
            vectors: vectors.into(),
        })
    }
}

/// Words that a part of the vocabulary has at least: of fewer, too few would be drawn in turn.
const SMALLEST_PART: usize = 1_000;

/// What the centre word of a window is told apart from.
#[derive(Debug)]
pub(super) enum Targets {
    /// The centre word itself, and that many words drawn at random from one of the parts of the vocabulary.
    Negatives(Vec<Negatives>, usize),
    /// The turns on the path to the centre word.
    Path(Huffman),
}

impl Targets {
    /// The targets that the settings ask for, negatives in as many parts as there are threads without locks.
    pub(super) fn new(vocabulary: &Vocabulary, settings: &Settings) -> Self {
        let parts = match settings.deterministic {
            true => 1,
            false => settings.threads.min(vocabulary.len() / SMALLEST_PART).max(1),
        };
        match settings.objective {
            Objective::NegativeSampling => Targets::Negatives(
                Negatives::in_parts(vocabulary.counts(), settings.ns_exponent, parts),
                settings.negatives,
            ),
            Objective::HierarchicalSoftmax => Targets::Path(Huffman::new(vocabulary.counts())),
        }
    }

    /// Parts of the vocabulary that negatives are drawn from.
    pub(super) fn parts(&self) -> usize {
        match self {
            Targets::Negatives(parts, _) => parts.len(),
            Targets::Path(_) => 1,
        }
    }

    /// Sets `rows` to the output rows for a centre word, no row twice, and `labels` to 1 where it is to be
    /// predicted. Negatives come from part number `part`.
    #[inline]
    pub(super) fn choose(
        &self,
        (centre, part): (u32, usize),
        random: &mut Random,
        rows: &mut Vec<u32>,
        labels: &mut Vec<bool>,
    ) {
        rows.clear();
        labels.clear();
        match self {
            Targets::Negatives(parts, count) => {
                let negatives = &parts[part];
                rows.push(centre);
                labels.push(true);
                for _ in 0..*count {
                    let word = negatives.draw(random);
                    // A word drawn twice counts once, and the centre word is no negative.
                    if !rows.contains(&word) {
                        rows.push(word);
                        labels.push(false);
                    }
                }
            }
            Targets::Path(tree) => {
                let (nodes, turns) = tree.path(centre);
                rows.extend_from_slice(nodes);
                labels.extend(turns.iter().map(|turn| !turn));
            }
        }
    }
}
