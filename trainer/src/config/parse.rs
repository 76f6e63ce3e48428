//! TOML text to [`Config`], with errors that name file, line and key.

use std::path::Path;

use super::{Config, check};
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
    let config: Config = toml::from_str(text).map_err(|error| {
        let line = error.span().map_or(1, |span| line_of(text, span.start));
        TrainError::Config(format!(
            "{}, line {line}: {}",
            path.display(),
            explain(error.message())
        ))
    })?;
    check::ranges(path, &config)?;
    Ok(config)
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
    match nearest(found, names) {
        Some(known) => format!("{message}. Did you mean `{known}`?"),
        None => message,
    }
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
        let config = parse(Path::new("m.toml"), SMALL).unwrap();
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
            message.starts_with("m.toml, line 6: invalid type: string \"many\""),
            "{message}"
        );
    }
}
