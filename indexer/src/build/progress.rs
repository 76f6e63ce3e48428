//! How far a build has come, kept in its staging folder: what a killed one can go on from.
//!
//! `PROGRESS` says what the build is of and which segments are finished; `encoded-N` holds the vectors so far of the
//! one after `N` finished ones ([`Journal`]). A segment is brought to the disk before `PROGRESS` names it, and that
//! before its vectors are removed, so a power failure costs no more than the journal says.
//!
//! A build goes on only from what was begun with the same documents, model and options: then it makes an index of the
//! same documents and, up to rounding, the same vectors as if it had never been stopped. (How many texts are encoded
//! at once depends on the machine's speed, and with it the last bits of a transformer's vectors.)

use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::commit;
use super::encode::Counts;
use super::journal::Journal;
use super::staging::parent;
use crate::checksum;
use crate::error::{IndexError, Result};
use crate::manifest::{HnswRecord, SEGMENTS_NAME, SegmentRecord};

const PROGRESS_NAME: &str = "PROGRESS";
const PROGRESS_ASIDE: &str = "PROGRESS.new";
const ENCODED_PREFIX: &str = "encoded-";

/// Whether a stopped build has left something to go on from in the staging folder `folder`; also where nobody can tell.
pub(super) fn is_in(folder: &Path) -> bool {
    let is_of_progress = |name: &str| name == PROGRESS_NAME || name.starts_with(ENCODED_PREFIX);
    match fs::read_dir(folder) {
        Ok(entries) => entries
            .flatten()
            .any(|entry| entry.file_name().to_str().is_some_and(is_of_progress)),
        Err(_) => true,
    }
}

/// What a build is of. A change of any field is another build.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Identity {
    /// The version of Sextant.
    pub sextant: String,
    /// The hash of all documents in their order, in hexadecimal.
    pub documents: String,
    /// How many there are.
    pub count: u64,
    /// How many of them make a segment.
    pub rows_per_segment: u64,
    /// What identifies the model.
    pub fingerprint: String,
    /// What it is run by, as far as that changes vectors.
    pub computing: String,
    /// How graphs are built.
    pub hnsw: HnswRecord,
}

/// A segment that is finished.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FinishedRecord {
    pub record: SegmentRecord,
    pub counts: Counts,
    pub repaired_links: usize,
    /// The hash of all documents up to its last one, in hexadecimal.
    pub read: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct State {
    identity: Identity,
    finished: Vec<FinishedRecord>,
}

/// The progress of one build.
#[derive(Debug)]
pub(super) struct Progress {
    folder: PathBuf,
    segments: PathBuf,
    state: State,
    /// Whether what a stopped build had left behind was of something else.
    pub discarded: bool,
}

impl Progress {
    /// Goes on from what lies in the staging folder `folder`, whose index grows in `index`, if that is of the same
    /// build; otherwise empties both, and begins.
    pub fn open(folder: &Path, index: &Path, identity: Identity) -> Result<Self> {
        let found = fs::read(folder.join(PROGRESS_NAME)).ok();
        let found: Option<State> = found.and_then(|bytes| parse(&bytes));
        let mut state = State {
            identity,
            finished: Vec::new(),
        };
        let segments = index.join(SEGMENTS_NAME);
        let (same, discarded) = match found {
            Some(found) if found.identity == state.identity => {
                let whole = |segment: &FinishedRecord| is_whole(&segments, &segment.record);
                state.finished = found.finished.into_iter().take_while(whole).collect();
                (true, false)
            }
            other => (false, other.is_some()),
        };
        let progress = Self {
            folder: folder.to_owned(),
            segments,
            state,
            discarded,
        };
        progress.remove_others(same)?;
        progress.write()?;
        Ok(progress)
    }

    /// Removes segments that are not finished, and all vectors but those of the next segment, if they are of this build.
    fn remove_others(&self, same: bool) -> Result<()> {
        let finished = self.finished().iter();
        let names: Vec<&str> = finished.map(|finished| finished.record.name.as_str()).collect();
        commit::remove_others(&self.segments, &names);
        for entry in fs::read_dir(&self.folder).map_err(IndexError::read(&self.folder))? {
            let path = entry.map_err(IndexError::read(&self.folder))?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if name.starts_with(ENCODED_PREFIX) && !(same && path == self.encoded_path()) {
                remove(&path)?;
            }
        }
        Ok(())
    }

    fn encoded_path(&self) -> PathBuf {
        self.folder
            .join(format!("{ENCODED_PREFIX}{}", self.finished().len()))
    }

    /// About how many documents are encoded, whose vectors have `dimension` numbers.
    pub fn encoded(&self, dimension: usize) -> u64 {
        let finished = self.finished().iter().map(|finished| finished.record.documents);
        finished.sum::<u64>() + Journal::documents(&self.encoded_path(), dimension)
    }

    /// What became of the documents of all finished segments.
    pub fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        self.finished()
            .iter()
            .for_each(|finished| counts += finished.counts);
        counts
    }

    /// The segments that are finished, in their order.
    pub fn finished(&self) -> &[FinishedRecord] {
        &self.state.finished
    }

    /// The vectors of the segment after those.
    pub fn journal(&self) -> Result<Journal> {
        Journal::open(&self.encoded_path())
    }

    /// Notes that the next segment is finished, and begins with the one after it.
    pub fn finish(&mut self, segment: FinishedRecord) -> Result<()> {
        let encoded = self.encoded_path();
        commit::sync(&self.segments.join(&segment.record.name))?;
        commit::sync_file(&self.segments)?;
        commit::sync_file(&parent(&self.segments))?;
        self.state.finished.push(segment);
        self.write()?;
        remove(&encoded)
    }

    /// Keeps the first `number` segments only: those after them are not of the documents that are there now.
    pub fn forget_after(&mut self, number: usize) -> Result<()> {
        self.state.finished.truncate(number);
        self.write()?;
        self.remove_others(false)
    }

    fn write(&self) -> Result<()> {
        let (aside, place) = (self.folder.join(PROGRESS_ASIDE), self.folder.join(PROGRESS_NAME));
        let body =
            serde_json::to_string(&self.state).map_err(|error| IndexError::write(&place)(error.into()))?;
        let text = format!("{}\n{body}", blake3::hash(body.as_bytes()).to_hex());
        commit::write_file(&aside, text.as_bytes())?;
        fs::rename(&aside, &place).map_err(IndexError::write(&place))?;
        commit::sync_file(&self.folder)
    }
}

fn parse(bytes: &[u8]) -> Option<State> {
    let (checksum, body) = std::str::from_utf8(bytes).ok()?.split_once('\n')?;
    (blake3::hash(body.as_bytes()).to_hex().as_str() == checksum).then_some(())?;
    serde_json::from_str(body).ok()
}

fn is_whole(segments: &Path, record: &SegmentRecord) -> bool {
    checksum::inside(segments, &record.name).is_ok_and(|folder| checksum::verify(&folder, record).is_ok())
}

fn remove(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(IndexError::write(path)(error)),
        _ => Ok(()),
    }
}
