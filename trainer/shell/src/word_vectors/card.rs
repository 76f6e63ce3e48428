//! The model's README: what it is, what it was made of, how good it is, how to use it.

use std::fmt::Write;
use std::path::Path;

use trainer_words::corpus::CorpusReport;

use super::folder::file_name;
use crate::compare::comparison::Comparison;
use crate::config::{Learning, Pooling, WordVectors};
use crate::model_card::{NOT_MEASURED, quality_section};
use crate::progress::grouped;

/// What the card tells.
pub struct Card<'a> {
    /// The effective configuration.
    pub config: &'a WordVectors<'a>,
    /// Where the model will be.
    pub folder: &'a Path,
    /// What was read.
    pub text: &'a CorpusReport,
    /// Words with a vector.
    pub vocabulary: usize,
    /// The model beside BM25, where there is a development set.
    pub comparison: Option<&'a Comparison<'a>>,
}

impl Card<'_> {
    /// The card as Markdown with the front matter that model hubs read.
    pub fn markdown(&self) -> String {
        [self.head(), self.quality(), self.making(), self.usage()].join("\n")
    }

    fn head(&self) -> String {
        let (dimension, _) = self.config.learning.size();
        let pooling = match self.config.texts.pooling {
            Pooling::Mean => "the mean of its words' vectors",
            Pooling::Sif => {
                "the mean of its words' vectors, frequent words weighed less and what is common to all texts removed \
                 (SIF, Arora et al. 2017)"
            }
        };
        format!(
            "---\nlibrary_name: sentence-transformers\npipeline_tag: sentence-similarity\n\
             tags: [sentence-transformers, sentence-similarity, static-embedding, word-vectors, sextant]\n---\n\n\
             # {}\n\nVectors of {dimension} numbers for {} words, and a text embedding model made of them: a text's \
             vector is {pooling}. Made with Sextant's `train`.\n",
            self.config.name,
            grouped(self.vocabulary as u64),
        )
    }

    fn quality(&self) -> String {
        match (self.comparison, self.config.eval) {
            (Some(comparison), Some(eval)) => quality_section(comparison, eval),
            _ => NOT_MEASURED.into(),
        }
    }

    fn making(&self) -> String {
        let text = self.text;
        format!(
            "## How it was made\n\n\
             - text: {} words in {} sentences from `{}`, {} of them distinct; words seen less than {} times left out\n\
             - phrases joined: {}\n\
             - learned by {}\n\n\
             `train_config.toml` holds all settings, `run_log.jsonl` what happened.\n",
            grouped(text.words),
            grouped(text.sentences),
            self.config.data.text.to_vec().join("`, `"),
            grouped(text.distinct),
            self.config.data.min_count,
            grouped(text.phrases as u64),
            self.learning(),
        )
    }

    fn learning(&self) -> String {
        let learning = &self.config.learning;
        let (dimension, epochs) = learning.size();
        let what = format!(
            "{}, {dimension} numbers a vector, {epochs} epochs",
            learning.method()
        );
        match learning {
            Learning::Word2vec(word2vec, _) => format!(
                "{what}, window {}, learning rate {} falling to {}, subsampling {:e}, seed {}",
                word2vec.window,
                word2vec.learning_rate.unwrap_or_default(),
                word2vec.min_learning_rate,
                word2vec.sample,
                word2vec.seed,
            ),
            Learning::Glove(glove) => format!(
                "{what}, window {}, learning rate {} (AdaGrad), x_max {}, alpha {}, seed {}",
                glove.window, glove.learning_rate, glove.x_max, glove.alpha, glove.seed,
            ),
        }
    }

    fn usage(&self) -> String {
        let folder = self.folder.display();
        let mut text = format!(
            "## Use\n\n```sh\nindex build corpus.parquet --model {folder}\nsearch \"your question\"\n\
             train words {folder} WORD    # the nearest words\n```\n\n\
             ```python\nfrom sentence_transformers import SentenceTransformer\n\n\
             model = SentenceTransformer(\"{folder}\")\nvectors = model.encode([\"a question\", \"a passage\"])\n```\n"
        );
        for &format in &self.config.output.formats {
            let _ = writeln!(
                text,
                "\n`{}` holds the words' own vectors for other tools.",
                file_name(format)
            );
        }
        text
    }
}
