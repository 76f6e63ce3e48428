//! Gradients of a large batch in the memory of a small one.
//!
//! Gao et al. 2021, "Scaling Deep Contrastive Learning Batch Size under Memory Limited Setup" (GradCache,
//! <https://arxiv.org/abs/2101.06983>, section 3.2): the vectors of all texts are computed without keeping what their
//! gradients need, the loss gives the gradient of each vector, and then each mini-batch is computed once more and
//! passes its vectors' gradients on to the parameters. The sum is the gradient of the whole batch. Dropout must drop
//! the same in both passes, so each mini-batch has a seed of its own.

use encoder_torch::{TorchEncoder, to_device};
use tch::{Tensor, no_grad};

use super::dataset::Batch;
use super::dropout::seeds;
use super::embed::{embed_group, groups, in_order};
use super::torch;
use crate::error::Result;

/// A batch between the two passes.
pub struct Cached<'a> {
    encoder: &'a TorchEncoder,
    batch: &'a Batch<'a>,
    groups: Vec<Vec<usize>>,
    seeds: Vec<i64>,
    /// With the loss's gradient.
    vectors: Tensor,
    /// The loss of the batch, a scalar without a gradient.
    pub loss: Tensor,
}

impl<'a> Cached<'a> {
    /// The first pass over a batch, in mini-batches of at most `most_tokens` tokens, and the loss's gradient of each
    /// vector. The seed of the run and the number of the step say which draws of dropout it gets.
    ///
    /// # Errors
    /// What libtorch refuses.
    pub fn forward(
        encoder: &'a TorchEncoder,
        batch: &'a Batch<'a>,
        most_tokens: usize,
        (seed, step): (u32, usize),
    ) -> Result<Self> {
        let groups = groups(&batch.texts, most_tokens);
        let seeds: Vec<i64> = seeds(seed, step).skip(1).take(groups.len()).collect();
        let vectors = no_grad(|| {
            let vectors = groups.iter().zip(&seeds).map(|(group, &seed)| {
                tch::manual_seed(seed);
                embed_group(encoder, &batch.texts, group)
            });
            in_order(&vectors.collect::<Result<Vec<_>>>()?, &groups)
        })?;
        let vectors = vectors.detach().set_requires_grad(true);
        let loss = batch.loss.backward(&vectors, batch.pairs as i64, &batch.targets);
        Ok(Cached {
            encoder,
            batch,
            groups,
            seeds,
            vectors,
            loss: loss.map_err(torch)?,
        })
    }

    /// The second pass: adds the batch's gradient to the parameters'.
    ///
    /// # Errors
    /// What libtorch refuses.
    pub fn backward(&self) -> Result<()> {
        let gradients = self.vectors.f_grad().map_err(torch)?;
        for (group, &seed) in self.groups.iter().zip(&self.seeds) {
            let rows: Vec<i64> = group.iter().map(|&row| row as i64).collect();
            let rows = to_device(Tensor::from_slice(&rows), gradients.device()).map_err(torch)?;
            let gradients = gradients.f_index_select(0, &rows).map_err(torch)?;
            tch::manual_seed(seed);
            let vectors = embed_group(self.encoder, &self.batch.texts, group)?;
            let backward = vectors
                .f_mul(&gradients)
                .and_then(|products| products.f_sum(tch::Kind::Float));
            backward.and_then(|sum| sum.f_backward()).map_err(torch)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::{Mutex, PoisonError};

    use encoder::model::ModelFolder;
    use encoder::tokens::Tokens;
    use encoder_torch::Tuning;
    use tch::{Device, Kind};

    use super::*;
    use crate::config::{self, Train};
    use crate::contrastive::embed::embed;
    use crate::contrastive::loss::{Loss, Targets};

    /// Draws are seeded in libtorch as a whole, so these tests take turns.
    static DRAWS: Mutex<()> = Mutex::new(());

    const TEXTS: [&str; 8] = [
        "what causes high blood pressure",
        "a cold",
        "how is asthma treated in small children and in adults",
        "fever",
        "high blood pressure has many causes among them salt and age",
        "a cold is an infection of the nose and the throat",
        "asthma is treated with inhaled medicine",
        "fever is a temperature above normal",
    ];

    fn tiny_bert(dropout: f64) -> TorchEncoder {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/tiny-bert");
        let folder = ModelFolder::open(&folder).unwrap();
        let tuning = Tuning {
            dropout: Some(dropout),
            ..Tuning::default()
        };
        TorchEncoder::from_folder(folder, Device::Cpu, &tuning).unwrap()
    }

    /// The gradients by name, which are forgotten.
    fn take_gradients(encoder: &TorchEncoder) -> Vec<(String, Tensor)> {
        let mut variables: Vec<_> = encoder.var_store().variables().into_iter().collect();
        variables.sort_by(|a, b| a.0.cmp(&b.0));
        let take = |(name, mut variable): (String, Tensor)| {
            // Without an optimizer, the word embeddings' gradient is sparse.
            let gradient = variable.grad().to_dense(None::<Kind>, false).copy();
            variable.zero_grad();
            (name, gradient)
        };
        variables.into_iter().map(take).collect()
    }

    fn assert_equal(found: &[(String, Tensor)], expected: &[(String, Tensor)]) {
        assert!(
            expected
                .iter()
                .any(|(_, gradient)| gradient.abs().max().double_value(&[]) > 1e-3)
        );
        for ((name, found), (_, expected)) in found.iter().zip(expected) {
            let difference = (found - expected).abs().max().double_value(&[]);
            assert!(difference <= 1e-5, "{name}: {difference}");
        }
    }

    fn batch<'a>(tokens: &[Tokens], loss: &'a Loss) -> Batch<'a> {
        Batch {
            texts: tokens.to_vec(),
            pairs: 4,
            targets: Targets::default(),
            loss,
            mini_batch_tokens: None,
        }
    }

    #[test]
    fn gradients_are_those_of_one_pass_over_the_whole_batch() {
        let _turn = DRAWS.lock().unwrap_or_else(PoisonError::into_inner);
        let encoder = tiny_bert(0.0);
        let tokens = encoder.tokens(&TEXTS).unwrap();
        let loss = Loss::new(&Train::default(), &config::Loss::default());
        let batch = batch(&tokens, &loss);
        let cached = Cached::forward(&encoder, &batch, 24, (1, 1)).unwrap();
        assert!(cached.groups.len() >= 4, "{:?}", cached.groups);
        cached.backward().unwrap();
        let found = take_gradients(&encoder);

        let vectors = embed(&encoder, &batch.texts).unwrap();
        let whole = loss.of(&vectors, 4, &batch.targets).unwrap();
        assert!((whole.double_value(&[]) - cached.loss.double_value(&[])).abs() < 1e-5);
        whole.backward();
        assert_equal(&found, &take_gradients(&encoder));
    }

    #[test]
    fn both_passes_drop_the_same() {
        let _turn = DRAWS.lock().unwrap_or_else(PoisonError::into_inner);
        let encoder = tiny_bert(0.3);
        let tokens = encoder.tokens(&TEXTS).unwrap();
        let loss = Loss::new(&Train::default(), &config::Loss::default());
        let batch = batch(&tokens, &loss);
        let cached = Cached::forward(&encoder, &batch, 24, (7, 3)).unwrap();
        cached.backward().unwrap();
        let found = take_gradients(&encoder);

        let groups = groups(&batch.texts, 24);
        let vectors = groups.iter().zip(cached.seeds.clone()).map(|(group, seed)| {
            tch::manual_seed(seed);
            embed_group(&encoder, &batch.texts, group).unwrap()
        });
        let vectors = in_order(&vectors.collect::<Vec<_>>(), &groups).unwrap();
        loss.of(&vectors, 4, &batch.targets).unwrap().backward();
        assert_equal(&found, &take_gradients(&encoder));
    }
}
