//! What a training is, field by field: what has to be equal for a checkpoint of one to be gone on with by another.

use std::collections::BTreeMap;
use std::path::Path;

use encoder::Encoder;
use encoder::corpus::{self, Columns};
use encoder::model::Fingerprint;
use encoder_torch::TorchEncoder;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::dataset::Prepared;
use super::pairs::Pairs;
use crate::config::Contrastive;
use crate::error::{Result, TrainError};
use crate::evaluate::Evaluator;

/// Where the numbers come from or go to, and what they are compared with; they do not depend on it, or, of the base
/// model, what is in the folder counts.
const INDIFFERENT: [&str; 4] = [
    "base_model",
    "eval.compare_with",
    "checkpoint.every_minutes",
    "checkpoint.every_steps",
];

/// What may be changed on purpose and is told: after a divergence, where memory is short, on another machine. With the
/// last three the numbers differ by rounding, and by what dropout draws, from those of the training that went on.
const CHANGEABLE: [&str; 5] = [
    "train.learning_rate",
    "train.max_grad_norm",
    "loss.mini_batch_tokens",
    "device",
    "threads",
];

/// The end of the names of what may be changed in data sets' own losses.
const OWN_MINI_BATCHES: &str = "'s loss.mini_batch_tokens";

/// Names and values of everything that a training's numbers depend on but the kind of processor, as text: a number
/// read back from text may differ in its last bit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Identity(BTreeMap<String, String>);

impl Identity {
    /// Of the training of `encoder`, as it is before the first step, on `datasets`, measured by `evaluator`.
    ///
    /// # Errors
    /// Settings that cannot be written, a corpus to mine from that cannot be read.
    pub fn new(
        config: &Contrastive,
        datasets: &[Prepared],
        encoder: &TorchEncoder,
        evaluator: Option<&Evaluator>,
    ) -> Result<Self> {
        let mut settings = serde_json::to_value(config)
            .map_err(|error| TrainError::Output(format!("the configuration cannot be written: {error}")))?;
        let mut fields = BTreeMap::new();
        take_mini_batches(&mut settings, &mut fields);
        flatten("", &settings, &mut fields);
        fields.retain(|name, _| !INDIFFERENT.contains(&name.as_str()));
        for (number, prepared) in (1..).zip(datasets) {
            fields.insert(format!("training data {number}"), hash(&prepared.dataset.pairs));
            if let Some(model) = &prepared.other_model {
                let name = format!("the guide's or teacher's, of training data {number},");
                insert_model(&mut fields, &name, model.fingerprint());
            }
        }
        if let (Some(_), Some(corpus)) = (config.mine.rounds, &config.mine.corpus) {
            fields.insert("mine.corpus's texts".to_owned(), hash_of_file(corpus)?);
        }
        if let Some(evaluator) = evaluator {
            fields.insert("development set".to_owned(), evaluator.fingerprint());
        }
        insert_model(&mut fields, "base model's", encoder.fingerprint());
        let bert = encoder.folder().bert();
        for (name, value) in [
            ("hidden_dropout_prob", bert.hidden_dropout_prob),
            ("attention_probs_dropout_prob", bert.attention_probs_dropout_prob),
            ("layer_norm_eps", bert.layer_norm_eps),
        ] {
            fields.insert(format!("base model's {name}"), value.to_string());
        }
        if encoder.var_store().device() == tch::Device::Cpu {
            fields.insert("threads".to_owned(), tch::get_num_threads().to_string());
        }
        Ok(Identity(fields))
    }

    /// As text, the same for the same training.
    ///
    /// # Errors
    /// None that is known of.
    pub fn json(&self) -> Result<String> {
        serde_json::to_string(self).map_err(|error| {
            TrainError::Output(format!("the checkpoint's identity cannot be written: {error}"))
        })
    }

    /// Compares what was with what is now: what was changed on purpose, or, as an error, the first field that
    /// must not differ; both as "name = old, now it is new".
    ///
    /// # Errors
    /// The difference.
    pub fn compare(&self, now: &Identity) -> Result<Vec<String>, String> {
        let mut changed = Vec::new();
        let names: std::collections::BTreeSet<&String> = self.0.keys().chain(now.0.keys()).collect();
        for name in names {
            let value = |identity: &Identity| identity.0.get(name).map_or("unset".to_owned(), String::clone);
            let (then, now) = (value(self), value(now));
            if then == now {
                continue;
            }
            let difference = format!("{name} = {then}, now it is {now}");
            if !CHANGEABLE.contains(&name.as_str()) && !name.ends_with(OWN_MINI_BATCHES) {
                return Err(difference);
            }
            changed.push(difference);
        }
        Ok(changed)
    }
}

/// What a model's vectors depend on, each field under the name `whose`.
fn insert_model(fields: &mut BTreeMap<String, String>, whose: &str, model: &Fingerprint) {
    for (name, value) in model.fields() {
        fields.insert(format!("{whose} {name}"), value);
    }
}

/// Moves `mini_batch_tokens` of the data sets' own losses into fields of their own: several data sets are one field else.
fn take_mini_batches(settings: &mut Value, fields: &mut BTreeMap<String, String>) {
    let sets = match settings.get_mut("data") {
        Some(Value::Array(sets)) => sets.iter_mut().collect(),
        Some(set) => vec![set],
        None => Vec::new(),
    };
    for (number, set) in (1..).zip(sets) {
        let loss = set.get_mut("loss").and_then(Value::as_object_mut);
        let tokens = loss.and_then(|loss| loss.remove("mini_batch_tokens"));
        if let Some(tokens) = tokens.filter(|tokens| !tokens.is_null()) {
            fields.insert(format!("data set {number}{OWN_MINI_BATCHES}"), tokens.to_string());
        }
    }
}

/// `{"train": {"seed": 1}}` becomes `train.seed` = `1`.
fn flatten(prefix: &str, value: &Value, fields: &mut BTreeMap<String, String>) {
    match value {
        Value::Object(map) => {
            for (name, value) in map {
                let separator = if prefix.is_empty() { "" } else { "." };
                flatten(&format!("{prefix}{separator}{name}"), value, fields);
            }
        }
        Value::Null => {}
        value => {
            fields.insert(prefix.to_owned(), value.to_string());
        }
    }
}

/// BLAKE3 of the texts, of the rows that they make, and of their scores.
pub(super) fn hash(pairs: &Pairs) -> String {
    let mut hasher = blake3::Hasher::new();
    for text in pairs.texts() {
        hasher
            .update(&(text.len() as u64).to_le_bytes())
            .update(text.as_bytes());
    }
    for pair in 0..pairs.len() as u32 {
        for text in pairs.row(pair) {
            hasher.update(&text.to_le_bytes());
        }
    }
    for score in pairs.scores() {
        hasher.update(&score.to_le_bytes());
    }
    hasher.finalize().to_hex().to_string()
}

/// BLAKE3 of a corpus's file.
fn hash_of_file(corpus: &Path) -> Result<String> {
    let path = corpus::read(corpus, &Columns::default())?.path();
    let mut hasher = blake3::Hasher::new();
    hasher
        .update_mmap_rayon(&path)
        .map_err(TrainError::io(&path, "read the file"))?;
    Ok(hasher.finalize().to_hex().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(json: &str) -> Identity {
        let mut fields = BTreeMap::new();
        flatten("", &serde_json::from_str(json).unwrap(), &mut fields);
        Identity(fields)
    }

    #[test]
    fn the_first_field_that_differs_is_named_with_both_values() {
        let then = identity(r#"{"name": "m", "train": {"batch_size": 8, "dropout": null}}"#);
        let now = identity(r#"{"name": "m", "train": {"batch_size": 9, "dropout": 0.1}}"#);
        assert_eq!(
            then.compare(&now).unwrap_err(),
            "train.batch_size = 8, now it is 9"
        );
        let now = identity(r#"{"name": "m", "train": {"batch_size": 8, "dropout": 0.1}}"#);
        assert_eq!(
            then.compare(&now).unwrap_err(),
            "train.dropout = unset, now it is 0.1"
        );
        assert_eq!(then.compare(&then.clone()), Ok(Vec::new()));
    }

    #[test]
    fn the_learning_rate_and_the_threads_may_change_and_are_told() {
        let then = identity(r#"{"train": {"learning_rate": 0.1}, "threads": 2}"#);
        let now = identity(r#"{"train": {"learning_rate": 0.01}, "threads": 1}"#);
        assert_eq!(
            then.compare(&now).unwrap(),
            [
                "threads = 2, now it is 1",
                "train.learning_rate = 0.1, now it is 0.01"
            ]
        );
    }

    #[test]
    fn mini_batches_of_a_data_sets_own_loss_may_be_changed_too() {
        let identity = |tokens: u32| {
            let mut settings = serde_json::json!({"data": [
                {"train": "a", "loss": {"mini_batch_tokens": tokens}},
                {"train": "b", "loss": null},
            ]});
            let mut fields = BTreeMap::new();
            take_mini_batches(&mut settings, &mut fields);
            flatten("", &settings, &mut fields);
            Identity(fields)
        };
        assert_eq!(
            identity(4096).compare(&identity(512)).unwrap(),
            ["data set 1's loss.mini_batch_tokens = 4096, now it is 512"]
        );
    }

    #[test]
    fn the_hash_knows_where_a_text_ends_and_which_row_it_is_in() {
        let pairs = |rows: &[[&str; 2]]| {
            let mut pairs = Pairs::new(2);
            rows.iter().for_each(|row| pairs.push(row));
            hash(&pairs)
        };
        assert_ne!(pairs(&[["ab", "c"]]), pairs(&[["a", "bc"]]));
        assert_ne!(
            pairs(&[["a", "b"], ["c", "d"]]),
            pairs(&[["a", "b"], ["c", "d"], ["a", "d"]])
        );
        assert_eq!(pairs(&[["a", "b"]]), pairs(&[["a", "b"]]));
    }
}
