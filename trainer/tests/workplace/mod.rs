//! A folder with a tiny model, 80 pairs, a development set and a configuration, and the program run in it.

use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;

use arrow::array::{ArrayRef, StringArray};
use arrow::record_batch::RecordBatch;
use parquet::arrow::ArrowWriter;
use serde_json::json;

const CONFIG: &str = r#"
kind = "contrastive"
name = "small"
base_model = "base"
device = "cpu"
[data]
train = "train.jsonl"
[train]
epochs = 4
batch_size = 8
learning_rate = 5e-3
max_length = 32
[eval]
corpus = "corpus.jsonl"
queries = "queries.jsonl"
qrels = "qrels.tsv"
every_steps = 20
"#;

/// Words that the tiny model's vocabulary has.
const PARTS: [&str; 10] = [
    "chest", "eye", "head", "heart", "joint", "kidney", "liver", "lung", "skin", "stomach",
];
const COMPLAINTS: [&str; 8] = [
    "pain",
    "rash",
    "swelling",
    "infection",
    "fever",
    "cough",
    "sore",
    "virus",
];

pub struct Workplace {
    dir: tempfile::TempDir,
}

impl Workplace {
    pub fn new() -> Self {
        let place = Workplace {
            dir: tempfile::tempdir().unwrap(),
        };
        encoder::testing::write_tiny_model(&place.path("base"), 7).unwrap();
        fs::create_dir(place.path("configs")).unwrap();
        fs::write(place.path("configs/small.toml"), CONFIG).unwrap();
        place.write_pairs(false);
        let answers = pairs().map(|(id, _, answer)| json!({"_id": id, "text": answer}).to_string() + "\n");
        fs::write(place.path("corpus.jsonl"), answers.collect::<String>()).unwrap();
        let questions =
            pairs().map(|(id, question, _)| json!({"_id": id, "text": question}).to_string() + "\n");
        fs::write(place.path("queries.jsonl"), questions.collect::<String>()).unwrap();
        let judged = pairs()
            .map(|(id, _, _)| format!("{id}\t{id}\t1\n"))
            .collect::<String>();
        fs::write(
            place.path("qrels.tsv"),
            format!("query-id\tcorpus-id\tscore\n{judged}"),
        )
        .unwrap();
        place
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Sorted names in a folder, hidden ones too.
    pub fn names(&self, folder: &str) -> Vec<String> {
        let entries = fs::read_dir(self.path(folder)).unwrap();
        let mut names: Vec<String> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    /// Replaces a part of the configuration, which must be there.
    pub fn set(&self, old: &str, new: &str) {
        let text = fs::read_to_string(self.path("configs/small.toml")).unwrap();
        assert!(text.contains(old), "{old:?} is not in {text}");
        fs::write(self.path("configs/small.toml"), text.replacen(old, new, 1)).unwrap();
    }

    /// Adds sections to the configuration.
    pub fn append(&self, text: &str) {
        let config = fs::read_to_string(self.path("configs/small.toml")).unwrap();
        fs::write(self.path("configs/small.toml"), config + text).unwrap();
    }

    pub fn remove_eval(&self) {
        let text = fs::read_to_string(self.path("configs/small.toml")).unwrap();
        let end = text.find("[eval]").unwrap();
        fs::write(self.path("configs/small.toml"), &text[..end]).unwrap();
    }

    /// Gives every pair two hard negatives, found by their usual names.
    pub fn add_negatives(&self) {
        self.write_pairs(true);
    }

    /// Makes one weight of the base model infinite, in the middle of the file, where the tensors are.
    pub fn poison_weights(&self) {
        let path = self.path("base/model.safetensors");
        let mut bytes = fs::read(&path).unwrap();
        let start = bytes.len() - 4;
        bytes[start..].copy_from_slice(&f32::INFINITY.to_le_bytes());
        fs::write(&path, bytes).unwrap();
    }

    /// Replaces the training pairs by these, and the evaluation's questions by others.
    pub fn replace_pairs(&self, rows: &[serde_json::Value]) {
        let lines = rows.iter().map(|row| row.to_string() + "\n");
        fs::write(self.path("train.jsonl"), lines.collect::<String>()).unwrap();
        let questions =
            pairs().map(|(id, _, _)| json!({"_id": id, "text": format!("other {id}")}).to_string() + "\n");
        fs::write(self.path("queries.jsonl"), questions.collect::<String>()).unwrap();
    }

    /// Makes the base model's vector of one position so long that LayerNorm's mean of it is no number: only texts
    /// that are as long diverge, while every weight is finite.
    pub fn poison_position(&self, position: usize) {
        let path = self.path("base/model.safetensors");
        let mut bytes = fs::read(&path).unwrap();
        let data = 8 + u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
        let header: serde_json::Value = serde_json::from_slice(&bytes[8..data]).unwrap();
        let (_, table) = header
            .as_object()
            .unwrap()
            .iter()
            .find(|(name, _)| name.ends_with("position_embeddings.weight"))
            .unwrap();
        let number = |value: &serde_json::Value| value.as_u64().unwrap() as usize;
        let row = 4 * number(&table["shape"][1]);
        let start = data + number(&table["data_offsets"][0]) + position * row;
        for (i, value) in bytes[start..start + row].chunks_mut(4).enumerate() {
            let sign = if i % 2 == 0 { 1.0 } else { -1.0 };
            value.copy_from_slice(&(sign * f32::MAX).to_le_bytes());
        }
        fs::write(&path, bytes).unwrap();
    }

    fn write_pairs(&self, negatives: bool) {
        let mut lines = String::new();
        for (number, (_, question, answer)) in pairs().enumerate() {
            let mut row = json!({"anchor": question, "positive": answer});
            if negatives {
                row["negative_1"] = json!(format!("{answer} not {number}"));
                row["negative_2"] = json!(format!("no drug {number}"));
            }
            lines += &(row.to_string() + "\n");
        }
        fs::write(self.path("train.jsonl"), lines).unwrap();
    }

    /// Writes a Parquet table of `count` pairs, all of them different.
    pub fn write_parquet_pairs(&self, name: &str, count: usize) {
        let column = |word: &str| -> ArrayRef {
            let texts = (0..count).map(|i| Some(format!("{word} {i} {}", i * 7919 % 997)));
            Arc::new(texts.collect::<StringArray>())
        };
        let columns = [("anchor", column("question")), ("positive", column("answer"))];
        let batch = RecordBatch::try_from_iter(columns).unwrap();
        let file = fs::File::create(self.path(name)).unwrap();
        let mut writer = ArrowWriter::try_new(file, batch.schema(), None).unwrap();
        writer.write(&batch).unwrap();
        writer.close().unwrap();
    }

    pub fn train(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// Trains with a file system of `size` mounted at `folder`; stdout then lists what is left in it. `None`
    /// where mounting is not allowed.
    pub fn train_on_small_disk(&self, folder: &str, size: &str, arguments: &[&str]) -> Option<Output> {
        self.on_small_disk(folder, size, arguments, "\"$@\" >/dev/null")
    }

    /// Trains with a file system of `size` mounted at `folder`, which has to fail, then makes that larger and goes on.
    pub fn resume_on_grown_disk(&self, folder: &str, size: &str, arguments: &[&str]) -> Option<Output> {
        let script = format!(
            "! \"$@\" >/dev/null && mount -o remount,size=20m none {folder} && \"$@\" --resume >/dev/null"
        );
        self.on_small_disk(folder, size, arguments, &script)
    }

    fn on_small_disk(&self, folder: &str, size: &str, arguments: &[&str], script: &str) -> Option<Output> {
        let mounted = format!("mount -t tmpfs -o size={size} none {folder}");
        let unshare = |script: &str| {
            let mut command = Command::new("unshare");
            command
                .args(["-rm", "sh", "-c", script, "sh", env!("CARGO_BIN_EXE_train")])
                .args(arguments);
            command.current_dir(self.dir.path());
            command
        };
        let allowed = unshare(&mounted)
            .output()
            .is_ok_and(|output| output.status.success());
        let script = format!("{mounted} && {script}; code=$?; ls -A {folder}; exit $code");
        allowed.then(|| unshare(&script).output().unwrap())
    }

    pub fn spawn(&self, arguments: &[&str]) -> Child {
        self.command(arguments)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap()
    }

    /// As [`Workplace::spawn`], with what it says on stderr kept for `wait_with_output`.
    pub fn spawn_with_stderr(&self, arguments: &[&str]) -> Child {
        self.command(arguments)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_train"));
        command.args(arguments).current_dir(self.dir.path());
        command
    }
}

/// Id, question and answer of 80 pairs. The answer names the complaint in other words, so that there is
/// something to learn.
fn pairs() -> impl Iterator<Item = (String, String, String)> {
    let remedies = [
        "rest", "water", "drug", "doctor", "test", "sleep", "food", "medicine",
    ];
    PARTS.iter().flat_map(move |part| {
        COMPLAINTS.iter().zip(remedies).map(move |(complaint, remedy)| {
            let question = format!("what can treat {complaint} of the {part}");
            (
                format!("{part}-{complaint}"),
                question,
                format!("for the {part} a {remedy} may be the treatment"),
            )
        })
    })
}

pub fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

pub fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// What Ctrl-C sends.
pub fn interrupt(child: &Child) {
    let sent = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status()
        .unwrap();
    assert!(sent.success());
}
