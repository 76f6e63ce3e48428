//! `king - man + woman`: words that count for or against.

use crate::error::{Result, WordsError};

/// For or against.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sign {
    /// `+`
    Plus,
    /// `-`
    Minus,
}

/// Words with their signs, in the order given; at least one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expression {
    terms: Vec<(Sign, String)>,
}

impl Expression {
    /// Reads words with `+` and `-` between them, and perhaps one before the first.
    ///
    /// A sign stands alone (`a - b`) or at the beginning of its word (`a -b`); inside a word it is part of it
    /// (`x-ray - bone`). A word after a sign that stands alone is taken as it is, whatever it begins with.
    ///
    /// # Errors
    /// No word, two signs, or two words without a sign between them.
    pub fn parse(text: &str) -> Result<Self> {
        let mut terms: Vec<(Sign, String)> = Vec::new();
        let mut pending = None;
        for token in text.split_whitespace() {
            let (sign, word) = split_sign(token);
            match (pending, sign, word) {
                (None, Some(sign), "") => pending = Some(sign),
                (Some(_), Some(_), "") => return Err(wrong(text, "a second sign", token)),
                (Some(sign), _, _) => {
                    terms.push((sign, token.to_owned()));
                    pending = None;
                }
                (None, Some(sign), word) => terms.push((sign, word.to_owned())),
                (None, None, word) if terms.is_empty() => terms.push((Sign::Plus, word.to_owned())),
                (None, None, _) => return Err(wrong(text, "a word without + or - before it", token)),
            }
        }
        if pending.is_some() || terms.is_empty() {
            return Err(wrong(
                text,
                "no word",
                if terms.is_empty() { "" } else { "at the end" },
            ));
        }
        Ok(Expression { terms })
    }

    /// The question of three words that Mikolov et al. ask: `a` is to `b` as `c` is to what? `b - a + c`.
    pub fn analogy(a: &str, b: &str, c: &str) -> Self {
        let terms = [(Sign::Plus, b), (Sign::Minus, a), (Sign::Plus, c)];
        Expression {
            terms: terms.map(|(sign, word)| (sign, word.to_owned())).into(),
        }
    }

    /// The words and their signs.
    pub fn terms(&self) -> &[(Sign, String)] {
        &self.terms
    }
}

/// `-word` is minus and `word`; the mathematical sign U+2212 counts too, as papers are copied with it.
fn split_sign(token: &str) -> (Option<Sign>, &str) {
    let minus = token
        .strip_prefix(['-', '\u{2212}'])
        .map(|word| (Some(Sign::Minus), word));
    let plus = token.strip_prefix('+').map(|word| (Some(Sign::Plus), word));
    minus.or(plus).unwrap_or((None, token))
}

fn wrong(text: &str, found: &str, token: &str) -> WordsError {
    let token = if token.is_empty() || token == "at the end" {
        token.to_owned()
    } else {
        format!("({token})")
    };
    let found = format!("{found} {token}");
    WordsError::Question(format!(
        "analogy {text:?}: expected words with + or - between them, as in `king - man + woman`, found {}; \
         write a phrase with _ (new_york)",
        found.trim_end()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        let expression = Expression::parse(text).unwrap();
        let sign = |sign| if sign == Sign::Plus { '+' } else { '-' };
        let terms = expression
            .terms()
            .iter()
            .map(|(s, word)| format!("{}{word}", sign(*s)));
        terms.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn signs_stand_alone_or_at_their_word() {
        assert_eq!(shown("king - man + woman"), "+king -man +woman");
        assert_eq!(shown(" king  -man +woman "), "+king -man +woman");
        assert_eq!(shown("- man + king"), "-man +king");
        assert_eq!(shown("king \u{2212} man"), "+king -man");
        assert_eq!(shown("king"), "+king");
        assert_eq!(shown("a + b + c - d - e"), "+a +b +c -d -e");
    }

    #[test]
    fn hyphens_in_words_are_theirs() {
        assert_eq!(shown("x-ray - covid-19"), "+x-ray -covid-19");
        assert_eq!(shown("a - -lrb-"), "+a --lrb-");
    }

    #[test]
    fn what_is_no_sum_of_words_is_refused_with_its_place() {
        for (text, part) in [
            ("", "found no word"),
            ("king -", "found no word at the end"),
            ("king - + man", "a second sign (+)"),
            ("king man", "without + or - before it (man)"),
        ] {
            let message = Expression::parse(text).unwrap_err().to_string();
            assert!(message.contains(part), "{message}");
        }
    }

    #[test]
    fn the_question_of_three_words_is_b_minus_a_plus_c() {
        assert_eq!(
            Expression::analogy("man", "king", "woman"),
            Expression::parse("king - man + woman").unwrap()
        );
    }
}
