//! Training from BERT's relatives, one of them a raw pre-trained model.

use std::fs;
use std::path::{Path, PathBuf};

use encoder::model::{ModelFolder, RELATIVE_POSITIONS};

use crate::workplace::{Workplace, stderr};

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &target);
        } else {
            fs::copy(&path, &target).unwrap();
        }
    }
}

/// What a training can start from: the workplace's own tiny BERT, and the encoder's fixtures of BERT's relatives.
pub(super) const BASES: [Option<&str>; 5] = [
    None,
    Some("roberta"),
    Some("xlm-roberta"),
    Some("distilbert"),
    Some("mpnet"),
];

/// Makes the encoder's fixture `name` the base model.
pub(super) fn start_from(place: &Workplace, name: &str) {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let fixture = root.join("../encoder/tests/fixtures/architectures").join(name);
    fs::remove_dir_all(place.path("base")).unwrap();
    copy(&fixture, &place.path("base"));
}

/// Trains a few steps from the encoder's fixture `name` and returns what was said.
fn train_from(place: &Workplace, name: &str) -> String {
    start_from(place, name);
    place.set("epochs = 4", "max_steps = 12");
    let output = place.train(&["--config", "small.toml"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    stderr(&output)
}

fn losses(place: &Workplace) -> Vec<f64> {
    let log = fs::read_to_string(place.path("models/small/run_log.jsonl")).unwrap();
    let events = log
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    events.filter_map(|event| event["loss"].as_f64()).collect()
}

#[test]
fn a_raw_roberta_is_trained_with_mean_pooling_added() {
    let place = Workplace::new();
    let said = train_from(&place, "roberta");
    assert!(
        said.contains("raw pre-trained") && said.contains("mean pooling"),
        "{said}"
    );
    let losses = losses(&place);
    assert!(losses[11] < losses[0], "{losses:?}");
    let model = ModelFolder::open(&place.path("models/small")).unwrap();
    assert!(place.path("models/small/1_Pooling/config.json").exists());
    assert_eq!(
        (model.pooling().name(), model.normalize(), model.max_length()),
        ("mean", true, 32)
    );
    let names = model.tensor_names();
    let positions = "embeddings.position_embeddings.weight";
    assert_eq!(names[positions], positions, "bare names are saved");
    assert!(encoder::open(&place.path("models/small")).is_ok());
}

#[test]
fn a_distilbert_is_saved_with_its_own_names() {
    let place = Workplace::new();
    let said = train_from(&place, "distilbert");
    assert!(!said.contains("raw pre-trained"), "{said}");
    let model = ModelFolder::open(&place.path("models/small")).unwrap();
    let query = &model.tensor_names()["encoder.layer.0.attention.self.query.weight"];
    assert_eq!(query, "transformer.layer.0.attention.q_lin.weight");
    assert_ne!(
        fs::read(place.path("base/model.safetensors")).unwrap(),
        fs::read(place.path("models/small/model.safetensors")).unwrap()
    );
}

#[test]
fn an_mpnet_learns_its_relative_positions_too() {
    let place = Workplace::new();
    train_from(&place, "mpnet");
    let losses = losses(&place);
    assert!(losses[11] < losses[0], "{losses:?}");
    let folder = place.path("models/small");
    let model = ModelFolder::open(&folder).unwrap();
    let query = &model.tensor_names()["encoder.layer.0.attention.self.query.weight"];
    assert_eq!(query, "encoder.layer.0.attention.attn.q.weight");
    let read = |folder: &Path| {
        let bytes = fs::read(folder.join("model.safetensors")).unwrap();
        let file = safetensors::SafeTensors::deserialize(&bytes).unwrap();
        file.tensor(RELATIVE_POSITIONS).unwrap().data().to_vec()
    };
    assert_ne!(read(&folder), read(&place.path("base")));
    assert!(encoder::open(&folder).is_ok());
}

#[test]
fn a_length_beyond_the_positions_of_a_roberta_is_refused() {
    let place = Workplace::new();
    place.set("max_length = 32", "max_length = 41");
    start_from(&place, "roberta");
    let output = place.train(&["--config", "small.toml"]);
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("expected 3 to 40"), "{said}");
}
