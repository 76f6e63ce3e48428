//! Vectors as they come: in any of the formats, checked row by row, and made unit vectors where cosines are compared.

mod arrays;
mod parquet_column;

use std::path::{Path, PathBuf};

use encoder::vectors::{Vectors, is_zero};
use encoder::{EncoderError, tables};
use indexer_ann::Metric;

use super::super::{Observer, Phase};
use super::{ImportOptions, STRIDE};
use crate::error::{IndexError, Result};
use crate::unit;

/// What was given.
#[derive(Debug)]
pub(super) struct Given {
    /// Vectors in the order of the file, as an index of the metric stores them.
    pub vectors: Vectors,
    /// Their ids, where they have some.
    pub ids: Option<Vec<String>>,
    /// The column that they were in.
    pub column: Option<String>,
}

/// Reads the vectors and their ids.
pub(super) fn read(options: &ImportOptions, observer: &mut dyn Observer) -> Result<Given> {
    let path = &options.vectors;
    let ending = path
        .extension()
        .and_then(|ending| ending.to_str())
        .unwrap_or_default();
    let mut taken = Taken {
        path: path.clone(),
        metric: options.hnsw.metric,
        vectors: None,
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
    let vectors = taken.finish()?;
    if let Some(file) = &options.ids {
        ids = Some(read_ids(file, &vectors, path)?);
    }
    Ok(Given { vectors, ids, column })
}

/// Vectors that have been read and checked.
struct Taken<'a> {
    path: PathBuf,
    metric: Metric,
    vectors: Option<Vectors>,
    observer: &'a mut dyn Observer,
}

impl Taken<'_> {
    /// So many vectors are to come, where that is known.
    fn begin(&mut self, total: Option<u64>) {
        self.observer.begin(Phase::Check, total);
    }

    /// The next vector.
    fn push(&mut self, numbers: &[f32]) -> Result<()> {
        if numbers.is_empty() {
            return self.refuse("expected a vector of 1 number or more, found none");
        }
        let dimension = self.vectors.as_ref().map_or(numbers.len(), Vectors::dimension);
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
            return self.refuse("expected a vector with a direction, found zeros; leave the row out");
        }
        let vectors = self.vectors.get_or_insert_with(|| Vectors::new(dimension));
        vectors.push(&row);
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
            row: self.vectors.as_ref().map_or(0, Vectors::len) as u64 + 1,
            problem: problem.to_owned(),
        })
    }

    fn finish(self) -> Result<Vectors> {
        let most = u32::MAX as usize;
        let found = self.vectors.as_ref().map_or(0, Vectors::len);
        self.vectors
            .filter(|vectors| vectors.len() <= most)
            .ok_or_else(|| IndexError::Count {
                what: self.path.display().to_string(),
                expected: format!("1 to {most} vectors"),
                found: found.to_string(),
            })
    }
}

/// The ids of `vectors`, which are of the file `of`: the column `id` or `_id` of a table.
fn read_ids(path: &Path, vectors: &Vectors, of: &Path) -> Result<Vec<String>> {
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
    let mut ids = Vec::with_capacity(vectors.len());
    for row in rows {
        ids.push(row?.id(path, column)?);
    }
    if ids.len() == vectors.len() {
        return Ok(ids);
    }
    Err(IndexError::Count {
        what: path.display().to_string(),
        expected: format!(
            "an id for each of the {} vectors of {}",
            vectors.len(),
            of.display()
        ),
        found: ids.len().to_string(),
    })
}
