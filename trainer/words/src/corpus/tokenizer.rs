//! Lines into words.
//!
//! Two rules, both without language data, so that the same words come out of a text when vectors are learned
//! and when a question is asked later (see [`tokenizer_json`](crate::texts::tokenizer_json::tokenizer_json)).

use std::sync::LazyLock;

use regex::Regex;
use serde::{Deserialize, Serialize};
use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

/// How a line becomes words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tokenization {
    /// Every character is lower-cased by itself (`char::to_lowercase`: no final sigma, no language), the text
    /// is composed (NFC), and words are the longest runs of letters, marks and numbers (`\p{L}\p{M}\p{N}`).
    /// Everything else separates: "Crohn's" is two words, "COVID-19" too.
    ///
    /// Lower-casing comes first: the other way round, letters that are composed only in lower case (ẖ, ǰ)
    /// would leave two spellings of one word.
    #[default]
    Unicode,
    /// Words are what stands between white space (Unicode's White_Space); nothing is changed.
    Whitespace,
}

/// Cuts lines into words; keeps its buffers from line to line.
#[derive(Debug, Clone)]
pub struct Tokenizer {
    tokenization: Tokenization,
    lowered: String,
    composed: String,
}

impl Tokenizer {
    /// A tokenizer with empty buffers.
    pub fn new(tokenization: Tokenization) -> Self {
        Tokenizer {
            tokenization,
            lowered: String::new(),
            composed: String::new(),
        }
    }

    /// Calls `word` with each word of a line, in order.
    pub fn words(&mut self, line: &str, mut word: impl FnMut(&str)) {
        match self.tokenization {
            Tokenization::Whitespace => line.split_whitespace().for_each(word),
            Tokenization::Unicode if line.is_ascii() => {
                self.lowered.clear();
                self.lowered.push_str(line);
                self.lowered.make_ascii_lowercase();
                ascii_runs(&self.lowered, &mut word);
            }
            Tokenization::Unicode => runs(self.normalize(line), &mut word),
        }
    }

    /// The line lower-cased and composed.
    fn normalize(&mut self, line: &str) -> &str {
        self.lowered.clear();
        // Below U+0300 nothing composes with what stands before it.
        let mut may_compose = false;
        for character in line.chars() {
            if character.is_ascii() {
                self.lowered.push(character.to_ascii_lowercase());
            } else {
                may_compose |= character >= '\u{300}' || character == '\u{130}';
                self.lowered.extend(character.to_lowercase());
            }
        }
        if !may_compose || is_nfc_quick(self.lowered.chars()) == IsNormalized::Yes {
            return &self.lowered;
        }
        self.composed.clear();
        self.composed.extend(self.lowered.nfc());
        &self.composed
    }
}

/// Whether an ASCII byte is part of a word.
const ASCII_WORD: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 128 {
        table[byte] = (byte as u8).is_ascii_alphanumeric();
        byte += 1;
    }
    table
};

fn ascii_runs(line: &str, word: &mut impl FnMut(&str)) {
    let bytes = line.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        if !ASCII_WORD[usize::from(bytes[at])] {
            at += 1;
            continue;
        }
        let start = at;
        while at < bytes.len() && ASCII_WORD[usize::from(bytes[at])] {
            at += 1;
        }
        word(&line[start..at]);
    }
}

fn runs(line: &str, word: &mut impl FnMut(&str)) {
    let mut start = None;
    for (at, character) in line.char_indices() {
        match (is_word(character), start) {
            (true, None) => start = Some(at),
            (false, Some(from)) => {
                word(&line[from..at]);
                start = None;
            }
            _ => {}
        }
    }
    if let Some(from) = start {
        word(&line[from..]);
    }
}

fn is_word(character: char) -> bool {
    let code = character as usize;
    match ASCII_WORD.get(code) {
        Some(&is_word) if code < 128 => is_word,
        _ => WORD_CHARACTERS[code / 64] >> (code % 64) & 1 == 1,
    }
}

/// One bit for each code point: letter, mark or number, as the regex engine of the tokenizers library has it.
static WORD_CHARACTERS: LazyLock<Vec<u64>> = LazyLock::new(|| {
    let mut bits = vec![0_u64; (char::MAX as usize).div_ceil(64)];
    let class = Regex::new(r"[\p{L}\p{M}\p{N}]+").ok();
    let all: String = ('\0'..=char::MAX).collect();
    for run in class.iter().flat_map(|class| class.find_iter(&all)) {
        for character in run.as_str().chars() {
            bits[character as usize / 64] |= 1 << (character as usize % 64);
        }
    }
    bits
});

#[cfg(test)]
mod tests {
    use super::*;

    fn words(tokenization: Tokenization, line: &str) -> Vec<String> {
        let mut words = Vec::new();
        Tokenizer::new(tokenization).words(line, |word| words.push(word.to_owned()));
        words
    }

    #[test]
    fn words_are_runs_of_lower_cased_letters_marks_and_numbers() {
        for (line, expected) in [
            ("Crohn's disease, COVID-19!", "crohn s disease covid 19"),
            ("snake_case\tx=½²", "snake case x ½²"),
            ("ΌΔΟΣ Straße ẞ İx ﬁn", "όδοσ straße ß i\u{307}x ﬁn"),
            ("东京 大学。مرحبا", "东京 大学 مرحبا"),
            ("a\u{a0}b\u{fffd}c👍d\u{200d}e", "a b c d e"),
            ("  ", ""),
        ] {
            assert_eq!(words(Tokenization::Unicode, line).join(" "), expected);
        }
    }

    #[test]
    fn composed_and_decomposed_text_give_the_same_words() {
        for (one, other) in [
            ("CAFÉ", "cafe\u{301}"),
            ("H\u{331}", "ẖ"),
            ("J\u{30c}", "ǰ"),
            ("\u{212b}", "a\u{30a}"),
            ("İ", "I\u{307}"),
            ("각", "\u{1100}\u{1161}\u{11a8}"),
        ] {
            assert_eq!(
                words(Tokenization::Unicode, one),
                words(Tokenization::Unicode, other)
            );
        }
    }

    #[test]
    fn the_ascii_path_gives_what_the_general_path_gives() {
        let line: String = (0..128_u8).map(char::from).collect();
        let general = words(Tokenization::Unicode, &format!("{line} é"));
        let mut ascii = words(Tokenization::Unicode, &line);
        ascii.push("é".to_owned());
        assert_eq!(general, ascii);
    }

    #[test]
    fn white_space_alone_changes_nothing() {
        let words = words(
            Tokenization::Whitespace,
            "  New_York\u{a0}is BIG!\u{3000}e\u{301} \r",
        );
        assert_eq!(words, ["New_York", "is", "BIG!", "e\u{301}"]);
    }
}
