//! Measures a model on judged questions: every question against the whole corpus, exactly.

mod bm25;

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};

use encoder::beir::{self, Qrels};
use encoder::corpus::{self, Columns};
use encoder::ranking::{self, Metrics};
use encoder::vectors::{Vectors, exact_top_k, is_zero};
use encoder::{Encoder, EncoderError};

use crate::config::Judged;
use crate::error::{Result, TrainError};
use crate::interrupt::Interrupt;
use crate::progress;

/// Texts between two looks at the interrupt and two progress reports.
const CHUNK: usize = 512;

/// The deepest rank that a metric looks at (recall@100).
const DEPTH: usize = 100;

/// A development set in memory.
pub struct Evaluator {
    corpus: PathBuf,
    document_ids: Vec<String>,
    passages: Vec<String>,
    query_ids: Vec<String>,
    questions: Vec<String>,
    qrels: Qrels,
}

/// A measurement.
#[derive(Debug, Clone, PartialEq)]
pub struct Measured {
    /// The metrics over all judged questions.
    pub metrics: Metrics,
    /// Those of each question, in the order of [`Evaluator::question`].
    pub each: Vec<Metrics>,
    /// The best passages of each question, best first, as far down as a metric looks.
    pub hits: Vec<Vec<u32>>,
    /// Passages and questions cut at the model's maximum length.
    pub truncated: usize,
}

impl Evaluator {
    /// Reads the three files and checks that they fit together.
    ///
    /// # Errors
    /// An unreadable file, an id that occurs twice, a judgement about a question or a passage that is not
    /// there, no judged question at all: each would make the figures wrong without a sign.
    pub fn read(eval: &Judged) -> Result<Self> {
        let (document_ids, passages) = read_corpus(&eval.corpus)?;
        let qrels = beir::read_relevant(&eval.qrels)?;
        let (query_ids, questions) = beir::read_queries(&eval.queries)?
            .into_iter()
            .filter(|query| qrels.contains_key(&query.id))
            .map(|query| (query.id, query.text))
            .unzip();
        let evaluator = Evaluator {
            corpus: eval.corpus.clone(),
            document_ids,
            passages,
            query_ids,
            questions,
            qrels,
        };
        evaluator.check_judgements(eval)?;
        Ok(evaluator)
    }

    fn check_judgements(&self, eval: &Judged) -> Result<()> {
        let queries: HashSet<&str> = self.query_ids.iter().map(String::as_str).collect();
        let documents: HashSet<&str> = self.document_ids.iter().map(String::as_str).collect();
        let dangling = |id: &str, kind: &str, file: &Path| {
            let qrels = eval.qrels.display();
            TrainError::Data(format!(
                "{qrels}: judges {kind} {id:?}, which is not in {}; give files that belong together",
                file.display()
            ))
        };
        for (query, grades) in &self.qrels {
            if !queries.contains(query.as_str()) {
                return Err(dangling(query, "the question", &eval.queries));
            }
            if let Some(id) = grades.keys().find(|id| !documents.contains(id.as_str())) {
                return Err(dangling(id, "the passage", &eval.corpus));
            }
        }
        Ok(())
    }

    /// Number of passages.
    pub fn passages(&self) -> usize {
        self.passages.len()
    }

    /// Number of judged questions.
    pub fn questions(&self) -> usize {
        self.questions.len()
    }

    /// The text of a judged question.
    pub fn question(&self, number: usize) -> &str {
        &self.questions[number]
    }

    /// The id of a passage, and whether it is a right answer to a question.
    pub fn passage(&self, row: u32, question: usize) -> (&str, bool) {
        let id = &self.document_ids[row as usize];
        let grade = self.qrels[&self.query_ids[question]].get(id);
        (id, grade.is_some_and(|&grade| grade > 0))
    }

    /// BLAKE3 of everything that a measurement depends on besides the model, in hex.
    pub fn fingerprint(&self) -> String {
        let mut hasher = blake3::Hasher::new();
        let mut add = |text: &str| {
            hasher
                .update(&(text.len() as u64).to_le_bytes())
                .update(text.as_bytes());
        };
        let texts = [
            &self.document_ids,
            &self.passages,
            &self.query_ids,
            &self.questions,
        ];
        texts.into_iter().flatten().for_each(|text| add(text));
        for (query, grades) in &self.qrels {
            add(query);
            for (document, grade) in grades {
                add(document);
                add(&grade.to_string());
            }
        }
        hasher.finalize().to_hex().to_string()
    }

    /// The text of a passage, its title included.
    pub fn text(&self, row: u32) -> &str {
        &self.passages[row as usize]
    }

    /// [`Evaluator::measure`] with a progress bar.
    ///
    /// # Errors
    /// What the encoder refuses, an interrupt.
    pub fn measure_shown(&self, encoder: &dyn Encoder, interrupt: &Interrupt) -> Result<Measured> {
        let bar = progress::bar(self.passages() + self.questions(), "measuring", "texts");
        let measured = self.measure(encoder, interrupt, &|texts| bar.inc(texts as u64));
        bar.finish_and_clear();
        measured
    }

    /// Encodes everything with `encoder` and ranks it by the cosine, as an index does that is built without `--metric`;
    /// `progress` is told how many texts are done.
    ///
    /// A vector of zeros, of a text of which the model knows no word, is near to nothing, here as there.
    pub fn measure(
        &self,
        encoder: &dyn Encoder,
        interrupt: &Interrupt,
        progress: &dyn Fn(usize),
    ) -> Result<Measured> {
        let (mut vectors, mut rows) = (Vectors::new(encoder.dimension()), Vec::new());
        let mut truncated = 0;
        for (chunk, first) in self.passages.chunks(CHUNK).zip((0..).step_by(CHUNK)) {
            interrupt.check()?;
            let encoded = encoder.encode_documents(&borrow(chunk))?;
            truncated += encoded.truncated;
            let unit = encoded.vectors.normalized();
            for (row, vector) in (first..).zip(unit.rows()).filter(|(_, vector)| !is_zero(vector)) {
                vectors.push(vector);
                rows.push(row);
            }
            progress(chunk.len());
        }
        let mut ranked = Vec::with_capacity(self.questions.len());
        for chunk in self.questions.chunks(CHUNK) {
            interrupt.check()?;
            let encoded = encoder.encode_queries(&borrow(chunk))?;
            truncated += encoded.truncated;
            let asked = encoded.vectors.normalized();
            let found = exact_top_k(&asked, &vectors, DEPTH);
            ranked.extend(
                asked
                    .rows()
                    .zip(found)
                    .map(|(question, hits)| match is_zero(question) {
                        true => Vec::new(),
                        false => hits.iter().map(|hit| rows[hit.row as usize]).collect(),
                    }),
            );
            progress(chunk.len());
        }
        Ok(self.judge(ranked, truncated))
    }

    /// The metrics of rankings: the rows of each question's passages, best first. The same rankings give the same
    /// figures to the bit.
    pub fn judge(&self, hits: Vec<Vec<u32>>, truncated: usize) -> Measured {
        let ids = |rows: &Vec<u32>| {
            let ids = rows.iter().map(|&row| self.document_ids[row as usize].clone());
            ids.collect::<Vec<String>>()
        };
        let runs: BTreeMap<String, Vec<String>> =
            std::iter::zip(self.query_ids.iter().cloned(), hits.iter().map(ids)).collect();
        let by_id = ranking::evaluate_each(&self.qrels, &runs);
        let each: Vec<Metrics> = self.query_ids.iter().map(|id| by_id[id]).collect();
        Measured {
            metrics: ranking::mean(each.iter()),
            each,
            hits,
            truncated,
        }
    }
}

fn read_corpus(path: &Path) -> Result<(Vec<String>, Vec<String>)> {
    let (mut ids, mut passages, mut seen) = (Vec::new(), Vec::new(), HashSet::new());
    for (row, document) in (1..).zip(corpus::read(path, &Columns::default())?) {
        let document = document?;
        if !seen.insert(document.id.clone()) {
            let found = format!("{:?}, which an earlier row has", document.id);
            let (path, expected, help) = (
                path.to_owned(),
                "an id of its own".into(),
                "rename one of them".into(),
            );
            return Err(EncoderError::Row {
                path,
                row,
                expected,
                found,
                help,
            }
            .into());
        }
        passages.push(document.passage());
        ids.push(document.id);
    }
    if ids.is_empty() {
        return Err(
            EncoderError::format(path, "at least one passage", "no rows", "give a file with rows").into(),
        );
    }
    Ok((ids, passages))
}

fn borrow(texts: &[String]) -> Vec<&str> {
    texts.iter().map(String::as_str).collect()
}

#[cfg(test)]
mod tests {
    use encoder::testing::HashEncoder;

    use super::*;

    pub(super) fn eval(corpus: &str, queries: &str, qrels: &str) -> (tempfile::TempDir, Judged) {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            std::fs::write(folder.path().join(name), text).unwrap();
            folder.path().join(name)
        };
        let eval = Judged {
            corpus: write("corpus.jsonl", corpus),
            queries: write("queries.jsonl", queries),
            qrels: write("qrels.tsv", &format!("query-id\tcorpus-id\tscore\n{qrels}")),
        };
        (folder, eval)
    }

    pub(super) const CORPUS: &str =
        "{\"id\":\"d1\",\"text\":\"gout joint pain\"}\n{\"id\":\"d2\",\"text\":\"asthma inhaler\"}\n";
    pub(super) const QUERIES: &str =
        "{\"_id\":\"q1\",\"text\":\"asthma inhaler\"}\n{\"_id\":\"q2\",\"text\":\"unjudged\"}\n";

    #[test]
    fn a_question_that_equals_its_passage_is_found_first() {
        let (_folder, eval) = eval(CORPUS, QUERIES, "q1\td2\t1\n");
        let evaluator = Evaluator::read(&eval).unwrap();
        assert_eq!((evaluator.passages(), evaluator.questions()), (2, 1));
        let measured = evaluator
            .measure(&HashEncoder::new(64), &Interrupt::default(), &|_| ())
            .unwrap();
        assert_eq!(measured.metrics.recall_at_1, 1.0);
        assert_eq!(measured.metrics.queries, 1);
    }

    #[test]
    fn judgements_about_what_is_not_there_are_refused() {
        for (qrels, found) in [
            ("q9\td1\t1\n", "the question \"q9\""),
            ("q1\td9\t1\n", "the passage \"d9\""),
        ] {
            let (_folder, eval) = eval(CORPUS, QUERIES, qrels);
            let message = Evaluator::read(&eval).err().unwrap().to_string();
            assert!(message.contains(found), "{message}");
        }
    }

    #[test]
    fn a_passage_id_used_twice_is_refused() {
        let (_folder, eval) = eval(&CORPUS.replace("d2", "d1"), QUERIES, "q1\td1\t1\n");
        let message = Evaluator::read(&eval).err().unwrap().to_string();
        assert!(
            message.contains("row 2") && message.contains("\"d1\""),
            "{message}"
        );
    }

    #[test]
    fn an_interrupt_stops_the_measurement() {
        let (_folder, eval) = eval(CORPUS, QUERIES, "q1\td2\t1\n");
        let interrupt = Interrupt::default();
        interrupt.set();
        let result = Evaluator::read(&eval)
            .unwrap()
            .measure(&HashEncoder::new(8), &interrupt, &|_| ());
        assert!(matches!(result, Err(TrainError::Interrupted)));
    }
}
