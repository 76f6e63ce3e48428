//! Files of questions, line by line.

use std::path::Path;

use crate::error::{Result, WordsError};

/// Characters of a line that a message shows.
const SHOWN: usize = 60;

/// The text of a file, without a byte order mark.
pub(super) fn read(path: &Path) -> Result<String> {
    let bytes = std::fs::read(path).map_err(WordsError::read(path))?;
    let text = String::from_utf8(bytes).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        let line = 1 + error.as_bytes()[..valid]
            .iter()
            .filter(|&&byte| byte == b'\n')
            .count();
        wrong(
            path,
            line,
            "UTF-8 text",
            "other bytes".to_owned(),
            "convert the file to UTF-8",
        )
    })?;
    Ok(match text.strip_prefix('\u{feff}') {
        Some(rest) => rest.to_owned(),
        None => text,
    })
}

/// The lines that are not blank, without the white space around them, numbered from 1.
pub(super) fn numbered(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let lines = text.lines().zip(1..).map(|(line, number)| (number, line.trim()));
    lines.filter(|(_, line)| !line.is_empty())
}

/// A line that cannot be used.
pub(super) fn wrong(path: &Path, line: usize, expected: &str, found: String, help: &str) -> WordsError {
    WordsError::format(path, format!("{expected} in line {line}"), found, help)
}

/// A line for a message: quoted, and cut where it is long.
pub(super) fn shown(line: &str) -> String {
    match line.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{:?}…", &line[..end]),
        None => format!("{line:?}"),
    }
}
