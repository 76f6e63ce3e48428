//! How far words alone come on the questions: BM25, counted exactly as an index counts it.

use encoder::corpus::{self, Columns};
use indexer_bm25::{WordWriter, Words};
use rayon::prelude::*;

use super::{CHUNK, DEPTH, Evaluator, Measured};
use crate::error::{Result, TrainError};
use crate::interrupt::Interrupt;
use crate::progress;

impl Evaluator {
    /// Ranks all passages by BM25, with a progress bar. The figures are those of `search eval` on an index of the same
    /// corpus: the same words, weighed the same way.
    ///
    /// The corpus is read again, because titles count apart from texts there; what is kept of it is its words, in
    /// memory.
    ///
    /// # Errors
    /// A corpus that cannot be read or is another by now, an interrupt.
    pub fn measure_bm25(&self, interrupt: &Interrupt) -> Result<Measured> {
        let bar = progress::bar(self.passages() + self.questions(), "counting words", "texts");
        let words = self.words(interrupt, &|texts| bar.inc(texts as u64))?;
        let mut hits = Vec::with_capacity(self.questions());
        for chunk in self.questions.chunks(CHUNK) {
            interrupt.check()?;
            let search = |question: &String| -> Result<Vec<u32>> {
                let found = words.search(question, DEPTH)?;
                Ok(found.iter().map(|hit| hit.row).collect())
            };
            hits.extend(chunk.par_iter().map(search).collect::<Result<Vec<_>>>()?);
            bar.inc(chunk.len() as u64);
        }
        bar.finish_and_clear();
        Ok(self.judge(hits, 0))
    }

    fn words(&self, interrupt: &Interrupt, progress: &dyn Fn(usize)) -> Result<Words> {
        let mut writer = WordWriter::in_memory(&self.corpus)?;
        let mut rows = 0;
        for document in corpus::read(&self.corpus, &Columns::default())? {
            let document = document?;
            if rows % CHUNK == 0 {
                interrupt.check()?;
            }
            if self.document_ids.get(rows) != Some(&document.id) {
                return Err(self.changed());
            }
            writer.count(&document)?;
            progress(1);
            rows += 1;
        }
        if rows != self.passages() {
            return Err(self.changed());
        }
        Ok(writer.open()?)
    }

    fn changed(&self) -> TrainError {
        TrainError::Data(format!(
            "{}: expected the passages that were there a moment ago, found others; leave the file alone while it is \
             in use",
            self.corpus.display()
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{CORPUS, QUERIES, eval};
    use super::*;

    #[test]
    fn words_find_their_passage_and_know_no_others() {
        let (_folder, eval) = eval(CORPUS, QUERIES, "q1\td2\t1\n");
        let evaluator = Evaluator::read(&eval).unwrap();
        let measured = evaluator.measure_bm25(&Interrupt::default()).unwrap();
        assert_eq!(
            measured.hits,
            [[1]],
            "the other passage has no word of the question"
        );
        assert_eq!(measured.metrics.ndcg_at_10, 1.0);
    }

    #[test]
    fn a_corpus_that_changed_and_an_interrupt_stop_it() {
        let (_folder, eval) = eval(CORPUS, QUERIES, "q1\td2\t1\n");
        let evaluator = Evaluator::read(&eval).unwrap();
        let interrupt = Interrupt::default();
        interrupt.set();
        let stopped = evaluator.measure_bm25(&interrupt);
        assert!(matches!(stopped, Err(TrainError::Interrupted)));
        for other in [CORPUS.replace("d2", "d3"), CORPUS.lines().take(1).collect()] {
            std::fs::write(&eval.corpus, other).unwrap();
            let message = evaluator
                .measure_bm25(&Interrupt::default())
                .unwrap_err()
                .to_string();
            assert!(
                message.contains("corpus.jsonl: expected the passages"),
                "{message}"
            );
        }
    }
}
