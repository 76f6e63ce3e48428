//! A filter's text in tokens.

use std::ops::Range;

use super::FilterError;

/// Characters that end a word without quotes, besides blanks.
const ENDS_WORD: &str = "()\"',=!<>";

/// A token and its bytes in the text.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Token {
    pub kind: Kind,
    pub at: Range<usize>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Kind {
    /// A run of characters without quotes.
    Word(String),
    /// What stood between quotes.
    Text(String),
    /// One of `= == != < <= > >= ( ) ,`.
    Sign(&'static str),
    /// Behind the last token.
    End,
}

const SIGNS: [&str; 10] = ["==", "!=", "<=", ">=", "=", "<", ">", "(", ")", ","];

/// All tokens of `text`, [`Kind::End`] last.
pub(super) fn tokens(text: &str) -> Result<Vec<Token>, FilterError> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(first) = text[at..].chars().next() {
        let rest = &text[at..];
        if first.is_whitespace() {
            at += first.len_utf8();
            continue;
        }
        let (kind, length) = if let Some(sign) = SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
            (Kind::Sign(sign), sign.len())
        } else if matches!(first, '"' | '\'') {
            quoted(text, at, first)?
        } else if first == '!' {
            return Err(FilterError::new(
                text,
                at..at + 1,
                "expected `!=` or `not`, found `!`",
            ));
        } else {
            let ends = |c: char| c.is_whitespace() || ENDS_WORD.contains(c);
            let length = rest.find(ends).unwrap_or(rest.len());
            (Kind::Word(rest[..length].to_owned()), length)
        };
        tokens.push(Token {
            kind,
            at: at..at + length,
        });
        at += length;
    }
    tokens.push(Token {
        kind: Kind::End,
        at: at..at,
    });
    Ok(tokens)
}

/// The text in quotes that begins at `start`, and its length with the quotes. A backslash takes the next character as
/// it is.
fn quoted(text: &str, start: usize, quote: char) -> Result<(Kind, usize), FilterError> {
    let mut content = String::new();
    let mut characters = text[start..].char_indices().skip(1);
    while let Some((at, character)) = characters.next() {
        match character {
            '\\' => content.extend(characters.next().map(|(_, escaped)| escaped)),
            end if end == quote => return Ok((Kind::Text(content), at + 1)),
            other => content.push(other),
        }
    }
    let problem = format!("this {quote} has no second one");
    Err(FilterError::new(text, start..start + 1, problem))
}
