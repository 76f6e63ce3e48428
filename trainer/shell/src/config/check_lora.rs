//! Ranges of `[lora]`.

use super::Lora;
use super::check::Check;
use crate::error::Result;

/// Refuses the first value that is out of its range.
pub(super) fn ranges(check: &Check, lora: &Lora) -> Result<()> {
    let Lora {
        rank,
        alpha,
        dropout,
        targets,
    } = lora;
    check.that("lora.rank", rank, *rank >= 1, "1 or more")?;
    check.that(
        "lora.alpha",
        alpha,
        *alpha > 0.0 && *alpha <= 10_000.0,
        "above 0, at most 10000",
    )?;
    check.that("lora.dropout", dropout, (0.0..=0.9).contains(dropout), "0 to 0.9")?;
    let twice = targets
        .iter()
        .enumerate()
        .any(|(i, target)| targets[..i].contains(target));
    let found =
        toml::Value::try_from(targets).map_or_else(|_| format!("{targets:?}"), |value| value.to_string());
    check.that(
        "lora.targets",
        found,
        !targets.is_empty() && !twice,
        "one name or more, none twice",
    )
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::{Config, parse};
    use super::*;

    fn with(lines: &str) -> Result<Option<Lora>, String> {
        let text = format!("kind = \"contrastive\"\nname = \"m\"\n[data]\ntrain = \"a\"\n{lines}\n");
        match parse(Path::new("m.toml"), &text) {
            Ok(Config::Contrastive(config)) => Ok(config.lora),
            Ok(_) => Err("another kind".into()),
            Err(error) => Err(error.to_string()),
        }
    }

    #[test]
    fn an_empty_section_is_the_defaults_and_none_is_none() {
        assert_eq!(with("").unwrap(), None);
        assert_eq!(with("[lora]").unwrap(), Some(Lora::default()));
        let all = "[\"query\", \"key\", \"value\", \"attention_output\", \"intermediate\", \"output\"]";
        let lora = with(&format!(
            "[lora]\nrank = 4\nalpha = 8\ndropout = 0.1\ntargets = {all}"
        ))
        .unwrap()
        .unwrap();
        assert_eq!((lora.rank, lora.alpha, lora.targets.len()), (4, 8.0, 6));
    }

    #[test]
    fn what_makes_no_sense_is_refused_with_value_and_range() {
        for (lines, parts) in [
            ("[lora]\nrank = 0", ["lora.rank = 0", "1 or more"]),
            ("[lora]\nalpha = 0", ["lora.alpha = 0", "above 0"]),
            ("[lora]\ndropout = 1.0", ["lora.dropout = 1", "0 to 0.9"]),
            ("[lora]\ntargets = []", ["lora.targets = []", "one name or more"]),
            (
                "[lora]\ntargets = [\"key\", \"key\"]",
                ["lora.targets = [\"key\", \"key\"]", "none twice"],
            ),
            (
                "[lora]\ntargets = [\"querry\"]",
                ["line 6", "Did you mean `query`"],
            ),
            ("[lora]\nranks = 8", ["line 6", "Did you mean `rank`"]),
            (
                "[lora]\n[train]\nfreeze_embeddings = true",
                ["train.freeze_embeddings", "[lora]"],
            ),
        ] {
            let message = with(lines).unwrap_err();
            assert!(
                parts.iter().all(|part| message.contains(part)),
                "{lines}: {message}"
            );
        }
    }
}
