//! Ranges of `[mine]`.

use super::check::Check;
use super::{Contrastive, Data, Mine};
use crate::error::Result;

/// Refuses the first value that is out of its range.
pub(super) fn ranges(check: &Check, mine: &Mine) -> Result<()> {
    let negatives = mine.negatives;
    check.that(
        "mine.negatives",
        negatives,
        (1..=100).contains(&negatives),
        "1 to 100",
    )?;
    let depth = mine.depth;
    check.that("mine.depth", depth, (1..=100_000).contains(&depth), "1 to 100000")?;
    let least = mine.skip.saturating_add(negatives);
    let range = format!("{least} or more, so that mine.skip and mine.negatives fit in");
    check.that("mine.depth", depth, depth >= least, &range)?;
    let parts = [
        ("mine.relative_margin", mine.relative_margin, 0.0, 1.0),
        ("mine.margin", mine.margin, 0.0, 2.0),
        ("mine.max_score", mine.max_score, -1.0, 1.0),
        ("mine.min_score", mine.min_score, -1.0, 1.0),
    ];
    for (key, value, least, most) in parts {
        let range = format!("{least} to {most}");
        check.that(key, value, (least..=most).contains(&value), &range)?;
    }
    let (low, high) = (mine.min_score, mine.max_score);
    check.that("mine.min_score", low, low <= high, "at most mine.max_score")
}

/// Refuses rounds of mining that are out of range, or that no data set has a use for.
pub(super) fn rounds(check: &Check, config: &Contrastive) -> Result<()> {
    let Some(rounds) = config.mine.rounds else {
        return Ok(());
    };
    check.that("mine.rounds", rounds, (1..=100).contains(&rounds), "1 to 100")?;
    let mined: Vec<&Data> = config
        .data
        .all()
        .iter()
        .filter(|data| config.mines(data))
        .collect();
    if mined.is_empty() {
        return Err(check.error(
            "mine.rounds is set, but no loss of this file learns from hard negatives, as ranking, triplet and margin_mse \
             do; remove it",
        ));
    }
    for data in mined {
        if data.negatives.as_ref().is_some_and(|names| !names.is_empty()) {
            return Err(check.error(
                "data.negatives names columns, but mine.rounds finds the negatives; remove one of them",
            ));
        }
        if data.score.is_some() {
            return Err(check.error(
                "data.score names the leads over negatives that are there, and mine.rounds finds others; give \
                 loss.teacher in its place, or remove mine.rounds",
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::parse;

    #[test]
    fn values_beyond_the_edges_are_refused_by_key() {
        for (line, part) in [
            ("negatives = 0", "mine.negatives = 0"),
            ("rounds = 0", "mine.rounds = 0 is out of range; expected 1 to 100"),
            ("rounds = 101", "mine.rounds = 101"),
            ("depth = 0", "mine.depth = 0"),
            (
                "skip = 98",
                "mine.depth = 100 is out of range; expected 101 or more",
            ),
            ("relative_margin = 1.5", "0 to 1"),
            ("margin = -1", "mine.margin = -1"),
            ("min_score = 0.5\nmax_score = 0.1", "at most mine.max_score"),
        ] {
            let text =
                format!("kind = \"contrastive\"\nname = \"m\"\n[data]\ntrain = \"a\"\n[mine]\n{line}\n");
            let message = parse(Path::new("m.toml"), &text).unwrap_err().to_string();
            assert!(message.contains(part), "{line}: {message}");
        }
    }

    #[test]
    fn rounds_that_nothing_has_a_use_for_are_refused() {
        let read = |data: &str, loss: &str| {
            let text = format!(
                "kind = \"contrastive\"\nname = \"m\"\n[data]\ntrain = \"a\"\n{data}\n[loss]\n{loss}\n[mine]\nrounds = 2\n"
            );
            parse(Path::new("m.toml"), &text).map_or_else(|error| error.to_string(), |_| String::new())
        };
        for loss in ["", "kind = \"triplet\"", "kind = \"margin_mse\"\nteacher = \"t\""] {
            assert_eq!(read("negatives = []", loss), "", "{loss}");
        }
        for (data, loss, part) in [
            (
                "",
                "kind = \"cosent\"",
                "no loss of this file learns from hard negatives",
            ),
            ("negatives = [\"n\"]", "", "data.negatives names columns"),
            (
                "score = \"s\"",
                "kind = \"margin_mse\"",
                "data.score names the leads",
            ),
        ] {
            let message = read(data, loss);
            assert!(message.contains(part), "{message}");
        }
    }
}
