//! Ranges of `[loss]`.

use super::check::Check;
use super::{Direction, Loss, Softmax};
use crate::error::Result;

/// Refuses the first value that is out of its range.
pub(super) fn ranges(check: &Check, loss: &Loss) -> Result<()> {
    let has = |direction| loss.directions.contains(&direction);
    if !has(Direction::QueryToDocument) {
        return Err(
            check.error("loss.directions lacks \"query_to_document\", which holds the right answers; add it")
        );
    }
    if loss.softmax == Softmax::PerDirection
        && (has(Direction::QueryToQuery) || has(Direction::DocumentToDocument))
    {
        return Err(check.error(
            "loss.softmax = \"per_direction\" needs the right answer in each direction, and query_to_query and \
             document_to_document have none; leave them out or use \"joint\"",
        ));
    }
    let strength = loss.hardness_strength;
    check.that(
        "loss.hardness_strength",
        strength,
        strength > 0.0 && strength <= 1000.0,
        "above 0, at most 1000",
    )?;
    for &dimension in &loss.matryoshka {
        check.that(
            "loss.matryoshka",
            dimension,
            dimension >= 1,
            "lengths of 1 and more",
        )?;
    }
    if let Some(tokens) = loss.mini_batch_tokens {
        check.that(
            "loss.mini_batch_tokens",
            tokens,
            (3..=100_000_000).contains(&tokens),
            "3 to 100000000; 8192 suits most machines",
        )?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::parse;

    fn error(loss: &str) -> String {
        let text = format!("kind = \"contrastive\"\nname = \"m\"\n[data]\ntrain = \"a\"\n[loss]\n{loss}\n");
        parse(Path::new("m.toml"), &text).map_or_else(|error| error.to_string(), |_| String::new())
    }

    #[test]
    fn every_variant_is_accepted() {
        for loss in [
            "",
            "directions = [\"query_to_document\", \"document_to_query\"]\nsoftmax = \"per_direction\"",
            "directions = [\"query_to_document\", \"query_to_query\", \"document_to_query\", \"document_to_document\"]",
            "hardness = \"in_batch_negatives\"\nhardness_strength = 9",
            "hardness = \"hard_negatives\"",
            "hardness = \"all_negatives\"",
            "matryoshka = [192, 96]\nmini_batch_tokens = 4096",
        ] {
            assert_eq!(error(loss), "", "{loss}");
        }
    }

    #[test]
    fn what_makes_no_sense_is_refused_by_key() {
        for (loss, parts) in [
            ("directions = []", ["loss.directions", "query_to_document"]),
            ("directions = [\"sideways\"]", ["line 6", "sideways"]),
            (
                "directions = [\"query_to_document\", \"query_to_query\"]\nsoftmax = \"per_direction\"",
                ["loss.softmax", "joint"],
            ),
            ("hardness_strength = 0", ["loss.hardness_strength = 0", "above 0"]),
            ("matryoshka = [0]", ["loss.matryoshka = 0", "1 and more"]),
            ("mini_batch_tokens = 2", ["loss.mini_batch_tokens = 2", "3 to"]),
        ] {
            let message = error(loss);
            assert!(
                parts.iter().all(|part| message.contains(part)),
                "{loss}: {message}"
            );
        }
    }
}
