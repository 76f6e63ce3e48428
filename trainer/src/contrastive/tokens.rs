//! All training texts as token ids, made once: every epoch uses them again, and it is known before the
//! training how many texts are cut.

use encoder::tokens::Tokens;
use encoder_torch::TorchEncoder;

use super::pairs::Pairs;
use crate::error::Result;
use crate::interrupt::Interrupt;

/// Texts between two looks at the interrupt.
const CHUNK: usize = 4096;

/// The tokens of every distinct text, as a question and as an answer.
pub struct TokenTable {
    questions: Vec<Tokens>,
    /// Only where the model puts different prompts before questions and answers.
    answers: Option<Vec<Tokens>>,
}

impl TokenTable {
    /// Tokenizes the texts of `pairs` with the model's prompts, cut at its maximum length.
    pub fn new(encoder: &TorchEncoder, pairs: &Pairs, interrupt: &Interrupt) -> Result<Self> {
        let prompts = encoder.folder().prompts();
        let tokenize = |prompt: &str| -> Result<Vec<Tokens>> {
            let mut tokens = Vec::with_capacity(pairs.texts().len());
            for chunk in pairs.texts().chunks(CHUNK) {
                interrupt.check()?;
                let texts: Vec<&str> = chunk.iter().map(|text| &**text).collect();
                tokens.extend(encoder.tokenizer().tokenize(prompt, &texts)?);
            }
            Ok(tokens)
        };
        let answers = (prompts.query != prompts.document)
            .then(|| tokenize(&prompts.document))
            .transpose()?;
        Ok(TokenTable {
            questions: tokenize(&prompts.query)?,
            answers,
        })
    }

    /// How many texts are longer than the maximum length.
    pub fn truncated(&self) -> usize {
        self.answers().iter().filter(|tokens| tokens.truncated).count()
    }

    /// Each distinct text as an answer, and as a question where the prompts are the same.
    pub fn answers(&self) -> &[Tokens] {
        self.answers.as_ref().unwrap_or(&self.questions)
    }

    /// The texts of a batch, column after column: all anchors, all positives, all first negatives, …
    pub fn columns(&self, pairs: &Pairs, batch: &[u32]) -> Vec<&Tokens> {
        let mut texts = Vec::with_capacity(batch.len() * pairs.width());
        for column in 0..pairs.width() {
            let table = if column == 0 {
                &self.questions[..]
            } else {
                self.answers()
            };
            texts.extend(batch.iter().map(|&pair| &table[pairs.row(pair)[column] as usize]));
        }
        texts
    }
}
