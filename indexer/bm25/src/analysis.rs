//! From text to the words that are compared: the same steps for documents, queries and snippets.
//!
//! Words are runs of letters and digits, in lower case, without accents, cut to their English stem;
//! words of 40 bytes and more (encoded data, links) are left out. Where a script puts no blanks between
//! words (Chinese, Japanese, Thai), a run of letters is a whole phrase, and from 14 characters on it is
//! left out, too. Stop words stay in the index, so that nothing is lost there, and are dropped from a
//! query unless it has no other words: "the who" still finds something, and "what are the symptoms of
//! gout" does not rank by "the".

use std::collections::BTreeSet;

use tantivy::tokenizer::{
    AsciiFoldingFilter, LowerCaser, RemoveLongFilter, SimpleTokenizer, Stemmer, TextAnalyzer,
};

/// The name under which the schema knows the analyzer; a change of its steps needs a new name.
pub(super) const ANALYZER: &str = "sextant_en_1";

/// Words have fewer bytes than this.
const TOO_LONG_BYTES: usize = 40;

/// Lucene's English list and the words that questions begin with.
const STOP_WORDS: [&str; 50] = [
    "a", "an", "and", "are", "as", "at", "be", "but", "by", "can", "do", "does", "for", "from", "has",
    "have", "how", "i", "if", "in", "into", "is", "it", "its", "me", "my", "no", "not", "of", "on", "or",
    "should", "such", "that", "the", "their", "then", "there", "these", "they", "this", "to", "was", "what",
    "when", "which", "who", "why", "will", "with",
];

/// The steps above.
pub(super) fn analyzer() -> TextAnalyzer {
    TextAnalyzer::builder(SimpleTokenizer::default())
        .filter(RemoveLongFilter::limit(TOO_LONG_BYTES))
        .filter(LowerCaser)
        .filter(AsciiFoldingFilter)
        .filter(Stemmer::default())
        .build()
}

/// A word of a text.
#[derive(Debug, PartialEq)]
pub struct Word {
    /// Its stem.
    pub stem: String,
    /// Where it lies in the text, in bytes.
    pub start: usize,
    /// Where it ends.
    pub end: usize,
}

/// The words of `text` in their order.
pub fn words(text: &str) -> Vec<Word> {
    let mut analyzer = analyzer();
    let mut stream = analyzer.token_stream(text);
    let mut words = Vec::new();
    while let Some(token) = stream.next() {
        words.push(Word {
            stem: token.text.clone(),
            start: token.offset_from,
            end: token.offset_to,
        });
    }
    words
}

/// The stems that a query looks for, each once.
pub fn query_stems(query: &str) -> BTreeSet<String> {
    let words = words(query);
    let counts = |word: &&Word| !STOP_WORDS.contains(&query[word.start..word.end].to_lowercase().as_str());
    let mut stems: BTreeSet<String> = words
        .iter()
        .filter(counts)
        .map(|word| word.stem.clone())
        .collect();
    if stems.is_empty() {
        stems = words.into_iter().map(|word| word.stem).collect();
    }
    stems
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stems(query: &str) -> Vec<String> {
        query_stems(query).into_iter().collect()
    }

    #[test]
    fn words_lose_case_accents_and_endings_but_keep_their_place() {
        let text = "Ménière's diseases";
        let words = words(text);
        assert_eq!(
            words.iter().map(|word| word.stem.as_str()).collect::<Vec<_>>(),
            ["menier", "s", "diseas"]
        );
        assert_eq!(&text[words[0].start..words[0].end], "Ménière");
    }

    #[test]
    fn words_have_up_to_39_bytes_and_phrases_without_blanks_up_to_13_characters() {
        for (letter, most) in [("x", 39), ("語", 13), ("ก", 13)] {
            assert_eq!(words(&letter.repeat(most)).len(), 1, "{letter}");
            assert_eq!(words(&letter.repeat(most + 1)), [], "{letter}");
        }
    }

    #[test]
    fn stop_words_count_only_where_there_are_no_others() {
        assert_eq!(stems("What are the symptoms of gout?"), ["gout", "symptom"]);
        assert_eq!(stems("to be or not to be"), ["be", "not", "or", "to"]);
        assert_eq!(stems("?! -- AND) \""), ["and"]);
        assert!(stems(" \u{0} … ").is_empty());
    }

    #[test]
    fn the_stop_words_are_in_order_and_unique() {
        assert!(STOP_WORDS.is_sorted_by(|a, b| a < b));
    }
}
