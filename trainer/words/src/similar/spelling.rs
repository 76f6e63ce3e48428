//! Words that are spelled alike, for messages.

use rayon::prelude::*;

/// Words named at most.
const NAMED: usize = 3;

/// `did you mean king, kings or kind?`, or that there is nothing like it.
///
/// Words that are up to a third of their letters away, by the number of letters changed, added, left out or
/// swapped with their neighbour; nearest first, then the more frequent.
pub(super) fn suggestion(word: &str, words: &[String]) -> String {
    let length = word.chars().count();
    let reach = (length / 3).clamp(1, 3);
    let mut near: Vec<(usize, usize)> = words
        .par_iter()
        .enumerate()
        .filter(|(_, other)| other.chars().count().abs_diff(length) <= reach)
        .map(|(row, other)| (strsim::osa_distance(word, other), row))
        .filter(|(distance, _)| *distance <= reach)
        .collect();
    near.sort_unstable();
    // A word at one letter's distance makes those farther off noise.
    let nearest = near.first().map_or(0, |near| near.0);
    let names: Vec<&str> = near
        .iter()
        .take_while(|near| near.0 == nearest)
        .take(NAMED)
        .map(|near| words[near.1].as_str())
        .collect();
    match names.as_slice() {
        [] => "no word of it is spelled like this".to_owned(),
        [name] => format!("did you mean {name}?"),
        [names @ .., last] => format!("did you mean {} or {last}?", names.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(word: &str, words: &[&str]) -> String {
        suggestion(
            word,
            &words.iter().map(|&word| word.to_owned()).collect::<Vec<_>>(),
        )
    }

    #[test]
    fn the_nearest_words_are_named_the_frequent_first() {
        assert_eq!(
            named("kimg", &["ring", "kim", "king", "kings"]),
            "did you mean kim or king?"
        );
        assert_eq!(
            named("diabtes", &["tablets", "diabetes", "diabetic"]),
            "did you mean diabetes?"
        );
        assert_eq!(
            named("hte", &["the", "hat", "hue", "hoe", "he"]),
            "did you mean the, hue or hoe?"
        );
    }

    #[test]
    fn nothing_far_off_is_named() {
        assert_eq!(
            named("zebra", &["antelope", "cat"]),
            "no word of it is spelled like this"
        );
        assert_eq!(named("x", &[]), "no word of it is spelled like this");
    }
}
