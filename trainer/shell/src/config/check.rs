//! Ranges of the configuration's values: what is out of range is refused before any work is done.

use std::fmt::Display;
use std::path::Path;

use super::{
    Config, Contrastive, Data, Loss, LossKind, Train, check_lora, check_loss, check_mine, check_words,
};
use crate::error::{Result, TrainError};

/// Refuses the first value that is out of its range, naming key, value and range.
pub fn ranges(path: &Path, config: &Config) -> Result<()> {
    let check = Check { path, dataset: None };
    check.name(config.name())?;
    match config {
        Config::Contrastive(config) => contrastive(&check, config),
        _ => config
            .word_vectors()
            .map_or(Ok(()), |words| check_words::ranges(&check, &words)),
    }
}

fn contrastive(check: &Check, config: &Contrastive) -> Result<()> {
    let train = &config.train;
    datasets(check, config)?;
    if let Some(epochs) = train.epochs {
        check.that(
            "train.epochs",
            epochs,
            (1..=10_000).contains(&epochs),
            "1 to 10000",
        )?;
    }
    if let Some(steps) = train.max_steps {
        check.that(
            "train.max_steps",
            steps,
            (1..=100_000_000).contains(&steps),
            "1 to 100000000",
        )?;
    }
    if train.epochs.is_some() && train.max_steps.is_some() {
        return Err(check.error("train.epochs and train.max_steps are both given; keep one of them"));
    }
    let (batch, rate) = (train.batch_size, train.learning_rate);
    check.that(
        "train.batch_size",
        batch,
        (2..=65_536).contains(&batch),
        "2 to 65536 pairs",
    )?;
    check.that(
        "train.learning_rate",
        rate,
        rate > 0.0 && rate <= 1.0,
        "above 0, at most 1",
    )?;
    let warmup = train.warmup_ratio;
    check.that(
        "train.warmup_ratio",
        warmup,
        (0.0..1.0).contains(&warmup),
        "0 or more, below 1",
    )?;
    let decay = train.weight_decay;
    check.that(
        "train.weight_decay",
        decay,
        (0.0..=1.0).contains(&decay),
        "0 to 1",
    )?;
    let norm = train.max_grad_norm;
    check.that(
        "train.max_grad_norm",
        norm,
        norm > 0.0 && norm.is_finite(),
        "above 0",
    )?;
    let scale = train.scale;
    check.that(
        "train.scale",
        scale,
        scale > 0.0 && scale <= 1000.0,
        "above 0, at most 1000",
    )?;
    if let Some(length) = train.max_length {
        check.that(
            "train.max_length",
            length,
            length >= 3,
            "3 tokens or more, two of them special",
        )?;
    }
    if let Some(dropout) = train.dropout {
        check.that(
            "train.dropout",
            dropout,
            (0.0..=0.9).contains(&dropout),
            "0 to 0.9",
        )?;
    }
    let decay = train.layer_decay;
    check.that(
        "train.layer_decay",
        decay,
        decay > 0.0 && decay <= 1.0,
        "above 0, at most 1",
    )?;
    if let Some(lora) = &config.lora {
        check_lora::ranges(check, lora)?;
        if train.freeze_embeddings {
            return Err(check.error(
                "train.freeze_embeddings has no use beside [lora], which leaves the embeddings as they are; remove it",
            ));
        }
    }
    check_mine::ranges(check, &config.mine)?;
    check_mine::rounds(check, config)?;
    check.checkpoint_minutes(config.checkpoint.every_minutes)
}

/// Every data set with its loss, and what only several of them, or some losses, have a use for.
fn datasets(check: &Check, config: &Contrastive) -> Result<()> {
    let all = config.data.all();
    for (number, data) in all.iter().enumerate() {
        let check = Check {
            dataset: (all.len() > 1).then_some(number + 1),
            ..*check
        };
        check.that(
            "data.train",
            "an empty list",
            !data.train.to_vec().is_empty(),
            "at least one file",
        )?;
        check_loss::ranges(&check, config.loss_of(data), data)?;
    }
    if config.train.mixing.is_some() && all.len() == 1 {
        return Err(
            check.error("train.mixing needs several data sets, a section [[data]] for each; remove it")
        );
    }
    if config.loss != Loss::default() && all.iter().all(|data| data.loss.is_some()) {
        return Err(
            check.error("[loss] is given, but every data set has a loss of its own; remove one of them")
        );
    }
    let scaled = |data: &Data| [LossKind::Ranking, LossKind::Cosent].contains(&config.loss_of(data).kind);
    if config.train.scale != Train::default().scale && !all.iter().any(scaled) {
        return Err(check.error("train.scale is set, but no loss of this file has a use for it; remove it"));
    }
    Ok(())
}

#[derive(Clone, Copy)]
pub(super) struct Check<'a> {
    path: &'a Path,
    /// The number of the data set that is looked at, where there are several.
    dataset: Option<usize>,
}

impl Check<'_> {
    pub(super) fn that(&self, key: &str, value: impl Display, holds: bool, range: &str) -> Result<()> {
        if holds {
            return Ok(());
        }
        Err(self.error(&format!("{key} = {value} is out of range; expected {range}")))
    }

    pub(super) fn checkpoint_minutes(&self, minutes: f64) -> Result<()> {
        self.that(
            "checkpoint.every_minutes",
            minutes,
            (0.001..=100_000.0).contains(&minutes),
            "0.001 to 100000",
        )
    }

    /// The name becomes a folder beside `latest`, so it must be neither a path nor that link.
    fn name(&self, name: &str) -> Result<()> {
        let plain = name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c));
        if plain && !name.is_empty() && !name.starts_with('.') && name != "latest" {
            return Ok(());
        }
        Err(self.error(&format!(
            "name = \"{name}\" cannot be a model's name; expected letters, digits, '-', '_' and '.', \
             not starting with '.', and not \"latest\""
        )))
    }

    pub(super) fn error(&self, problem: &str) -> TrainError {
        let dataset = self
            .dataset
            .map_or_else(String::new, |number| format!(", data set {number}"));
        TrainError::Config(format!("{}{dataset}: {problem}", self.path.display()))
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::parse;

    fn with(train: &str) -> Result<(), String> {
        let text = format!("kind = \"contrastive\"\nname = \"m\"\n[data]\ntrain = \"a\"\n[train]\n{train}\n");
        parse(Path::new("m.toml"), &text)
            .map(|_| ())
            .map_err(|error| error.to_string())
    }

    #[test]
    fn values_at_the_edges_are_accepted() {
        for line in [
            "epochs = 1",
            "batch_size = 2",
            "warmup_ratio = 0",
            "weight_decay = 0",
            "dropout = 0.9",
            "layer_decay = 1",
            "freeze_embeddings = true\nfreeze_layers = 3",
        ] {
            with(line).unwrap();
        }
    }

    #[test]
    fn values_beyond_the_edges_are_refused_with_value_and_range() {
        for (line, key, range) in [
            ("epochs = 0", "train.epochs = 0", "1 to 10000"),
            ("batch_size = 1", "train.batch_size = 1", "2 to 65536"),
            (
                "learning_rate = 0.0",
                "train.learning_rate = 0",
                "above 0, at most 1",
            ),
            (
                "learning_rate = nan",
                "train.learning_rate = NaN",
                "above 0, at most 1",
            ),
            ("warmup_ratio = 1.0", "train.warmup_ratio = 1", "below 1"),
            ("weight_decay = -0.1", "train.weight_decay = -0.1", "0 to 1"),
            ("max_grad_norm = inf", "train.max_grad_norm = inf", "above 0"),
            ("scale = 0", "train.scale = 0", "at most 1000"),
            ("max_length = 2", "train.max_length = 2", "3 tokens or more"),
            ("dropout = 1.0", "train.dropout = 1", "0 to 0.9"),
            ("layer_decay = 0", "train.layer_decay = 0", "above 0, at most 1"),
            ("layer_decay = 1.1", "train.layer_decay = 1.1", "at most 1"),
        ] {
            let message = with(line).unwrap_err();
            assert!(
                message.contains(key) && message.contains(range),
                "{line}: {message}"
            );
        }
    }

    #[test]
    fn epochs_and_steps_together_are_refused() {
        assert!(
            with("epochs = 1\nmax_steps = 5")
                .unwrap_err()
                .contains("keep one of them")
        );
    }

    #[test]
    fn what_several_data_sets_or_no_loss_has_a_use_for_is_refused_with_the_data_set() {
        let error = |rest: &str| {
            let text = format!("kind = \"contrastive\"\nname = \"m\"\n{rest}");
            parse(Path::new("m.toml"), &text).unwrap_err().to_string()
        };
        let (one, cosine) = ("[data]\ntrain = \"a\"\n", "[data.loss]\nkind = \"cosine\"\n");
        for (text, part) in [
            (
                format!("{one}[train]\nmixing = \"round_robin\""),
                "needs several data sets",
            ),
            (
                format!("{one}{cosine}[train]\nscale = 30"),
                "no loss of this file",
            ),
            (
                format!("{one}{cosine}[loss]\nkind = \"cosent\""),
                "a loss of its own",
            ),
            (
                format!("[[data]]\ntrain = \"a\"\n[[data]]\ntrain = \"b\"\n{cosine}margin = 1"),
                "m.toml, data set 2: loss.margin is set",
            ),
        ] {
            let message = error(&text);
            assert!(message.contains(part), "{text}: {message}");
        }
    }

    #[test]
    fn a_name_that_is_a_path_or_the_link_is_refused() {
        for name in ["", "a/b", "..", ".hidden", "latest"] {
            let text = format!("kind = \"contrastive\"\nname = \"{name}\"\n[data]\ntrain = \"a\"\n");
            let message = parse(Path::new("m.toml"), &text).unwrap_err().to_string();
            assert!(message.contains("cannot be a model's name"), "{message}");
        }
    }
}
