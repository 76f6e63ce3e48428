//! The model's README: what it is, what it was made of, how much better it is, how to use it.

use std::collections::HashSet;
use std::path::Path;

use encoder::model::Fingerprint;
use encoder::ranking::Metrics;

use crate::compare::comparison::Comparison;
use crate::compare::markdown;
use crate::config::{Contrastive, Judged};
use crate::quality;

/// What the card tells.
pub struct Card<'a> {
    /// The effective configuration.
    pub config: &'a Contrastive,
    /// Where the model will be.
    pub folder: &'a Path,
    /// Training pairs.
    pub pairs: usize,
    /// Steps planned, and the step whose weights were kept.
    pub steps: (usize, usize),
    /// What the model's vectors are.
    pub model: &'a Fingerprint,
    /// The model beside others, its base last, where there is a development set.
    pub comparison: Option<&'a Comparison<'a>>,
}

/// The metrics' names and values, in the order that they are always shown in.
pub fn rows(metrics: &Metrics) -> [(&'static str, f64); 5] {
    [
        ("nDCG@10", metrics.ndcg_at_10),
        ("MRR@10", metrics.mrr_at_10),
        ("recall@1", metrics.recall_at_1),
        ("recall@10", metrics.recall_at_10),
        ("recall@100", metrics.recall_at_100),
    ]
}

/// What a card says without a development set.
pub const NOT_MEASURED: &str = "## Quality\n\nNot measured: the configuration has no `[eval]` section.\n";

/// A card's section of figures.
pub fn quality_section(comparison: &Comparison, eval: &Judged) -> String {
    format!(
        "## Quality\n\n{} questions of `{}`, each against all of `{}`:\n\n{}",
        comparison.evaluator().questions(),
        eval.queries.display(),
        eval.corpus.display(),
        markdown::table(comparison)
    )
}

impl Card<'_> {
    /// The card as Markdown with the front matter that model hubs read.
    pub fn markdown(&self) -> String {
        let sections = [self.head(), self.quality(), self.making(), self.usage()];
        sections.join("\n")
    }

    fn head(&self) -> String {
        let (name, length) = (
            &self.config.name,
            self.config.train.max_length.unwrap_or_default(),
        );
        format!(
            "---\nlibrary_name: sentence-transformers\npipeline_tag: sentence-similarity\n\
             tags: [sentence-transformers, sentence-similarity, sextant]\n---\n\n# {name}\n\n\
             A text embedding model: it turns questions and passages of up to {length} tokens into {}vectors of {} \
             numbers; a passage that answers a question lies near it{}. Made with Sextant's `train`.\n",
            if self.model.normalize { "unit " } else { "" },
            self.model.dimension,
            if self.model.normalize {
                ""
            } else {
                " by its cosine"
            },
        )
    }

    fn quality(&self) -> String {
        let (Some(comparison), Some(eval)) = (self.comparison, &self.config.eval) else {
            return NOT_MEASURED.into();
        };
        let mut text = quality_section(comparison, &eval.judged());
        let [before, after] =
            [&comparison.reference().system, comparison.model()].map(|system| system.measured.metrics);
        if !quality::improved(&before, &after) {
            text += "\nThis model is **not** better than its base model on these questions.\n";
        }
        text += "\nThe kept weights were chosen on the same questions, so the figures flatter this model a little.\n";
        text + &markdown::changed(comparison)
    }

    fn making(&self) -> String {
        let train = &self.config.train;
        let (pairs, (steps, kept)) = (self.pairs, self.steps);
        let mut losses: Vec<_> = self
            .config
            .data
            .all()
            .iter()
            .map(|data| self.config.loss_of(data).kind.title())
            .collect();
        let mut seen = HashSet::new();
        losses.retain(|loss| seen.insert(*loss));
        let changed = self.changed();
        let mine = &self.config.mine;
        let rounds = mine.rounds.map_or_else(String::new, |rounds| {
            format!(
                "- hard negatives: {} for each pair, mined in {rounds} rounds, before each with the model of the round \
                 before, first the base model\n",
                mine.negatives
            )
        });
        format!(
            "## How it was made\n\n\
             - base model: `{}`\n\
             - data: {pairs} pairs from `{}`\n\
             - loss: {}, scale {}\n\
             {changed}{rounds}- {steps} steps of {} pairs, weights of step {kept} kept; AdamW, learning rate {:e} (warm-up {:.0} %, then \
             linear to 0), weight decay {}, gradient norm at most {}, seed {}\n\n\
             `train_config.toml` holds all settings, `run_log.jsonl` every step and measurement.\n",
            self.config.base_model.as_deref().unwrap_or("".as_ref()).display(),
            self.config.data.patterns().join("`, `"),
            losses.join("; "),
            train.scale,
            train.batch_size,
            train.learning_rate,
            100.0 * train.warmup_ratio,
            train.weight_decay,
            train.max_grad_norm,
            train.seed,
        )
    }

    /// Which weights were trained, where not all of them.
    fn changed(&self) -> String {
        let train = &self.config.train;
        let mut text = String::new();
        if train.freeze_layers > 0 {
            text += &format!(
                "- as in the base model: the embeddings and the lowest {} layers\n",
                train.freeze_layers
            );
        } else if train.freeze_embeddings {
            text += "- as in the base model: the embeddings\n";
        }
        if let Some(lora) = &self.config.lora {
            let targets: Vec<&str> = lora.targets.iter().map(|target| target.part()).collect();
            text += &format!(
                "- trained by LoRA and merged: rank {}, alpha {}, dropout {}, in `{}`\n",
                lora.rank,
                lora.alpha,
                lora.dropout,
                targets.join("`, `")
            );
        }
        text
    }

    fn usage(&self) -> String {
        let folder = self.folder.display();
        format!(
            "## Use\n\n```sh\nindex build corpus.parquet --model {folder}\nsearch \"your question\"\n\
             train --config more.toml   # with base_model = \"{folder}\" to train it further\n```\n\n\
             ```python\nfrom sentence_transformers import SentenceTransformer\n\n\
             model = SentenceTransformer(\"{folder}\")\n{}```\n{}",
            self.encoding(),
            self.cut_vectors()
        )
    }

    /// The lines of Python that encode, each text with the prompt that it was trained with.
    fn encoding(&self) -> &'static str {
        let has_prompts = [&self.model.query_prompt, &self.model.document_prompt]
            .iter()
            .any(|prompt| !prompt.is_empty());
        if has_prompts {
            "questions = model.encode([\"a question\"], prompt_name=\"query\")\n\
             passages = model.encode([\"a passage\"], prompt_name=\"document\")\n"
        } else {
            "vectors = model.encode([\"a question\", \"a passage\"])\n"
        }
    }

    /// How vectors are cut, where the model was trained for it.
    fn cut_vectors(&self) -> String {
        let lengths = self.config.matryoshka();
        let Some(shortest) = lengths.last() else {
            return String::new();
        };
        let all: Vec<String> = lengths.iter().map(usize::to_string).collect();
        format!(
            "\nIts vectors may be cut to their first {} numbers: `index build --truncate-dim {shortest}`, or in Python \
             `encode(…, truncate_dim={shortest}, normalize_embeddings=True)`.\n",
            all.join(" or ")
        )
    }
}
