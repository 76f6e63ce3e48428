//! The texts nearest to each question, its right answers left out.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use encoder::Encoder;
use encoder::corpus::{self, Columns};
use encoder::text::Document;
use encoder::vectors::{Neighbor, TopK, Vectors, dot};
use rayon::prelude::*;

use crate::config::Mine;
use crate::contrastive::pairs::Pairs;
use crate::error::{Result, TrainError};
use crate::interrupt::Interrupt;
use crate::progress;

/// Texts that are encoded and searched at a time: what the corpus costs in memory.
const TILE: usize = 8192;

/// Texts between two looks at the interrupt.
const CHUNK: usize = 512;

/// Questions of a task, and texts that stay in a core's cache while they look at them.
const QUESTIONS: usize = 32;
const CACHED: usize = 256;

/// The pairs' texts with their vectors.
pub struct Search<'a> {
    pairs: &'a Pairs,
    interrupt: &'a Interrupt,
    /// Distinct questions.
    questions: Vec<Question>,
    /// For each of the pairs' texts the first that is the same but for the space around it.
    same: Same<'a>,
    question_vectors: Vectors,
    /// Distinct answers by their text numbers.
    answers: Vec<u32>,
    answer_vectors: Vectors,
}

/// A question, its texts by their numbers.
struct Question {
    text: u32,
    /// The right answers.
    right: HashSet<u32>,
    /// What is no wrong answer: the question and its right answers, each by the first of its [`Same`].
    excluded: HashSet<u32>,
}

/// The pairs' texts without the space around them.
struct Same<'a> {
    numbers: HashMap<&'a str, u32>,
    first: Vec<u32>,
}

impl<'a> Same<'a> {
    fn of(pairs: &'a Pairs) -> Self {
        let mut numbers = HashMap::new();
        let first = (0..)
            .zip(pairs.texts())
            .map(|(number, text)| *numbers.entry(text.trim()).or_insert(number))
            .collect();
        Same { numbers, first }
    }

    /// The first text that is a document's passage, or its text without the title; a number of no text where none is.
    fn number(&self, document: &Document, passage: &str) -> u32 {
        let found = |text: &str| self.numbers.get(text.trim()).copied();
        found(passage)
            .or_else(|| found(&document.text))
            .unwrap_or(u32::MAX)
    }
}

/// What was found.
pub struct Found {
    /// The corpus's texts that are near to some question, by their rows.
    pub texts: HashMap<u32, String>,
    /// For each question the nearest texts, best first.
    pub near: Vec<Vec<Neighbor>>,
    questions: HashMap<u32, usize>,
    positives: HashMap<(u32, u32), f32>,
}

impl Found {
    /// The place of a question in `near`, by its text number.
    pub fn question(&self, number: u32) -> usize {
        self.questions[&number]
    }

    /// The cosine of a question and its answer, by their text numbers.
    pub fn positive_score(&self, question: u32, answer: u32) -> f32 {
        self.positives[&(question, answer)]
    }
}

impl<'a> Search<'a> {
    /// Encodes the pairs' questions and answers.
    ///
    /// # Errors
    /// What the encoder refuses, an interrupt.
    pub fn new(pairs: &'a Pairs, encoder: &dyn Encoder, interrupt: &'a Interrupt) -> Result<Self> {
        let same = Same::of(pairs);
        let mut questions: Vec<Question> = Vec::new();
        let (mut places, mut answers, mut seen) = (HashMap::new(), Vec::new(), HashSet::new());
        for pair in 0..pairs.len() as u32 {
            let row = pairs.row(pair);
            let place = *places.entry(row[0]).or_insert(questions.len());
            if place == questions.len() {
                questions.push(Question {
                    text: row[0],
                    right: HashSet::new(),
                    excluded: HashSet::from([same.first[row[0] as usize]]),
                });
            }
            questions[place].right.insert(row[1]);
            questions[place].excluded.insert(same.first[row[1] as usize]);
            if seen.insert(row[1]) {
                answers.push(row[1]);
            }
        }
        let texts = |numbers: &mut dyn Iterator<Item = u32>| -> Vec<&str> {
            numbers.map(|number| pairs.text(number)).collect()
        };
        let asked = texts(&mut questions.iter().map(|question| question.text));
        let given = texts(&mut answers.iter().copied());
        let question_vectors = encode(&asked, interrupt, |texts| encoder.encode_queries(texts))?;
        let answer_vectors = encode(&given, interrupt, |texts| encoder.encode_documents(texts))?;
        Ok(Search {
            pairs,
            interrupt,
            questions,
            same,
            question_vectors,
            answers,
            answer_vectors,
        })
    }

    /// Searches the answers, or the corpus that is named.
    ///
    /// # Errors
    /// A corpus that cannot be read, what the encoder refuses, an interrupt.
    pub fn run(&self, mine: &Mine, encoder: &dyn Encoder) -> Result<Found> {
        let mut nearest: Vec<TopK> = self.questions.iter().map(|_| TopK::new(mine.depth)).collect();
        let mut texts = HashMap::new();
        match &mine.corpus {
            None => {
                self.look_at(&self.answer_vectors, 0, &mut nearest, |row| {
                    self.same.first[self.answers[row as usize] as usize]
                })?;
                let text = |number: u32| self.pairs.text(number).to_owned();
                texts.extend((0..).zip(self.answers.iter().map(|&number| text(number))));
            }
            Some(path) => self.corpus(path, encoder, &mut nearest, &mut texts)?,
        }
        let near = nearest.into_iter().map(TopK::into_sorted);
        Ok(Found {
            near: near.map(|near| each_text_once(near, &texts)).collect(),
            texts,
            questions: (0..)
                .zip(&self.questions)
                .map(|(place, question)| (question.text, place))
                .collect(),
            positives: self.positives(),
        })
    }

    /// Reads, encodes and searches a corpus tile by tile. Of the texts only those are kept that are among the nearest
    /// of some question when their tile has been looked at.
    fn corpus(
        &self,
        path: &Path,
        encoder: &dyn Encoder,
        nearest: &mut [TopK],
        texts: &mut HashMap<u32, String>,
    ) -> Result<()> {
        let mut passages = corpus::read(path, &Columns::default())?;
        let mut first = 0;
        loop {
            let tile = passages.by_ref().take(TILE).map(|document| {
                let document = document?;
                let passage = document.passage();
                let number = self.same.number(&document, &passage);
                Ok((passage, number))
            });
            let mut tile = tile.collect::<Result<Vec<(String, u32)>>>()?;
            if tile.is_empty() {
                break;
            }
            // What says nothing is no wrong answer.
            tile.retain(|(text, _)| !text.is_empty());
            if tile.is_empty() {
                continue;
            }
            let borrowed: Vec<&str> = tile.iter().map(|(text, _)| text.as_str()).collect();
            let vectors = encode(&borrowed, self.interrupt, |texts| encoder.encode_documents(texts))?;
            self.look_at(&vectors, first, nearest, |row| tile[(row - first) as usize].1)?;
            let near: HashSet<u32> = nearest.iter().flat_map(TopK::rows).collect();
            texts.retain(|row, _| near.contains(row));
            let kept = (first..).zip(tile.iter()).filter(|(row, _)| near.contains(row));
            texts.extend(kept.map(|(row, (text, _))| (row, text.clone())));
            first += tile.len() as u32;
        }
        if first == 0 {
            return Err(TrainError::Data(format!(
                "{}: expected at least one text, found none; name another mine.corpus",
                path.display()
            )));
        }
        Ok(())
    }

    /// Offers the texts of a tile, whose first row is `first`, to all questions; `number` is the first of a row's [`Same`],
    /// for what is a question's own text or right answer.
    ///
    /// # Errors
    /// An interrupt.
    fn look_at(
        &self,
        tile: &Vectors,
        first: u32,
        nearest: &mut [TopK],
        number: impl Fn(u32) -> u32 + Sync,
    ) -> Result<()> {
        let questions: Vec<_> = self.question_vectors.rows().zip(&self.questions).collect();
        nearest
            .par_chunks_mut(QUESTIONS)
            .zip(questions.par_chunks(QUESTIONS))
            .try_for_each(|(nearest, questions)| {
                for start in (0..tile.len()).step_by(CACHED) {
                    self.interrupt.check()?;
                    for (top, (vector, question)) in nearest.iter_mut().zip(questions) {
                        for row in start..(start + CACHED).min(tile.len()) {
                            let score = dot(vector, tile.row(row));
                            if score < top.floor() {
                                continue;
                            }
                            let row = first + row as u32;
                            if !question.excluded.contains(&number(row)) {
                                top.offer(Neighbor { row, score });
                            }
                        }
                    }
                }
                Ok(())
            })
    }

    fn positives(&self) -> HashMap<(u32, u32), f32> {
        let rows: HashMap<u32, usize> = self.answers.iter().copied().zip(0..).collect();
        let scores = self
            .question_vectors
            .rows()
            .zip(&self.questions)
            .flat_map(|(vector, question)| {
                let rows = &rows;
                question.right.iter().map(move |answer| {
                    let score = dot(vector, self.answer_vectors.row(rows[answer]));
                    ((question.text, *answer), score)
                })
            });
        scores.collect()
    }
}

/// Without the texts that stand nearer already: a corpus can have a text twice, and a pair not.
fn each_text_once(near: Vec<Neighbor>, texts: &HashMap<u32, String>) -> Vec<Neighbor> {
    let mut seen = HashSet::new();
    let new = |found: &Neighbor| seen.insert(texts.get(&found.row));
    near.into_iter().filter(new).collect()
}

/// Unit vectors of the texts, with progress.
fn encode(
    texts: &[&str],
    interrupt: &Interrupt,
    encode: impl Fn(&[&str]) -> encoder::Result<encoder::Encoded>,
) -> Result<Vectors> {
    let bar = progress::bar(texts.len(), "encoding", "texts");
    let mut vectors: Option<Vectors> = None;
    for chunk in texts.chunks(CHUNK) {
        interrupt.check()?;
        let encoded = encode(chunk)?.vectors.normalized();
        match &mut vectors {
            Some(vectors) => vectors.extend(&encoded),
            None => vectors = Some(encoded),
        }
        bar.inc(chunk.len() as u64);
    }
    bar.finish_and_clear();
    vectors.ok_or_else(|| TrainError::Data("there are no texts to encode".into()))
}

#[cfg(test)]
mod tests {
    use encoder::testing::HashEncoder;

    use super::*;

    fn pairs() -> Pairs {
        let mut pairs = Pairs::new(2);
        for row in [
            ["gout pain", "gout hurts the joints"],
            ["gout pain", "pain of gout comes at night"],
            ["asthma cough", "asthma makes the breath short"],
            ["short breath", "asthma makes the breath short"],
            ["night sweat", "sweat at night has many causes"],
        ] {
            pairs.push(&row);
        }
        pairs
    }

    /// Every text's cosine with the question, right answers and the question itself left out, sorted.
    fn expected(encoder: &HashEncoder, question: &str, right: &[&str], texts: &[String]) -> Vec<u32> {
        let asked = encoder.encode_queries(&[question]).unwrap().vectors.normalized();
        let borrowed: Vec<&str> = texts.iter().map(String::as_str).collect();
        let vectors = encoder.encode_documents(&borrowed).unwrap().vectors.normalized();
        let mut all: Vec<Neighbor> = (0..)
            .zip(vectors.rows())
            .filter(|(row, _)| {
                !right.contains(&borrowed[*row as usize]) && borrowed[*row as usize] != question
            })
            .map(|(row, vector)| Neighbor {
                row,
                score: dot(asked.row(0), vector),
            })
            .collect();
        all.sort_by(Neighbor::best_first);
        all.iter().map(|hit| hit.row).collect()
    }

    #[test]
    fn each_question_finds_what_sorting_everything_finds_but_not_its_answers() {
        let (pairs, encoder) = (pairs(), HashEncoder::new(64));
        let interrupt = Interrupt::default();
        let search = Search::new(&pairs, &encoder, &interrupt).unwrap();
        let found = search.run(&Mine::default(), &encoder).unwrap();
        let texts: Vec<String> = (0..4).map(|row| found.texts[&row].clone()).collect();
        let right = ["gout hurts the joints", "pain of gout comes at night"];
        let near = |place: usize| found.near[place].iter().map(|hit| hit.row).collect::<Vec<_>>();
        assert_eq!(near(0), expected(&encoder, "gout pain", &right, &texts));
        assert_eq!(found.near.len(), 4, "a question that occurs twice is asked once");
        assert_eq!(near(0).len(), 2);
    }

    #[test]
    fn a_corpus_of_its_own_is_searched_in_tiles_with_the_same_result() {
        let (pairs, encoder) = (pairs(), HashEncoder::new(64));
        let interrupt = Interrupt::default();
        let search = Search::new(&pairs, &encoder, &interrupt).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("corpus.jsonl");
        let mut texts: Vec<String> = (0..TILE + 500)
            .map(|i| format!("night number {} of {}", i, i % 7))
            .collect();
        texts[3] = "gout hurts the joints".into();
        texts[TILE + 2] = "gout pain".into();
        texts[TILE + 4] = "gout pain again".into();
        texts[TILE + 9] = "gout pain again".into();
        *texts.last_mut().unwrap() = " ".into();
        let line = |(i, text): (usize, &String)| format!("{{\"id\":\"d{i}\",\"text\":\"{text}\"}}\n");
        std::fs::write(&path, texts.iter().enumerate().map(line).collect::<String>()).unwrap();
        let mine = Mine {
            corpus: Some(path),
            depth: 20,
            ..Mine::default()
        };
        let found = search.run(&mine, &encoder).unwrap();
        let right = ["gout hurts the joints"];
        let rows: Vec<u32> = found.near[0].iter().map(|hit| hit.row).collect();
        let mut nearest = expected(&encoder, "gout pain", &right, &texts)[..20].to_vec();
        nearest.retain(|&row| row != TILE as u32 + 9);
        assert_eq!(rows, nearest, "each text once");
        assert_eq!(rows[0], TILE as u32 + 4);
        assert!(rows.iter().all(|row| found.texts[row] == texts[*row as usize]));
        // Each of four questions gathers up to twice the depth.
        assert!(found.texts.len() <= 160, "{} texts kept", found.texts.len());
    }

    #[test]
    fn an_answer_is_known_again_behind_its_title_and_without_the_space_around_it() {
        let mut pairs = Pairs::new(2);
        pairs.push(&["gout pain", "gout hurts the joints\n"]);
        pairs.push(&["gout  ", "pain of gout comes at night"]);
        let (encoder, interrupt) = (HashEncoder::new(64), Interrupt::default());
        let search = Search::new(&pairs, &encoder, &interrupt).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("corpus.csv");
        let rows = "a,Gout,gout hurts the joints\nb,,gout\nc,Pain,pain of gout comes at night\nd,,asthma\n";
        std::fs::write(&path, format!("id,title,text\n{rows}")).unwrap();
        let mine = Mine {
            corpus: Some(path),
            ..Mine::default()
        };
        let found = search.run(&mine, &encoder).unwrap();
        let texts = |place: usize| {
            let mut rows: Vec<u32> = found.near[place].iter().map(|hit| hit.row).collect();
            rows.sort_unstable();
            rows
        };
        assert_eq!(texts(0), [1, 2, 3]);
        assert_eq!(
            texts(1),
            [0, 3],
            "its own text and its answer are no wrong answers"
        );
    }
}
