//! The part of a text that shows best why it was found.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use indexer_bm25::{query_stems, words};

/// A part of a text, on one line, and where the words of the query are in it.
#[derive(Debug, Clone, PartialEq)]
pub struct Snippet {
    /// The part; `…` stands where it was cut out of the text.
    pub text: String,
    /// Byte ranges of `text`, ascending, that hold a word of the query.
    pub marks: Vec<Range<usize>>,
}

const ELLIPSIS: char = '…';

impl Snippet {
    /// The part of `text` with most of the words of `query`, up to `max_chars` characters.
    pub fn of(text: &str, query: &str, max_chars: usize) -> Self {
        best(text, query, max_chars)
    }
}

/// The window of `text` of up to `max_chars` characters with most different words of `query`, then
/// with most words of it, then the first. Without any the beginning of the text.
fn best(text: &str, query: &str, max_chars: usize) -> Snippet {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let stems = query_stems(query);
    let hits: Vec<Hit> = words(&text)
        .into_iter()
        .filter(|word| stems.contains(&word.stem))
        .map(|word| Hit {
            range: word.start..word.end,
            stem: word.stem,
        })
        .collect();
    let window = around(&text, best_run(&text, &hits, max_chars), max_chars);
    cut(&text, window, &hits)
}

struct Hit {
    range: Range<usize>,
    stem: String,
}

/// The bytes from the first to the last hit of the best run of hits that fits.
fn best_run(text: &str, hits: &[Hit], max_chars: usize) -> Range<usize> {
    let mut best = (0, 0, 0..0);
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    let mut first = 0;
    for (last, hit) in hits.iter().enumerate() {
        *counts.entry(&hit.stem).or_default() += 1;
        while first < last && text[hits[first].range.start..hit.range.end].chars().count() > max_chars {
            if let Some(count) = counts.get_mut(hits[first].stem.as_str()) {
                *count -= 1;
            }
            counts.retain(|_, count| *count > 0);
            first += 1;
        }
        let (different, all) = (counts.len(), last - first + 1);
        if (different, all) > (best.0, best.1) {
            best = (different, all, hits[first].range.start..hit.range.end);
        }
    }
    best.2
}

/// Widens `run` to `max_chars` characters: from the beginning of its sentence if that fits, else
/// with the run in the middle, and always at the ends of words.
fn around(text: &str, run: Range<usize>, max_chars: usize) -> Range<usize> {
    let fits = |start: usize| text[start..run.end].chars().count() <= max_chars;
    let spare = max_chars.saturating_sub(text[run.clone()].chars().count());
    let middle = step_back(text, run.start, spare / 2);
    let start = match sentence_start(text, run.start) {
        start if fits(start) => start,
        _ => next_word(text, middle).min(run.start),
    };
    let end = text[start..]
        .char_indices()
        .nth(max_chars)
        .map_or(text.len(), |(at, _)| start + at);
    let whole_words = match text[start..end].rfind(' ') {
        Some(space) if end < text.len() && !text[end..].starts_with(' ') => start + space,
        _ => end,
    };
    // The last hit stays even where its word is glued to others; a single word may be too long.
    start..if whole_words < run.end { end } else { whole_words }
}

fn step_back(text: &str, from: usize, chars: usize) -> usize {
    text[..from]
        .char_indices()
        .rev()
        .take(chars)
        .last()
        .map_or(from, |(at, _)| at)
}

/// The first beginning of a word at or after `at`.
fn next_word(text: &str, at: usize) -> usize {
    match at {
        0 => 0,
        _ if text[..at].ends_with(' ') => at,
        _ => text[at..].find(' ').map_or(at, |space| at + space + 1),
    }
}

fn sentence_start(text: &str, at: usize) -> usize {
    [". ", "! ", "? "]
        .iter()
        .filter_map(|end| text[..at].rfind(end))
        .max()
        .map_or(0, |end| end + 2)
}

fn cut(text: &str, window: Range<usize>, hits: &[Hit]) -> Snippet {
    let mut shown = String::new();
    if window.start > 0 {
        shown.push(ELLIPSIS);
    }
    let before = shown.len();
    shown.push_str(&text[window.clone()]);
    if window.end < text.len() {
        shown.push(ELLIPSIS);
    }
    let within: BTreeSet<(usize, usize)> = hits
        .iter()
        .filter(|hit| window.start <= hit.range.start && hit.range.end <= window.end)
        .map(|hit| {
            (
                hit.range.start - window.start + before,
                hit.range.end - window.start + before,
            )
        })
        .collect();
    Snippet {
        text: shown,
        marks: within.into_iter().map(|(start, end)| start..end).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marked(snippet: &Snippet) -> Vec<&str> {
        snippet
            .marks
            .iter()
            .map(|mark| &snippet.text[mark.clone()])
            .collect()
    }

    #[test]
    fn a_short_text_is_shown_whole_with_all_forms_of_the_words() {
        let snippet = best(
            "Gout hurts.\n\tA  symptom of gout: pain.",
            "symptoms of gout",
            200,
        );
        assert_eq!(snippet.text, "Gout hurts. A symptom of gout: pain.");
        assert_eq!(marked(&snippet), ["Gout", "symptom", "gout"]);
    }

    #[test]
    fn the_window_with_most_different_words_wins() {
        let filler = "Nothing here. ".repeat(30);
        let text = format!("Gout gout gout gout. {filler}The symptom of gout is pain. {filler}");
        let snippet = best(&text, "gout symptoms", 60);
        assert!(
            snippet.text.starts_with("…The symptom of gout is pain."),
            "{}",
            snippet.text
        );
        assert!(snippet.text.ends_with('…') && snippet.text.chars().count() <= 62);
        assert_eq!(marked(&snippet), ["symptom", "gout"]);
    }

    #[test]
    fn without_a_hit_the_beginning_is_shown() {
        let snippet = best("One two three four five", "gout", 9);
        assert_eq!((snippet.text.as_str(), snippet.marks.len()), ("One two…", 0));
        assert_eq!(best("", "gout", 9).text, "");
    }

    #[test]
    fn any_text_any_query_and_any_length_give_valid_ranges() {
        let texts = [
            "日本語のテキスト",
            "é́a b ﷽ 🤒🤒 gout🤒 x",
            "goutgoutgoutgoutgoutgout gout",
            " . ? ! gout.gout? gout",
        ];
        for text in texts {
            for query in ["gout", "🤒", "日本語のテキスト", "x b", ""] {
                for max_chars in 0..40 {
                    let snippet = best(text, query, max_chars);
                    assert!(
                        snippet.text.chars().count() <= max_chars.max(24) + 2,
                        "{snippet:?}"
                    );
                    assert!(
                        snippet
                            .marks
                            .iter()
                            .all(|mark| snippet.text.get(mark.clone()).is_some())
                    );
                }
            }
        }
    }
}
