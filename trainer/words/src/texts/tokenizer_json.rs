//! The tokenizer of a model folder, as the tokenizers library reads it.

use serde_json::{Map, Value, json};

use crate::corpus::{Phrase, Tokenization, Vocabulary};

/// A `tokenizer.json` that cuts texts as [`Tokenizer`](crate::corpus::Tokenizer) does and joins phrases as the
/// corpus has them joined.
///
/// A token's id is its row in the vocabulary. One more row must follow the vocabulary's, for all words that
/// are not in it; it should be zeros. Its name is `[UNK]`, in more brackets where the text has that word.
///
/// Phrases are added tokens, which the library finds from left to right, the longest first. It finds them in
/// characters, so the text is first brought to a form in which each word has a space on either side: then a
/// phrase can start and end nowhere else than words do, whatever stood between its words.
///
/// The library composes by Unicode 9: characters that are newer and have composed forms come out decomposed.
pub fn tokenizer_json(vocabulary: &Vocabulary, tokenization: Tokenization, phrases: &[Phrase]) -> String {
    let mut names: Vec<&str> = vocabulary.words().iter().map(String::as_str).collect();
    let mut added = Vec::new();
    for phrase in phrases {
        if let Some(row) = vocabulary.row(&phrase.joined) {
            names[row as usize] = &phrase.words;
            added.push(added_token(row, &phrase.words));
        }
    }
    let mut unknown = "[UNK]".to_owned();
    while vocabulary.row(&unknown).is_some() {
        unknown = format!("[{unknown}]");
    }
    let mut ids = Map::with_capacity(names.len() + 1);
    for (row, (name, word)) in names.into_iter().zip(vocabulary.words()).enumerate() {
        if vocabulary.row(word) == u32::try_from(row).ok() {
            ids.insert(name.to_owned(), row.into());
        }
    }
    ids.insert(unknown.clone(), vocabulary.len().into());
    let (normalizer, pre_tokenizer) = if phrases.is_empty() {
        words_alone(tokenization)
    } else {
        words_and_phrases(tokenization)
    };
    json!({
        "version": "1.0",
        "truncation": null,
        "padding": null,
        "added_tokens": added,
        "normalizer": normalizer,
        "pre_tokenizer": pre_tokenizer,
        "post_processor": null,
        "decoder": null,
        "model": {"type": "WordLevel", "vocab": ids, "unk_token": unknown},
    })
    .to_string()
}

/// Found in the model's vocabulary under its content, the token takes the id it has there.
fn added_token(row: u32, words: &str) -> Value {
    json!({
        "id": row,
        "content": words,
        "single_word": false,
        "lstrip": false,
        "rstrip": false,
        "normalized": true,
        "special": false,
    })
}

const SEPARATORS: &str = r"[^\p{L}\p{M}\p{N}]+";

fn words_alone(tokenization: Tokenization) -> (Value, Value) {
    match tokenization {
        Tokenization::Unicode => (
            sequence(lower_cased_and_composed()),
            json!({"type": "Split", "pattern": {"Regex": SEPARATORS}, "behavior": "Removed", "invert": false}),
        ),
        Tokenization::Whitespace => (Value::Null, json!({"type": "WhitespaceSplit"})),
    }
}

/// Two spaces between words (one closes a word, one opens the next), one in front and one behind.
fn words_and_phrases(tokenization: Tokenization) -> (Value, Value) {
    let (mut steps, separators) = match tokenization {
        Tokenization::Unicode => (lower_cased_and_composed(), SEPARATORS),
        Tokenization::Whitespace => (Vec::new(), r"\s+"),
    };
    steps.extend([
        json!({"type": "Replace", "pattern": {"Regex": separators}, "content": "  "}),
        json!({"type": "Replace", "pattern": {"Regex": r"\z"}, "content": " "}),
        json!({"type": "Prepend", "prepend": " "}),
    ]);
    (sequence(steps), json!({"type": "WhitespaceSplit"}))
}

fn lower_cased_and_composed() -> Vec<Value> {
    vec![json!({"type": "Lowercase"}), json!({"type": "NFC"})]
}

fn sequence(steps: Vec<Value>) -> Value {
    json!({"type": "Sequence", "normalizers": steps})
}
