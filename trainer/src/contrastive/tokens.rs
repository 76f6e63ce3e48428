//! All training texts as token ids, made once: every epoch uses them again, and it is known before the
//! training how many texts are cut. As the texts, they lie in a file where they are many.

use encoder::tokens::Tokens;
use encoder_torch::TorchEncoder;

use super::pairs::Pairs;
use super::stretches::Stretches;
use crate::error::Result;
use crate::interrupt::Interrupt;

/// Texts between two looks at the interrupt.
const CHUNK: usize = 4096;

/// The tokens of every distinct text, as a question and as an answer.
pub struct TokenTable {
    questions: Table,
    /// Only where the model puts different prompts before questions and answers.
    answers: Option<Table>,
}

/// The tokens of texts by the texts' numbers.
#[derive(Default)]
pub struct Table {
    /// Four bytes a token.
    ids: Stretches,
    /// The texts that are cut, in order.
    cut: Vec<u32>,
}

impl TokenTable {
    /// Tokenizes the texts of `pairs` with the model's prompts, cut at its maximum length.
    pub fn new(encoder: &TorchEncoder, pairs: &Pairs, interrupt: &Interrupt) -> Result<Self> {
        let prompts = encoder.folder().prompts();
        let tokenize = |prompt: &str| -> Result<Table> {
            let mut table = Table::default();
            let mut texts = pairs.texts();
            loop {
                interrupt.check()?;
                let chunk: Vec<&str> = texts.by_ref().take(CHUNK).collect();
                if chunk.is_empty() {
                    break;
                }
                for tokens in encoder.tokenizer().tokenize(prompt, &chunk)? {
                    table.push(&tokens);
                }
                table.ids.spill()?;
            }
            table.ids.finish()?;
            Ok(table)
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
        self.answers().cut.len()
    }

    /// Each distinct text as an answer, and as a question where the prompts are the same.
    pub fn answers(&self) -> &Table {
        self.answers.as_ref().unwrap_or(&self.questions)
    }

    /// The texts of a batch, column after column: all anchors, all positives, all first negatives, …
    pub fn columns(&self, pairs: &Pairs, batch: &[u32]) -> Vec<Tokens> {
        let mut texts = Vec::with_capacity(batch.len() * pairs.width());
        for column in 0..pairs.width() {
            let table = if column == 0 {
                &self.questions
            } else {
                self.answers()
            };
            texts.extend(batch.iter().map(|&pair| table.get(pairs.row(pair)[column])));
        }
        texts
    }
}

impl Table {
    fn push(&mut self, tokens: &Tokens) {
        if tokens.truncated {
            self.cut.push(self.ids.count() as u32);
        }
        let bytes: Vec<u8> = tokens.ids.iter().flat_map(|id| id.to_le_bytes()).collect();
        self.ids.push(&bytes);
    }

    /// The tokens of the text with number `number`.
    pub fn get(&self, number: u32) -> Tokens {
        let (ids, _) = self.ids.get(number as usize).as_chunks::<4>();
        Tokens {
            ids: ids.iter().map(|&id| u32::from_le_bytes(id)).collect(),
            truncated: self.cut.binary_search(&number).is_ok(),
        }
    }

    /// How many tokens the text with number `number` has.
    pub fn length(&self, number: u32) -> usize {
        self.ids.length(number as usize) / 4
    }

    /// How many tokens all texts have.
    pub fn tokens(&self) -> usize {
        self.ids.bytes() as usize / 4
    }

    /// The numbers of the texts that are cut.
    pub fn cut(&self) -> &[u32] {
        &self.cut
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_come_back_with_their_marks() {
        let text = |ids: &[u32], truncated| Tokens {
            ids: ids.to_vec(),
            truncated,
        };
        let texts = [
            text(&[101, 7, 102], false),
            text(&[], true),
            text(&[u32::MAX], true),
        ];
        let mut table = Table::default();
        texts.iter().for_each(|tokens| table.push(tokens));
        for (number, tokens) in (0..).zip(&texts) {
            assert_eq!(&table.get(number), tokens);
            assert_eq!(table.length(number), tokens.ids.len());
        }
        assert_eq!((table.tokens(), table.cut()), (4, &[1, 2][..]));
    }
}
