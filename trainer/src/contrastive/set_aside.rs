//! A training set aside on disk, to be gone on with exactly where it was.
//!
//! The file is safetensors, so that other tools can look into it: `weight.NAME`, AdamW's `mean.NAME` and
//! `square.NAME`, the best weights of the round as `kept.NAME`, those of the rounds before it as `best.NAME`, each of the
//! parameters that are trained, and as bytes the run log and, in JSON, the rankings. The other parameters are the base
//! model's, whose weights the identity knows. What is not a tensor is in its
//! metadata, with a checksum of all. The batches and the dropout of a step depend on the seed and the step's number
//! alone, so neither a sampler nor a generator has a state to keep.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::fs::{self, File};
use std::path::Path;

use encoder::EncoderError;
use encoder::ranking::Metrics;
use encoder_torch::trained;
use safetensors::tensor::{Dtype, SafeTensors, View};
use serde::{Deserialize, Serialize};
use tch::nn::VarStore;
use tch::{Device, Kind, Tensor};

use super::identity::Identity;
use super::rankings::Rankings;
use super::torch;
use crate::error::{Result, TrainError};

/// Name and version of the format.
const FORMAT: &str = "sextant contrastive training 2";

/// Name of the run log among the tensors.
const LOG: &str = "log";

/// Name of the rankings among the tensors.
const RANKINGS: &str = "rankings";

/// How far a training is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// Optimizer steps taken in this round.
    pub steps: usize,
    /// The step of this round after which the last measurement was made.
    pub measured: Option<usize>,
    /// The base model's measurement.
    #[serde(with = "exact")]
    pub base: Option<Metrics>,
    /// The step, over all rounds, of this round's best weights so far.
    pub kept_step: usize,
    /// Their measurement, where there are any.
    #[serde(with = "exact")]
    pub kept: Option<Metrics>,
    /// The round; in checkpoints from before there were any, the first.
    #[serde(default)]
    pub round: Round,
}

/// Where a training is among its rounds; one that does not mine is always in the first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Round {
    /// Counted from 1.
    pub number: usize,
    /// Optimizer steps of the rounds before.
    pub before: usize,
    /// What was mined for this round, by its checksum, once it was.
    pub mined: Option<String>,
    /// The step of the best weights of the rounds before.
    pub best_step: usize,
    /// Their measurement, where there is one.
    #[serde(with = "exact")]
    pub best: Option<Metrics>,
}

impl Default for Round {
    fn default() -> Self {
        Round {
            number: 1,
            before: 0,
            mined: None,
            best_step: 0,
            best: None,
        }
    }
}

/// All of a training.
pub struct State {
    /// How far it is.
    pub progress: Progress,
    /// Weights, moments and best weights by their names in the file, on the CPU.
    pub tensors: HashMap<String, Tensor>,
    /// What was found for the development set's questions.
    pub rankings: Rankings,
    /// The run log up to here.
    pub log: Vec<u8>,
    /// Settings that are others now, each as a sentence's end.
    pub changed: Vec<String>,
}

impl State {
    /// The weights that are stored as `KIND.NAME`, for those of `variables` that are trained and on their
    /// device.
    ///
    /// # Errors
    /// The first name that is missing or whose tensor has another shape.
    pub fn weights(&self, kind: &str, variables: &VarStore) -> Result<Vec<(String, Tensor)>, String> {
        let find = |(name, weight): (String, Tensor)| {
            let stored = format!("{kind}.{name}");
            let found = self
                .tensors
                .get(&stored)
                .filter(|found| found.size() == weight.size());
            let on_device = found.map(|found| found.to_device(weight.device()));
            on_device.map(|found| (name, found)).ok_or(stored)
        };
        trained(variables).into_iter().map(find).collect()
    }
}

/// Writes `tensors`, rankings and log beside the file at `path` and puts them in its place.
///
/// # Errors
/// What the file system refuses; the old file is as it was then.
pub fn write(
    path: &Path,
    identity: &Identity,
    progress: &Progress,
    tensors: Vec<(String, Tensor)>,
    (rankings, log): (&Rankings, &[u8]),
) -> Result<()> {
    let failed =
        |error: String| TrainError::Output(format!("{}: cannot be written: {error}", path.display()));
    let json = |error: serde_json::Error| failed(error.to_string());
    let mut metadata = HashMap::from([
        ("format".to_owned(), FORMAT.to_owned()),
        (
            "identity".to_owned(),
            serde_json::to_string(identity).map_err(json)?,
        ),
        (
            "progress".to_owned(),
            serde_json::to_string(progress).map_err(json)?,
        ),
    ]);
    let mut stored = BTreeMap::new();
    for (name, tensor) in tensors {
        stored.insert(name, Stored::new(&tensor)?);
    }
    stored.insert(LOG.to_owned(), Stored::bytes(log)?);
    let rankings = serde_json::to_vec(rankings).map_err(json)?;
    stored.insert(RANKINGS.to_owned(), Stored::bytes(&rankings)?);
    let parts = stored.iter().map(|(name, stored)| (name.as_str(), stored.data()));
    let checksum = checksum(&metadata, parts);
    metadata.insert("checksum".to_owned(), checksum);
    let aside = path.with_extension("unfinished");
    let written = safetensors::serialize_to_file(stored, Some(metadata), &aside)
        .map_err(|error| error.to_string())
        .and_then(|()| {
            let file = File::open(&aside).and_then(|file| file.sync_all());
            file.and_then(|()| fs::rename(&aside, path))
                .map_err(|error| error.to_string())
        });
    written.map_err(|error| {
        // What could not be finished is of no use; the old checkpoint stays.
        let _ = fs::remove_file(&aside);
        failed(error)
    })
}

/// Reads what [`write()`] wrote.
///
/// # Errors
/// No file, one of another training or format, or one that is cut or damaged.
pub fn read(path: &Path, now: &Identity) -> Result<State> {
    let refuse = |expected: &str, found: String| {
        TrainError::Encoder(EncoderError::Format {
            path: path.to_owned(),
            expected: expected.to_owned(),
            found,
            help: "train again without --resume, with --force, to begin anew".to_owned(),
        })
    };
    let whole = "a whole checkpoint";
    let bytes = fs::read(path).map_err(TrainError::io(path, "read the checkpoint"))?;
    let cut = |error| refuse(whole, format!("one that is cut or damaged: {error}"));
    let (_, header) = SafeTensors::read_metadata(&bytes).map_err(cut)?;
    let mut metadata = header.metadata().clone().unwrap_or_default();
    let format = metadata.get("format").cloned().unwrap_or_default();
    if format != FORMAT {
        return Err(refuse(FORMAT, format!("\"{format}\"")));
    }
    let file = SafeTensors::deserialize(&bytes).map_err(cut)?;
    let views: BTreeMap<String, _> = file.tensors().into_iter().collect();
    let expected = metadata.remove("checksum");
    let parts = views
        .iter()
        .map(|(name, view)| (name.as_str(), Cow::Borrowed(view.data())));
    if expected != Some(checksum(&metadata, parts)) {
        return Err(refuse(
            whole,
            "one that is damaged: its checksum is wrong".to_owned(),
        ));
    }
    let damaged = |error: serde_json::Error| refuse(whole, error.to_string());
    let text = |key: &str| metadata.get(key).map_or("", String::as_str);
    let then: Identity = serde_json::from_str(text("identity")).map_err(damaged)?;
    let progress = serde_json::from_str(text("progress")).map_err(damaged)?;
    let changed = then
        .compare(now)
        .map_err(|difference| refuse("a checkpoint of this configuration and data", difference))?;
    let mut tensors = HashMap::with_capacity(views.len());
    let bytes = |name: &str| views.get(name).map_or_else(Vec::new, |view| view.data().to_vec());
    let log = bytes(LOG);
    let rankings = serde_json::from_slice(&bytes(RANKINGS)).map_err(damaged)?;
    for (name, view) in views {
        if [LOG, RANKINGS].contains(&name.as_str()) {
            continue;
        }
        let shape: Vec<i64> = view.shape().iter().map(|&size| size as i64).collect();
        let tensor = Tensor::f_from_data_size(view.data(), &shape, Kind::Float).map_err(torch)?;
        tensors.insert(name, tensor);
    }
    Ok(State {
        progress,
        tensors,
        rankings,
        log,
        changed,
    })
}

/// BLAKE3 over metadata and tensors, each with its name, in the order of names.
fn checksum<'a>(
    metadata: &HashMap<String, String>,
    parts: impl Iterator<Item = (&'a str, Cow<'a, [u8]>)>,
) -> String {
    let mut hasher = blake3::Hasher::new();
    for (name, text) in metadata.iter().collect::<BTreeMap<_, _>>() {
        hasher.update(name.as_bytes()).update(text.as_bytes());
    }
    for (name, bytes) in parts {
        hasher.update(name.as_bytes()).update(&bytes);
    }
    hasher.finalize().to_hex().to_string()
}

/// BLAKE3 of weights, in the order of their names.
///
/// # Errors
/// What libtorch refuses.
pub fn hash(variables: &VarStore) -> Result<String> {
    let named: BTreeMap<String, Tensor> = variables.variables().into_iter().collect();
    let mut hasher = blake3::Hasher::new();
    for (name, weight) in &named {
        hasher
            .update(name.as_bytes())
            .update(&Stored::new(weight)?.data());
    }
    Ok(hasher.finalize().to_hex().to_string())
}

/// A tensor as it goes into the file: its bytes are made when they are written, one tensor at a time.
struct Stored {
    shape: Vec<usize>,
    tensor: Tensor,
    kind: Dtype,
}

impl Stored {
    fn new(tensor: &Tensor) -> Result<Self> {
        let on_cpu = |tensor: Tensor| tensor.f_to_device(Device::Cpu)?.f_contiguous();
        Ok(Stored {
            shape: tensor.size().iter().map(|&size| size as usize).collect(),
            tensor: tensor.f_detach().and_then(on_cpu).map_err(torch)?,
            kind: Dtype::F32,
        })
    }

    fn bytes(bytes: &[u8]) -> Result<Self> {
        Ok(Stored {
            shape: vec![bytes.len()],
            tensor: Tensor::f_from_slice(bytes).map_err(torch)?,
            kind: Dtype::U8,
        })
    }
}

impl View for Stored {
    fn dtype(&self) -> Dtype {
        self.kind
    }

    fn shape(&self) -> &[usize] {
        &self.shape
    }

    fn data(&self) -> Cow<'_, [u8]> {
        let mut bytes = vec![0; self.data_len()];
        self.tensor.copy_data_u8(&mut bytes, self.tensor.numel());
        Cow::Owned(bytes)
    }

    fn data_len(&self) -> usize {
        self.tensor.numel() * self.kind.bitsize() / 8
    }
}

/// Metrics as bits: what is read back must compare as it did before.
mod exact {
    use encoder::ranking::Metrics;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    type Bits = ([u64; 5], usize);

    pub fn serialize<S: Serializer>(metrics: &Option<Metrics>, to: S) -> Result<S::Ok, S::Error> {
        let bits = metrics.map(|metrics| -> Bits {
            let values = [
                metrics.ndcg_at_10,
                metrics.mrr_at_10,
                metrics.recall_at_1,
                metrics.recall_at_10,
                metrics.recall_at_100,
            ];
            (values.map(f64::to_bits), metrics.queries)
        });
        bits.serialize(to)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Metrics>, D::Error> {
        let bits = Option::<Bits>::deserialize(from)?;
        Ok(bits.map(|(values, queries)| {
            let [ndcg_at_10, mrr_at_10, recall_at_1, recall_at_10, recall_at_100] =
                values.map(f64::from_bits);
            Metrics {
                ndcg_at_10,
                mrr_at_10,
                recall_at_1,
                recall_at_10,
                recall_at_100,
                queries,
            }
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(seed: u32) -> Identity {
        serde_json::from_str(&format!(r#"{{"train.seed": "{seed}"}}"#)).unwrap()
    }

    fn rankings() -> Rankings {
        let mut rankings = Rankings::default();
        rankings.add(0, vec![vec![3, 1], Vec::new()], None);
        rankings
    }

    fn stored() -> (tempfile::TempDir, std::path::PathBuf, Progress) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("learning");
        let metrics = Metrics {
            ndcg_at_10: 0.1 + 0.2,
            queries: 3,
            ..Metrics::default()
        };
        let progress = Progress {
            steps: 7,
            measured: Some(5),
            base: Some(metrics),
            kept_step: 0,
            kept: None,
            round: Round {
                number: 2,
                best: Some(metrics),
                ..Round::default()
            },
        };
        let tensor = Tensor::from_slice(&[1.0f32, -2.5, f32::MIN_POSITIVE, 0.1]).view([2, 2]);
        write(
            &path,
            &identity(1),
            &progress,
            vec![("weight.w".into(), tensor)],
            (&rankings(), b"a\nb\n"),
        )
        .unwrap();
        (folder, path, progress)
    }

    #[test]
    fn what_is_written_is_read_back_to_the_bit() {
        let (folder, path, progress) = stored();
        let state = read(&path, &identity(1)).unwrap();
        assert_eq!(
            (state.progress, state.rankings, state.log.as_slice()),
            (progress, rankings(), b"a\nb\n".as_slice())
        );
        let weight = &state.tensors["weight.w"];
        assert_eq!(weight.size(), [2, 2]);
        let values = Vec::<f32>::try_from(weight.view(-1)).unwrap();
        assert_eq!(values, [1.0f32, -2.5, f32::MIN_POSITIVE, 0.1]);
        assert_eq!(
            fs::read_dir(folder.path()).unwrap().count(),
            1,
            "nothing else is left"
        );
    }

    #[test]
    fn a_file_cut_anywhere_or_with_any_byte_changed_is_refused() {
        let (_folder, path, _) = stored();
        let whole = fs::read(&path).unwrap();
        for length in 0..whole.len() {
            fs::write(&path, &whole[..length]).unwrap();
            let message = read(&path, &identity(1)).err().unwrap().to_string();
            assert!(message.contains("--resume"), "{length}: {message}");
        }
        for at in 0..whole.len() {
            let mut bytes = whole.clone();
            bytes[at] ^= 1;
            fs::write(&path, bytes).unwrap();
            assert!(read(&path, &identity(1)).is_err(), "byte {at}");
        }
    }

    #[test]
    fn another_training_and_another_format_are_named() {
        let (_folder, path, _) = stored();
        let message = read(&path, &identity(2)).err().unwrap().to_string();
        assert!(message.contains("train.seed = 1, now it is 2"), "{message}");
        fs::write(&path, "{\"next_chunk\":3}\n").unwrap();
        assert!(read(&path, &identity(1)).is_err());
    }

    #[test]
    fn progress_from_before_there_were_rounds_is_in_the_first() {
        let old = r#"{"steps":3,"measured":null,"base":null,"kept_step":0,"kept":null}"#;
        let progress: Progress = serde_json::from_str(old).unwrap();
        assert_eq!((progress.steps, progress.round), (3, Round::default()));
    }
}
