//! What goes to stdout and stderr, and how numbers read.

use std::fmt::Display;
use std::io::{self, Write};

use anyhow::Context;
use serde::Serialize;

/// Writes a line to stdout.
pub fn line(text: impl Display) -> anyhow::Result<()> {
    write(text).context("cannot write results to stdout")
}

/// Writes the line that says what a command has done, which is done whether the line can be written or not.
pub fn done(text: impl Display) -> anyhow::Result<()> {
    write(text).context("the work is done, but what it came to cannot be written to stdout")
}

fn write(text: impl Display) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{text}").and_then(|()| out.flush())
}

/// Writes a message to stderr; that nobody reads it is no error.
pub fn message(text: impl Display) {
    let _ = writeln!(io::stderr(), "{text}");
}

/// Writes what a command came to as one JSON object of type `summary`.
pub fn summary(summary: &impl Serialize) -> anyhow::Result<()> {
    let mut object = serde_json::Map::from_iter([("type".to_owned(), "summary".into())]);
    if let serde_json::Value::Object(fields) = serde_json::to_value(summary)? {
        object.extend(fields);
    }
    done(serde_json::Value::Object(object))
}

/// Says how many of `documents` that were encoded are longer than the `max_length` tokens that the model reads, and of
/// how many it knows no word.
pub fn notes((truncated, unknown): (u64, u64), documents: u64, max_length: usize) {
    if truncated > 0 {
        message(format_args!(
            "note: {} of {} longer than the {max_length} tokens that the model reads; the rest of each was not encoded, \
             but its words are searched",
            count(truncated, "document"),
            grouped(documents),
        ));
    }
    if unknown > 0 {
        message(format_args!(
            "note: {} of {} without a word that the model knows: found by their words (BM25) alone",
            count(unknown, "document"),
            grouped(documents),
        ));
    }
}

/// Whether the reader of our output has left, which is its good right.
pub fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error
        .downcast_ref::<io::Error>()
        .is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

/// 1234567 as `1,234,567`.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Bytes as `1.2 MB`, in powers of 1000.
pub fn size(bytes: u64) -> String {
    let units = ["B", "kB", "MB", "GB", "TB"];
    let mut value = bytes as f64;
    let mut unit = 0;
    while value >= 999.5 && unit + 1 < units.len() {
        value /= 1000.0;
        unit += 1;
    }
    match unit {
        0 => format!("{bytes} B"),
        _ => format!("{value:.1} {}", units[unit]),
    }
}

/// `1 document`, `2 documents`.
pub fn count(number: u64, thing: &str) -> String {
    let ending = if number == 1 { "" } else { "s" };
    format!("{} {thing}{ending}", grouped(number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        assert_eq!(
            [0, 999, 1000, 1_234_567].map(grouped),
            ["0", "999", "1,000", "1,234,567"]
        );
        assert_eq!(
            [0, 999, 1000, 24_300_000].map(size),
            ["0 B", "999 B", "1.0 kB", "24.3 MB"]
        );
        assert_eq!(
            [1, 2].map(|number| count(number, "document")),
            ["1 document", "2 documents"]
        );
    }
}
