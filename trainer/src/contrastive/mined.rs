//! The data sets of a round: pairs with the hard negatives that the model, as it is when the round begins, takes for
//! answers.
//!
//! Each is a file beside the checkpoint, `negatives-ROUND.parquet` (with several data sets `negatives-ROUND-SET.parquet`),
//! and the training reads that file, whether it has just been written or was there: so a training that was stopped works
//! on the same pairs. The file is written aside and renamed, so it is whole where it is there, and what it was mined
//! with, by checksum, is written in it: whatever else lies there is mined anew.

use std::path::{Path, PathBuf};

use super::dataset::Dataset;
use super::identity::{Identity, hash};
use super::pairs;
use super::rounds::Course;
use super::set_aside;
use crate::config::{Data, Patterns};
use crate::error::{Result, TrainError};
use crate::mine;
use crate::progress::say;

/// Finds the data sets of rounds.
pub struct Miner<'a> {
    course: &'a Course<'a>,
    /// Where the files go.
    folder: &'a Path,
    identity: &'a Identity,
}

impl<'a> Miner<'a> {
    /// For `course`, whose checkpoints of `identity` are in `folder`.
    pub fn new(course: &'a Course, folder: &'a Path, identity: &'a Identity) -> Self {
        Miner {
            course,
            folder,
            identity,
        }
    }

    /// Mines the data sets of round `round` with the model as it is, or reads them where that was done; in the order of
    /// the configuration, `None` for those that are not mined for.
    ///
    /// # Errors
    /// No pair with enough negatives, what the model refuses, a full disk, an interrupt.
    pub fn mine(&self, round: usize) -> Result<Vec<Option<Dataset>>> {
        let key = self.key(round)?;
        self.each(round, |number, dataset, path| {
            if mine::mined_by(path).as_deref() == Some(key.as_str())
                && let Ok(mined) = self.read_back(dataset, path)
            {
                say(&format!("the hard negatives are there, in {}", path.display()));
                return Ok(mined);
            }
            let Course { config, encoder, .. } = self.course;
            say(&format!(
                "mining {} hard negatives for each of {} pairs{}",
                config.mine.negatives,
                dataset.pairs.len(),
                self.in_set(number)
            ));
            let found = mine::find(&dataset.pairs, *encoder, &config.mine, self.course.interrupt)?;
            self.course.interrupt.check()?;
            found.write(path, Some(key.as_str()))?;
            say(&found.in_words());
            drop(found);
            self.read_back(dataset, path)
        })
    }

    /// Reads the data sets of a round on which steps were taken; `expected` is their [`hash_of`].
    ///
    /// # Errors
    /// Files that are not there or are not those that the steps were taken on.
    pub fn read(&self, round: usize, expected: Option<&str>) -> Result<Vec<Option<Dataset>>> {
        let anew = "train again without --resume, with --force, to begin anew";
        let mined = self.each(round, |_, dataset, path| {
            self.read_back(dataset, path).map_err(|error| {
                TrainError::Output(format!(
                    "{}: expected the hard negatives that the checkpoint was trained on, found this: {error}; {anew}",
                    path.display()
                ))
            })
        })?;
        if expected != Some(&*hash_of(&mined)) {
            return Err(TrainError::Output(format!(
                "{}: expected the hard negatives of round {round} that the checkpoint was trained on, found others; {anew}",
                self.folder.display()
            )));
        }
        Ok(mined)
    }

    /// Calls `make` with number, pairs and file of each data set that is mined for.
    fn each(
        &self,
        round: usize,
        make: impl Fn(usize, &Dataset, &Path) -> Result<Dataset>,
    ) -> Result<Vec<Option<Dataset>>> {
        let Course { config, datasets, .. } = self.course;
        let sets = (1..).zip(config.data.all()).zip(*datasets);
        let made = sets.map(|((number, data), dataset)| {
            let mines = config.mines(data);
            mines
                .then(|| make(number, dataset, &self.path(round, number)))
                .transpose()
        });
        made.collect()
    }

    fn path(&self, round: usize, number: usize) -> PathBuf {
        let name = match self.course.datasets.len() {
            1 => format!("negatives-{round}.parquet"),
            _ => format!("negatives-{round}-{number}.parquet"),
        };
        self.folder.join(name)
    }

    fn in_set(&self, number: usize) -> String {
        match self.course.datasets.len() {
            1 => String::new(),
            several => format!(" of data set {number} of {several}"),
        }
    }

    /// What decides what is mined in a round.
    fn key(&self, round: usize) -> Result<String> {
        let weights = set_aside::hash(self.course.encoder.var_store())?;
        let mut hasher = blake3::Hasher::new();
        hasher
            .update(self.identity.json()?.as_bytes())
            .update(&(round as u64).to_le_bytes())
            .update(weights.as_bytes());
        Ok(hasher.finalize().to_hex().to_string())
    }

    fn read_back(&self, dataset: &Dataset, path: &Path) -> Result<Dataset> {
        let negatives = 1..=self.course.config.mine.negatives;
        let data = Data {
            train: Patterns::One(path.to_string_lossy().into_owned()),
            anchor: Some(mine::ANCHOR.to_owned()),
            positive: Some(mine::POSITIVE.to_owned()),
            negatives: Some(negatives.map(mine::negative).collect()),
            score: None,
            loss: None,
        };
        Ok(Dataset {
            pairs: pairs::read(&data, &dataset.loss)?,
            loss: dataset.loss.clone(),
        })
    }
}

/// BLAKE3 of the pairs of all data sets that were mined for.
pub fn hash_of(mined: &[Option<Dataset>]) -> String {
    let mut hasher = blake3::Hasher::new();
    for dataset in mined.iter().flatten() {
        hasher.update(hash(&dataset.pairs).as_bytes());
    }
    hasher.finalize().to_hex().to_string()
}
