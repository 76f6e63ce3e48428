//! Ranges of what is configured for word vectors.

use trainer_words::WordsError;

use super::check::Check;
use super::{Learning, Pooling, TextData, Texts, WordVectors};
use crate::error::Result;

/// Refuses the first value that is out of its range, naming key, value and range.
pub fn ranges(check: &Check, config: &WordVectors) -> Result<()> {
    data(check, config.data)?;
    if let Some(phrases) = config.phrases {
        phrases.validate().map_err(refused(check, ""))?;
    }
    match config.learning {
        Learning::Word2vec(word2vec, subwords) => word2vec
            .settings(subwords, 1)
            .validate()
            .map_err(refused(check, "word2vec."))?,
        Learning::Glove(glove) => glove.settings(1).validate().map_err(refused(check, "glove."))?,
    }
    texts(check, config.texts, config.learning.size().0)?;
    let formats = &config.output.formats;
    for (number, format) in formats.iter().enumerate() {
        if formats[..number].contains(format) {
            return Err(check.error("output.formats names a format twice; keep one of them"));
        }
    }
    check.checkpoint_minutes(config.checkpoint.every_minutes)
}

/// The learning's settings report by their own names, subwords and phrases with their section.
fn refused<'a>(
    check: &'a Check,
    section: &'a str,
) -> impl FnOnce(WordsError) -> crate::error::TrainError + 'a {
    move |error| {
        let problem = error.to_string();
        if problem.starts_with("subwords.") {
            check.error(&problem)
        } else {
            check.error(&format!("{section}{problem}"))
        }
    }
}

fn data(check: &Check, data: &TextData) -> Result<()> {
    check.that(
        "data.text",
        "an empty list",
        !data.text.to_vec().is_empty(),
        "at least one file",
    )?;
    check.that("data.min_count", data.min_count, data.min_count >= 1, "1 or more")?;
    if let Some(words) = data.max_vocabulary {
        check.that("data.max_vocabulary", words, words >= 2, "2 or more words")?;
    }
    Ok(())
}

fn texts(check: &Check, texts: &Texts, dimension: usize) -> Result<()> {
    if texts.pooling == Pooling::Mean && (texts.a.is_some() || texts.components.is_some()) {
        return Err(check.error(
            "texts.a and texts.components belong to texts.pooling = \"sif\", and it is \"mean\"; remove them",
        ));
    }
    let pooling = texts.pooling();
    pooling.validate(dimension).map_err(refused(check, "texts."))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::{Config, parse};

    fn with(kind: &str, lines: &str) -> Result<Config, String> {
        let text = format!("kind = \"{kind}\"\nname = \"m\"\n[data]\ntext = \"a.txt\"\n{lines}\n");
        parse(Path::new("m.toml"), &text).map_err(|error| error.to_string())
    }

    #[test]
    fn values_beyond_the_edges_are_refused_with_section_value_and_range() {
        for (lines, parts) in [
            ("min_count = 0", ["data.min_count = 0", "1 or more"]),
            ("max_vocabulary = 1", ["data.max_vocabulary = 1", "2 or more"]),
            (
                "[word2vec]\nlearning_rate = 50",
                [
                    "word2vec.learning_rate: expected",
                    "above 0 and at most 1, found 50",
                ],
            ),
            (
                "[word2vec]\ndimension = 0",
                ["word2vec.dimension: expected", "found 0"],
            ),
            ("[word2vec]\nsample = nan", ["word2vec.sample", "found NaN"]),
            ("[subwords]\nminn = 9", ["m.toml: subwords.minn", "found 9"]),
            ("[phrases]\npasses = 9", ["phrases", "9"]),
            ("[texts]\na = 0", ["texts.a: expected", "found 0"]),
            (
                "[texts]\ncomponents = 101",
                ["texts.components: expected", "found 101"],
            ),
            ("[texts]\npooling = \"mean\"\na = 0.1", ["texts.a", "\"sif\""]),
            (
                "[checkpoint]\nevery_minutes = 0",
                ["checkpoint.every_minutes = 0", "0.001"],
            ),
            (
                "[output]\nformats = [\"word2vec-text\", \"word2vec-text\"]",
                ["output.formats", "twice"],
            ),
        ] {
            let message = with("word2vec", lines).unwrap_err();
            for part in parts {
                assert!(message.contains(part), "{lines}: {message}");
            }
        }
    }

    #[test]
    fn glove_has_ranges_too() {
        let message = with("glove", "[glove]\ndimension = 0").unwrap_err();
        assert!(message.contains("glove.dimension"), "{message}");
    }

    #[test]
    fn the_learning_rate_left_out_is_the_usual_one_of_the_architecture() {
        for (lines, expected) in [
            ("", 0.025),
            ("[word2vec]\narchitecture = \"skip-gram\"", 0.025),
            ("[word2vec]\narchitecture = \"cbow\"", 0.05),
            ("[word2vec]\narchitecture = \"cbow\"\nlearning_rate = 0.01", 0.01),
        ] {
            let Config::Word2vec(config) = with("word2vec", lines).unwrap() else {
                panic!("another kind");
            };
            assert_eq!(config.word2vec.learning_rate, Some(expected), "{lines}");
        }
    }
}
