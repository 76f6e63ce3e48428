//! Vectors as they come: in any of the formats, checked row by row, and made unit vectors where cosines are compared.

mod arrays;
mod parquet_column;

use std::path::{Path, PathBuf};

use encoder::vectors::is_zero;
use encoder::{EncoderError, tables};
use indexer_ann::Metric;

use super::super::staging::parent;
use super::super::{Observer, Phase};
use super::waiting::{WaitingVectors, WaitingWriter};
use super::{ImportOptions, STRIDE};
use crate::error::{IndexError, Result};
use crate::export::exported_ids;
use crate::unit;

/// Bytes that an id takes besides its letters: a text of its own, and an entry in a table with room to grow.
const PER_ID: usize = 96;

/// What is wrong with zeros that are not the model's.
pub(super) const NO_DIRECTION: &str = "expected a vector with a direction, found zeros; leave the row out";

/// What was given.
#[derive(Debug)]
pub(super) struct Given {
    /// Vectors in the order of the file, as an index of the metric stores them.
    pub vectors: WaitingVectors,
    /// Their ids, where they have some.
    pub ids: Option<Vec<String>>,
    /// The file that the ids are from.
    pub ids_from: PathBuf,
    /// The column that they were in.
    pub column: Option<String>,
    /// The rows of vectors without a direction, where they need one, in their order.
    pub zeros: Vec<u32>,
}

impl Given {
    /// Bytes of memory that ids take, as texts and where they are looked up.
    pub fn id_bytes(&self) -> u64 {
        let ids = self.ids.iter().flatten();
        ids.map(|id| (id.len() + PER_ID) as u64).sum()
    }
}

fn ending(path: &Path) -> &str {
    let ending = path.extension().and_then(|ending| ending.to_str());
    ending.unwrap_or_default()
}

/// Whether it is a file of a kind that has no room for documents.
pub(super) fn has_vectors_alone(path: &Path) -> bool {
    path.exists() && ["npy", "fvecs", "fbin"].contains(&ending(path))
}

/// Reads the vectors and their ids.
pub(super) fn read(options: &ImportOptions, observer: &mut dyn Observer) -> Result<Given> {
    let path = &options.vectors;
    let ending = ending(path);
    let mut taken = Taken {
        path: path.clone(),
        folder: parent(&options.out),
        metric: options.hnsw.metric,
        vectors: None,
        // Only a comparison can tell whether it is the model that gives them.
        zeros: (options.compare > 0).then(Vec::new),
        observer,
    };
    let (mut ids, mut column) = (None, None);
    match ending {
        "npy" => arrays::read_npy(path, &mut taken)?,
        "fvecs" => arrays::read_fvecs(path, &mut taken)?,
        "fbin" => arrays::read_fbin(path, &mut taken)?,
        "parquet" => {
            let wanted = options.vector_column.as_deref();
            let found = parquet_column::read(path, wanted, options.columns.id.as_deref(), &mut taken)?;
            (column, ids) = (Some(found.column), found.ids);
        }
        _ => {
            return Err(EncoderError::format(
                path,
                "a name ending in .parquet, .npy, .fvecs or .fbin",
                format!("the ending {ending:?}"),
                "rename or convert the file",
            )
            .into());
        }
    }
    let zeros = taken.zeros.take().unwrap_or_default();
    let vectors = taken.finish()?;
    let mut ids_from = path.clone();
    let beside = exported_ids(path);
    if let Some(file) = &options.ids {
        ids_from = file.clone();
    } else if ids.is_none() && beside.is_file() {
        observer.note(&format!("the ids of the vectors are from {}", beside.display()));
        ids_from = beside;
    }
    if ids_from != *path {
        let help = match &options.ids {
            Some(_) => "",
            None => "; remove or rename it if it is not of these vectors",
        };
        ids = Some(read_ids(&ids_from, (vectors.len(), path), help)?);
    }
    Ok(Given {
        vectors,
        ids,
        ids_from,
        column,
        zeros,
    })
}

/// Vectors that have been read and checked.
struct Taken<'a> {
    path: PathBuf,
    /// Where they wait.
    folder: PathBuf,
    metric: Metric,
    vectors: Option<WaitingWriter>,
    /// The rows of zeros so far; none where they are refused.
    zeros: Option<Vec<u32>>,
    observer: &'a mut dyn Observer,
}

impl Taken<'_> {
    /// So many vectors are to come, where that is known; refuses more than have numbers before any is read.
    fn begin(&mut self, total: Option<u64>) -> Result<()> {
        if let Some(total) = total.filter(|total| *total > u64::from(u32::MAX)) {
            return Err(self.count(total));
        }
        self.observer.begin(Phase::Check, total);
        Ok(())
    }

    /// The error of so many vectors.
    fn count(&self, found: u64) -> IndexError {
        IndexError::Count {
            what: self.path.display().to_string(),
            expected: format!("1 to {} vectors", u32::MAX),
            found: match found {
                0 => "none; name a file that has rows".to_owned(),
                many => format!("{many}; make several indexes of them"),
            },
        }
    }

    /// The next vector.
    fn push(&mut self, numbers: &[f32]) -> Result<()> {
        if numbers.is_empty() {
            return self.refuse("expected a vector of 1 number or more, found none");
        }
        let dimension = self
            .vectors
            .as_ref()
            .map_or(numbers.len(), WaitingWriter::dimension);
        if numbers.len() != dimension {
            let found = numbers.len();
            return self.refuse(&format!(
                "expected {dimension} numbers as in row 1, found {found}"
            ));
        }
        if let Some(place) = numbers.iter().position(|number| !unit::is_in_range(*number)) {
            let found = numbers[place];
            return self.refuse(&format!(
                "expected numbers from -{0:e} to {0:e}, found {found} as number {1}",
                unit::LARGEST,
                place + 1
            ));
        }
        let mut row = numbers.to_vec();
        unit::prepare(self.metric, &mut row);
        if self.metric == Metric::Cosine && is_zero(&row) {
            let number = self.vectors.as_ref().map_or(0, WaitingWriter::len) as u32;
            match &mut self.zeros {
                Some(zeros) => zeros.push(number),
                None => return self.refuse(NO_DIRECTION),
            }
        }
        let vectors = match &mut self.vectors {
            Some(vectors) => vectors,
            None => self
                .vectors
                .insert(WaitingWriter::create(&self.folder, dimension)?),
        };
        vectors.push(&row)?;
        if vectors.len().is_multiple_of(STRIDE) {
            self.observer.advance(STRIDE as u64);
            if self.observer.stopped() {
                return Err(IndexError::Interrupted);
            }
        }
        Ok(())
    }

    /// An error of the next vector.
    fn refuse<T>(&self, problem: &str) -> Result<T> {
        Err(IndexError::Row {
            path: self.path.clone(),
            row: self.vectors.as_ref().map_or(0, WaitingWriter::len) as u64 + 1,
            problem: problem.to_owned(),
        })
    }

    fn finish(mut self) -> Result<WaitingVectors> {
        let most = u32::MAX as usize;
        match self.vectors.take() {
            Some(vectors) if vectors.len() <= most => vectors.finish(),
            vectors => Err(self.count(vectors.map_or(0, |vectors| vectors.len() as u64))),
        }
    }
}

/// The ids of the `count` vectors of the file `of`: the column `id` or `_id` of a table.
fn read_ids(path: &Path, (count, of): (usize, &Path), help: &str) -> Result<Vec<String>> {
    let rows = tables::open(path)?;
    let column = ["id", "_id"]
        .into_iter()
        .find(|name| rows.columns().iter().any(|column| column == name));
    let Some(column) = column else {
        return Err(EncoderError::MissingColumn {
            path: path.to_owned(),
            column: "id or _id".into(),
            available: rows.columns().to_vec(),
            help: "name the column of the ids id".into(),
        }
        .into());
    };
    let mut ids = Vec::with_capacity(count);
    for row in rows {
        ids.push(row?.id(path, column)?);
    }
    if ids.len() == count {
        return Ok(ids);
    }
    Err(IndexError::Count {
        what: path.display().to_string(),
        expected: format!("an id for each of the {count} vectors of {}", of.display()),
        found: format!("{}{help}", ids.len()),
    })
}
