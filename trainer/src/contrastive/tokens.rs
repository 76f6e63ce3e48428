//! All training texts as token ids, made once: every epoch uses them again, and it is known before the
//! training how many texts are cut. As the texts, they lie in a file where they are many.

use std::collections::HashSet;

use encoder::model::Prompts;
use encoder::tokens::Tokens;
use encoder_torch::TorchEncoder;

use super::pairs::Pairs;
use super::stretches::Stretches;
use crate::error::Result;
use crate::interrupt::Interrupt;

/// Texts between two looks at the interrupt.
const CHUNK: usize = 4096;

/// The tokens of every distinct text, as what it is read: a question, an answer, or both.
pub struct TokenTable {
    questions: Table,
    /// Only where the model puts different prompts before questions and answers; then each has nothing of the texts that
    /// are only the other.
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
        let (tokenizer, prompts) = (encoder.tokenizer(), encoder.folder().prompts());
        let tokenize = |prompt: &str, is_read: &dyn Fn(u32) -> bool| {
            Table::of(pairs, is_read, interrupt, |texts| {
                tokenizer.tokenize(prompt, texts)
            })
        };
        if prompts.query == prompts.document {
            return Ok(TokenTable {
                questions: tokenize(&prompts.query, &|_| true)?,
                answers: None,
            });
        }
        let mut asked = vec![false; pairs.texts().len()];
        let mut given = asked.clone();
        for row in (0..pairs.len() as u32).map(|pair| pairs.row(pair)) {
            asked[row[0] as usize] = true;
            row[1..].iter().for_each(|&answer| given[answer as usize] = true);
        }
        Ok(TokenTable {
            questions: tokenize(&prompts.query, &|number| asked[number as usize])?,
            answers: Some(tokenize(&prompts.document, &|number| given[number as usize])?),
        })
    }

    /// How many texts are longer than the maximum length.
    pub fn truncated(&self) -> usize {
        let answers = self.answers.iter().flat_map(|answers| &answers.cut);
        let both: HashSet<&u32> = self.questions.cut.iter().chain(answers).collect();
        both.len()
    }

    /// The tables that texts are read from, each with the prompt before its texts.
    pub fn read<'t>(&'t self, prompts: &'t Prompts) -> impl Iterator<Item = (&'t str, &'t Table)> {
        let answers = self.answers.as_ref();
        let answers = answers.map(|answers| (prompts.document.as_str(), answers));
        std::iter::once((prompts.query.as_str(), &self.questions)).chain(answers)
    }

    fn answers(&self) -> &Table {
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
    /// The tokens of the texts whose numbers `is_read` picks; the others have none.
    fn of(
        pairs: &Pairs,
        is_read: &dyn Fn(u32) -> bool,
        interrupt: &Interrupt,
        tokenize: impl Fn(&[&str]) -> encoder::Result<Vec<Tokens>>,
    ) -> Result<Self> {
        let mut table = Table::default();
        let count = pairs.texts().len() as u32;
        for first in (0..count).step_by(CHUNK) {
            interrupt.check()?;
            let chunk = first..count.min(first + CHUNK as u32);
            let read: Vec<u32> = chunk.clone().filter(|&number| is_read(number)).collect();
            let texts: Vec<&str> = read.iter().map(|&number| pairs.text(number)).collect();
            let mut tokens = read.iter().zip(tokenize(&texts)?).peekable();
            for number in chunk {
                match tokens.next_if(|(read, _)| **read == number) {
                    Some((_, tokens)) => table.push(&tokens),
                    None => table.ids.push(&[]),
                }
            }
            table.ids.spill()?;
        }
        table.ids.finish()?;
        Ok(table)
    }

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
