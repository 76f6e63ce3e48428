//! Ranges of `[loss]`.

use super::check::Check;
use super::{Data, Direction, Loss, LossKind, Softmax};
use crate::error::Result;

/// Refuses the first value that is out of its range, and settings that the loss has no use for.
pub(super) fn ranges(check: &Check, loss: &Loss, data: &Data) -> Result<()> {
    unused(check, loss)?;
    directions(check, loss)?;
    numbers(check, loss)?;
    targets(check, loss, data)
}

/// Refuses what only another kind of loss looks at.
fn unused(check: &Check, loss: &Loss) -> Result<()> {
    let plain = Loss::default();
    let ranking = loss.kind == LossKind::Ranking;
    let triplet = loss.kind == LossKind::Triplet;
    let taught = [LossKind::MarginMse, LossKind::Distillation].contains(&loss.kind);
    for (key, used, set) in [
        ("directions", ranking, loss.directions != plain.directions),
        ("softmax", ranking, loss.softmax != plain.softmax),
        ("hardness", ranking, loss.hardness.is_some()),
        (
            "hardness_strength",
            loss.hardness.is_some(),
            loss.hardness_strength != plain.hardness_strength,
        ),
        ("guide", ranking, loss.guide.is_some()),
        ("guide_margin", loss.guide.is_some(), loss.guide_margin != 0.0),
        (
            "guide_relative_margin",
            loss.guide.is_some(),
            loss.guide_relative_margin != 0.0,
        ),
        ("distance", triplet, loss.distance != plain.distance),
        ("margin", triplet, loss.margin != plain.margin),
        ("teacher", taught, loss.teacher.is_some()),
        (
            "matryoshka",
            loss.kind != LossKind::Distillation,
            !loss.matryoshka.is_empty(),
        ),
    ] {
        if set && !used {
            let needs = match key {
                "guide_margin" | "guide_relative_margin" => "it needs loss.guide".to_owned(),
                "hardness_strength" => "it needs loss.hardness".to_owned(),
                _ => format!("a loss of kind {} has no use for it", name(loss.kind)),
            };
            return Err(check.error(&format!("loss.{key} is set, but {needs}; remove it")));
        }
    }
    Ok(())
}

/// As in the file.
fn name(kind: LossKind) -> String {
    toml::Value::try_from(kind).map_or_else(|_| format!("{kind:?}"), |value| value.to_string())
}

fn directions(check: &Check, loss: &Loss) -> Result<()> {
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
    Ok(())
}

fn numbers(check: &Check, loss: &Loss) -> Result<()> {
    let strength = loss.hardness_strength;
    check.that(
        "loss.hardness_strength",
        strength,
        strength > 0.0 && strength <= 1000.0,
        "above 0, at most 1000",
    )?;
    for (key, margin) in [
        ("loss.guide_margin", loss.guide_margin),
        ("loss.guide_relative_margin", loss.guide_relative_margin),
    ] {
        check.that(key, margin, (0.0..=1.0).contains(&margin), "0 to 1")?;
    }
    let margin = loss.margin;
    check.that(
        "loss.margin",
        margin,
        (0.0..=1000.0).contains(&margin),
        "0 to 1000",
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

/// What the loss compares with: a column of scores, a teacher, or neither.
fn targets(check: &Check, loss: &Loss, data: &Data) -> Result<()> {
    let kind = name(loss.kind);
    match loss.kind {
        LossKind::Cosent | LossKind::Cosine => {
            if data.negatives.as_ref().is_some_and(|names| !names.is_empty()) {
                return Err(check.error(&format!(
                    "data.negatives names columns, but a loss of kind {kind} judges pairs by their scores; remove it"
                )));
            }
        }
        LossKind::MarginMse => {
            if loss.teacher.is_some() == data.score.is_some() {
                return Err(check.error(
                    "loss.kind = \"margin_mse\" needs either loss.teacher, a model folder, or data.score, the column \
                     with the lead of the positive over the negative; give one of them",
                ));
            }
        }
        LossKind::Distillation if loss.teacher.is_none() => {
            return Err(check.error(
                "loss.kind = \"distillation\" needs loss.teacher, the folder of the model to be imitated",
            ));
        }
        LossKind::Ranking | LossKind::Triplet | LossKind::Distillation => {
            if data.score.is_some() {
                return Err(check.error(&format!(
                    "data.score is set, but a loss of kind {kind} has no use for scores; remove it"
                )));
            }
        }
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
            "guide = \"g\"\nguide_margin = 0.05\nguide_relative_margin = 0.1",
            "kind = \"cosent\"\nmatryoshka = [8]",
            "kind = \"cosine\"",
            "kind = \"triplet\"\ndistance = \"euclidean\"\nmargin = 1",
            "kind = \"margin_mse\"\nteacher = \"t\"",
            "kind = \"distillation\"\nteacher = \"t\"",
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
            (
                "hardness = \"all_negatives\"\nhardness_strength = 0",
                ["loss.hardness_strength = 0", "above 0"],
            ),
            (
                "hardness_strength = 9",
                ["loss.hardness_strength is set", "needs loss.hardness"],
            ),
            ("matryoshka = [0]", ["loss.matryoshka = 0", "1 and more"]),
            (
                "kind = \"cosent\"\nsoftmax = \"per_direction\"",
                ["loss.softmax is set", "kind \"cosent\""],
            ),
            ("margin = 1", ["loss.margin is set", "kind \"ranking\""]),
            (
                "guide_margin = 0.1",
                ["loss.guide_margin is set", "needs loss.guide"],
            ),
            (
                "guide = \"g\"\nguide_margin = 2",
                ["loss.guide_margin = 2", "0 to 1"],
            ),
            ("kind = \"margin_mse\"", ["either loss.teacher", "data.score"]),
            ("kind = \"distillation\"", ["needs loss.teacher", "imitated"]),
            (
                "kind = \"distillation\"\nteacher = \"t\"\nmatryoshka = [8]",
                ["loss.matryoshka is set", "distillation"],
            ),
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
