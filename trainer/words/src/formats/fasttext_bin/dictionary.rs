//! The words of a model and how often each was seen.

use crate::error::Result;

use super::fields::Fields;

/// Bytes of the shortest entry: the NUL of a word without a character, which gensim writes, its count and its kind.
const SHORTEST_ENTRY: usize = 1 + 8 + 1;

const WORD: u8 = 0;
const LABEL: u8 = 1;

/// A word as it stands in the file.
pub(super) struct Word<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) count: u64,
}

/// Reads the dictionary; labels, which stand after the words, are left out.
pub(super) fn read<'a>(fields: &mut Fields<'a>) -> Result<Vec<Word<'a>>> {
    let size = fields.size("the size of the dictionary", 0)?;
    let words = fields.size("the number of words", 1)?;
    let labels = fields.size("the number of labels", 0)?;
    if words + labels != size {
        return Err(fields.damaged(
            &format!("a dictionary of {words} words and {labels} labels"),
            format!("one of {size}"),
        ));
    }
    fields.long_size("the number of tokens", 0)?;
    if fields.long("the number of pruned n-grams")? >= 0 {
        return Err(fields.refused(
            "a model with all its n-grams",
            "one whose dictionary was pruned",
            "use the .bin or the .vec file from before `fasttext quantize`",
        ));
    }
    if fields.left().len() / SHORTEST_ENTRY < size {
        return Err(fields.truncated(&format!("a dictionary of {size} words")));
    }
    let mut entries = Vec::with_capacity(words);
    for entry in 0..words {
        entries.push(read_entry(fields, entry, WORD)?);
    }
    for entry in words..size {
        read_entry(fields, entry, LABEL)?;
    }
    Ok(entries)
}

fn read_entry<'a>(fields: &mut Fields<'a>, entry: usize, kind: u8) -> Result<Word<'a>> {
    let number = entry + 1;
    let bytes = fields.string(&format!("word {number} of the dictionary"))?;
    let count = fields.long_size(&format!("the count of word {number}"), 0)? as u64;
    let found = fields.byte(&format!("the kind of word {number}"))?;
    if found != kind {
        return Err(fields.damaged(
            &format!("{kind} for the kind of word {number} (0 for a word, 1 for a label)"),
            found,
        ));
    }
    Ok(Word { bytes, count })
}

impl Word<'_> {
    /// The word as text; bytes that are not UTF-8 become U+FFFD.
    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(self.bytes).into_owned()
    }
}
