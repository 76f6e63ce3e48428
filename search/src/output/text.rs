//! Plain text for people: a hit in three short paragraphs of one to three lines, and the evaluation's table.
//!
//! Texts of a corpus are strangers': control characters in them never reach the terminal.

use std::io::{self, IsTerminal, Write};
use std::ops::Range;

use encoder::ranking::Metrics;

use super::grouped;
use crate::hits::{Hit, Mode, Place};

/// Widest line on a terminal, in characters: longer ones are hard to read.
const READABLE: usize = 100;
/// Blanks before the second and later lines of a hit, the width of its rank.
const INDENT: &str = "    ";

/// How to set off what matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    /// Escape sequences for bold and dim, as terminals know them; else `**` around matching words.
    pub ansi: bool,
    /// Characters a line may have; `None` to leave lines whole, as programs like them.
    pub width: Option<usize>,
}

impl Style {
    /// Plain text with unbroken lines.
    pub const PLAIN: Self = Self {
        ansi: false,
        width: None,
    };

    /// What fits stdout: the terminal's width and escapes unless NO_COLOR is set, plain elsewhere.
    pub fn of_stdout() -> Self {
        if !io::stdout().is_terminal() {
            return Self::PLAIN;
        }
        let unwanted = |name, bad: fn(&str) -> bool| std::env::var(name).is_ok_and(|value| bad(&value));
        let ansi =
            !unwanted("NO_COLOR", |value| !value.is_empty()) && !unwanted("TERM", |value| value == "dumb");
        let columns = terminal_size::terminal_size().map_or(READABLE, |(width, _)| usize::from(width.0));
        Self {
            ansi,
            width: Some(columns.clamp(20, READABLE)),
        }
    }

    fn dim(&self) -> (&'static str, &'static str) {
        if self.ansi {
            ("\x1b[2m", "\x1b[0m")
        } else {
            ("", "")
        }
    }

    fn mark(&self) -> (&'static str, &'static str) {
        if self.ansi {
            ("\x1b[1m", "\x1b[0m")
        } else {
            ("**", "**")
        }
    }
}

/// Writes one hit and an empty line.
///
/// # Errors
/// `out` cannot be written to.
pub fn hit(out: &mut impl Write, hit: &Hit, mode: Mode, style: &Style) -> io::Result<()> {
    let title = if hit.title.trim().is_empty() {
        &hit.id
    } else {
        &hit.title
    };
    let title = wrapped(&[(title, false)], style).join(&format!("\n{INDENT}"));
    writeln!(out, "{:>2}  {title}", hit.rank)?;
    let (dim, end) = style.dim();
    writeln!(out, "{INDENT}{dim}{}{end}", printable(&scores(hit, mode)))?;
    for line in wrapped(&pieces(&hit.snippet, &hit.marks), style) {
        writeln!(out, "{INDENT}{line}")?;
    }
    writeln!(out)
}

/// `score 0.0325 · vector #1 0.742 · bm25 – · id d7`; a mode of one half has that half's score alone.
fn scores(hit: &Hit, mode: Mode) -> String {
    let place = |name: &str, place: Option<Place>| match place {
        Some(Place { rank, score }) => format!("{name} #{rank} {score:.3}"),
        None => format!("{name} –"),
    };
    let mut parts = vec![format!("score {:.4}", hit.score)];
    if mode == Mode::Hybrid {
        parts.extend([place("vector", hit.vector), place("bm25", hit.bm25)]);
    }
    parts.push(format!("id {}", hit.id));
    parts.join(" · ")
}

/// `text` cut at the ends of `marks`: (piece, marked?).
fn pieces<'a>(text: &'a str, marks: &[Range<usize>]) -> Vec<(&'a str, bool)> {
    let mut pieces = Vec::with_capacity(2 * marks.len() + 1);
    let mut end = 0;
    for mark in marks {
        // A mark that is out of order or splits a character is passed over rather than trusted.
        if let (Some(before), Some(marked)) = (text.get(end..mark.start), text.get(mark.clone())) {
            pieces.extend([(before, false), (marked, true)]);
            end = mark.end;
        }
    }
    pieces.push((&text[end..], false));
    pieces
}

/// The pieces as lines no wider than the style allows, broken at blanks, marks written out.
fn wrapped(pieces: &[(&str, bool)], style: &Style) -> Vec<String> {
    let room = style.width.map_or(usize::MAX, |width| width - INDENT.len());
    let mut lines = Vec::new();
    let (mut line, mut used) = (String::new(), 0);
    for (word, width) in words(pieces, style) {
        if used > 0 && used + 1 + width > room {
            lines.push(std::mem::take(&mut line));
            used = 0;
        }
        if used > 0 {
            line.push(' ');
            used += 1;
        }
        line += &word;
        used += width;
    }
    if used > 0 {
        lines.push(line);
    }
    lines
}

/// Words between blanks with their marks written out, and their widths on paper. A mark is closed within
/// its word, so that a line break never falls into it.
fn words(pieces: &[(&str, bool)], style: &Style) -> Vec<(String, usize)> {
    let (open, close) = style.mark();
    let on_paper = if style.ansi { 0 } else { open.len() + close.len() };
    let mut words = Vec::new();
    let (mut word, mut width) = (String::new(), 0);
    for (piece, marked) in pieces {
        let piece = printable(piece);
        for (position, part) in piece.split(' ').enumerate() {
            if position > 0 && width > 0 {
                words.push((std::mem::take(&mut word), std::mem::take(&mut width)));
            }
            if part.is_empty() {
                continue;
            }
            width += part.chars().count();
            if *marked {
                word.extend([open, part, close]);
                width += on_paper;
            } else {
                word += part;
            }
        }
    }
    if width > 0 {
        words.push((word, width));
    }
    words
}

/// Control characters and line breaks as blanks: a text may not move the cursor or colour the screen.
fn printable(text: &str) -> String {
    text.chars()
        .map(|c| {
            if c.is_control() || c.is_whitespace() {
                ' '
            } else {
                c
            }
        })
        .collect()
}

/// Writes the evaluation's table.
///
/// # Errors
/// `out` cannot be written to.
pub fn metrics(out: &mut impl Write, table: &[(Mode, Metrics)], documents: usize) -> io::Result<()> {
    let queries = table.first().map_or(0, |(_, metrics)| metrics.queries);
    let noun = if queries == 1 { "query" } else { "queries" };
    writeln!(
        out,
        "{} {noun}, {} documents\n",
        grouped(queries),
        grouped(documents)
    )?;
    writeln!(
        out,
        "{:<7} {:>9} {:>9} {:>9} {:>9} {:>10}",
        "mode", "nDCG@10", "MRR@10", "recall@1", "recall@10", "recall@100"
    )?;
    for (mode, m) in table {
        let figures = [m.ndcg_at_10, m.mrr_at_10, m.recall_at_1, m.recall_at_10];
        write!(out, "{:<7}", mode.name())?;
        figures
            .iter()
            .try_for_each(|figure| write!(out, " {figure:>9.4}"))?;
        writeln!(out, " {:>10.4}", m.recall_at_100)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
