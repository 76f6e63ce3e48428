//! The tokenizers library, given our `tokenizer.json`, cuts texts as our tokenizer does.

#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot set itself up fails with the panic's own message"
)]

use tokenizers::Tokenizer as Library;
use trainer_words::Unobserved;
use trainer_words::corpus::{
    CorpusSettings, Phrase, PhraseSettings, PreparedCorpus, Tokenization, Tokenizer, Vocabulary, prepare,
};
use trainer_words::texts::tokenizer_json::tokenizer_json;

const NASTY: [&str; 20] = [
    "",
    " ",
    "…!?",
    "Crohn's disease, COVID-19; state-of-the-art",
    "CAFÉ cafe\u{301} CAFE\u{301} H\u{331} \u{1e96} J\u{30c}",
    "東京 大学、日本語。한국어 각 \u{1100}\u{1161}\u{11a8}",
    "مرحبا بالعالم، السَّلام १२३ ٣٤",
    "👍🏽 a👩‍👩‍👧b ☎ \u{200b}x\u{200d}y",
    "don’t ’tis rock 'n' roll",
    "3.14 10,000 ½ x² ① Ⅻ ⅻ 10µg 5μg",
    "Straße STRASSE ẞ ß",
    "İstanbul ISPARTA ı I\u{307}",
    "ὈΔΥΣΣΕΎΣ Σίσυφος ΣΑΣ",
    "ﬁnding ﬂow ĳ Ǆ ǅ ǆ",
    "non\u{a0}breaking\u{202f}thin\u{2009}x\u{3000}y\u{85}z\u{2028}w",
    "snake_case __x__ a_b",
    "tabs\tand\r\nlines\nhere\u{b}v",
    "K \u{212a} Å \u{212b} Ω \u{2126} \u{344} \u{958}",
    "q\u{323}\u{307} q\u{307}\u{323} a\u{345} \u{fb1d}",
    "\u{feff}bom \u{fffd}x\u{0}y [UNK] unk",
];

fn words(tokenization: Tokenization, text: &str) -> Vec<String> {
    let mut words = Vec::new();
    Tokenizer::new(tokenization).words(text, |word| words.push(word.to_owned()));
    words
}

fn ids(library: &Library, text: &str) -> Vec<u32> {
    library.encode(text, false).unwrap().get_ids().to_vec()
}

#[test]
fn the_library_finds_our_words() {
    for tokenization in [Tokenization::Unicode, Tokenization::Whitespace] {
        let mut all: Vec<String> = NASTY.iter().flat_map(|text| words(tokenization, text)).collect();
        all.sort_unstable();
        all.dedup();
        let vocabulary = Vocabulary::from_counts(all.into_iter().map(|word| (word, 1)));
        // A phrase that no text has brings in the other way to split; the words must stay the same.
        let phrase = Phrase {
            joined: vocabulary.words()[0].clone(),
            words: "zzz zzz".to_owned(),
        };
        for phrases in [&[][..], &[phrase]] {
            let json = tokenizer_json(&vocabulary, tokenization, phrases);
            let library: Library = json.parse().unwrap();
            for text in NASTY {
                let mut ours: Vec<u32> = words(tokenization, text)
                    .iter()
                    .map(|word| vocabulary.row(word).unwrap())
                    .collect();
                if !phrases.is_empty() {
                    let unknown = vocabulary.len() as u32;
                    ours.iter_mut()
                        .filter(|row| **row == 0)
                        .for_each(|row| *row = unknown);
                }
                assert_eq!(ids(&library, text), ours, "{tokenization:?} {text:?}");
            }
        }
    }
}

#[test]
fn unknown_words_are_the_row_behind_the_vocabulary() {
    let vocabulary = Vocabulary::from_counts([("a".to_owned(), 2), ("[UNK]".to_owned(), 1)]);
    let library: Library = tokenizer_json(&vocabulary, Tokenization::Whitespace, &[])
        .parse()
        .unwrap();
    assert_eq!(ids(&library, "b [UNK] a"), [2, 1, 0]);
}

fn prepared(tokenizer: Tokenization, lines: &[&str]) -> PreparedCorpus {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.txt");
    std::fs::write(&file, lines.join("\n")).unwrap();
    let settings = CorpusSettings {
        tokenizer,
        min_count: 3,
        phrases: Some(PhraseSettings {
            passes: 2,
            threshold: 4.0,
            min_count: 2,
        }),
        ..CorpusSettings::default()
    };
    prepare(&[file], &settings, folder.path(), &Unobserved).unwrap()
}

#[test]
fn the_library_joins_the_phrases_of_the_corpus() {
    // Overlapping phrases (a b, b c, c d), phrases of phrases, beginnings of phrases inside longer words.
    let mut lines = vec!["p q r s t u v w x² y"; 40];
    lines.extend(["new york city hall"; 7]);
    lines.extend(["new york, new york"; 7]);
    lines.extend(["In New-York: city? hall!"; 7]);
    lines.extend(["a b", "b c", "c d", "a b c", "a b c d", "b c d"].repeat(6));
    lines.extend(["new yorkers renew york new york² city halls a bc ab c"; 4]);
    lines.extend(["d a b c d a  b\tc\u{a0}d new_york"; 3]);
    for tokenization in [Tokenization::Unicode, Tokenization::Whitespace] {
        let prepared = prepared(tokenization, &lines);
        assert!(prepared.phrases.len() > 3, "{:?}", prepared.phrases);
        assert!(
            prepared
                .phrases
                .iter()
                .any(|phrase| phrase.words.split(' ').count() > 2)
        );
        let json = tokenizer_json(&prepared.vocabulary, tokenization, &prepared.phrases);
        let library: Library = json.parse().unwrap();
        let corpus = &prepared.corpus;
        let mut sentences = corpus.chunks().iter().flat_map(|&chunk| corpus.sentences(chunk));
        for line in lines.iter().copied() {
            let mut theirs = ids(&library, line);
            theirs.retain(|&id| id != prepared.vocabulary.len() as u32);
            if !theirs.is_empty() {
                assert_eq!(
                    sentences.next().unwrap(),
                    theirs,
                    "{line:?} {:?}",
                    prepared.phrases
                );
            }
        }
        assert_eq!(sentences.next(), None);
    }
}
