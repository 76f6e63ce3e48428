//! `MANIFEST`: what an index is and which files it consists of.
//!
//! The first line is `sextant-index VERSION CHECKSUM`, the rest is JSON and what the checksum is
//! over. Replacing this one small file is what commits a new state of an index: segments and files of
//! deleted rows are written before it and removed after it.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use encoder::model::Fingerprint;
use indexer_ann::{Builder, Codes, Metric};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::error::{IndexError, Result};
use crate::segment::Shape;

/// The newest version of the index format that this program writes; it reads all from 1 on.
///
/// From version 2 on the model's fingerprint may say that vectors are cut (`truncated_from`). From version 3 on there
/// may be any number of segments, each with a file of its deleted rows, and the manifest says what a walk reads, who
/// built the graph, and the width of searches that was found for a recall. From version 4 on the manifest says the
/// metric; an index of cosines, which earlier programs read rightly, is written as version 3. From version 5 on the
/// manifest says on how many documents a width of searches was measured; without one it is an earlier version.
pub const FORMAT_VERSION: u64 = 5;

/// Name of the manifest inside an index folder.
pub const MANIFEST_NAME: &str = "MANIFEST";
/// Name of the folder of segments inside an index folder.
pub(crate) const SEGMENTS_NAME: &str = "segments";
/// Name of the folder of files of deleted rows inside an index folder.
pub(crate) const DELETED_NAME: &str = "deleted";
/// Name of the folder of words and documents inside a segment.
pub(crate) const BM25_NAME: &str = "bm25";
/// Name of the graph inside a segment.
/// The file of a segment's graph, with the codes that it is walked by.
pub const GRAPH_NAME: &str = "graph.bin";

const MAGIC: &str = "sextant-index";
/// More bytes than the first line has in any version.
const HEAD_BYTES: u64 = 128;

/// One state of an index.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Counts the states that the folder has had, from 1.
    pub generation: u64,
    /// When this state was written, by which change ever: RFC 3339, UTC. The file has had another name for it since
    /// version 1.
    #[serde(rename = "created")]
    pub committed: String,
    /// The version of Sextant that wrote it.
    pub sextant: String,
    /// Number of documents, without deleted ones.
    pub documents: u64,
    /// Numbers per vector.
    pub dimension: usize,
    /// The model that the vectors come from.
    pub model: ModelRecord,
    /// How the graph was built.
    pub hnsw: HnswRecord,
    /// The width of searches, where a recall was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tuning: Option<TuningRecord>,
    /// Which columns of the input were what.
    pub columns: ColumnsRecord,
    /// The input files as they were named; only to be shown.
    #[serde(serialize_with = "crate::shown_path::all")]
    pub sources: Vec<PathBuf>,
    /// The files, in segments.
    pub segments: Vec<SegmentRecord>,
}

/// The model of an index; a query has to be encoded by the same one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelRecord {
    /// The folder that the model was loaded from.
    pub path: PathBuf,
    /// What identifies the model wherever it lies.
    pub fingerprint: Fingerprint,
    /// Documents that were longer than the model reads, and so were encoded by their beginning; those that have
    /// been deleted since are counted still.
    pub truncated: u64,
}

/// Parameters of the HNSW graph, in the letters of the paper.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HnswRecord {
    /// `M`: neighbours per node and layer, twice as many on layer 0.
    pub m: usize,
    /// `efConstruction`: candidates kept while a node is inserted.
    pub ef_construction: usize,
    /// What a walk reads of the vectors.
    pub codes: Codes,
    /// Who links the rows.
    pub builder: Builder,
    /// What is near. Vectors are stored as unit vectors for cosines, else as they came.
    #[serde(default, skip_serializing_if = "is_cosine")]
    pub metric: Metric,
}

fn is_cosine(metric: &Metric) -> bool {
    *metric == Metric::Cosine
}

impl Default for HnswRecord {
    fn default() -> Self {
        Self {
            m: 16,
            ef_construction: 200,
            codes: Codes::default(),
            builder: Builder::default(),
            metric: Metric::default(),
        }
    }
}

impl HnswRecord {
    /// Refuses parameters that no graph is built with.
    #[cfg(feature = "build")]
    pub(crate) fn check(self) -> Result<()> {
        let within =
            |option, range: std::ops::RangeInclusive<usize>, expected, found| match range.contains(&found) {
                true => Ok(()),
                false => Err(IndexError::Option {
                    option,
                    expected,
                    found,
                }),
            };
        within("--m", 4..=128, "4 to 128", self.m)?;
        within(
            "--ef-construction",
            8..=10_000,
            "8 to 10000",
            self.ef_construction,
        )?;
        match (self.builder, self.metric) {
            (Builder::HnswRs, Metric::Dot) => Err(IndexError::BuilderMetric),
            _ => Ok(()),
        }
    }
}

/// The width of searches that a recall was asked for, and what was measured with it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TuningRecord {
    /// The recall that was asked for.
    pub wanted: f64,
    /// The width found: what `search` takes where nothing else is said.
    pub ef: usize,
    /// The share of the `k` true neighbours that is found with it.
    pub recall: f64,
    /// Neighbours looked for.
    pub k: usize,
    /// Queries that it was measured on.
    pub queries: usize,
    /// Queries per second, one after the other.
    pub queries_per_second: f64,
    /// The state of the index in which it was measured: later ones can have other documents.
    pub generation: u64,
    /// How many documents that state had; none where it was measured by a version that did not say so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub documents: Option<u64>,
}

/// The columns named by the user; none means the usual name.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ColumnsRecord {
    /// The column of the id.
    pub id: Option<String>,
    /// The column of the title.
    pub title: Option<String>,
    /// The column of the text.
    pub text: Option<String>,
}

/// Files that are written together and never changed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SegmentRecord {
    /// Name of its folder under `segments`.
    pub name: String,
    /// Number of its rows, with deleted ones.
    pub documents: u64,
    /// Which rows have been deleted; none where all are there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deleted: Option<DeletedRecord>,
    /// Its files.
    pub files: Vec<FileRecord>,
}

/// The deleted rows of a segment. Each commit that deletes writes a new file of them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeletedRecord {
    /// How many there are.
    pub rows: u64,
    /// The file that says which; its path is inside the folder `deleted` of the index.
    pub file: FileRecord,
}

/// One file and what its content has to be.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileRecord {
    /// Path inside the segment's folder (or `deleted`), with `/` between its parts.
    pub path: String,
    /// Length in bytes.
    pub bytes: u64,
    /// BLAKE3 of the content, in hexadecimal.
    pub blake3: String,
}

impl SegmentRecord {
    /// Number of its rows that have not been deleted.
    pub fn live(&self) -> u64 {
        self.documents
            .saturating_sub(self.deleted.as_ref().map_or(0, |deleted| deleted.rows))
    }

    /// Whether another record is of the same files, whatever rows of them have been deleted.
    pub(crate) fn is_same_segment(&self, other: &Self) -> bool {
        (&self.name, &self.files) == (&other.name, &other.files)
    }
}

impl Manifest {
    /// Reads the manifest of the index folder `index`.
    ///
    /// # Errors
    /// A folder without a manifest, a newer format, a wrong checksum, damage.
    pub fn read(index: &Path) -> Result<Self> {
        Self::read_with_head(index).map(|(manifest, _)| manifest)
    }

    /// Reads the manifest together with its first line, by which [`head`] knows this state again.
    pub(crate) fn read_with_head(index: &Path) -> Result<(Self, String)> {
        let path = index.join(MANIFEST_NAME);
        let bytes = match std::fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) => return Err(unreadable(index, &path, error)),
        };
        let damaged = |expected: &str, found: String| IndexError::damaged(&path, expected, found);
        let text = String::from_utf8(bytes).map_err(|error| damaged("UTF-8", error.to_string()))?;
        let (first, body) = text.split_once('\n').unwrap_or((&text, ""));
        let words: Vec<&str> = first.split(' ').collect();
        let [MAGIC, version, checksum] = words[..] else {
            let expected = format!("`{MAGIC} VERSION CHECKSUM` as the first line");
            return Err(damaged(
                &expected,
                format!("{:?}", first.chars().take(60).collect::<String>()),
            ));
        };
        let found = version
            .parse()
            .map_err(|_| damaged("a format version", format!("{version:?}")))?;
        if found > FORMAT_VERSION {
            return Err(IndexError::NewerFormat {
                path,
                found,
                supported: FORMAT_VERSION,
            });
        }
        if found == 0 {
            return Err(damaged("a format version from 1 on", "0".into()));
        }
        let actual = blake3::hash(body.as_bytes()).to_hex();
        if actual.as_str() != checksum {
            return Err(damaged(&format!("checksum {checksum}"), actual.to_string()));
        }
        let manifest = parse(found, body).map_err(|error| damaged("a manifest", error.to_string()))?;
        Ok((manifest, first.to_owned()))
    }

    /// The earliest version of the format that can say what this manifest says.
    pub fn format(&self) -> u64 {
        let measured_on = self.tuning.as_ref().and_then(|tuning| tuning.documents);
        match (measured_on, self.hnsw.metric) {
            (Some(_), _) => 5,
            (None, Metric::Cosine) => 3,
            (None, _) => 4,
        }
    }

    /// What all segments have in common.
    pub(crate) fn shape(&self) -> Shape {
        let metric = self.hnsw.metric;
        let is_static = self.model.fingerprint.architecture.starts_with("static ");
        Shape {
            dimension: self.dimension,
            metric,
            zeros_are_nowhere: metric == Metric::Cosine || is_static,
        }
    }

    /// The width of searches with the number of documents it was measured on, where there are so many more or fewer by
    /// now, by over a fifth, that it may be too narrow or wider than need be.
    pub fn outgrown_tuning(&self) -> Option<(&TuningRecord, u64)> {
        let tuning = self.tuning.as_ref()?;
        let then = tuning.documents?;
        (self.documents.abs_diff(then) * 5 > then).then_some((tuning, then))
    }

    /// All files of all segments, those of deleted rows last of each.
    pub fn files(&self) -> impl Iterator<Item = &FileRecord> {
        self.segments.iter().flat_map(|segment| {
            let deleted = segment.deleted.as_ref().map(|deleted| &deleted.file);
            segment.files.iter().chain(deleted)
        })
    }

    /// Bytes of all files of all segments.
    pub fn bytes(&self) -> u64 {
        self.files().map(|file| file.bytes).sum()
    }

    /// The bytes of the file.
    #[cfg(feature = "build")]
    pub(crate) fn to_bytes(&self) -> Result<Vec<u8>, serde_json::Error> {
        let mut body = serde_json::to_string_pretty(self)?;
        body.push('\n');
        let checksum = blake3::hash(body.as_bytes()).to_hex();
        Ok(format!("{MAGIC} {} {checksum}\n{body}", self.format()).into_bytes())
    }
}

/// The first line of an index's manifest as it is now: another one than before means another state. This costs the
/// reading of a few bytes, whatever the size of the index.
pub(crate) fn head(index: &Path) -> Result<String> {
    let path = index.join(MANIFEST_NAME);
    let mut bytes = Vec::new();
    File::open(&path)
        .and_then(|file| file.take(HEAD_BYTES).read_to_end(&mut bytes))
        .map_err(|error| unreadable(index, &path, error))?;
    let first = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
    Ok(String::from_utf8_lossy(first).into_owned())
}

/// Takes the JSON of a manifest of any version.
fn parse(version: u64, body: &str) -> Result<Manifest, serde_json::Error> {
    use serde::de::Error;
    if version >= 3 {
        return serde_json::from_str(body);
    }
    // Versions 1 and 2 had a list of deleted rows in its place, in which nothing was ever written.
    let mut value: Value = serde_json::from_str(body)?;
    let segments = value.get_mut("segments").and_then(Value::as_array_mut);
    for segment in segments.into_iter().flatten().filter_map(Value::as_object_mut) {
        if segment.remove("tombstones") != Some(Value::Array(Vec::new())) {
            return Err(Error::custom("expected an empty list of tombstones"));
        }
    }
    // Nor did they say what was always so.
    if let Some(hnsw) = value.get_mut("hnsw").and_then(Value::as_object_mut) {
        hnsw.insert("codes".into(), Codes::Float32.name().into());
        hnsw.insert("builder".into(), Builder::HnswRs.name().into());
    }
    serde_json::from_value(value)
}

/// Why there is no manifest to read, in the user's terms.
fn unreadable(index: &Path, path: &Path, error: std::io::Error) -> IndexError {
    let found = match (index.exists(), index.is_dir()) {
        (false, _) => "nothing".to_owned(),
        (true, false) => "a file".to_owned(),
        (true, true) if !path.exists() => format!("a folder without {MANIFEST_NAME}"),
        (true, true) => return IndexError::read(path)(error),
    };
    let help = "make one with `index build CORPUS`, or name another";
    IndexError::NotAnIndex {
        path: index.to_owned(),
        found,
        help,
    }
}
