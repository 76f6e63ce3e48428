//! Ranges of `[mine]`.

use super::Mine;
use super::check::Check;
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
    let skip = mine.skip;
    check.that(
        "mine.skip",
        skip,
        skip < depth,
        "less than mine.depth, which counts from the same text",
    )?;
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

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::parse;

    #[test]
    fn values_beyond_the_edges_are_refused_by_key() {
        for (line, part) in [
            ("negatives = 0", "mine.negatives = 0"),
            ("depth = 0", "mine.depth = 0"),
            ("skip = 100", "less than mine.depth"),
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
}
