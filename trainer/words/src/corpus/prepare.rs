//! From files of text to a vocabulary and integers.
//!
//! Text is read once: its words get numbers in the order they are first seen, and those go to a scratch file.
//! What happens then (phrases, ordering by count, leaving out rare words) are passes over four bytes a word.

use std::path::{Path, PathBuf};

use rustc_hash::FxHashSet;
use serde::{Deserialize, Serialize};

use super::phrases::{self, Phrase, PhraseSettings};
use super::reading::{self, ReadText};
use super::segmentation::{Found, Segmentation};
use super::tokenizer::Tokenization;
use super::{IntegerCorpus, IntegerWriter, SENTENCE_END, Vocabulary};
use crate::error::{Result, WordsError};
use crate::observer::Observer;

/// What to do with bytes that are not UTF-8.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum InvalidUtf8 {
    /// An error that names the file and the line.
    #[default]
    Refuse,
    /// U+FFFD stands for them, which separates words (with [`Tokenization::Whitespace`] it does not); the
    /// lines are counted. A file of which more than half is not UTF-8 is refused all the same.
    Replace,
}

/// How text becomes words. The defaults are word2vec.c's where it has them.
#[derive(Debug, Clone, PartialEq)]
pub struct CorpusSettings {
    /// Column of Parquet files that holds the text.
    pub column: String,
    /// How a line becomes words.
    pub tokenizer: Tokenization,
    /// What to do with bytes that are not UTF-8.
    pub invalid_utf8: InvalidUtf8,
    /// Words seen less often are left out.
    pub min_count: u64,
    /// Only this many of the most frequent words are kept.
    pub max_vocabulary: Option<usize>,
    /// Whether and how words are joined to phrases.
    pub phrases: Option<PhraseSettings>,
}

impl Default for CorpusSettings {
    fn default() -> Self {
        CorpusSettings {
            column: "text".to_owned(),
            tokenizer: Tokenization::default(),
            invalid_utf8: InvalidUtf8::default(),
            min_count: 5,
            max_vocabulary: None,
            phrases: None,
        }
    }
}

/// What was read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CorpusReport {
    /// Lines (and parts of lines that were cut) with at least one word.
    pub sentences: u64,
    /// Words read, before phrases are joined.
    pub words: u64,
    /// Words in the integer corpus; a phrase is one.
    pub kept: u64,
    /// Different words read.
    pub distinct: u64,
    /// Lines longer than 1 MiB that were cut at white space into several sentences.
    pub lines_cut: u64,
    /// Lines in which bytes that are not UTF-8 were replaced.
    pub lines_replaced: u64,
    /// Phrases in the vocabulary.
    pub phrases: usize,
    /// Bytes of text, unpacked.
    pub bytes: u64,
}

/// Everything that learning needs.
#[derive(Debug)]
pub struct PreparedCorpus {
    /// The words, most frequent first, then by spelling.
    pub vocabulary: Vocabulary,
    /// The text as rows of the vocabulary.
    pub corpus: IntegerCorpus,
    /// The phrases in the vocabulary, in its order.
    pub phrases: Vec<Phrase>,
    /// What was read.
    pub report: CorpusReport,
}

/// Reads text and writes its integers to `corpus.u32` in the folder `scratch`.
///
/// The vocabulary is held in memory, each different word of the text once; the text is not. The result does
/// not depend on threads or on how the text is packed.
///
/// # Errors
/// A file that cannot be read or is no text; settings out of range; text without words, with no word left by
/// `min_count`, or without two words in any sentence; a full disk; [`WordsError::Interrupted`].
pub fn prepare(
    files: &[PathBuf],
    settings: &CorpusSettings,
    scratch: &Path,
    observer: &dyn Observer,
) -> Result<PreparedCorpus> {
    check(settings)?;
    let provisional = tempfile::Builder::new()
        .prefix("words-")
        .tempfile_in(scratch)
        .map_err(WordsError::write(scratch))?
        .into_temp_path();
    let text = reading::read(files, settings, IntegerWriter::create(&provisional)?, observer)?;
    if text.report.words == 0 {
        return Err(WordsError::Corpus(format!(
            "there is no word in {} of text ({}); give files with text",
            count(text.report.bytes, "byte"),
            files
                .iter()
                .map(|file| file.display().to_string())
                .collect::<Vec<_>>()
                .join(", "),
        )));
    }
    let found = match &settings.phrases {
        Some(phrases) => phrases::find(&text.corpus, &text.words, phrases, scratch, observer)?,
        None => Found::default(),
    };
    let (segmentation, selected) = select(&text, found, settings, observer)?;
    let path = scratch.join("corpus.u32");
    let (corpus, longest) = write(&text.corpus, &segmentation, &selected, &path, observer)?;
    if longest < 2 {
        return Err(WordsError::Corpus(format!(
            "no sentence has two words of the vocabulary ({}), so no word has a context; {}",
            count(selected.len() as u64, "word"),
            more_words(settings),
        )));
    }
    let joined = selected
        .iter()
        .filter_map(|unit| segmentation.phrase(unit.number));
    let phrases: Vec<Phrase> = joined.map(|words| Phrase::of(words, &text.words)).collect();
    let mut report = text.report;
    report.kept = corpus.words();
    report.phrases = phrases.len();
    Ok(PreparedCorpus {
        vocabulary: Vocabulary::from_counts(selected.into_iter().map(|unit| (unit.name, unit.count))),
        corpus,
        phrases,
        report,
    })
}

fn check(settings: &CorpusSettings) -> Result<()> {
    if settings.max_vocabulary == Some(0) {
        return Err(WordsError::Setting(
            "max_vocabulary is 0; leave it out to keep all words, or give a number over 0".to_owned(),
        ));
    }
    settings.phrases.as_ref().map_or(Ok(()), PhraseSettings::validate)
}

fn count(number: u64, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

/// A word or a phrase of the vocabulary.
struct Unit {
    /// Its number in the segmentation.
    number: u32,
    name: String,
    count: u64,
}

/// Chooses the vocabulary. Phrases that are too rare for it are taken apart and all is counted again, until
/// each phrase that is joined is in the vocabulary: the longest first, because their parts may be phrases.
fn select(
    text: &ReadText,
    found: Found,
    settings: &CorpusSettings,
    observer: &dyn Observer,
) -> Result<(Segmentation, Vec<Unit>)> {
    let mut segmentation = Segmentation::new(text.words.len(), found);
    loop {
        let counts = if segmentation.phrases().len() == 0 {
            text.words.counts().to_vec()
        } else {
            segmentation.count(&text.corpus, observer)?
        };
        let selected = most_frequent(text, &segmentation, &counts, settings);
        let kept: FxHashSet<u32> = selected.iter().map(|unit| unit.number).collect();
        let rare = segmentation.phrases().filter(|(unit, _)| !kept.contains(unit));
        let Some(longest) = rare.map(|(_, phrase)| phrase.len()).max() else {
            return large_enough(text, selected, settings).map(|selected| (segmentation, selected));
        };
        segmentation = segmentation.keep(|unit, phrase| phrase.len() < longest || kept.contains(&unit));
    }
}

fn most_frequent(
    text: &ReadText,
    segmentation: &Segmentation,
    counts: &[u64],
    settings: &CorpusSettings,
) -> Vec<Unit> {
    let frequent = (0..)
        .zip(counts)
        .filter(|&(_, &count)| count >= settings.min_count.max(1));
    let mut units: Vec<Unit> = frequent
        .map(|(number, &count)| Unit {
            number,
            name: segmentation.name(number, &text.words),
            count,
        })
        .collect();
    units.sort_unstable_by(|a, b| b.count.cmp(&a.count).then_with(|| a.name.cmp(&b.name)));
    units.truncate(settings.max_vocabulary.unwrap_or(usize::MAX));
    units
}

/// A vocabulary that something can be learned from.
fn large_enough(text: &ReadText, units: Vec<Unit>, settings: &CorpusSettings) -> Result<Vec<Unit>> {
    let found = match &units[..] {
        [] => "none was".to_owned(),
        [only] if settings.max_vocabulary != Some(1) => format!("only \"{}\" was", only.name),
        [_] => {
            return Err(WordsError::Setting(
                "max_vocabulary is 1, and one word has no other to be told from; give 2 or more".to_owned(),
            ));
        }
        _ => return Ok(units),
    };
    Err(WordsError::Corpus(format!(
        "of {} {found} seen {} or more; {}",
        count(text.report.distinct, "distinct word"),
        count(settings.min_count, "time"),
        more_words(settings),
    )))
}

/// What to do where there are too few words.
fn more_words(settings: &CorpusSettings) -> String {
    let mut ways = vec!["give more text"];
    if settings.min_count > 1 {
        ways.push("lower min_count");
    }
    if settings.phrases.is_some() {
        ways.push("join fewer phrases");
    }
    ways.join(", or ")
}

/// Writes the corpus as rows of the vocabulary; also the number of words in the longest sentence.
fn write(
    text: &IntegerCorpus,
    segmentation: &Segmentation,
    selected: &[Unit],
    path: &Path,
    observer: &dyn Observer,
) -> Result<(IntegerCorpus, usize)> {
    let mut rows = vec![SENTENCE_END; segmentation.len()];
    for (row, unit) in (0..).zip(selected) {
        rows[unit.number as usize] = row;
    }
    let mut writer = IntegerWriter::create(path)?;
    let (mut units, mut sentence, mut longest) = (Vec::new(), Vec::new(), 0);
    for &chunk in text.chunks() {
        if observer.interrupted() {
            return Err(WordsError::Interrupted);
        }
        for words in text.sentences(chunk) {
            segmentation.segment(words, &mut units);
            sentence.clear();
            sentence.extend(
                units
                    .iter()
                    .map(|&unit| rows[unit as usize])
                    .filter(|&row| row != SENTENCE_END),
            );
            longest = longest.max(sentence.len());
            writer.sentence(&sentence)?;
        }
    }
    Ok((writer.finish()?, longest))
}
