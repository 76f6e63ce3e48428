//! Everything about an index that can be checked without its corpus; with its model, also whether its vectors are those
//! of its texts.
//!
//! Opening an index stops at the first thing that is wrong, because a wrong index must not be searched. This goes on, so
//! that it is known what is wrong and where: first the bytes of all files; and if those are what was written, whether
//! what was written makes sense. A fault of the second kind is a bug of whoever wrote the index.

mod anew;
mod rows;

use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::build::{Observer, Phase};
use crate::checksum;
use crate::error::{IndexError, Result};
use crate::manifest::{self, DELETED_NAME, FileRecord, Manifest, SEGMENTS_NAME};
use crate::reader::IndexReader;

pub use anew::Model;

/// Faults that are listed; all are counted.
const LISTED: usize = 100;

/// What is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Check {
    /// Every file is there and has the length and the checksum that the manifest says.
    Checksums,
    /// Segments open, and their vectors, graph and words have the same rows.
    Structure,
    /// Every node of a graph can be reached from its entry point.
    Graph,
    /// By the cosine, every vector has length 1, or is all zeros where no word of the document was known; by other
    /// metrics, its numbers are such that scores stay finite.
    Norms,
    /// Every document is found by its own vector, or by the inner product one that is as near to it.
    OwnVectors,
    /// Every row has a document, which the words find by its id.
    Documents,
    /// Documents that are encoded anew get the vectors that are stored.
    EncodedAnew,
}

/// Something that is not as it should be.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Fault {
    /// By what it was found.
    pub check: Check,
    /// The file or folder, inside the index.
    #[serde(serialize_with = "crate::shown_path::one")]
    pub file: PathBuf,
    /// The row of the index, counted from 0 through all segments.
    pub row: Option<u32>,
    /// The id of the document, where it is known.
    pub id: Option<String>,
    /// What was expected and what was found.
    pub problem: String,
}

/// How a check went.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Checked {
    /// The check.
    pub check: Check,
    /// Files, nodes, vectors or documents that were looked at.
    pub looked_at: u64,
    /// How many of them are faulty.
    pub faulty: u64,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// Documents that the index says it has.
    pub documents: u64,
    /// Its segments.
    pub segments: usize,
    /// The checks that were made; those that need files without a fault are left out where there are others.
    pub checks: Vec<Checked>,
    /// Documents whose vectors have no direction, where directions are compared: they are found by words alone.
    pub without_direction: u64,
    /// The first faults.
    pub faults: Vec<Fault>,
}

impl Report {
    /// Whether nothing is wrong.
    pub fn is_sound(&self) -> bool {
        self.checks.iter().all(|check| check.faulty == 0)
    }

    fn begin(&mut self, check: Check) {
        self.checks.push(Checked {
            check,
            looked_at: 0,
            faulty: 0,
        });
    }

    /// One more thing looked at, with the fault that it has.
    fn look(&mut self, check: Check, fault: Option<Fault>) {
        let entry = self.checks.iter_mut().find(|entry| entry.check == check);
        if let Some(entry) = entry {
            entry.looked_at += 1;
            entry.faulty += u64::from(fault.is_some());
        }
        if self.faults.len() < LISTED {
            self.faults.extend(fault);
        }
    }
}

/// Commits in a row that may come in the way of a check before what is found is taken for faults.
const ATTEMPTS: usize = 100;

/// Checks the index folder `path`, and some of its vectors by its model where that is given. Where a commit takes files away
/// in between, the state that it leads to is checked.
///
/// # Errors
/// Another model, a model that fails, a folder without a manifest that can be read, or [`IndexError::Interrupted`]. Whatever
/// else is wrong with the index is in the report.
pub fn verify(path: &Path, model: Option<Model<'_>>, observer: &mut dyn Observer) -> Result<Report> {
    for _ in 1..ATTEMPTS {
        let (manifest, head) = Manifest::read_with_head(path)?;
        let report = verify_state(path, &manifest, model, observer);
        match &report {
            Ok(report) if report.is_sound() => {}
            Err(IndexError::Interrupted) => {}
            _ if manifest::head(path)? != head => continue,
            _ => {}
        }
        return report;
    }
    verify_state(path, &Manifest::read(path)?, model, observer)
}

fn verify_state(
    path: &Path,
    manifest: &Manifest,
    model: Option<Model<'_>>,
    observer: &mut dyn Observer,
) -> Result<Report> {
    if let Some(model) = &model {
        model.check(path, manifest)?;
    }
    let mut report = Report {
        documents: manifest.documents,
        segments: manifest.segments.len(),
        checks: Vec::new(),
        without_direction: 0,
        faults: Vec::new(),
    };
    checksums(path, manifest, &mut report, observer)?;
    if !report.is_sound() {
        return Ok(report);
    }
    report.begin(Check::Structure);
    let reader = match IndexReader::open(path) {
        Ok(reader) => reader,
        Err(error) => {
            report.look(Check::Structure, Some(structure(path, &error)));
            return Ok(report);
        }
    };
    let rows = rows::check(&reader, &mut report, observer);
    let checked = rows.and_then(|()| match model {
        Some(model) => anew::check(&reader, model, &mut report, observer),
        None => Ok(()),
    });
    match checked {
        // Its blocks have other checksums, although the file is right as a whole.
        Err(error @ IndexError::Damaged { .. }) => {
            report.look(Check::Structure, Some(structure(path, &error)));
        }
        checked => {
            checked?;
            report.look(Check::Structure, None);
        }
    }
    Ok(report)
}

fn structure(path: &Path, error: &IndexError) -> Fault {
    let file = error.damaged_file().unwrap_or(path);
    fault(Check::Structure, path, file, error)
}

fn checksums(
    path: &Path,
    manifest: &Manifest,
    report: &mut Report,
    observer: &mut dyn Observer,
) -> Result<()> {
    report.begin(Check::Checksums);
    observer.begin(Phase::Verify, None);
    let mut look = |folder: &Path, record: &FileRecord| -> Result<()> {
        if observer.stopped() {
            return Err(IndexError::Interrupted);
        }
        let file = checksum::inside(folder, &record.path)?;
        let found = checksum::verify_file(&file, record).err();
        let found = found.map(|error| fault(Check::Checksums, path, &file, &error));
        report.look(Check::Checksums, found);
        Ok(())
    };
    for segment in &manifest.segments {
        let folder = checksum::inside(&path.join(SEGMENTS_NAME), &segment.name)?;
        segment.files.iter().try_for_each(|file| look(&folder, file))?;
        if let Some(deleted) = &segment.deleted {
            look(&path.join(DELETED_NAME), &deleted.file)?;
        }
    }
    Ok(())
}

/// The error of a file as a fault; its path is inside the index.
fn fault(check: Check, index: &Path, file: &Path, error: &IndexError) -> Fault {
    let problem = match error {
        IndexError::Damaged { expected, found, .. } => format!("expected {expected}, found {found}"),
        other => other.to_string(),
    };
    Fault {
        check,
        file: file.strip_prefix(index).unwrap_or(file).to_owned(),
        row: None,
        id: None,
        problem,
    }
}
