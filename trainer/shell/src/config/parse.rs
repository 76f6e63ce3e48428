//! TOML text to [`Config`], with errors that name file, line and key.

use std::path::Path;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::{Config, Contrastive, GloveFile, Kind, Word2vecFile, check};
use crate::error::{Result, TrainError};

/// Reads, parses and checks the file at `path`.
pub fn load(path: &Path) -> Result<Config> {
    let bytes = std::fs::read(path).map_err(TrainError::io(path, "read the configuration"))?;
    let text = String::from_utf8(bytes)
        .map_err(|_| TrainError::Config(format!("{}: not UTF-8 text, so not a TOML file", path.display())))?;
    parse(path, &text)
}

/// Parses and checks `text`; `path` only names it in errors.
pub fn parse(path: &Path, text: &str) -> Result<Config> {
    let file = ConfigText { path, text };
    // The kind decides which keys there are. Serde's tagged enums would do that too, but lose the line numbers.
    let config = match file.read::<Head>()?.kind {
        None => {
            let problem = "missing key `kind`: contrastive, word2vec or glove";
            return Err(TrainError::Config(format!("{}: {problem}", path.display())));
        }
        Some(Kind::Contrastive) => Config::Contrastive(file.read()?),
        Some(Kind::Word2vec) => {
            let mut config: Word2vecFile = file.read()?;
            config.word2vec.fill();
            config.texts.fill();
            Config::Word2vec(config)
        }
        Some(Kind::Glove) => {
            let mut config: GloveFile = file.read()?;
            config.texts.fill();
            Config::Glove(config)
        }
    };
    check::ranges(path, &config)?;
    Ok(config)
}

/// The key that is looked at first; the others are no matter yet.
#[derive(Deserialize)]
struct Head {
    kind: Option<Kind>,
}

struct ConfigText<'a> {
    path: &'a Path,
    text: &'a str,
}

impl ConfigText<'_> {
    fn read<T: DeserializeOwned>(&self) -> Result<T> {
        toml::from_str(self.text).map_err(|error| {
            let line = error.span().map_or(1, |span| line_of(self.text, span.start));
            let problem = explain(error.message());
            // Serde names the key where it knows or misses none, and else only the value.
            let names_key = problem.starts_with("unknown key") || problem.starts_with("missing key");
            let shown = match self.text.lines().nth(line - 1) {
                Some(text) if !names_key => format!(" ({})", text.trim()),
                _ => String::new(),
            };
            TrainError::Config(format!("{}, line {line}{shown}: {problem}", self.path.display()))
        })
    }
}

/// 1-based line that holds the byte at `offset`.
fn line_of(text: &str, offset: usize) -> usize {
    1 + text.bytes().take(offset).filter(|&byte| byte == b'\n').count()
}

/// Serde's message in the words of a configuration file, with the nearest known name where one is unknown.
///
/// Serde writes ``unknown field `x`, expected one of `a`, `b` ``: the first quoted name is the one found, the
/// others are those it knows, so the list of keys stands in the types alone.
fn explain(message: &str) -> String {
    let message = message
        .trim()
        .replace("unknown field", "unknown key")
        .replace("missing field", "missing key");
    if !message.starts_with("unknown ") {
        return message;
    }
    let mut names = message.split('`').skip(1).step_by(2);
    let Some(found) = names.next() else { return message };
    // Only the keys at the top of a file have `kind` among them.
    let other = names
        .clone()
        .any(|name| name == "kind")
        .then(|| kind_with(found))
        .flatten();
    if let Some(kind) = other {
        return format!("{message}. `{found}` belongs to kind = \"{kind}\"");
    }
    match nearest(found, names) {
        Some(known) => format!("{message}. Did you mean `{known}`?"),
        None => message,
    }
}

/// The kind of file that has `key` at its top. The types are asked, so that the keys stand there alone.
fn kind_with(key: &str) -> Option<&'static str> {
    if has_key::<Contrastive>(key) {
        Some("contrastive")
    } else if has_key::<Word2vecFile>(key) {
        Some("word2vec")
    } else {
        has_key::<GloveFile>(key).then_some("glove")
    }
}

fn has_key<T: DeserializeOwned>(key: &str) -> bool {
    let alone = toml::Table::from_iter([(key.to_owned(), toml::Value::Integer(0))]);
    // It fails in any case: a file has more than one key.
    T::deserialize(alone).is_err_and(|error| !error.message().starts_with("unknown field"))
}

/// The known name that `found` is most likely a misspelling of.
fn nearest<'a>(found: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let scored = known.map(|name| (strsim::jaro_winkler(found, name), name));
    // Below 0.75 the nearest name is a guess that confuses more than it helps.
    let best = scored
        .filter(|(score, _)| *score > 0.75)
        .max_by(|a, b| a.0.total_cmp(&b.0));
    best.map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: &str = "kind = \"contrastive\"\nname = \"m\"\n[data]\ntrain = \"a.jsonl\"\n";

    fn error(text: &str) -> String {
        parse(Path::new("m.toml"), text).unwrap_err().to_string()
    }

    #[test]
    fn the_smallest_file_gets_all_defaults() {
        let Config::Contrastive(config) = parse(Path::new("m.toml"), SMALL).unwrap() else {
            panic!("another kind");
        };
        assert_eq!(config.train, super::super::Train::default());
        assert_eq!(config.device, "auto");
        assert!(config.eval.is_none());
    }

    #[test]
    fn what_is_saved_reads_back_equal() {
        let text = format!(
            "{SMALL}[train]\nmax_steps = 9\ndropout = 0.0\n[eval]\ncorpus=\"c\"\nqueries=\"q\"\nqrels=\"r\"\n"
        );
        let config = parse(Path::new("m.toml"), &text).unwrap();
        let saved = toml::to_string(&config).unwrap();
        assert_eq!(parse(Path::new("saved"), &saved).unwrap(), config);
    }

    #[test]
    fn a_misspelt_key_is_refused_with_line_and_suggestion() {
        let message = error(&format!("{SMALL}[train]\nbatch_size = 8\nlearning_rat = 0.1\n"));
        assert!(
            message.starts_with("m.toml, line 7: unknown key `learning_rat`"),
            "{message}"
        );
        assert!(message.ends_with("Did you mean `learning_rate`?"), "{message}");
    }

    #[test]
    fn a_misspelt_section_and_kind_are_refused_with_suggestions() {
        assert!(error(&format!("{SMALL}[evall]\n")).contains("Did you mean `eval`?"));
        assert!(error(&SMALL.replace("contrastive", "contrastiv")).contains("`contrastive`"));
    }

    #[test]
    fn a_section_of_another_kind_is_refused_with_the_line_and_the_kind_it_belongs_to() {
        let words = "kind = \"word2vec\"\nname = \"m\"\n[data]\ntext = \"a.txt\"\n";
        for (text, line, kind) in [
            (format!("{words}[train]\nepochs = 3\n"), 5, "contrastive"),
            (format!("{words}[glove]\n"), 5, "glove"),
            (format!("{SMALL}[phrases]\n"), 5, "word2vec"),
            (
                format!("{}[subwords]\n", words.replace("word2vec", "glove")),
                5,
                "word2vec",
            ),
            (
                words.replace("[data]", "base_model = \"b\"\n[data]"),
                3,
                "contrastive",
            ),
        ] {
            let message = error(&text);
            assert!(
                message.starts_with(&format!("m.toml, line {line}: unknown key")),
                "{message}"
            );
            assert!(
                message.ends_with(&format!("belongs to kind = \"{kind}\"")),
                "{message}"
            );
        }
        let message = error(&format!("{words}[word2vec]\nbase_model = 3\n"));
        assert!(
            !message.contains("belongs"),
            "only at the top of the file: {message}"
        );
    }

    #[test]
    fn word_vectors_saved_read_back_equal() {
        for text in [
            "kind = \"word2vec\"\nname = \"m\"\n[data]\ntext = [\"a.txt\", \"b/*.gz\"]\n",
            "kind = \"word2vec\"\nname = \"m\"\n[data]\ntext = \"a\"\nmax_vocabulary = 9\n[phrases]\n[subwords]\n\
             [word2vec]\narchitecture = \"cbow\"\nobjective = \"hierarchical-softmax\"\n[texts]\npooling = \"mean\"\n\
             [output]\nformats = [\"word2vec-text\", \"word2vec-binary\", \"fasttext-vec\"]\n\
             [eval]\ncorpus=\"c\"\nqueries=\"q\"\nqrels=\"r\"\n",
            "kind = \"glove\"\nname = \"m\"\n[data]\ntext = \"a\"\ntokenizer = \"whitespace\"\ninvalid_utf8 = \"replace\"\n",
        ] {
            let config = parse(Path::new("m.toml"), text).unwrap();
            let saved = toml::to_string(&config).unwrap();
            assert_eq!(parse(Path::new("saved"), &saved).unwrap(), config, "{saved}");
        }
    }

    #[test]
    fn a_missing_kind_is_said_with_the_kinds_there_are() {
        let message = error("name = \"m\"\n");
        assert!(
            message.contains("`kind`: contrastive, word2vec or glove"),
            "{message}"
        );
    }

    #[test]
    fn a_key_like_no_other_gets_no_suggestion() {
        let message = error(&format!("{SMALL}[train]\nzzz = 1\n"));
        assert!(
            message.contains("unknown key `zzz`, expected one of") && !message.contains("Did you"),
            "{message}"
        );
    }

    #[test]
    fn a_missing_key_and_a_wrong_type_name_the_line() {
        assert!(error("kind = \"contrastive\"\n[data]\ntrain = \"a\"\n").contains("missing key `name`"));
        let message = error(&format!("{SMALL}[train]\nbatch_size = \"many\"\n"));
        assert!(
            message.starts_with("m.toml, line 6 (batch_size = \"many\"): invalid type: string \"many\""),
            "{message}"
        );
    }
}
