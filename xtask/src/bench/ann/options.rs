//! What the command line of `bench ann` asks for.

use super::sets::Set;
use crate::bench::options::{list, number};
use anyhow::{Context, Result, bail, ensure};
use std::path::PathBuf;

/// What is built and searched.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// Sets of vectors.
    pub sets: Vec<Set>,
    /// `cosine`, where all vectors have length 1, or `euclidean`.
    pub metric: String,
    /// Numbers of threads; what is searched was built on the last.
    pub threads: Vec<usize>,
    /// `M` of all graphs.
    pub m: usize,
    /// `efConstruction` of all graphs.
    pub ef_construction: usize,
    /// Widths of search, ascending: one point of a curve each.
    pub ef: Vec<usize>,
    /// Queries, which are in no index.
    pub queries: usize,
    /// How often each tool is opened and searched.
    pub turns: usize,
    /// Beginnings of the names of tools; without any, all.
    pub tools: Vec<String>,
    /// Folder of the shared data, with `medquad/corpus.parquet`.
    pub data: PathBuf,
    /// A Python that has the peers, in place of one that is made.
    pub python: Option<PathBuf>,
    /// Where the picture goes.
    pub plot: Option<PathBuf>,
    /// Print JSON in place of tables.
    pub json: bool,
}

/// A few minutes for each set.
const SMALL: &str = "medquad:20000,random-100:20000,random-960:20000";
/// What figures are published of: hours.
const FULL: &str = "medquad,random-100:10000,random-100:100000,random-100:1000000,random-960:100000";
/// With it, hours more and 50 GB of disk.
const MILLION: &str = "random-960:1000000";

impl Default for Options {
    fn default() -> Self {
        Options {
            sets: Vec::new(),
            metric: "cosine".to_owned(),
            threads: vec![1, 2],
            m: 16,
            ef_construction: 200,
            ef: vec![
                10, 12, 16, 20, 24, 32, 40, 48, 64, 80, 96, 128, 160, 192, 256, 384, 512, 768, 1024, 1536,
            ],
            queries: 1000,
            turns: 3,
            tools: Vec::new(),
            data: "../shared/data".into(),
            python: None,
            plot: None,
            json: false,
        }
    }
}

impl Options {
    /// Reads flags and `--name value` pairs; lists have commas.
    pub fn parse(arguments: &[String]) -> Result<Self> {
        let mut options = Options::default();
        let mut words = arguments.iter();
        while let Some(name) = words.next() {
            match name.as_str() {
                "--json" => options.json = true,
                "--full" => options.sets.extend(list("--full", FULL)?),
                "--million" => options.sets.extend(list("--million", MILLION)?),
                name => {
                    let value = words.next();
                    options.take(
                        name,
                        value.with_context(|| format!("{name}: a value must follow"))?,
                    )?;
                }
            }
        }
        if options.sets.is_empty() {
            options.sets = list("--sets", SMALL)?;
        }
        options.ef.sort_unstable();
        ensure!(
            options.ef.iter().all(|&ef| ef >= 10),
            "--ef: expected widths of 10 or more, because 10 neighbours are asked for, found {}",
            options.ef[0]
        );
        ensure!(
            !options.threads.contains(&0),
            "--threads: expected numbers over 0"
        );
        Ok(options)
    }

    fn take(&mut self, name: &str, value: &str) -> Result<()> {
        match name {
            "--sets" => {
                let sets: Result<Vec<Set>> = value.split(',').map(str::parse).collect();
                self.sets.extend(sets.context("--sets")?);
            }
            "--threads" => self.threads = list(name, value)?,
            "--m" => self.m = number(name, value)?,
            "--ef-construction" => self.ef_construction = number(name, value)?,
            "--ef" => self.ef = list(name, value)?,
            "--queries" => self.queries = number(name, value)?,
            "--turns" => self.turns = number(name, value)?,
            "--tools" => self.tools = list(name, value)?,
            "--data" => self.data = value.into(),
            "--python" => self.python = Some(value.into()),
            "--plot" => self.plot = Some(value.into()),
            "--metric" => {
                ensure!(
                    ["cosine", "euclidean"].contains(&value),
                    "--metric: expected cosine or euclidean, found {value}"
                );
                self.metric = value.to_owned();
            }
            other => bail!("no option `{other}`; `cargo xtask help` names them"),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Options> {
        Options::parse(&line.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn each_option_is_read() {
        let options = parse(
            "--sets random-8:500 --metric euclidean --threads 1,4 --m 8 --ef-construction 50 --ef 64,10 --queries 7 \
             --turns 2 --tools faiss,hnswlib --data d --python p --plot p.svg --json",
        )
        .unwrap();
        let expected = Options {
            sets: vec!["random-8:500".parse().unwrap()],
            metric: "euclidean".to_owned(),
            threads: vec![1, 4],
            m: 8,
            ef_construction: 50,
            ef: vec![10, 64],
            queries: 7,
            turns: 2,
            tools: vec!["faiss".to_owned(), "hnswlib".to_owned()],
            data: "d".into(),
            python: Some("p".into()),
            plot: Some("p.svg".into()),
            json: true,
        };
        assert_eq!(options, expected);
    }

    #[test]
    fn sets_add_up_and_without_any_the_small_ones_are_measured() {
        assert_eq!(parse("").unwrap().sets.len(), 3);
        assert_eq!(
            parse("--full --million --sets random-4:99").unwrap().sets.len(),
            7
        );
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (line, word) in [
            ("--sets random", "random"),
            ("--ef 5", "5"),
            ("--metric dot", "dot"),
            ("--threads 0", "--threads"),
            ("--fast 1", "--fast"),
            ("--plot", "--plot"),
        ] {
            let error = format!("{:#}", parse(line).unwrap_err());
            assert!(error.contains(word), "{line}: {error}");
        }
    }
}
